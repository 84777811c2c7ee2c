//! The loop over the elements of a chunk, compiled for each rule and vector width.

use crate::element::Math;
use crate::real::Real;
use crate::rule::{Reduce, Update};
use crate::simd::Level;
use crate::state::CHUNK;
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
pub(crate) trait Kernel<const N: usize, const K: usize, const M: usize>: 'static {
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

/// A kernel at a vector width, with its scalars, the factors on parameter and gradient, and so many lines of parameter,
/// gradient and slots, one after the other each. Slots beyond those of the rule are not touched; a kernel with slots or sums
/// in [`Beside`] takes one line. Safe on a processor that has the level's features, where there are as many lines that
/// nobody else uses and that do not overlap.
pub(crate) type Loop<R> =
    unsafe fn(&[R], [R; 2], usize, *mut Line<R>, *const Line<R>, [*mut Line<R>; IN_PLACE], &mut Beside<R>);

/// The loop of a kernel for this level, which must be available. It is all of a pass that is compiled for each rule; the
/// rest is compiled once and calls this through a pointer.
pub(crate) fn at_level<R: Math, U: Kernel<N, K, M>, const N: usize, const K: usize, const M: usize>(
    level: Level,
) -> Loop<R> {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::<R, U, N, K, M>,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::<R, U, N, K, M>,
        _ => baseline::<R, U, N, K, M>,
    }
}

/// One line. Each is a parameter of its own: only of those does the compiler know that they do not overlap, so that it need
/// not read again what it has just written.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn line<R: Math, U: Kernel<N, K, M>, const N: usize, const K: usize, const M: usize>(
    k: [R; K],
    [keep, scale]: [R; 2],
    w: &mut Line<R>,
    g: &Line<R>,
    s0: &mut Line<R>,
    s1: &mut Line<R>,
    s2: &mut Line<R>,
    s3: &mut Line<R>,
    beside: &mut Beside<R>,
) {
    for i in 0..CHUNK {
        let s = std::array::from_fn(|slot| match slot {
            0 => s0[i],
            1 => s1[i],
            2 => s2[i],
            3 => s3[i],
            _ => beside.slots[slot - IN_PLACE][i],
        });
        let (new, after, sums) = U::apply(k, w[i] * keep, g[i] * scale, s);
        if U::UPDATES {
            w[i] = new;
        }
        for (slot, &after) in after.iter().enumerate() {
            match slot {
                0 => s0[i] = after,
                1 => s1[i] = after,
                2 => s2[i] = after,
                3 => s3[i] = after,
                _ => beside.slots[slot - IN_PLACE][i] = after,
            }
        }
        for (line, &sum) in beside.sums.iter_mut().zip(&sums) {
            line[i] = sum;
        }
    }
}

macro_rules! compiled {
    ($($(#[$meta:meta])* fn $name:ident;)*) => {$(
        $(#[$meta])*
        unsafe fn $name<R: Math, U: Kernel<N, K, M>, const N: usize, const K: usize, const M: usize>(
            k: &[R],
            factors: [R; 2],
            lines: usize,
            w: *mut Line<R>,
            g: *const Line<R>,
            slots: [*mut Line<R>; IN_PLACE],
            beside: &mut Beside<R>,
        ) {
            const { assert!(N <= SLOTS_AT_MOST && M <= SUMS_AT_MOST, "too many slots or sums for one rule") };
            let k: [R; K] = std::array::from_fn(|i| k[i]);
            for i in 0..lines {
                // What the rule has no slot for stays at its one line, which is not touched.
                let [s0, s1, s2, s3] =
                    std::array::from_fn(|slot| slots[slot].wrapping_add(if slot < N { i } else { 0 }));
                // SAFETY: as promised by the caller.
                unsafe {
                    let (w, g) = (&mut *w.add(i), &*g.add(i));
                    line::<R, U, N, K, M>(k, factors, w, g, &mut *s0, &mut *s1, &mut *s2, &mut *s3, beside);
                }
            }
        }
    )*};
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
