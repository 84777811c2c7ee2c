//! Sums over many elements, with the same bits however the work is shared.

use crate::element::Element;
use crate::plan::{Piece, Plan};
use crate::simd::{self, Level, Work};
use crate::tensors::Tensors;

/// Partial sums that stand side by side, so that a loop over them uses whole vectors. Element i is added to lane i mod
/// `LANES`.
pub(crate) const LANES: usize = 32;

/// Adds numbers, the first of which is element `first`.
#[inline(always)]
pub(crate) fn add<T: Element>(lanes: &mut [f64; LANES], first: usize, values: &[T], f: impl Fn(f64) -> f64) {
    let lane = first % LANES;
    let (head, rest) = values.split_at(((LANES - lane) % LANES).min(values.len()));
    add_to(&mut lanes[lane..], head, &f);
    let mut chunks = rest.chunks_exact(LANES);
    for chunk in &mut chunks {
        add_to(lanes, chunk, &f);
    }
    add_to(lanes, chunks.remainder(), &f);
}

#[inline(always)]
fn add_to<T: Element>(lanes: &mut [f64], values: &[T], f: impl Fn(f64) -> f64) {
    for (lane, &x) in lanes.iter_mut().zip(values) {
        *lane += f(x.widen().into());
    }
}

/// The sum of the squares of all gradients, in f64. `memory` is reused from step to step.
///
/// Lanes and tasks are added in order, so the bits depend neither on threads nor on how the elements are cut into tensors.
pub(crate) fn sum_of_squares<T: Element>(
    plan: &Plan,
    tensors: &Tensors<'_, T>,
    level: Level,
    memory: &mut Vec<f64>,
) -> f64 {
    memory.clear();
    memory.resize(plan.len(), 0.0);
    let sums = Places(memory.as_mut_ptr());
    plan.tasks(|index, _, pieces| {
        let sum = simd::dispatch(level, Squares { pieces, tensors });
        // SAFETY: there is one place for each task, and each task writes its own.
        unsafe { sums.write(index, sum) };
    });
    memory.iter().sum()
}

/// Places in a buffer, written by several threads: each its own.
pub(crate) struct Places<T>(pub(crate) *mut T);
// SAFETY: whoever writes promises that no two threads use one place.
unsafe impl<T: Send> Sync for Places<T> {}

impl<T> Places<T> {
    /// # Safety
    /// `index` lies in the buffer, which is alive, and no other thread uses this place.
    pub(crate) unsafe fn write(&self, index: usize, value: T) {
        // SAFETY: as promised by the caller.
        unsafe { self.0.add(index).write(value) };
    }
}

struct Squares<'a, T> {
    pieces: &'a [Piece],
    tensors: &'a Tensors<'a, T>,
}

impl<T: Element> Work for Squares<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut lanes = [0.0; LANES];
        for piece in self.pieces {
            let grads = &self.tensors.grads(piece.member)[piece.start..][..piece.len];
            add(&mut lanes, piece.flat, grads, |g| g * g);
        }
        lanes.iter().sum()
    }
}
