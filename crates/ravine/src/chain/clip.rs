//! Clipping by value.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot};

crate::hyper! {
    /// u = max(-max_delta, min(max_delta, u)); optax's `clip`. NaN passes.
    pub struct Clip {
        /// The largest magnitude.
        max_delta: f64 = 1.0, Range::Positive;
    }
}

impl Transform for Clip {
    type Slots<T: Copy> = [T; 0];
    type Scalars<T: Copy> = [T; 1];
    fn name(&self) -> &'static str {
        "clip"
    }
    fn slots(&self) -> [Slot; 0] {
        []
    }
    fn scalars(&self, _: At) -> [f64; 1] {
        [self.max_delta]
    }
    #[inline(always)]
    fn apply<R: Real>([most]: [R; 1], _: R, u: R, s: [R; 0]) -> (R, [R; 0]) {
        ((-most).max(most.min(u)), s)
    }
}
