//! Nadam's division.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot, power};

crate::hyper! {
    /// [`ScaleByAdam`](super::ScaleByAdam) that looks ahead along the mean: m' = b1 m / (1 - b1^(t + 1)) +
    /// (1 - b1) u / (1 - b1^t); optax's `scale_by_adam` with `nesterov` (Dozat, ICLR workshop 2016).
    ///
    /// State: `exp_avg`, `exp_avg_sq`.
    pub struct ScaleByNadam {
        /// How much of the mean and of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite.
        eps: f64 = 1e-8, Range::NonNegative;
        /// The same inside the root.
        eps_root: f64 = 0.0, Range::NonNegative;
    }
}

impl Transform for ScaleByNadam {
    type Slots<T: Copy> = [T; 2];
    type Scalars<T: Copy> = [T; 8];
    fn name(&self) -> &'static str {
        "scale-by-nadam"
    }
    fn slots(&self) -> [Slot; 2] {
        [Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()]
    }
    fn scalars(&self, at: At) -> [f64; 8] {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let t = at.step.saturating_add(1);
        let correction = |beta, t| 1.0 - power(beta, t);
        let ahead = beta1 / correction(beta1, t.saturating_add(1));
        let share = (1.0 - beta1) / correction(beta1, t);
        let square = 1.0 / correction(beta2, t);
        [1.0 - beta1, beta2, 1.0 - beta2, ahead, share, square, self.eps_root, self.eps]
    }
    #[inline(always)]
    fn apply<R: Real>(k: [R; 8], _: R, u: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta2, rest2, ahead, share, square, eps_root, eps] = k;
        let m = m + (u - m) * rest1;
        let v = beta2 * v + rest2 * u * u;
        ((ahead * m + share * u) / ((v * square + eps_root).sqrt() + eps), [m, v])
    }
}
