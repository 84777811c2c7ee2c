//! Storage formats smaller than the arithmetic: how numbers become bytes and bytes numbers.
//!
//! | Format | Bits per element | Error relative to a number | Range | For |
//! |---|---|---|---|---|
//! | [`mod@bf16`] | 16 | up to 2^-8, stochastic 2^-7 | that of f32 | parameters, averages, moments |
//! | [`mod@f16`] | 16 | up to 2^-11, stochastic 2^-10 | 6e-8 to 65504 | parameters, with a loss scale |
//! | [`UNSIGNED8`](dynamic::UNSIGNED8) | 8.125 | up to 0.35 % to 3.5 % in a block's upper decade, in each one below twice that | 7 decades | second moments |
//! | [`SIGNED8`](dynamic::SIGNED8) | 8.125 | 0.7 % to 7 %, likewise | 7 decades | first moments |
//! | [`SIGNED4`](dynamic::SIGNED4), [`packed`] | 4.25 | 11 % to 112 %, likewise | 3 decades | first moments |
//!
//! Every function takes a chunk of a few hundred elements, is `#[inline(always)]` and holds loops without branches or
//! tables, so that it becomes part of a kernel that is compiled for a vector width (see [`mod@crate::simd`]). The bits
//! are the same at every width and on every processor. All conversions go through f32; see [`Value::narrow`] for f64.

pub mod bf16;
pub mod dynamic;
pub mod f16;
pub mod noise;
pub mod packed;

use crate::real::Real;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A number that a codec reads and writes: f32 or f64.
pub trait Value: Real + sealed::Sealed {
    /// The number as f32, which for f64 is rounded to odd: of the two neighbours of a number that is no f32, the one
    /// whose last bit is 1. Rounding that once more to nearest gives what rounding the f64 would have given (Boldo and
    /// Melquiond, IEEE Transactions on Computers 57(4), 2008). A finite number stays finite.
    fn narrow(self) -> f32;
    /// The f32 as it is.
    fn widen(x: f32) -> Self;
}

impl Value for f32 {
    #[inline(always)]
    fn narrow(self) -> f32 {
        self
    }
    #[inline(always)]
    fn widen(x: f32) -> Self {
        x
    }
}

impl Value for f64 {
    #[inline(always)]
    fn narrow(self) -> f32 {
        let near = self as f32;
        let away = u32::from(f64::from(near).abs() > self.abs());
        let odd = f32::from_bits(near.to_bits().wrapping_sub(away) | 1);
        if f64::from(near) == self || self.is_nan() { near } else { odd }
    }
    #[inline(always)]
    fn widen(x: f32) -> Self {
        Self::from(x)
    }
}
