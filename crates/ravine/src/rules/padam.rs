//! PAdam.

use super::moments::{correction, mean, mean_square};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::rule::{At, Decay, Rule, Slot};
use crate::simd::Level;
use crate::whole::{TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "padam",
    presets: &[],
    title: "PAdam: between SGD with momentum and AMSGrad, by the power of the divisor",
    formula: "w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v_max) + eps)^(2 partial)",
    advice: "Image classifiers, where Adam trains fast and SGD generalises better: a small partial with SGD's learning \
             rates. A partial of 1/2, 1/4, 1/8 or 1/16 is two to three times as fast as another.",
    source: "Chen et al., IJCAI 2020, arXiv 1806.06763, algorithm 1; the authors' Padam.py",
    make: || Box::new(PAdam::default()),
};

crate::hyper! {
    /// PAdam, partially adaptive momentum estimation (Chen et al., arXiv 1806.06763, algorithm 1).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; V = max(V, v) with amsgrad, else v;
    /// w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(V) + eps)^(2 partial): with 1/2 AMSGrad, near 0 SGD with momentum.
    /// The corrections are those of the authors' code.
    ///
    /// State: `exp_avg`, `exp_avg_sq`, `max_exp_avg_sq` with amsgrad. Defaults are the authors'; the paper finds 1/8
    /// best.
    pub struct PAdam {
        /// Learning rate.
        lr: f64 = 0.1, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// The power of the mean square that steps are divided by, up to 1/2.
        partial: f64 = 0.25, Range::Unit;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Divide by the largest mean square so far.
        amsgrad: bool = true, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step<'a> {
    rule: &'a PAdam,
    at: At,
}

impl Step<'_> {
    fn means<R: Math>(&self, level: Level, g: &[R], m: &mut [R], v: &mut [R]) {
        let [beta1, beta2] = [self.at.momentum.unwrap_or(self.rule.betas[0]), self.rule.betas[1]];
        let [rest1, beta2, rest2] = [1.0 - beta1, beta2, 1.0 - beta2].map(R::from_f64);
        map(level, m, [g], |m, [g]| mean(rest1, g, m));
        map(level, v, [g], |v, [g]| mean_square(beta2, rest2, g, v));
    }

    fn walk<R: Math>(&self, level: Level, w: &mut [R], m: &[R], v: &[R]) {
        let (rule, at) = (self.rule, self.at);
        let beta1 = at.momentum.unwrap_or(rule.betas[0]);
        let size = at.lr * correction(rule.betas[1], at.step).sqrt() / correction(beta1, at.step);
        let [size, eps] = [size, rule.eps].map(R::from_f64);
        match [0.5, 0.25, 0.125, 0.0625].iter().position(|partial| *partial == rule.partial) {
            Some(0) => map(level, w, [m, v], |w, [m, v]| w - size * m / (v.sqrt() + eps)),
            Some(1) => map(level, w, [m, v], |w, [m, v]| w - size * m / (v.sqrt() + eps).sqrt()),
            Some(2) => map(level, w, [m, v], |w, [m, v]| w - size * m / (v.sqrt() + eps).sqrt().sqrt()),
            Some(_) => {
                map(level, w, [m, v], |w, [m, v]| w - size * m / (v.sqrt() + eps).sqrt().sqrt().sqrt());
            }
            None => {
                let power = R::from_f64(2.0 * rule.partial);
                map(level, w, [m, v], |w, [m, v]| w - size * m / (v.sqrt() + eps).powf(power));
            }
        }
    }
}

impl TensorUpdate<2> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 2>) {
        let TensorStep { w, g, s: [m, v], level, .. } = tensor;
        self.means(level, g, m, v);
        self.walk(level, w, m, v);
    }
}

impl TensorUpdate<3> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 3>) {
        let TensorStep { w, g, s: [m, v, largest], level, .. } = tensor;
        self.means(level, g, m, v);
        map(level, largest, [v], |largest, [v]| largest.max(v));
        self.walk(level, w, m, largest);
    }
}

impl Rule for PAdam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()];
        if self.amsgrad {
            slots.push(Slot::zero("max_exp_avg_sq").non_negative());
        }
        slots
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let step = Step { rule: self, at };
        if self.amsgrad { pass.each::<_, 3>(&step) } else { pass.each::<_, 2>(&step) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec, rules};

    fn run(rule: impl Rule + 'static) -> [f64; 2] {
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [2])]).unwrap();
        let mut w = [1.0, -2.0];
        for step in 0..10 {
            let mut g = [0.3 - 0.1 * f64::from(step), 2.0];
            let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        }
        w
    }

    #[test]
    fn with_one_half_it_is_amsgrad() {
        let a = run(PAdam { lr: 0.01, partial: 0.5, eps: 1e-300, ..PAdam::default() });
        let b = run(rules::Adam { lr: 0.01, amsgrad: true, eps: 1e-300, ..Default::default() });
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-13), "{a:?} {b:?}");
    }

    #[test]
    fn roots_taken_one_after_the_other_are_the_power() {
        for partial in [0.25, 0.125, 0.0625] {
            let near = partial * (1.0 + 1e-12);
            let [a, b] = [partial, near].map(|partial| run(PAdam { partial, ..PAdam::default() }));
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9), "{a:?} {b:?}");
        }
    }
}
