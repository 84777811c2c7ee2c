//! The sign alone.

use super::transform::Transform;
use crate::hyper::{Hyper, Param, Value};
use crate::real::Real;
use crate::rule::{At, Slot};

/// u = sign(u), with 0 for 0; optax's `scale_by_sign` (Bernstein et al., signSGD, arXiv 1802.04434).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScaleBySign;

impl Hyper for ScaleBySign {
    fn params(&self) -> &'static [Param] {
        &[]
    }
    fn get(&self, _: &str) -> Option<Value> {
        None
    }
    fn put(&mut self, _: &str, _: Value) -> bool {
        false
    }
}

/// -1, 0 or 1; 0 for NaN too.
#[inline(always)]
pub(super) fn sign<R: Real>(x: R) -> R {
    let [zero, one] = [R::from_f64(0.0), R::from_f64(1.0)];
    R::select(zero.less(x.abs()), one.copysign(x), zero)
}

impl Transform for ScaleBySign {
    type Slots<T: Copy> = [T; 0];
    type Scalars<T: Copy> = [T; 0];
    fn name(&self) -> &'static str {
        "scale-by-sign"
    }
    fn slots(&self) -> [Slot; 0] {
        []
    }
    fn scalars(&self, _: At) -> [f64; 0] {
        []
    }
    #[inline(always)]
    fn apply<R: Real>(_: [R; 0], _: R, u: R, s: [R; 0]) -> (R, [R; 0]) {
        (sign(u), s)
    }
}
