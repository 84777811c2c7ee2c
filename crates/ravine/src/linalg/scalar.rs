//! The numbers that matrices hold.

use crate::real::Real;

/// What a matrix holds: f32 or f64.
pub trait Scalar: Real<Mask = bool> + PartialOrd + Default + Into<f64> + sealed::Sealed {}

impl Scalar for f32 {}
impl Scalar for f64 {}

mod sealed {
    use std::cell::Cell;

    /// The matrix product exists for these two types only.
    pub trait Sealed: Sized + 'static {
        /// Lends this thread's scratch to `f`; a call inside of `f` gets another.
        fn with_scratch<R>(f: impl FnOnce(&mut Vec<Self>) -> R) -> R;
    }

    macro_rules! sealed {
        ($($t:ty),*) => {$(
            impl Sealed for $t {
                fn with_scratch<R>(f: impl FnOnce(&mut Vec<Self>) -> R) -> R {
                    thread_local!(static SCRATCH: Cell<Vec<$t>> = const { Cell::new(Vec::new()) });
                    let mut scratch = SCRATCH.take();
                    let result = f(&mut scratch);
                    SCRATCH.set(scratch);
                    result
                }
            }
        )*};
    }
    sealed!(f32, f64);
}
