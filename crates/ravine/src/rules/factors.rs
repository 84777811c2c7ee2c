//! Mean squares of a matrix kept as one number for each row and each column, as Adafactor and CAME do.

use crate::element::Math;
use crate::plan::TASK;
use crate::rule::Buffer;
use crate::simd::{self, Level, Work};
use crate::sums;
use crate::whole::{Workspace, map};
use rayon::prelude::*;

/// The matrices of a tensor's last two dimensions.
#[derive(Clone, Copy)]
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

/// Rows of a matrix of `cols` columns that are worked on together.
fn rows_of_a_task(cols: usize) -> usize {
    // At least a few, as each task keeps a sum for each column.
    TASK.div_ceil(cols).max(8)
}

/// Moves the means for rows and columns by the share `rho` to those of x^2 + `added`.
pub(super) fn follow<R: Math>(
    Matrix { rows, cols }: Matrix,
    x: &[R],
    [row, col]: [&mut [R]; 2],
    rho: f64,
    added: f64,
    work: &mut Workspace<R>,
    level: Level,
) {
    if x.is_empty() {
        return;
    }
    let follow = |kept: &mut R, sum: f64, count: usize| {
        let kept_now: f64 = (*kept).into();
        *kept = R::from_f64(kept_now + (sum / count as f64 + added - kept_now) * rho);
    };
    let together = rows_of_a_task(cols);
    let mut parts = work.take_any(rows.div_ceil(together) * cols);
    for ((x, row), col) in
        x.chunks_exact(rows * cols).zip(row.chunks_exact_mut(rows)).zip(col.chunks_exact_mut(cols))
    {
        let tasks =
            x.par_chunks(together * cols).zip(row.par_chunks_mut(together)).zip(parts.par_chunks_mut(cols));
        tasks.for_each(|((x, row), part)| simd::dispatch(level, Squares { x, cols, row, part, follow }));
        col.par_chunks_mut(COLS).enumerate().for_each(|(i, col)| {
            let mut sums = [0.0; COLS];
            for part in parts.chunks_exact(cols) {
                for (sum, &x) in sums.iter_mut().zip(&part[i * COLS..][..col.len()]) {
                    *sum += x.into();
                }
            }
            col.iter_mut().zip(sums).for_each(|(col, sum)| follow(col, sum, rows));
        });
    }
    work.give(parts);
}

/// Columns that are summed together, and rows.
const COLS: usize = 256;
const ROWS: usize = 128;
/// Sums of a row that stand side by side.
const LANES: usize = 16;

/// The sums of the squares of some rows of a matrix: those of rows go to `row`, those of columns to `part`.
struct Squares<'a, R, F> {
    x: &'a [R],
    cols: usize,
    row: &'a mut [R],
    part: &'a mut [R],
    follow: F,
}

impl<R: Math, F: Fn(&mut R, f64, usize)> Work for Squares<'_, R, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, cols, row, part, follow } = self;
        part.fill(R::default());
        for (x, row) in x.chunks(ROWS * cols).zip(row.chunks_mut(ROWS)) {
            let mut of_rows = [0.0; ROWS];
            for (from, part) in part.chunks_mut(COLS).enumerate() {
                let mut of_cols = [0.0; COLS];
                for (x, of_row) in x.chunks_exact(cols).zip(&mut of_rows) {
                    let x = &x[from * COLS..][..part.len()];
                    *of_row += squares(x, &mut of_cols);
                }
                part.iter_mut().zip(of_cols).for_each(|(part, sum)| *part = *part + R::from_f64(sum));
            }
            row.iter_mut().zip(of_rows).for_each(|(row, sum)| follow(row, sum, cols));
        }
    }
}

/// The sum of the squares of a part of a row; each is also added to the sum of its column.
#[inline(always)]
fn squares<R: Math>(x: &[R], of_cols: &mut [f64; COLS]) -> f64 {
    let mut lanes = [0.0; LANES];
    let mut add = |x: &[R], of_cols: &mut [f64]| {
        for ((&x, lane), of_col) in x.iter().zip(&mut lanes).zip(of_cols) {
            let x: f64 = x.into();
            *lane += x * x;
            *of_col += x * x;
        }
    };
    let (whole, rest) = x.as_chunks::<LANES>();
    for (x, of_cols) in whole.iter().zip(of_cols.as_chunks_mut::<LANES>().0) {
        add(x, of_cols);
    }
    add(rest, &mut of_cols[x.len() - rest.len()..]);
    lanes.iter().sum()
}

/// The roots of V = row col / mean(row), each of a product of a row's and a column's: in f32 the product of a row and a
/// column without gradient is 0, that of their roots is not.
pub(super) struct Roots<R> {
    matrix: Matrix,
    row: Vec<R>,
    col: Vec<R>,
    /// The least that a root is taken for.
    least: R,
}

impl<R: Math> Roots<R> {
    /// Those of these means. `least` is the least of mean and root.
    pub(super) fn new(
        matrix: Matrix,
        [row, col]: [&[R]; 2],
        least: f64,
        work: &mut Workspace<R>,
        level: Level,
    ) -> Self {
        let mut roots = [row, col].map(|means| work.take_any(means.len()));
        let [of_row, of_col] = &mut roots;
        for (root, row) in of_row.chunks_mut(matrix.rows.max(1)).zip(row.chunks(matrix.rows.max(1))) {
            let mean = R::from_f64((sums::over(row, level, |x| x) / row.len() as f64).max(least));
            map(level, root, [row], |_, [row]| (row / mean).sqrt());
        }
        map(level, of_col, [col], |_, [col]| col.sqrt());
        let [row, col] = roots;
        Self { matrix, row, col, least: R::from_f64(least) }
    }

    pub(super) fn give_back(self, work: &mut Workspace<R>) {
        work.give(self.row);
        work.give(self.col);
    }

    /// Makes `f` of each element of `out`, of those beside it and of its root.
    pub(super) fn map<const N: usize>(
        &self,
        out: &mut [R],
        beside: [&[R]; N],
        level: Level,
        f: impl Fn(R, [R; N], R) -> R + Copy + Send + Sync,
    ) {
        let Matrix { rows, cols } = self.matrix;
        if out.is_empty() {
            return;
        }
        let together = rows_of_a_task(cols);
        let matrices = out.chunks_exact_mut(rows * cols).enumerate();
        for ((i, out), (row, col)) in
            matrices.zip(self.row.chunks_exact(rows).zip(self.col.chunks_exact(cols)))
        {
            let tasks = out.par_chunks_mut(together * cols).zip(row.par_chunks(together)).enumerate();
            tasks.for_each(|(task, (out, row))| {
                let at = i * rows * cols + task * together * cols;
                let beside = beside.map(|values| &values[at..][..out.len()]);
                simd::dispatch(level, Rooted { out, beside, row, col, least: self.least, f });
            });
        }
    }

    /// The sum of the squares of the quotients of `x` and its roots.
    pub(super) fn squares_of_quotients(&self, x: &[R], work: &mut Workspace<R>, level: Level) -> f64 {
        let Matrix { rows, cols } = self.matrix;
        if x.is_empty() {
            return 0.0;
        }
        let together = rows_of_a_task(cols);
        let mut parts = work.take_any(rows.div_ceil(together));
        let mut sum = 0.0;
        let matrices = x.chunks_exact(rows * cols).zip(self.row.chunks_exact(rows));
        for ((x, row), col) in matrices.zip(self.col.chunks_exact(cols)) {
            let tasks = x.par_chunks(together * cols).zip(row.par_chunks(together)).zip(&mut parts[..]);
            tasks.for_each(|((x, row), part)| {
                *part = R::from_f64(simd::dispatch(level, Quotients { x, row, col, least: self.least }));
            });
            sum += parts.iter().map(|&part| part.into()).sum::<f64>();
        }
        work.give(parts);
        sum
    }
}

/// Some rows of a matrix and the roots that belong to them.
struct Quotients<'a, R> {
    x: &'a [R],
    row: &'a [R],
    col: &'a [R],
    least: R,
}

impl<R: Math> Work for Quotients<'_, R> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { x, row, col, least } = self;
        let mut lanes = [0.0; sums::LANES];
        let mut terms = [0.0; COLS];
        for (x, &row) in x.chunks_exact(col.len()).zip(row) {
            for (x, col) in x.chunks(COLS).zip(col.chunks(COLS)) {
                for ((&x, &col), term) in x.iter().zip(col).zip(&mut terms) {
                    let quotient: f64 = (x / least.max(row * col)).into();
                    *term = quotient * quotient;
                }
                sums::add(&mut lanes, 0, &terms[..x.len()], |x| x);
            }
        }
        sums::total(lanes)
    }
}

/// Some rows of a matrix to be mapped.
struct Rooted<'a, R, F, const N: usize> {
    out: &'a mut [R],
    beside: [&'a [R]; N],
    row: &'a [R],
    col: &'a [R],
    least: R,
    f: F,
}

impl<R: Math, F: Fn(R, [R; N], R) -> R, const N: usize> Work for Rooted<'_, R, F, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { out, beside, row, col, least, f } = self;
        for (i, (out, &row)) in out.chunks_exact_mut(col.len()).zip(row).enumerate() {
            let beside = beside.map(|values| &values[i * col.len()..][..col.len()]);
            for (j, x) in out.iter_mut().enumerate() {
                *x = f(*x, std::array::from_fn(|n| beside[n][j]), least.max(row * col[j]));
            }
        }
    }
}
