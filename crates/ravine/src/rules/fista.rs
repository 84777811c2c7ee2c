//! The accelerated proximal gradient method.

use super::penalty::{Choice, PROXES, Penalty, element};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::prox::Metric;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};
use crate::sums;
use crate::whole::{TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "fista",
    presets: &[("fista-restart", "restart=true")],
    title: "FISTA: proximal gradient with Nesterov's acceleration",
    formula: "x' = prox(w - lr g); t' = (1 + sqrt(1 + 4 t^2)) / 2; w = x' + (t - 1) / t' (x' - x)",
    advice: "Smooth convex losses with a penalty, full gradients: O(1/t^2) in place of O(1/t), and with restart no \
             slower than the problem is strongly convex. Not for noisy gradients, which momentum without end adds up.",
    source: "Beck, Teboulle, SIAM J. Imaging Sci. 2, 2009, section 4; restart: O'Donoghue, Candes, Found. Comput. Math. 15, \
             2015, section 3.2",
    make: || Box::new(Fista::default()),
};

crate::hyper! {
    /// FISTA, the proximal gradient method with Nesterov's acceleration (Beck and Teboulle, section 4).
    ///
    /// x' = prox(w - lr g); t' = (1 + sqrt(1 + 4 t^2)) / 2; w = x' + (t - 1) / t' (x' - x), with t = 1 at first.
    ///
    /// The trained weights w are where the gradient is wanted; those to evaluate with are x, which alone meet the
    /// constraints. With lr at most 1/L the loss with its penalty falls by O(1/t^2).
    ///
    /// With restart, t becomes 1 and w becomes x' when the step goes against the momentum: when
    /// (w - x') . (x' - x) > 0, summed over all elements of the group; for penalties on units or the whole, over each
    /// tensor for itself.
    ///
    /// State: `x`, and t for the group or for each tensor. The penalties are those of [`ProxSgd`](super::ProxSgd).
    pub struct Fista {
        /// Learning rate: at most 1/L, where L bounds the curvature of the loss.
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
        /// Forget the momentum when it points up.
        restart: bool = false, Range::Bool;
    }
}

impl Fista {
    fn penalty(&self) -> Result<Penalty> {
        let Self { prox, strength, l2, bounds, sum, .. } = *self;
        Choice { prox, strength, l2, bounds, sum }.penalty(ENTRY.name)
    }

    fn is_of_elements(&self) -> bool {
        self.penalty().is_ok_and(Penalty::is_of_elements)
    }
}

/// Moves t on, and gives how far to go on in the direction of the last move. A restart goes nowhere.
fn momentum(t: &mut f64, restart: bool) -> f64 {
    if restart {
        *t = 1.0;
        return 0.0;
    }
    let next = (1.0 + (1.0 + 4.0 * *t * *t).sqrt()) / 2.0;
    let far = (*t - 1.0) / next;
    *t = next;
    far
}

/// The scalars: lr, and those of the penalty.
type Scalars<R> = [R; 5];

#[inline(always)]
fn proximal<R: Real>([lr, penalty @ ..]: Scalars<R>, w: R, g: R) -> R {
    element(w - lr * g, penalty)
}

struct Elements;

impl Update<1, 6> for Elements {
    #[inline(always)]
    fn update<R: Real>([lr, l1, l2, lower, upper, far]: [R; 6], w: R, g: R, [x]: [R; 1]) -> (R, [R; 1]) {
        let next = proximal([lr, l1, l2, lower, upper], w, g);
        (next + far * (next - x), [next])
    }
}

/// How far the step goes against the momentum.
struct Against;

impl Reduce<1, 5, 1> for Against {
    #[inline(always)]
    fn reduce<R: Real>(k: Scalars<R>, w: R, g: R, [x]: [R; 1]) -> ([R; 1], [R; 1]) {
        let next = proximal(k, w, g);
        ([x], [(w - next) * (next - x)])
    }
}

struct Tensors {
    lr: f64,
    penalty: Penalty,
    restart: bool,
}

impl TensorUpdate<1> for Tensors {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 1>) {
        let TensorStep { shape, w, g, s: [x], memory: [t], work, level, .. } = tensor else { return };
        let lr = R::from_f64(self.lr);
        let mut next = work.take_any(w.len());
        map(level, &mut next, [w, g], |_, [w, g]| w - lr * g);
        self.penalty.apply(&mut next, shape, Metric::Plain, self.lr);
        let restart = self.restart && *t > 1.0 && {
            let [against] =
                sums::beside([&*w, &next, x], level, |[w, next, x]| [((w - next) * (next - x)).into()]);
            against > 0.0
        };
        let far = R::from_f64(momentum(t, restart));
        map(level, w, [&next, x], |_, [next, x]| next + far * (next - x));
        x.copy_from_slice(&next);
        work.give(next);
    }
}

impl Rule for Fista {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("x").exact()]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        if self.is_of_elements() { vec![("t", 1.0)] } else { Vec::new() }
    }
    fn tensor_memory(&self) -> Vec<(&'static str, f64)> {
        if self.is_of_elements() { Vec::new() } else { vec![("t", 1.0)] }
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn evaluation(&self) -> Option<(usize, f64)> {
        Some((0, 1.0))
    }
    fn check(&self) -> Result<()> {
        self.penalty().map(|_| ())
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let penalty = self.penalty()?;
        if !penalty.is_of_elements() {
            return pass.each(&Tensors { lr: at.lr, penalty, restart: self.restart });
        }
        let [l1, l2, lower, upper] = penalty.scalars(at.lr);
        let restart = self.restart
            && pass.memory()[0] > 1.0
            && pass.reduce(Against, [at.lr, l1, l2, lower, upper])?[0] > 0.0;
        let far = momentum(&mut pass.memory()[0], restart);
        pass.run(Elements, [at.lr, l1, l2, lower, upper, far])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_momentum_is_nesterovs_and_begins_anew() {
        let mut t = 1.0;
        assert_eq!(momentum(&mut t, false), 0.0);
        let golden = (1.0 + 5f64.sqrt()) / 2.0;
        assert_eq!(t, golden);
        let far = momentum(&mut t, false);
        assert!((far - (golden - 1.0) / ((1.0 + (1.0 + 4.0 * golden * golden).sqrt()) / 2.0)).abs() < 1e-15);
        assert_eq!((momentum(&mut t, true), t), (0.0, 1.0));
    }
}
