//! Gradient descent with falling noise.

use super::sgd::Sgd;
use crate::catalogue::Entry;
use crate::error::Result;
use crate::extras::GradientNoise;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::rule::{At, Decay, Rule, Slot};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "noisy-sgd",
    presets: &[],
    title: "Noisy SGD: gradient descent with noise on the gradient that falls over time",
    formula: "w -= lr (g + normal noise of variance eta / (1 + t)^gamma)",
    advice: "Deep networks that start badly or sit on a plateau. Noise on another rule is an option of the \
             optimizer. Not to sample from a posterior: that is sgld.",
    source: "Neelakantan et al., arXiv 1511.06807, section 3; optax.noisy_sgd",
    make: || Box::new(NoisySgd::default()),
};

crate::hyper! {
    /// Gradient descent with noise (Neelakantan et al., arXiv 1511.06807, section 3).
    ///
    /// w -= lr (g + noise), normal of variance eta / (1 + t)^gamma, where t counts steps from 0. With momentum
    /// v = momentum v + g + noise; w -= lr v.
    ///
    /// The noise comes from the optimizer's seed and step. State: `momentum_buffer`, where momentum is not 0.
    /// Defaults are
    /// optax.noisy_sgd's; the paper tries eta 0.01, 0.3 and 1.
    pub struct NoisySgd {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// Variance of the noise at the first step.
        eta: f64 = 0.01, Range::NonNegative;
        /// How fast it falls.
        gamma: f64 = 0.55, Range::NonNegative;
        /// How much of the velocity each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

impl NoisySgd {
    /// The rule without its noise.
    fn quiet(&self) -> Sgd {
        let Self { lr, momentum, weight_decay, decoupled, .. } = *self;
        Sgd { lr, momentum, weight_decay, decoupled, ..Sgd::default() }
    }
}

impl Rule for NoisySgd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        self.quiet().slots()
    }
    fn decay(&self) -> Decay {
        self.quiet().decay()
    }
    fn noise(&self, at: At) -> f64 {
        GradientNoise { eta: self.eta, gamma: self.gamma }.sd(at.step)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        self.quiet().step(at, pass)
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
    fn it_is_sgd_with_the_noise_of_the_optimizer() {
        let params = [ParamSpec::new("w", [1000])];
        let own = NoisySgd { eta: 0.3, momentum: 0.9, ..NoisySgd::default() };
        let noise = GradientNoise { eta: 0.3, gamma: 0.55 };
        let sgd = Sgd { lr: 1e-2, momentum: 0.9, ..Sgd::default() };
        let builders = [
            Optimizer::builder(own),
            Optimizer::builder(sgd.clone()).gradient_noise(noise),
            Optimizer::builder(sgd),
        ];
        let [a, b, quiet] = builders.map(|builder| {
            let mut optimizer = builder.build::<f32>(&params).unwrap();
            let mut w = vec![0.0; 1000];
            for _ in 0..3 {
                let _ = optimizer.step(&mut [&mut w], &mut [&mut [1.0; 1000]]).unwrap();
            }
            w
        });
        assert_eq!(a, b);
        assert_ne!(a, quiet);
    }
}
