//! QR decomposition.

use super::{Operation, Scalar, power_of_two};
use crate::error::Result;
use nalgebra::DMatrix;

/// `(q, r)` with `a = q r` for an m x n matrix: q is m x k with orthonormal columns, r is k x n with zeros below its
/// diagonal, and k is the smaller of m and n. No value on the diagonal of r is negative, so q and r are unique if `a` has full
/// rank and m >= n; `torch.linalg.qr` leaves the signs to chance.
///
/// Method: Householder's reflections; G. Golub, C. Van Loan, Matrix Computations, 5.2.
///
/// # Errors
/// `a` does not hold m n values; one is not finite; a result is beyond the largest number.
pub fn qr<T: Scalar>(a: &[T], m: usize, n: usize) -> Result<(Vec<T>, Vec<T>)> {
    let operation = Operation { name: "QR decomposition", rows: m, cols: n };
    let a = operation.read(a)?;
    if a.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let scale = power_of_two(&a);
    let qr = DMatrix::from_row_iterator(m, n, a.iter().map(|x| x / scale)).qr();
    let (q, r) = (qr.q().transpose(), qr.r().transpose());
    // The transposed lies by column in memory: the factor row by row.
    let r = operation.write(r.iter().map(|x| x * scale))?;
    Ok((operation.write(q.iter().copied())?, r))
}

#[cfg(test)]
mod tests {
    use super::super::test::{bits, distance, largest, on_threads, product, skew, uniform};
    use super::*;
    use proptest::prelude::*;

    fn check(a: &[f64], m: usize, n: usize) {
        let (q, r) = qr(a, m, n).unwrap();
        let (k, tolerance) = (m.min(n), 4.0 * m.max(n) as f64 * f64::EPSILON);
        assert_eq!((q.len(), r.len()), (m * k, k * n));
        assert!(skew(&q, k) < tolerance, "{m} x {n}: skew {}", skew(&q, k));
        assert!(distance(&product(&q, &r, (m, k, n)), a) <= tolerance * largest(a), "{m} x {n}");
        for (i, &r) in r.iter().enumerate() {
            let (row, col) = (i / n, i % n);
            assert!(
                if row > col { r == 0.0 } else { row < col || r >= 0.0 },
                "{m} x {n}: {r} at ({row}, {col})"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Also of low rank and of any size of the values.
        #[test]
        fn decomposes(m in 1usize..40, n in 1usize..40, rank in 0usize..40, power in -300i32..300, seed in 0u64..99) {
            let (left, right) = (uniform(m * rank, seed), uniform(rank * n, seed + 100));
            let a = product(&left, &right, (m, rank, n));
            check(&a.iter().map(|x| x * 10f64.powi(power)).collect::<Vec<_>>(), m, n);
        }
    }

    #[test]
    fn known_factors() {
        assert_eq!(qr(&[-2.0f32], 1, 1).unwrap(), (vec![-1.0], vec![2.0]));
        let (q, r) = qr(&[3.0f64, 1.0, 4.0, 2.0], 2, 2).unwrap();
        assert!(distance(&q, &[0.6, -0.8, 0.8, 0.6]) < 1e-15);
        assert!(distance(&r, &[5.0, 2.2, 0.0, 0.4]) < 1e-15);
        for (m, n) in [(0, 0), (0, 3), (3, 0)] {
            assert_eq!(qr::<f64>(&[], m, n).unwrap(), (vec![], vec![]));
        }
    }

    #[test]
    fn ill_conditioned_columns_stay_orthogonal() {
        // Columns that differ by less than the root of the rounding error: Gram and Schmidt's fail here.
        let (m, n) = (30, 12);
        let lauchli: Vec<f64> = (0..m * n)
            .map(|i| match i / n {
                0 => 1.0,
                row if row == i % n + 1 => 1e-9,
                _ => 0.0,
            })
            .collect();
        check(&lauchli, m, n);
        check(&(0..900).map(|i| 1.0 / (i / 30 + i % 30 + 1) as f64).collect::<Vec<_>>(), 30, 30);
        check(&vec![f64::MAX / 100.0; 12], 4, 3);
    }

    #[test]
    fn the_same_bits_for_any_threads() {
        let a = uniform(200 * 150, 3);
        let factors = [1, 2, 3].map(|threads| on_threads(threads, || qr(&a, 200, 150).unwrap()));
        for other in &factors[1..] {
            assert_eq!(bits(&factors[0].0), bits(&other.0));
            assert_eq!(bits(&factors[0].1), bits(&other.1));
        }
    }

    #[test]
    fn refusals_say_why() {
        let message = |a: &[f32], m, n| qr(a, m, n).unwrap_err().to_string();
        assert_eq!(message(&[1.0; 5], 2, 3), "QR decomposition of a 2 x 3 matrix: got 5 values");
        assert_eq!(
            message(&[0.0, f32::INFINITY], 1, 2),
            "QR decomposition of a 1 x 2 matrix: the value at row 0, column 1 is inf"
        );
        assert_eq!(
            message(&[3e38; 2], 2, 1),
            "QR decomposition of a 2 x 1 matrix: the result is beyond the largest number"
        );
        assert!(message(&[], usize::MAX, 2).contains("got 0 values"));
    }
}
