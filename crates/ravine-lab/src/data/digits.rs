//! Handwritten digits: 1797 pictures of 8 x 8 pixels with 17 levels of grey.

use std::sync::{Arc, LazyLock};

use super::embedded::{Scaling, Source};
use super::{Dataset, Entry, Table};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "digits",
    title: "handwritten digits, 8 x 8 pixels",
    examples: 1797,
    features: 64,
    classes: 10,
    license: "BSD-3-Clause (as part of scikit-learn)",
    origin: "test part of Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
    files: None,
    load: |_| Ok(dataset()),
};

const SOURCE: Source = Source {
    name: "digits",
    gzip: include_bytes!("../../assets/digits.csv.gz"),
    header: false,
    sha256: "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
    scaling: Scaling::Divide(16.0),
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
