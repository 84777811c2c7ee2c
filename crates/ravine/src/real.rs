//! The arithmetic an update rule may use.

use crate::functions::{double, single};
use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number as an update rule sees it: f32 or f64 on the processor, or a node of an expression being traced.
///
/// There is no fused multiply-add, so that every width and device rounds alike, and no branch, so that every lane of
/// a vector does the same: choose with [`less`](Real::less) and [`select`](Real::select).
pub trait Real:
    Copy
    + Debug
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The result of a comparison.
    type Mask: Copy;
    /// The nearest value to `x`.
    fn from_f64(x: f64) -> Self;
    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// Cube root of a number that is 0 or more, right to the last place or two; not of numbers so small that they are not
    /// kept in full.
    fn cbrt(self) -> Self;
    /// e to the power of it, right to 1 unit in the last place.
    fn exp(self) -> Self;
    /// It to the power of a number from -1000 to 1000, right to `2 + 2 |power|` units in the last place. NaN for what is
    /// below 0, whatever the power, but for a power of 0, which gives 1.
    fn powf(self, power: Self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// The smaller; `other` if they are equal or either is NaN.
    fn min(self, other: Self) -> Self;
    /// The larger; `other` if they are equal or either is NaN.
    fn max(self, other: Self) -> Self;
    /// The magnitude of `self` with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// -1, 0 or 1, as `self` is below, equal to or above 0; NaN if it is NaN.
    #[inline(always)]
    fn sign(self) -> Self {
        let one = Self::from_f64(1.0).copysign(self);
        Self::select(Self::from_f64(0.0).less(self.abs()), one, self)
    }
    /// `self < other`; false if either is NaN.
    fn less(self, other: Self) -> Self::Mask;
    /// `yes` where `mask` holds, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
}

macro_rules! real {
    ($($t:ty, $functions:ident, $third:literal, $rounds:literal;)*) => {$(
        impl Real for $t {
            type Mask = bool;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn cbrt(self) -> Self {
                // A third of the exponent, with what its bias is short of, is right to a few percent; each round of Halley's
                // method makes three times as many digits right.
                let mut root = <$t>::from_bits(self.to_bits() / 3 + $third);
                for _ in 0..$rounds {
                    let rest = self / (root * root);
                    root = root * (root + (rest + rest)) / ((root + root) + rest);
                }
                if self > 0.0 { root } else { self }
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $functions::exp(self)
            }
            #[inline(always)]
            fn powf(self, power: Self) -> Self {
                $functions::powf(self, power)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if self < other { self } else { other }
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self > other { self } else { other }
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                self.copysign(sign)
            }
            #[inline(always)]
            fn less(self, other: Self) -> bool {
                self < other
            }
            #[inline(always)]
            fn select(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }
        }
    )*};
}
real! {
    f32, single, 0x2a51_4067, 2;
    f64, double, 0x2a9f_7893_0000_0000, 3;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots_are_right_to_the_last_places() {
        for exponent in -300..300 {
            let x = 1.7 * 10f64.powi(exponent);
            let exact = f64::cbrt(x);
            assert!((Real::cbrt(x) / exact - 1.0).abs() < 4.0 * f64::EPSILON, "{x}");
            let small = x as f32;
            if small.is_normal() {
                let exact = f64::cbrt(f64::from(small));
                assert!((f64::from(Real::cbrt(small)) / exact - 1.0).abs() < 2e-7, "{small}");
            }
        }
        assert_eq!([Real::cbrt(0.0f64), Real::cbrt(8.0), Real::cbrt(1.0)], [0.0, 2.0, 1.0]);
        assert!(Real::cbrt(f64::NAN).is_nan());
    }
}
