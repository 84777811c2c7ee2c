//! What AdamP and SGDP share: weights whose length does not matter are not made longer.

use crate::element::Math;
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
    /// Takes from `u`, the update of the weights `w` with the gradient `g`, its part along the weights: for each unit
    /// if the gradient of none has a cosine with its weights of delta / sqrt(n) or more, n elements in a unit; else the
    /// same with the tensor as one unit; else not. Gives the factor on weight decay.
    pub(super) fn apply<R: Math>(&self, shape: &[usize], w: &[R], g: &[R], u: &mut [R], level: Level) -> f64 {
        if shape.len() < 2 || w.is_empty() {
            return 1.0;
        }
        for len in [unit(shape), w.len()] {
            if self.largest_cosine(w, g, len, level) < self.delta / (len as f64).sqrt() {
                u.par_chunks_mut(len).zip(w.par_chunks(len)).for_each(|(u, w)| self.turn(w, u, level));
                return self.wd_ratio;
            }
        }
        1.0
    }

    /// The largest magnitude of the cosine between gradient and weights in units of this length.
    fn largest_cosine<R: Math>(&self, w: &[R], g: &[R], len: usize, level: Level) -> f64 {
        let norm = |x: &[R]| sums::over(x, level, |x| x * x).sqrt().max(self.eps);
        let cosine = |(w, g): (&[R], &[R])| sums::dot(w, g, level).abs() / (norm(w) * norm(g));
        w.par_chunks(len).zip(g.par_chunks(len)).map(cosine).reduce(|| 0.0, f64::max)
    }

    /// Takes from the update of a unit its part along the weights.
    fn turn<R: Math>(&self, w: &[R], u: &mut [R], level: Level) {
        let norm = sums::over(w, level, |w| w * w).sqrt() + self.eps;
        let along = R::from_f64(sums::dot(w, u, level) / (norm * norm));
        map(level, u, [w], |u, [w]| u - along * w);
    }
}
