//! Everything of one step of one group but the rule: runs it over elements or whole tensors.

use crate::element::Math;
use crate::fused::{Fused, SumsOf};
use crate::kernel::{Kernel, Looking, Loops, Updating};
use crate::params::ParamSpec;
use crate::pass::Each;
use crate::plan::{Plan, TASK};
use crate::rule::{Reduce, Update};
use crate::simd::{self, Level, Work};
use crate::spot::{After, Before, GRADS, SLOTS, Spot, Table, VALUES};
use crate::state::{CHUNK, Format, Lane, Rounded};
use crate::sums::Places;
use crate::threads::Threads;
use crate::whole::{TensorReduce, TensorStep, TensorUpdate, Workspace};
use rayon::prelude::*;

/// Memory that steps use again.
#[derive(Debug, Default)]
pub(crate) struct Scratch<R> {
    /// What tasks or pieces add up to.
    partial: Vec<f64>,
    /// What tensors add up to, `width` numbers each.
    sums: Vec<f64>,
    width: usize,
    scalars: Vec<R>,
    caution: Vec<R>,
    work: Workspace<R>,
}

impl<R: Math> Scratch<R> {
    /// A vector of zeros of this length, to be given back.
    pub(crate) fn take(&mut self, len: usize) -> Vec<R> {
        self.work.take(len)
    }

    /// Takes a vector back.
    pub(crate) fn give(&mut self, vector: Vec<R>) {
        self.work.give(vector);
    }
}

/// Everything of one step of one group but the rule.
pub struct Job<'a, R> {
    /// How updates and sums over all elements are shared out.
    pub(crate) plan: &'a Plan,
    /// How those with numbers for each tensor are.
    pub(crate) by_tensor: &'a Plan,
    pub(crate) table: Table<'a>,
    /// The parameters of the group, in order, and the number of the first element of each.
    pub(crate) params: &'a [ParamSpec],
    pub(crate) starts: &'a [usize],
    pub(crate) before: Before,
    pub(crate) after: After,
    pub(crate) level: Level,
    /// Who updates elements and adds them up; tensors as a whole are worked on by the present pool.
    pub(crate) threads: &'a dyn Threads,
    pub(crate) memory: &'a mut [f64],
    pub(crate) tensor_memory: &'a mut [f64],
    pub(crate) buffers: &'a mut [Vec<Vec<R>>],
    pub(crate) scratch: &'a mut Scratch<R>,
}

impl<R: Math> Job<'_, R> {
    pub(crate) fn slots(&self) -> usize {
        self.table.slots
    }

    pub(crate) fn run<U: Update<N, K>, const N: usize, const K: usize>(&mut self, scalars: [f64; K]) {
        let plan = self.plan;
        self.scratch.scalars.clear();
        self.scratch.scalars.extend(scalars.map(R::from_f64));
        self.update::<U, N, K>(plan, 0);
    }

    pub(crate) fn run_each<U: Update<N, K>, const N: usize, const K: usize>(
        &mut self,
        scalars: impl Fn(Each<'_>) -> [f64; K],
    ) {
        let Scratch { sums, width, scalars: list, .. } = &mut *self.scratch;
        list.clear();
        let kept = self.tensor_memory.len() / self.params.len();
        for (index, param) in self.params.iter().enumerate() {
            let sums = sums.get(index * *width..(index + 1) * *width).unwrap_or_default();
            let memory = &mut self.tensor_memory[index * kept..(index + 1) * kept];
            list.extend(scalars(Each { index, shape: &param.shape, sums, memory }).map(R::from_f64));
        }
        let plan = self.by_tensor;
        self.update::<U, N, K>(plan, K);
    }

    fn update<U: Update<N, K>, const N: usize, const K: usize>(&mut self, plan: &Plan, stride: usize) {
        if self.after.cautious {
            let by_tensor = self.by_tensor;
            self.tasks::<Updating<U>, N, K, 0>(by_tensor, stride, SumsOf::Caution);
            let counts = self.scratch.partial.iter().zip(by_tensor.pieces());
            let caution = &mut self.scratch.caution;
            caution.clear();
            caution.resize(self.params.len(), R::default());
            counts.for_each(|(&count, piece)| {
                caution[piece.member] = caution[piece.member] + R::from_f64(count);
            });
            for (caution, &len) in caution.iter_mut().zip(self.table.lens) {
                *caution = R::from_f64(boldness((*caution).into(), len));
            }
        }
        self.tasks::<Updating<U>, N, K, 0>(plan, stride, SumsOf::Tasks);
    }

    pub(crate) fn reduce<U: Reduce<N, K, M>, const N: usize, const K: usize, const M: usize>(
        &mut self,
        scalars: [f64; K],
    ) -> [f64; M] {
        let plan = self.plan;
        self.look::<U, N, K, M>(plan, scalars, SumsOf::Tasks);
        let mut sums = [0.0; M];
        for partial in self.scratch.partial.chunks_exact(M.max(1)) {
            sums.iter_mut().zip(partial).for_each(|(sum, x)| *sum += x);
        }
        sums
    }

    pub(crate) fn reduce_each<U: Reduce<N, K, M>, const N: usize, const K: usize, const M: usize>(
        &mut self,
        scalars: [f64; K],
    ) {
        let plan = self.by_tensor;
        self.look::<U, N, K, M>(plan, scalars, SumsOf::Pieces);
        let Scratch { partial, sums, width, .. } = &mut *self.scratch;
        *width = M;
        sums.clear();
        sums.resize(M * self.params.len(), 0.0);
        for (piece, partial) in plan.pieces().iter().zip(partial.chunks_exact(M.max(1))) {
            let sums = &mut sums[M * piece.member..][..M];
            sums.iter_mut().zip(partial).for_each(|(sum, x)| *sum += x);
        }
    }

    fn look<U: Reduce<N, K, M>, const N: usize, const K: usize, const M: usize>(
        &mut self,
        plan: &Plan,
        scalars: [f64; K],
        of: SumsOf,
    ) {
        self.scratch.scalars.clear();
        self.scratch.scalars.extend(scalars.map(R::from_f64));
        self.tasks::<Looking<U>, N, K, M>(plan, 0, of);
    }

    /// Exclusive, as two runs at once would write the same elements.
    fn tasks<U: Kernel<N, K, M>, const N: usize, const K: usize, const M: usize>(
        &mut self,
        plan: &Plan,
        stride: usize,
        of: SumsOf,
    ) {
        let count = match of {
            SumsOf::Tasks => M * plan.len(),
            SumsOf::Pieces => M * plan.pieces().len(),
            SumsOf::Caution => plan.pieces().len(),
        };
        self.scratch.partial.clear();
        self.scratch.partial.resize(count, 0.0);
        let level = self.level.min(Level::widest());
        let pass = Fused {
            table: self.table,
            before: self.before,
            after: self.after,
            level: self.level,
            apply: Loops::<R, R, U, N, K, M, 1, CHUNK>::at_level(level),
            apply_to_pairs: R::in_pairs::<U, N, K, M>(level),
            updates: U::UPDATES,
            sums: M,
            scalars: &self.scratch.scalars,
            count: K,
            stride,
            caution: &self.scratch.caution,
            of,
            places: Places(self.scratch.partial.as_mut_ptr()),
        };
        pass.over(plan, self.threads);
    }

    pub(crate) fn each<U: TensorUpdate<N>, const N: usize>(&mut self, update: &U) {
        self.tensors(true, |tensor| update.update(tensor));
    }

    pub(crate) fn look_each<U: TensorReduce<N, M>, const N: usize, const M: usize>(
        &mut self,
        look: &U,
    ) -> [f64; M] {
        let mut sums = [0.0; M];
        self.tensors(false, |tensor| {
            sums.iter_mut().zip(look.reduce(tensor)).for_each(|(sum, x)| *sum += x);
        });
        sums
    }

    /// Does `work_on` each tensor; `updates` says whether its parameters and what depends on them change.
    fn tensors<const N: usize>(&mut self, updates: bool, mut work_on: impl FnMut(TensorStep<'_, R, N>)) {
        let (table, before, after, level) = (self.table, self.before, self.after, self.level);
        let kept = self.tensor_memory.len() / self.params.len();
        let work = &mut self.scratch.work;
        for (index, param) in self.params.iter().enumerate() {
            let (row, len, start) = (table.row(index), table.lens[index], self.starts[index]);
            let columns = table.columns;
            // The job borrows the tensor exclusively, and each part of it is read and written by one thread.
            let spot =
                Spot { row, columns, before: &before, after: &after, level, at: 0, flat: start, count: 0 };
            // Where the update can work on memory itself it does.
            let [w_here, g_here] = [
                updates && columns[VALUES] == R::FORMAT && after.residual.is_none(),
                columns[GRADS] == R::FORMAT && before.scales_alone() && before.scale == 1.0,
            ];
            let [mut w, mut g] = [w_here, g_here].map(|here| (!here).then(|| work.take_any(len)));
            // SAFETY: the lanes hold `len` elements of this type, borrowed exclusively by the job, and whatever else
            // reads or writes them does so through these slices, or once they are gone.
            let w_now = w.as_deref_mut().unwrap_or_else(|| unsafe { here(row[VALUES], len) });
            gather(spot, w_now, w_here, g.as_deref_mut());
            // SAFETY: as above.
            let g_now = g.as_deref().unwrap_or_else(|| unsafe { here(row[GRADS], len) });
            let was = (updates && after.cautious).then(|| {
                let mut copy = work.take_any(len);
                copy.copy_from_slice(w_now);
                copy
            });
            let mut slots: [Vec<R>; N] = std::array::from_fn(|slot| {
                let (lane, format) = (row[SLOTS + slot], table.columns[SLOTS + slot]);
                if format == R::FORMAT {
                    return Vec::new();
                }
                let mut slot = work.take_any(len);
                // SAFETY: the lane holds the tensor's elements; nobody writes them now.
                unsafe { load_all(lane, format, level, &mut slot) };
                slot
            });
            let mut copies = slots.iter_mut();
            let s = std::array::from_fn(|slot| {
                let copy = copies.next().expect("there is one for each slot");
                if table.columns[SLOTS + slot] == R::FORMAT {
                    // SAFETY: as above.
                    unsafe { here(row[SLOTS + slot], len) }
                } else {
                    &mut copy[..]
                }
            });
            work_on(TensorStep {
                shape: &param.shape,
                index,
                w: w_now,
                g: g_now,
                s,
                buffers: self.buffers.get_mut(index).map_or(&mut [], |buffers| &mut buffers[..]),
                memory: &mut self.tensor_memory[index * kept..(index + 1) * kept],
                work,
                level,
            });
            if let Some(base) = was {
                let downhill = |w: R, base: R, g: R| (w - base) * g < R::default();
                let kept =
                    w_now.iter().zip(&base).zip(g_now).filter(|((w, base), g)| downhill(**w, **base, **g));
                let bold = R::from_f64(boldness(kept.count() as f64, len));
                for ((w, &base), &g) in w_now.iter_mut().zip(&base).zip(g_now) {
                    *w = if downhill(*w, base, g) { base + (*w - base) * bold } else { base };
                }
                work.give(base);
            }
            for (slot, copy) in slots.into_iter().enumerate() {
                let (lane, format) = (row[SLOTS + slot], table.columns[SLOTS + slot]);
                if format != R::FORMAT {
                    // SAFETY: the lane holds the tensor's elements, and nobody else uses them now.
                    unsafe { store_all(lane, format, level, &copy) };
                    work.give(copy);
                }
            }
            if updates {
                scatter(spot, w_now, w_here);
            }
            [w, g].into_iter().flatten().for_each(|copy| work.give(copy));
        }
    }
}

/// The factor on what caution leaves of an update: the share that it leaves, inverted.
fn boldness(kept: f64, len: usize) -> f64 {
    1.0 / (kept / len.max(1) as f64).max(1e-3)
}

/// Reads state that is not kept in the type that is computed in.
///
/// # Safety
/// The lane holds as many elements as `slot`, and nobody writes them now.
unsafe fn load_all<R: Math>(lane: Lane, format: Format, level: Level, slot: &mut [R]) {
    slot.par_chunks_mut(CHUNK).enumerate().for_each(|(i, slot)| {
        let mut chunk = [R::default(); CHUNK];
        // SAFETY: as promised by the caller.
        unsafe { lane.load(format, i * CHUNK, slot.len(), level, &mut chunk) };
        slot.copy_from_slice(&chunk[..slot.len()]);
    });
}

/// Writes it back.
///
/// # Safety
/// The lane holds as many elements as `slot`, and nobody else uses them now.
unsafe fn store_all<R: Math>(lane: Lane, format: Format, level: Level, slot: &[R]) {
    slot.par_chunks(CHUNK).enumerate().for_each(|(i, slot)| {
        let mut chunk = [R::default(); CHUNK];
        chunk[..slot.len()].copy_from_slice(slot);
        // SAFETY: as promised by the caller; each chunk is written by one thread.
        unsafe { lane.store(format, i * CHUNK, &chunk, slot.len(), level, Rounded::Nearest, 0) };
    });
}

/// The elements of a tensor where they lie.
///
/// # Safety
/// The lane holds `len` elements of this type, and nobody else uses them as long as the slice lives.
unsafe fn here<'a, R: Math>(lane: Lane, len: usize) -> &'a mut [R] {
    // SAFETY: as promised by the caller.
    unsafe { std::slice::from_raw_parts_mut(lane.codes.cast(), len) }
}

/// Parameter and gradient of a tensor for a rule that sees it as a whole; `spot` is where it begins. `here` says that `w`
/// is where the parameters lie.
fn gather<R: Math>(spot: Spot<'_>, w: &mut [R], here: bool, g: Option<&mut [R]>) {
    let task = |task: usize, w: &mut [R], g: Option<&mut [R]>| {
        simd::dispatch(spot.level, Gather { spot: spot.on(task * TASK), w, here, g });
    };
    let tasks = w.par_chunks_mut(TASK).enumerate();
    match g {
        Some(g) => tasks.zip(g.par_chunks_mut(TASK)).for_each(|((i, w), g)| task(i, w, Some(g))),
        None if here && spot.before.keep == 1.0 => {}
        None => tasks.for_each(|(i, w)| task(i, w, None)),
    }
}

/// Puts its new parameters where they belong.
fn scatter<R: Math>(spot: Spot<'_>, w: &mut [R], here: bool) {
    if here && spot.after.is_nothing() {
        return;
    }
    w.par_chunks_mut(TASK).enumerate().for_each(|(task, w)| {
        simd::dispatch(spot.level, Scatter { spot: spot.on(task * TASK), w, here });
    });
}

struct Gather<'a, R> {
    spot: Spot<'a>,
    w: &'a mut [R],
    here: bool,
    g: Option<&'a mut [R]>,
}

impl<R: Math> Work for Gather<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { spot, w, here, mut g } = self;
        let [mut values, mut grads] = [[R::default(); CHUNK]; 2];
        let keep = R::from_f64(spot.before.keep);
        for (i, w) in w.chunks_mut(CHUNK).enumerate() {
            let spot = Spot { count: w.len(), ..spot.on(i * CHUNK) };
            if here {
                values[..w.len()].copy_from_slice(w);
            } else {
                spot.values(&mut values);
            }
            if let Some(g) = &mut g {
                spot.grads(&values, &mut grads);
                g[i * CHUNK..][..w.len()].copy_from_slice(&grads[..w.len()]);
            }
            w.iter_mut().zip(&values).for_each(|(w, &value)| *w = value * keep);
        }
    }
}

struct Scatter<'a, R> {
    spot: Spot<'a>,
    w: &'a mut [R],
    here: bool,
}

impl<R: Math> Work for Scatter<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { spot, w, here } = self;
        let [mut new, mut spare] = [[R::default(); CHUNK]; 2];
        for (i, w) in w.chunks_mut(CHUNK).enumerate() {
            new[..w.len()].copy_from_slice(w);
            let spot = Spot { count: w.len(), ..spot.on(i * CHUNK) };
            spot.put(&mut new, &mut spare, here);
            if here {
                w.copy_from_slice(&new[..w.len()]);
            }
        }
    }
}
