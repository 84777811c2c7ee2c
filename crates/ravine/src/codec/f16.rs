//! IEEE half precision: 5 bits of exponent, 10 of fraction, subnormal below 2^-14.

use super::{Value, noise};
use crate::random::Random;
use half::f16;

const INFINITY: u32 = 0x7f80_0000;
const SIGN: u32 = 0x8000_0000;
/// 2^-14, the smallest normal f16, as an f32.
const NORMAL: u32 = 0x3880_0000;
/// What f32's exponents are above f16's.
const REBIAS: u32 = 112 << 23;
const NAN: u32 = 0x7e00;
/// 2^24: subnormal f16 count in units of its inverse.
const UNITS: f32 = 16_777_216.0;
/// From 2^23 on an f32 is a whole number.
const WHOLE: f32 = 8_388_608.0;

/// Widens, exactly. Every NaN stays one.
#[inline(always)]
pub fn decode<R: Value>(from: &[f16], to: &mut [R]) {
    for (to, from) in to.iter_mut().zip(from) {
        let bits = u32::from(from.to_bits());
        let size = bits & 0x7fff;
        let normal = (size << 13) + REBIAS;
        // Infinity and NaN have the largest exponent in both formats.
        let normal = if size < 0x7c00 { normal } else { normal + REBIAS };
        // A conversion in place of a product with a subnormal, which is slow on some processors.
        let subnormal = (size as i32 as f32 * (1.0 / UNITS)).to_bits();
        let size = if size < 0x0400 { subnormal } else { normal };
        *to = R::widen(f32::from_bits(size | (bits & 0x8000) << 16));
    }
}

/// Rounds to nearest, ties to even, as IEEE 754 says: 65520 and beyond is infinity, below 2^-14 the unit is 2^-24. Every
/// NaN becomes the same quiet NaN.
#[inline(always)]
pub fn encode_nearest<R: Value>(from: &[R], to: &mut [f16]) {
    for (to, &from) in to.iter_mut().zip(from) {
        let bits = from.narrow().to_bits();
        let size = bits & !SIGN;
        let normal = size.wrapping_sub(REBIAS).wrapping_add(0xfff + ((size >> 13) & 1)) >> 13;
        // From 0.5 to 1 the unit of f32 is 2^-24.
        let subnormal = (f32::from_bits(size) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
        let rounded = if size < NORMAL { subnormal } else { normal.min(0x7c00) };
        let signed = rounded | (bits & SIGN) >> 16;
        *to = f16::from_bits(if size > INFINITY { NAN } else { signed } as u16);
    }
}

/// Rounds away from zero with a probability equal to the fraction of a unit that is cut off, which makes the result
/// right on average; else towards zero. What f16 can hold stays as it is, infinity too. A finite number stays finite:
/// beyond 65504 it becomes that. Every NaN becomes the same quiet NaN.
///
/// Element i takes the random bits of index `first + i` of `stream`, for which `Random::new(seed).stream(step)` will
/// do. f32 is exact in this down to 2^-14, and to 2^-24 of a unit below; f64 moves by less than 2^-13 units before.
#[inline(always)]
pub fn encode_stochastic<R: Value>(from: &[R], to: &mut [f16], stream: Random, first: u64) {
    noise::round(from, to, stream, first, |x: R, random| {
        let bits = x.narrow().to_bits();
        let size = bits & !SIGN;
        let normal = (size.wrapping_sub(REBIAS).wrapping_add(random >> 19) >> 13).min(0x7bff);
        // In units of 2^-24: the nearest whole number, then towards the other one.
        let units = f32::from_bits(size) * UNITS;
        let near = units + WHOLE;
        let rest = units - (near - WHOLE);
        let move_on = (random >> 8) as i32 as f32 * (1.0 / UNITS) < rest.abs();
        let other = if rest < 0.0 { u32::MAX } else { 1 };
        let subnormal = (near.to_bits() & 0x7ff).wrapping_add(if move_on { other } else { 0 });
        let finite = if size < NORMAL { subnormal } else { normal };
        let signed = if size < INFINITY { finite } else { 0x7c00 } | (bits & SIGN) >> 16;
        f16::from_bits(if size > INFINITY { NAN } else { signed } as u16)
    });
}
