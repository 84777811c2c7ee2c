//! Mean squares of a matrix kept as one number for each row and each column, as Adafactor and CAME do.

use crate::element::Math;
use crate::plan::TASK;
use crate::rule::Buffer;
use crate::simd::{self, Level, Work};
use crate::sums;
use crate::whole::map;
use rayon::prelude::*;

/// The matrices of a tensor's last two dimensions.
pub(super) struct Matrix {
    pub(super) rows: usize,
    pub(super) cols: usize,
}

/// Those of a tensor of this shape, if it has so many dimensions.
pub(super) fn matrix(shape: &[usize]) -> Option<Matrix> {
    let [rows, cols] = *shape.last_chunk::<2>()?;
    Some(Matrix { rows, cols })
}

impl Matrix {
    /// Buffers for rows and columns of these names.
    pub(super) fn buffers(&self, shape: &[usize], [row, col]: [&'static str; 2]) -> [Buffer; 2] {
        let before = &shape[..shape.len() - 2];
        let of = |name, matrix: [usize; 2]| Buffer::new(name, [before, &matrix].concat(), 0.0);
        [of(row, [self.rows, 1]), of(col, [1, self.cols])]
    }
}

/// Moves the means for rows and columns by the share `rho` to those of x^2 + `added`.
pub(super) fn follow<R: Math>(
    &Matrix { rows, cols }: &Matrix,
    x: &[R],
    [row, col]: [&mut [R]; 2],
    rho: f64,
    added: f64,
    level: Level,
) {
    if x.is_empty() {
        return;
    }
    let follow = |kept: &mut R, sum: f64, count: usize| {
        let kept_now: f64 = (*kept).into();
        *kept = R::from_f64(kept_now + (sum / count as f64 + added - kept_now) * rho);
    };
    for ((x, row), col) in
        x.chunks_exact(rows * cols).zip(row.chunks_exact_mut(rows)).zip(col.chunks_exact_mut(cols))
    {
        row.par_iter_mut()
            .zip(x.par_chunks(cols))
            .with_min_len(TASK.div_ceil(cols))
            .for_each(|(row, x)| follow(row, sums::over(x, level, |x| x * x), cols));
        col.par_chunks_mut(COLS).enumerate().for_each(|(part, col)| {
            let sums = simd::dispatch(level, Columns { x, cols, from: part * COLS, count: col.len() });
            col.iter_mut().zip(sums).for_each(|(col, sum)| follow(col, sum, rows));
        });
    }
}

/// x /= sqrt(V), where V = row col / mean(row), with `least` as the least of mean and root. The root is taken of each
/// factor: in f32 the product of a row and a column without gradient is 0.
pub(super) fn divide<R: Math>(
    &Matrix { rows, cols }: &Matrix,
    x: &mut [R],
    [row, col]: [&[R]; 2],
    least: f64,
    level: Level,
) {
    if x.is_empty() {
        return;
    }
    for ((x, row), col) in
        x.chunks_exact_mut(rows * cols).zip(row.chunks_exact(rows)).zip(col.chunks_exact(cols))
    {
        let mean = (sums::over(row, level, |x| x) / rows as f64).max(least);
        let (mean, least) = (R::from_f64(mean), R::from_f64(least));
        x.par_chunks_mut(cols).zip(row).with_min_len(TASK.div_ceil(cols)).for_each(|(x, &row)| {
            let row = (row / mean).sqrt();
            map(level, x, [col], |x, [col]| x / least.max(row * col.sqrt()));
        });
    }
}

/// Columns that are summed together.
const COLS: usize = 256;

/// The sums of the squares of some columns of a matrix.
struct Columns<'a, R> {
    x: &'a [R],
    cols: usize,
    from: usize,
    count: usize,
}

impl<R: Math> Work for Columns<'_, R> {
    type Output = [f64; COLS];

    #[inline(always)]
    fn run(self) -> [f64; COLS] {
        let mut sums = [0.0; COLS];
        for row in self.x.chunks_exact(self.cols) {
            for (sum, &x) in sums.iter_mut().zip(&row[self.from..][..self.count]) {
                let x: f64 = x.into();
                *sum += x * x;
            }
        }
        sums
    }
}
