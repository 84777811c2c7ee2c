//! The projection on a simplex.

use super::Metric;
use crate::element::Math;

/// Puts the point nearest to `v` that has no element below 0 and this sum, above 0, in the place of `v`:
/// `max(v - theta / d, 0)` with the theta that gives the sum, for a metric d.
///
/// Method: the theta of all elements, then of those that it leaves above 0, until none drops out (C. Michelot, A finite
/// algorithm for finding the projection of a point onto the canonical simplex of R^n, 1986).
///
/// # Panics
/// If the metric has another length than `v`.
pub fn simplex<R: Math>(v: &mut [R], metric: Metric<'_, R>, sum: f64) {
    if let Metric::Diagonal(d) = metric {
        assert_eq!(d.len(), v.len(), "the metric of a simplex");
    }
    let (mut theta, mut kept) = (f64::NEG_INFINITY, usize::MAX);
    loop {
        let (mut total, mut widths, mut count) = (0.0, 0.0, 0);
        for (i, &v) in v.iter().enumerate() {
            let (v, width): (f64, f64) = (v.into(), 1.0 / metric.get(i));
            let out = v <= theta * width;
            if !out {
                (total, widths, count) = (total + v, widths + width, count + 1);
            }
        }
        if count == 0 || count == kept {
            break;
        }
        (theta, kept) = ((total - sum) / widths, count);
    }
    for (i, v) in v.iter_mut().enumerate() {
        let x = (*v).into() - theta / metric.get(i);
        // NaN passes.
        *v = R::from_f64(if x <= 0.0 { 0.0 } else { x });
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::{vector, weights};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Where x > 0 the gradient d (x - v) of the distance is one number, and elsewhere it is no smaller.
        #[test]
        fn projects(len in 1usize..60, seed in 0u64..99, sum in 0.1..10.0f64, plain: bool) {
            let (v, d) = (vector(len, seed), if plain { vec![1.0; len] } else { weights(len, seed) });
            let mut x = v.clone();
            simplex(&mut x, if plain { Metric::Plain } else { Metric::Diagonal(&d) }, sum);
            prop_assert!((x.iter().sum::<f64>() - sum).abs() < 1e-10 * sum.max(1.0), "{:?}", x);
            let slopes: Vec<f64> = (0..len).map(|i| d[i] * (x[i] - v[i])).collect();
            let least = (0..len).filter(|&i| x[i] > 0.0).map(|i| slopes[i]).fold(f64::INFINITY, f64::min);
            for i in 0..len {
                let size = 1e-11 * (1.0 + d[i] * (v[i].abs() + sum));
                prop_assert!(x[i] >= 0.0 && slopes[i] >= least - size);
                prop_assert!(x[i] == 0.0 || slopes[i] <= least + size);
            }
        }
    }

    #[test]
    fn known_projections() {
        let mut x = [0.5f32, 0.5];
        simplex(&mut x, Metric::Plain, 1.0);
        assert_eq!(x, [0.5, 0.5]);
        let mut x = [3.0, -1.0, 2.5];
        simplex(&mut x, Metric::Plain, 1.0);
        assert_eq!(x, [0.75, 0.0, 0.25]);
        let mut x = [-7.0];
        simplex(&mut x, Metric::Plain, 2.0);
        assert_eq!(x, [2.0]);
        simplex::<f64>(&mut [], Metric::Plain, 1.0);
        let mut x = [f64::NAN, 1.0];
        simplex(&mut x, Metric::Plain, 1.0);
        assert!(x[0].is_nan());
    }
}
