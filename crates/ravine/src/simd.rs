//! One text, compiled for each vector width, chosen at run time.
//!
//! A [`Work`] is a loop written in plain Rust. [`dispatch`] runs the copy of it that was compiled for the widest
//! instructions this processor has. None of the copies may contract multiply and add, and rustc never does, so
//! all of them give the same bits.

use std::sync::atomic::{AtomicU8, Ordering};

/// A vector instruction set to compile for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// What the target guarantees: SSE2 on x86-64, NEON on AArch64.
    Baseline = 1,
    /// 256-bit vectors.
    Avx2 = 2,
    /// 512-bit vectors: AVX-512 F, BW, DQ and VL, with AVX2.
    Avx512 = 3,
}

impl Level {
    /// All levels this processor can run, narrowest first.
    pub fn available() -> Vec<Self> {
        [Self::Baseline, Self::Avx2, Self::Avx512].into_iter().filter(|level| level.is_available()).collect()
    }

    /// The widest level of this processor, looked up once.
    #[inline]
    pub fn widest() -> Self {
        static WIDEST: AtomicU8 = AtomicU8::new(0);
        match WIDEST.load(Ordering::Relaxed) {
            1 => Self::Baseline,
            2 => Self::Avx2,
            3 => Self::Avx512,
            _ => {
                let level = *Self::available().last().expect("the baseline is always there");
                WIDEST.store(level as u8, Ordering::Relaxed);
                level
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_available(self) -> bool {
        match self {
            Self::Baseline => true,
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            Self::Avx512 => {
                // A level below the widest must run too.
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_available(self) -> bool {
        self == Self::Baseline
    }
}

/// A loop to run at some vector width. `run` must be `#[inline(always)]`, else it is compiled for the baseline.
pub trait Work {
    /// What it gives back.
    type Output;
    /// Does it.
    fn run(self) -> Self::Output;
}

/// Runs `work` at `level`, or at the widest level that this processor has below it.
#[inline]
pub fn dispatch<W: Work>(level: Level, work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    match level.min(Level::widest()) {
        // SAFETY: `widest` has seen the features of this level on this processor.
        Level::Avx512 => return unsafe { avx512(work) },
        // SAFETY: as above.
        Level::Avx2 => return unsafe { avx2(work) },
        Level::Baseline => {}
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

/// Defines functions whose bodies are compiled for each vector width and chosen at run time. A function may have
/// one type parameter with one bound.
///
/// ```
/// ravine::simd! {
///     /// y += x.
///     pub fn add<T: ravine::Real>(x: &[T], y: &mut [T]) {
///         for (y, &x) in y.iter_mut().zip(x) {
///             *y = *y + x;
///         }
///     }
/// }
/// let mut y = [1.0f32, 2.0];
/// add(&[0.5, 0.5], &mut y);
/// assert_eq!(y, [1.5, 2.5]);
/// ```
#[macro_export]
macro_rules! simd {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident $(<$t:ident: $bound:path>)?
       ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block)*) => {$(
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name $(<$t: $bound>)? ($($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            fn body $(<$t: $bound>)? ($($arg: $type),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512 $(<$t: $bound>)? ($($arg: $type),*) $(-> $out)? {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx2")]
                fn avx2 $(<$t: $bound>)? ($($arg: $type),*) $(-> $out)? {
                    body($($arg),*)
                }
                match $crate::simd::Level::widest() {
                    // SAFETY: `widest` has seen the features of this level on this processor.
                    $crate::simd::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::simd::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::simd::Level::Baseline => {}
                }
            }
            body($($arg),*)
        }
    )*};
}
