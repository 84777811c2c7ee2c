//! The arithmetic an update rule may use.

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
    ($($t:ty),*) => {$(
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
real!(f32, f64);
