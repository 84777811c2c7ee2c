//! Running means, as many rules keep them.

use crate::real::Real;
use crate::rule::power;

/// What a running mean that started at 0 falls short by: 1 - beta^t in step t = `step` + 1.
pub(super) fn correction(beta: f64, step: u64) -> f64 {
    1.0 - power(beta, step.saturating_add(1))
}

/// The variance rectification of RAdam (Liu et al., arXiv 1908.03265, algorithm 2) in step `step` + 1, if the length of
/// the approximated simple moving average is above `threshold`, which is 4 or more.
pub(super) fn rectification(beta2: f64, step: u64, threshold: f64) -> Option<f64> {
    let t = step as f64 + 1.0;
    let rest = power(beta2, step.saturating_add(1));
    let most = 2.0 / (1.0 - beta2) - 1.0;
    let length = most - 2.0 * t * rest / (1.0 - rest);
    let share = (length - 4.0) * (length - 2.0) * most / ((most - 4.0) * (most - 2.0) * length);
    (length > threshold).then(|| share.sqrt())
}

/// A running mean after `x`, which has weight `rest`.
#[inline(always)]
pub(super) fn mean<R: Real>(rest: R, x: R, mean: R) -> R {
    mean + (x - mean) * rest
}

/// A running mean square after `x`.
#[inline(always)]
pub(super) fn mean_square<R: Real>(beta: R, rest: R, x: R, square: R) -> R {
    beta * square + rest * x * x
}

/// What a slot that remembers the first `w` holds: `first` is 1 in the first step, then 0.
#[inline(always)]
pub(super) fn origin<R: Real>(first: R, w: R, kept: R) -> R {
    R::select(R::from_f64(0.0).less(first), w, kept)
}

/// -1, 0 or 1.
#[inline(always)]
pub(super) fn sign<R: Real>(x: R) -> R {
    let [zero, one] = [0.0, 1.0].map(R::from_f64);
    R::select(x.less(zero), -one, R::select(zero.less(x), one, zero))
}
