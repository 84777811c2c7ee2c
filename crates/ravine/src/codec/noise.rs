//! Random bits for stochastic rounding, from a counter.

use crate::random::Random;

/// 32 random bits for each element of a stream, by index: a pure function of stream and index.
///
/// The upper half of the index and the stream choose a 64-bit key. The lower half goes through two rounds of multiply
/// and shift in 32 bits, which vectors of every width can do, with half of the key added before each. So a key's 2^32
/// numbers are all different, and the upper bits, which rounding uses, are as good as independent.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    start: u32,
    inner: u32,
}

impl Noise {
    /// Element `first` of a stream and those that follow, up to the next multiple of 2^32.
    #[inline(always)]
    fn new(stream: Random, first: u64) -> Self {
        let key = stream.bits(first >> 32);
        Self { start: (key as u32).wrapping_add(first as u32), inner: (key >> 32) as u32 }
    }

    /// The bits of the element `offset` places on.
    #[inline(always)]
    pub fn bits(self, offset: usize) -> u32 {
        let mut x = self.start.wrapping_add(offset as u32);
        x = (x ^ (x >> 16)).wrapping_mul(0x21f0_aaad);
        x = (x ^ (x >> 15)).wrapping_add(self.inner).wrapping_mul(0x735a_2d97);
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
    // Almost always the whole chunk: a key serves 2^32 elements.
    let split = usize::try_from((1 << 32) - (first & 0xffff_ffff)).unwrap_or(usize::MAX).min(from.len());
    let mut begin = 0;
    for end in [split, from.len()] {
        if begin < end {
            let noise = Noise::new(stream, first.wrapping_add(begin as u64));
            for (i, (to, &from)) in to[begin..end].iter_mut().zip(&from[begin..end]).enumerate() {
                *to = encode(from, noise.bits(i));
            }
        }
        begin = end;
    }
}
