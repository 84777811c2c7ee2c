//! Adam with a proximal step in its own metric.

use super::penalty::{Choice, PROXES, Penalty, element};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::prox::Metric;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};
use crate::whole::{TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "prox-adam",
    presets: &[],
    title: "Proximal Adam: Adam's step, then the proximal step in Adam's metric",
    formula: "m, v as in adam; D = sqrt(v / (1 - b2^t)) + eps; u = w - lr (m / (1 - b1^t)) / D; \
              w = argmin over x of lr h(x) + 1/2 sum of D (x - u)^2",
    advice: "Sparse, bounded or structured weights in networks that want adam. Its fixed points are those of the loss with \
             the penalty; a plain threshold after adam has others. For convex problems of good scale take fista.",
    source: "Yun, Lozano, Yang, NeurIPS 2021, arXiv 2007.07484, algorithm 1; Duchi, Hazan, Singer, JMLR 12, 2011, for the metric",
    make: || Box::new(ProxAdam::default()),
};

crate::hyper! {
    /// Adam with a proximal step in its metric (Yun, Lozano and Yang, arXiv 2007.07484, algorithm 1).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; D = sqrt(v / (1 - b2^t)) + eps; u = w - lr (m / (1 - b1^t)) / D;
    /// w is the x that makes lr h(x) + 1/2 sum of D (x - u)^2 smallest. With l1 that is a threshold of lr strength / D:
    /// weights with small gradients are pulled to 0 farther.
    ///
    /// State: `exp_avg`, `exp_avg_sq`. The penalties are those of [`ProxSgd`](super::ProxSgd) but for `nuclear`, which
    /// has no closed form in this metric.
    pub struct ProxAdam {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// The penalty; not nuclear.
        prox: &'static str = "l1", PROXES;
        /// Strength of l1, elastic-net and group-lasso.
        strength: f64 = 1e-3, Range::NonNegative;
        /// Strength of the square in elastic-net.
        l2: f64 = 1e-3, Range::NonNegative;
        /// The bounds of box.
        bounds: [f64; 2] = [-1.0, 1.0], Range::Finite;
        /// The sum of the weights of a unit in simplex.
        sum: f64 = 1.0, Range::Positive;
    }
}

impl ProxAdam {
    fn penalty(&self) -> Result<Penalty> {
        let Self { prox, strength, l2, bounds, sum, .. } = *self;
        match (Choice { prox, strength, l2, bounds, sum }).penalty(ENTRY.name)? {
            Penalty::Nuclear(_) => {
                let problem = "the nuclear norm has no closed form in its metric: take prox-sgd or fista";
                Err(Error::rule(ENTRY.name, problem))
            }
            penalty => Ok(penalty),
        }
    }
}

/// The scalars: 1 - b1, b2, 1 - b2, lr / (1 - b1^t), 1 / sqrt(1 - b2^t), eps.
type Scalars<R> = [R; 6];

/// The new mean and mean square, what Adam makes of the weight, and the metric.
#[inline(always)]
fn adam<R: Real>(
    [rest1, beta2, rest2, size, root, eps]: Scalars<R>,
    w: R,
    g: R,
    [m, v]: [R; 2],
) -> ([R; 2], R, R) {
    let (m, v) = (m + (g - m) * rest1, beta2 * v + rest2 * g * g);
    let metric = v.sqrt() * root + eps;
    ([m, v], w - size * (m / metric), metric)
}

struct Elements;

impl Update<2, 10> for Elements {
    #[inline(always)]
    fn update<R: Real>(k: [R; 10], w: R, g: R, s: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta2, rest2, size, root, eps, l1, l2, lower, upper] = k;
        let (s, u, metric) = adam([rest1, beta2, rest2, size, root, eps], w, g, s);
        (element(u, [l1 / metric, l2 / metric, lower, upper]), s)
    }
}

struct Tensors {
    lr: f64,
    scalars: Scalars<f64>,
    penalty: Penalty,
}

impl TensorUpdate<2> for Tensors {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 2>) {
        let TensorStep { shape, w, g, s: [m, v], work, level, .. } = tensor;
        let k = self.scalars.map(R::from_f64);
        // The weights last, as the others need them as they were.
        let mut metric = work.take(w.len());
        map(level, &mut metric, [w, g, m, v], |_, [w, g, m, v]| adam(k, w, g, [m, v]).2);
        map(level, w, [g, m, v], |w, [g, m, v]| adam(k, w, g, [m, v]).1);
        map(level, m, [g], |m, [g]| adam(k, g, g, [m, m]).0[0]);
        map(level, v, [g], |v, [g]| adam(k, g, g, [v, v]).0[1]);
        self.penalty.apply(w, shape, Metric::Diagonal(&metric), self.lr);
        work.give(metric);
    }
}

impl Rule for ProxAdam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        super::Adam::state(false)
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn check(&self) -> Result<()> {
        self.penalty().map(|_| ())
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let penalty = self.penalty()?;
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let correction = |beta| 1.0 - power(beta, at.step.saturating_add(1));
        let (size, root) = (at.lr / correction(beta1), 1.0 / correction(beta2).sqrt());
        let scalars = [1.0 - beta1, beta2, 1.0 - beta2, size, root, self.eps];
        if !penalty.is_of_elements() {
            return pass.each(&Tensors { lr: at.lr, scalars, penalty });
        }
        let [rest1, beta2, rest2, size, root, eps] = scalars;
        let [l1, l2, lower, upper] = penalty.scalars(at.lr);
        pass.run(Elements, [rest1, beta2, rest2, size, root, eps, l1, l2, lower, upper])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
