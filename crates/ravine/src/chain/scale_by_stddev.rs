//! Centered RMSProp's division.

use super::scale_by_rms::scalars;
use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot};

crate::hyper! {
    /// a = decay a + (1 - decay) u; s = decay s + (1 - decay) u^2; then u = u / sqrt(s - a^2 + eps), or
    /// u / (sqrt(s - a^2) + eps); optax's `scale_by_stddev` (Graves, arXiv 1308.0850). What rounding takes below 0 under
    /// the root counts as 0, where optax gives NaN.
    ///
    /// State: `grad_avg`, `square_avg`.
    pub struct ScaleByStddev {
        /// How much of the means each step keeps.
        decay: f64 = 0.9, Range::UnitOpen;
        /// Keeps the division finite.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Put eps under the root.
        eps_in_sqrt: bool = true, Range::Bool;
        /// What the mean square starts at.
        initial_scale: f64 = 0.0, Range::NonNegative;
        /// Correct the means for having started at 0, by 1 - decay^t, where t counts steps from 1.
        bias_correction: bool = false, Range::Bool;
    }
}

impl Transform for ScaleByStddev {
    type Slots<T: Copy> = [T; 2];
    type Scalars<T: Copy> = [T; 5];
    fn name(&self) -> &'static str {
        "scale-by-stddev"
    }
    fn slots(&self) -> [Slot; 2] {
        [Slot::zero("grad_avg"), Slot::new("square_avg", self.initial_scale).non_negative()]
    }
    fn scalars(&self, at: At) -> [f64; 5] {
        scalars(at, self.decay, self.eps, self.eps_in_sqrt, self.bias_correction)
    }
    #[inline(always)]
    fn apply<R: Real>(k: [R; 5], _: R, u: R, [mean, square]: [R; 2]) -> (R, [R; 2]) {
        let [decay, rest, size, inside, outside] = k;
        let mean = mean + (u - mean) * rest;
        let square = decay * square + rest * u * u;
        let centre = mean * size;
        let variance = R::from_f64(0.0).max(square * size - centre * centre);
        (u / ((variance + inside).sqrt() + outside), [mean, square])
    }
}
