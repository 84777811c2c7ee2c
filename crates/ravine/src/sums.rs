//! Sums over many elements, with the same bits however the work is shared.

use crate::element::Element;
use crate::plan::{Piece, Plan, TASK};
use crate::simd::{self, Level, Work};
use crate::state::CHUNK;
use crate::tensors::Tensors;
use crate::threads::{Pool, Threads};

/// Partial sums that stand side by side, so that a loop over them uses whole vectors. Element i is added to lane i mod
/// `LANES`.
pub(crate) const LANES: usize = 32;

/// Adds numbers, the first of which is element `first`.
#[inline(always)]
pub(crate) fn add<T: Element>(lanes: &mut [f64; LANES], first: usize, values: &[T], f: impl Fn(f64) -> f64) {
    let lane = first % LANES;
    let (head, rest) = values.split_at(((LANES - lane) % LANES).min(values.len()));
    add_to(&mut lanes[lane..], head, &f);
    let (chunks, tail) = rest.as_chunks::<LANES>();
    // A copy that nothing points into: the compiler keeps it in vectors, and is seven times as fast.
    let mut sums = *lanes;
    for chunk in chunks {
        add_to(&mut sums, chunk, &f);
    }
    *lanes = sums;
    add_to(lanes, tail, &f);
}

#[inline(always)]
fn add_to<T: Element>(lanes: &mut [f64], values: &[T], f: impl Fn(f64) -> f64) {
    for (lane, &x) in lanes.iter_mut().zip(values) {
        *lane += f(x.widen().into());
    }
}

/// The sum of the lanes, by halves, which vectors can do.
#[inline(always)]
pub(crate) fn total(mut lanes: [f64; LANES]) -> f64 {
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = lanes.split_at_mut(half);
        low.iter_mut().zip(high).for_each(|(low, &mut high)| *low += high);
        half /= 2;
    }
    lanes[0]
}

/// The sum of `f` of each value, in f64. The order of the sum is fixed by the number of values alone.
pub(crate) fn over<T: Element>(
    values: &[T],
    level: Level,
    f: impl Fn(f64) -> f64 + Copy + Send + Sync,
) -> f64 {
    let [sum] = beside([values], level, |[x]| [f(x.into())]);
    sum
}

/// The sums of what `f` makes of the values that stand side by side, in f64. Their order is fixed by the number of values
/// alone.
pub(crate) fn beside<T: Element, const N: usize, const M: usize>(
    values: [&[T]; N],
    level: Level,
    f: impl Fn([T::Math; N]) -> [f64; M] + Copy + Send + Sync,
) -> [f64; M] {
    let len = values[0].len();
    if len <= TASK {
        return simd::dispatch(level, Sums { values, f });
    }
    let halves = values.map(|values| values.split_at((len / 2).next_multiple_of(TASK)));
    let (head, tail) = rayon::join(
        || beside(halves.map(|(head, _)| head), level, f),
        || beside(halves.map(|(_, tail)| tail), level, f),
    );
    std::array::from_fn(|m| head[m] + tail[m])
}

struct Sums<'a, T, F, const N: usize> {
    values: [&'a [T]; N],
    f: F,
}

impl<T: Element, F: Fn([T::Math; N]) -> [f64; M], const N: usize, const M: usize> Work for Sums<'_, T, F, N> {
    type Output = [f64; M];

    #[inline(always)]
    fn run(self) -> [f64; M] {
        let Self { values, f } = self;
        let mut lanes = [[0.0; LANES]; M];
        // A loop over a line of lanes would be unrolled, and not vectorised.
        let mut terms = [[0.0; CHUNK]; M];
        let len = values[0].len();
        for at in (0..len).step_by(CHUNK) {
            let count = CHUNK.min(len - at);
            let chunks = values.map(|values| &values[at..][..count]);
            for i in 0..count {
                let of_element = f(chunks.map(|chunk| chunk[i].widen()));
                (0..M).for_each(|m| terms[m][i] = of_element[m]);
            }
            for (lanes, terms) in lanes.iter_mut().zip(&terms) {
                add(lanes, 0, &terms[..count], |x| x);
            }
        }
        lanes.map(total)
    }
}

/// The sum of the squares of all gradients, in f64. `memory` is reused from step to step.
pub(crate) fn sum_of_squares<T: Element>(
    plan: &Plan,
    tensors: &Tensors<'_, T>,
    level: Level,
    memory: &mut Vec<f64>,
) -> f64 {
    over_pieces(plan, memory, &Pool, |piece, lanes| {
        let grads = &tensors.grads(piece.member)[piece.start..][..piece.len];
        add_squares(lanes, piece.flat, grads, level);
    })
}

/// The sum of what `add` adds to the lanes for each piece. `memory` is there to be used again.
///
/// Lanes and tasks are added in order, so the bits depend neither on threads nor on how the elements are cut into
/// tensors.
pub(crate) fn over_pieces(
    plan: &Plan,
    memory: &mut Vec<f64>,
    threads: &dyn Threads,
    add: impl Fn(&Piece, &mut [f64; LANES]) + Sync,
) -> f64 {
    memory.clear();
    memory.resize(plan.len(), 0.0);
    let sums = Places(memory.as_mut_ptr());
    plan.tasks(threads, |index, _, pieces| {
        let mut lanes = [0.0; LANES];
        pieces.iter().for_each(|piece| add(piece, &mut lanes));
        // SAFETY: there is one place for each task, and each task writes its own.
        unsafe { sums.write(index, total(lanes)) };
    });
    memory.iter().sum()
}

/// Adds the squares of numbers, the first of which is element `first`.
pub(crate) fn add_squares<T: Element>(lanes: &mut [f64; LANES], first: usize, values: &[T], level: Level) {
    simd::dispatch(level, Squares { lanes, first, values });
}

struct Squares<'a, T> {
    lanes: &'a mut [f64; LANES],
    first: usize,
    values: &'a [T],
}

impl<T: Element> Work for Squares<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        add(self.lanes, self.first, self.values, |x| x * x);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_that_of_all_values_and_has_the_same_bits_for_any_width_and_threads() {
        for len in [0, 1, 31, TASK, TASK + 1, 5 * TASK + 3] {
            let values: Vec<f64> = (0..len).map(|i| ((i * 37) % 101) as f64 - 50.0).collect();
            let exact = values.iter().map(|x| x * x).sum::<f64>();
            assert_eq!(over(&values, Level::Baseline, |x| x * x), exact, "integers add without rounding");
            let [dot, sum] = beside([&values, &values], Level::widest(), |[a, b]| [a * b, a]);
            assert_eq!([dot, sum], [exact, values.iter().sum()]);
            let thirds: Vec<f64> = values.iter().map(|x| x / 3.0).collect();
            let sums = [1, 3].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| over(&thirds, Level::widest(), |x| x)).to_bits()
            });
            assert_eq!(sums, [over(&thirds, Level::Baseline, |x| x).to_bits(); 2]);
        }
    }
}
