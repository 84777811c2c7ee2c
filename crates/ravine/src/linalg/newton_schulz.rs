//! The Newton-Schulz iteration: the orthogonal factor of a matrix by products alone.

use super::{Mat, Scalar, gram, matmul};

/// The values that [`newton_schulz`] needs besides a matrix of these extents.
pub fn newton_schulz_scratch(rows: usize, cols: usize) -> usize {
    let n = rows.min(cols);
    rows * cols + 2 * n * n
}

/// Brings the singular values of `x`, a row-major matrix of `rows` x `cols`, towards 1 and leaves its singular vectors.
///
/// ```text
/// X = X / max(|X|, eps)                      |X| the Frobenius norm
/// X = a X + (b G + c G^2) X,  G = X X^T      for each (a, b, c) of `coefficients`
/// ```
///
/// If `rows > cols` the transposed of `x` takes its place, so G is the smaller of the two possible squares. A step
/// makes a s + b s^3 + c s^5 of each singular value s. Muon's (3.4445, -4.7750, 2.0315), five times, brings what was
/// between 0.001 and 1 to between 0.68 and 1.14; (2, -1.5, 0.5) converges to 1. Singular values of 0 stay.
///
/// All is computed in `T`, with the same bits for any number of threads. PyTorch's Muon does the same in bfloat16.
/// Values that are not finite give values that are not finite. Nothing is allocated but by the `gemm` crate.
///
/// Source: K. Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024; PyTorch 2.15,
/// `torch.optim.Muon`, which also divides by max(|X|, eps).
///
/// # Panics
/// If `x` does not hold `rows * cols` values, or `scratch` fewer than [`newton_schulz_scratch`].
pub fn newton_schulz<T: Scalar>(
    x: &mut [T],
    rows: usize,
    cols: usize,
    coefficients: impl IntoIterator<Item = [f64; 3]>,
    eps: f64,
    scratch: &mut [T],
) {
    assert_eq!(Some(x.len()), rows.checked_mul(cols), "a matrix of {rows} x {cols}");
    let need = newton_schulz_scratch(rows, cols);
    assert!(scratch.len() >= need, "a scratch of {need} values, not {}", scratch.len());
    let n = rows.min(cols);
    let (square, rest) = scratch.split_at_mut(n * n);
    let (polynomial, rest) = rest.split_at_mut(n * n);
    let next = &mut rest[..x.len()];

    divide(x, T::from_f64(sum_of_squares(x).sqrt().max(eps)));
    let mut in_next = false;
    for [a, b, c] in coefficients {
        let (from, to) = if in_next { (&*next, &mut *x) } else { (&*x, &mut *next) };
        let from = Mat::new(from, rows, cols);
        gram(square, if rows > cols { from.transposed() } else { from }, |_, _, _| {});
        // a I + b G + c G^2: one matrix, so that X is read and written once.
        let [a, b, c] = [a, b, c].map(T::from_f64);
        gram(polynomial, Mat::new(square, n, n), |row, start, values| {
            polynomial_row(&square[row * n + start..], b, c, values);
            if let Some(diagonal) = row.checked_sub(start).and_then(|i| values.get_mut(i)) {
                *diagonal = *diagonal + a;
            }
        });
        let polynomial = Mat::new(polynomial, n, n);
        let (left, right) = if rows > cols { (from, polynomial) } else { (polynomial, from) };
        matmul(to, false, left, right, |_, _| {});
        in_next = !in_next;
    }
    if in_next {
        x.copy_from_slice(next);
    }
}

/// Sums that are added beside each other, as many as the widest vectors hold.
const LANES: usize = 32;

crate::simd! {
    /// In f64 and in an order fixed by the place of each value.
    fn sum_of_squares<T: Scalar>(x: &[T]) -> f64 {
        let mut lanes = [0.0f64; LANES];
        for chunk in x.chunks(LANES) {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                let x: f64 = x.into();
                *lane += x * x;
            }
        }
        lanes.iter().sum()
    }

    fn divide<T: Scalar>(x: &mut [T], by: T) {
        for x in x {
            *x = *x / by;
        }
    }

    /// values = b g + c values.
    fn polynomial_row<T: Scalar>(g: &[T], b: T, c: T, values: &mut [T]) {
        for (value, &g) in values.iter_mut().zip(g) {
            *value = b * g + c * *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::{bits, distance, on_threads, product, skew, transposed, uniform};
    use super::super::{Scalar, svd};
    use super::*;
    use proptest::prelude::*;

    const MUON: [f64; 3] = [3.4445, -4.7750, 2.0315];

    fn iterate<T: Scalar>(x: &[T], rows: usize, cols: usize, coefficients: &[[f64; 3]]) -> Vec<T> {
        let (mut x, mut scratch) = (x.to_vec(), vec![T::default(); newton_schulz_scratch(rows, cols)]);
        newton_schulz(&mut x, rows, cols, coefficients.iter().copied(), 1e-7, &mut scratch);
        x
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// The vectors stay; the values go through the polynomial.
        #[test]
        fn maps_the_singular_values_alone(m in 1usize..40, n in 1usize..40, steps in 0usize..6, seed in 0u64..99) {
            let x = uniform(m * n, seed);
            let (u, s, v_t) = svd(&x, m, n).unwrap();
            let norm = s.iter().map(|s| s * s).sum::<f64>().sqrt();
            let [a, b, c] = MUON;
            let mapped = s.iter().map(|s| {
                (0..steps).fold(s / norm, |s, _| a * s + b * s.powi(3) + c * s.powi(5))
            });
            let mapped: Vec<f64> = mapped.collect();
            let k = m.min(n);
            let scaled: Vec<f64> = u.iter().enumerate().map(|(i, u)| u * mapped[i % k]).collect();
            let expected = product(&scaled, &v_t, (m, k, n));
            prop_assert!(distance(&iterate(&x, m, n, &vec![MUON; steps]), &expected) < 1e-11);
        }

        #[test]
        fn the_transposed_gives_the_transposed(m in 1usize..80, n in 1usize..80) {
            let x = uniform(m * n, 3);
            let turned = transposed(&iterate(&x, m, n, &[MUON; 5]), n);
            prop_assert!(distance(&iterate(&transposed(&x, n), n, m, &[MUON; 5]), &turned) < 1e-11);
        }
    }

    #[test]
    fn converges_to_orthonormal_rows_or_columns() {
        for (m, n) in [(20, 50), (50, 20), (1, 7), (7, 1), (1, 1)] {
            let x = iterate(&uniform(m * n, 5), m, n, &[[2.0, -1.5, 0.5]; 30]);
            let (x, n) = if m < n { (transposed(&x, n), m) } else { (x, n) };
            assert!(skew(&x, n) < 1e-13, "{m} x {n}: {}", skew(&x, n));
        }
    }

    #[test]
    fn coefficients_may_change_from_step_to_step() {
        let x = uniform(12, 4);
        let both = iterate(&x, 3, 4, &[MUON, [2.0, -1.5, 0.5]]);
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let first = iterate(&x, 3, 4, &[MUON]);
        // The second call divides by the norm, which the second step alone does not.
        let undone: Vec<f64> = first.iter().map(|x| x / norm(&first)).collect();
        assert!(distance(&iterate(&first, 3, 4, &[]), &undone) < 1e-15);
        assert!(distance(&both, &first) > 1e-3);
    }

    #[test]
    fn zeros_stay_and_small_norms_are_divided_by_eps() {
        assert_eq!(iterate(&[0.0f64; 6], 2, 3, &[MUON; 5]), [0.0; 6]);
        assert_eq!(iterate(&[1e-9f32], 1, 1, &[]), [1e-9f32 / 1e-7]);
        assert_eq!(iterate(&[3.0f64, 4.0], 1, 2, &[]), [0.6, 0.8]);
        for (rows, cols) in [(0, 3), (3, 0), (0, 0)] {
            assert!(iterate(&[0.0f32; 0], rows, cols, &[MUON; 2]).is_empty());
        }
    }

    #[test]
    fn the_same_bits_for_any_threads() {
        for (rows, cols) in [(300, 500), (500, 300)] {
            let x = uniform(rows * cols, 6);
            let results =
                [1, 2, 3].map(|threads| on_threads(threads, || iterate(&x, rows, cols, &[MUON; 3])));
            assert_eq!(bits(&results[0]), bits(&results[1]));
            assert_eq!(bits(&results[0]), bits(&results[2]));
        }
    }
}
