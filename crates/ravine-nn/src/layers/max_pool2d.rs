//! The largest value of each window.

use super::window::{Axis, Window, image};
use crate::{Backward, Error, Float, Forward, Layer, Padding, Pair, Scope, Shape, parallel};

/// The largest value of each window of each channel: `[channels, height, width]` to `[channels, windows down, windows
/// across]`. Windows stand side by side unless a stride is given.
///
/// The gradient goes to the largest value, among equals to the first in reading order, as in PyTorch. Padding is never
/// the largest. A window with a NaN gives NaN.
#[derive(Clone, Debug)]
pub struct MaxPool2d {
    window: Window,
    axes: Option<[Axis; 2]>,
}

impl MaxPool2d {
    /// Windows of this size.
    pub fn new(kernel: impl Into<Pair>) -> Self {
        let kernel = kernel.into();
        Self { window: Window { stride: kernel, ..Window::new(kernel) }, axes: None }
    }

    /// Pixels from one window to the next.
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.window.stride = stride.into();
        self
    }

    /// What lies around the image: at most half of a window, so that each window has a pixel.
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.window.padding = padding.into();
        self
    }

    fn axes(&self) -> &[Axis; 2] {
        self.axes.as_ref().expect("a layer is built before it is used")
    }

    fn is_halving(&self) -> bool {
        self.axes().iter().all(|axis| axis.kernel == 2 && axis.stride == 2 && axis.before == 0)
            && self.axes().iter().all(|axis| axis.output * 2 <= axis.input)
    }
}

impl<T: Float> Layer<T> for MaxPool2d {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        let (channels, size) = image(input, scope.path(), "pooling")?;
        if let Padding::Each(each) = self.window.padding {
            check_padding(self.window.kernel, each, scope.path())?;
        }
        let axes = self.window.over(size, scope.path())?;
        self.axes = Some(axes);
        Ok([channels, axes[0].output, axes[1].output].into())
    }

    fn forward(&mut self, _pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let axes = self.axes();
        let kernel = if self.is_halving() { halve } else { pool };
        let (planes, x_len, y_len) = planes(axes);
        parallel::pieces(y, planes * y_len, |i, y| {
            let x = &x[i * planes * x_len..][..y.len() / y_len * x_len];
            kernel(axes, x, y);
        });
    }

    fn backward(&mut self, _pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let Some(dx) = dx else { return };
        let axes = self.axes();
        let kernel = if self.is_halving() { halve_backward } else { pool_backward };
        let (planes, x_len, y_len) = planes(axes);
        parallel::pieces(dx, planes * x_len, |i, dx| {
            let (start, len) = (i * planes * y_len, dx.len() / x_len * y_len);
            kernel(axes, &x[i * planes * x_len..][..dx.len()], &y[start..][..len], &dy[start..][..len], dx);
        });
    }
}

/// An error if a window could lie in the padding altogether.
pub(super) fn check_padding(kernel: Pair, padding: Pair, name: &str) -> Result<(), Error> {
    if (0..2).any(|i| padding.0[i] > kernel.0[i] / 2) {
        let problem = format!("padding must be at most half of the kernel of {kernel}, got {padding}");
        return Err(Error::layer(name, problem));
    }
    Ok(())
}

/// Planes in a task, and values in a plane of the input and of the result.
pub(super) fn planes([vertical, horizontal]: &[Axis; 2]) -> (usize, usize, usize) {
    let (x_len, y_len) = (vertical.input * horizontal.input, vertical.output * horizontal.output);
    ((parallel::CHUNK / x_len).max(1), x_len, y_len)
}

/// The larger; the first of equals; NaN if either is.
#[inline(always)]
fn larger<T: Float>(first: T, second: T) -> T {
    T::select(first.less(second) | is_nan(second), second, first)
}

#[inline(always)]
fn is_nan<T: Float>(x: T) -> bool {
    x.partial_cmp(&x).is_none()
}

/// Whether a window's result `y` can have come from `x`.
#[inline(always)]
fn gave<T: Float>(x: T, y: T) -> bool {
    (x == y) | is_nan(x)
}

/// The pixels under a window, in reading order.
#[inline(always)]
fn pixels([vertical, horizontal]: &[Axis; 2], [row, column]: [usize; 2]) -> impl Iterator<Item = usize> {
    let part = |axis: &Axis, window: usize| {
        let start = window * axis.stride;
        start.saturating_sub(axis.before)..(start + axis.kernel - axis.before).min(axis.input)
    };
    let (across, width) = (part(horizontal, column), horizontal.input);
    part(vertical, row).flat_map(move |row| across.clone().map(move |column| row * width + column))
}

fn pool<T: Float>(axes: &[Axis; 2], x: &[T], y: &mut [T]) {
    let (_, x_len, y_len) = planes(axes);
    let width = axes[1].output;
    for (x, y) in x.chunks_exact(x_len).zip(y.chunks_exact_mut(y_len)) {
        for (i, y) in y.iter_mut().enumerate() {
            let values = pixels(axes, [i / width, i % width]).map(|pixel| x[pixel]);
            *y = values.reduce(larger).expect("a window has a pixel");
        }
    }
}

fn pool_backward<T: Float>(axes: &[Axis; 2], x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
    let (_, x_len, y_len) = planes(axes);
    let width = axes[1].output;
    dx.fill(T::ZERO);
    let results = y.chunks_exact(y_len).zip(dy.chunks_exact(y_len));
    for ((x, dx), (y, dy)) in x.chunks_exact(x_len).zip(dx.chunks_exact_mut(x_len)).zip(results) {
        for (i, (&y, &dy)) in y.iter().zip(dy).enumerate() {
            if let Some(pixel) = pixels(axes, [i / width, i % width]).find(|&pixel| gave(x[pixel], y)) {
                dx[pixel] = dx[pixel] + dy;
            }
        }
    }
}

ravine::simd! {
    /// `pool` for windows of 2 x 2 side by side.
    fn halve<T: Float>(axes: &[Axis; 2], x: &[T], y: &mut [T]) {
        match axes[1].output {
            8.. => halve_lines::<T, 8>(axes, x, y),
            4.. => halve_lines::<T, 4>(axes, x, y),
            _ => halve_lines::<T, 1>(axes, x, y),
        }
    }

    /// `pool_backward` for windows of 2 x 2 side by side.
    fn halve_backward<T: Float>(axes: &[Axis; 2], x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
        match axes[1].output {
            8.. => halve_lines_backward::<T, 8>(axes, x, y, dy, dx),
            4.. => halve_lines_backward::<T, 4>(axes, x, y, dy, dx),
            _ => halve_lines_backward::<T, 1>(axes, x, y, dy, dx),
        }
    }
}

/// Where the pieces of `N` in a line of at least as many start. The last one reaches back into the one before, which
/// is written again as it was: lines are too short to leave a rest to single values.
#[inline(always)]
fn starts<const N: usize>(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(N).map(move |start| start.min(len - N))
}

/// `N` values from `start` on.
#[inline(always)]
fn piece<V, const N: usize>(values: &[V], start: usize) -> &[V; N] {
    values[start..].first_chunk().expect("a piece is inside of its line")
}

#[inline(always)]
fn piece_mut<V, const N: usize>(values: &mut [V], start: usize) -> &mut [V; N] {
    values[start..].first_chunk_mut().expect("a piece is inside of its line")
}

#[inline(always)]
fn halve_lines<T: Float, const N: usize>(axes: &[Axis; 2], x: &[T], y: &mut [T]) {
    let (_, x_len, y_len) = planes(axes);
    let width = axes[1].input;
    for (x, y) in x.chunks_exact(x_len).zip(y.chunks_exact_mut(y_len)) {
        for (lines, y) in x.chunks_exact(2 * width).zip(y.chunks_exact_mut(axes[1].output)) {
            let (upper, lower) = lines.split_at(width);
            let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
            for start in starts::<N>(y.len()) {
                let (upper, lower) = (piece::<_, N>(upper, start), piece::<_, N>(lower, start));
                for (i, y) in piece_mut::<_, N>(y, start).iter_mut().enumerate() {
                    *y = larger(larger(larger(upper[i][0], upper[i][1]), lower[i][0]), lower[i][1]);
                }
            }
        }
    }
}

#[inline(always)]
fn halve_lines_backward<T: Float, const N: usize>(
    axes: &[Axis; 2],
    x: &[T],
    y: &[T],
    dy: &[T],
    dx: &mut [T],
) {
    let (_, x_len, y_len) = planes(axes);
    let (width, y_width) = (axes[1].input, axes[1].output);
    let results = y.chunks_exact(y_len).zip(dy.chunks_exact(y_len));
    for ((x, dx), (y, dy)) in x.chunks_exact(x_len).zip(dx.chunks_exact_mut(x_len)).zip(results) {
        let mut targets = dx.chunks_exact_mut(2 * width);
        let results = y.chunks_exact(y_width).zip(dy.chunks_exact(y_width));
        for ((x, dx), (y, dy)) in x.chunks_exact(2 * width).zip(&mut targets).zip(results) {
            let ((upper, lower), (d_upper, d_lower)) = (x.split_at(width), dx.split_at_mut(width));
            d_upper[2 * y_width..].fill(T::ZERO);
            d_lower[2 * y_width..].fill(T::ZERO);
            let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
            let (d_upper, d_lower) = (d_upper.as_chunks_mut::<2>().0, d_lower.as_chunks_mut::<2>().0);
            for start in starts::<N>(y_width) {
                let (upper, lower) = (piece::<_, N>(upper, start), piece::<_, N>(lower, start));
                let (y, dy) = (piece::<_, N>(y, start), piece::<_, N>(dy, start));
                let (mut above, mut below) = ([[T::ZERO; 2]; N], [[T::ZERO; 2]; N]);
                for i in 0..N {
                    let first = gave(upper[i][0], y[i]);
                    let second = gave(upper[i][1], y[i]) & !first;
                    let third = gave(lower[i][0], y[i]) & !(first | second);
                    let fourth = !(first | second | third);
                    above[i] = [T::select(first, dy[i], T::ZERO), T::select(second, dy[i], T::ZERO)];
                    below[i] = [T::select(third, dy[i], T::ZERO), T::select(fourth, dy[i], T::ZERO)];
                }
                *piece_mut::<_, N>(d_upper, start) = above;
                *piece_mut::<_, N>(d_lower, start) = below;
            }
        }
        targets.into_remainder().fill(T::ZERO);
    }
}
