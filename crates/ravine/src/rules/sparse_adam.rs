//! SparseAdam.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "sparse-adam",
    presets: &[],
    title: "SparseAdam: Adam that leaves alone what has no gradient",
    formula: "where g != 0: m, v as adam, w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps); elsewhere \
              nothing",
    advice: "Embeddings of which a batch touches few rows: rows at rest neither drift on with old momentum \
             nor lose their state. Dense gradients: take adam.",
    source: "torch.optim.SparseAdam; Kingma, Ba, arXiv 1412.6980",
    make: || Box::new(SparseAdam::default()),
};

crate::hyper! {
    /// Adam for sparse gradients, as torch.optim.SparseAdam.
    ///
    /// An element whose gradient is exactly 0 was not touched: weight and state stay. Elsewhere m and v go on as in
    /// [`Adam`](super::Adam), and w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps), where t counts the steps
    /// of the
    /// optimizer from 1, those that did not touch the element too.
    ///
    /// Gradients are dense here, with zeros where a sparse one has no entry. That gives PyTorch's numbers where each
    /// entry
    /// that it has is not 0. An entry of exactly 0 in a row that was touched counts as untouched; PyTorch would let
    /// its mean decay.
    ///
    /// There is no weight decay, as it would touch every element. State: `exp_avg`, `exp_avg_sq`. Defaults are
    /// torch.optim.SparseAdam's.
    pub struct SparseAdam {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite where a gradient is so small that its square is 0.
        eps: f64 = 1e-8, Range::NonNegative;
    }
}

struct Step;

impl Update<2, 5> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 5], w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta2, rest2, size, eps] = k;
        let touched = R::from_f64(0.0).less(g.abs());
        let (m1, v1) = (m + (g - m) * rest1, beta2 * v + rest2 * g * g);
        let w1 = w - size * (m1 / (v1.sqrt() + eps));
        // Elsewhere g is 0 or NaN, and adding it leaves all as it is or passes the NaN on.
        let or_rest = |new, old| R::select(touched, new, old + g);
        (or_rest(w1, w), [or_rest(m1, m), or_rest(v1, v)])
    }
}

impl Rule for SparseAdam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let correction = |beta| 1.0 - power(beta, at.step.saturating_add(1));
        let size = at.lr * correction(beta2).sqrt() / correction(beta1);
        pass.run(Step, [1.0 - beta1, beta2, 1.0 - beta2, size, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Guard, Optimizer, ParamSpec};

    #[test]
    fn what_has_no_gradient_rests_and_what_is_nan_does_not() {
        let mut optimizer = Optimizer::builder(SparseAdam { lr: 0.1, ..SparseAdam::default() })
            .guard(Guard::Off)
            .build::<f32>(&[ParamSpec::new("w", [3])])
            .unwrap();
        let mut w = [1.0; 3];
        let _ = optimizer.step(&mut [&mut w], &mut [&mut [2.0, 2.0, 0.0]]).unwrap();
        assert!((w[0] - 0.9).abs() < 1e-6 && w[2] == 1.0);
        let before = w;
        let _ = optimizer.step(&mut [&mut w], &mut [&mut [0.0, -0.0, f32::NAN]]).unwrap();
        assert_eq!(before[..2], w[..2]);
        assert!(w[2].is_nan());
    }
}
