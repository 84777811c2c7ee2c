//! The proximal gradient method.

use super::penalty::{Choice, PROXES, Penalty, element};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::prox::Metric;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};
use crate::whole::{TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "prox-sgd",
    presets: &[("ista", "prox=l1")],
    title: "Proximal gradient: a step down the loss, then one that a penalty without gradient allows in closed form",
    formula: "w = prox(w - lr g), prox(v) = argmin over x of lr h(x) + 1/2 |x - v|^2",
    advice: "Weights that shall be exactly 0, bounded, sum to one or of low rank: sparse regression, pruning, mixtures. \
             Smooth convex losses converge faster with fista, ill-scaled networks with prox-adam. Without such a wish \
             take sgd.",
    source: "Parikh, Boyd, Proximal Algorithms, 2014, section 4.2; ISTA: Beck, Teboulle, SIAM J. Imaging Sci. 2, 2009",
    make: || Box::new(ProxSgd::default()),
};

crate::hyper! {
    /// Proximal gradient (Parikh and Boyd, Proximal Algorithms, section 4.2); with the l1 penalty it is ISTA.
    ///
    /// w = prox(w - lr g), where prox(v) is the x that makes lr h(x) + 1/2 |x - v|^2 smallest. It minimises the sum of
    /// loss and h; of a convex loss whose gradient has the Lipschitz constant L, with lr at most 1/L, by O(1/t).
    ///
    /// The penalties h, all as in [`prox`](mod@crate::prox):
    /// - `l1`: strength times the sum of abs(w); makes weights exactly 0. `elastic-net` adds l2/2 |w|^2.
    /// - `box`: w between the bounds. `non-negative`: w >= 0.
    /// - `group-lasso`: strength times the sum of the norms of units; makes whole units 0. A unit is what feeds one
    ///   output, all weights with the same first index; a vector is one unit.
    /// - `simplex`: each unit has no weight below 0, and its weights have the given sum.
    /// - `nuclear`: strength times the sum of the singular values of the matrix of units; lowers the rank. It takes a
    ///   singular value decomposition of each tensor in each step.
    ///
    /// No state. There is no weight decay beside h: the elastic net is one.
    pub struct ProxSgd {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// The penalty.
        prox: &'static str = "l1", PROXES;
        /// Strength of l1, elastic-net, group-lasso and nuclear.
        strength: f64 = 1e-3, Range::NonNegative;
        /// Strength of the square in elastic-net.
        l2: f64 = 1e-3, Range::NonNegative;
        /// The bounds of box.
        bounds: [f64; 2] = [-1.0, 1.0], Range::Finite;
        /// The sum of the weights of a unit in simplex.
        sum: f64 = 1.0, Range::Positive;
    }
}

impl ProxSgd {
    fn penalty(&self) -> Result<Penalty> {
        let Self { prox, strength, l2, bounds, sum, .. } = *self;
        Choice { prox, strength, l2, bounds, sum }.penalty(ENTRY.name)
    }
}

struct Elements;

impl Update<0, 5> for Elements {
    #[inline(always)]
    fn update<R: Real>([lr, l1, l2, lower, upper]: [R; 5], w: R, g: R, s: [R; 0]) -> (R, [R; 0]) {
        (element(w - lr * g, [l1, l2, lower, upper]), s)
    }
}

struct Tensors {
    lr: f64,
    penalty: Penalty,
}

impl TensorUpdate<0> for Tensors {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 0>) {
        let TensorStep { shape, w, g, level, .. } = tensor;
        let lr = R::from_f64(self.lr);
        map(level, w, [g], |w, [g]| w - lr * g);
        self.penalty.apply(w, shape, Metric::Plain, self.lr);
    }
}

impl Rule for ProxSgd {
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
    fn check(&self) -> Result<()> {
        self.penalty().map(|_| ())
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let penalty = self.penalty()?;
        if !penalty.is_of_elements() {
            return pass.each(&Tensors { lr: at.lr, penalty });
        }
        let [l1, l2, lower, upper] = penalty.scalars(at.lr);
        pass.run(Elements, [at.lr, l1, l2, lower, upper])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
