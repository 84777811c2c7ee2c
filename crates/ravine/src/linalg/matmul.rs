//! Matrix products. The only module of the engine that calls the `gemm` crate, which works on raw pointers.

use super::transpose::transpose;
use super::{Mat, MatMut, Scalar};
use rayon::prelude::*;
use std::ops::Range;

/// Multiply-adds in a tile: a fraction of a millisecond, so that handing tiles to threads costs nothing.
const TILE: usize = 1 << 22;

/// Tiles are a multiple of this wide: four of the widest vectors, what the kernel does at once.
pub(super) const UNIT: usize = 64;

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
pub fn matmul<T: Scalar>(
    c: &mut [T],
    accumulate: bool,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    finish: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    let (rows, cols) = (a.rows, b.cols);
    assert_eq!(a.cols, b.rows, "inner extents of a product");
    assert_eq!(Some(c.len()), rows.checked_mul(cols), "a product of {rows} x {cols}");
    if c.is_empty() {
        return;
    }
    let count = (c.len().saturating_mul(a.cols) / TILE).next_power_of_two().clamp(1, TILES);
    let step = rows.max(cols).div_ceil(count).next_multiple_of(UNIT);
    if rows > step && rows > cols && b.col_stride != 1 {
        // Each tile would turn `b` again.
        return T::with_scratch(|scratch| {
            scratch.resize(b.rows * b.cols, T::default());
            transpose(b.data, b.col_stride, scratch, b.cols);
            matmul(c, accumulate, a, Mat::new(scratch, b.rows, b.cols), finish);
        });
    }
    let target = Target(c.as_mut_ptr());
    let finish = |_, start, row: &mut [T]| finish(start, row);
    if rows > cols {
        tasks(rows.div_ceil(step), |i| {
            let part = i * step..rows.min((i + 1) * step);
            // SAFETY: the tasks write disjoint rows of `c`, which is borrowed until all are done.
            unsafe { tile(target, cols, part, 0..cols, accumulate, a, b, &finish) }
        });
    } else {
        tasks(cols.div_ceil(step), |i| {
            let part = i * step..cols.min((i + 1) * step);
            // SAFETY: the tasks write disjoint columns of `c`, which is borrowed until all are done.
            unsafe { tile(target, cols, 0..rows, part, accumulate, a, b, &finish) }
        });
    }
}

/// `c = a b`, or `c += a b` if `accumulate`, on the calling thread alone: for products inside of a parallel task.
///
/// # Panics
/// If the shapes do not fit together.
pub fn matmul_serial<T: Scalar>(c: MatMut<'_, T>, accumulate: bool, a: Mat<'_, T>, b: Mat<'_, T>) {
    assert_eq!(a.cols, b.rows, "inner extents of a product");
    assert_eq!((c.rows, c.cols), (a.rows, b.cols), "extents of a product");
    // SAFETY: `c` is borrowed, and all of the matrix lies inside of it.
    unsafe { product(c.data.as_mut_ptr(), c.row_stride, accumulate, a, b) }
}

/// Does `task(i)` for each i below `count`.
pub(super) fn tasks(count: usize, task: impl Fn(usize) + Send + Sync) {
    if count <= 1 || rayon::current_num_threads() == 1 {
        (0..count).for_each(task);
    } else {
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    }
}

/// The start of the result, shared by the tasks.
#[derive(Clone, Copy)]
pub(super) struct Target<T>(pub(super) *mut T);
// SAFETY: each task writes a tile of its own.
unsafe impl<T> Send for Target<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Target<T> {}

/// One tile of a product with `stride` columns. `finish` gets the row, the column it starts at, and the values.
///
/// # Safety
/// `rows` and `cols` must lie in `a`, in `b`, and in the matrix at `c`; nobody else may use that tile of `c` meanwhile.
#[allow(clippy::too_many_arguments)]
pub(super) unsafe fn tile<T: Scalar>(
    c: Target<T>,
    stride: usize,
    rows: Range<usize>,
    cols: Range<usize>,
    accumulate: bool,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    finish: &impl Fn(usize, usize, &mut [T]),
) {
    // SAFETY: the corner is inside of the matrix at `c`, by the contract above.
    let corner = unsafe { c.0.add(rows.start * stride + cols.start) };
    // SAFETY: the result is that tile.
    unsafe { product(corner, stride, accumulate, a.row_range(rows.clone()), b.col_range(cols.clone())) }
    for row in 0..rows.len() {
        // SAFETY: this row of the tile is initialised, and ours alone by the contract above.
        let values = unsafe { std::slice::from_raw_parts_mut(corner.add(row * stride), cols.len()) };
        finish(rows.start + row, cols.start, values);
    }
}

/// The product, on this thread.
///
/// # Safety
/// A matrix of the rows of `a`, the columns of `b` and rows `stride` apart must lie at `c`, and nobody else use it.
unsafe fn product<T: Scalar>(c: *mut T, stride: usize, accumulate: bool, a: Mat<'_, T>, b: Mat<'_, T>) {
    debug_assert_eq!(a.cols, b.rows);
    let one = T::from_f64(1.0);
    // SAFETY: the extents and strides stay inside of the three matrices; those of `a` and `b` were checked when made.
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            c,
            1,
            stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            one,
            one,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::{bits, on_threads, transposed, uniform};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equals_the_definition(m in 0usize..40, n in 0usize..40, k in 0usize..40, flags in 0u8..8) {
            let (a, b) = (uniform(m * k, 1), uniform(k * n, 2));
            let accumulate = flags & 1 == 1;
            let (at, bt) = (transposed(&a, k), transposed(&b, n));
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
    fn strided_products_leave_what_is_between_their_rows() {
        let (a, b) = (uniform(5 * 9, 5), uniform(4 * 11, 6));
        let mut c = vec![7.0; 5 * 8];
        let left = Mat::strided(&a[2..], 5, 4, 9);
        matmul_serial(MatMut::strided(&mut c[1..], 5, 3, 8), false, left, Mat::strided(&b[6..], 4, 3, 11));
        for (i, c) in c.iter().enumerate() {
            let (row, col) = (i / 8, i % 8);
            let sum: f64 = if (1..4).contains(&col) {
                (0..4).map(|l| a[2 + row * 9 + l] * b[5 + l * 11 + col]).sum()
            } else {
                7.0
            };
            assert!((c - sum).abs() < 1e-14, "{i}");
        }
        let mut d = vec![1.0; 6];
        let turned = Mat::strided(&b[6..], 2, 4, 11).transposed();
        matmul_serial(MatMut::strided(&mut d, 3, 2, 2), true, left.row_range(1..4), turned);
        let last: f64 = (0..4).map(|l| a[2 + 3 * 9 + l] * b[6 + 11 + l]).sum();
        assert!((d[5] - 1.0 - last).abs() < 1e-14);
    }

    #[test]
    fn tiles_cover_large_products_both_ways_with_the_same_bits_for_any_threads() {
        for (m, n, k) in [(1000, 70, 150), (70, 1000, 150)] {
            let (a, b) = (uniform(m * k, 3), uniform(k * n, 4));
            let turned = transposed(&b, n);
            let products = [1, 2, 3].map(|threads| {
                let mut c = vec![f64::NAN; m * n];
                let right = Mat::new(&turned, n, k).transposed();
                on_threads(threads, || matmul(&mut c, false, Mat::new(&a, m, k), right, |_, _| {}));
                c
            });
            for i in (0..m * n).step_by(97).chain([m * n - 1]) {
                let sum: f64 = (0..k).map(|l| a[i / n * k + l] * b[l * n + i % n]).sum();
                assert!((products[0][i] - sum).abs() < 1e-12);
            }
            assert_eq!(bits(&products[0]), bits(&products[1]));
            assert_eq!(bits(&products[0]), bits(&products[2]));
        }
    }
}
