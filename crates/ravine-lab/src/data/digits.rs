//! Handwritten digits: 1797 pictures of 8 x 8 pixels with 17 levels of grey.

use super::Entry;
use super::embedded::{Embedded, Scaling, Source};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "digits",
    title: "handwritten digits, 8 x 8 pixels",
    size: "1797 x 64, 10 classes",
    license: "BSD-3-Clause (as part of scikit-learn)",
    origin: "test part of Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
    files: None,
    load: |_| Ok(DATA.dataset()),
};

/// The data.
pub static DATA: Embedded = Embedded::new(Source {
    name: "digits",
    gzip: include_bytes!("../../assets/digits.csv.gz"),
    header: false,
    sha256: "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
    scaling: Scaling::Divide(16.0),
    shape: &[1, 8, 8],
});
