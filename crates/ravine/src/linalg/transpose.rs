//! Matrices turned.

use super::Scalar;
use rayon::prelude::*;

/// Values turned at once, each way: a line or two of the cache.
const BLOCK: usize = 16;

/// Elements in a piece: some microseconds of work, well above what handing it to another thread costs.
const PIECE: usize = 1 << 14;

/// `y[col][row] = x[row][col]`, where the rows of `x` start `stride` values apart, and those of `y` are `rows` long.
pub(super) fn transpose<T: Scalar>(x: &[T], stride: usize, y: &mut [T], rows: usize) {
    let part = BLOCK * rows;
    let turn = |(i, y)| turn(&x[i * BLOCK..], stride, y, rows);
    if y.len() <= PIECE || rayon::current_num_threads() == 1 {
        y.chunks_mut(part).enumerate().for_each(turn);
    } else {
        y.par_chunks_mut(part).enumerate().with_min_len(PIECE.div_ceil(part)).for_each(turn);
    }
}

crate::simd! {
    fn turn<T: Scalar>(x: &[T], stride: usize, y: &mut [T], rows: usize) {
        for start in (0..rows).step_by(BLOCK) {
            let end = rows.min(start + BLOCK);
            for (col, y) in y.chunks_exact_mut(rows).enumerate() {
                for (row, y) in (start..end).zip(&mut y[start..end]) {
                    *y = x[row * stride + col];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_finds_its_place() {
        for (rows, cols, stride) in [(1, 1, 1), (5, 40, 43), (300, 70, 70), (17, 16, 20)] {
            let x: Vec<f32> = (0..rows * stride).map(|i| i as f32).collect();
            let mut y = vec![f32::NAN; rows * cols];
            transpose(&x, stride, &mut y, rows);
            for (i, &y) in y.iter().enumerate() {
                assert_eq!(y, x[i % rows * stride + i / rows], "{rows} x {cols}: {i}");
            }
        }
    }
}
