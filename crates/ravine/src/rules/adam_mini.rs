//! Adam-mini.

use super::moments::{correction, mean};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::plan::TASK;
use crate::real::Real;
use crate::rule::{At, Buffer, Decay, Reduce, Rule, Slot, Update};
use crate::simd::{self, Work};
use crate::sums::{self, LANES};
use crate::whole::{TensorStep, TensorUpdate};
use rayon::prelude::*;

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adam-mini",
    presets: &[],
    title: "Adam-mini: AdamW with one mean square for each block of weights",
    formula: "m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) mean(g^2) for each block; \
              w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)",
    advice: "Transformers, at AdamW's learning rate and half its memory. Blocks matter: put query and key weights into a group \
             with block_rows of a head, and biases with adamw. Not for models whose blocks you do not know.",
    source: "Zhang et al., ICLR 2025, arXiv 2406.16793, algorithms 1 to 3; the authors' adam_mini",
    make: || Box::new(AdamMini::default()),
};

crate::hyper! {
    /// Adam-mini (Zhang et al., arXiv 2406.16793, algorithms 1 to 3).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) mean(g^2), the mean over a block;
    /// w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps), where t counts steps from 1.
    ///
    /// Blocks: block_rows rows of a tensor's first dimension are one, the last perhaps with fewer; 0 makes the whole tensor one,
    /// and so is a tensor of one dimension. The authors' partition of a transformer, which goes by names, is made with
    /// groups: embedding, output, value, projection and MLP weights by rows (1), query and key by the rows of a head, norms
    /// as a whole (0), and biases by adamw.
    ///
    /// State: `exp_avg`, and for each block `vmean`. Defaults are the authors'.
    pub struct AdamMini {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a block whose gradients were all 0 becomes NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Rows of a block; 0 for all.
        block_rows: u64 = 1, Range::NonNegative;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

/// The square of the gradient, for tensors that are one block.
struct Square;

impl Reduce<1, 0, 1> for Square {
    #[inline(always)]
    fn reduce<R: Real>([]: [R; 0], _: R, g: R, s: [R; 1]) -> ([R; 1], [R; 1]) {
        (s, [g * g])
    }
}

struct Step;

impl Update<1, 2> for Step {
    #[inline(always)]
    fn update<R: Real>([rest1, size]: [R; 2], w: R, g: R, [m]: [R; 1]) -> (R, [R; 1]) {
        let m = mean(rest1, g, m);
        (w - size * m, [m])
    }
}

/// What a step does to the blocks of a tensor.
struct Blocks<'a> {
    rule: &'a AdamMini,
    rest1: f64,
    lr: f64,
    root: f64,
}

impl Blocks<'_> {
    /// The factor on the mean of a block, and its mean square, from that before and the newest.
    fn size(&self, before: f64, newest: f64) -> (f64, f64) {
        let beta2 = self.rule.betas[1];
        let square = beta2 * before + (1.0 - beta2) * newest;
        (self.lr / (square.sqrt() * self.root + self.rule.eps), square)
    }
}

impl TensorUpdate<1> for Blocks<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 1>) {
        let TensorStep { shape, w, g, s: [m], buffers, level, .. } = tensor;
        let len = self.rule.block(shape).max(1);
        // Short blocks share a task.
        let count = TASK.div_ceil(len);
        let tasks = w.par_chunks_mut(len * count).zip(g.par_chunks(len * count));
        let tasks = tasks.zip(m.par_chunks_mut(len * count)).zip(buffers[0].par_chunks_mut(count));
        tasks.for_each(|(((w, g), m), squares)| {
            simd::dispatch(level, Task { blocks: self, len, w, g, m, squares });
        });
    }
}

/// Some blocks, all of `len` elements but the last of a tensor.
struct Task<'a, R> {
    blocks: &'a Blocks<'a>,
    len: usize,
    w: &'a mut [R],
    g: &'a [R],
    m: &'a mut [R],
    squares: &'a mut [R],
}

impl<R: Math> Work for Task<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { blocks, len, w, g, m, squares } = self;
        let each = w.chunks_mut(len).zip(g.chunks(len)).zip(m.chunks_mut(len)).zip(squares);
        for (((w, g), m), square) in each {
            let mut lanes = [0.0; LANES];
            sums::add(&mut lanes, 0, g, |g| g * g);
            let newest = sums::total(lanes) / g.len() as f64;
            let (size, after) = blocks.size((*square).into(), newest);
            *square = R::from_f64(after);
            let k = [blocks.rest1, size].map(R::from_f64);
            for ((w, &g), m) in w.iter_mut().zip(g).zip(m) {
                (*w, [*m]) = Step::update(k, *w, g, [*m]);
            }
        }
    }
}

impl AdamMini {
    /// Elements of a block of a tensor.
    fn block(&self, shape: &[usize]) -> usize {
        let len: usize = shape.iter().product();
        match shape {
            [rows, _, ..] if *rows > 0 => {
                len / rows * usize::try_from(self.block_rows).unwrap_or(*rows).min(*rows)
            }
            _ => len,
        }
    }
}

impl Rule for AdamMini {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg")]
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        if self.block_rows == 0 {
            return Vec::new();
        }
        let len: usize = shape.iter().product();
        vec![Buffer::new("vmean", [len.div_ceil(self.block(shape).max(1))], 0.0)]
    }
    fn tensor_memory(&self) -> Vec<(&'static str, f64)> {
        if self.block_rows == 0 { vec![("vmean", 0.0)] } else { Vec::new() }
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let beta1 = at.momentum.unwrap_or(self.betas[0]);
        let lr = at.lr / correction(beta1, at.step);
        let root = 1.0 / correction(self.betas[1], at.step).sqrt();
        let blocks = Blocks { rule: self, rest1: 1.0 - beta1, lr, root };
        if self.block_rows > 0 {
            return pass.each(&blocks);
        }
        pass.reduce_each(Square, [])?;
        pass.run_each(Step, |each| {
            let newest = each.sums[0] / each.len().max(1) as f64;
            let (size, square) = blocks.size(each.memory[0], newest);
            each.memory[0] = square;
            [blocks.rest1, size]
        })
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
