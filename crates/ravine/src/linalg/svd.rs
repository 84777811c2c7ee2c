//! Singular value decomposition.

use super::transpose::transpose;
use super::{Mat, Operation, Scalar, matmul, power_of_two, qr};
use crate::error::Result;
use rayon::prelude::*;

/// Squares of lengths below this, of rows of a matrix whose largest length is about 1, have lost digits to underflow.
const ZERO: f64 = 1e-280;

/// Sweeps over all pairs before giving up.
const SWEEPS: usize = 60;

/// Values in a task: some microseconds of work.
const TASK: usize = 1 << 14;

/// `(u, s, v_t)` with `a = u diag(s) v_t` for an m x n matrix: u is m x k and v_t is k x n, with orthonormal columns and
/// rows, s holds the k singular values, the largest first, and k is the smaller of m and n. As
/// `torch.linalg.svd(a, full_matrices=False)` gives them; signs are arbitrary, though the same each time.
///
/// Method: a QR decomposition, then one-sided Jacobi rotations of the rows of r until any two are orthogonal, in
/// parallel as in a tournament; J. Demmel, Applied Numerical Linear Algebra, 5.4.3; Z. Drmac, K. Veselic, New fast and
/// accurate Jacobi SVD algorithm, 2008. Convergence is quadratic in the end: 5 to 10 sweeps.
///
/// # Errors
/// `a` does not hold m n values; one is not finite; no convergence; a result is beyond the largest number.
#[allow(clippy::type_complexity)]
pub fn svd<T: Scalar>(a: &[T], m: usize, n: usize) -> Result<(Vec<T>, Vec<T>, Vec<T>)> {
    let operation = Operation { name: "singular values", rows: m, cols: n };
    let mut a = operation.read(a)?;
    if a.is_empty() {
        return Ok((Vec::new(), Vec::new(), Vec::new()));
    }
    let scale = power_of_two(&a);
    a.iter_mut().for_each(|x| *x /= scale);
    let (u, s, v_t) = if m < n {
        let (v, s, u_t) = tall(operation, &turned(&a, n), n, m)?;
        (turned(&u_t, m), s, turned(&v, m))
    } else {
        tall(operation, &a, m, n)?
    };
    let s = s.into_iter().map(|s| s * scale);
    Ok((operation.write(u.into_iter())?, operation.write(s)?, operation.write(v_t.into_iter())?))
}

/// A matrix of `cols` columns with rows and columns exchanged.
fn turned(x: &[f64], cols: usize) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    transpose(x, cols, &mut y, x.len() / cols);
    y
}

/// `(u, s, v_t)` for m >= n.
///
/// Rotations J make the rows of r orthogonal: `J r = diag(s) v_t`. So `a = q r = (q J^T) diag(s) v_t`.
fn tall(operation: Operation, a: &[f64], m: usize, n: usize) -> Result<(Vec<f64>, Vec<f64>, Vec<f64>)> {
    let (q, r) = qr(a, m, n)?;
    // Each row of r, and behind it that of J.
    let row = |(i, r): (usize, &[f64])| {
        let mut row = r.to_vec();
        row.resize(2 * n, 0.0);
        row[n + i] = 1.0;
        row
    };
    let mut rows: Vec<Vec<f64>> = r.chunks_exact(n).enumerate().map(row).collect();
    if !(0..SWEEPS).any(|_| !sweep(&mut rows)) {
        return Err(operation.diverged());
    }
    let length = |row: Vec<f64>| {
        let [square, ..] = products(&row[..n], &row[..n]);
        (if square < ZERO { 0.0 } else { square.sqrt() }, row)
    };
    let mut rows: Vec<(f64, Vec<f64>)> = rows.into_iter().map(length).collect();
    rows.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let (mut v_t, mut j) = (vec![0.0; n * n], Vec::with_capacity(n * n));
    for ((s, row), v) in rows.iter().zip(v_t.chunks_exact_mut(n)).filter(|((s, _), _)| *s > 0.0) {
        v.iter_mut().zip(row).for_each(|(v, x)| *v = x / s);
    }
    rows.iter().for_each(|(_, row)| j.extend_from_slice(&row[n..]));
    if rows[n - 1].0 == 0.0 {
        // Reflections find directions for the zeros, and leave those that are orthonormal already.
        let (v, _) = qr(&turned(&v_t, n), n, n)?;
        v_t = turned(&v, n);
    }
    let mut u = vec![0.0; m * n];
    matmul(&mut u, false, Mat::new(&q, m, n), Mat::new(&j, n, n).transposed(), |_, _| {});
    Ok((u, rows.into_iter().map(|(s, _)| s).collect(), v_t))
}

/// Makes each two rows orthogonal once, and tells whether any were not. All are in their places afterwards.
///
/// In each round of the tournament, the first plays the last, the second the last but one, and so on; then all move on by
/// a place, but for the first if their number is even. Pairs of a round share nothing, so the threads change no bit.
fn sweep(rows: &mut [Vec<f64>]) -> bool {
    let n = rows.len();
    let seated = usize::from(n % 2 == 0);
    let mut rotated = false;
    for _ in seated..n {
        let (front, back) = rows.split_at_mut(n / 2);
        rotated |= if n * n <= TASK || rayon::current_num_threads() == 1 {
            front.iter_mut().zip(back.iter_mut().rev()).fold(false, |any, (a, b)| rotate(a, b) | any)
        } else {
            let pairs =
                front.par_iter_mut().zip(back.par_iter_mut().rev()).with_min_len(TASK.div_ceil(4 * n));
            pairs.map(|(a, b)| rotate(a, b)).reduce(|| false, |a, b| a | b)
        };
        rows[seated..].rotate_right(1);
    }
    rotated
}

/// Makes the first halves of two rows orthogonal, if they are not, by a rotation of at most an eighth of a turn.
fn rotate(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = a.len() / 2;
    let [aa, bb, ab] = products(&a[..n], &b[..n]);
    if aa < ZERO || bb < ZERO || ab.abs() <= (n as f64).sqrt() * f64::EPSILON * aa.sqrt() * bb.sqrt() {
        return false;
    }
    let zeta = (bb - aa) / (2.0 * ab);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    turn(a, b, cosine, cosine * tangent);
    true
}

crate::simd! {
    /// a a, b b and a b.
    fn products(a: &[f64], b: &[f64]) -> [f64; 3] {
        let mut lanes = [[0.0; 8]; 3];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
        for (a, b) in a.iter().zip(b) {
            for i in 0..8 {
                lanes[0][i] += a[i] * a[i];
                lanes[1][i] += b[i] * b[i];
                lanes[2][i] += a[i] * b[i];
            }
        }
        for (i, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
            lanes[0][i] += a * a;
            lanes[1][i] += b * b;
            lanes[2][i] += a * b;
        }
        lanes.map(|lanes| lanes.iter().sum())
    }

    /// (a, b) = (cosine a - sine b, sine a + cosine b).
    fn turn(a: &mut [f64], b: &mut [f64], cosine: f64, sine: f64) {
        for (a, b) in a.iter_mut().zip(b) {
            (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::qr;
    use super::super::test::{
        bits, diagonal, distance, largest, on_threads, product, skew, transposed, uniform,
    };
    use super::*;
    use proptest::prelude::*;

    fn check(a: &[f64], m: usize, n: usize) -> Vec<f64> {
        let (u, s, v_t) = svd(a, m, n).unwrap();
        let (k, tolerance) = (m.min(n), 8.0 * m.max(n) as f64 * f64::EPSILON);
        assert_eq!((u.len(), s.len(), v_t.len()), (m * k, k, k * n));
        assert!(skew(&u, k) < tolerance, "{m} x {n}: skew {}", skew(&u, k));
        assert!(
            skew(&transposed(&v_t, n), k) < tolerance,
            "{m} x {n}: skew {}",
            skew(&transposed(&v_t, n), k)
        );
        let scaled: Vec<f64> = u.iter().enumerate().map(|(i, u)| u * s[i % k]).collect();
        let error = distance(&product(&scaled, &v_t, (m, k, n)), a);
        assert!(error <= tolerance * largest(a), "{m} x {n}: {error} of {}", largest(a));
        assert!(s.is_sorted_by(|a, b| a >= b) && s[k - 1] >= 0.0, "{s:?}");
        s
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Also of low rank and of any size of the values.
        #[test]
        fn decomposes(m in 1usize..40, n in 1usize..40, rank in 0usize..40, power in -300i32..300, seed in 0u64..99) {
            let (left, right) = (uniform(m * rank, seed), uniform(rank * n, seed + 100));
            let a = product(&left, &right, (m, rank, n));
            let s = check(&a.iter().map(|x| x * 10f64.powi(power)).collect::<Vec<_>>(), m, n);
            let negligible = 8.0 * m.max(n) as f64 * f64::EPSILON * s[0];
            prop_assert!(s.iter().skip(rank).all(|&s| s <= negligible), "{s:?}");
        }

        #[test]
        fn finds_the_singular_values(
            mut values in proptest::collection::vec(0.0f64..1.0, 1..30), more in 0usize..10, grade in 0i32..30
        ) {
            let n = values.len();
            for (i, value) in values.iter_mut().enumerate() {
                *value *= 10f64.powi(-grade * i as i32 / 4);
            }
            let (u, _) = qr(&uniform((n + more) * n, 1), n + more, n).unwrap();
            let (v, _) = qr(&uniform(n * n, 2), n, n).unwrap();
            let a = product(&product(&u, &diagonal(&values), (n + more, n, n)), &v, (n + more, n, n));
            let s = check(&a, n + more, n);
            let turned = check(&transposed(&a, n), n, n + more);
            values.sort_by(|a, b| b.total_cmp(a));
            prop_assert!(distance(&s, &values) < 1e-13);
            prop_assert!(distance(&turned, &values) < 1e-13);
        }
    }

    #[test]
    fn known_values() {
        assert_eq!(svd(&[-2.0f32], 1, 1).unwrap().1, [2.0]);
        // One row or column: its length.
        assert!(distance(&check(&[3.0, 0.0, 4.0], 1, 3), &[5.0]) < 1e-15);
        assert!(distance(&check(&[3.0, 0.0, 4.0], 3, 1), &[5.0]) < 1e-15);
        // Singular values of [[1, 1], [0, 1]]: the golden ratio and its inverse.
        let golden = (1.0 + 5f64.sqrt()) / 2.0;
        assert!(distance(&check(&[1.0, 1.0, 0.0, 1.0], 2, 2), &[golden, 1.0 / golden]) < 1e-15);
        for (m, n) in [(0, 0), (0, 3), (3, 0)] {
            assert_eq!(svd::<f64>(&[], m, n).unwrap(), (vec![], vec![], vec![]));
        }
    }

    #[test]
    fn awkward_matrices_are_decomposed() {
        let n = 30;
        let hilbert: Vec<f64> = (0..n * n).map(|i| 1.0 / (i / n + i % n + 1) as f64).collect();
        // W. Kahan's: the last value is far below what a triangle's diagonal shows.
        let kahan: Vec<f64> = (0..n * n)
            .map(|i| match (i / n).cmp(&(i % n)) {
                std::cmp::Ordering::Less => -0.6 * 0.8f64.powi((i / n) as i32),
                std::cmp::Ordering::Equal => 0.8f64.powi((i / n) as i32),
                std::cmp::Ordering::Greater => 0.0,
            })
            .collect();
        let shift: Vec<f64> = (0..n * n).map(|i| if i % n == i / n + 1 { 1.0 } else { 0.0 }).collect();
        let sparse: Vec<f64> = (0..n * n).map(|i| if i % 41 == 3 { 1.0 } else { 0.0 }).collect();
        for a in [hilbert, kahan, shift, sparse, vec![1.0; n * n], vec![0.0; n * n], diagonal(&[1e-300; 30])]
        {
            check(&a, n, n);
        }
    }

    #[test]
    fn the_same_bits_for_any_threads() {
        let a = uniform(90 * 60, 3);
        let factors = [1, 2, 3].map(|threads| on_threads(threads, || svd(&a, 60, 90).unwrap()));
        for other in &factors[1..] {
            assert_eq!(bits(&factors[0].0), bits(&other.0));
            assert_eq!(bits(&factors[0].1), bits(&other.1));
            assert_eq!(bits(&factors[0].2), bits(&other.2));
        }
    }

    #[test]
    fn refusals_say_why() {
        let message = |a: &[f32], m, n| svd(a, m, n).unwrap_err().to_string();
        assert_eq!(message(&[1.0; 5], 2, 3), "singular values of a 2 x 3 matrix: got 5 values");
        assert_eq!(
            message(&[0.0, f32::NEG_INFINITY], 2, 1),
            "singular values of a 2 x 1 matrix: the value at row 1, column 0 is -inf"
        );
        assert_eq!(
            message(&[3e38; 4], 2, 2),
            "singular values of a 2 x 2 matrix: the result is beyond the largest number"
        );
    }
}
