//! Breast masses: 569 cell samples, thirty measurements each, malignant or benign.

use super::Entry;
use super::embedded::{Embedded, Scaling, Source};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "breast-cancer",
    title: "thirty measurements of a breast mass, malignant or benign",
    size: "569 x 30, 2 classes",
    license: "BSD-3-Clause (as part of scikit-learn)",
    origin: "Wolberg, Street and Mangasarian, Breast Cancer Wisconsin (Diagnostic), UCI, 1995",
    files: None,
    load: |_| Ok(DATA.dataset()),
};

/// The data.
pub static DATA: Embedded = Embedded::new(Source {
    name: "breast-cancer",
    gzip: include_bytes!("../../assets/breast_cancer.csv.gz"),
    header: true,
    sha256: "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed",
    scaling: Scaling::Standard,
    shape: &[30],
});
