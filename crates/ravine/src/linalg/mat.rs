//! Matrices in slices.

use std::ops::Range;

/// A matrix in a slice, read in its own order or transposed.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a, T> {
    pub(super) data: &'a [T],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
}

impl<'a, T> Mat<'a, T> {
    /// A row-major matrix.
    ///
    /// # Panics
    /// If `data` does not hold `rows * cols` values.
    pub fn new(data: &'a [T], rows: usize, cols: usize) -> Self {
        assert_eq!(Some(data.len()), rows.checked_mul(cols), "a matrix of {rows} x {cols}");
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// A matrix whose rows start `row_stride` values apart in `data`: part of a wider one.
    ///
    /// # Panics
    /// If the last row does not end inside of `data`, or rows overlap.
    pub fn strided(data: &'a [T], rows: usize, cols: usize, row_stride: usize) -> Self {
        check_strided(data.len(), rows, cols, row_stride);
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// The number of its rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of its columns.
    pub fn cols(&self) -> usize {
        self.cols
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

    /// Some of its rows.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn row_range(self, rows: Range<usize>) -> Self {
        check_range(&rows, self.rows);
        Self { data: after(self.data, rows.start * self.row_stride), rows: rows.len(), ..self }
    }

    /// Some of its columns.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn col_range(self, cols: Range<usize>) -> Self {
        check_range(&cols, self.cols);
        Self { data: after(self.data, cols.start * self.col_stride), cols: cols.len(), ..self }
    }
}

impl<T: Copy> Mat<'_, T> {
    /// The value in this row and column.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn get(&self, row: usize, col: usize) -> T {
        assert!(row < self.rows && col < self.cols, "({row}, {col}) of {} x {}", self.rows, self.cols);
        self.data[row * self.row_stride + col * self.col_stride]
    }
}

/// A matrix in a slice, to be written: its rows start `row_stride` values apart.
#[derive(Debug)]
pub struct MatMut<'a, T> {
    pub(super) data: &'a mut [T],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
}

impl<'a, T> MatMut<'a, T> {
    /// A matrix whose rows start `row_stride` values apart in `data`.
    ///
    /// # Panics
    /// If the last row does not end inside of `data`, or rows overlap.
    pub fn strided(data: &'a mut [T], rows: usize, cols: usize, row_stride: usize) -> Self {
        check_strided(data.len(), rows, cols, row_stride);
        Self { data, rows, cols, row_stride }
    }

    /// Some of its columns.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn col_range(&mut self, cols: Range<usize>) -> MatMut<'_, T> {
        check_range(&cols, self.cols);
        let start = cols.start.min(self.data.len());
        MatMut::strided(&mut self.data[start..], self.rows, cols.len(), self.row_stride)
    }
}

fn check_strided(len: usize, rows: usize, cols: usize, row_stride: usize) {
    let end = rows.saturating_sub(1).checked_mul(row_stride).and_then(|start| start.checked_add(cols));
    let inside = rows == 0 || end.is_some_and(|end| end <= len);
    assert!(
        inside && (cols <= row_stride || rows <= 1),
        "a matrix of {rows} x {cols}, stride {row_stride}, in {len}"
    );
}

fn check_range(range: &Range<usize>, count: usize) {
    assert!(range.start <= range.end && range.end <= count, "{range:?} of {count} rows or columns");
}

/// What follows `start`; nothing for an empty range at the end of a matrix, whose last row may end before its stride.
fn after<T>(data: &[T], start: usize) -> &[T] {
    &data[start.min(data.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_turns_name_the_same_values() {
        let data: Vec<usize> = (0..20).collect();
        let wide = Mat::strided(&data[1..], 3, 4, 7);
        assert_eq!((wide.rows(), wide.cols(), wide.get(2, 3)), (3, 4, 18));
        let part = wide.transposed().row_range(1..4).col_range(1..3);
        assert_eq!((part.rows(), part.cols(), part.get(2, 1)), (3, 2, 18));
        assert_eq!(wide.row_range(3..3).col_range(4..4).rows(), 0);
    }

    #[test]
    fn views_beyond_their_data_are_refused() {
        let refused = |make: fn()| std::panic::catch_unwind(make).is_err();
        assert!(refused(|| _ = Mat::strided(&[0.0; 39], 5, 4, 9)));
        assert!(refused(|| _ = Mat::strided(&[0.0; 39], 3, 4, 3)));
        assert!(refused(|| _ = Mat::strided(&[0.0; 39], usize::MAX, 4, usize::MAX)));
        assert!(refused(|| _ = Mat::new(&[0.0; 0], 1 << 32, 1 << 32)));
        assert!(refused(|| _ = Mat::new(&[0.0; 6], 2, 3).row_range(1..3)));
        assert!(refused(|| _ = Mat::new(&[0.0; 6], 2, 3).col_range(3..4)));
        assert!(refused(|| _ = Mat::new(&[0.0; 6], 2, 3).get(0, 3)));
        assert!(refused(|| _ = MatMut::strided(&mut [0.0; 6], 2, 3, 3).col_range(1..4).rows));
    }
}
