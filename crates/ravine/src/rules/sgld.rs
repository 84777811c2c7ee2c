//! Stochastic gradient Langevin dynamics.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "sgld",
    presets: &[],
    title: "SGLD: gradient descent with the noise that makes it sample from the posterior",
    formula: "w -= lr g; w += normal noise of variance 2 lr temperature",
    advice: "Samples of weights for uncertainty: average predictions over many late steps, with a falling \
             learning rate. Not to find the best weights: the noise keeps them away from it.",
    source: "Welling, Teh, ICML 2011, equation 4",
    make: || Box::new(Sgld::default()),
};

crate::hyper! {
    /// Stochastic gradient Langevin dynamics (Welling and Teh, ICML 2011, equation 4).
    ///
    /// w -= lr g + noise, normal of variance 2 lr temperature. At small learning rates w comes to be distributed as
    /// exp(-loss / temperature). Where the loss is a mean over n examples, a temperature of 1/n is that of the
    /// posterior;
    /// `weight_decay` then is the precision of a normal prior over n. The paper's step size epsilon is 2 lr for a loss
    /// that is a sum.
    ///
    /// The noise comes from the optimizer's seed and step. It is added to the gradient after clipping. There is no
    /// state.
    pub struct Sgld {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// Variance of the noise over 2 lr; 1/n for a loss that is a mean over n examples.
        temperature: f64 = 1.0, Range::NonNegative;
        /// Strength of the weight decay that is added to the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

struct Step;

impl Update<0, 1> for Step {
    #[inline(always)]
    fn update<R: Real>([lr]: [R; 1], w: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        (w - lr * g, [])
    }
}

impl Rule for Sgld {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        Vec::new()
    }
    fn decay(&self) -> Decay {
        Decay::L2(self.weight_decay)
    }
    fn noise(&self, at: At) -> f64 {
        // lr times it is the noise of the weights.
        if at.lr > 0.0 { (2.0 * self.temperature / at.lr).sqrt() } else { 0.0 }
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        pass.run(Step, [at.lr])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec};

    #[test]
    fn its_weights_are_distributed_as_the_temperature_says() {
        // w' = (1 - a) w + noise of variance 2 a T has the stationary variance T / (1 - a / 2).
        let (lr, temperature, n) = (0.1, 0.5, 20_000);
        let rule = Sgld { lr, temperature, ..Sgld::default() };
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [n])]).unwrap();
        let mut w = vec![0.0; n];
        for _ in 0..60 {
            let mut g = w.clone();
            let _ = optimizer.step(&mut [&mut w], &mut [&mut g]).unwrap();
        }
        let variance = w.iter().map(|w| w * w).sum::<f64>() / n as f64;
        let expected = temperature / (1.0 - lr / 2.0);
        // Four standard deviations of the estimate.
        assert!((variance / expected - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt(), "{variance} {expected}");
    }

    #[test]
    fn without_temperature_or_learning_rate_there_is_no_noise() {
        for rule in [Sgld { temperature: 0.0, ..Sgld::default() }, Sgld { lr: 0.0, ..Sgld::default() }] {
            let at = At { step: 3, lr: rule.lr, momentum: None };
            assert_eq!(rule.noise(at), 0.0);
        }
    }
}
