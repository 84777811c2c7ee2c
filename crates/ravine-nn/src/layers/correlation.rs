//! The three products of a convolution and its transpose, for one image.

use std::ops::Range;

use super::unfold::{gather, scatter};
use super::window::Axis;
use crate::{Float, Mat, matmul};

/// A linear map from a large image, read through windows, to a small one with a pixel for each window.
///
/// A convolution is this map forwards, a transposed convolution is it backwards. The weight is [groups x small, large,
/// taps], as PyTorch lays out both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Correlation {
    pub(crate) axes: [Axis; 2],
    pub(crate) groups: usize,
    /// Channels of the large image in a group.
    pub(crate) large: usize,
    /// Channels of the small image in a group.
    pub(crate) small: usize,
}

/// Values in the columns of one product: they stay in the second-level cache, however large the image.
const COLUMNS: usize = 1 << 18;

/// Values in the widest vector.
const VECTOR: usize = 16;

impl Correlation {
    /// Values in a group's windows at one place: the inner extent of the products.
    fn depth(&self) -> usize {
        self.large * self.axes[0].kernel * self.axes[1].kernel
    }

    fn windows(&self) -> usize {
        self.axes[0].output * self.axes[1].output
    }

    /// Values in the large image.
    pub(crate) fn large_len(&self) -> usize {
        self.groups * self.large * self.axes[0].input * self.axes[1].input
    }

    /// Values in the small image.
    pub(crate) fn small_len(&self) -> usize {
        self.groups * self.small * self.windows()
    }

    pub(crate) fn weight_len(&self) -> usize {
        self.groups * self.small * self.depth()
    }

    /// Multiply-adds for an image.
    pub(crate) fn work(&self) -> usize {
        self.weight_len() * self.windows()
    }

    /// Whether the windows are the pixels: the columns are the image as it is.
    fn is_pointwise(&self) -> bool {
        self.axes.iter().all(|axis| axis.kernel == 1 && axis.is_same())
    }

    /// Rows of windows in one product.
    fn rows(&self) -> usize {
        let [vertical, horizontal] = &self.axes;
        let most = (COLUMNS / (self.depth() * horizontal.output)).clamp(1, vertical.output);
        vertical.output.div_ceil(vertical.output.div_ceil(most))
    }

    /// Values that the products need to work in.
    pub(crate) fn scratch_len(&self) -> usize {
        if self.is_pointwise() {
            return 0;
        }
        let rows = self.rows();
        let panel = if rows == self.axes[0].output { 0 } else { self.small };
        (self.depth() + panel) * rows * self.axes[1].output
    }

    fn tiles(&self) -> impl Iterator<Item = Range<usize>> {
        let (rows, all) = (self.rows(), self.axes[0].output);
        (0..all).step_by(rows).map(move |start| start..all.min(start + rows))
    }

    /// `small = W large`.
    pub(crate) fn down<T: Float>(&self, weight: &[T], large: &[T], small: &mut [T], scratch: &mut [T]) {
        let (depth, windows, groups) = (self.depth(), self.windows(), self.groups);
        let parts =
            small.chunks_exact_mut(small.len() / groups).zip(large.chunks_exact(large.len() / groups));
        for ((small, large), weight) in parts.zip(weight.chunks_exact(weight.len() / groups)) {
            let weight = Mat::new(weight, self.small, depth);
            if self.is_pointwise() {
                matmul(small, false, weight, Mat::new(large, depth, windows), |_, _| {});
                continue;
            }
            for rows in self.tiles() {
                let (start, n) = (rows.start * self.axes[1].output, rows.len() * self.axes[1].output);
                let (columns, panel) = scratch.split_at_mut(depth * n);
                gather(&self.axes, large, rows, columns);
                let columns = Mat::new(columns, depth, n);
                if n == windows {
                    matmul(small, false, weight, columns, |_, _| {});
                    continue;
                }
                let panel = &mut panel[..self.small * n];
                matmul(panel, false, weight, columns, |_, _| {});
                for (plane, panel) in small.chunks_exact_mut(windows).zip(panel.chunks_exact(n)) {
                    plane[start..][..n].copy_from_slice(panel);
                }
            }
        }
    }

    /// `large = W^T small`.
    pub(crate) fn up<T: Float>(&self, weight: &[T], small: &[T], large: &mut [T], scratch: &mut [T]) {
        let (depth, windows, groups) = (self.depth(), self.windows(), self.groups);
        if !self.is_pointwise() {
            large.fill(T::ZERO);
        }
        let parts =
            small.chunks_exact(small.len() / groups).zip(large.chunks_exact_mut(large.len() / groups));
        for ((small, large), weight) in parts.zip(weight.chunks_exact(weight.len() / groups)) {
            let weight = Mat::new(weight, self.small, depth).transposed();
            if self.is_pointwise() {
                matmul(large, false, weight, Mat::new(small, self.small, windows), |_, _| {});
                continue;
            }
            for rows in self.tiles() {
                let n = rows.len() * self.axes[1].output;
                let (columns, panel) = scratch.split_at_mut(depth * n);
                let small = self.panel(small, &rows, panel);
                matmul(columns, false, weight, small, |_, _| {});
                scatter(&self.axes, columns, rows, large);
            }
        }
    }

    /// Whether `by_weight` sums the transpose. The columns of that product fill vectors, and it packs the small image, not
    /// the columns.
    pub(crate) fn is_flipped(&self) -> bool {
        self.small >= VECTOR.min(self.depth())
    }

    /// `d_weight += small large^T`: the gradient by the weight, where either image is a gradient. Each group's part is
    /// transposed if `is_flipped`.
    pub(crate) fn by_weight<T: Float>(
        &self,
        large: &[T],
        small: &[T],
        d_weight: &mut [T],
        scratch: &mut [T],
    ) {
        let (depth, windows, groups) = (self.depth(), self.windows(), self.groups);
        let parts = small.chunks_exact(small.len() / groups).zip(large.chunks_exact(large.len() / groups));
        let add = |small: Mat<'_, T>, columns: Mat<'_, T>, d_weight: &mut [T]| {
            let (a, b) = if self.is_flipped() { (columns, small) } else { (small, columns) };
            matmul(d_weight, true, a, b.transposed(), |_, _| {});
        };
        for ((small, large), d_weight) in parts.zip(d_weight.chunks_exact_mut(self.small * depth)) {
            if self.is_pointwise() {
                add(Mat::new(small, self.small, windows), Mat::new(large, depth, windows), d_weight);
                continue;
            }
            for rows in self.tiles() {
                let n = rows.len() * self.axes[1].output;
                let (columns, panel) = scratch.split_at_mut(depth * n);
                gather(&self.axes, large, rows.clone(), columns);
                add(self.panel(small, &rows, panel), Mat::new(columns, depth, n), d_weight);
            }
        }
    }

    /// Adds what `by_weight` summed to the gradient.
    pub(crate) fn add_by_weight<T: Float>(&self, sums: &[T], d_weight: &mut [T]) {
        let (small, depth) = (self.small, self.depth());
        if !self.is_flipped() {
            return d_weight.iter_mut().zip(sums).for_each(|(d, &sum)| *d = *d + sum);
        }
        let groups = sums.chunks_exact(small * depth).zip(d_weight.chunks_exact_mut(small * depth));
        for (sums, d_weight) in groups {
            for (i, row) in d_weight.chunks_exact_mut(depth).enumerate() {
                for (d, &sum) in row.iter_mut().zip(sums[i..].iter().step_by(small)) {
                    *d = *d + sum;
                }
            }
        }
    }

    /// These rows of a small image as a matrix of its own.
    fn panel<'a, T: Float>(&self, small: &'a [T], rows: &Range<usize>, panel: &'a mut [T]) -> Mat<'a, T> {
        let (start, n) = (rows.start * self.axes[1].output, rows.len() * self.axes[1].output);
        let windows = self.windows();
        if n == windows {
            return Mat::new(small, self.small, windows);
        }
        let panel = &mut panel[..self.small * n];
        for (plane, panel) in small.chunks_exact(windows).zip(panel.chunks_exact_mut(n)) {
            panel.copy_from_slice(&plane[start..][..n]);
        }
        Mat::new(panel, self.small, n)
    }
}
