//! Aggregated momentum.

use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "aggmo",
    presets: &[],
    title: "AggMo: several velocities at once, each with a damping of its own",
    formula: "v_i = betas_i v_i + g; w -= lr mean of v_i",
    advice: "Where heavy momentum oscillates and light momentum is slow: the light velocities damp the heavy \
             one. One state for each beta; with one, sgd with momentum is the same.",
    source: "Lucas et al., ICLR 2019, arXiv 1804.00325, equation 3; pytorch_optimizer.AggMo",
    make: || Box::new(AggMo::default()),
};

/// The most velocities there can be.
const MOST: usize = 6;

crate::hyper! {
    /// Aggregated momentum (Lucas et al., arXiv 1804.00325, equation 3).
    ///
    /// v_i = betas_i v_i + g for each i; w -= lr (v_1 + ... + v_n) / n.
    ///
    /// State: `momentum_buffer_1` and so on, one for each beta, of which there are 1 to 6. The betas are the paper's
    /// recommendation; a schedule's momentum leaves them alone.
    pub struct AggMo {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of each velocity each step keeps.
        betas: Vec<f64> = vec![0.0, 0.9, 0.99], Range::UnitOpen;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// The scalars: lr / n, then the betas.
struct Step;

impl<const N: usize> Update<N, { MOST + 1 }> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; MOST + 1], w: R, g: R, mut v: [R; N]) -> (R, [R; N]) {
        let mut sum = R::from_f64(0.0);
        for i in 0..N {
            v[i] = k[i + 1] * v[i] + g;
            sum = sum + v[i];
        }
        (w - k[0] * sum, v)
    }
}

impl Rule for AggMo {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let names: [&str; MOST] = [
            "momentum_buffer_1",
            "momentum_buffer_2",
            "momentum_buffer_3",
            "momentum_buffer_4",
            "momentum_buffer_5",
            "momentum_buffer_6",
        ];
        names.into_iter().take(self.betas.len()).map(Slot::zero).collect()
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn check(&self) -> Result<()> {
        match self.betas.len() {
            1..=MOST => Ok(()),
            got => Err(Error::rule(ENTRY.name, format!("betas must be 1 to {MOST} numbers, not {got}"))),
        }
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let mut k = [0.0; MOST + 1];
        k[0] = at.lr / self.betas.len() as f64;
        k[1..].iter_mut().zip(&self.betas).for_each(|(k, &beta)| *k = beta);
        match self.betas.len() {
            1 => Pass::run::<_, 1, { MOST + 1 }>(pass, Step, k),
            2 => Pass::run::<_, 2, { MOST + 1 }>(pass, Step, k),
            3 => Pass::run::<_, 3, { MOST + 1 }>(pass, Step, k),
            4 => Pass::run::<_, 4, { MOST + 1 }>(pass, Step, k),
            5 => Pass::run::<_, 5, { MOST + 1 }>(pass, Step, k),
            _ => Pass::run::<_, MOST, { MOST + 1 }>(pass, Step, k),
        }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec, rules::Sgd};

    #[test]
    fn with_one_velocity_it_is_sgd_with_momentum() {
        let params = [ParamSpec::new("w", [3])];
        let [a, b] = [
            Optimizer::builder(AggMo { lr: 0.1, betas: vec![0.9], ..AggMo::default() }),
            Optimizer::builder(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() }),
        ]
        .map(|builder| {
            let mut optimizer = builder.build::<f64>(&params).unwrap();
            let mut w = [0.0; 3];
            for t in 0..9 {
                let _ = optimizer.step(&mut [&mut w], &mut [&mut [1.0, f64::from(t), -0.3]]).unwrap();
            }
            w
        });
        assert_eq!(a, b);
    }

    #[test]
    fn too_few_and_too_many_velocities_are_refused() {
        for betas in [vec![], vec![0.5; MOST + 1]] {
            let error = AggMo { betas, ..AggMo::default() }.check().unwrap_err().to_string();
            assert!(error.contains("betas must be 1 to 6 numbers"), "{error}");
        }
    }
}
