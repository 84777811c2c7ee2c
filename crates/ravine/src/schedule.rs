//! Learning-rate schedules: pure functions of the step.
//!
//! A schedule holds no state. It can be evaluated at any step in any order, so resuming needs nothing but the step,
//! and schedules compose as functions do. The one kind that must listen to a metric is [`Plateau`](crate::Plateau).
//!
//! ```
//! use ravine::{Schedule, schedules::Cosine};
//!
//! let schedule = Cosine::new(950).warmup(50);
//! assert_eq!(schedule.lr(0.1, 0), 0.1 / 50.0);
//! assert_eq!(schedule.lr(0.1, 50), 0.1);
//! assert_eq!(schedule.lr(0.1, 1000), 0.0);
//! ```

use crate::compose::{Chain, Restart, Scale, Then, Warmup};
use std::sync::Arc;

/// A learning-rate schedule.
pub trait Schedule: Send + Sync {
    /// The learning rate of optimizer step `step`, counted from 0, where `base` is the learning rate of the parameter
    /// group. For schedules that rise and fall `base` is the highest.
    fn lr(&self, base: f64, step: u64) -> f64;

    /// The momentum (or first beta) of that step, for schedules that move it against the learning rate.
    fn momentum(&self, step: u64) -> Option<f64> {
        let _ = step;
        None
    }

    /// The steps of a run that it fills, where its settings say so: it has then reached its end, or has begun again a
    /// few times.
    fn length(&self) -> Option<u64> {
        None
    }

    /// Its text form, such as `cosine:steps=1000,min=1e-5`, which [`parse`](crate::schedules::parse) reads.
    fn spec(&self) -> String;

    /// Puts `steps` steps of linear warmup in front: step t < `steps` runs at (t + 1) / `steps` of this schedule's
    /// first learning rate, then this schedule begins at its step 0. See [`Warmup`] for the other forms.
    fn warmup(self, steps: u64) -> Warmup<Self>
    where
        Self: Sized,
    {
        Warmup::new(self, steps)
    }

    /// Follows this schedule for `steps` steps, then `next` from its step 0.
    fn then<N: Schedule>(self, steps: u64, next: N) -> Then<Self, N>
    where
        Self: Sized,
    {
        Then::new(self, steps, next)
    }

    /// Multiplies the learning rate by `factor`.
    fn scale(self, factor: f64) -> Scale<Self>
    where
        Self: Sized,
    {
        Scale::new(self, factor)
    }

    /// Begins again at step 0 every `every` steps; never if `every` is 0.
    fn restart(self, every: u64) -> Restart<Self>
    where
        Self: Sized,
    {
        Restart::new(self, every)
    }

    /// Gives this schedule's learning rate to `next` as its base: for schedules that multiply the base, the product
    /// of both.
    fn chain<N: Schedule>(self, next: N) -> Chain<Self, N>
    where
        Self: Sized,
    {
        Chain::new(self, next)
    }
}

impl<S: Schedule + ?Sized> Schedule for Arc<S> {
    fn lr(&self, base: f64, step: u64) -> f64 {
        (**self).lr(base, step)
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        (**self).momentum(step)
    }
    fn length(&self) -> Option<u64> {
        (**self).length()
    }
    fn spec(&self) -> String {
        (**self).spec()
    }
}
