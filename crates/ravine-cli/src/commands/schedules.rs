//! `ravine schedules`.

use super::catalogue::{self, Arguments};
use crate::failure::Result;
use ravine::schedules::CATALOGUE;

pub(super) fn run(arguments: &Arguments) -> Result {
    catalogue::run("schedule", CATALOGUE, |shape| &**shape as _, arguments)
}
