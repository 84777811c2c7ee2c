//! Work in pieces whose borders depend on its size alone, so that the number of threads never shows in a result.

use rayon::prelude::*;

use crate::Float;

/// Elements in a piece: some microseconds of work, well above what handing it to another thread costs.
pub(crate) const CHUNK: usize = 1 << 14;

/// Whether there is anyone to share work with.
pub(crate) fn is_alone() -> bool {
    rayon::current_num_threads() == 1
}

/// Does `task(i)` for each i below `count`.
pub(crate) fn tasks(count: usize, task: impl Fn(usize) + Send + Sync) {
    if count <= 1 || is_alone() {
        (0..count).for_each(task);
    } else {
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    }
}

/// Writes `y` in pieces: `f` gets where a piece starts and the piece.
pub(crate) fn chunks<T: Float>(y: &mut [T], f: impl Fn(usize, &mut [T]) + Send + Sync) {
    if y.len() <= CHUNK || is_alone() {
        f(0, y);
    } else {
        y.par_chunks_mut(CHUNK).enumerate().for_each(|(i, y)| f(i * CHUNK, y));
    }
}

/// Both results; at the same time if there are threads.
pub(crate) fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    if is_alone() { (a(), b()) } else { rayon::join(a, b) }
}

ravine::simd! {
    /// y += x.
    pub(crate) fn add<T: Float>(x: &[T], y: &mut [T]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = *y + x;
        }
    }
}
