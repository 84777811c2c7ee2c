//! The types that parameters and gradients are stored in, and those that are computed in.

use crate::codec::Value;
use crate::fused::Chunk;
use crate::job::Job;
use crate::kernel::{Kernel, Loop, Loops};
use crate::linalg::Scalar;
use crate::pass::Typed;
use crate::simd::Level;
use crate::state::{CHUNK, Format};
use crate::word::{Pair, Pairs};
use half::{bf16, f16};
use std::cell::RefCell;
use std::fmt::Debug;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for half::bf16 {}
    impl Sealed for half::f16 {}
}

/// A type that parameters and gradients are stored in: f32, f64, [`struct@bf16`] or [`struct@f16`].
pub trait Element:
    Copy + Default + Debug + PartialEq + Into<f64> + Send + Sync + sealed::Sealed + 'static
{
    /// The type that a step computes in: f32 for those of 16 bits, else the type itself.
    type Math: Math;
    /// What a safetensors file calls it.
    #[doc(hidden)]
    const DTYPE: safetensors::Dtype;
    #[doc(hidden)]
    const FORMAT: Format;
    /// As the type that is computed in, exactly.
    fn widen(self) -> Self::Math;
    /// The nearest value to `x`.
    fn nearest(x: f64) -> Self;
    #[doc(hidden)]
    fn to_bytes(values: &[Self]) -> Vec<u8>;
    #[doc(hidden)]
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}

/// A type that a step computes in: f32 or f64.
pub trait Math: Element<Math = Self> + Scalar + Value {
    #[doc(hidden)]
    fn typed(job: Job<'_, Self>) -> Typed<'_>;
    /// The loop of a kernel over bf16 that is computed with in this type, if it can work on memory itself.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn in_pairs<U: Kernel<N, K, M>, const N: usize, const K: usize, const M: usize>(
        level: Level,
    ) -> Option<Loop<Self, Pairs>>;
    /// Lends this thread's chunk; not to be asked for again meanwhile.
    #[doc(hidden)]
    fn with_chunk(f: impl FnOnce(&mut Chunk<Self>));
}

macro_rules! element {
    ($($t:ty, $math:ty, $dtype:ident, $format:ident, $widen:expr, $nearest:expr;)*) => {$(
        impl Element for $t {
            type Math = $math;
            const DTYPE: safetensors::Dtype = safetensors::Dtype::$dtype;
            const FORMAT: Format = Format::$format;
            #[inline(always)]
            fn widen(self) -> $math {
                $widen(self)
            }
            #[inline(always)]
            fn nearest(x: f64) -> Self {
                $nearest(x)
            }
            fn to_bytes(values: &[Self]) -> Vec<u8> {
                let mut bytes = vec![0; size_of_val(values)];
                bytes.as_chunks_mut().0.iter_mut().zip(values).for_each(|(to, x)| *to = x.to_le_bytes());
                bytes
            }
            fn from_bytes(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|x| Self::from_le_bytes(*x)).collect()
            }
        }
    )*};
}

element! {
    f32, f32, F32, F32, |x| x, |x| x as f32;
    f64, f64, F64, F64, |x| x, |x| x;
    bf16, f32, BF16, Bf16, bf16::to_f32, bf16::from_f64;
    f16, f32, F16, F16, f16::to_f32, f16::from_f64;
}

macro_rules! math {
    ($($t:ty => $variant:ident, |$level:ident| $in_pairs:expr;)*) => {$(
        impl Math for $t {
            #[allow(private_interfaces)]
            fn in_pairs<U: Kernel<N, K, M>, const N: usize, const K: usize, const M: usize>(
                $level: Level,
            ) -> Option<Loop<Self, Pairs>> {
                $in_pairs
            }
            fn typed(job: Job<'_, Self>) -> Typed<'_> {
                Typed::$variant(job)
            }
            fn with_chunk(f: impl FnOnce(&mut Chunk<Self>)) {
                thread_local!(static CHUNK: RefCell<Box<Chunk<$t>>> = RefCell::default());
                CHUNK.with_borrow_mut(|chunk| f(chunk));
            }
        }
    )*};
}
math! {
    f32 => F32, |level| Some(Loops::<f32, Pair, U, N, K, M, 2, { CHUNK / 2 }>::at_level(level));
    f64 => F64, |_level| None;
}
