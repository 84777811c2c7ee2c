//! The loop over the elements of a chunk, compiled for each rule and vector width.

use crate::codec::noise::Noise;
use crate::element::Math;
use crate::random::Random;
use crate::real::Real;
use crate::rule::{Reduce, Update};
use crate::simd::Level;
use crate::state::CHUNK;
use crate::word::Word;
use std::marker::PhantomData;

/// The numbers of a chunk.
pub(crate) type Line<R> = [R; CHUNK];

/// The most slots and sums that an element-wise rule may have.
pub(crate) const SLOTS_AT_MOST: usize = 12;
pub(crate) const SUMS_AT_MOST: usize = 8;

/// Slots that a kernel may change where they lie in memory. Those beyond, which few rules have, lie in [`Beside`].
pub(crate) const IN_PLACE: usize = 4;

/// What a kernel leaves beside the lines that it is called with.
pub(crate) struct Beside<R> {
    /// The slots beyond [`IN_PLACE`].
    pub(crate) slots: [Line<R>; SLOTS_AT_MOST - IN_PLACE],
    pub(crate) sums: [Line<R>; SUMS_AT_MOST],
}

/// An update or a look, as the loop over the elements sees it.
pub trait Kernel<const N: usize, const K: usize, const M: usize>: 'static {
    /// Whether the parameter is written.
    const UPDATES: bool;
    fn apply<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> (R, [R; N], [R; M]);
}

pub(crate) struct Updating<U>(PhantomData<fn(U)>);

impl<U: Update<N, K>, const N: usize, const K: usize> Kernel<N, K, 0> for Updating<U> {
    const UPDATES: bool = true;
    #[inline(always)]
    fn apply<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> (R, [R; N], [R; 0]) {
        let (w, s) = U::update(k, w, g, s);
        (w, s, [])
    }
}

pub(crate) struct Looking<U>(PhantomData<fn(U)>);

impl<U: Reduce<N, K, M>, const N: usize, const K: usize, const M: usize> Kernel<N, K, M> for Looking<U> {
    const UPDATES: bool = false;
    #[inline(always)]
    fn apply<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> (R, [R; N], [R; M]) {
        let (s, sums) = U::reduce(k, w, g, s);
        (w, s, sums)
    }
}

/// A kernel at a vector width, with its scalars, the factors on parameter and gradient, and so many lines `L` of parameter,
/// gradient and slots, one after the other each. Slots beyond those of the rule are not touched; a kernel with slots or sums
/// in [`Beside`] takes one line. Parameters are rounded to nearest, or at random with the bits of a stream from an index on,
/// which no line takes over a multiple of 2^32.
///
/// Safe on a processor that has the level's features, where there are as many lines that nobody else uses and that do not
/// overlap.
pub(crate) type Loop<R, L> = unsafe fn(
    &[R],
    [R; 2],
    usize,
    *mut L,
    *const L,
    [*mut L; IN_PLACE],
    &mut Beside<R>,
    Option<(Random, u64)>,
);

macro_rules! compiled {
    ($($(#[$meta:meta])* fn $name:ident;)*) => {$(
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        unsafe fn $name(
            k: &[R],
            factors: [R; 2],
            lines: usize,
            w: *mut [W; L],
            g: *const [W; L],
            slots: [*mut [W; L]; IN_PLACE],
            beside: &mut Beside<R>,
            chance: Option<(Random, u64)>,
        ) {
            const { assert!(N <= SLOTS_AT_MOST && M <= SUMS_AT_MOST, "too many slots or sums for one rule") };
            let k: [R; K] = std::array::from_fn(|i| k[i]);
            for i in 0..lines {
                // What the rule has no slot for stays at its one line, which is not touched.
                let [s0, s1, s2, s3] =
                    std::array::from_fn(|slot| slots[slot].wrapping_add(if slot < N { i } else { 0 }));
                let (w, g) = (w.wrapping_add(i), g.wrapping_add(i));
                // SAFETY: as promised by the caller.
                let (w, g, s0, s1, s2, s3) = unsafe { (&mut *w, &*g, &mut *s0, &mut *s1, &mut *s2, &mut *s3) };
                match chance {
                    Some((stream, first)) if W::ROUNDS => {
                        let mut noise = Noise::new(stream, first + (CHUNK * i) as u64);
                        Self::line(k, factors, w, g, s0, s1, s2, s3, beside, |numbers| {
                            W::by_chance(numbers, std::array::from_fn(|_| noise.draw()))
                        });
                    }
                    _ => Self::line(
                        k, factors, w, g, s0, s1, s2, s3, beside, W::nearest,
                    ),
                }
            }
        }
    )*};
}

/// The loops of a kernel `U` over words `W`, `L` of them to a line.
pub(crate) struct Loops<
    R,
    W,
    U,
    const N: usize,
    const K: usize,
    const M: usize,
    const P: usize,
    const L: usize,
>(PhantomData<fn(R, W, U)>);

impl<
    R: Math,
    W: Word<R, P>,
    U: Kernel<N, K, M>,
    const N: usize,
    const K: usize,
    const M: usize,
    const P: usize,
    const L: usize,
> Loops<R, W, U, N, K, M, P, L>
{
    /// The loop of a kernel for this level, which must be available. It is all of a pass that is compiled for each rule; the
    /// rest is compiled once and calls this through a pointer.
    pub(crate) fn at_level(level: Level) -> Loop<R, [W; L]> {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Self::avx512,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Self::avx2,
            _ => Self::baseline,
        }
    }

    /// One line. Each is a parameter of its own: only of those does the compiler know that they do not overlap, so that it need
    /// not read again what it has just written.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn line(
        k: [R; K],
        [keep, scale]: [R; 2],
        w: &mut [W; L],
        g: &[W; L],
        s0: &mut [W; L],
        s1: &mut [W; L],
        s2: &mut [W; L],
        s3: &mut [W; L],
        beside: &mut Beside<R>,
        mut rounded: impl FnMut([R; P]) -> W,
    ) {
        const { assert!(L * P == CHUNK, "a line holds a chunk") };
        for i in 0..L {
            let [ws, gs] = [w[i].open(), g[i].open()];
            let slots: [[R; P]; N] = std::array::from_fn(|slot| match slot {
                0 => s0[i].open(),
                1 => s1[i].open(),
                2 => s2[i].open(),
                3 => s3[i].open(),
                _ => std::array::from_fn(|p| beside.slots[slot - IN_PLACE][P * i + p]),
            });
            let done: [_; P] = std::array::from_fn(|p| {
                U::apply(k, ws[p] * keep, gs[p] * scale, std::array::from_fn(|slot| slots[slot][p]))
            });
            if U::UPDATES {
                w[i] = rounded(done.map(|(new, ..)| new));
            }
            for slot in 0..N {
                let after = done.map(|(_, slots, _)| slots[slot]);
                match slot {
                    0 => s0[i] = W::nearest(after),
                    1 => s1[i] = W::nearest(after),
                    2 => s2[i] = W::nearest(after),
                    3 => s3[i] = W::nearest(after),
                    _ => beside.slots[slot - IN_PLACE][P * i..][..P].copy_from_slice(&after),
                }
            }
            for (m, line) in beside.sums.iter_mut().enumerate().take(M) {
                line[P * i..][..P].copy_from_slice(&done.map(|(.., sums)| sums[m]));
            }
        }
    }

    compiled! {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512;
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn avx2;
        fn baseline;
    }
}
