//! Ravine: the optimizer engine for deep learning.

pub mod random;
mod real;
pub mod simd;

pub use real::Real;
