//! Element-wise activations.

use crate::{Backward, Error, Float, Forward, Layer, Scope, Shape, parallel};

/// An element-wise activation; a layer without parameters, for any shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`, with derivative 0 at 0 as in PyTorch (Nair and Hinton, ICML 2010).
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `x Phi(x)` with the exact normal distribution function, PyTorch's default (Hendrycks and Gimpel, 2016).
    Gelu,
}

impl Activation {
    /// Whether the derivative can be told from the result alone, so that the input need not be kept.
    pub(crate) fn derivative_is_of_result(self) -> bool {
        self != Self::Gelu
    }

    /// Replaces each value by its activation.
    pub(crate) fn apply<T: Float>(self, values: &mut [T]) {
        match self {
            Self::Relu => relu(values),
            Self::Tanh => tanh(values),
            Self::Sigmoid => sigmoid(values),
            Self::Gelu => gelu(values),
        }
    }

    /// dx = dy f', where `at` is the input or the result, as `derivative_is_of_result` says.
    pub(crate) fn backward<T: Float>(self, at: &[T], dy: &[T], dx: &mut [T]) {
        let kernel = match self {
            Self::Relu => relu_backward,
            Self::Tanh => tanh_backward,
            Self::Sigmoid => sigmoid_backward,
            Self::Gelu => gelu_backward,
        };
        parallel::chunks(dx, |start, dx| kernel(&at[start..][..dx.len()], &dy[start..][..dx.len()], dx));
    }
}

/// Values copied and then worked on.
const PIECE: usize = 1 << 11;

impl<T: Float> Layer<T> for Activation {
    fn build(&mut self, input: &Shape, _scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        Ok(input.clone())
    }

    fn forward(&mut self, _pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        parallel::chunks(y, |start, y| {
            // Pieces that stay in the nearest cache.
            for (x, y) in x[start..][..y.len()].chunks(PIECE).zip(y.chunks_mut(PIECE)) {
                y.copy_from_slice(x);
                self.apply(y);
            }
        });
    }

    fn backward(&mut self, _pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        if let Some(dx) = dx {
            let at = if self.derivative_is_of_result() { y } else { x };
            Activation::backward(*self, at, dy, dx);
        }
    }

    fn activation(&self) -> Option<Activation> {
        Some(*self)
    }
}

ravine::simd! {
    fn relu<T: Float>(values: &mut [T]) {
        for v in values {
            // A comparison that lets NaN through.
            *v = T::select(v.less(T::ZERO), T::ZERO, *v);
        }
    }

    fn relu_backward<T: Float>(y: &[T], dy: &[T], dx: &mut [T]) {
        for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
            *dx = T::select(T::ZERO.less(y), dy, T::ZERO);
        }
    }

    fn tanh<T: Float>(values: &mut [T]) {
        for v in values {
            *v = v.tanh();
        }
    }

    fn tanh_backward<T: Float>(y: &[T], dy: &[T], dx: &mut [T]) {
        for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
            *dx = dy * (T::ONE - y * y);
        }
    }

    fn sigmoid<T: Float>(values: &mut [T]) {
        for v in values {
            *v = v.sigmoid();
        }
    }

    fn sigmoid_backward<T: Float>(y: &[T], dy: &[T], dx: &mut [T]) {
        for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
            *dx = dy * y * (T::ONE - y);
        }
    }

    fn gelu<T: Float>(values: &mut [T]) {
        for v in values {
            *v = *v * normal_cdf(*v);
        }
    }

    fn gelu_backward<T: Float>(x: &[T], dy: &[T], dx: &mut [T]) {
        let (half, root) = (T::from_f64(0.5), T::from_f64(std::f64::consts::FRAC_1_SQRT_2));
        let peak = T::from_f64(0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
        for ((dx, &dy), &x) in dx.iter_mut().zip(dy).zip(x) {
            let (erf, gaussian) = (x * root).erf_and_gaussian();
            *dx = dy * (half * (T::ONE + erf) + x * (peak * gaussian));
        }
    }
}

/// The probability that a standard normal number is below `x`.
#[inline(always)]
fn normal_cdf<T: Float>(x: T) -> T {
    T::from_f64(0.5) * (T::ONE + (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(activation: Activation, x: f64) -> f64 {
        let mut v = [x];
        activation.apply(&mut v);
        v[0]
    }

    fn slope(activation: Activation, x: f64) -> f64 {
        let (mut dx, y) = ([0.0], at(activation, x));
        activation.backward(&[if activation.derivative_is_of_result() { y } else { x }], &[1.0], &mut dx);
        dx[0]
    }

    #[test]
    fn known_values() {
        assert_eq!([at(Activation::Relu, -1.0), at(Activation::Relu, 2.0)], [0.0, 2.0]);
        assert_eq!(slope(Activation::Relu, 0.0), 0.0);
        assert_eq!(at(Activation::Sigmoid, 0.0), 0.5);
        assert_eq!(slope(Activation::Sigmoid, 0.0), 0.25);
        assert_eq!([at(Activation::Tanh, 0.0), slope(Activation::Tanh, 0.0)], [0.0, 1.0]);
        // 1 Phi(1) and Phi(0).
        assert!((at(Activation::Gelu, 1.0) - 0.841_344_746_068_543).abs() < 1e-14);
        assert_eq!(slope(Activation::Gelu, 0.0), 0.5);
    }

    #[test]
    fn f32_agrees_with_f64() {
        for activation in [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu] {
            for i in -800..=800 {
                let x = f64::from(i) / 100.0;
                let mut v = [x as f32];
                activation.apply(&mut v);
                let exact = at(activation, f64::from(x as f32));
                assert!((f64::from(v[0]) - exact).abs() <= 3e-7 * exact.abs().max(1.0), "{activation:?} {x}");
            }
        }
    }

    #[test]
    fn nan_passes_through() {
        for activation in [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu] {
            assert!(at(activation, f64::NAN).is_nan(), "{activation:?}");
            let mut v = [f32::NAN];
            activation.apply(&mut v);
            assert!(v[0].is_nan(), "{activation:?}");
        }
    }
}
