//! Wines: 178 of one region, thirteen chemical measurements each, three cultivars.

use super::Entry;
use super::embedded::{Embedded, Scaling, Source};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "wine",
    title: "thirteen measurements of a wine, three cultivars",
    size: "178 x 13, 3 classes",
    license: "BSD-3-Clause (as part of scikit-learn)",
    origin: "Forina et al., Wine Recognition, UCI, 1991",
    files: None,
    load: |_| Ok(DATA.dataset()),
};

/// The data.
pub static DATA: Embedded = Embedded::new(Source {
    name: "wine",
    gzip: include_bytes!("../../assets/wine.csv.gz"),
    header: true,
    sha256: "10e8a802908b34f86e5da8ce962f3c806694bc98450a18f61851af59f324bede",
    scaling: Scaling::Standard,
    shape: &[13],
});
