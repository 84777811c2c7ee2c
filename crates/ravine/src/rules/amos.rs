//! Amos.

use super::moments::correction;
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::{Each, Pass};
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "amos",
    presets: &[],
    title: "Amos: one mean square a tensor, with its own decay of learning rate and weights",
    formula: "v = mean of mean(g^2); r = 1 / v; c = lr^2 r mean(g^2) / sqrt(1 + c_coef sqrt(lr) b); d = 1 / (1 + \
             d_coef sqrt(lr eta) b); w -= d (lr eta g / sqrt(v) + c / 2 w); b += c (1 + b)",
    advice: "Transformers from scratch, at a constant learning rate and without a weight decay to tune: both are its \
             own. Memory is sgd's. Give the scale that the weights are expected to have where the model's differs from \
             eta's default.",
    source: "Tian, Parikh, 2022, arXiv 2210.11693, algorithm 1; pytorch_optimizer.Amos",
    make: || Box::new(Amos::default()),
};

crate::hyper! {
    /// Amos (Tian and Parikh, arXiv 2210.11693, algorithm 1), with one mean square and one decay for each tensor.
    ///
    /// With G the mean of g^2 over the tensor and b = 0 at first: v = beta v + (1 - beta) G; r = (1 - beta^t) / (v +
    /// eps); c = lr^2 r G / sqrt(1 + c_coef sqrt(lr) b); d = 1 / (1 + d_coef sqrt(lr eta) b);
    /// u = d (lr eta sqrt(r) g + (c / 2 + extra_l2) w); b += c (1 + b); w -= u, or its mean with momentum.
    ///
    /// eta is the scale that weights are expected to come to; by default 1/2 for a vector, sqrt(2 / n) for a matrix and
    /// sqrt(1 / n) for more dimensions, where n is the second one.
    ///
    /// State: `exp_avg` with momentum; `exp_avg_sq` and `decay` for each tensor. Defaults are pytorch_optimizer's.
    pub struct Amos {
        /// Learning rate, xi in the paper: the share of eta that the first step moves weights by.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean square each step keeps.
        beta: f64 = 0.999, Range::UnitOpen;
        /// How much of the mean of the updates each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::UnitOpen;
        /// The scale of the weights, for all tensors; 0 for that by shape.
        eta: f64 = 0.0, Range::NonNegative;
        /// Weight decay beside its own, which d shrinks too.
        extra_l2: f64 = 0.0, Range::NonNegative;
        /// How fast its weight decay falls.
        c_coef: f64 = 0.25, Range::NonNegative;
        /// How fast its learning rate falls.
        d_coef: f64 = 0.25, Range::NonNegative;
        /// Keeps the division finite.
        eps: f64 = 1e-18, Range::Positive;
    }
}

/// The square of the gradient.
struct Look;

impl<const N: usize> Reduce<N, 0, 1> for Look {
    #[inline(always)]
    fn reduce<R: Real>([]: [R; 0], _: R, g: R, s: [R; N]) -> ([R; N], [R; 1]) {
        (s, [g * g])
    }
}

struct Step;

impl Update<0, 3> for Step {
    #[inline(always)]
    fn update<R: Real>([on_g, on_w, _]: [R; 3], w: R, g: R, s: [R; 0]) -> (R, [R; 0]) {
        (w - (on_g * g + on_w * w), s)
    }
}

impl Update<1, 3> for Step {
    #[inline(always)]
    fn update<R: Real>([on_g, on_w, rest]: [R; 3], w: R, g: R, [m]: [R; 1]) -> (R, [R; 1]) {
        let m = m + (on_g * g + on_w * w - m) * rest;
        (w - m, [m])
    }
}

impl Amos {
    /// The scale that the weights of a tensor are expected to have.
    fn eta(&self, shape: &[usize]) -> f64 {
        match shape {
            _ if self.eta > 0.0 => self.eta,
            [] | [_] => 0.5,
            [_, n] => (2.0 / *n as f64).sqrt(),
            [_, n, ..] => (1.0 / *n as f64).sqrt(),
        }
    }

    /// The scalars of a tensor's update.
    fn scalars(&self, at: At, each: Each<'_>) -> [f64; 3] {
        let (square, eta) = (each.sums[0] / each.len().max(1) as f64, self.eta(each.shape));
        let [v, b] = each.memory else { unreachable!("there are two") };
        *v += (square - *v) * (1.0 - self.beta);
        let r = correction(self.beta, at.step) / (*v + self.eps);
        let c = at.lr * at.lr * r * square / (1.0 + self.c_coef * at.lr.sqrt() * *b).sqrt();
        let d = 1.0 / (1.0 + self.d_coef * (at.lr * eta).sqrt() * *b);
        *b += c * (1.0 + *b);
        let rest = 1.0 - at.momentum.unwrap_or(self.momentum);
        [d * at.lr * eta * r.sqrt(), d * (0.5 * c + self.extra_l2), rest]
    }
}

impl Rule for Amos {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        if self.momentum == 0.0 { Vec::new() } else { vec![Slot::zero("exp_avg")] }
    }
    fn tensor_memory(&self) -> Vec<(&'static str, f64)> {
        vec![("exp_avg_sq", 0.0), ("decay", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        if self.momentum == 0.0 {
            pass.reduce_each::<_, 0, 0, 1>(Look, [])?;
            return pass.run_each::<_, 0, 3>(Step, |each| self.scalars(at, each));
        }
        pass.reduce_each::<_, 1, 0, 1>(Look, [])?;
        pass.run_each::<_, 1, 3>(Step, |each| self.scalars(at, each))
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec};

    fn walked(rule: Amos, scale: f64, steps: u32) -> Vec<f64> {
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [2, 3])]).unwrap();
        let mut w = vec![0.5; 6];
        for step in 0..steps {
            let mut g: Vec<f64> = (0..6).map(|i| scale * (f64::from(i * step) + 1.0).sin()).collect();
            let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        }
        w
    }

    #[test]
    fn the_first_step_moves_weights_by_lr_eta_in_the_mean_square() {
        let rule = Amos { lr: 0.01, eta: 3.0, ..Amos::default() };
        let moved = walked(rule, 7.0, 1);
        // Beside the decay of lr^2 / 2.
        let square: f64 = moved.iter().map(|w| (w - 0.5 * (1.0 - 0.5e-4)).powi(2)).sum();
        assert!(((square / 6.0).sqrt() - 0.03).abs() < 1e-12, "{square}");
    }

    #[test]
    fn the_scale_of_the_gradient_does_not_matter() {
        let rule = Amos { lr: 0.1, momentum: 0.5, eps: 1e-300, ..Amos::default() };
        let (a, b) = (walked(rule.clone(), 1.0, 20), walked(rule, 1e4, 20));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} {b:?}");
    }
}
