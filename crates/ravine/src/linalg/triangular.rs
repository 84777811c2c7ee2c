//! Systems of equations with a triangular matrix.

use super::{Mat, Operation, Scalar};
use crate::error::Result;

/// Which half of a square matrix holds its values; the other half is taken for zeros and not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// The diagonal and what is below.
    Lower,
    /// The diagonal and what is above.
    Upper,
}

/// On which side of the unknown the triangular matrix stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `a x = b`.
    Left,
    /// `x a = b`.
    Right,
}

/// Solves `a x = b` or `x a = b` for a triangular n x n matrix `a` and puts x in the place of b, row by row: n x k for
/// [`Side::Left`], k x n for [`Side::Right`], whatever the k.
///
/// `triangle` tells where the values of `a` are as it is seen: with `a.transposed()`, the half of the transposed.
///
/// Method: substitution; G. Golub, C. Van Loan, Matrix Computations, 3.1.
///
/// # Errors
/// `a` is not square; `b` holds no whole number of rows or columns; a value is not finite; a value on the diagonal is
/// 0; a result is beyond the largest number. `b` is unchanged then.
pub fn solve_triangular<T: Scalar>(a: Mat<'_, T>, triangle: Triangle, side: Side, b: &mut [T]) -> Result<()> {
    let n = a.rows();
    let operation = Operation { name: "triangular solve", rows: n, cols: a.cols() };
    if a.cols() != n {
        return Err(operation.error("the matrix must be square"));
    }
    if b.len() % n.max(1) != 0 || (n == 0 && !b.is_empty()) {
        return Err(operation.error(format!("{} values are no whole number of right sides", b.len())));
    }
    let a = read(operation, a, triangle)?;
    let mut x: Vec<f64> = b.iter().map(|&x| x.into()).collect();
    if let Some(i) = x.iter().position(|x| !x.is_finite()) {
        return Err(operation.error(format!("value {i} of the right side is {}", x[i])));
    }
    // From the equation of one unknown to that of all.
    let downwards = (triangle == Triangle::Lower) == (side == Side::Left);
    let order = (0..n).map(|step| if downwards { step } else { n - 1 - step });
    match side {
        Side::Left => left(&a, order, &mut x, b.len() / n.max(1)),
        Side::Right => x.chunks_exact_mut(n.max(1)).for_each(|x| right(&a, order.clone(), x)),
    }
    b.copy_from_slice(&operation.write::<T>(x.into_iter())?);
    Ok(())
}

/// The values of this half row by row, and zeros.
fn read<T: Scalar>(operation: Operation, a: Mat<'_, T>, triangle: Triangle) -> Result<Vec<f64>> {
    let n = a.rows();
    let mut values = vec![0.0; n * n];
    for row in 0..n {
        let half = if triangle == Triangle::Lower { 0..row + 1 } else { row..n };
        for col in half {
            let value: f64 = a.get(row, col).into();
            if !value.is_finite() || (row == col && value == 0.0) {
                return Err(operation.error(format!("the value at row {row}, column {col} is {value}")));
            }
            values[row * n + col] = value;
        }
    }
    Ok(values)
}

/// `a x = b`, where x and b have k columns: each row of x, once known, leaves the equations after it.
fn left(a: &[f64], order: impl Iterator<Item = usize> + Clone, x: &mut [f64], k: usize) {
    let n = a.len().isqrt();
    for (done, i) in order.clone().enumerate() {
        let row = &a[i * n..(i + 1) * n];
        let (before, rest) = x.split_at_mut(i * k);
        let (this, after) = rest.split_at_mut(k);
        for j in order.clone().take(done) {
            let known = if j < i { &before[j * k..][..k] } else { &after[(j - i - 1) * k..][..k] };
            subtract(row[j], known, this);
        }
        this.iter_mut().for_each(|x| *x /= row[i]);
    }
}

/// `x a = b` for one row x.
fn right(a: &[f64], order: impl Iterator<Item = usize>, x: &mut [f64]) {
    let n = x.len();
    for i in order {
        let row = &a[i * n..(i + 1) * n];
        let value = x[i] / row[i];
        // Zeros stand in the other half of the row, so what was found before stays.
        subtract(value, row, x);
        x[i] = value;
    }
}

crate::simd! {
    /// y -= factor x.
    fn subtract(factor: f64, x: &[f64], y: &mut [f64]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y -= factor * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::{distance, product, transposed, uniform};
    use super::*;
    use proptest::prelude::*;

    fn half(a: &[f64], n: usize, triangle: Triangle) -> Vec<f64> {
        let zero = |i: usize| if triangle == Triangle::Lower { i / n < i % n } else { i / n > i % n };
        (0..n * n).map(|i| if zero(i) { 0.0 } else { a[i] }).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn solves(n in 1usize..30, k in 0usize..20, lower: bool, left: bool, turned: bool) {
            let mut a = uniform(n * n, 1);
            (0..n).for_each(|i| a[i * n + i] = n as f64 + a[i * n + i]);
            let x = uniform(n * k, 2);
            let triangle = if lower { Triangle::Lower } else { Triangle::Upper };
            let coefficients = half(&a, n, triangle);
            let (side, mut b) = if left {
                (Side::Left, product(&coefficients, &x, (n, n, k)))
            } else {
                (Side::Right, product(&x, &coefficients, (k, n, n)))
            };
            // What is in the other half is not read.
            (0..n * n).filter(|&i| coefficients[i] == 0.0).for_each(|i| a[i] = f64::NAN);
            let at = transposed(&a, n);
            let a = if turned { Mat::new(&at, n, n).transposed() } else { Mat::new(&a, n, n) };
            solve_triangular(a, triangle, side, &mut b).unwrap();
            prop_assert!(distance(&b, &x) < 1e-13);
        }
    }

    #[test]
    fn known_solutions() {
        let a = Mat::new(&[2.0f32, 0.0, 1.0, 4.0], 2, 2);
        let mut b = [2.0f32, 9.0];
        solve_triangular(a, Triangle::Lower, Side::Left, &mut b).unwrap();
        assert_eq!(b, [1.0, 2.0]);
        let mut b = [4.0f32, 8.0];
        solve_triangular(a, Triangle::Lower, Side::Right, &mut b).unwrap();
        assert_eq!(b, [1.0, 2.0]);
        solve_triangular(Mat::<f64>::new(&[], 0, 0), Triangle::Upper, Side::Left, &mut []).unwrap();
    }

    #[test]
    fn ill_conditioned_systems_are_solved_backwards_stably() {
        // W. Kahan's matrix, of condition 1e15 and more: the residual is small all the same.
        let n = 60;
        let value = |i: usize| match (i / n).cmp(&(i % n)) {
            std::cmp::Ordering::Less => -0.6,
            std::cmp::Ordering::Equal => 1.0,
            std::cmp::Ordering::Greater => 0.0,
        };
        let a: Vec<f64> = (0..n * n).map(value).collect();
        let b = uniform(n, 3);
        let mut x = b.clone();
        solve_triangular(Mat::new(&a, n, n), Triangle::Upper, Side::Left, &mut x).unwrap();
        let size: f64 = x.iter().fold(0.0, |most, x| x.abs().max(most));
        assert!(size > 1e10, "{size}");
        let residual = distance(&product(&a, &x, (n, n, 1)), &b);
        assert!(residual < n as f64 * f64::EPSILON * size, "{residual} of {size}");
    }

    #[test]
    fn refusals_say_why_and_leave_the_right_side() {
        let message = |a: &[f32], (m, n): (usize, usize), b: &mut [f32]| {
            let before = b.to_vec();
            let solved = solve_triangular(Mat::new(a, m, n), Triangle::Upper, Side::Left, b);
            assert_eq!(format!("{before:?}"), format!("{b:?}"));
            solved.unwrap_err().to_string()
        };
        assert_eq!(
            message(&[1.0; 2], (1, 2), &mut [1.0]),
            "triangular solve of a 1 x 2 matrix: the matrix must be square"
        );
        assert_eq!(
            message(&[1.0; 4], (2, 2), &mut [1.0; 3]),
            "triangular solve of a 2 x 2 matrix: 3 values are no whole number of right sides"
        );
        assert_eq!(
            message(&[1.0, 2.0, 3.0, 0.0], (2, 2), &mut [1.0; 2]),
            "triangular solve of a 2 x 2 matrix: the value at row 1, column 1 is 0"
        );
        assert_eq!(
            message(&[1.0; 1], (1, 1), &mut [1.0, f32::NAN]),
            "triangular solve of a 1 x 1 matrix: value 1 of the right side is NaN"
        );
        assert_eq!(
            message(&[1e-30; 1], (1, 1), &mut [1e30]),
            "triangular solve of a 1 x 1 matrix: the result is beyond the largest number"
        );
        let mut none = [1.0f32];
        assert!(solve_triangular(Mat::new(&[], 0, 0), Triangle::Upper, Side::Left, &mut none).is_err());
    }
}
