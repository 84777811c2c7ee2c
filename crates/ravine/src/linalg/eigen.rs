//! Symmetric matrices: eigenvalues, and roots by them.

use super::{Mat, Operation, Scalar, gram};
use crate::error::Result;
use nalgebra::DMatrix;
use nalgebra::linalg::SymmetricEigen;

/// QR steps for each eigenvalue before giving up; two or three are usual. LAPACK allows as many.
const STEPS: usize = 30;

/// The eigenvalues of a symmetric matrix of n rows, the smallest first, and an n x n matrix whose column j is the
/// eigenvector of length 1 of value j: `a = V diag(values) V^T`, as `torch.linalg.eigh` gives them.
///
/// Only the diagonal of `a` and what is below it are read. The sign of a vector is arbitrary, though the same each time.
/// The absolute error of the values is a small multiple of the rounding error of the largest.
///
/// Method: reduction to three diagonals by reflections, then QR steps with Wilkinson's shift; G. Golub, C. Van Loan,
/// Matrix Computations, 8.3.
///
/// # Errors
/// `a` does not hold n^2 values; one is not finite; no convergence; a result is beyond the largest number.
pub fn symmetric_eigen<T: Scalar>(a: &[T], n: usize) -> Result<(Vec<T>, Vec<T>)> {
    let operation = Operation { name: "eigenvalues", rows: n, cols: n };
    let (values, vectors) = decompose(operation, a)?;
    Ok((operation.write(values.into_iter())?, operation.write(vectors.into_iter())?))
}

/// The inverse p-th root of a symmetric positive semidefinite matrix of n rows: `V diag((max(l, 0) + eps)^(-1/p)) V^T`
/// for its eigenvalues l and eigenvectors V, symmetric to the bit.
///
/// Of eigenvalues below 0, which rounding makes of 0, 0 is taken. Only the diagonal of `a` and what is below it are
/// read.
///
/// Source: V. Gupta, T. Koren, Y. Singer, Shampoo: preconditioned stochastic tensor optimization, 2018, whose
/// preconditioners are (eps I + G G^T)^(-1/4).
///
/// # Errors
/// As for [`symmetric_eigen`]; p is not positive; eps is negative; an eigenvalue is 0 and so is eps.
pub fn inverse_root<T: Scalar>(a: &[T], n: usize, p: f64, eps: f64) -> Result<Vec<T>> {
    let operation = Operation { name: "inverse root", rows: n, cols: n };
    if !(p > 0.0 && p.is_finite()) {
        return Err(operation.error(format!("p must be a positive number, not {p}")));
    }
    if !(eps >= 0.0 && eps.is_finite()) {
        return Err(operation.error(format!("eps must be a number of at least 0, not {eps}")));
    }
    let (values, mut vectors) = decompose(operation, a)?;
    if eps == 0.0 && values.first().is_some_and(|&least| least <= 0.0) {
        return Err(operation.error(format!("not positive definite: the least eigenvalue is {}", values[0])));
    }
    // Half of the power on each side of a product with its own transposed.
    let powers: Vec<f64> = values.iter().map(|l| (l.max(0.0) + eps).powf(-0.5 / p)).collect();
    for row in vectors.chunks_exact_mut(n.max(1)) {
        row.iter_mut().zip(&powers).for_each(|(v, power)| *v *= power);
    }
    let mut root = vec![0.0; n * n];
    gram(&mut root, Mat::new(&vectors, n, n), |_, _, _| {});
    operation.write(root.into_iter())
}

/// Eigenvalues in rising order, and eigenvectors in the columns of a row-major matrix.
fn decompose<T: Scalar>(operation: Operation, a: &[T]) -> Result<(Vec<f64>, Vec<f64>)> {
    let (a, n) = (operation.read(a)?, operation.cols);
    if n == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let a = DMatrix::from_row_iterator(n, n, a);
    let eigen = SymmetricEigen::try_new(a, f64::EPSILON, STEPS.saturating_mul(n));
    let eigen = eigen.ok_or_else(|| operation.diverged())?;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| eigen.eigenvalues[i].total_cmp(&eigen.eigenvalues[j]));
    let mut vectors = vec![0.0; n * n];
    for (col, &from) in order.iter().enumerate() {
        for (row, x) in eigen.eigenvectors.column(from).iter().enumerate() {
            vectors[row * n + col] = *x;
        }
    }
    Ok((order.iter().map(|&i| eigen.eigenvalues[i]).collect(), vectors))
}

#[cfg(test)]
mod tests {
    use super::super::qr;
    use super::super::test::{
        bits, diagonal, distance, largest, on_threads, product, skew, transposed, uniform,
    };
    use super::*;
    use proptest::prelude::*;

    /// `V diag(values) V^T` for some orthogonal V.
    fn with_eigenvalues(values: &[f64], seed: u64) -> Vec<f64> {
        let n = values.len();
        let (v, _) = qr(&uniform(n * n, seed), n, n).unwrap();
        rebuilt(values, &v)
    }

    fn rebuilt(values: &[f64], v: &[f64]) -> Vec<f64> {
        let n = values.len();
        let scaled: Vec<f64> = v.iter().enumerate().map(|(i, v)| v * values[i % n]).collect();
        product(&scaled, &transposed(v, n), (n, n, n))
    }

    fn check(a: &[f64], n: usize) -> Vec<f64> {
        let (values, vectors) = symmetric_eigen(a, n).unwrap();
        let tolerance = 4.0 * n as f64 * f64::EPSILON;
        assert!(skew(&vectors, n) < tolerance, "{n}: skew {}", skew(&vectors, n));
        let error = distance(&rebuilt(&values, &vectors), a);
        assert!(error <= tolerance * largest(a), "{n}: {error} of {}", largest(a));
        assert!(values.is_sorted());
        values
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Also of low rank, of repeated values, and of any size of the values.
        #[test]
        fn decomposes(n in 1usize..50, rank in 0usize..50, power in -300i32..300, seed in 0u64..99) {
            let scale = 10f64.powi(power / 2);
            let factor: Vec<f64> = uniform(n * rank, seed).iter().map(|x| x * scale).collect();
            let mut a = vec![0.0; n * n];
            gram(&mut a, Mat::new(&factor, n, rank), |_, _, _| {});
            let values = check(&a, n);
            let negligible = 4.0 * n as f64 * f64::EPSILON * values[n - 1];
            prop_assert!(values[..n.saturating_sub(rank)].iter().all(|l| l.abs() <= negligible));
        }

        #[test]
        fn finds_the_eigenvalues(mut values in proptest::collection::vec(-1.0f64..1.0, 1..40), grade in 0i32..30) {
            for (i, value) in values.iter_mut().enumerate() {
                *value *= 10f64.powi(-grade * i as i32 / 4);
            }
            let found = check(&with_eigenvalues(&values, 4), values.len());
            values.sort_by(f64::total_cmp);
            prop_assert!(distance(&found, &values) < 1e-13);
        }

        #[test]
        fn roots_undo_their_power(n in 1usize..30, p in 1u32..6, grade in 0i32..4, seed in 0u64..99) {
            let values: Vec<f64> = (0..n).map(|i| 10f64.powf(-f64::from(grade) * i as f64 / n as f64)).collect();
            let (a, eps) = (with_eigenvalues(&values, seed), 1e-3);
            let root = inverse_root(&a, n, p.into(), eps).unwrap();
            prop_assert_eq!(bits(&root), bits(&transposed(&root, n)));
            let power = (1..p).fold(root.clone(), |power, _| product(&power, &root, (n, n, n)));
            let mut shifted = a.clone();
            (0..n).for_each(|i| shifted[i * n + i] += eps);
            let one = product(&power, &shifted, (n, n, n));
            prop_assert!(distance(&one, &diagonal(&vec![1.0; n])) < 1e-9, "{}", distance(&one, &diagonal(&vec![1.0; n])));
        }
    }

    #[test]
    fn known_eigenvalues() {
        assert_eq!(symmetric_eigen(&[-3.0f32], 1).unwrap(), (vec![-3.0], vec![1.0]));
        assert_eq!(symmetric_eigen::<f64>(&[], 0).unwrap(), (vec![], vec![]));
        // Only the lower half is read.
        let (values, _) = symmetric_eigen(&[2.0, 99.0, 1.0, 2.0], 2).unwrap();
        assert!(distance(&values, &[1.0, 3.0]) < 1e-15);
        // The second difference: 2 - 2 cos(k pi / (n + 1)).
        let n = 100;
        let difference = |i: usize| match (i / n).abs_diff(i % n) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let values = check(&(0..n * n).map(difference).collect::<Vec<_>>(), n);
        let angle = std::f64::consts::PI / (n + 1) as f64;
        let expected: Vec<f64> = (1..=n).map(|k| 2.0 - 2.0 * (k as f64 * angle).cos()).collect();
        assert!(distance(&values, &expected) < 1e-13);
    }

    #[test]
    fn awkward_matrices_are_decomposed() {
        let n = 40;
        let hilbert: Vec<f64> = (0..n * n).map(|i| 1.0 / (i / n + i % n + 1) as f64).collect();
        let ones = vec![1.0; n * n];
        let graded: Vec<f64> = (0..n * n)
            .map(|i| 10f64.powi(-7 * (i / n + i % n) as i32) * if i % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        let sums: Vec<f64> = (0..n * n).map(|i| graded[i] + graded[i % n * n + i / n]).collect();
        // Two clusters, almost coupled: W. Wilkinson's W+.
        let wilkinson: Vec<f64> = (0..21 * 21)
            .map(|i| match (i / 21usize).abs_diff(i % 21) {
                0 => (i / 21).abs_diff(10) as f64,
                1 => 1.0,
                _ => 0.0,
            })
            .collect();
        for a in [
            hilbert,
            ones,
            sums,
            wilkinson,
            vec![0.0; n * n],
            diagonal(&[1e300; 40]),
            diagonal(&[5e-324; 40]),
        ] {
            check(&a, a.len().isqrt());
        }
    }

    #[test]
    fn f32_is_f64_rounded() {
        let a = with_eigenvalues(&[0.5, 1.5, 4.0], 1);
        let narrow: Vec<f32> = a.iter().map(|&x| x as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|&x| x.into()).collect();
        let rounded: Vec<f32> =
            inverse_root(&wide, 3, 4.0, 1e-6).unwrap().iter().map(|&x| x as f32).collect();
        assert_eq!(inverse_root(&narrow, 3, 4.0, 1e-6).unwrap(), rounded);
    }

    #[test]
    fn known_roots_and_the_same_bits_for_any_threads() {
        assert!(distance(&inverse_root(&[16.0], 1, 4.0, 0.0).unwrap(), &[0.5]) < 1e-15);
        assert!(inverse_root::<f64>(&[], 0, 2.0, 0.0).unwrap().is_empty());
        // Rounding errors below 0 count as 0.
        let root = inverse_root(&diagonal(&[-1e-20, 1.0 - 1e-4]), 2, 2.0, 1e-4).unwrap();
        assert!(distance(&root, &diagonal(&[100.0, 1.0])) < 1e-12);
        let n = 300;
        let mut a = vec![0.0; n * n];
        gram(&mut a, Mat::new(&uniform(n * n, 2), n, n), |_, _, _| {});
        let roots = [1, 2, 3].map(|threads| on_threads(threads, || inverse_root(&a, n, 4.0, 1e-8).unwrap()));
        assert_eq!(bits(&roots[0]), bits(&roots[1]));
        assert_eq!(bits(&roots[0]), bits(&roots[2]));
    }

    #[test]
    fn refusals_say_why() {
        let message = |result: Result<Vec<f32>>| result.unwrap_err().to_string();
        let values = |a: &[f32], n| message(symmetric_eigen(a, n).map(|(values, _)| values));
        assert_eq!(values(&[1.0; 3], 2), "eigenvalues of a 2 x 2 matrix: got 3 values");
        assert_eq!(
            values(&[0.0, 1.0, f32::NAN, 2.0], 2),
            "eigenvalues of a 2 x 2 matrix: the value at row 1, column 0 is NaN"
        );
        assert_eq!(
            values(&[3e38; 4], 2),
            "eigenvalues of a 2 x 2 matrix: the result is beyond the largest number"
        );
        let root = |a: &[f32], p, eps| message(inverse_root(a, 1, p, eps));
        assert_eq!(
            root(&[1.0], 0.0, 0.0),
            "inverse root of a 1 x 1 matrix: p must be a positive number, not 0"
        );
        assert_eq!(
            root(&[1.0], 2.0, -1.0),
            "inverse root of a 1 x 1 matrix: eps must be a number of at least 0, not -1"
        );
        assert_eq!(
            root(&[0.0], 2.0, 0.0),
            "inverse root of a 1 x 1 matrix: not positive definite: the least eigenvalue is 0"
        );
        assert!(root(&[0.0], 1.0, 1e-300).ends_with("the result is beyond the largest number"));
    }
}
