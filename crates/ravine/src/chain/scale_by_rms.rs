//! RMSProp's division.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot, power};

crate::hyper! {
    /// s = decay s + (1 - decay) u^2; then u = u / sqrt(s + eps), or u / (sqrt(s) + eps); optax's `scale_by_rms`
    /// (Tieleman and Hinton, Coursera lecture 6.5, 2012).
    ///
    /// State: `square_avg`.
    pub struct ScaleByRms {
        /// How much of the mean square each step keeps.
        decay: f64 = 0.9, Range::UnitOpen;
        /// Keeps the division finite.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Put eps under the root.
        eps_in_sqrt: bool = true, Range::Bool;
        /// What the mean square starts at.
        initial_scale: f64 = 0.0, Range::NonNegative;
        /// Correct the mean square for having started at 0: s / (1 - decay^t), where t counts steps from 1.
        bias_correction: bool = false, Range::Bool;
    }
}

/// The scalars of a division by a root of running means: decay, 1 - decay, the factor on the means, eps under the root and
/// beside it.
pub(super) fn scalars(at: At, decay: f64, eps: f64, eps_in_sqrt: bool, bias_correction: bool) -> [f64; 5] {
    let t = at.step.saturating_add(1);
    let correction = if bias_correction { 1.0 - power(decay, t) } else { 1.0 };
    let [inside, outside] = if eps_in_sqrt { [eps, 0.0] } else { [0.0, eps] };
    [decay, 1.0 - decay, 1.0 / correction, inside, outside]
}

impl Transform for ScaleByRms {
    type Slots<T: Copy> = [T; 1];
    type Scalars<T: Copy> = [T; 5];
    fn name(&self) -> &'static str {
        "scale-by-rms"
    }
    fn slots(&self) -> [Slot; 1] {
        [Slot::new("square_avg", self.initial_scale).non_negative()]
    }
    fn scalars(&self, at: At) -> [f64; 5] {
        scalars(at, self.decay, self.eps, self.eps_in_sqrt, self.bias_correction)
    }
    #[inline(always)]
    fn apply<R: Real>(k: [R; 5], _: R, u: R, [square]: [R; 1]) -> (R, [R; 1]) {
        let [decay, rest, size, inside, outside] = k;
        let square = decay * square + rest * u * u;
        (u / ((square * size + inside).sqrt() + outside), [square])
    }
}
