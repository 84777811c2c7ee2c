//! Breast masses: 569 cell samples, thirty measurements each, malignant or benign.

use std::sync::{Arc, LazyLock};

use super::embedded::{Scaling, Source};
use super::{Dataset, Entry, Table};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "breast-cancer",
    title: "thirty measurements of a breast mass, malignant or benign",
    examples: 569,
    features: 30,
    classes: 2,
    license: "BSD-3-Clause (as part of scikit-learn)",
    origin: "Wolberg, Street and Mangasarian, Breast Cancer Wisconsin (Diagnostic), UCI, 1995",
    files: None,
    load: |_| Ok(dataset()),
};

const SOURCE: Source = Source {
    name: "breast-cancer",
    gzip: include_bytes!("../../assets/breast_cancer.csv.gz"),
    header: true,
    sha256: "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed",
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
