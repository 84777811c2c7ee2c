//! Schedules made of schedules: what the methods of [`Schedule`](crate::Schedule) return, one file each.

mod chain;
mod lambda;
mod restart;
mod scale;
mod then;
mod warmup;

pub use chain::Chain;
pub use lambda::Lambda;
pub use restart::Restart;
pub use scale::Scale;
pub use then::Then;
pub use warmup::{Ramp, Warmup};
