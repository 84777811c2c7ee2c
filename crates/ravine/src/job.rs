//! The fused pass: one reading and one writing of memory for everything that a step does to an element.
//!
//! Unscaling, clipping, weight decay, noise, the update rule, caution, the slow and the average weights, rounding, and the
//! zeroing of the gradient happen chunk by chunk in registers and first-level cache. All memory traffic of a step is
//! [`Lane::load`] and [`Lane::store`].

use crate::element::Math;
use crate::params::ParamSpec;
use crate::pass::Each;
use crate::plan::{Piece, Plan, TASK};
use crate::random::Random;
use crate::real::Real;
use crate::rule::{Reduce, Update};
use crate::simd::{self, Level, Work};
use crate::state::{CHUNK, Format, Lane, Rounded};
use crate::sums::{self, LANES, Places};
use crate::whole::{TensorStep, TensorUpdate, Workspace};
use rayon::prelude::*;
use std::marker::PhantomData;

/// Bytes ahead of a chunk that are asked for while it is computed. Processors follow a single stream by themselves, but
/// are slow to see through several that take turns chunk by chunk.
const AHEAD: usize = 2048;

/// The columns of a [`Table`] that every step has.
const VALUES: usize = 0;
const GRADS: usize = 1;
const SLOTS: usize = 2;

/// Where everything lies that a step reads and writes: a lane for each tensor and column. The columns are the values, the
/// gradients, the slots of the rule, and what the engine keeps beside them.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) lanes: &'a [Lane],
    pub(crate) columns: &'a [Format],
    pub(crate) lens: &'a [usize],
    /// Slots of the rule.
    pub(crate) slots: usize,
}

impl<'a> Table<'a> {
    fn row(&self, member: usize) -> &'a [Lane] {
        &self.lanes[member * self.columns.len()..][..self.columns.len()]
    }
}

/// What happens to gradient and parameter before the rule sees them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    /// Factor on the gradient: unscaling, accumulation, clipping by norm, sign.
    pub(crate) scale: f64,
    /// Gradients are limited to this magnitude; infinity for no limit.
    pub(crate) clip: f64,
    /// Standard deviation of the noise that is added to the gradient, and where it comes from.
    pub(crate) noise: Option<(f64, Random)>,
    /// Multiple of the parameter that is added to the gradient.
    pub(crate) l2: f64,
    /// Factor on the parameter.
    pub(crate) keep: f64,
}

/// What happens once the rule has given the new parameter. Numbers are columns of the [`Table`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct After {
    /// Leaves out what would move a weight along its gradient: see [`Builder::cautious`](crate::Builder::cautious).
    pub(crate) cautious: bool,
    /// The slow weights of Lookahead, how far they move, if this step is one that moves them.
    pub(crate) slow: Option<(usize, Option<f64>)>,
    /// The average of the weights and how far it moves.
    pub(crate) average: Option<(usize, f64)>,
    pub(crate) residual: Option<(usize, Residual)>,
    pub(crate) rounded: Rounded,
    /// Sets the gradient to 0.
    pub(crate) zero: bool,
}

/// What is kept of a weight beside its 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Residual {
    /// What rounding left over.
    Kahan,
    /// The weight in full.
    Master,
}

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
    pub(crate) memory: &'a mut [f64],
    pub(crate) tensor_memory: &'a mut [f64],
    pub(crate) buffers: &'a mut [Vec<Vec<R>>],
    pub(crate) scratch: &'a mut Scratch<R>,
}

/// An update or a look, as the loop over the elements sees it.
trait Kernel<const N: usize, const K: usize, const M: usize>: 'static {
    /// Whether the parameter is written.
    const UPDATES: bool;
    fn apply<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> (R, [R; N], [R; M]);
}

struct Updating<U>(PhantomData<fn(U)>);

impl<U: Update<N, K>, const N: usize, const K: usize> Kernel<N, K, 0> for Updating<U> {
    const UPDATES: bool = true;
    #[inline(always)]
    fn apply<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> (R, [R; N], [R; 0]) {
        let (w, s) = U::update(k, w, g, s);
        (w, s, [])
    }
}

struct Looking<U>(PhantomData<fn(U)>);

impl<U: Reduce<N, K, M>, const N: usize, const K: usize, const M: usize> Kernel<N, K, M> for Looking<U> {
    const UPDATES: bool = false;
    #[inline(always)]
    fn apply<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> (R, [R; N], [R; M]) {
        let (s, sums) = U::reduce(k, w, g, s);
        (w, s, sums)
    }
}

/// What the sums of a run are of.
#[derive(Clone, Copy, PartialEq)]
enum SumsOf {
    Tasks,
    Pieces,
    /// Nothing is written; counted is where an update moves down the gradient.
    Caution,
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
        let pass = Fused {
            table: self.table,
            before: self.before,
            after: self.after,
            level: self.level,
            apply: apply::<R, U, N, K, M>,
            updates: U::UPDATES,
            sums: M,
            scalars: &self.scratch.scalars,
            count: K,
            stride,
            caution: &self.scratch.caution,
            of,
            places: Places(self.scratch.partial.as_mut_ptr()),
        };
        pass.over(plan);
    }

    pub(crate) fn each<U: TensorUpdate<N>, const N: usize>(&mut self, update: &U) {
        let (table, before, after, level) = (self.table, self.before, self.after, self.level);
        let kept = self.tensor_memory.len() / self.params.len();
        let work = &mut self.scratch.work;
        for (index, param) in self.params.iter().enumerate() {
            let (row, len, start) = (table.row(index), table.lens[index], self.starts[index]);
            let [mut w, mut g] = [work.take(len), work.take(len)];
            gather_all(table, row, before, after, level, start, &mut w, &mut g);
            // The update is free to change its gradient.
            let was = after.cautious.then(|| {
                [&w, &g].map(|values| {
                    let mut copy = work.take(len);
                    copy.copy_from_slice(values);
                    copy
                })
            });
            let mut slots: [Vec<R>; N] = std::array::from_fn(|slot| {
                let (lane, format) = (row[SLOTS + slot], table.columns[SLOTS + slot]);
                if format == R::FORMAT {
                    return Vec::new();
                }
                let mut slot = work.take(len);
                // SAFETY: the lane holds the tensor's elements; nobody writes them now.
                unsafe { load_all(lane, format, level, &mut slot) };
                slot
            });
            let mut copies = slots.iter_mut();
            let s = std::array::from_fn(|slot| {
                let copy = copies.next().expect("there is one for each slot");
                if table.columns[SLOTS + slot] == R::FORMAT {
                    // SAFETY: the lane holds `len` elements of this type, borrowed exclusively by the job, and no
                    // other slice is made of it.
                    unsafe { std::slice::from_raw_parts_mut(row[SLOTS + slot].codes.cast(), len) }
                } else {
                    &mut copy[..]
                }
            });
            update.update(TensorStep {
                shape: &param.shape,
                index,
                w: &mut w,
                g: &mut g,
                s,
                buffers: self.buffers.get_mut(index).map_or(&mut [], |buffers| &mut buffers[..]),
                memory: &mut self.tensor_memory[index * kept..(index + 1) * kept],
                work,
                level,
            });
            if let Some([base, g]) = was {
                let downhill = |w: R, base: R, g: R| (w - base) * g < R::default();
                let kept = w.iter().zip(&base).zip(&g).filter(|((w, base), g)| downhill(**w, **base, **g));
                let bold = R::from_f64(boldness(kept.count() as f64, len));
                for ((w, &base), &g) in w.iter_mut().zip(&base).zip(&g) {
                    *w = if downhill(*w, base, g) { base + (*w - base) * bold } else { base };
                }
                work.give(base);
                work.give(g);
            }
            for (slot, copy) in slots.into_iter().enumerate() {
                let (lane, format) = (row[SLOTS + slot], table.columns[SLOTS + slot]);
                if format != R::FORMAT {
                    // SAFETY: the lane holds the tensor's elements, and nobody else uses them now.
                    unsafe { store_all(lane, format, level, &copy) };
                    work.give(copy);
                }
            }
            scatter_all(table, row, after, level, start, &w);
            work.give(w);
            work.give(g);
        }
    }
}

/// The factor on what caution leaves of an update: the share that it leaves, inverted.
fn boldness(kept: f64, len: usize) -> f64 {
    1.0 / (kept / len.max(1) as f64).max(1e-3)
}

/// The most slots and sums that an element-wise rule may have.
const SLOTS_AT_MOST: usize = 12;
const SUMS_AT_MOST: usize = 8;

/// Elements in first-level cache. What lies beyond the count of a shorter chunk is left from before and goes nowhere.
pub struct Chunk<R> {
    w: [R; CHUNK],
    g: [R; CHUNK],
    s: [[R; CHUNK]; SLOTS_AT_MOST],
    new: [R; CHUNK],
    sums: [[R; CHUNK]; SUMS_AT_MOST],
}

impl<R: Math> Default for Chunk<R> {
    #[inline(always)]
    fn default() -> Self {
        let zeros = [R::default(); CHUNK];
        Self { w: zeros, g: zeros, s: [zeros; SLOTS_AT_MOST], new: zeros, sums: [zeros; SUMS_AT_MOST] }
    }
}

/// Runs an update or a look over a chunk: all of the pass that is compiled for each rule. The rest is compiled once, and
/// calls this through a pointer.
fn apply<R: Math, U: Kernel<N, K, M>, const N: usize, const K: usize, const M: usize>(
    level: Level,
    k: &[R],
    chunk: &mut Chunk<R>,
) {
    simd::dispatch(level, Elements::<R, U, N, K, M> { k, chunk, kernel: PhantomData });
}

struct Elements<'a, R, U, const N: usize, const K: usize, const M: usize> {
    k: &'a [R],
    chunk: &'a mut Chunk<R>,
    kernel: PhantomData<fn(U)>,
}

impl<R: Math, U: Kernel<N, K, M>, const N: usize, const K: usize, const M: usize> Work
    for Elements<'_, R, U, N, K, M>
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        const { assert!(N <= SLOTS_AT_MOST && M <= SUMS_AT_MOST, "too many slots or sums for one rule") };
        let Chunk { w, g, s, new, sums } = self.chunk;
        let k: [R; K] = std::array::from_fn(|k| self.k[k]);
        for i in 0..CHUNK {
            let (w, after, sum) = U::apply(k, w[i], g[i], std::array::from_fn(|slot| s[slot][i]));
            new[i] = w;
            for slot in 0..N {
                s[slot][i] = after[slot];
            }
            for m in 0..M {
                sums[m][i] = sum[m];
            }
        }
    }
}

/// A pass over all tensors, whatever the rule.
struct Fused<'a, R> {
    table: Table<'a>,
    before: Before,
    after: After,
    level: Level,
    apply: fn(Level, &[R], &mut Chunk<R>),
    /// Whether parameters are written.
    updates: bool,
    /// Sums that are taken.
    sums: usize,
    /// Scalars of an update, and how far apart those of two tensors lie.
    scalars: &'a [R],
    count: usize,
    stride: usize,
    /// The factor on what caution leaves of an update, for each tensor.
    caution: &'a [R],
    of: SumsOf,
    places: Places<f64>,
}

/// One task's share of it.
struct Share<'a, R> {
    pass: &'a Fused<'a, R>,
    chunk: &'a mut Chunk<R>,
    pieces: &'a [Piece],
    /// Its number, and that of its first piece.
    index: usize,
    first: usize,
}

impl<R: Math> Work for Share<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { pass, chunk, pieces, index, first } = self;
        let mut lanes = [[0.0; LANES]; SUMS_AT_MOST];
        let chunk = &mut *chunk;
        for (i, piece) in pieces.iter().enumerate() {
            let mut downhill = 0;
            let mut done = 0;
            while done < piece.len {
                let count = CHUNK.min(piece.len - done);
                // SAFETY: the piece lies inside its tensor and state, which the job borrows exclusively, and no other
                // piece holds these elements.
                unsafe {
                    // A constant count lets the compiler unroll.
                    downhill += if count == CHUNK {
                        pass.chunk(chunk, piece, done, CHUNK, &mut lanes)
                    } else {
                        pass.chunk(chunk, piece, done, count, &mut lanes)
                    };
                }
                done += count;
            }
            match pass.of {
                // SAFETY: each piece has a place of its own.
                SumsOf::Caution => unsafe { pass.places.write(first + i, downhill as f64) },
                // SAFETY: as above.
                SumsOf::Pieces => unsafe { pass.flush(&mut lanes, first + i) },
                SumsOf::Tasks => {}
            }
        }
        if pass.of == SumsOf::Tasks {
            // SAFETY: each task has a place of its own.
            unsafe { pass.flush(&mut lanes, index) };
        }
    }
}

impl<R: Math> Fused<'_, R> {
    /// Runs over all pieces of a plan. Knows no rule, so that threads and all they need are compiled once.
    fn over(&self, plan: &Plan) {
        plan.tasks(|index, first, pieces| {
            R::with_chunk(|chunk| {
                simd::dispatch(self.level, Share { pass: self, chunk, pieces, index, first });
            });
        });
    }

    /// Writes the sums of the lanes to their place, and begins anew.
    ///
    /// # Safety
    /// The places have room for it, and no other thread writes there.
    #[inline(always)]
    unsafe fn flush(&self, lanes: &mut [[f64; LANES]], place: usize) {
        for (m, lanes) in lanes[..self.sums].iter_mut().enumerate() {
            // SAFETY: as promised by the caller.
            unsafe { self.places.write(self.sums * place + m, lanes.iter().sum()) };
            *lanes = [0.0; LANES];
        }
    }

    /// Elements `done..done + count` of a piece. Gives how many of them an update moves down the gradient, where that is
    /// asked.
    ///
    /// # Safety
    /// The lanes of the piece's tensor hold these elements, and nobody else uses them.
    #[inline(always)]
    unsafe fn chunk(
        &self,
        chunk: &mut Chunk<R>,
        piece: &Piece,
        done: usize,
        count: usize,
        lanes: &mut [[f64; LANES]],
    ) -> usize {
        let Self { table, before, after, level, .. } = *self;
        let (at, flat, row) = (piece.start + done, piece.flat + done, table.row(piece.member));
        let slots = || (SLOTS..).take(table.slots);
        let k = &self.scalars[self.stride * piece.member..][..self.count];
        // SAFETY: as promised by the caller.
        unsafe {
            prefetch(&table, row, at);
            gather(
                &table,
                row,
                &before,
                &after,
                level,
                at,
                flat,
                count,
                &mut chunk.w,
                &mut chunk.g,
                &mut chunk.new,
            );
            for (s, column) in chunk.s.iter_mut().zip(slots()) {
                row[column].load(table.columns[column], at, count, level, s);
            }
            (self.apply)(level, k, chunk);
            let Chunk { w, g, s, new, sums } = chunk;
            if after.cautious && self.updates {
                let downhill = |new: R, i: usize| ((new - w[i]) * g[i]).less(R::default());
                if self.of == SumsOf::Caution {
                    return (0..count).filter(|&i| downhill(new[i], i)).count();
                }
                let bold = self.caution[piece.member];
                for (i, new) in new.iter_mut().enumerate() {
                    *new = R::select(downhill(*new, i), w[i] + (*new - w[i]) * bold, w[i]);
                }
            }
            for (s, column) in s.iter().zip(slots()) {
                row[column].store(table.columns[column], at, s, count, level, Rounded::Nearest, flat);
            }
            let lane = if self.of == SumsOf::Tasks { flat } else { at };
            for (lanes, sums) in lanes.iter_mut().zip(&*sums).take(self.sums) {
                sums::add(lanes, lane, &sums[..count], |x| x);
            }
            if self.updates {
                // The gradient is done with: its place is free.
                scatter(&table, row, &after, level, at, flat, count, new, g);
            }
        }
        0
    }
}

/// Asks for the chunk that comes soon after this one.
#[inline(always)]
fn prefetch(table: &Table<'_>, row: &[Lane], at: usize) {
    for (lane, &format) in row.iter().zip(table.columns) {
        let address = lane.address(format, at);
        for line in (0..format.bytes(CHUNK)).step_by(64) {
            simd::prefetch(address.wrapping_byte_add(AHEAD + line));
        }
    }
}

/// Parameter and gradient of a chunk as the rule is to see them, to `w` and `g`; `spare` is written over.
///
/// # Safety
/// As for `Fused::chunk`.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn gather<R: Math>(
    table: &Table<'_>,
    row: &[Lane],
    before: &Before,
    after: &After,
    level: Level,
    at: usize,
    flat: usize,
    count: usize,
    w: &mut [R; CHUNK],
    g: &mut [R; CHUNK],
    spare: &mut [R; CHUNK],
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let read = |column: usize, to: &mut [R; CHUNK]| {
            row[column].load(table.columns[column], at, count, level, to);
        };
        match after.residual {
            Some((column, Residual::Master)) => read(column, w),
            Some((column, Residual::Kahan)) => {
                read(VALUES, w);
                read(column, spare);
                w.iter_mut().zip(&*spare).for_each(|(w, &rest)| *w = *w + rest);
            }
            None => read(VALUES, w),
        }
        read(GRADS, g);
        if before.scale != 1.0 || before.clip != f64::INFINITY {
            let (scale, clip) = (R::from_f64(before.scale), R::from_f64(before.clip));
            for g in g.iter_mut() {
                // NaN passes, so that it is seen downstream as it would be without clipping.
                *g = (-clip).max(clip.min(*g * scale));
            }
        }
        if let Some((sd, random)) = before.noise {
            for (i, g) in g.iter_mut().take(count).enumerate() {
                *g = *g + R::from_f64(sd * random.normal((flat + i) as u64));
            }
        }
        if before.l2 != 0.0 {
            let l2 = R::from_f64(before.l2);
            g.iter_mut().zip(&*w).for_each(|(g, &w)| *g = *g + l2 * w);
        }
        if before.keep != 1.0 {
            let keep = R::from_f64(before.keep);
            w.iter_mut().for_each(|w| *w = *w * keep);
        }
    }
}

/// Puts the new parameters of a chunk where they belong; `spare` is written over.
///
/// # Safety
/// As for `Fused::chunk`.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn scatter<R: Math>(
    table: &Table<'_>,
    row: &[Lane],
    after: &After,
    level: Level,
    at: usize,
    flat: usize,
    count: usize,
    new: &mut [R; CHUNK],
    spare: &mut [R; CHUNK],
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let read = |column: usize, to: &mut [R; CHUNK]| {
            row[column].load(table.columns[column], at, count, level, to);
        };
        let write = |column: usize, chunk: &[R; CHUNK], rounded| {
            row[column].store(table.columns[column], at, chunk, count, level, rounded, flat);
        };
        if let Some((column, Some(alpha))) = after.slow {
            read(column, spare);
            let alpha = R::from_f64(alpha);
            for (w, &slow) in new.iter_mut().zip(&*spare) {
                *w = slow + (*w - slow) * alpha;
            }
            write(column, new, Rounded::Nearest);
        }
        write(VALUES, new, after.rounded);
        match after.residual {
            Some((column, Residual::Master)) => write(column, new, Rounded::Nearest),
            Some((column, Residual::Kahan)) => {
                read(VALUES, spare);
                spare.iter_mut().zip(&*new).for_each(|(rest, &w)| *rest = w - *rest);
                write(column, spare, Rounded::Nearest);
            }
            None => {}
        }
        if let Some((column, weight)) = after.average {
            read(column, spare);
            let weight = R::from_f64(weight);
            spare.iter_mut().zip(&*new).for_each(|(mean, &w)| *mean = *mean + (w - *mean) * weight);
            write(column, spare, Rounded::Nearest);
        }
        if after.zero {
            let format = table.columns[GRADS];
            std::ptr::write_bytes(row[GRADS].codes.add(format.bytes(at)), 0, format.bytes(count));
        }
    }
}

/// Reads a tensor for a rule that sees it as a whole.
#[allow(clippy::too_many_arguments)]
fn gather_all<R: Math>(
    table: Table<'_>,
    row: &[Lane],
    before: Before,
    after: After,
    level: Level,
    start: usize,
    w: &mut [R],
    g: &mut [R],
) {
    w.par_chunks_mut(TASK).zip(g.par_chunks_mut(TASK)).enumerate().for_each(|(task, (w, g))| {
        let at = task * TASK;
        simd::dispatch(level, Gather { table, row, before, after, level, at, start, w, g });
    });
}

/// Writes it back.
fn scatter_all<R: Math>(table: Table<'_>, row: &[Lane], after: After, level: Level, start: usize, w: &[R]) {
    w.par_chunks(TASK).enumerate().for_each(|(task, w)| {
        simd::dispatch(level, Scatter { table, row, after, level, at: task * TASK, start, w });
    });
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

/// A part of a tensor, `at` and on, to be read.
struct Gather<'a, R> {
    table: Table<'a>,
    row: &'a [Lane],
    before: Before,
    after: After,
    level: Level,
    at: usize,
    start: usize,
    w: &'a mut [R],
    g: &'a mut [R],
}

impl<R: Math> Work for Gather<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { table, row, before, after, level, at, start, w, g } = self;
        let [mut values, mut grads, mut spare] = [[R::default(); CHUNK]; 3];
        for (i, (w, g)) in w.chunks_mut(CHUNK).zip(g.chunks_mut(CHUNK)).enumerate() {
            let (at, count) = (at + i * CHUNK, w.len());
            // SAFETY: the job borrows the tensor exclusively; parts of it are read by one thread each.
            unsafe {
                gather(
                    &table,
                    row,
                    &before,
                    &after,
                    level,
                    at,
                    start + at,
                    count,
                    &mut values,
                    &mut grads,
                    &mut spare,
                );
            }
            w.copy_from_slice(&values[..count]);
            g.copy_from_slice(&grads[..count]);
        }
    }
}

/// The same to be written.
struct Scatter<'a, R> {
    table: Table<'a>,
    row: &'a [Lane],
    after: After,
    level: Level,
    at: usize,
    start: usize,
    w: &'a [R],
}

impl<R: Math> Work for Scatter<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { table, row, after, level, at, start, w } = self;
        let [mut new, mut spare] = [[R::default(); CHUNK]; 2];
        for (i, w) in w.chunks(CHUNK).enumerate() {
            let at = at + i * CHUNK;
            new[..w.len()].copy_from_slice(w);
            // SAFETY: as for `Gather`, written by one thread each.
            unsafe { scatter(&table, row, &after, level, at, start + at, w.len(), &mut new, &mut spare) };
        }
    }
}
