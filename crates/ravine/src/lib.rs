//! Ravine: the optimizer engine for deep learning.

mod catalogue;
mod checkpoint;
pub mod compose;
mod ema;
mod error;
mod group;
mod hyper;
mod metric_schedule;
mod optimizer;
mod params;
mod pass;
mod plateau;
pub mod random;
mod real;
mod rule;
pub mod rules;
mod schedule;
pub mod schedules;
pub mod simd;

pub use catalogue::Entry;
pub use ema::Ema;
pub use error::{Error, Result};
pub use group::Group;
pub use hyper::{Field, Hyper, Param, Range, Value};
pub use metric_schedule::MetricSchedule;
pub use optimizer::{Builder, Guard, Optimizer, Outcome};
pub use params::ParamSpec;
pub use pass::{Element, Pass};
pub use plateau::{Plateau, PlateauOptions};
pub use real::Real;
pub use rule::{At, Decay, Rule, Slot, Update};
pub use schedule::Schedule;
