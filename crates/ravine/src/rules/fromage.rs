//! Fromage.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "fromage",
    presets: &[],
    title: "Fromage: every tensor turns by the same angle",
    formula: "w = (w - lr |w| / |g| g) / sqrt(1 + lr^2), with the norms of the tensor",
    advice: "Deep networks and GANs with one learning rate, 0.01, that hardly needs tuning. Not for tensors \
             that start at 0, which then move by lr g.",
    source: "Bernstein et al., NeurIPS 2020, arXiv 2002.03432, algorithm 1; pytorch_optimizer.Fromage; \
             optax.fromage",
    make: || Box::new(Fromage::default()),
};

crate::hyper! {
    /// Fromage (Bernstein et al., arXiv 2002.03432, algorithm 1).
    ///
    /// w = (w - lr max(|w|, min_norm) / max(|g|, min_norm) g) / sqrt(1 + lr^2), with the norms of each tensor. Where
    /// a norm is 0,
    /// |w| / |g| is taken to be 1.
    ///
    /// There is no state, and no weight decay: the division keeps norms from growing. min_norm is 0 in the authors'
    /// code,
    /// 1e-6 in optax.
    pub struct Fromage {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// The smallest that norms are taken to be.
        min_norm: f64 = 0.0, Range::NonNegative;
    }
}

/// The squares of the norms of weights and gradient.
struct Norms;

impl Reduce<0, 0, 2> for Norms {
    #[inline(always)]
    fn reduce<R: Real>(_: [R; 0], w: R, g: R, s: [R; 0]) -> ([R; 0], [R; 2]) {
        (s, [w * w, g * g])
    }
}

struct Step;

impl Update<0, 2> for Step {
    #[inline(always)]
    fn update<R: Real>([size, divisor]: [R; 2], w: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        ((w - size * g) / divisor, [])
    }
}

impl Rule for Fromage {
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
        Decay::L2(0.0)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        pass.reduce_each(Norms, [])?;
        pass.run_each(Step, |each| {
            let [w, g] = [0, 1].map(|i| each.sums[i].sqrt().max(self.min_norm));
            let ratio = if w > 0.0 && g > 0.0 { w / g } else { 1.0 };
            [at.lr * ratio, (1.0 + at.lr * at.lr).sqrt()]
        })
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
    fn a_gradient_at_right_angles_keeps_the_norm() {
        let mut optimizer = Optimizer::builder(Fromage { lr: 0.5, ..Fromage::default() })
            .build::<f64>(&[ParamSpec::new("w", [2])])
            .unwrap();
        let mut w = [3.0, 4.0];
        let _ = optimizer.step(&mut [&mut w], &mut [&mut [-8e5, 6e5]]).unwrap();
        assert!((w[0].hypot(w[1]) - 5.0).abs() < 1e-14, "{w:?}");
    }
}
