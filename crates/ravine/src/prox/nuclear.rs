//! The prox of the nuclear norm.

use super::elastic_net;
use crate::element::Math;
use crate::error::Result;
use crate::linalg::{Mat, matmul, svd};

/// Puts the prox of `strength` times the sum of the singular values of a row-major matrix in its place: each singular value
/// becomes `max(s - strength, 0)`, the vectors stay.
///
/// # Errors
/// Those of [`svd`](svd()): a value that is not finite, no convergence. The matrix is unchanged then.
///
/// # Panics
/// If `v` does not hold `rows * cols` values.
pub fn nuclear<R: Math>(v: &mut [R], rows: usize, cols: usize, strength: f64) -> Result<()> {
    assert_eq!(Some(v.len()), rows.checked_mul(cols), "a matrix of {rows} x {cols}");
    let (mut u, s, v_t) = svd(v, rows, cols)?;
    let k = s.len();
    for row in u.chunks_exact_mut(k.max(1)) {
        row.iter_mut()
            .zip(&s)
            .for_each(|(u, &s)| *u = *u * elastic_net(s, R::from_f64(strength), R::default()));
    }
    matmul(v, false, Mat::new(&u, rows, k), Mat::new(&v_t, k, cols), |_, _| {});
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::test::vector;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// v - x is in the subdifferential, `strength (U V^T + W)`: no singular value of it is above the strength, and its
        /// inner product with x is the strength times the sum of those of x.
        #[test]
        fn meets_its_optimality_condition(rows in 1usize..12, cols in 1usize..12, seed in 0u64..99, strength in 0.0..8.0f64) {
            let v = vector(rows * cols, seed);
            let mut x = v.clone();
            nuclear(&mut x, rows, cols, strength).unwrap();
            let rest: Vec<f64> = v.iter().zip(&x).map(|(v, x)| v - x).collect();
            let (largest, sum) = (svd(&rest, rows, cols).unwrap().1[0], svd(&x, rows, cols).unwrap().1.iter().sum::<f64>());
            prop_assert!(largest <= strength + 1e-11, "{} {}", largest, strength);
            let inner: f64 = rest.iter().zip(&x).map(|(r, x)| r * x).sum();
            prop_assert!((inner - strength * sum).abs() < 1e-10, "{} {}", inner, strength * sum);
        }
    }

    #[test]
    fn lowers_the_rank_and_refuses_what_is_no_number() {
        let mut x = [3.0, 0.0, 0.0, 1.0];
        nuclear(&mut x, 2, 2, 1.5).unwrap();
        assert_eq!(x.map(f64::abs), [1.5, 0.0, 0.0, 0.0]);
        nuclear::<f32>(&mut [], 0, 3, 1.0).unwrap();
        let mut x = [f64::NAN, 1.0];
        assert!(nuclear(&mut x, 1, 2, 1.0).is_err());
        assert_eq!(x[1], 1.0);
    }
}
