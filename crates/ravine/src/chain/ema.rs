//! Momentum as a running mean.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot, power};

crate::hyper! {
    /// m = decay m + (1 - decay) u; then u = m / (1 - decay^t), where t counts steps from 1, or m without debias;
    /// optax's `ema`. Where a schedule moves the momentum, the correction is that of the step's own.
    ///
    /// State: `mean`.
    pub struct Ema {
        /// How much of the mean each step keeps.
        decay: f64 = 0.9, Range::UnitOpen;
        /// Correct the mean for having started at 0.
        debias: bool = true, Range::Bool;
    }
}

impl Transform for Ema {
    type Slots<T: Copy> = [T; 1];
    type Scalars<T: Copy> = [T; 2];
    fn name(&self) -> &'static str {
        "ema"
    }
    fn slots(&self) -> [Slot; 1] {
        [Slot::zero("mean")]
    }
    fn scalars(&self, at: At) -> [f64; 2] {
        let decay = at.momentum.unwrap_or(self.decay);
        let correction = if self.debias { 1.0 - power(decay, at.step.saturating_add(1)) } else { 1.0 };
        [1.0 - decay, 1.0 / correction]
    }
    #[inline(always)]
    fn apply<R: Real>([rest, size]: [R; 2], _: R, u: R, [m]: [R; 1]) -> (R, [R; 1]) {
        let m = m + (u - m) * rest;
        (m * size, [m])
    }
}
