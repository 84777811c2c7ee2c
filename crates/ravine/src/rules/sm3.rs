//! SM3.

use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::plan::TASK;
use crate::rule::{At, Buffer, Decay, Rule, Slot};
use crate::simd::Level;
use crate::whole::{TensorStep, TensorUpdate, Workspace, map};
use rayon::prelude::*;

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "sm3",
    presets: &[],
    title: "SM3: AdaGrad with one accumulator for each row, column and further slice",
    formula: "v = (least of the accumulators of the element's slices) + g^2; each accumulator = the largest v of its slice; \
              w -= lr g / sqrt(v)",
    advice: "Adagrad's home ground, sparse features and embeddings, where adagrad's state does not fit into memory. As in \
             adagrad the steps only shrink: for long training of dense networks take adamw or adafactor.",
    source: "Anil, Gupta, Koren, Singer, NeurIPS 2019, arXiv 1901.11150, algorithm SM3-II; pytorch_optimizer.SM3, optax.sm3",
    make: || Box::new(Sm3::default()),
};

crate::hyper! {
    /// SM3 (Anil, Gupta, Koren and Singer, arXiv 1901.11150, algorithm SM3-II).
    ///
    /// v = min over dimensions of the accumulator of the element's slice + g^2; w -= lr g / sqrt(v + eps), 0 where v is
    /// 0; each accumulator becomes the largest v of its slice. A slice is all elements with the same index in one
    /// dimension: a row or a column of a matrix. v is never below adagrad's sum of squares, and for vectors it is that
    /// sum.
    ///
    /// - With beta: v = beta min + (1 - beta) g^2, and no accumulator shrinks.
    /// - With momentum: m = momentum m + (1 - momentum) g / sqrt(v + eps); w -= lr m.
    ///
    /// State: `accumulator_0`, `accumulator_1`, ... of the lengths of the dimensions, those after the eighth taken
    /// together; `momentum_buffer` if momentum is not 0. Defaults are pytorch_optimizer's; optax has momentum 0.9 and eps 1e-8.
    pub struct Sm3 {
        /// Learning rate.
        lr: f64 = 0.1, Range::NonNegative;
        /// How much of the mean of its steps each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::UnitOpen;
        /// How much of the accumulators each step keeps; 0 to add to all of them.
        beta: f64 = 0.0, Range::UnitOpen;
        /// Keeps the division finite.
        eps: f64 = 1e-30, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

const NAMES: [&str; 8] = [
    "accumulator_0",
    "accumulator_1",
    "accumulator_2",
    "accumulator_3",
    "accumulator_4",
    "accumulator_5",
    "accumulator_6",
    "accumulator_7",
];

/// Columns that are looked at together.
const COLS: usize = 256;

struct Step {
    lr: f64,
    rest: f64,
    beta: f64,
    eps: f64,
}

impl Step {
    /// Moves the accumulators, and gives v, to be given back.
    fn follow<R: Math>(
        &self,
        g: &[R],
        buffers: &mut [Vec<R>],
        work: &mut Workspace<R>,
        level: Level,
    ) -> Vec<R> {
        let mut v = work.take_any(g.len());
        let Some((last, others)) = buffers.split_last_mut().filter(|_| !g.is_empty()) else { return v };
        let [zero, one] = [0.0, 1.0].map(R::from_f64);
        let [keep, add] = [self.beta, 1.0 - self.beta].map(R::from_f64);
        let keep = if self.beta == 0.0 { one } else { keep };
        let largest = |a: R, b: R| if b > a { b } else { a };
        // Line by line of the last dimension: what the other accumulators allow is one number for a line.
        let cols = last.len();
        let lines = g.len() / cols;
        let mut most = work.take_any(lines);
        let each_line = v.par_chunks_mut(cols).zip(g.par_chunks(cols)).zip(&mut most[..]).enumerate();
        each_line.with_min_len(TASK.div_ceil(cols)).for_each(|(line, ((v, g), most))| {
            let mut inner = lines;
            let bound = others.iter().fold(R::from_f64(f64::INFINITY), |bound, slices| {
                inner /= slices.len();
                bound.min(slices[line / inner % slices.len()])
            });
            map(level, v, [g, last], |_, [g, last]| keep * last.min(bound) + add * g * g);
            *most = v.iter().copied().fold(zero, largest);
        });
        let follow =
            |slice: &mut R, most: R| *slice = if self.beta > 0.0 { largest(*slice, most) } else { most };
        let mut inner = lines;
        for slices in others {
            let count = slices.len();
            inner /= count;
            for (i, slice) in slices.iter_mut().enumerate() {
                let parts = most.chunks(inner).skip(i).step_by(count);
                follow(slice, parts.flatten().copied().fold(zero, largest));
            }
        }
        last.par_chunks_mut(COLS).enumerate().for_each(|(part, last)| {
            let mut most = [zero; COLS];
            for line in v.chunks_exact(cols) {
                for (most, &v) in most.iter_mut().zip(&line[part * COLS..][..last.len()]) {
                    *most = largest(*most, v);
                }
            }
            last.iter_mut().zip(most).for_each(|(slice, most)| follow(slice, most));
        });
        work.give(most);
        v
    }

    /// What makes the update of an element of the gradient and of v.
    fn direction<R: Math>(&self) -> impl Fn(R, R) -> R + Copy + Send + Sync + use<R> {
        let [zero, eps] = [0.0, self.eps].map(R::from_f64);
        move |g, v| R::select(zero.less(v), g / (v + eps).sqrt(), g * zero)
    }
}

impl<const N: usize> TensorUpdate<N> for Step {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, N>) {
        let TensorStep { w, g, s, buffers, work, level, .. } = tensor;
        let v = self.follow(g, buffers, work, level);
        let direction = self.direction::<R>();
        let [lr, rest] = [self.lr, self.rest].map(R::from_f64);
        match s.into_iter().next() {
            None => map(level, w, [g, &v], |w, [g, v]| w - lr * direction(g, v)),
            Some(mean) => {
                map(level, mean, [g, &v], |mean, [g, v]| mean + (direction(g, v) - mean) * rest);
                map(level, w, [mean], |w, [mean]| w - lr * mean);
            }
        }
        work.give(v);
    }
}

impl Rule for Sm3 {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        if self.momentum == 0.0 { Vec::new() } else { vec![Slot::zero("momentum_buffer")] }
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        super::modes::dims(shape)
            .into_iter()
            .zip(NAMES)
            .map(|(dim, name)| Buffer::new(name, [dim], 0.0))
            .collect()
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let rest = 1.0 - at.momentum.unwrap_or(self.momentum);
        let step = Step { lr: at.lr, rest, beta: self.beta, eps: self.eps };
        if self.momentum == 0.0 { pass.each::<_, 0>(&step) } else { pass.each::<_, 1>(&step) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::{Optimizer, ParamSpec, rules};

    /// Section 3 of the paper: adagrad's sum of squares <= v, so no step is longer than adagrad's.
    #[test]
    fn no_step_is_longer_than_adagrads_and_on_vectors_they_are_equal() {
        for shape in [vec![60], vec![5, 12], vec![3, 4, 5]] {
            let params = [ParamSpec::new("w", shape.clone())];
            let mut sm3 = Optimizer::builder(Sm3::default()).build::<f64>(&params).unwrap();
            let adagrad = rules::Adagrad { lr: 0.1, eps: 0.0, ..Default::default() };
            let mut adagrad = Optimizer::builder(adagrad).build::<f64>(&params).unwrap();
            for step in 0..20 {
                let mut g: Vec<f64> = (0..60).map(|i| Random::new(step).normal(i)).collect();
                let (mut a, mut b) = (vec![0.0; 60], vec![0.0; 60]);
                let _ = sm3.step_flat(&mut a, &mut g).unwrap();
                let _ = adagrad.step_flat(&mut b, &mut g).unwrap();
                for (a, b) in a.iter().zip(&b) {
                    assert!(a.abs() <= b.abs() * (1.0 + 1e-12) && a * b > 0.0);
                    assert!(shape.len() > 1 || (a - b).abs() < 1e-15);
                }
            }
        }
    }
}
