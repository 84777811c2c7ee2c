//! Sophia.

use super::moments::{mean, mean_square};
use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "sophia",
    presets: &[],
    title: "Sophia: momentum divided by a diagonal of curvature, and clipped",
    formula: "m = b1 m + (1 - b1) g; h = b2 h + (1 - b2) curvature, now and then; \
              w -= lr clip(m / max(rho batch_size h, eps), 1)",
    advice: "Language models, if you can give it true curvature: Optimizer::observe_curvature with gradients of sampled labels, \
             every 10 steps. By itself it takes the square of the step's gradient, which is the empirical Fisher, not Sophia-G. \
             Set batch_size to what the mean of your loss goes over.",
    source: "Liu et al., ICLR 2024, arXiv 2305.14342, algorithms 1 to 3; the authors' sophia.py",
    make: || Box::new(Sophia::default()),
};

crate::hyper! {
    /// Sophia (Liu et al., arXiv 2305.14342, algorithm 3).
    ///
    /// m = b1 m + (1 - b1) g; w -= lr clip(m / max(rho batch_size h, eps), 1), where clip limits the magnitude, and h is a mean
    /// of estimates of the Hessian's diagonal: h = b2 h + (1 - b2) estimate. While h is 0, steps are lr sign(m).
    ///
    /// Where the estimate comes from:
    ///
    /// - [`Optimizer::observe_curvature`](crate::Optimizer::observe_curvature) takes it, whenever you have one, about every 10
    ///   steps. With estimate=squared give it the gradient of the mean loss over a batch whose labels are sampled from the
    ///   model's own output; its square, times batch_size, is the Gauss-Newton-Bartlett estimate: this is Sophia-G
    ///   (algorithm 2). With estimate=given give it the estimate itself, such as u * (H u) for a normal u: this is Sophia-H
    ///   (algorithm 1); batch_size is to be 1.
    /// - With update_period k above 0, every k-th step also takes the square of its own gradient, after the weights have moved.
    ///   The labels are then not sampled: that is the empirical Fisher, which shrinks as the model fits, and no estimate of the
    ///   Hessian. It needs no second backward pass, but is not what the paper measured.
    ///
    /// State: `exp_avg`, `hessian`. Defaults are the authors', with update_period from the paper.
    pub struct Sophia {
        /// Learning rate.
        lr: f64 = 1e-4, Range::NonNegative;
        /// How much of the mean of the gradient and of the curvature each step, and each estimate, keeps.
        betas: [f64; 2] = [0.965, 0.99], Range::UnitOpen;
        /// Curvature below which steps are clipped: the share of clipped weights, best at 50 to 90 %, grows as it falls.
        rho: f64 = 0.04, Range::NonNegative;
        /// Over how many examples or tokens the loss is a mean where curvature is the square of its gradient.
        batch_size: f64 = 5120.0, Range::Positive;
        /// Keeps the division finite.
        eps: f64 = 1e-15, Range::Positive;
        /// What observe_curvature is given: a gradient to be squared, or an estimate as it is.
        estimate: &'static str = "squared", Range::Words(&["squared", "given"]);
        /// Steps from one to the next that takes its own gradient for curvature; 0 for none.
        update_period: u64 = 10, Range::NonNegative;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 0.1, Range::NonNegative;
    }
}

/// The scalars: lr, 1 - b1, rho batch_size, eps, then what remains of the curvature, and the weight of the square.
struct Step;

impl Update<2, 6> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 6], w: R, g: R, [m, h]: [R; 2]) -> (R, [R; 2]) {
        let [lr, rest1, scale, eps, beta2, rest2] = k;
        let m = mean(rest1, g, m);
        let ratio = m / (scale * h).max(eps);
        let one = R::from_f64(1.0);
        // The order lets NaN pass.
        let clipped = (-one).max(one.min(ratio));
        (w - lr * clipped, [m, mean_square(beta2, rest2, g, h)])
    }
}

struct Observe<const SQUARED: bool>;

impl<const SQUARED: bool> Reduce<2, 2, 0> for Observe<SQUARED> {
    #[inline(always)]
    fn reduce<R: Real>([beta2, rest2]: [R; 2], _: R, g: R, [m, h]: [R; 2]) -> ([R; 2], [R; 0]) {
        let h = if SQUARED { mean_square(beta2, rest2, g, h) } else { beta2 * h + rest2 * g };
        ([m, h], [])
    }
}

impl Rule for Sophia {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("hessian")]
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }
    fn check(&self) -> Result<()> {
        if self.estimate == "given" && self.update_period > 0 {
            return Err(Error::rule(ENTRY.name, "an estimate that is given needs update_period 0"));
        }
        Ok(())
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let due = self.update_period > 0 && at.step.saturating_add(1).is_multiple_of(self.update_period);
        let [beta2, rest2] = if due { [beta2, 1.0 - beta2] } else { [1.0, 0.0] };
        pass.run(Step, [at.lr, 1.0 - beta1, self.rho * self.batch_size, self.eps, beta2, rest2])
    }
    fn observe(&self, _: At, pass: &mut Pass<'_>) -> Result<bool> {
        let scalars = [self.betas[1], 1.0 - self.betas[1]];
        match self.estimate {
            "squared" => pass.reduce(Observe::<true>, scalars)?,
            _ => pass.reduce(Observe::<false>, scalars)?,
        };
        Ok(true)
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Group, Optimizer, ParamSpec};

    #[test]
    fn no_weight_moves_by_more_than_the_learning_rate_and_curvature_slows_it() {
        let rule = Sophia {
            lr: 0.1,
            betas: [0.0, 0.5],
            rho: 1.0,
            batch_size: 1.0,
            estimate: "given",
            update_period: 0,
            weight_decay: 0.0,
            ..Sophia::default()
        };
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [3])]).unwrap();
        let mut values = [0.0; 3];
        optimizer.observe_curvature(&mut [&mut values], &mut [&mut [8.0, 0.5, -3.0]]).unwrap();
        assert_eq!(values, [0.0; 3]);
        let _ = optimizer.step(&mut [&mut values], &mut [&mut [1.0, -2.0, 1.0]]).unwrap();
        // m / h is 1 / 4, -2 / 0.25, and where curvature is negative the sign.
        assert_eq!(values, [-0.1 * 0.25, 0.1, -0.1]);
    }

    #[test]
    fn curvature_is_refused_where_nothing_takes_it_or_it_is_no_number() {
        let build = |spec: &str| {
            let rule = crate::rules::parse(spec).unwrap();
            Optimizer::builder_boxed(rule).build::<f64>(&[ParamSpec::new("w", [1])]).unwrap()
        };
        let refused = |spec: &str, x: f64| {
            build(spec).observe_curvature(&mut [&mut [0.0]], &mut [&mut [x]]).unwrap_err().to_string()
        };
        assert!(refused("adam", 1.0).contains("no rule takes curvature"));
        assert!(refused("sophia", f64::NAN).contains("not finite"));
    }

    #[test]
    fn curvature_of_what_is_frozen_is_not_taken() {
        let params = [ParamSpec::new("a", [1]), ParamSpec::new("b", [1])];
        let rule = || Sophia { lr: 0.1, update_period: 0, estimate: "given", ..Sophia::default() };
        let run = |seen: f64| {
            let mut optimizer =
                Optimizer::builder(rule()).group(Group::new("b")).build::<f64>(&params).unwrap();
            optimizer.freeze("b").unwrap();
            let (mut a, mut b) = ([1.0], [1.0]);
            optimizer.observe_curvature(&mut [&mut a, &mut b], &mut [&mut [2.0], &mut [seen]]).unwrap();
            optimizer.unfreeze("b").unwrap();
            let _ = optimizer.step(&mut [&mut a, &mut b], &mut [&mut [0.01], &mut [0.01]]).unwrap();
            (a[0], b[0])
        };
        assert_eq!(run(3.0), run(300.0));
        assert_ne!(run(3.0).0, run(3.0).1);

        // One that was frozen from the start has no state to take it into.
        let mut frozen = Optimizer::builder(rule()).freeze("b").build::<f64>(&params).unwrap();
        frozen.observe_curvature(&mut [&mut [1.0], &mut [1.0]], &mut [&mut [2.0], &mut [2.0]]).unwrap();
    }
}
