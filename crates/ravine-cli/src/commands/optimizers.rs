//! `ravine optimizers`.

use super::catalogue::{self, Arguments};
use crate::failure::Result;
use ravine::rules::{self, CATALOGUE};

pub(super) fn run(arguments: &Arguments) -> Result {
    let items = catalogue::items(CATALOGUE, |rule| &**rule, None);
    catalogue::run(&items, |spec| rules::parse(spec).err(), arguments)
}
