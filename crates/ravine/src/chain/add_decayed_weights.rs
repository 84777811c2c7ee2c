//! Weight decay.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot};

crate::hyper! {
    /// u += weight_decay w; optax's `add_decayed_weights`. First in a chain it is L2 decay; behind a transform that
    /// divides, such as [`ScaleByAdam`](super::ScaleByAdam), it is decoupled decay.
    pub struct AddDecayedWeights {
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

impl Transform for AddDecayedWeights {
    type Slots<T: Copy> = [T; 0];
    type Scalars<T: Copy> = [T; 1];
    fn name(&self) -> &'static str {
        "add-decayed-weights"
    }
    fn slots(&self) -> [Slot; 0] {
        []
    }
    fn scalars(&self, _: At) -> [f64; 1] {
        [self.weight_decay]
    }
    #[inline(always)]
    fn apply<R: Real>([decay]: [R; 1], w: R, u: R, s: [R; 0]) -> (R, [R; 0]) {
        (u + decay * w, s)
    }
}
