//! What a step reads and writes at one spot of a tensor, and what happens there before and after the rule.

use crate::element::Math;
use crate::kernel::Line;
use crate::random::Random;
use crate::simd::Level;
use crate::state::{CHUNK, Format, Lane, Rounded};

/// The columns of a [`Table`] that every step has.
pub(crate) const VALUES: usize = 0;
pub(crate) const GRADS: usize = 1;
pub(crate) const SLOTS: usize = 2;

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
    pub(crate) fn row(&self, member: usize) -> &'a [Lane] {
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

impl Before {
    /// Whether the gradient is only scaled.
    pub(crate) fn scales_alone(&self) -> bool {
        self.clip == f64::INFINITY && self.noise.is_none() && self.l2 == 0.0
    }
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

impl After {
    /// Whether nothing follows once the new parameters are in their place.
    pub(crate) fn is_nothing(&self) -> bool {
        let moves = matches!(self.slow, Some((_, Some(_))));
        !moves && self.average.is_none() && self.residual.is_none() && !self.zero
    }
}

/// What is kept of a weight beside its 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Residual {
    /// What rounding left over.
    Kahan,
    /// The weight in full.
    Master,
}

/// Up to a chunk of elements of one tensor. What a line holds beyond their count is left from before and goes nowhere.
///
/// Whoever makes one promises that the lanes of the row hold elements `at..at + count`, and that nobody else uses them
/// meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) row: &'a [Lane],
    pub(crate) columns: &'a [Format],
    pub(crate) before: &'a Before,
    pub(crate) after: &'a After,
    pub(crate) level: Level,
    /// The first element's number in its tensor, and among all elements of the step.
    pub(crate) at: usize,
    pub(crate) flat: usize,
    pub(crate) count: usize,
}

impl Spot<'_> {
    /// The one this many elements further on in its tensor.
    #[inline(always)]
    pub(crate) fn on(self, elements: usize) -> Self {
        Self { at: self.at + elements, flat: self.flat + elements, ..self }
    }

    /// Where a column lies in memory, if that is whole lines in the type that is computed in.
    #[inline(always)]
    pub(crate) fn line<R: Math>(&self, column: usize) -> Option<*mut Line<R>> {
        (self.count.is_multiple_of(CHUNK) && self.columns[column] == R::FORMAT)
            .then(|| self.row[column].codes.cast::<R>().wrapping_add(self.at).cast())
    }

    #[inline(always)]
    pub(crate) fn load<R: Math>(&self, column: usize, to: &mut Line<R>) {
        // SAFETY: as promised by who made the spot.
        unsafe { self.row[column].load(self.columns[column], self.at, self.count, self.level, to) };
    }

    #[inline(always)]
    pub(crate) fn store<R: Math>(&self, column: usize, from: &Line<R>, rounded: Rounded) {
        let Self { at, count, level, flat, .. } = *self;
        // SAFETY: as promised by who made the spot.
        unsafe { self.row[column].store(self.columns[column], at, from, count, level, rounded, flat) };
    }

    /// The parameters, to `w`.
    #[inline(always)]
    pub(crate) fn values<R: Math>(&self, w: &mut Line<R>) {
        match self.after.residual {
            Some((column, Residual::Master)) => self.load(column, w),
            Some((column, Residual::Kahan)) => {
                self.load(VALUES, w);
                let mut rest = [R::default(); CHUNK];
                self.load(column, &mut rest);
                w.iter_mut().zip(&rest).for_each(|(w, &rest)| *w = *w + rest);
            }
            None => self.load(VALUES, w),
        }
    }

    /// The gradients as the rule is to see them, to `g`; `w` holds the parameters.
    #[inline(always)]
    pub(crate) fn grads<R: Math>(&self, w: &Line<R>, g: &mut Line<R>) {
        let Before { scale, clip, noise, l2, .. } = *self.before;
        self.load(GRADS, g);
        if scale != 1.0 || clip != f64::INFINITY {
            let (scale, clip) = (R::from_f64(scale), R::from_f64(clip));
            for g in g.iter_mut() {
                // NaN passes, so that it is seen downstream as it would be without clipping.
                *g = (-clip).max(clip.min(*g * scale));
            }
        }
        if let Some((sd, random)) = noise {
            for (i, g) in g.iter_mut().take(self.count).enumerate() {
                *g = *g + R::from_f64(sd * random.normal((self.flat + i) as u64));
            }
        }
        if l2 != 0.0 {
            let l2 = R::from_f64(l2);
            g.iter_mut().zip(w).for_each(|(g, &w)| *g = *g + l2 * w);
        }
    }

    /// Puts the new parameters where they belong, unless `in_place` says that `new` is that place; what else depends on
    /// them follows. `spare` is written over.
    #[inline(always)]
    pub(crate) fn put<R: Math>(&self, new: &mut Line<R>, spare: &mut Line<R>, in_place: bool) {
        let After { slow, average, residual, rounded, zero, .. } = *self.after;
        if let Some((column, Some(alpha))) = slow {
            self.load(column, spare);
            let alpha = R::from_f64(alpha);
            for (w, &slow) in new.iter_mut().zip(&*spare) {
                *w = slow + (*w - slow) * alpha;
            }
            self.store(column, new, Rounded::Nearest);
        }
        if !in_place {
            self.store(VALUES, new, rounded);
        }
        match residual {
            Some((column, Residual::Master)) => self.store(column, new, Rounded::Nearest),
            Some((column, Residual::Kahan)) => {
                self.load(VALUES, spare);
                spare.iter_mut().zip(&*new).for_each(|(rest, &w)| *rest = w - *rest);
                self.store(column, spare, Rounded::Nearest);
            }
            None => {}
        }
        if let Some((column, weight)) = average {
            let weight = R::from_f64(weight);
            let to = |means: &mut Line<R>| {
                means.iter_mut().zip(&*new).for_each(|(mean, &w)| *mean = *mean + (w - *mean) * weight);
            };
            match self.line(column) {
                // SAFETY: as promised by who made the spot; no other reference is made of these elements.
                Some(line) => to(unsafe { &mut *line }),
                None => {
                    self.load(column, spare);
                    to(spare);
                    self.store(column, spare, Rounded::Nearest);
                }
            }
        }
        if zero {
            let format = self.columns[GRADS];
            // SAFETY: as promised by who made the spot.
            unsafe {
                let grads = self.row[GRADS].codes.add(format.bytes(self.at));
                std::ptr::write_bytes(grads, 0, format.bytes(self.count));
            }
        }
    }
}
