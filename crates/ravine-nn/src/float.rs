//! The numbers that networks compute with.

use std::fmt::{Debug, Display};

use ravine::linalg::Scalar;

use crate::special;

/// f32 or f64: what a network computes with.
///
/// The functions of f32 are polynomials without a branch, so that loops over them use vector instructions; their
/// errors, measured against f64, stand beside each. The f64 ones are the standard library's.
pub trait Float: Scalar + Display + Debug {
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// The value as f64, exactly.
    fn to_f64(self) -> f64;
    /// e^x. In f32 within 1.5 ulp; below the normal range within 1.5 steps of the subnormal grid.
    fn exp(self) -> Self;
    /// Hyperbolic tangent. In f32 within 3 ulp.
    fn tanh(self) -> Self;
    /// The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. In f32 within 3 ulp.
    fn erf(self) -> Self;
    /// `(erf x, e^(-x^2))`, which share their work. In f32 both within 3 ulp of functions of the rounded square.
    fn erf_and_gaussian(self) -> (Self, Self);
    /// The logistic function 1 / (1 + e^-x). In f32 within 3 ulp above the subnormal range.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + Float::exp(-self))
    }
}

impl Float for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.into()
    }
    #[inline(always)]
    fn exp(self) -> Self {
        special::exp(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        special::tanh(self)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        special::erf_and_gaussian(self).0
    }
    #[inline(always)]
    fn erf_and_gaussian(self) -> (Self, Self) {
        special::erf_and_gaussian(self)
    }
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn exp(self) -> Self {
        self.exp()
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        self.tanh()
    }
    #[inline(always)]
    fn erf(self) -> Self {
        special::erf_f64(self)
    }
    #[inline(always)]
    fn erf_and_gaussian(self) -> (Self, Self) {
        (special::erf_f64(self), (-self * self).exp())
    }
}
