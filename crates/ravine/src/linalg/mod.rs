//! The linear algebra of rules that see a whole matrix.
//!
//! | For | See |
//! |---|---|
//! | Products of matrices in slices, as they lie or transposed | [`matmul`](matmul()), [`matmul_serial`], [`gram`](gram()); [`Mat`], [`MatMut`] |
//! | An approximate orthogonal factor, by products alone | [`newton_schulz`](newton_schulz()) |
//! | Eigenvalues, roots of symmetric matrices | [`symmetric_eigen`], [`inverse_root`] |
//! | Orthogonal and triangular factors | [`qr`](qr()), [`solve_triangular`] |
//! | Singular values | [`svd`](svd()) |
//!
//! Matrices are slices of f32 or f64, row by row: element (i, j) of m x n values is at i n + j. Everything gives the
//! same bits for any number of threads. Products and [`newton_schulz`](newton_schulz()) compute in the type of their
//! values, in the rayon pool of the caller, and are written by the caller into buffers of the caller; wrong lengths panic. The
//! decompositions compute in f64 on the calling thread, return new vectors, and return an error where lengths are
//! wrong, a value is not finite, an iteration does not converge, or a result is beyond the largest number of the type.

mod eigen;
mod gram;
mod mat;
mod matmul;
mod newton_schulz;
mod qr;
mod scalar;
mod svd;
mod transpose;
mod triangular;

pub use eigen::{inverse_root, symmetric_eigen};
pub use gram::gram;
pub use mat::{Mat, MatMut};
pub use matmul::{matmul, matmul_serial};
pub use newton_schulz::{newton_schulz, newton_schulz_scratch};
pub use qr::qr;
pub use scalar::Scalar;
pub use svd::svd;
pub use triangular::{Side, Triangle, solve_triangular};

use crate::error::{Error, Kind, Result};

/// What is done to which matrix, for errors.
#[derive(Clone, Copy)]
struct Operation {
    name: &'static str,
    rows: usize,
    cols: usize,
}

impl Operation {
    fn error(self, problem: impl Into<String>) -> Error {
        Kind::Matrix { operation: self.name, rows: self.rows, cols: self.cols, problem: problem.into() }
            .into()
    }

    /// The values, if there are as many as there should be and all are finite.
    fn read<T: Scalar>(self, a: &[T]) -> Result<Vec<f64>> {
        if Some(a.len()) != self.rows.checked_mul(self.cols) {
            return Err(self.error(format!("got {} values", a.len())));
        }
        let a: Vec<f64> = a.iter().map(|&x| x.into()).collect();
        if let Some(i) = a.iter().position(|x| !x.is_finite()) {
            let (row, col) = (i / self.cols, i % self.cols);
            return Err(self.error(format!("the value at row {row}, column {col} is {}", a[i])));
        }
        Ok(a)
    }

    /// These values in `T`, if they are finite there.
    fn write<T: Scalar>(self, values: impl Iterator<Item = f64>) -> Result<Vec<T>> {
        let mut finite = true;
        let narrow = |x: f64| {
            let x = T::from_f64(x);
            finite &= x.into().is_finite();
            x
        };
        let values: Vec<T> = values.map(narrow).collect();
        if finite { Ok(values) } else { Err(self.error("the result is beyond the largest number")) }
    }

    fn diverged(self) -> Error {
        self.error("the iteration does not converge")
    }
}

/// The largest power of two that is not above the largest of the values, or next to it: to divide by, so that squares
/// neither overflow nor vanish and nothing is rounded.
fn power_of_two(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    largest.log2().floor().clamp(-1000.0, 1000.0).exp2()
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::random::Random;

    pub(super) fn uniform(n: usize, stream: u64) -> Vec<f64> {
        (0..n as u64).map(|i| Random::new(7).stream(stream).uniform(i) - 0.5).collect()
    }

    /// A matrix of `cols` columns turned.
    pub(super) fn transposed(x: &[f64], cols: usize) -> Vec<f64> {
        let rows = x.len() / cols.max(1);
        (0..x.len()).map(|i| x[i % rows * cols + i / rows]).collect()
    }

    pub(super) fn product(a: &[f64], b: &[f64], (m, k, n): (usize, usize, usize)) -> Vec<f64> {
        let mut c = vec![0.0; m * n];
        matmul(&mut c, false, Mat::new(a, m, k), Mat::new(b, k, n), |_, _| {});
        c
    }

    /// The largest difference.
    pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).fold(0.0, |most, (a, b)| if (a - b).abs() <= most { most } else { (a - b).abs() })
    }

    /// How far the columns of a matrix of `cols` columns are from orthonormal.
    pub(super) fn skew(q: &[f64], cols: usize) -> f64 {
        let mut square = vec![0.0; cols * cols];
        gram(&mut square, Mat::new(q, q.len() / cols.max(1), cols).transposed(), |_, _, _| {});
        distance(&square, &diagonal(&vec![1.0; cols]))
    }

    pub(super) fn diagonal(values: &[f64]) -> Vec<f64> {
        let n = values.len();
        (0..n * n).map(|i| if i / n == i % n { values[i / n] } else { 0.0 }).collect()
    }

    pub(super) fn largest(a: &[f64]) -> f64 {
        a.iter().fold(0.0, |most, x| x.abs().max(most))
    }

    pub(super) fn bits(x: &[f64]) -> Vec<u64> {
        x.iter().map(|x| x.to_bits()).collect()
    }

    pub(super) fn on_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(f)
    }
}
