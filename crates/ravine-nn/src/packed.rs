//! A matrix laid out for many products with few rows each.

use std::ops::Range;

use crate::{Float, Mat, MatMut, matmul_serial};

/// Columns of a block: four of the widest vectors.
const COLS: usize = 64;

/// Rows of a block, so that it fits into the nearest cache.
const ROWS: usize = 128;

/// A matrix in blocks, each without gaps: from one to the next only the cache is read again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed<T> {
    rows: usize,
    cols: usize,
    data: Vec<T>,
}

/// Neighbouring ranges of `size`, the last shorter, up to `end`.
fn cuts(end: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..end).step_by(size).map(move |start| start..end.min(start + size))
}

impl<T: Float> Packed<T> {
    /// Takes a row-major matrix in, or its transposed.
    pub(crate) fn pack(&mut self, data: &[T], rows: usize, cols: usize, transposed: bool) {
        (self.rows, self.cols) = (rows, cols);
        self.data.clear();
        self.data.reserve(data.len());
        for columns in cuts(cols, COLS) {
            for row in 0..rows {
                if transposed {
                    self.data.extend(columns.clone().map(|col| data[col * rows + row]));
                } else {
                    self.data.extend_from_slice(&data[row * cols..][columns.clone()]);
                }
            }
        }
    }

    /// `c = a self`, or `c += a self` if `accumulate`, on the calling thread alone.
    pub(crate) fn product(&self, mut c: MatMut<'_, T>, accumulate: bool, a: Mat<'_, T>) {
        for columns in cuts(self.cols, COLS) {
            let panel = &self.data[columns.start * self.rows..columns.end * self.rows];
            for rows in cuts(self.rows, ROWS) {
                let block = &panel[rows.start * columns.len()..rows.end * columns.len()];
                let (add, block) = (accumulate || rows.start > 0, Mat::new(block, rows.len(), columns.len()));
                matmul_serial(c.col_range(columns.clone()), add, a.col_range(rows), block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_any_size_make_the_product() {
        for (m, n, k) in [(3, 5, 7), (2, 64, 128), (5, 130, 300)] {
            let a: Vec<f64> = (0..m * k).map(|i| (i * 7 % 13) as f64).collect();
            let b: Vec<f64> = (0..k * n).map(|i| (i * 5 % 11) as f64).collect();
            let turned: Vec<f64> = (0..k * n).map(|i| b[i % k * n + i / k]).collect();
            let mut packed = Packed::default();
            for (data, transposed) in [(&b, false), (&turned, true)] {
                packed.pack(data, k, n, transposed);
                let mut c = vec![1.0; m * n];
                packed.product(MatMut::strided(&mut c, m, n, n), true, Mat::new(&a, m, k));
                for (i, c) in c.iter().enumerate() {
                    let sum: f64 = (0..k).map(|l| a[i / n * k + l] * b[l * n + i % n]).sum();
                    assert_eq!(*c, sum + 1.0, "{m} {n} {k}: {i}");
                }
            }
        }
    }
}
