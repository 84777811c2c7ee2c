//! The tables inside the library: gzipped comma-separated numbers, the class in the last column.

use std::io::Read;
use std::sync::{Arc, OnceLock};

use flate2::read::GzDecoder;

use super::dataset::{cuts, standardise};
use super::{Dataset, SPLIT_SEED, Table, stratified_order};

/// An embedded file and what is done to its numbers.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) gzip: &'static [u8],
    /// Whether the first line names what follows.
    pub(super) header: bool,
    /// Of the uncompressed file.
    pub(super) sha256: &'static str,
    pub(super) scaling: Scaling,
    /// Channels, height and width of a picture, or the number of features.
    pub(super) shape: &'static [usize],
}

/// How the features are brought to a common scale.
#[derive(Clone, Copy)]
pub(super) enum Scaling {
    /// Divided by a constant.
    Divide(f64),
    /// `(x - mean) / sd` of each feature.
    Standard,
}

/// A data set inside the library.
pub struct Embedded {
    source: Source,
    split: OnceLock<Arc<Dataset>>,
}

impl Embedded {
    pub(super) const fn new(source: Source) -> Self {
        Self { source, split: OnceLock::new() }
    }

    /// The data as published, in scikit-learn's order.
    pub fn table(&self) -> Table {
        self.source.table()
    }

    /// The data split and scaled, decoded once.
    pub fn dataset(&self) -> Arc<Dataset> {
        self.split.get_or_init(|| Arc::new(self.source.split())).clone()
    }

    /// The data scaled by all of it, every split the whole: for convex problems with a known minimum.
    pub fn whole(&self) -> Dataset {
        self.source.whole()
    }
}

impl Source {
    /// Decodes the file.
    ///
    /// # Panics
    /// If it is not a table. The files are part of this library and its tests read each of them.
    fn table(&self) -> Table {
        let mut text = String::new();
        GzDecoder::new(self.gzip).read_to_string(&mut text).expect("the embedded file is gzipped text");
        let mut table = Table { x: Vec::new(), y: Vec::new(), features: 0, classes: 0 };
        for line in text.lines().skip(usize::from(self.header)) {
            let (row, class) = line.rsplit_once(',').expect("an embedded line has columns");
            let start = table.x.len();
            let number = |text: &str| text.parse::<f64>().expect("an embedded feature is a number");
            table.x.extend(row.split(',').map(number));
            table.features = table.x.len() - start;
            table.y.push(class.parse().expect("an embedded class is a whole number"));
        }
        table.classes = table.y.iter().max().map_or(0, |&class| class as usize + 1);
        assert_eq!(table.x.len(), table.y.len() * table.features, "embedded rows have one length");
        table
    }

    /// 60 % to train, 20 % to validate, 20 % to test, in stratified order, scaled by the training part.
    fn split(&self) -> Dataset {
        let published = self.table();
        let order = stratified_order(&published.y, SPLIT_SEED);
        let row = |&i: &usize| &published.x[i * published.features..][..published.features];
        let table = Table {
            x: order.iter().flat_map(row).copied().collect(),
            y: order.iter().map(|&i| published.y[i]).collect(),
            ..published
        };
        let n = table.y.len();
        let [train, validation] = cuts(n);
        Dataset { validation: train..validation, test: validation..n, ..self.scaled(table, train) }
    }

    /// All of it in every split, scaled by all of it.
    fn whole(&self) -> Dataset {
        let table = self.table();
        let n = table.y.len();
        self.scaled(table, n)
    }

    /// Scales by the first `train` rows and rounds to f32; validates and tests on these too.
    fn scaled(&self, mut table: Table, train: usize) -> Dataset {
        match self.scaling {
            Scaling::Divide(by) => table.x.iter_mut().for_each(|x| *x /= by),
            Scaling::Standard => standardise(&mut table.x, table.features, 0..train),
        }
        Dataset {
            name: self.name.into(),
            x: table.x.iter().map(|&x| x as f32).collect(),
            y: table.y,
            features: table.features,
            shape: self.shape.into(),
            classes: table.classes,
            train: 0..train,
            validation: 0..train,
            test: 0..train,
            sha256: self.sha256.into(),
        }
    }
}
