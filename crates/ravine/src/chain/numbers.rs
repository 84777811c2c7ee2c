//! Fixed numbers of things, so that what transforms need can be laid end to end.

/// A fixed number of things: an array, or a tuple of such.
pub trait Numbers<T: Copy>: Copy {
    /// How many.
    const LEN: usize;
    /// The first of a slice, which holds enough.
    fn read(from: &[T]) -> Self;
    /// Puts them to the front of a slice, which has room.
    fn write(self, to: &mut [T]);
}

impl<T: Copy, const N: usize> Numbers<T> for [T; N] {
    const LEN: usize = N;
    #[inline(always)]
    fn read(from: &[T]) -> Self {
        std::array::from_fn(|i| from[i])
    }
    #[inline(always)]
    fn write(self, to: &mut [T]) {
        to[..N].copy_from_slice(&self);
    }
}
