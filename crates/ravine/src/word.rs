//! The words of memory that a kernel's loop goes by.

use crate::codec::bf16;
use crate::element::Math;
use crate::state::CHUNK;

/// What a kernel reads and writes at once: `P` numbers that lie side by side in memory.
pub(crate) trait Word<R, const P: usize>: Copy + 'static {
    /// Whether it holds less of a number than is computed with.
    const ROUNDS: bool;
    fn open(self) -> [R; P];
    /// Rounded to nearest.
    fn nearest(numbers: [R; P]) -> Self;
    /// Rounded up or down at random, with these bits.
    fn by_chance(numbers: [R; P], random: [u32; P]) -> Self;
}

impl<R: Math> Word<R, 1> for R {
    const ROUNDS: bool = false;
    #[inline(always)]
    fn open(self) -> [R; 1] {
        [self]
    }
    #[inline(always)]
    fn nearest([x]: [R; 1]) -> Self {
        x
    }
    #[inline(always)]
    fn by_chance([x]: [R; 1], _random: [u32; 1]) -> Self {
        x
    }
}

/// Two numbers of bf16. Vectors of words need no shuffling: the upper halves are numbers of f32, and so are the lower
/// halves once shifted.
#[derive(Clone, Copy)]
#[repr(C, packed(2))]
pub(crate) struct Pair(u32);

impl Pair {
    /// Of numbers in the upper half each.
    #[inline(always)]
    fn of([first, second]: [u32; 2]) -> Self {
        let [low, high] = if cfg!(target_endian = "little") { [first, second] } else { [second, first] };
        Self(low >> 16 | high & 0xffff_0000)
    }
}

impl Word<f32, 2> for Pair {
    const ROUNDS: bool = true;
    #[inline(always)]
    fn open(self) -> [f32; 2] {
        let [low, high] = [self.0 << 16, self.0 & 0xffff_0000].map(f32::from_bits);
        if cfg!(target_endian = "little") { [low, high] } else { [high, low] }
    }
    #[inline(always)]
    fn nearest(numbers: [f32; 2]) -> Self {
        Self::of(numbers.map(bf16::nearest))
    }
    #[inline(always)]
    fn by_chance([first, second]: [f32; 2], random: [u32; 2]) -> Self {
        Self::of([bf16::by_chance(first, random[0]), bf16::by_chance(second, random[1])])
    }
}

/// The numbers of a chunk in pairs.
pub(crate) type Pairs = [Pair; CHUNK / 2];
