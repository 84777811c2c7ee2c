//! Momentum as a decaying sum.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot};

crate::hyper! {
    /// v = u + decay v; then u = v, or u + decay v with nesterov; optax's `trace`.
    ///
    /// State: `trace`.
    pub struct Trace {
        /// How much of the sum each step keeps.
        decay: f64 = 0.9, Range::UnitOpen;
        /// Look ahead along the sum.
        nesterov: bool = false, Range::Bool;
    }
}

impl Transform for Trace {
    type Slots<T: Copy> = [T; 1];
    type Scalars<T: Copy> = [T; 3];
    fn name(&self) -> &'static str {
        "trace"
    }
    fn slots(&self) -> [Slot; 1] {
        [Slot::zero("trace")]
    }
    fn scalars(&self, at: At) -> [f64; 3] {
        let decay = at.momentum.unwrap_or(self.decay);
        // The update is a mix of u and v: v alone, or both.
        let [share, ahead] = if self.nesterov { [1.0, decay] } else { [0.0, 1.0] };
        [decay, share, ahead]
    }
    #[inline(always)]
    fn apply<R: Real>([decay, share, ahead]: [R; 3], _: R, u: R, [v]: [R; 1]) -> (R, [R; 1]) {
        let v = u + decay * v;
        (share * u + ahead * v, [v])
    }
}
