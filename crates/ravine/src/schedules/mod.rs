//! Every schedule, one file each.

use crate::catalogue::{self, Entry};
use crate::error::Result;
use crate::hyper::{Hyper, Value};
use crate::schedule::Schedule;

mod batch;
mod constant;
mod cosine;
mod cosine_restarts;
mod cyclic;
mod exponential;
mod inverse_sqrt;
mod inverse_time;
mod linear;
mod multi_step;
mod natural_exponential;
mod noam;
mod one_cycle;
mod polynomial;
mod step;
pub(crate) mod text;
mod wsd;

pub use batch::{BatchRule, scale_for_batch};
pub use constant::Constant;
pub use cosine::Cosine;
pub use cosine_restarts::CosineRestarts;
pub use cyclic::Cyclic;
pub use exponential::Exponential;
pub use inverse_sqrt::InverseSqrt;
pub use inverse_time::InverseTime;
pub use linear::Linear;
pub use multi_step::MultiStep;
pub use natural_exponential::NaturalExponential;
pub use noam::Noam;
pub use one_cycle::OneCycle;
pub use polynomial::Polynomial;
pub use step::Step;
pub use text::{Common, parse};
pub use wsd::Wsd;

/// A schedule of the catalogue: it has named hyper-parameters and can fill in what depends on the run's length.
pub trait Shape: Schedule + Hyper {
    /// Sets the lengths that were left at 0 from the number of steps of the run: `steps` to all of it, unless a
    /// schedule says otherwise. A run of 0 leaves them.
    fn fit(&mut self, run: u64) {
        if self.get("steps") == Some(Value::Int(0)) {
            self.put("steps", Value::Int(run));
        }
    }
}

/// Every schedule there is.
pub const CATALOGUE: &[Entry<Box<dyn Shape>>] = &[
    constant::ENTRY,
    step::ENTRY,
    multi_step::ENTRY,
    exponential::ENTRY,
    natural_exponential::ENTRY,
    inverse_time::ENTRY,
    inverse_sqrt::ENTRY,
    noam::ENTRY,
    linear::ENTRY,
    polynomial::ENTRY,
    cosine::ENTRY,
    cosine_restarts::ENTRY,
    wsd::ENTRY,
    cyclic::ENTRY,
    one_cycle::ENTRY,
];

/// The names of the schedules, in the catalogue's order, without the presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().map(|entry| entry.name)
}

/// What the catalogue says of a schedule, by its name or one of its presets.
pub fn entry(name: &str) -> Result<&'static Entry<Box<dyn Shape>>> {
    Ok(catalogue::find("schedule", CATALOGUE, name)?.0)
}

/// Half a cosine wave from 1 at progress 0 to 0 at progress 1.
fn half_cosine(progress: f64) -> f64 {
    (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0
}

/// `low` at share 0 and `high` at share 1, both exactly.
fn blend(low: f64, high: f64, share: f64) -> f64 {
    low * (1.0 - share) + high * share
}

/// The lowest learning rate: the higher of an absolute one and a share of the base.
fn lowest(base: f64, min: f64, min_factor: f64) -> f64 {
    min.max(min_factor * base)
}
