//! Numbers that an expression can be evaluated on: plain ones, and ones that carry a derivative along a direction.

use super::function::Function;
use std::ops::{Add, Mul, Neg, Sub};

/// A number of the evaluation.
pub(super) trait Scalar:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    /// A constant.
    fn constant(x: f64) -> Self;
    /// The value without derivative.
    fn value(self) -> f64;
    /// f at this number.
    fn call(self, f: &Function) -> Self;
    /// f' at this number.
    fn slope(self, f: &Function) -> Self;
    /// 1 / x.
    fn recip(self) -> Self;
    /// x^c.
    fn power(self, c: f64) -> Self;
}

impl Scalar for f64 {
    fn constant(x: f64) -> Self {
        x
    }
    fn value(self) -> f64 {
        self
    }
    fn call(self, f: &Function) -> Self {
        (f.value)(self)
    }
    fn slope(self, f: &Function) -> Self {
        (f.slope)(self)
    }
    fn recip(self) -> Self {
        1.0 / self
    }
    fn power(self, c: f64) -> Self {
        // Whole powers of negative numbers are numbers; small ones are products, as one would write them.
        if c.fract() == 0.0 && c.abs() <= 64.0 { self.powi(c as i32) } else { self.powf(c) }
    }
}

/// A value and its derivative along one direction.
#[derive(Clone, Copy)]
pub(super) struct Dual {
    pub(super) value: f64,
    pub(super) dot: f64,
}

/// c x^(c - 1), also where x = 0 makes the second factor infinite and c makes it vanish.
pub(super) fn power_slope<T: Scalar>(x: T, c: f64) -> T {
    if c == 0.0 { T::constant(0.0) } else { T::constant(c) * x.power(c - 1.0) }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, dot: self.dot + other.dot }
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, dot: self.dot - other.dot }
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self { value: self.value * other.value, dot: self.dot * other.value + self.value * other.dot }
    }
}

impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, dot: -self.dot }
    }
}

impl Dual {
    /// A function's value with its derivative times this number's.
    fn chain(self, value: f64, slope: f64) -> Self {
        // A direction that does not touch x has no part in a slope that is infinite there.
        Self { value, dot: if self.dot == 0.0 { 0.0 } else { slope * self.dot } }
    }
}

impl Scalar for Dual {
    fn constant(x: f64) -> Self {
        Self { value: x, dot: 0.0 }
    }
    fn value(self) -> f64 {
        self.value
    }
    fn call(self, f: &Function) -> Self {
        self.chain((f.value)(self.value), (f.slope)(self.value))
    }
    fn slope(self, f: &Function) -> Self {
        self.chain((f.slope)(self.value), (f.curve)(self.value))
    }
    fn recip(self) -> Self {
        let recip = 1.0 / self.value;
        self.chain(recip, -recip * recip)
    }
    fn power(self, c: f64) -> Self {
        self.chain(self.value.power(c), power_slope(self.value, c))
    }
}
