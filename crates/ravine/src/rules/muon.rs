//! Muon.

use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::linalg::{newton_schulz, newton_schulz_scratch};
use crate::pass::Pass;
use crate::rule::{At, Buffer, Decay, Rule, Slot, power};
use crate::sums;
use crate::whole::{TensorStep, TensorUpdate, map, unit};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "muon",
    presets: &[],
    title: "Muon: momentum made orthogonal, for the weight matrices of hidden layers; AdamW for the rest",
    formula: "M = momentum M + (1 - momentum) G; O = NewtonSchulz(nesterov(M)); W -= lr adjust(rows, cols) O",
    advice: "Hidden layers of transformers and convolutional networks: fewer steps than adamw for the same loss, with half \
             of its state; each step costs some matrix products. Give embeddings and the output layer a group with adamw. \
             Not for recurrent scalars, small networks, or fine-tuning what adamw has trained.",
    source: "Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024; match_rms_adamw: Liu et al., \
             arXiv 2502.16982, section 2.2; torch.optim.Muon, optax.contrib.muon",
    make: || Box::new(Muon::default()),
};

crate::hyper! {
    /// Muon (K. Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024).
    ///
    /// M = momentum M + (1 - momentum) G, and with nesterov G + momentum (M - G) in its place; O is what
    /// [`newton_schulz`](crate::linalg::newton_schulz()) makes of it, about the nearest matrix with orthonormal rows or
    /// columns; W -= lr adjust O, where adjust is, for a matrix of `rows` outputs and `cols` inputs,
    /// - `original`: sqrt(max(1, rows / cols)),
    /// - `match_rms_adamw`: 0.2 sqrt(max(rows, cols)), so that learning rates and decay of adamw carry over,
    /// - `spectral_unclamped`: sqrt(rows / cols),
    /// - `transposed`: sqrt(max(1, cols / rows)), the original for weights that are kept as inputs x outputs.
    ///
    /// A tensor of more than 2 dimensions is taken as the matrix of its first dimension and all others, as a
    /// convolution's filters are; torch.optim.Muon refuses it. One of less than 2 dimensions, a bias or scale, is stepped
    /// by [`AdamW`](super::AdamW) with the hyper-parameters adam_lr, adam_betas and adam_eps; its learning rate follows the
    /// schedule in proportion. Weight decay is that of lr for all; give vectors a group without, if they shall have none.
    ///
    /// PyTorch computes O in bfloat16, this in the type of the weights (f32 for 16 bits), so the two agree to about 1%
    /// of a step; optax in f64 agrees to rounding, with `bias_correction`, `eps_added`, eps 1e-8 and `transposed`.
    ///
    /// State: `momentum_buffer`; for tensors of less than 2 dimensions `exp_avg_sq` too. Defaults are torch.optim.Muon's;
    /// those of Adam the authors', whose learning rates are 0.02 and 3e-4.
    pub struct Muon {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 0.1, Range::NonNegative;
        /// How much of the mean of the gradient each step keeps.
        momentum: f64 = 0.95, Range::UnitOpen;
        /// Look one step of momentum ahead.
        nesterov: bool = true, Range::Bool;
        /// The coefficients of s, s^3 and s^5 in a Newton-Schulz step; or three for each of the steps, one after the other.
        ns_coefficients: Vec<f64> = vec![3.4445, -4.775, 2.0315], Range::Finite;
        /// The least norm that a momentum is divided by.
        eps: f64 = 1e-7, Range::NonNegative;
        /// Add eps to the norm instead of limiting it.
        eps_added: bool = false, Range::Bool;
        /// Newton-Schulz steps, where the coefficients are three.
        ns_steps: u64 = 5, Range::NonNegative;
        /// What the learning rate is multiplied by.
        adjust_lr_fn: &'static str = "original",
            Range::Words(&["original", "match_rms_adamw", "spectral_unclamped", "transposed"]);
        /// Correct the momentum for having started at 0; this changes how nesterov weighs it.
        bias_correction: bool = false, Range::Bool;
        /// Multiply O by its inner product with the momentum, so that the step follows the size of the gradient.
        adaptive: bool = false, Range::Bool;
        /// Learning rate of AdamW for tensors of less than 2 dimensions.
        adam_lr: f64 = 3e-4, Range::NonNegative;
        /// Betas of this AdamW.
        adam_betas: [f64; 2] = [0.9, 0.95], Range::UnitOpen;
        /// Eps of this AdamW.
        adam_eps: f64 = 1e-10, Range::NonNegative;
    }
}

/// The most Newton-Schulz steps, as in PyTorch.
const MOST_STEPS: u64 = 99;

struct Step<'a> {
    rule: &'a Muon,
    at: At,
}

impl Step<'_> {
    fn matrix<R: Math>(&self, tensor: TensorStep<'_, R, 1>, rows: usize, cols: usize) {
        let TensorStep { w, g, s: [m], work, level, .. } = tensor;
        let rule = self.rule;
        let momentum = self.at.momentum.unwrap_or(rule.momentum);
        let rest = R::from_f64(1.0 - momentum);
        map(level, m, [g], |m, [g]| m + (g - m) * rest);
        let count = self.at.step.saturating_add(1);
        let correction =
            |steps| if rule.bias_correction { 1.0 / (1.0 - power(momentum, steps)) } else { 1.0 };
        let [old, new] = match rule.nesterov {
            true => [momentum * correction(count.saturating_add(1)), (1.0 - momentum) * correction(count)],
            false => [correction(count), 0.0],
        };
        let [old, new] = [old, new].map(R::from_f64);
        let mut u = work.take_any(g.len());
        map(level, &mut u, [g, m], |_, [g, m]| old * m + new * g);

        let norm = sums::over(&u, level, |x| x * x).sqrt();
        let norm = if rule.eps_added { norm + rule.eps } else { norm.max(rule.eps) };
        let mut o = work.take(g.len());
        let mut scratch = work.take(newton_schulz_scratch(rows, cols));
        if norm > 0.0 {
            let norm = R::from_f64(norm);
            map(level, &mut o, [&u], |_, [u]| u / norm);
            let list = rule.ns_coefficients.as_chunks().0;
            let steps = if list.len() == 1 { rule.ns_steps as usize } else { list.len() };
            let coefficients = (0..steps).map(|step| list[step.min(list.len() - 1)]);
            // The norm is 1 at most already.
            newton_schulz(&mut o, rows, cols, coefficients, 1.0, &mut scratch);
        }
        let inner = match rule.adaptive {
            true => {
                let [inner] = sums::beside([&u, &o], level, |[u, o]| [(u * o).into()]);
                inner
            }
            false => 1.0,
        };
        let size = R::from_f64(self.at.lr * rule.adjust(rows, cols) * inner);
        map(level, w, [&o], |w, [o]| w - size * o);
        [u, o, scratch].into_iter().for_each(|vector| work.give(vector));
    }

    fn vector<R: Math>(&self, tensor: TensorStep<'_, R, 1>) {
        let TensorStep { w, g, s: [m], buffers: [v], level, .. } = tensor else { return };
        let Muon { lr, adam_lr, adam_betas: [beta1, beta2], adam_eps, .. } = *self.rule;
        let lr = if lr > 0.0 { adam_lr * (self.at.lr / lr) } else { 0.0 };
        let correction = |beta| 1.0 - power(beta, self.at.step.saturating_add(1));
        let (size, root) = (lr / correction(beta1), 1.0 / correction(beta2).sqrt());
        let [rest1, beta2, rest2, size, root, eps] =
            [1.0 - beta1, beta2, 1.0 - beta2, size, root, adam_eps].map(R::from_f64);
        map(level, m, [g], |m, [g]| m + (g - m) * rest1);
        map(level, v, [g], |v, [g]| beta2 * v + rest2 * g * g);
        map(level, w, [m, v], |w, [m, v]| w - size * (m / (v.sqrt() * root + eps)));
    }
}

impl TensorUpdate<1> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 1>) {
        let (shape, unit) = (tensor.shape, unit(tensor.shape));
        match shape.len() {
            _ if unit == 0 => {}
            0 | 1 => self.vector(tensor),
            _ => self.matrix(tensor, shape[0], unit),
        }
    }
}

impl Muon {
    fn adjust(&self, rows: usize, cols: usize) -> f64 {
        let ratio = rows as f64 / cols as f64;
        match self.adjust_lr_fn {
            "original" => ratio.max(1.0).sqrt(),
            "match_rms_adamw" => 0.2 * (rows.max(cols) as f64).sqrt(),
            "spectral_unclamped" => ratio.sqrt(),
            _ => (1.0 / ratio).max(1.0).sqrt(),
        }
    }
}

impl Rule for Muon {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("momentum_buffer")]
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        if shape.len() < 2 { vec![Buffer::new("exp_avg_sq", shape, 0.0)] } else { Vec::new() }
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }
    fn check(&self) -> Result<()> {
        let count = self.ns_coefficients.len();
        if count == 0 || !count.is_multiple_of(3) {
            let problem =
                format!("ns_coefficients must be three numbers, or three for each step, not {count}");
            return Err(Error::rule(ENTRY.name, problem));
        }
        if self.ns_steps > MOST_STEPS {
            let problem = format!("ns_steps must be at most {MOST_STEPS}, not {}", self.ns_steps);
            return Err(Error::rule(ENTRY.name, problem));
        }
        Ok(())
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        pass.each(&Step { rule: self, at })
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::svd;
    use crate::random::Random;
    use crate::{Optimizer, ParamSpec, rules};

    fn normal(len: usize, seed: u64) -> Vec<f64> {
        (0..len as u64).map(|i| Random::new(seed).normal(i)).collect()
    }

    /// The step from 0 down a gradient.
    fn first(rule: Muon, shape: &[usize], mut g: Vec<f64>) -> Vec<f64> {
        let params = [ParamSpec::new("w", shape)];
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&params).unwrap();
        let mut w = vec![0.0; g.len()];
        let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        w
    }

    /// The coefficients map all of [0.01, 1] to between 0.68 and 1.14 in five steps; normal matrices have their singular
    /// values there, relative to their norm.
    #[test]
    fn the_update_is_nearly_orthogonal_whatever_the_gradients_scale() {
        let rule = Muon { lr: 1.0, adjust_lr_fn: "original", ..Default::default() };
        for (rows, cols) in [(8, 20), (12, 12), (1, 9)] {
            for scale in [1e-4, 1.0, 1e6] {
                let mut g = normal(rows * cols, 3);
                // A square normal matrix may be nearly singular: this one is not.
                (0..rows).for_each(|i| g[i * cols + i] += 8.0);
                g.iter_mut().for_each(|g| *g *= scale);
                let s = svd(&first(rule.clone(), &[rows, cols], g), rows, cols).unwrap().1;
                assert!(s.iter().all(|s| (0.68..1.14).contains(s)), "{rows} x {cols}: {s:?}");
            }
        }
    }

    #[test]
    fn coefficients_that_converge_give_the_orthogonal_factor_and_sizes_follow_the_shape() {
        let rule =
            Muon { lr: 0.5, ns_coefficients: vec![2.0, -1.5, 0.5], ns_steps: 40, ..Default::default() };
        for (word, adjust) in [
            ("original", 2f64.sqrt()),
            ("match_rms_adamw", 0.2 * 12f64.sqrt()),
            ("spectral_unclamped", 2f64.sqrt()),
            ("transposed", 1.0),
        ] {
            let rule = Muon { adjust_lr_fn: word, ..rule.clone() };
            let s = svd(&first(rule, &[12, 2, 3], normal(72, 1)), 12, 6).unwrap().1;
            assert!(s.iter().all(|s| (s / (0.5 * adjust) - 1.0).abs() < 1e-12), "{word}: {s:?}");
        }
    }

    #[test]
    fn vectors_are_stepped_by_adamw() {
        let params = [ParamSpec::new("b", [5])];
        let muon = Muon { lr: 0.02, adam_lr: 0.01, weight_decay: 0.5, ..Default::default() };
        let mut muon = Optimizer::builder(muon)
            .schedule(crate::schedules::Cosine::new(20))
            .build::<f64>(&params)
            .unwrap();
        let adamw = rules::AdamW {
            lr: 0.01,
            betas: [0.9, 0.95],
            eps: 1e-10,
            weight_decay: 1.0,
            ..Default::default()
        };
        let mut adamw = Optimizer::builder(adamw)
            .schedule(crate::schedules::Cosine::new(20))
            .build::<f64>(&params)
            .unwrap();
        let (mut a, mut b) = (normal(5, 0), normal(5, 0));
        for step in 0..10 {
            let _ = muon.step_flat(&mut a, &mut normal(5, step)).unwrap();
            let _ = adamw.step_flat(&mut b, &mut normal(5, step)).unwrap();
        }
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }

    #[test]
    fn coefficients_that_are_no_triples_are_refused() {
        let error = rules::parse("muon:ns_coefficients=1/2").err().unwrap().to_string();
        assert!(error.contains("three numbers, or three for each step, not 2"), "{error}");
        let error = rules::parse("muon:ns_steps=100").err().unwrap().to_string();
        assert!(error.contains("at most 99, not 100"), "{error}");
    }
}
