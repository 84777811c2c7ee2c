//! LARS.

use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "lars",
    presets: &[],
    title: "LARS: momentum with a learning rate for each tensor",
    formula: "r = trust |w| / (|g| + weight_decay |w|); v = momentum v + lr r (g + weight_decay w); w -= v for each tensor",
    advice: "Convolutional networks in batches of thousands, with a warmup. Not for transformers (lamb), nor for small \
             batches (sgd).",
    source: "You, Gitman, Ginsburg, arXiv 1708.03888, algorithm 1; optax.lars",
    make: || Box::new(Lars::default()),
};

crate::hyper! {
    /// LARS (You, Gitman and Ginsburg, arXiv 1708.03888, algorithm 1).
    ///
    /// r = trust_coefficient |w| / (|g| + weight_decay |w| + eps); v = momentum v + (1 - dampening) lr r (g + weight_decay w);
    /// w -= v, where |.| is the 2-norm of the tensor. Where a norm is 0 the ratio is 1. Nesterov:
    /// w -= momentum v + lr r (g + weight_decay w).
    ///
    /// State: `momentum_buffer` if momentum is not 0. Defaults are the paper's; the learning rate is for batches of about
    /// 4096.
    pub struct Lars {
        /// Learning rate.
        lr: f64 = 1.0, Range::NonNegative;
        /// How much of the velocity each step keeps; 0 for none.
        momentum: f64 = 0.9, Range::NonNegative;
        /// How much of the gradient the velocity leaves out.
        dampening: f64 = 0.0, Range::Unit;
        /// Nesterov's momentum: look ahead along the velocity.
        nesterov: bool = false, Range::Bool;
        /// How far a step may move a tensor, as a share of its norm.
        trust_coefficient: f64 = 1e-3, Range::NonNegative;
        /// Added to the norm that is divided by.
        eps: f64 = 0.0, Range::NonNegative;
        /// Divide by |g + weight_decay w| instead of |g| + weight_decay |w|, as optax does.
        joint_norm: bool = false, Range::Bool;
        /// Step tensors of fewer than two dimensions, such as biases, with ratio 1 and no decay.
        skip_1d: bool = true, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

/// The squares of the norms of weights, gradient, and gradient with decay.
struct Norms;

impl<const N: usize> Reduce<N, 1, 3> for Norms {
    #[inline(always)]
    fn reduce<R: Real>([decay]: [R; 1], w: R, g: R, s: [R; N]) -> ([R; N], [R; 3]) {
        let joint = g + decay * w;
        (s, [w * w, g * g, joint * joint])
    }
}

struct Plain;

impl Update<0, 4> for Plain {
    #[inline(always)]
    fn update<R: Real>([size, decay, ..]: [R; 4], w: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        (w - size * (g + decay * w), [])
    }
}

struct Momentum<const NESTEROV: bool>;

impl<const NESTEROV: bool> Update<1, 4> for Momentum<NESTEROV> {
    #[inline(always)]
    fn update<R: Real>([size, decay, momentum, share]: [R; 4], w: R, g: R, [v]: [R; 1]) -> (R, [R; 1]) {
        let scaled = size * (g + decay * w);
        let v = momentum * v + share * scaled;
        (w - if NESTEROV { momentum * v + scaled } else { v }, [v])
    }
}

impl Lars {
    /// What the learning rate of a tensor is multiplied by.
    fn ratio(&self, sums: &[f64]) -> f64 {
        let [weights, gradient, joint] = [0, 1, 2].map(|i| sums[i].sqrt());
        let below = if self.joint_norm { joint } else { gradient + self.weight_decay * weights };
        let trusted = weights > 0.0 && below > 0.0;
        if trusted { self.trust_coefficient * weights / (below + self.eps) } else { 1.0 }
    }
}

impl Rule for Lars {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        if self.momentum == 0.0 { Vec::new() } else { vec![Slot::zero("momentum_buffer")] }
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn check(&self) -> Result<()> {
        if self.nesterov && self.momentum == 0.0 {
            return Err(Error::rule(ENTRY.name, "nesterov needs momentum above 0"));
        }
        Ok(())
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let (momentum, share) = (at.momentum.unwrap_or(self.momentum), 1.0 - self.dampening);
        let scalars = |each: crate::Each<'_>| {
            let plain = self.skip_1d && each.shape.len() < 2;
            let [ratio, decay] = if plain { [1.0, 0.0] } else { [self.ratio(each.sums), self.weight_decay] };
            [at.lr * ratio, decay, momentum, share]
        };
        let decay = [self.weight_decay];
        if self.momentum == 0.0 {
            pass.reduce_each::<_, 0, 1, 3>(Norms, decay)?;
            return pass.run_each(Plain, scalars);
        }
        pass.reduce_each::<_, 1, 1, 3>(Norms, decay)?;
        match self.nesterov {
            true => pass.run_each(Momentum::<true>, scalars),
            false => pass.run_each(Momentum::<false>, scalars),
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
    fn without_decay_a_step_moves_a_tensor_by_the_trusted_share_of_its_norm() {
        let rule = Lars { lr: 0.5, momentum: 0.0, trust_coefficient: 0.01, ..Lars::default() };
        for scale in [1e-6, 1.0, 1e6] {
            let params = [ParamSpec::new("w", [1, 2]), ParamSpec::new("b", [1])];
            let mut optimizer = Optimizer::builder(rule.clone()).build::<f64>(&params).unwrap();
            let (mut weight, mut bias) = ([3.0, 4.0], [1.0]);
            let _ = optimizer
                .step(&mut [&mut weight, &mut bias], &mut [&mut [scale, -2.0 * scale], &mut [2.0]])
                .unwrap();
            let moved = (weight[0] - 3.0).hypot(weight[1] - 4.0);
            assert!((moved - 0.5 * 0.01 * 5.0).abs() < 1e-14);
            assert_eq!(bias, [0.0], "of one dimension: as it is");
        }
    }
}
