//! Work in pieces whose borders depend on its size alone, so that the number of threads never shows in a result.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::Float;

/// Elements in a piece: some microseconds of work, well above what handing it to another thread costs.
pub(crate) const CHUNK: usize = 1 << 14;

/// Whether there is anyone to share work with.
pub(crate) fn is_alone() -> bool {
    rayon::current_num_threads() == 1
}

/// Writes `y` in pieces: `f` gets where a piece starts and the piece.
pub(crate) fn chunks<T: Float>(y: &mut [T], f: impl Fn(usize, &mut [T]) + Send + Sync) {
    if y.len() <= CHUNK || is_alone() {
        f(0, y);
    } else {
        y.par_chunks_mut(CHUNK).enumerate().for_each(|(i, y)| f(i * CHUNK, y));
    }
}

/// Writes `y` in pieces of `len`, the last maybe shorter: `f` gets the number of a piece and the piece.
pub(crate) fn pieces<T: Send>(y: &mut [T], len: usize, f: impl Fn(usize, &mut [T]) + Send + Sync) {
    if y.len() <= len || is_alone() {
        y.chunks_mut(len).enumerate().for_each(|(i, y)| f(i, y));
    } else {
        y.par_chunks_mut(len).with_max_len(1).enumerate().for_each(|(i, y)| f(i, y));
    }
}

/// The same for two buffers that have as many pieces each.
pub(crate) fn pairs<A: Send, B: Send>(
    (a, a_len): (&mut [A], usize),
    (b, b_len): (&mut [B], usize),
    f: impl Fn(usize, &mut [A], &mut [B]) + Send + Sync,
) {
    if a.len() <= a_len || is_alone() {
        a.chunks_mut(a_len).zip(b.chunks_mut(b_len)).enumerate().for_each(|(i, (a, b))| f(i, a, b));
    } else {
        let pairs = a.par_chunks_mut(a_len).zip(b.par_chunks_mut(b_len)).with_max_len(1);
        pairs.enumerate().for_each(|(i, (a, b))| f(i, a, b));
    }
}

/// Buffers that tasks borrow: as many as there were tasks at the same time, used again from step to step.
#[derive(Debug, Default)]
pub(crate) struct Scratch<T>(Mutex<Vec<Vec<T>>>);

impl<T: Float> Scratch<T> {
    /// Calls `f` with a buffer of this length, which holds anything.
    pub(crate) fn with<R>(&self, len: usize, f: impl FnOnce(&mut [T]) -> R) -> R {
        let free = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = free().pop().unwrap_or_default();
        if buffer.len() < len {
            buffer.resize(len, T::ZERO);
        }
        let result = f(&mut buffer[..len]);
        free().push(buffer);
        result
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
