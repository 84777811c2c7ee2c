//! Wines: 178 of one region, thirteen chemical measurements each, three cultivars.

use std::sync::{Arc, LazyLock};

use super::embedded::{Scaling, Source};
use super::{Dataset, Entry, Table};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "wine",
    title: "thirteen measurements of a wine, three cultivars",
    examples: 178,
    features: 13,
    classes: 3,
    license: "BSD-3-Clause (as part of scikit-learn)",
    origin: "Forina et al., Wine Recognition, UCI, 1991",
    files: None,
    load: |_| Ok(dataset()),
};

const SOURCE: Source = Source {
    name: "wine",
    gzip: include_bytes!("../../assets/wine.csv.gz"),
    header: true,
    sha256: "10e8a802908b34f86e5da8ce962f3c806694bc98450a18f61851af59f324bede",
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
