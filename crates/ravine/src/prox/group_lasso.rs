//! The prox of a norm.

use super::Metric;
use crate::element::Math;
use crate::simd::Level;
use crate::sums;
use crate::whole::map;

/// More than enough: the error of each round is about the square of that before.
const ROUNDS: usize = 100;

/// Puts the prox of `strength |x|`, the 2-norm of all elements of `v`, in the place of `v`: `v max(1 - strength / |v|, 0)`.
///
/// In a metric d it is 0 if `|d v| <= strength`, else `x = v d s / (d s + strength)` where s, the norm of x, solves
/// `sum of (d v / (d s + strength))^2 = 1`; Newton's method on the root of that sum, inverted, finds it from below.
///
/// # Panics
/// If the metric has another length than `v`.
pub fn group_lasso<R: Math>(v: &mut [R], metric: Metric<'_, R>, strength: f64) {
    let level = Level::widest();
    let d = match metric {
        Metric::Plain => {
            let norm = sums::over(v, level, |x| x * x).sqrt();
            // NaN passes.
            let keep = R::from_f64(if norm <= strength { 0.0 } else { 1.0 - strength / norm });
            return map(level, v, [], |v, []| v * keep);
        }
        Metric::Diagonal(d) => d,
    };
    assert_eq!(d.len(), v.len(), "the metric of a group");
    let pairs = || v.iter().zip(d).map(|(&v, &d)| -> (f64, f64) { (v.into(), d.into()) });
    if pairs().map(|(v, d)| (d * v) * (d * v)).sum::<f64>().sqrt() <= strength {
        return v.fill(R::default());
    }
    let mut s = 0.0;
    if strength > 0.0 {
        for _ in 0..ROUNDS {
            let (mut sum, mut slope) = (0.0, 0.0);
            for (v, d) in pairs() {
                let below = d * s + strength;
                let square = (d * v / below) * (d * v / below);
                sum += square;
                slope += square * d / below;
            }
            let next = s + sum / slope * (sum.sqrt() - 1.0);
            // Not a number too.
            if next.is_nan() || next <= s {
                break;
            }
            s = next;
        }
        for (v, &d) in v.iter_mut().zip(d) {
            let pull = d.into() * s;
            *v = R::from_f64((*v).into() * (pull / (pull + strength)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::{vector, weights};
    use super::*;
    use proptest::prelude::*;

    /// How far d (v - x) is from strength x / |x|, or from the ball of that radius if x is 0.
    fn miss(v: &[f64], d: &[f64], x: &[f64], strength: f64) -> f64 {
        let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let rest = v.iter().zip(d).zip(x).map(|((v, d), x)| d * (v - x));
        if norm == 0.0 {
            return (rest.map(|r| r * r).sum::<f64>().sqrt() - strength).max(0.0);
        }
        rest.zip(x).map(|(r, x)| (r - strength * x / norm).abs()).fold(0.0, f64::max)
    }

    proptest! {
        #[test]
        fn meets_its_optimality_condition(len in 1usize..40, seed in 0u64..99, strength in 0.0..20.0f64) {
            let (v, d) = (vector(len, seed), weights(len, seed));
            let mut x = v.clone();
            group_lasso(&mut x, Metric::Plain, strength);
            prop_assert!(miss(&v, &vec![1.0; len], &x, strength) < 1e-12);
            let mut x = v.clone();
            group_lasso(&mut x, Metric::Diagonal(&d), strength);
            let size = d.iter().fold(1.0f64, |most, d| most.max(*d));
            prop_assert!(miss(&v, &d, &x, strength) < 1e-11 * size, "{}", miss(&v, &d, &x, strength));
        }

        #[test]
        fn a_metric_of_equal_weights_divides_the_strength(len in 1usize..40, seed in 0u64..99, d in 0.01..100.0f64) {
            let (mut x, mut y) = (vector(len, seed), vector(len, seed));
            group_lasso(&mut x, Metric::Diagonal(&vec![d; len]), 1.0);
            group_lasso(&mut y, Metric::Plain, 1.0 / d);
            for (x, y) in x.iter().zip(&y) {
                prop_assert!((x - y).abs() < 1e-12, "{} {}", x, y);
            }
        }
    }

    #[test]
    fn no_strength_changes_nothing_and_a_small_group_vanishes() {
        for metric in [Metric::Plain, Metric::Diagonal(&[2.0f32, 3.0])] {
            let mut x = [3.0f32, -4.0];
            group_lasso(&mut x, metric, 0.0);
            assert_eq!(x, [3.0, -4.0]);
            group_lasso(&mut x, metric, 100.0);
            assert_eq!(x, [0.0, 0.0]);
        }
        let mut x = [3.0, -4.0];
        group_lasso(&mut x, Metric::Plain, 2.5);
        assert_eq!(x, [1.5, -2.0]);
    }
}
