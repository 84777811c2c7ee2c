//! `ravine schedules`.

use super::catalogue::{self, Arguments, Catalogue};
use crate::failure::Result;
use ravine::schedules::{self, CATALOGUE, Common};

pub(super) fn run(arguments: &Arguments) -> Result {
    let catalogue = Catalogue {
        entries: CATALOGUE,
        hyper: |shape| &**shape as _,
        common: Some(&Common::default()),
        fault: |spec| schedules::entry(spec).err(),
    };
    catalogue::run(&catalogue, arguments)
}
