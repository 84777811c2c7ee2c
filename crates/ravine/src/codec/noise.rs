//! Random bits for stochastic rounding, from a counter.

use crate::random::Random;

/// 2^32 over the golden ratio, odd.
const STEP: u32 = 0x9e37_79b9;

/// 32 random bits for each element of a stream, in order of index: a pure function of stream and index.
///
/// Stream and upper half of the index choose a key of 64 bits ([`Random::bits`]). One half of it and the lower half of
/// the index, as a Weyl sequence, go through two rounds of multiply and shift, which vectors of any width do in 32 bits;
/// the other half is added between the rounds. Multipliers and shifts are those of Wellons' `hash-prospector`.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    counter: u32,
    inner: u32,
}

impl Noise {
    /// The elements from `index` on, up to the next multiple of 2^32: from there on it repeats.
    #[inline(always)]
    pub const fn new(stream: Random, index: u64) -> Self {
        let key = stream.bits(index >> 32);
        Self {
            counter: (key as u32).wrapping_add((index as u32).wrapping_mul(STEP)),
            inner: (key >> 32) as u32,
        }
    }

    /// The bits of the next element.
    #[inline(always)]
    pub const fn draw(&mut self) -> u32 {
        let x = self.counter;
        self.counter = x.wrapping_add(STEP);
        let x = (x ^ (x >> 16)).wrapping_mul(0x21f0_aaad);
        let x = (x ^ (x >> 15)).wrapping_add(self.inner).wrapping_mul(0x735a_2d97);
        x ^ (x >> 15)
    }
}

/// Rounds `from` into `to`, element i with the bits of index `first + i` of the stream.
#[inline(always)]
pub(super) fn round<R: Copy, T>(
    from: &[R],
    to: &mut [T],
    stream: Random,
    first: u64,
    encode: impl Fn(R, u32) -> T,
) {
    // Nearly always the whole chunk.
    let split = usize::try_from((1 << 32) - (first & 0xffff_ffff)).unwrap_or(usize::MAX).min(from.len());
    let mut begin = 0;
    for end in [split, from.len()] {
        if begin < end {
            let mut noise = Noise::new(stream, first.wrapping_add(begin as u64));
            for (to, &from) in to[begin..end].iter_mut().zip(&from[begin..end]) {
                *to = encode(from, noise.draw());
            }
        }
        begin = end;
    }
}
