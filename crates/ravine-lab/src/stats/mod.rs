//! Honest statistics over seeds: intervals, tests, verdicts, times to target, profiles.
//!
//! The unit is one run: initialisation and data order drawn anew from one seed. A run that failed is never left out;
//! [`score`] says what it counts for.

pub mod bootstrap;
pub mod holm;
pub mod improvement;
pub mod number;
pub mod pair;
pub mod power;
pub mod profile;
pub mod score;
pub mod summary;
pub mod survival;
pub mod welch;

pub use bootstrap::Interval;
pub use pair::{Outcome, Pair};
pub use survival::TimeToTarget;
