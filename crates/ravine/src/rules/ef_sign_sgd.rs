//! Sign descent with error feedback.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "ef-signsgd",
    presets: &[],
    title: "EF-signSGD: sign descent that makes up for what the sign left out",
    formula: "p = lr g + e; d = mean|p| sign(p); w -= d; e = p - d",
    advice: "Signs of the gradient as compressed messages that converge like sgd, where signsgd does not. In \
             one process sgd is as good and keeps no error.",
    source: "Karimireddy et al., ICML 2019, arXiv 1901.09847, algorithm 1",
    make: || Box::new(EfSignSgd::default()),
};

crate::hyper! {
    /// Sign descent with error feedback (Karimireddy et al., arXiv 1901.09847, algorithm 1, EF-SIGNSGD).
    ///
    /// p = lr g + e; d = mean|p| sign(p); w -= d; e = p - d. The mean is that of each tensor, or of the group as in the
    /// paper's algorithm without `per_tensor`. w - e takes the path of plain gradient descent.
    ///
    /// State: `error` (e), never rounded to fewer bits. The paper names no default learning rate.
    pub struct EfSignSgd {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// A scale for each tensor, as in the paper's experiments, instead of one for the group.
        per_tensor: bool = true, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

/// Sums of |p| and of 1.
struct Size;

impl Reduce<1, 1, 2> for Size {
    #[inline(always)]
    fn reduce<R: Real>([lr]: [R; 1], _: R, g: R, [error]: [R; 1]) -> ([R; 1], [R; 2]) {
        ([error], [(lr * g + error).abs(), R::from_f64(1.0)])
    }
}

struct Step;

impl Update<1, 2> for Step {
    #[inline(always)]
    fn update<R: Real>([lr, mean]: [R; 2], w: R, g: R, [error]: [R; 1]) -> (R, [R; 1]) {
        let p = lr * g + error;
        let sent = mean * p.sign();
        (w - sent, [p - sent])
    }
}

impl Rule for EfSignSgd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("error").exact()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        // Where there are no elements there is nothing to scale.
        let mean = |sums: &[f64]| sums[0] / sums[1].max(1.0);
        if self.per_tensor {
            pass.reduce_each(Size, [at.lr])?;
            pass.run_each(Step, |each| [at.lr, mean(each.sums)])
        } else {
            let sums = pass.reduce(Size, [at.lr])?;
            pass.run(Step, [at.lr, mean(&sums)])
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

    #[test]
    fn weights_less_their_error_take_the_path_of_gradient_descent() {
        for per_tensor in [false, true] {
            let params = [ParamSpec::new("a", [2]), ParamSpec::new("b", [3])];
            let rule = EfSignSgd { lr: 0.125, per_tensor, ..EfSignSgd::default() };
            let mut optimizer = Optimizer::builder(rule).build::<f64>(&params).unwrap();
            let mut values = [0.0; 5];
            let mut plain = [0.0; 5];
            for t in 0..40 {
                let mut g: [f64; 5] =
                    std::array::from_fn(|i| f64::sin((5 * t + i) as f64) * 10f64.powi(i as i32 - 2));
                plain.iter_mut().zip(g).for_each(|(w, g)| *w -= 0.125 * g);
                let _ = optimizer.step_flat(&mut values, &mut g).unwrap();
            }
            let errors =
                [0, 1].map(|i| optimizer.groups[0].slots[0].read::<f64>(i, crate::simd::Level::Baseline));
            for ((w, error), plain) in values.iter().zip(errors.concat()).zip(plain) {
                assert!((w - error - plain).abs() < 1e-12, "{w} {error} {plain}");
            }
        }
    }

    #[test]
    fn a_step_has_the_mean_size_of_its_tensor_or_of_all() {
        let step = |per_tensor| {
            let params = [ParamSpec::new("a", [2]), ParamSpec::new("b", [2])];
            let rule = EfSignSgd { lr: 1.0, per_tensor, ..EfSignSgd::default() };
            let mut optimizer = Optimizer::builder(rule).build::<f64>(&params).unwrap();
            let mut values = [0.0; 4];
            let _ = optimizer.step_flat(&mut values, &mut [1.0, -3.0, 8.0, 4.0]).unwrap();
            values
        };
        assert_eq!(step(true), [-2.0, 2.0, -6.0, -6.0]);
        assert_eq!(step(false), [-4.0, 4.0, -4.0, -4.0]);
    }
}
