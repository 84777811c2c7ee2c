//! Products of a matrix with its own transposed.

use super::matmul::{Target, UNIT, tasks, tile};
use super::{Mat, Scalar};
use std::ops::Range;

/// Blocks along a side: of n (n + 1) / 2 tiles the more are saved the smaller they are, but the more is packed.
const BLOCKS: usize = 8;

/// The least block: below, packing costs more than half of the product.
const LEAST: usize = 2 * UNIT;

/// `c = a a^T` for a row-major square `c`: symmetric to the bit, at little more than half of a product's work.
///
/// Only tiles on and above the diagonal are computed; each is copied to its mirror image. `finish` is called on each row
/// of these tiles before that, with the row and the column it starts at, and must be symmetric itself: what it makes of
/// the value at (i, j) must be right at (j, i). The bits do not depend on the number of threads.
///
/// # Panics
/// If `c` does not hold the square of the rows of `a`.
pub fn gram<T: Scalar>(c: &mut [T], a: Mat<'_, T>, finish: impl Fn(usize, usize, &mut [T]) + Send + Sync) {
    let n = a.rows;
    assert_eq!(Some(c.len()), n.checked_mul(n), "a product of {n} x {n}");
    if n == 0 {
        return;
    }
    let step = n.div_ceil(BLOCKS).next_multiple_of(UNIT).max(LEAST);
    let blocks = n.div_ceil(step);
    let block = |i: usize| i * step..n.min((i + 1) * step);
    let (target, b) = (Target(c.as_mut_ptr()), a.transposed());
    tasks(blocks * (blocks + 1) / 2, |task| {
        let (i, j) = pair(task);
        // SAFETY: each task has a tile and its mirror image for itself, in `c`, which is borrowed until all are done.
        unsafe {
            tile(target, n, block(i), block(j), false, a, b, &finish);
            mirror(target, n, block(i), block(j));
        }
    });
}

/// The pair i <= j at this place of (0, 0), (0, 1), (1, 1), (0, 2), ...
fn pair(place: usize) -> (usize, usize) {
    let mut j = 0;
    while (j + 1) * (j + 2) / 2 <= place {
        j += 1;
    }
    (place - j * (j + 1) / 2, j)
}

/// Values copied at once, each way: a line of the cache.
const SQUARE: usize = 16;

/// Copies what is above the diagonal in a tile to its mirror image.
///
/// # Safety
/// `rows` and `cols` must lie in the square matrix at `c` of `n` columns; nobody else may use the tile or its image.
unsafe fn mirror<T: Scalar>(c: Target<T>, n: usize, rows: Range<usize>, cols: Range<usize>) {
    for top in rows.clone().step_by(SQUARE) {
        for left in cols.clone().step_by(SQUARE) {
            for row in top..rows.end.min(top + SQUARE) {
                for col in left.max(row + 1)..cols.end.min(left + SQUARE) {
                    // SAFETY: both places are inside of the matrix, in this tile or its image.
                    unsafe { *c.0.add(col * n + row) = *c.0.add(row * n + col) };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::matmul;
    use super::super::test::{bits, on_threads, transposed, uniform};
    use super::*;

    #[test]
    fn equals_the_product_and_is_symmetric_to_the_bit_for_any_threads() {
        for (n, k) in [(0, 3), (1, 1), (3, 0), (5, 9), (128, 40), (129, 300), (700, 20), (1100, 3)] {
            let a = uniform(n * k, 8);
            let turned = transposed(&a, k);
            let views = [Mat::new(&a, n, k), Mat::new(&turned, k, n).transposed()];
            let add = |row: usize, start: usize, values: &mut [f64]| {
                values.iter_mut().enumerate().for_each(|(i, v)| *v += (row + start + i) as f64);
            };
            for a in views {
                let mut expected = vec![f64::NAN; n * n];
                matmul(&mut expected, false, a, a.transposed(), |_, _| {});
                let squares = [1, 2, 3].map(|threads| {
                    let mut c = vec![f64::NAN; n * n];
                    on_threads(threads, || gram(&mut c, a, add));
                    c
                });
                for (i, (c, e)) in squares[0].iter().zip(&expected).enumerate() {
                    let (row, col) = (i / n, i % n);
                    assert!((c - e - (row + col) as f64).abs() < 1e-11, "{n} {k}: ({row}, {col})");
                    assert_eq!(c.to_bits(), squares[0][col * n + row].to_bits());
                }
                assert_eq!(bits(&squares[0]), bits(&squares[1]));
                assert_eq!(bits(&squares[0]), bits(&squares[2]));
            }
        }
    }

    #[test]
    fn pairs_come_once_each() {
        let pairs: Vec<_> = (0..10).map(pair).collect();
        let expected: Vec<_> = (0..4).flat_map(|j| (0..=j).map(move |i| (i, j))).collect();
        assert_eq!(pairs, expected);
    }
}
