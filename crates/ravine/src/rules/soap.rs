//! SOAP.

use super::modes::{MOST, dims, modes};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::linalg::{Mat, matmul, qr, symmetric_eigen};
use crate::pass::Pass;
use crate::rule::{At, Buffer, Decay, Rule, Slot, power};
use crate::sums;
use crate::whole::{TensorStep, TensorUpdate, Workspace, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "soap",
    presets: &[],
    title: "SOAP: Adam in the eigenbasis of Shampoo's preconditioners",
    formula: "L, R = means of G G^T, G^T G; Q_L, Q_R their eigenvectors; N = Q_L Adam(Q_L^T G Q_R) Q_R^T; W -= lr N",
    advice: "Large batches of language models: fewer steps than adamw, and less tuning than shampoo. Its state is several \
             times adamw's, and each precondition_frequency-th step takes QR decompositions. For less memory take muon.",
    source: "Vyas et al., ICLR 2025, arXiv 2409.11321, algorithms 3 and 4; pytorch_optimizer.SOAP, as the authors' code",
    make: || Box::new(Soap::default()),
};

crate::hyper! {
    /// SOAP (Vyas et al., arXiv 2409.11321, algorithms 3 and 4).
    ///
    /// For each dimension of a tensor, H = shampoo_beta H + (1 - shampoo_beta) X X^T, where X has the slices of the
    /// gradient along it as rows, and Q its eigenvectors. G' is the gradient turned into these bases by Q^T;
    /// v = b2 v + (1 - b2) G'^2; m = b1 m + (1 - b1) G, turned likewise when it is used; the update is
    /// (m' / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps / sqrt(1 - b2^t)) turned back.
    ///
    /// - The first step sets up H and Q from its gradient, by an eigendecomposition, and moves nothing. Then t counts from 1.
    /// - Every `precondition_frequency` steps Q becomes the Q of a QR decomposition of H Q, one step of power iteration,
    ///   its columns and v sorted by their eigenvalues.
    /// - Dimensions longer than `max_precondition_dim`, and vectors without `precondition_1d`, keep their own basis: for
    ///   those it is Adam.
    ///
    /// eps is added before the correction, as in the authors' code; weight decay takes the new weights. A matrix that
    /// cannot be decomposed leaves Q as it was. Dimensions after the eighth are taken together.
    ///
    /// State: `exp_avg`, `exp_avg_sq`; `gg_0`, `q_0`, ... for each dimension. Defaults are pytorch_optimizer's.
    pub struct Soap {
        /// Learning rate.
        lr: f64 = 3e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.95, 0.95], Range::UnitOpen;
        /// How much of H each step keeps; 1 for the second of the betas.
        shampoo_beta: f64 = 1.0, Range::Unit;
        /// Keeps the division finite.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Steps from one basis to the next.
        precondition_frequency: u64 = 10, Range::AtLeastOne;
        /// Longer dimensions keep their own basis.
        max_precondition_dim: u64 = 10000, Range::NonNegative;
        /// Turn vectors too.
        precondition_1d: bool = false, Range::Bool;
        /// Correct the means for having started at 0.
        correct_bias: bool = true, Range::Bool;
        /// Divide the update of each tensor by its root mean square.
        normalize_gradient: bool = false, Range::Bool;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 0.01, Range::NonNegative;
    }
}

const NAMES: [[&str; 2]; 8] = [
    ["gg_0", "q_0"],
    ["gg_1", "q_1"],
    ["gg_2", "q_2"],
    ["gg_3", "q_3"],
    ["gg_4", "q_4"],
    ["gg_5", "q_5"],
    ["gg_6", "q_6"],
    ["gg_7", "q_7"],
];

struct Step<'a> {
    rule: &'a Soap,
    at: At,
}

impl Soap {
    /// Whether a dimension of a tensor has a basis.
    fn turns(&self, order: usize, dim: usize) -> bool {
        (order > 1 || self.precondition_1d) && dim as u64 <= self.max_precondition_dim
    }
}

impl Step<'_> {
    /// Turns `x` into the bases, or back.
    fn turn<R: Math>(x: &mut [R], shape: &[usize], bases: &[Vec<R>], back: bool, work: &mut Workspace<R>) {
        let mut next = work.take(x.len());
        for (mode, basis) in modes(shape).zip(bases.chunks_exact(2)) {
            if basis[1].is_empty() {
                continue;
            }
            let q = Mat::new(&basis[1], mode.dim, mode.dim);
            mode.product(&mut next, if back { q } else { q.transposed() }, x);
            x.copy_from_slice(&next);
        }
        work.give(next);
    }

    /// Takes the gradient into the statistics, and renews the bases if that is due.
    fn follow<R: Math>(&self, tensor: TensorStep<'_, R, 2>, steps: u64) {
        let TensorStep { shape, g, s: [_, v], buffers, work, level, .. } = tensor;
        let beta = if self.rule.shampoo_beta == 1.0 { self.rule.betas[1] } else { self.rule.shampoo_beta };
        let rest = R::from_f64(1.0 - beta);
        let first = self.at.step == 0;
        let due = steps.is_multiple_of(self.rule.precondition_frequency);
        for (i, mode) in modes(shape).enumerate() {
            let [sum, q] = &mut buffers[2 * i..][..2] else { continue };
            if q.is_empty() {
                continue;
            }
            let mut now = work.take(sum.len());
            mode.gram(&mut now, g, work);
            map(level, sum, [&now], |sum, [now]| sum + (now - sum) * rest);
            if first && let Ok((_, vectors)) = symmetric_eigen(sum, mode.dim) {
                // The largest first.
                for (q, vectors) in q.chunks_exact_mut(mode.dim).zip(vectors.chunks_exact(mode.dim)) {
                    q.iter_mut().zip(vectors.iter().rev()).for_each(|(q, &x)| *q = x);
                }
            }
            if due {
                Self::renew(sum, q, v, shape, i, &mut now, work);
            }
            work.give(now);
        }
    }

    /// One step of power iteration, with the basis and v sorted by the eigenvalues.
    fn renew<R: Math>(
        sum: &[R],
        q: &mut [R],
        v: &mut [R],
        shape: &[usize],
        dimension: usize,
        product: &mut [R],
        work: &mut Workspace<R>,
    ) {
        let Some(mode) = modes(shape).nth(dimension) else { return };
        let n = mode.dim;
        matmul(product, false, Mat::new(sum, n, n), Mat::new(q, n, n), |_, _| {});
        let value = |col: usize| -> f64 {
            (0..n).map(|row| q[row * n + col].into() * product[row * n + col].into()).sum()
        };
        let values: Vec<f64> = (0..n).map(value).collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| values[j].total_cmp(&values[i]));
        let mut sorted = work.take(n * n);
        for (to, from) in sorted.chunks_exact_mut(n).zip(product.chunks_exact(n)) {
            to.iter_mut().zip(&order).for_each(|(to, &col)| *to = from[col]);
        }
        if let Ok((next, _)) = qr(&sorted, n, n) {
            q.copy_from_slice(&next);
            let mut old = work.take(v.len());
            old.copy_from_slice(v);
            for (i, v) in v.chunks_exact_mut(mode.inner.max(1)).enumerate() {
                let from = (i / n * n + order[i % n]) * mode.inner;
                v.copy_from_slice(&old[from..from + mode.inner]);
            }
            work.give(old);
        }
        work.give(sorted);
    }
}

impl TensorUpdate<2> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 2>) {
        let rule = self.rule;
        let keep = 1.0 - self.at.lr * rule.weight_decay;
        let t = self.at.step;
        if t == 0 {
            // Nothing moves, so what the decay has taken comes back.
            if keep != 0.0 {
                let keep = R::from_f64(keep);
                map(tensor.level, tensor.w, [], |w, []| w / keep);
            }
            return self.follow(tensor, 1);
        }
        let TensorStep { shape, index, w, g, s: [m, v], buffers, memory, work, level } = tensor;
        let [beta1, beta2] = [self.at.momentum.unwrap_or(rule.betas[0]), rule.betas[1]];
        let correction = |beta| if rule.correct_bias { 1.0 - power(beta, t) } else { 1.0 };
        // Decay takes the new weights: (w - u) keep = w keep - u keep.
        let size = self.at.lr * correction(beta2).sqrt() / correction(beta1) * keep;
        let [rest1, rest2, eps] = [1.0 - beta1, 1.0 - beta2, rule.eps].map(R::from_f64);

        let mut turned = work.take(g.len());
        turned.copy_from_slice(g);
        Self::turn(&mut turned, shape, buffers, false, work);
        map(level, v, [&turned], |v, [g]| v + (g * g - v) * rest2);
        map(level, m, [g], |m, [g]| m + (g - m) * rest1);
        turned.copy_from_slice(m);
        Self::turn(&mut turned, shape, buffers, false, work);
        map(level, &mut turned, [v], |m, [v]| m / (v.sqrt() + eps));
        Self::turn(&mut turned, shape, buffers, true, work);
        let rms = match rule.normalize_gradient {
            true => (sums::over(&turned, level, |u| u * u) / turned.len().max(1) as f64).sqrt() + rule.eps,
            false => 1.0,
        };
        let size = R::from_f64(size / rms);
        map(level, w, [&turned], |w, [u]| w - size * u);
        work.give(turned);
        self.follow(TensorStep { shape, index, w, g, s: [m, v], buffers, memory, work, level }, t);
    }
}

impl Rule for Soap {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        super::Adam::state(false)
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        let dims = dims(shape);
        let order = dims.len().min(MOST);
        let of = |(dim, [sum, q]): (usize, [&'static str; 2])| match self.turns(order, dim) {
            true => [Buffer::new(sum, [dim, dim], 0.0), Buffer::identity(q, dim, 1.0)],
            false => [sum, q].map(|name| Buffer::new(name, [0, 0], 0.0)),
        };
        dims.into_iter().zip(NAMES).flat_map(of).collect()
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        pass.each(&Step { rule: self, at })
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::{Optimizer, ParamSpec, rules};

    fn normal(len: usize, seed: u64) -> Vec<f64> {
        (0..len as u64).map(|i| Random::new(seed).normal(i)).collect()
    }

    #[test]
    fn vectors_are_stepped_by_adam_one_step_late() {
        let params = [ParamSpec::new("w", [6])];
        let soap = Soap { weight_decay: 0.0, lr: 0.01, ..Default::default() };
        let adam = rules::Adam { lr: 0.01, betas: [0.95, 0.95], eps: 0.0, ..Default::default() };
        let mut soap = Optimizer::builder(Soap { eps: 0.0, ..soap }).build::<f64>(&params).unwrap();
        let mut adam = Optimizer::builder(adam).build::<f64>(&params).unwrap();
        let (mut a, mut b) = (normal(6, 0), normal(6, 0));
        let _ = soap.step_flat(&mut a, &mut normal(6, 9)).unwrap();
        assert_eq!(a, b);
        for step in 0..20 {
            let _ = soap.step_flat(&mut a, &mut normal(6, step)).unwrap();
            let _ = adam.step_flat(&mut b, &mut normal(6, step)).unwrap();
        }
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-13, "{a} {b}");
        }
    }

    /// In the bases of the first gradient the second, which is the same, is diagonal: Adam's first step there is the sign,
    /// so the update has the singular vectors of the gradient and singular values of 1, up to signs.
    #[test]
    fn the_first_move_down_a_gradient_that_stays_is_its_orthogonal_factor() {
        let (rows, cols) = (4, 6);
        let rule = Soap { lr: 1.0, weight_decay: 0.0, eps: 1e-5, ..Default::default() };
        let params = [ParamSpec::new("w", [rows, cols])];
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&params).unwrap();
        let (g, mut w) = (normal(24, 5), vec![0.0; 24]);
        for _ in 0..2 {
            let _ = optimizer.step_flat(&mut w, &mut g.clone()).unwrap();
        }
        let (u, _, v_t) = crate::linalg::svd(&g, rows, cols).unwrap();
        let mut factor = vec![0.0; 24];
        matmul(&mut factor, false, Mat::new(&u, rows, rows), Mat::new(&v_t, rows, cols), |_, _| {});
        for (w, x) in w.iter().zip(&factor) {
            assert!((w + x).abs() < 1e-3, "{w} {x}");
        }
    }
}
