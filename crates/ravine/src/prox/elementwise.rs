//! Those that work element by element.

use crate::real::Real;

/// The prox of `l1 abs(x) + l2/2 x^2` (the elastic net; with l2 = 0 the lasso's soft threshold):
/// `sign(v) max(abs(v) - l1, 0) / (1 + l2)`, for strengths of 0 or more. NaN stays NaN.
#[inline(always)]
pub fn elastic_net<R: Real>(v: R, l1: R, l2: R) -> R {
    R::from_f64(0.0).max(v.abs() - l1).copysign(v) / (R::from_f64(1.0) + l2)
}

/// The prox of a constraint to `lower..=upper`, the nearest number there. NaN stays NaN.
#[inline(always)]
pub fn between<R: Real>(v: R, lower: R, upper: R) -> R {
    lower.max(upper.min(v))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// v - x is in the subdifferential of h at x.
        #[test]
        fn the_elastic_net_meets_its_optimality_condition(v in -5.0..5.0f64, l1 in 0.0..3.0f64, l2 in 0.0..3.0f64) {
            let x = elastic_net(v, l1, l2);
            let rest = v - x - l2 * x;
            if x == 0.0 {
                prop_assert!(rest.abs() <= l1);
            } else {
                prop_assert!((rest - l1 * x.signum()).abs() < 1e-14, "{} {}", x, rest);
            }
        }

        /// (v - x)(y - x) <= 0 for each y of the set: what makes x the projection.
        #[test]
        fn bounds_project(v in -5.0..5.0f64, a in -2.0..2.0f64, b in -2.0..2.0f64, y in 0.0..1.0f64) {
            let (lower, upper) = (a.min(b), a.max(b));
            let (x, y) = (between(v, lower, upper), lower + (upper - lower) * y);
            prop_assert!(lower <= x && x <= upper && (v - x) * (y - x) <= 0.0);
        }
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        assert!(elastic_net(f64::NAN, 1.0, 1.0).is_nan());
        assert!(between(f32::NAN, 0.0, 1.0).is_nan());
        assert_eq!(between(7.0, 0.0, f64::INFINITY), 7.0);
    }
}
