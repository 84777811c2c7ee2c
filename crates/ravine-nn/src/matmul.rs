//! Matrix products. The only module with `unsafe`: the `gemm` crate works on raw pointers.

use std::ops::Range;

use crate::{Float, parallel};

/// A matrix in a slice, read in its own order or transposed.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a, T> {
    data: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a, T> Mat<'a, T> {
    /// A row-major matrix.
    ///
    /// # Panics
    /// If `data` does not hold `rows * cols` values.
    pub fn new(data: &'a [T], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a matrix of {rows} x {cols}");
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The same values with rows and columns exchanged. Nothing moves.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// Multiply-adds in a tile: a fraction of a millisecond, so that handing tiles to threads costs nothing.
const TILE: usize = 1 << 22;

/// Tiles are a multiple of this wide: four of the widest vectors, what the kernel does at once.
const UNIT: usize = 64;

/// The most tiles of one product: more would pack the shared operand too often.
const TILES: usize = 16;

/// `c = a b`, or `c += a b` if `accumulate`, for a row-major `c`.
///
/// `finish` is called on each row of a tile while it is still in the cache, with the column it starts at: the place for
/// a bias or an activation. The tiles depend on the shapes alone and each is computed by one thread, so the result
/// has the same bits for any number of threads.
///
/// # Panics
/// If the shapes do not fit together.
pub fn matmul<T: Float>(
    c: &mut [T],
    accumulate: bool,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    finish: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    let (rows, cols) = (a.rows, b.cols);
    assert_eq!(a.cols, b.rows, "inner extents of a product");
    assert_eq!(c.len(), rows * cols, "a product of {rows} x {cols}");
    let count = (rows * cols * a.cols / TILE).next_power_of_two().clamp(1, TILES);
    let step = rows.max(cols).div_ceil(count).next_multiple_of(UNIT);
    let target = Target(c.as_mut_ptr());
    if rows > cols {
        parallel::tasks(rows.div_ceil(step), |i| {
            let part = i * step..rows.min((i + 1) * step);
            // SAFETY: the tasks write disjoint rows of `c`, which is borrowed until all are done.
            unsafe { tile(target, cols, part, 0..cols, accumulate, a, b, &finish) }
        });
    } else {
        parallel::tasks(cols.div_ceil(step), |i| {
            let part = i * step..cols.min((i + 1) * step);
            // SAFETY: the tasks write disjoint columns of `c`, which is borrowed until all are done.
            unsafe { tile(target, cols, 0..rows, part, accumulate, a, b, &finish) }
        });
    }
}

/// The start of the result, shared by the tasks.
#[derive(Clone, Copy)]
struct Target<T>(*mut T);
// SAFETY: each task writes a tile of its own.
unsafe impl<T> Send for Target<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Target<T> {}

/// One tile of a product with `stride` columns.
///
/// # Safety
/// `rows` and `cols` must lie in `a`, in `b`, and in the matrix at `c`; nobody else may use that tile of `c` meanwhile.
#[allow(clippy::too_many_arguments)]
unsafe fn tile<T: Float>(
    c: Target<T>,
    stride: usize,
    rows: Range<usize>,
    cols: Range<usize>,
    accumulate: bool,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    finish: &impl Fn(usize, &mut [T]),
) {
    // SAFETY: the corner is inside of the matrix at `c`, by the contract above.
    let corner = unsafe { c.0.add(rows.start * stride + cols.start) };
    let (a_start, b_start) = (&a.data[rows.start * a.row_stride..], &b.data[cols.start * b.col_stride..]);
    // SAFETY: the extents and strides stay inside of the three matrices; their sizes were checked when made.
    unsafe {
        gemm::gemm(
            rows.len(),
            cols.len(),
            a.cols,
            corner,
            1,
            stride as isize,
            accumulate,
            a_start.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b_start.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
    for row in 0..rows.len() {
        // SAFETY: this row of the tile is initialised, and ours alone by the contract above.
        finish(cols.start, unsafe { std::slice::from_raw_parts_mut(corner.add(row * stride), cols.len()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ravine::random::Random;

    fn values(n: usize, stream: u64) -> Vec<f64> {
        (0..n as u64).map(|i| Random::new(7).stream(stream).uniform(i) - 0.5).collect()
    }

    fn transpose(x: &[f64], rows: usize, cols: usize) -> Vec<f64> {
        (0..rows * cols).map(|i| x[i % rows * cols + i / rows]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equals_the_definition(m in 1usize..40, n in 1usize..40, k in 1usize..40, flags in 0u8..8) {
            let (a, b) = (values(m * k, 1), values(k * n, 2));
            let accumulate = flags & 1 == 1;
            let (at, bt) = (transpose(&a, m, k), transpose(&b, k, n));
            let left = if flags & 2 == 0 { Mat::new(&a, m, k) } else { Mat::new(&at, k, m).transposed() };
            let right = if flags & 4 == 0 { Mat::new(&b, k, n) } else { Mat::new(&bt, n, k).transposed() };
            let mut c = vec![1.0; m * n];
            matmul(&mut c, accumulate, left, right, |start, row| {
                for (j, v) in row.iter_mut().enumerate() {
                    *v += (start + j) as f64;
                }
            });
            for (i, c) in c.iter().enumerate() {
                let sum: f64 = (0..k).map(|l| a[i / n * k + l] * b[l * n + i % n]).sum();
                let expected = sum + (i % n) as f64 + if accumulate { 1.0 } else { 0.0 };
                prop_assert!((c - expected).abs() < 1e-12, "{i}: {c} {expected}");
            }
        }
    }

    #[test]
    fn tiles_cover_large_products_both_ways() {
        for (m, n, k) in [(1000, 70, 150), (70, 1000, 150)] {
            let (a, b) = (values(m * k, 3), values(k * n, 4));
            let mut c = vec![f64::NAN; m * n];
            matmul(&mut c, false, Mat::new(&a, m, k), Mat::new(&b, k, n), |_, _| {});
            for i in (0..m * n).step_by(97).chain([m * n - 1]) {
                let sum: f64 = (0..k).map(|l| a[i / n * k + l] * b[l * n + i % n]).sum();
                assert!((c[i] - sum).abs() < 1e-12);
            }
        }
    }
}
