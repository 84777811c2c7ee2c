//! Shampoo.

use super::modes::{dims, modes};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::linalg::{Mat, inverse_root};
use crate::pass::Pass;
use crate::rule::{At, Buffer, Decay, Rule, Slot};
use crate::simd::Level;
use crate::sums;
use crate::whole::{TensorStep, TensorUpdate, Workspace, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "shampoo",
    presets: &[],
    title: "Shampoo: AdaGrad with a matrix for each dimension of a tensor",
    formula: "L += G G^T; R += G^T G; W -= lr (L + eps)^(-1/4) G (R + eps)^(-1/4)",
    advice: "Fewer steps than adagrad or adamw where rows and columns of the gradient are correlated; with graft=adagrad \
             or rmsprop the learning rates of those carry over. Each preconditioner costs an eigendecomposition every \
             preconditioning_compute_steps: for large layers take soap or muon.",
    source: "Gupta, Koren, Singer, ICML 2018, arXiv 1802.09568, algorithms 1 and 2; grafting and beta2: Anil et al., \
             arXiv 2002.09018; pytorch_optimizer.Shampoo",
    make: || Box::new(Shampoo::default()),
};

crate::hyper! {
    /// Shampoo (Gupta, Koren and Singer, arXiv 1802.09568, algorithm 2).
    ///
    /// For each of the k dimensions of a tensor: H += X X^T, where X has the slices of the gradient along it as rows; the
    /// update is the gradient multiplied along each dimension by (H + eps I)^(-1/(2k)). For a matrix that is
    /// L^(-1/4) G R^(-1/4); for a vector, adagrad with the full matrix.
    ///
    /// - A dimension longer than `max_precondition_dim` keeps the diagonal of H alone.
    /// - With beta2 below 1, H = beta2 H + (1 - beta2) X X^T, which forgets.
    /// - Grafting gives the update the norm that another rule's step has, tensor by tensor: `sgd` that of G, `adagrad`
    ///   that of g / (sqrt(sum of g^2) + eps), `rmsprop` that with the mean kept by beta2 (Agarwal et al., arXiv
    ///   2002.11803). Before `start_preconditioning_step` the step is that rule's, or G without grafting.
    /// - With momentum: m = momentum m + u, and the step is m, or momentum m + u with nesterov.
    ///
    /// The powers are taken when t is a multiple of `preconditioning_compute_steps`, and in the first step. A matrix that
    /// cannot be decomposed, such as one that is not finite, leaves the power as it was. Dimensions after the eighth are
    /// taken together.
    ///
    /// State: `pre_cond_0`, `inv_pre_cond_0`, ... for each dimension; `momentum_buffer` if momentum is not 0;
    /// `graft_sum` for adagrad and rmsprop. Defaults are pytorch_optimizer's, which differs in momentum: it mixes the last
    /// update into the next gradient before its statistics.
    pub struct Shampoo {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the velocity each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::UnitOpen;
        /// Look one step of momentum ahead.
        nesterov: bool = false, Range::Bool;
        /// How much of the statistics each step keeps; 1 to sum them.
        beta2: f64 = 1.0, Range::Unit;
        /// Steps from one eigendecomposition to the next.
        preconditioning_compute_steps: u64 = 1, Range::AtLeastOne;
        /// The first step, counted from 1, that is preconditioned.
        start_preconditioning_step: u64 = 1, Range::AtLeastOne;
        /// Added to the eigenvalues of the statistics.
        matrix_eps: f64 = 1e-6, Range::Positive;
        /// Longer dimensions are preconditioned by a diagonal.
        max_precondition_dim: u64 = 1024, Range::NonNegative;
        /// Which rule's step gives the update its length.
        graft: &'static str = "none", Range::Words(&["none", "sgd", "adagrad", "rmsprop"]);
        /// Keeps the division of adagrad and rmsprop finite.
        diagonal_eps: f64 = 1e-10, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

const NAMES: [[&str; 2]; 8] = [
    ["pre_cond_0", "inv_pre_cond_0"],
    ["pre_cond_1", "inv_pre_cond_1"],
    ["pre_cond_2", "inv_pre_cond_2"],
    ["pre_cond_3", "inv_pre_cond_3"],
    ["pre_cond_4", "inv_pre_cond_4"],
    ["pre_cond_5", "inv_pre_cond_5"],
    ["pre_cond_6", "inv_pre_cond_6"],
    ["pre_cond_7", "inv_pre_cond_7"],
];

struct Step<'a> {
    rule: &'a Shampoo,
    at: At,
}

impl Step<'_> {
    /// Takes the gradient into the statistics, and makes the update of it in its place.
    fn direction<R: Math>(
        &self,
        shape: &[usize],
        g: &mut [R],
        buffers: &mut [Vec<R>],
        work: &mut Workspace<R>,
        level: Level,
    ) {
        let rule = self.rule;
        let t = self.at.step.saturating_add(1);
        let order = shape.len().clamp(1, super::modes::MOST);
        let (factors, graft) = buffers.split_at_mut(2 * order);
        let [keep, add] = match rule.beta2 {
            1.0 => [1.0, 1.0],
            beta2 => [beta2, 1.0 - beta2],
        };
        let [keep_r, add_r] = [keep, add].map(R::from_f64);

        // What the update is grafted to, and the norm of it.
        let mut other = work.take(g.len());
        match graft {
            [sum] => {
                map(level, sum, [g], |sum, [g]| keep_r * sum + add_r * g * g);
                let eps = R::from_f64(rule.diagonal_eps);
                let zero = R::default();
                let quotient = |g: R, sum: R| R::select(zero.less(sum), g / (sum.sqrt() + eps), g * zero);
                map(level, &mut other, [g, sum], |_, [g, sum]| quotient(g, sum));
            }
            _ => other.copy_from_slice(g),
        }

        let due = t.is_multiple_of(rule.preconditioning_compute_steps) || t == 1;
        for (mode, factor) in modes(shape).zip(factors.chunks_exact_mut(2)) {
            let [sum, power] = factor else { continue };
            let mut now = work.take(sum.len());
            if sum.len() == mode.dim {
                mode.squares(&mut now, g);
            } else {
                mode.gram(&mut now, g, work);
            }
            map(level, sum, [&now], |sum, [now]| keep_r * sum + add_r * now);
            work.give(now);
            if due {
                self.invert(sum, power, mode.dim, 2.0 * order as f64);
            }
        }
        if t >= rule.start_preconditioning_step {
            let mut next = work.take(g.len());
            for (mode, factor) in modes(shape).zip(factors.chunks_exact(2)) {
                let power = &factor[1];
                if power.len() == mode.dim {
                    mode.scale(g, |i| power[i]);
                } else {
                    mode.product(&mut next, Mat::new(power, mode.dim, mode.dim), g);
                    g.copy_from_slice(&next);
                }
            }
            work.give(next);
            if rule.graft != "none" {
                let norm = |x: &[R]| sums::over(x, level, |x| x * x).sqrt();
                let (wanted, norm) = (norm(&other), norm(g));
                let factor = R::from_f64(if norm > 0.0 { wanted / norm } else { 0.0 });
                map(level, g, [], |g, []| g * factor);
            }
        } else {
            g.copy_from_slice(&other);
        }
        work.give(other);
    }

    /// `power = (sum + eps)^(-1/p)`.
    fn invert<R: Math>(&self, sum: &[R], power: &mut [R], dim: usize, p: f64) {
        let eps = self.rule.matrix_eps;
        if sum.len() == dim {
            for (power, &sum) in power.iter_mut().zip(sum) {
                *power = R::from_f64((sum.into().max(0.0) + eps).powf(-1.0 / p));
            }
        } else if let Ok(root) = inverse_root(sum, dim, p, eps) {
            power.copy_from_slice(&root);
        }
    }
}

impl<const N: usize> TensorUpdate<N> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, N>) {
        let TensorStep { shape, w, g, s, buffers, work, level, .. } = tensor;
        let mut u = work.take_any(g.len());
        u.copy_from_slice(g);
        self.direction(shape, &mut u, buffers, work, level);
        let momentum = self.at.momentum.unwrap_or(self.rule.momentum);
        let [lr, momentum] = [self.at.lr, momentum].map(R::from_f64);
        match s.into_iter().next() {
            None => map(level, w, [&u], |w, [u]| w - lr * u),
            Some(m) => {
                map(level, m, [&u], |m, [u]| momentum * m + u);
                match self.rule.nesterov {
                    true => map(level, w, [m, &u], |w, [m, u]| w - lr * (momentum * m + u)),
                    false => map(level, w, [m], |w, [m]| w - lr * m),
                }
            }
        }
        work.give(u);
    }
}

impl Rule for Shampoo {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        if self.momentum == 0.0 { Vec::new() } else { vec![Slot::zero("momentum_buffer")] }
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        let mut buffers = Vec::new();
        for (dim, [sum, power]) in dims(shape).into_iter().zip(NAMES) {
            if dim as u64 > self.max_precondition_dim {
                buffers.extend([Buffer::new(sum, [dim], 0.0), Buffer::new(power, [dim], 1.0)]);
            } else {
                buffers.extend([Buffer::new(sum, [dim, dim], 0.0), Buffer::identity(power, dim, 1.0)]);
            }
        }
        if matches!(self.graft, "adagrad" | "rmsprop") {
            buffers.push(Buffer::new("graft_sum", shape, 0.0));
        }
        buffers
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let step = Step { rule: self, at };
        if self.momentum == 0.0 { pass.each::<_, 0>(&step) } else { pass.each::<_, 1>(&step) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{matmul, qr};
    use crate::random::Random;
    use crate::{Optimizer, ParamSpec, rules};

    fn normal(len: usize, seed: u64) -> Vec<f64> {
        (0..len as u64).map(|i| Random::new(seed).normal(i)).collect()
    }

    fn product(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
        let mut c = vec![0.0; m * n];
        matmul(&mut c, false, Mat::new(a, m, k), Mat::new(b, k, n), |_, _| {});
        c
    }

    /// Where 12 steps down these gradients lead from 0.
    fn run(rule: Shampoo, shape: &[usize], gradient: impl Fn(u64) -> Vec<f64>) -> Vec<f64> {
        let params = [ParamSpec::new("w", shape)];
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&params).unwrap();
        let mut w = vec![0.0; shape.iter().product()];
        for step in 0..12 {
            let _ = optimizer.step_flat(&mut w, &mut gradient(step)).unwrap();
        }
        w
    }

    /// With U and V orthogonal, gradients U G V lead to U W V: no coordinates are preferred, unlike in adagrad.
    #[test]
    fn turned_gradients_lead_to_turned_weights() {
        let (m, n) = (5, 7);
        let (u, v) = (qr(&normal(m * m, 90), m, m).unwrap().0, qr(&normal(n * n, 91), n, n).unwrap().0);
        let turn = |x: &[f64]| product(&product(&u, x, [m, m, n]), &v, [m, n, n]);
        for graft in ["none", "sgd"] {
            let rule = Shampoo { lr: 0.1, graft, momentum: 0.5, ..Default::default() };
            let plain = run(rule.clone(), &[m, n], |step| normal(m * n, step));
            let turned = run(rule, &[m, n], |step| turn(&normal(m * n, step)));
            for (a, b) in turn(&plain).iter().zip(&turned) {
                assert!((a - b).abs() < 1e-10, "{a} {b}");
            }
        }
    }

    #[test]
    fn the_scale_of_the_gradient_does_not_matter_without_eps() {
        let rule = Shampoo { lr: 0.1, matrix_eps: 1e-300, ..Default::default() };
        // As many gradients as it takes for full rank come in the first step already: the matrix is square.
        let [a, b] = [1.0, 1e3].map(|scale| {
            run(rule.clone(), &[4, 4], |step| normal(16, step).iter().map(|g| g * scale).collect())
        });
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
    }

    #[test]
    fn a_vector_beyond_the_longest_dimension_is_stepped_by_adagrad() {
        let rule = Shampoo { lr: 0.1, max_precondition_dim: 2, matrix_eps: 1e-10, ..Default::default() };
        let w = run(rule, &[6], |step| normal(6, step));
        let adagrad = rules::Adagrad { lr: 0.1, eps: 1e-10, eps_in_sqrt: true, ..Default::default() };
        let mut optimizer = Optimizer::builder(adagrad).build::<f64>(&[ParamSpec::new("w", [6])]).unwrap();
        let mut other = vec![0.0; 6];
        for step in 0..12 {
            let _ = optimizer.step_flat(&mut other, &mut normal(6, step)).unwrap();
        }
        for (a, b) in w.iter().zip(&other) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    /// The step of a grafted rule is as long as that of the rule it is grafted to.
    #[test]
    fn grafting_gives_the_norm_of_the_other_step() {
        let g = normal(20, 1);
        for (graft, norm) in [("sgd", g.iter().map(|g| g * g).sum::<f64>().sqrt()), ("adagrad", 20f64.sqrt())]
        {
            let rule = Shampoo { lr: 1.0, graft, ..Default::default() };
            let mut optimizer =
                Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [4, 5])]).unwrap();
            let mut w = vec![0.0; 20];
            let _ = optimizer.step_flat(&mut w, &mut g.clone()).unwrap();
            let length = w.iter().map(|w| w * w).sum::<f64>().sqrt();
            assert!((length / norm - 1.0).abs() < 1e-9, "{graft}: {length} {norm}");
        }
    }
}
