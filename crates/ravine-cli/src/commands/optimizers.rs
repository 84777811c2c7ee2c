//! `ravine optimizers`.

use super::catalogue::{self, Arguments};
use crate::failure::Result;
use ravine::rules::CATALOGUE;

pub(super) fn run(arguments: &Arguments) -> Result {
    catalogue::run("optimizer", CATALOGUE, |rule| &**rule as _, arguments)
}
