//! Two codes of 4 bits to a byte, the first in the upper half.

use super::Value;
use super::dynamic::{BLOCK4, SIGNED4};

/// Bytes of the codes of a block or a tensor.
pub const fn bytes(len: usize) -> usize {
    len.div_ceil(2)
}

/// [`SIGNED4`]'s `encode`, packed. A lone last code has the code of 0 beside it.
///
/// # Panics
/// If there are more than [`BLOCK4`] numbers.
#[inline(always)]
pub fn encode<R: Value>(from: &[R], packed: &mut [u8]) -> f32 {
    let mut codes = [SIGNED4.zero(); BLOCK4];
    let scale = SIGNED4.encode(from, &mut codes[..from.len()]);
    for (byte, [upper, lower]) in packed.iter_mut().zip(codes.as_chunks().0) {
        *byte = upper << 4 | lower;
    }
    scale
}

/// [`SIGNED4`]'s `decode`, from packed codes.
///
/// # Panics
/// If there are more than [`BLOCK4`] numbers.
#[inline(always)]
pub fn decode<R: Value>(packed: &[u8], scale: f32, to: &mut [R]) {
    let mut codes = [0; BLOCK4];
    for ([upper, lower], byte) in codes.as_chunks_mut().0.iter_mut().zip(packed) {
        (*upper, *lower) = (byte >> 4, byte & 15);
    }
    SIGNED4.decode(&codes[..to.len()], scale, to);
}
