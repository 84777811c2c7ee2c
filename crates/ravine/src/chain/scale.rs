//! A factor.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot};

crate::hyper! {
    /// u = step_size u; optax's `scale`. The learning rate is the chain's own: this is for factors besides.
    pub struct Scale {
        /// The factor.
        step_size: f64 = 1.0, Range::Finite;
    }
}

impl Transform for Scale {
    type Slots<T: Copy> = [T; 0];
    type Scalars<T: Copy> = [T; 1];
    fn name(&self) -> &'static str {
        "scale"
    }
    fn slots(&self) -> [Slot; 0] {
        []
    }
    fn scalars(&self, _: At) -> [f64; 1] {
        [self.step_size]
    }
    #[inline(always)]
    fn apply<R: Real>([factor]: [R; 1], _: R, u: R, s: [R; 0]) -> (R, [R; 0]) {
        (factor * u, s)
    }
}
