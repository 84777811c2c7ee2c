//! The fused pass: one reading and one writing of memory for everything that a step does to an element.
//!
//! Unscaling, clipping, weight decay, noise, the update rule, caution, the slow and the average weights, rounding, and the
//! zeroing of the gradient happen chunk by chunk in registers and first-level cache. Where memory holds the numbers in the
//! type that is computed in, or all of them in bf16, the rule's loop works on memory itself; else they are brought to a
//! [`Chunk`] and back.

use crate::element::Math;
use crate::kernel::{Beside, IN_PLACE, Line, Loop, SUMS_AT_MOST};
use crate::plan::{Piece, Plan};
use crate::simd::{self, Level, Work};
use crate::spot::{After, Before, GRADS, SLOTS, Spot, Table, VALUES};
use crate::state::{CHUNK, Format, Rounded};
use crate::sums::{self, LANES, Places};
use crate::threads::Threads;
use crate::word::Pairs;

/// What the sums of a run are of.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum SumsOf {
    Tasks,
    Pieces,
    /// Nothing is written; counted is where an update moves down the gradient.
    Caution,
}

/// Elements in first-level cache.
pub struct Chunk<R> {
    w: Line<R>,
    g: Line<R>,
    /// Parameters before the update, then whatever is needed.
    spare: Line<R>,
    slots: [Line<R>; IN_PLACE],
    beside: Beside<R>,
}

impl<R: Math> Default for Chunk<R> {
    fn default() -> Self {
        let zeros = [R::default(); CHUNK];
        let beside = Beside { slots: [zeros; _], sums: [zeros; _] };
        Self { w: zeros, g: zeros, spare: zeros, slots: [zeros; _], beside }
    }
}

/// A pass over all tensors, whatever the rule.
pub(crate) struct Fused<'a, R> {
    pub(crate) table: Table<'a>,
    pub(crate) before: Before,
    pub(crate) after: After,
    pub(crate) level: Level,
    /// The loop of the rule for this level or one below it.
    pub(crate) apply: Loop<R, Line<R>>,
    /// The same over bf16 where it lies, if what is computed in is wide enough for it.
    pub(crate) apply_to_pairs: Option<Loop<R, Pairs>>,
    /// Whether parameters are written.
    pub(crate) updates: bool,
    /// Sums that are taken.
    pub(crate) sums: usize,
    /// Scalars of an update, and how far apart those of two tensors lie.
    pub(crate) scalars: &'a [R],
    pub(crate) count: usize,
    pub(crate) stride: usize,
    /// The factor on what caution leaves of an update, for each tensor.
    pub(crate) caution: &'a [R],
    pub(crate) of: SumsOf,
    pub(crate) places: Places<f64>,
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
        let bare = pass.is_bare(R::FORMAT);
        let pairs = pass.apply_to_pairs.filter(|_| pass.is_bare(Format::Bf16));
        for (i, piece) in pieces.iter().enumerate() {
            let mut downhill = 0;
            let mut done = 0;
            if let Some(apply) = pairs {
                // SAFETY: the piece lies inside its tensor and state, which the job borrows exclusively, and no other
                // piece holds these elements.
                done = unsafe { pass.pairs(apply, chunk, piece) };
            }
            while done < piece.len {
                let rest = piece.len - done;
                let count = if bare && rest > CHUNK { rest - rest % CHUNK } else { rest.min(CHUNK) };
                // SAFETY: as above.
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
    pub(crate) fn over(&self, plan: &Plan, threads: &dyn Threads) {
        plan.tasks(threads, |index, first, pieces| {
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
    unsafe fn flush(&self, lanes: &mut [[f64; LANES]; SUMS_AT_MOST], place: usize) {
        for (m, lanes) in lanes[..self.sums].iter_mut().enumerate() {
            // SAFETY: as promised by the caller.
            unsafe { self.places.write(self.sums * place + m, sums::total(*lanes)) };
            *lanes = [0.0; LANES];
        }
    }

    /// Whether the rule's loop on memory itself, which is all in this format, is all there is to do.
    fn is_bare(&self, format: Format) -> bool {
        let Self { table, before, after, .. } = self;
        table.slots <= IN_PLACE
            && table.columns[..SLOTS + table.slots].iter().all(|column| *column == format)
            && self.sums == 0
            && !after.cautious
            && after.residual.is_none()
            && before.scales_alone()
            && (after.is_nothing() || !self.updates)
    }

    /// The whole chunks that a piece of a bare pass over bf16 begins with. Gives how many elements they are.
    ///
    /// # Safety
    /// The lanes of the piece's tensor hold these elements, and nobody else uses them.
    #[inline(always)]
    unsafe fn pairs(&self, apply: Loop<R, Pairs>, chunk: &mut Chunk<R>, piece: &Piece) -> usize {
        // Random bits go from one multiple of 2^32 to the next.
        let bits = (1 << 32) - (piece.flat as u64 & 0xffff_ffff);
        let lines = piece.len.min(usize::try_from(bits).unwrap_or(usize::MAX)) / CHUNK;
        let row = self.table.row(piece.member);
        let here =
            |column: usize| row[column].codes.wrapping_add(Format::Bf16.bytes(piece.start)).cast::<Pairs>();
        let mut column = SLOTS;
        let slots = chunk.slots.each_mut().map(|spare| {
            column += 1;
            // The rule does not touch what it has no slot for.
            if column > SLOTS + self.table.slots { (&raw mut *spare).cast() } else { here(column - 1) }
        });
        let k = &self.scalars[self.stride * piece.member..][..self.count];
        let factors = [self.before.keep, self.before.scale].map(R::from_f64);
        let chance = match self.after.rounded {
            Rounded::Nearest => None,
            Rounded::Stochastic(stream) => Some((stream, piece.flat as u64)),
        };
        // SAFETY: as promised by the caller; the loop is for a level that `dispatch` has found available.
        unsafe { apply(k, factors, lines, here(VALUES), here(GRADS), slots, &mut chunk.beside, chance) };
        CHUNK * lines
    }

    /// Elements `done..done + count` of a piece: up to a chunk, or whole chunks if the pass is bare. Gives how many of them
    /// an update moves down the gradient, where that is asked.
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
        lanes: &mut [[f64; LANES]; SUMS_AT_MOST],
    ) -> usize {
        let Self { ref table, ref before, ref after, level, .. } = *self;
        let row = table.row(piece.member);
        let (at, flat) = (piece.start + done, piece.flat + done);
        let spot = Spot { row, columns: table.columns, before, after, level, at, flat, count };
        let k = &self.scalars[self.stride * piece.member..][..self.count];
        let cautious = after.cautious && self.updates;
        // Caution compares with what was, and its first run writes nothing.
        let line = |column| if cautious { None } else { spot.line::<R>(column) };
        let Chunk { w, g, spare, slots, beside } = chunk;

        let in_place = if after.residual.is_none() { line(VALUES) } else { None };
        let w: *mut Line<R> = in_place.unwrap_or_else(|| {
            spot.values(w);
            w
        });
        let (mut keep, mut scale) = (before.keep, 1.0);
        let g: *const Line<R> = match line(GRADS) {
            Some(line) if before.scales_alone() => {
                scale = before.scale;
                line
            }
            _ => {
                // SAFETY: as promised by the caller; no other reference is made of these elements.
                spot.grads(unsafe { &*w }, g);
                g
            }
        };
        if cautious {
            let factor = R::from_f64(keep);
            // SAFETY: as above.
            let w = unsafe { &mut *w };
            w.iter_mut().for_each(|w| *w = *w * factor);
            keep = 1.0;
            *spare = *w;
        }
        let mut column = SLOTS;
        let end = SLOTS + table.slots;
        let slots = slots.each_mut().map(|slot| {
            let here = column;
            column += 1;
            match if here < end { line(here) } else { None } {
                Some(line) => line,
                None => {
                    if here < end {
                        spot.load(here, slot);
                    }
                    &raw mut *slot
                }
            }
        });
        for (slot, column) in beside.slots.iter_mut().zip(SLOTS + IN_PLACE..end) {
            spot.load(column, slot);
        }
        let factors = [keep, scale].map(R::from_f64);
        // SAFETY: the lines are the chunk's or those of the caller's promise, as many as lie in place; the loop is for a level
        // that `dispatch` has found available.
        unsafe { (self.apply)(k, factors, count.div_ceil(CHUNK), w, g, slots, beside, None) };
        // SAFETY: as above.
        let (w, g) = unsafe { (&mut *w, &*g) };
        if cautious {
            let downhill = |new: R, i: usize| ((new - spare[i]) * g[i]).less(R::default());
            if self.of == SumsOf::Caution {
                return (0..count).filter(|&i| downhill(w[i], i)).count();
            }
            let bold = self.caution[piece.member];
            for (i, new) in w.iter_mut().enumerate() {
                *new = R::select(downhill(*new, i), spare[i] + (*new - spare[i]) * bold, spare[i]);
            }
        }
        for (slot, column) in slots.into_iter().zip(SLOTS..end) {
            if line(column).is_none() {
                // SAFETY: as above.
                spot.store(column, unsafe { &*slot }, Rounded::Nearest);
            }
        }
        for (slot, column) in beside.slots.iter().zip(SLOTS + IN_PLACE..end) {
            spot.store(column, slot, Rounded::Nearest);
        }
        let lane = if self.of == SumsOf::Tasks { flat } else { at };
        for (lanes, sums) in lanes.iter_mut().zip(&beside.sums).take(self.sums) {
            sums::add(lanes, lane, &sums[..count], |x| x);
        }
        if self.updates {
            spot.put(w, spare, in_place.is_some());
        }
        0
    }
}
