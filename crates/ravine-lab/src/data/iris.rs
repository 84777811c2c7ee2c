//! Fisher's irises: 150 flowers, four lengths each, three species.

use super::Entry;
use super::embedded::{Embedded, Scaling, Source};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "iris",
    title: "Fisher's irises: four lengths of a flower, three species",
    size: "150 x 4, 3 classes",
    license: "BSD-3-Clause (as part of scikit-learn)",
    origin: "Fisher, The Use of Multiple Measurements in Taxonomic Problems, 1936",
    files: None,
    load: |_| Ok(DATA.dataset()),
};

/// The data.
pub static DATA: Embedded = Embedded::new(Source {
    name: "iris",
    gzip: include_bytes!("../../assets/iris.csv.gz"),
    header: true,
    sha256: "f13ffa8fdd56fd8e6c8d16d4081a3fbd3114bcd0aae4256c43205169cd9d1449",
    scaling: Scaling::Standard,
    shape: &[4],
});
