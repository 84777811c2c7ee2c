//! Adam's division.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot, power};

crate::hyper! {
    /// m = b1 m + (1 - b1) u; v = b2 v + (1 - b2) u^2; then u = m' / (sqrt(v' + eps_root) + eps) with
    /// m' = m / (1 - b1^t) and v' = v / (1 - b2^t), where t counts steps from 1; optax's `scale_by_adam` (Kingma and Ba,
    /// arXiv 1412.6980, algorithm 1).
    ///
    /// State: `exp_avg`, `exp_avg_sq`.
    pub struct ScaleByAdam {
        /// How much of the mean and of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite.
        eps: f64 = 1e-8, Range::NonNegative;
        /// The same inside the root.
        eps_root: f64 = 0.0, Range::NonNegative;
    }
}

impl Transform for ScaleByAdam {
    type Slots<T: Copy> = [T; 2];
    type Scalars<T: Copy> = [T; 7];
    fn name(&self) -> &'static str {
        "scale-by-adam"
    }
    fn slots(&self) -> [Slot; 2] {
        [Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()]
    }
    fn scalars(&self, at: At) -> [f64; 7] {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let t = at.step.saturating_add(1);
        let correction = |beta, t| 1.0 - power(beta, t);
        let size = 1.0 / correction(beta1, t);
        let square = 1.0 / correction(beta2, t);
        [1.0 - beta1, beta2, 1.0 - beta2, size, square, self.eps_root, self.eps]
    }
    #[inline(always)]
    fn apply<R: Real>(k: [R; 7], _: R, u: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta2, rest2, size, square, eps_root, eps] = k;
        let m = m + (u - m) * rest1;
        let v = beta2 * v + rest2 * u * u;
        (size * m / ((v * square + eps_root).sqrt() + eps), [m, v])
    }
}
