//! What AdamP and SGDP share: weights whose length does not matter are not made longer.

use crate::element::Math;
use crate::plan::TASK;
use crate::simd::Level;
use crate::sums;
use crate::whole::{map, unit};
use rayon::prelude::*;

/// When the part of an update along the weights is taken out, and what weight decay is multiplied by then.
pub(super) struct Projection {
    pub(super) delta: f64,
    pub(super) wd_ratio: f64,
    pub(super) eps: f64,
}

impl Projection {
    /// w -= decay w + size u, where u is what `direction` makes of gradient and moments, without its part along the weights:
    /// in each unit if the gradient of none has a cosine with its weights of delta / sqrt(n) or more, n elements in a unit;
    /// else in the tensor as one unit if the same holds for that; else with that part, and with all of the decay.
    pub(super) fn step<R: Math>(
        &self,
        shape: &[usize],
        w: &mut [R],
        [g, m, v]: [&[R]; 3],
        direction: impl Fn([R; 3]) -> R + Copy + Send + Sync,
        [decay, size]: [f64; 2],
        level: Level,
    ) {
        let beside = [g, m, v];
        let unit = self.unit(shape, w, g, level);
        let decay = if unit.is_some() { decay * self.wd_ratio } else { decay };
        let [keep, size] = [1.0 - decay, size].map(R::from_f64);
        let Some(len) = unit else {
            return map(level, w, beside, move |w, beside| w * keep - size * direction(beside));
        };
        let units = w.par_chunks_mut(len).enumerate().with_min_len(TASK.div_ceil(len));
        units.for_each(|(i, w)| {
            let beside = beside.map(|values| &values[i * len..][..w.len()]);
            let [g, m, v] = beside;
            let [dot, ww] = sums::beside([w, g, m, v], level, move |[w, beside @ ..]| {
                let [w, u]: [f64; 2] = [w, direction(beside)].map(Into::into);
                [w * u, w * w]
            });
            let along = R::from_f64(dot / (ww.sqrt() + self.eps).powi(2));
            // By value: a loop that reads its numbers through pointers is not vectorised.
            map(level, w, beside, move |w, beside| w * keep - size * (direction(beside) - along * w));
        });
    }

    /// Elements of a unit that an update shall not lengthen.
    fn unit<R: Math>(&self, shape: &[usize], w: &[R], g: &[R], level: Level) -> Option<usize> {
        if shape.len() < 2 || w.is_empty() {
            return None;
        }
        let units = [unit(shape), w.len()];
        units
            .into_iter()
            .find(|&len| self.largest_cosine(w, g, len, level) < self.delta / (len as f64).sqrt())
    }

    /// The largest magnitude of the cosine between gradient and weights in units of this length.
    fn largest_cosine<R: Math>(&self, w: &[R], g: &[R], len: usize, level: Level) -> f64 {
        let cosine = |(w, g): (&[R], &[R])| {
            let [dot, ww, gg] = sums::beside([w, g], level, |x| {
                let [w, g]: [f64; 2] = x.map(Into::into);
                [w * g, w * w, g * g]
            });
            dot.abs() / (ww.sqrt().max(self.eps) * gg.sqrt().max(self.eps))
        };
        let units = w.par_chunks(len).zip(g.par_chunks(len)).with_min_len(TASK.div_ceil(len));
        units.map(cosine).reduce(|| 0.0, f64::max)
    }
}
