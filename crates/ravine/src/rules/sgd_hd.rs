//! SGD whose learning rate follows its own gradient.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "sgd-hd",
    presets: &[("nesterov-hd", "momentum=0.9")],
    title: "SGD-HD: gradient descent that descends in its learning rate too",
    formula: "a += hypergrad_lr g . u, where u is the direction of the step before; u = g, or g + momentum v \
              with momentum; w -= (lr + a) u",
    advice: "Where the learning rate is a guess: it grows while gradients agree from step to step, and \
             shrinks where they turn. hypergrad_lr is to be chosen too, and its scale is that of the squared \
             gradient; mini-batch noise hides the agreement.",
    source: "Baydin et al., ICLR 2018, arXiv 1703.04782, algorithms 1, 2, 4 and 5",
    make: || Box::new(SgdHd::default()),
};

crate::hyper! {
    /// Hypergradient descent on the learning rate of SGD (Baydin et al., arXiv 1703.04782, algorithms 4 and 5).
    ///
    /// a += hypergrad_lr g . u, where u is the direction of the step before; w -= (lr + a) u with
    ///
    /// - u = g, or
    /// - with momentum, Nesterov's: v = momentum v + g; u = g + momentum v.
    ///
    /// The product goes over all parameters of the group, which share a. The paper adapts the learning rate itself;
    /// here a is kept
    /// beside it, so that a schedule still moves the rest. As in the paper nothing keeps lr + a above 0.
    ///
    /// State: `direction` (u), then `momentum_buffer` (v) if momentum is not 0, and for the group `lr_change` (a).
    /// The default of hypergrad_lr is the paper's for logistic regression.
    pub struct SgdHd {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// Learning rate of the learning rate.
        hypergrad_lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the velocity each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::UnitOpen;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// The product of the gradient and the direction of the step before.
struct Agreement;

impl Reduce<1, 0, 1> for Agreement {
    #[inline(always)]
    fn reduce<R: Real>(_: [R; 0], _: R, g: R, [u]: [R; 1]) -> ([R; 1], [R; 1]) {
        ([u], [g * u])
    }
}

impl Reduce<2, 0, 1> for Agreement {
    #[inline(always)]
    fn reduce<R: Real>(_: [R; 0], _: R, g: R, [u, v]: [R; 2]) -> ([R; 2], [R; 1]) {
        ([u, v], [g * u])
    }
}

struct Plain;

impl Update<1, 1> for Plain {
    #[inline(always)]
    fn update<R: Real>([lr]: [R; 1], w: R, g: R, _: [R; 1]) -> (R, [R; 1]) {
        (w - lr * g, [g])
    }
}

struct Nesterov;

impl Update<2, 2> for Nesterov {
    #[inline(always)]
    fn update<R: Real>([lr, momentum]: [R; 2], w: R, g: R, [_, v]: [R; 2]) -> (R, [R; 2]) {
        let v = momentum * v + g;
        let u = g + momentum * v;
        (w - lr * u, [u, v])
    }
}

impl Rule for SgdHd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let slots = [Slot::zero("direction"), Slot::zero("momentum_buffer")];
        slots[..if self.momentum == 0.0 { 1 } else { 2 }].to_vec()
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("lr_change", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let plain = self.momentum == 0.0;
        let [agreement] = match plain {
            true => Pass::reduce::<_, 1, 0, 1>(pass, Agreement, [])?,
            false => Pass::reduce::<_, 2, 0, 1>(pass, Agreement, [])?,
        };
        let change = &mut pass.memory()[0];
        *change += self.hypergrad_lr * agreement;
        let lr = at.lr + *change;
        if plain {
            pass.run(Plain, [lr])
        } else {
            pass.run(Nesterov, [lr, at.momentum.unwrap_or(self.momentum)])
        }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec};

    /// The paper's algorithms 4 and 5 as loops over two tensors, on the loss |w|^2 / 2.
    fn by_hand(rule: &SgdHd, steps: usize) -> Vec<f64> {
        let mut w = vec![1.0, -2.0, 0.5];
        let (mut u, mut v, mut lr) = (vec![0.0; 3], vec![0.0; 3], rule.lr);
        for _ in 0..steps {
            let g = w.clone();
            lr += rule.hypergrad_lr * g.iter().zip(&u).map(|(g, u)| g * u).sum::<f64>();
            for i in 0..3 {
                v[i] = rule.momentum * v[i] + g[i];
                u[i] = g[i] + rule.momentum * v[i];
                w[i] -= lr * u[i];
            }
        }
        w
    }

    #[test]
    fn it_is_the_algorithm_of_the_paper() {
        for momentum in [0.0, 0.5] {
            let rule = SgdHd { lr: 0.01, hypergrad_lr: 0.01, momentum, ..SgdHd::default() };
            let params = [ParamSpec::new("a", [1]), ParamSpec::new("b", [2])];
            let mut optimizer = Optimizer::builder(rule.clone()).build::<f64>(&params).unwrap();
            let mut w = vec![1.0, -2.0, 0.5];
            for _ in 0..20 {
                let mut g = w.clone();
                let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
            }
            for (ours, theirs) in w.iter().zip(by_hand(&rule, 20)) {
                assert!((ours - theirs).abs() < 1e-14, "{ours} {theirs}");
            }
            assert!(w[0].abs() < 0.5, "the learning rate has grown");
        }
    }
}
