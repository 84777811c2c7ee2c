//! Updates that see a tensor as a whole.

use crate::element::Math;
use crate::plan::TASK;
use crate::simd::{self, Level, Work};
use rayon::prelude::*;

/// An update that needs more than one element at a time: what one step does to one parameter tensor, with `N` state slots
/// of its size. Muon's orthogonalisation is one, Adafactor's factors are another.
pub trait TensorUpdate<const N: usize>: Sync {
    /// Changes the parameter and its state. The gradient comes unscaled and clipped, both with
    /// [`Decay`](crate::Decay) applied. The result must be the same bits for any number of threads.
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, N>);
}

/// A look at each tensor as a whole before the update: what [`Pass::look_each`](crate::Pass::look_each) sums, with `N` state
/// slots and `M` sums.
pub trait TensorReduce<const N: usize, const M: usize>: Sync {
    /// Changes the state, and gives the numbers to be summed over all tensors. The parameter comes as for
    /// [`TensorUpdate::update`], but as a copy: what is done to it is lost. The result must be the same bits for any number
    /// of threads.
    fn reduce<R: Math>(&self, tensor: TensorStep<'_, R, N>) -> [f64; M];
}

/// A parameter tensor of a step, with what the rule keeps for it.
pub struct TensorStep<'a, R, const N: usize> {
    /// Its shape, row-major.
    pub shape: &'a [usize],
    /// Its number among the tensors of the group.
    pub index: usize,
    /// The parameter.
    pub w: &'a mut [R],
    /// The gradient.
    pub g: &'a [R],
    /// The state slots, each as long as the parameter.
    pub s: [&'a mut [R]; N],
    /// The buffers of shapes of their own: see [`Rule::buffers`](crate::Rule::buffers).
    pub buffers: &'a mut [Vec<R>],
    /// The numbers that the rule keeps for this tensor: see [`Rule::tensor_memory`](crate::Rule::tensor_memory).
    pub memory: &'a mut [f64],
    /// Memory to compute in.
    pub work: &'a mut Workspace<R>,
    /// The vector width to compute with.
    pub level: Level,
}

/// Vectors that are lent and given back, so that no step but the first allocates.
#[derive(Debug, Default)]
pub struct Workspace<R> {
    free: Vec<Vec<R>>,
}

impl<R: Math> Workspace<R> {
    /// A vector of zeros of this length.
    pub fn take(&mut self, len: usize) -> Vec<R> {
        let mut vector = self.take_any(len);
        vector.fill(R::default());
        vector
    }

    /// A vector of this length that holds anything, to be written over.
    pub(crate) fn take_any(&mut self, len: usize) -> Vec<R> {
        // The smallest that is large enough, else the largest.
        let fits = |vector: &Vec<R>| (vector.capacity() < len, vector.capacity().abs_diff(len));
        let best = (0..self.free.len()).min_by_key(|&i| fits(&self.free[i]));
        let mut vector = best.map(|i| self.free.swap_remove(i)).unwrap_or_default();
        vector.resize(len, R::default());
        vector
    }

    /// Takes a vector back.
    pub fn give(&mut self, vector: Vec<R>) {
        self.free.push(vector);
    }
}

/// Makes `f` of it and of the values beside it of each element of `out`, on the threads of the present pool.
pub(crate) fn map<R: Math, const N: usize>(
    level: Level,
    out: &mut [R],
    beside: [&[R]; N],
    f: impl Fn(R, [R; N]) -> R + Copy + Send + Sync,
) {
    tasks(out, &|task, out| {
        let beside = beside.map(|values| &values[task * TASK..][..out.len()]);
        simd::dispatch(level, Map { out, beside, f });
    });
}

/// Does `work` on pieces of `out` on the threads of the present pool. Behind a pointer, so that what threads need is not
/// compiled for each `f`.
fn tasks<R: Math>(out: &mut [R], work: &(dyn Fn(usize, &mut [R]) + Sync)) {
    match out.len() {
        ..=TASK => work(0, out),
        _ => out.par_chunks_mut(TASK).enumerate().for_each(|(task, out)| work(task, out)),
    }
}

struct Map<'a, R, F, const N: usize> {
    out: &'a mut [R],
    beside: [&'a [R]; N],
    f: F,
}

impl<R: Math, F: Fn(R, [R; N]) -> R, const N: usize> Work for Map<'_, R, F, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { out, beside, f } = self;
        let beside = beside.map(|values| &values[..out.len()]);
        for (i, x) in out.iter_mut().enumerate() {
            *x = f(*x, std::array::from_fn(|n| beside[n][i]));
        }
    }
}

/// Elements of a unit of a tensor of this shape: all that feed one output. For a matrix or more dimensions that is what
/// has the same first index, a row of a layer's weights or a filter of a convolution; else it is all. 0 for no elements.
pub(crate) fn unit(shape: &[usize]) -> usize {
    let len = shape.iter().product();
    if shape.len() < 2 || len == 0 { len } else { len / shape[0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_lent_again_as_zeros() {
        let mut work = Workspace::<f32>::default();
        let mut a = work.take(100);
        a.fill(1.0);
        let place = a.as_ptr();
        let b = work.take(10);
        work.give(a);
        work.give(b);
        let a = work.take(90);
        assert_eq!((a.as_ptr(), a), (place, vec![0.0; 90]));
    }
}
