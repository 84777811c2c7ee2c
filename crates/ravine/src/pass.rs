//! The fused pass: one reading and one writing of memory for everything that a step does to an element.
//!
//! Unscaling, clipping, weight decay, the update rule, the average of the weights and the zeroing of the gradient
//! happen chunk by chunk in registers and first-level cache. All memory traffic of a step is in [`Chunk::run`]:
//! a storage format other than the arithmetic type is a matter of how a chunk is loaded and stored there.

use crate::error::{Kind, Result};
use crate::plan::{Piece, Plan};
use crate::real::Real;
use crate::rule::Update;
use crate::simd::{self, Level, Work};
use crate::tensors::{Tensor, Tensors};
use std::marker::PhantomData;

/// Elements that are loaded, updated and stored together: some vectors of the widest kind, little of the stack.
const CHUNK: usize = 128;
/// Bytes ahead of a chunk that are asked for while it is computed. Processors follow a single stream by themselves, but
/// are slow to see through several that take turns chunk by chunk.
const AHEAD: usize = 2048;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A type that parameters, gradients and state are stored and computed in: f32 or f64.
pub trait Element: Real + Default + Into<f64> + sealed::Sealed {
    /// What a safetensors file calls it.
    #[doc(hidden)]
    const DTYPE: safetensors::Dtype;
    #[doc(hidden)]
    fn pass<'a>(rule: &'static str, job: Job<'a, Self>) -> Pass<'a>;
    #[doc(hidden)]
    fn to_bytes(values: &[Self]) -> Vec<u8>;
    #[doc(hidden)]
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! element {
    ($($t:ident => $variant:ident),*) => {$(
        impl Element for $t {
            const DTYPE: safetensors::Dtype = safetensors::Dtype::$variant;
            fn pass<'a>(rule: &'static str, job: Job<'a, Self>) -> Pass<'a> {
                Pass { rule, job: Typed::$variant(job), runs: 0 }
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
element!(f32 => F32, f64 => F64);

/// The tensors of one step, handed to a [`Rule`](crate::Rule) to run its update over.
pub struct Pass<'a> {
    rule: &'static str,
    job: Typed<'a>,
    runs: usize,
}

enum Typed<'a> {
    F32(Job<'a, f32>),
    F64(Job<'a, f64>),
    /// No tensors: tells only whether an update fits this many slots.
    Check(usize),
}

impl Pass<'_> {
    /// Runs an update over every element of every tensor, with `scalars` rounded to the arithmetic type. The same pass
    /// clips, decays, averages and zeroes, so a step runs one update, no more and no less.
    ///
    /// # Errors
    /// A second update; one that takes another number of slots than the rule asked for.
    pub fn run<U: Update<N, K>, const N: usize, const K: usize>(
        &mut self,
        _update: U,
        scalars: [f64; K],
    ) -> Result<()> {
        let slots = match &self.job {
            Typed::F32(job) => job.states.len(),
            Typed::F64(job) => job.states.len(),
            Typed::Check(slots) => *slots,
        };
        if slots != N {
            return Err(Kind::SlotCount { rule: self.rule, expected: slots, got: N }.into());
        }
        self.runs += 1;
        if self.runs > 1 {
            return self.once();
        }
        match &mut self.job {
            Typed::F32(job) => job.run::<U, N, K>(scalars),
            Typed::F64(job) => job.run::<U, N, K>(scalars),
            Typed::Check(_) => {}
        }
        Ok(())
    }

    /// A pass that changes nothing and fails if the rule's update does not fit its slots.
    pub(crate) fn check(rule: &'static str, slots: usize) -> Self {
        Self { rule, job: Typed::Check(slots), runs: 0 }
    }

    /// Fails unless one update was run.
    pub(crate) fn once(&self) -> Result<()> {
        let (rule, runs) = (self.rule, self.runs);
        if runs == 1 { Ok(()) } else { Err(Kind::UpdateCount { rule, runs }.into()) }
    }
}

/// Everything of one step of one group but the rule.
pub struct Job<'a, T> {
    plan: &'a Plan,
    tensors: &'a [Tensor<T>],
    states: Vec<State<T>>,
    average: Option<(State<T>, T)>,
    before: Before,
    zero: bool,
    level: Level,
}

/// The start of a state buffer of `Plan::total` elements, borrowed exclusively by the job that holds it.
struct State<T>(*mut T);
// SAFETY: as for `Tensor`.
unsafe impl<T: Send> Send for State<T> {}
// SAFETY: as for `Tensor`.
unsafe impl<T: Send> Sync for State<T> {}

/// What happens to gradient and parameter before the rule sees them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    /// Factor on the gradient: unscaling, accumulation, clipping by norm, sign.
    pub(crate) scale: f64,
    /// Gradients are limited to this magnitude; infinity for no limit.
    pub(crate) clip: f64,
    /// Multiple of the parameter that is added to the gradient.
    pub(crate) l2: f64,
    /// Factor on the parameter.
    pub(crate) keep: f64,
}

impl<'a, T: Element> Job<'a, T> {
    /// A step of the plan's tensors with their state, and an average of the weights that moves by the weight beside it.
    pub(crate) fn new(
        plan: &'a Plan,
        tensors: &'a mut Tensors<'_, T>,
        states: &'a mut [Vec<T>],
        average: Option<(&'a mut [T], f64)>,
        before: Before,
        zero: bool,
        level: Level,
    ) -> Self {
        plan.check(tensors);
        let state = |state: &mut [T]| {
            assert_eq!(state.len(), plan.total());
            State(state.as_mut_ptr())
        };
        let average = average.map(|(average, weight)| (state(average), T::from_f64(weight)));
        let states = states.iter_mut().map(|slot| state(slot)).collect();
        Self { plan, tensors: tensors.list(), states, average, before, zero, level }
    }

    /// Exclusive, as two runs at once would write the same elements.
    fn run<U: Update<N, K>, const N: usize, const K: usize>(&mut self, scalars: [f64; K]) {
        let job = &*self;
        let scalars = scalars.map(T::from_f64);
        job.plan.tasks(|pieces| {
            simd::dispatch(job.level, Task::<T, U, N, K> { job, pieces, scalars, rule: PhantomData });
        });
    }
}

/// One task's share of the pass.
struct Task<'a, T, U, const N: usize, const K: usize> {
    job: &'a Job<'a, T>,
    pieces: &'a [Piece],
    scalars: [T; K],
    rule: PhantomData<fn(U)>,
}

impl<T: Element, U: Update<N, K>, const N: usize, const K: usize> Work for Task<'_, T, U, N, K> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for piece in self.pieces {
            let tensor = &self.job.tensors[piece.tensor];
            let mut done = 0;
            while done < piece.len {
                let count = CHUNK.min(piece.len - done);
                let (at, state) = (piece.start + done, piece.state + done);
                // SAFETY: the piece lies inside its tensor and state (`Plan::new`, checked by `Job::new`, which borrows
                // both exclusively), and no other piece holds these elements.
                unsafe {
                    let chunk = Chunk {
                        values: tensor.values.add(at),
                        grads: tensor.grads.add(at),
                        states: std::array::from_fn(|slot| self.job.states[slot].0.add(state)),
                        average: self
                            .job
                            .average
                            .as_ref()
                            .map(|(average, weight)| (average.0.add(state), *weight)),
                    };
                    chunk.prefetch();
                    // A constant count lets the compiler unroll.
                    if count == CHUNK {
                        chunk.run::<U, K>(self.job.before, self.job.zero, self.scalars, CHUNK);
                    } else {
                        chunk.run::<U, K>(self.job.before, self.job.zero, self.scalars, count);
                    }
                }
                done += count;
            }
        }
    }
}

/// Where a chunk lies in memory.
struct Chunk<T, const N: usize> {
    values: *mut T,
    grads: *mut T,
    states: [*mut T; N],
    average: Option<(*mut T, T)>,
}

impl<T: Element, const N: usize> Chunk<T, N> {
    /// Asks for the chunk that comes soon after this one.
    #[inline(always)]
    fn prefetch(&self) {
        let average = self.average.map(|(average, _)| average);
        for stream in [self.values, self.grads].into_iter().chain(self.states).chain(average) {
            for line in (0..CHUNK * size_of::<T>()).step_by(64) {
                simd::prefetch(stream.wrapping_byte_add(AHEAD + line));
            }
        }
    }

    /// # Safety
    /// All pointers must be valid for `count <= CHUNK` elements and not overlap.
    #[inline(always)]
    unsafe fn run<U: Update<N, K>, const K: usize>(
        self,
        before: Before,
        zero: bool,
        k: [T; K],
        count: usize,
    ) {
        // SAFETY: as promised by the caller.
        unsafe {
            let mut values = load(self.values, count);
            let mut grads = load(self.grads, count);
            let mut states = self.states.map(|state| load(state, count));
            let (scale, clip, l2, keep) = (
                T::from_f64(before.scale),
                T::from_f64(before.clip),
                T::from_f64(before.l2),
                T::from_f64(before.keep),
            );
            for g in &mut grads {
                // NaN passes, so that it is seen downstream as it would be without clipping.
                *g = (-clip).max(clip.min(*g * scale));
            }
            if before.l2 != 0.0 {
                for (g, &w) in grads.iter_mut().zip(&values) {
                    *g = *g + l2 * w;
                }
            }
            for i in 0..CHUNK {
                let s = std::array::from_fn(|slot| states[slot][i]);
                let (w, s) = U::update(k, values[i] * keep, grads[i], s);
                values[i] = w;
                for (state, s) in states.iter_mut().zip(s) {
                    state[i] = s;
                }
            }
            store(&values, self.values, count);
            for (state, to) in states.iter().zip(self.states) {
                store(state, to, count);
            }
            if let Some((average, weight)) = self.average {
                let mut mean = load(average, count);
                for (mean, &w) in mean.iter_mut().zip(&values) {
                    *mean = *mean + (w - *mean) * weight;
                }
                store(&mean, average, count);
            }
            if zero {
                std::ptr::write_bytes(self.grads, 0, count);
            }
        }
    }
}

/// # Safety
/// `from` must be valid for reading `count <= CHUNK` elements.
#[inline(always)]
unsafe fn load<T: Element>(from: *const T, count: usize) -> [T; CHUNK] {
    let mut chunk = [T::default(); CHUNK];
    // SAFETY: as promised by the caller.
    unsafe { std::ptr::copy_nonoverlapping(from, chunk.as_mut_ptr(), count) };
    chunk
}

/// # Safety
/// `to` must be valid for writing `count <= CHUNK` elements.
#[inline(always)]
unsafe fn store<T: Element>(chunk: &[T; CHUNK], to: *mut T, count: usize) {
    // SAFETY: as promised by the caller.
    unsafe { std::ptr::copy_nonoverlapping(chunk.as_ptr(), to, count) };
}
