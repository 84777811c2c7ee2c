//! The mean of each window.

use super::max_pool2d::{check_padding, planes};
use super::window::{Axis, Window, image};
use crate::sums::total;
use crate::{Backward, Error, Float, Forward, Layer, Padding, Pair, Scope, Shape, parallel};

/// The mean of each window of each channel: `[channels, height, width]` to `[channels, windows down, windows across]`; or
/// of each channel as a whole, to `[channels]`. Windows stand side by side unless a stride is given. Padding counts as
/// zeros, as in PyTorch.
#[derive(Clone, Debug)]
pub struct AvgPool2d {
    /// `None`: the whole image.
    window: Option<Window>,
    axes: Option<[Axis; 2]>,
}

impl AvgPool2d {
    /// Windows of this size.
    pub fn new(kernel: impl Into<Pair>) -> Self {
        let kernel = kernel.into();
        Self { window: Some(Window { stride: kernel, ..Window::new(kernel) }), axes: None }
    }

    /// One window, whatever the size of the image: a value for each channel. It has no stride and no padding.
    pub fn global() -> Self {
        Self { window: None, axes: None }
    }

    /// Pixels from one window to the next.
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        if let Some(window) = &mut self.window {
            window.stride = stride.into();
        }
        self
    }

    /// What lies around the image: at most half of a window.
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        if let Some(window) = &mut self.window {
            window.padding = padding.into();
        }
        self
    }

    fn axes(&self) -> &[Axis; 2] {
        self.axes.as_ref().expect("a layer is built before it is used")
    }
}

impl<T: Float> Layer<T> for AvgPool2d {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        let (channels, size) = image(input, scope.path(), "pooling")?;
        let window = self.window.unwrap_or(Window::new(Pair(size)));
        if let Padding::Each(each) = window.padding {
            check_padding(window.kernel, each, scope.path())?;
        }
        let axes = window.over(size, scope.path())?;
        self.axes = Some(axes);
        Ok(match self.window {
            Some(_) => [channels, axes[0].output, axes[1].output].into(),
            None => channels.into(),
        })
    }

    fn forward(&mut self, _pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let axes = self.axes();
        let (planes, x_len, y_len) = planes(axes);
        parallel::pieces(y, planes * y_len, |i, y| {
            let x = x[i * planes * x_len..].chunks_exact(x_len);
            for (x, y) in x.zip(y.chunks_exact_mut(y_len)) {
                match self.window {
                    Some(_) => average(axes, x, y),
                    None => y[0] = T::from_f64(total(x) / x_len as f64),
                }
            }
        });
    }

    fn backward(&mut self, _pass: &mut Backward<'_, T>, _x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let Some(dx) = dx else { return };
        let axes = self.axes();
        let (planes, x_len, y_len) = planes(axes);
        parallel::pieces(dx, planes * x_len, |i, dx| {
            let dy = dy[i * planes * y_len..].chunks_exact(y_len);
            for (dx, dy) in dx.chunks_exact_mut(x_len).zip(dy) {
                match self.window {
                    Some(_) => average_backward(axes, dy, dx),
                    None => dx.fill(dy[0] * share(axes)),
                }
            }
        });
    }
}

/// What a pixel counts in its window.
#[inline(always)]
fn share<T: Float>([vertical, horizontal]: &[Axis; 2]) -> T {
    T::from_f64(1.0 / (vertical.kernel * horizontal.kernel) as f64)
}

ravine::simd! {
    fn average<T: Float>(axes: &[Axis; 2], x: &[T], y: &mut [T]) {
        let [vertical, horizontal] = axes;
        y.fill(T::ZERO);
        for down in 0..vertical.kernel {
            for row in vertical.inside(down) {
                let x = &x[vertical.pixel(down, row) * horizontal.input..][..horizontal.input];
                let y = &mut y[row * horizontal.output..][..horizontal.output];
                for across in 0..horizontal.kernel {
                    let inside = horizontal.inside(across);
                    if inside.is_empty() {
                        continue;
                    }
                    let x = x[horizontal.pixel(across, inside.start)..].iter().step_by(horizontal.stride);
                    for (y, &x) in y[inside].iter_mut().zip(x) {
                        *y = *y + x;
                    }
                }
            }
        }
        let share = share(axes);
        for y in y {
            *y = *y * share;
        }
    }

    fn average_backward<T: Float>(axes: &[Axis; 2], dy: &[T], dx: &mut [T]) {
        let [vertical, horizontal] = axes;
        let share = share(axes);
        dx.fill(T::ZERO);
        for down in 0..vertical.kernel {
            for row in vertical.inside(down) {
                let dx = &mut dx[vertical.pixel(down, row) * horizontal.input..][..horizontal.input];
                let dy = &dy[row * horizontal.output..][..horizontal.output];
                for across in 0..horizontal.kernel {
                    let inside = horizontal.inside(across);
                    if inside.is_empty() {
                        continue;
                    }
                    let dx = dx[horizontal.pixel(across, inside.start)..].iter_mut().step_by(horizontal.stride);
                    for (dx, &dy) in dx.zip(&dy[inside]) {
                        *dx = *dx + dy * share;
                    }
                }
            }
        }
    }
}
