//! Rules chained from gradient transforms, fused into one pass.
//!
//! A [`Transform`] turns the update of one element into another: it clips it, divides it by a running mean square, adds
//! decayed weights. A [`Chain`] puts them in a row and is a [`Rule`](crate::Rule) like those of the catalogue: the
//! compiler fuses it into the loop that a rule written by hand would have, at every precision and vector width.
//!
//! ```
//! use ravine::chain::{AddDecayedWeights, Chain, Clip, ScaleByAdam};
//! use ravine::{Group, Optimizer, ParamSpec, schedules::Cosine};
//!
//! let decay = AddDecayedWeights { weight_decay: 0.1 };
//! let rule = Chain::new(3e-4, (Clip { max_delta: 0.5 }, ScaleByAdam::default(), decay));
//! let mut optimizer: Optimizer<f32> = Optimizer::builder(rule)
//!     .schedule(Cosine::new(1000))
//!     .group(Group::new("bias").set("weight_decay", 0.0))
//!     .build(&[ParamSpec::new("weight", [3]), ParamSpec::new("bias", [1])])?;
//! # Ok::<(), ravine::Error>(())
//! ```
//!
//! The transforms and their names are optax's. The learning rate comes last, w -= lr u, with the schedule of the group; so
//! optax's closing `scale(-lr)` or `scale_by_schedule(...)` is the chain's own.

mod add_decayed_weights;
mod clip;
mod ema;
mod names;
mod numbers;
mod rule;
mod scale;
mod scale_by_adam;
mod scale_by_lion;
mod scale_by_nadam;
mod scale_by_rms;
mod scale_by_rss;
mod scale_by_schedule;
mod scale_by_sign;
mod scale_by_stddev;
mod trace;
mod transform;
mod tuples;

pub use add_decayed_weights::AddDecayedWeights;
pub use clip::Clip;
pub use ema::Ema;
pub use numbers::Numbers;
pub use rule::Chain;
pub use scale::Scale;
pub use scale_by_adam::ScaleByAdam;
pub use scale_by_lion::ScaleByLion;
pub use scale_by_nadam::ScaleByNadam;
pub use scale_by_rms::ScaleByRms;
pub use scale_by_rss::ScaleByRss;
pub use scale_by_schedule::ScaleBySchedule;
pub use scale_by_sign::ScaleBySign;
pub use scale_by_stddev::ScaleByStddev;
pub use trace::Trace;
pub use transform::Transform;
