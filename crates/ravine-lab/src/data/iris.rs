//! Fisher's irises: 150 flowers, four lengths each, three species.

use std::sync::{Arc, LazyLock};

use super::embedded::{Scaling, Source};
use super::{Dataset, Entry, Table};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "iris",
    title: "Fisher's irises: four lengths of a flower, three species",
    examples: 150,
    features: 4,
    classes: 3,
    license: "BSD-3-Clause (as part of scikit-learn)",
    origin: "Fisher, The Use of Multiple Measurements in Taxonomic Problems, 1936",
    files: None,
    load: |_| Ok(dataset()),
};

const SOURCE: Source = Source {
    name: "iris",
    gzip: include_bytes!("../../assets/iris.csv.gz"),
    header: true,
    sha256: "f13ffa8fdd56fd8e6c8d16d4081a3fbd3114bcd0aae4256c43205169cd9d1449",
    scaling: Scaling::Standard,
};

/// The data as published, in scikit-learn's order.
pub fn table() -> Table {
    SOURCE.table()
}

/// The data split and scaled, decoded once.
pub fn dataset() -> Arc<Dataset> {
    static DATASET: LazyLock<Arc<Dataset>> = LazyLock::new(|| Arc::new(SOURCE.split()));
    DATASET.clone()
}

/// The data scaled by all of it, every split the whole: for convex problems with a known minimum.
pub fn whole() -> Dataset {
    SOURCE.whole()
}
