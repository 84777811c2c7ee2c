//! bfloat16: the upper half of an f32.

use super::{Value, noise};
use crate::random::Random;
use half::bf16;

const LARGEST: u32 = 0x7f7f_0000;
const SIGN: u32 = 0x8000_0000;
const NAN: u32 = 0x7fc0_0000;

/// Widens, exactly.
#[inline(always)]
pub fn decode<R: Value>(from: &[bf16], to: &mut [R]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = R::widen(f32::from_bits(u32::from(from.to_bits()) << 16));
    }
}

/// Rounds to nearest, ties to even, as IEEE 754 says: beyond the largest finite value by half a unit is infinity. Every
/// NaN becomes the same quiet NaN.
#[inline(always)]
pub fn encode_nearest<R: Value>(from: &[R], to: &mut [bf16]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = bf16::from_bits((nearest(from.narrow()) >> 16) as u16);
    }
}

/// Rounds away from zero with a probability equal to the fraction of a unit that is cut off, which makes the result
/// right on average; else towards zero. What bf16 can hold stays as it is, infinity too. A finite number stays finite:
/// beyond the largest it becomes the largest. Every NaN becomes the same quiet NaN.
///
/// Element i takes the random bits of index `first + i` of `stream`, for which `Random::new(seed).stream(step)` will
/// do. f32 is exact in this; f64 moves by less than 2^-16 units before.
#[inline(always)]
pub fn encode_stochastic<R: Value>(from: &[R], to: &mut [bf16], stream: Random, first: u64) {
    noise::round(from, to, stream, first, |x: R, random| {
        bf16::from_bits((by_chance(x.narrow(), random) >> 16) as u16)
    });
}

/// What [`encode_nearest`] makes of a number, in the upper half.
#[inline(always)]
pub(crate) fn nearest(x: f32) -> u32 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
    if x.is_nan() { NAN } else { rounded }
}

/// What [`encode_stochastic`] makes of a number with these random bits, in the upper half.
#[inline(always)]
pub(crate) fn by_chance(x: f32, random: u32) -> u32 {
    let bits = x.to_bits();
    let to_zero = bits & !SIGN >= LARGEST;
    let rounded = bits.wrapping_add(if to_zero { 0 } else { random >> 16 });
    if x.is_nan() { NAN } else { rounded }
}
