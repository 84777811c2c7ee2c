//! AdaGrad's division.

use super::transform::Transform;
use crate::hyper::Range;
use crate::real::Real;
use crate::rule::{At, Slot};

crate::hyper! {
    /// s += u^2; then u = u / sqrt(s + eps), with 0 where s is 0; optax's `scale_by_rss` (Duchi, Hazan and Singer, JMLR
    /// 2011).
    ///
    /// State: `sum`.
    pub struct ScaleByRss {
        /// What the sum starts at.
        initial_accumulator_value: f64 = 0.1, Range::NonNegative;
        /// Keeps the division finite.
        eps: f64 = 1e-7, Range::NonNegative;
    }
}

impl Transform for ScaleByRss {
    type Slots<T: Copy> = [T; 1];
    type Scalars<T: Copy> = [T; 1];
    fn name(&self) -> &'static str {
        "scale-by-rss"
    }
    fn slots(&self) -> [Slot; 1] {
        [Slot::new("sum", self.initial_accumulator_value).non_negative()]
    }
    fn scalars(&self, _: At) -> [f64; 1] {
        [self.eps]
    }
    #[inline(always)]
    fn apply<R: Real>([eps]: [R; 1], _: R, u: R, [sum]: [R; 1]) -> (R, [R; 1]) {
        let zero = R::from_f64(0.0);
        let sum = sum + u * u;
        (R::select(zero.less(sum), u / (sum + eps).sqrt(), zero), [sum])
    }
}
