//! `ravine schedules`.

use super::catalogue::{self, Arguments};
use crate::failure::Result;
use ravine::Plateau;
use ravine::schedules::{self, CATALOGUE, Common};

pub(super) fn run(arguments: &Arguments) -> Result {
    let mut items = catalogue::items(CATALOGUE, |shape| &**shape, Some(&Common::default()));
    items.extend(catalogue::items(&[Plateau::ENTRY], |options| options, None));
    catalogue::run(&items, |spec| schedules::entry(spec).err(), arguments)
}
