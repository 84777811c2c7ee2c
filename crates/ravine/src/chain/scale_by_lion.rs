//! Lion's sign.

use super::scale_by_sign::sign;
use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot};

crate::hyper! {
    /// c = b1 m + (1 - b1) u; m = b2 m + (1 - b2) u; then u = sign(c), with 0 for 0; optax's `scale_by_lion` (Chen et
    /// al., arXiv 2302.06675, algorithm 2).
    ///
    /// State: `exp_avg`.
    pub struct ScaleByLion {
        /// The mean's share in the direction, and how much of it each step keeps.
        betas: [f64; 2] = [0.9, 0.99], Range::UnitOpen;
    }
}

impl Transform for ScaleByLion {
    type Slots<T: Copy> = [T; 1];
    type Scalars<T: Copy> = [T; 2];
    fn name(&self) -> &'static str {
        "scale-by-lion"
    }
    fn slots(&self) -> [Slot; 1] {
        [Slot::zero("exp_avg")]
    }
    fn scalars(&self, at: At) -> [f64; 2] {
        [1.0 - at.momentum.unwrap_or(self.betas[0]), 1.0 - self.betas[1]]
    }
    #[inline(always)]
    fn apply<R: Real>([rest1, rest2]: [R; 2], _: R, u: R, [m]: [R; 1]) -> (R, [R; 1]) {
        (sign(m + (u - m) * rest1), [m + (u - m) * rest2])
    }
}
