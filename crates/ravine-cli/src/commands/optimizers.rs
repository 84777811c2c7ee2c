//! `ravine optimizers`.

use super::catalogue::{self, Arguments, Catalogue};
use crate::failure::Result;
use ravine::rules::{self, CATALOGUE};

pub(super) fn run(arguments: &Arguments) -> Result {
    let catalogue = Catalogue {
        entries: CATALOGUE,
        hyper: |rule| &**rule as _,
        common: None,
        fault: |spec| rules::parse(spec).err(),
    };
    catalogue::run(&catalogue, arguments)
}
