//! The norm of all gradients, with the same bits however they are cut.

use crate::pass::Element;
use crate::plan::{Piece, Plan};
use crate::simd::{self, Level, Work};
use crate::tensors::Tensors;

/// The sum of the squares of all gradients, in f64.
///
/// Element i of all tensors laid end to end is always added to lane i mod `LANES` of task i / [`TASK`](crate::plan::TASK), and lanes and
/// tasks are added in order, so the bits depend neither on threads nor on how the elements are cut into tensors.
pub(crate) fn sum_of_squares<T: Element>(plan: &Plan, tensors: &Tensors<'_, T>, level: Level) -> f64 {
    plan.tasks(|pieces| simd::dispatch(level, Squares { pieces, tensors })).iter().sum()
}

const LANES: usize = 32;

struct Squares<'a, T> {
    pieces: &'a [Piece],
    tensors: &'a Tensors<'a, T>,
}

impl<T: Element> Work for Squares<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut lanes = [0.0f64; LANES];
        for piece in self.pieces {
            let grads = &self.tensors.grads(piece.tensor)[piece.start..][..piece.len];
            let lane = piece.state % LANES;
            let (head, rest) = grads.split_at(((LANES - lane) % LANES).min(piece.len));
            add_squares(head, &mut lanes[lane..]);
            let mut chunks = rest.chunks_exact(LANES);
            for chunk in &mut chunks {
                add_squares(chunk, &mut lanes);
            }
            add_squares(chunks.remainder(), &mut lanes);
        }
        lanes.iter().sum()
    }
}

#[inline(always)]
fn add_squares<T: Element>(grads: &[T], lanes: &mut [f64]) {
    for (lane, &g) in lanes.iter_mut().zip(grads) {
        let g: f64 = g.into();
        *lane += g * g;
    }
}
