//! L-BFGS, an iteration a step.

use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::rule::{At, Buffer, Decay, Rule, Slot};
use crate::sums;
use crate::whole::{TensorReduce, TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "lbfgs",
    presets: &[],
    title: "L-BFGS: Newton's method with curvature from the last steps",
    formula: "s = w - w_last, y = g - g_last, kept where s y > 1e-10; d = -H g, H from the last pairs by the two-loop recursion \
              on (s y / y y) times the identity; w += lr d",
    advice: "Smooth losses over all data at once: after a few steps it knows the ravine. A line search, which asks for several \
             losses a step, is ravine::Lbfgs. Not for mini-batches: the gradients of two batches differ by more than curvature.",
    source: "Liu, Nocedal, Math. Programming 45, 1989; Nocedal, Wright, Numerical Optimization, 2nd ed., algorithms 7.4, 7.5; \
             torch.optim.LBFGS with max_iter=1",
    make: || Box::new(Lbfgs::default()),
};

/// The most pairs that are kept.
const MOST: usize = 100;

crate::hyper! {
    /// L-BFGS, an iteration a step, without a line search (Nocedal and Wright, algorithms 7.4 and 7.5):
    /// torch.optim.LBFGS with `max_iter=1`. [`Lbfgs`](crate::Lbfgs) asks for losses itself and can search along the line.
    ///
    /// A step keeps s = w - w_last and y = g - g_last if s y > 1e-10, the oldest pair going if there are
    /// `history_size`. Then d = -H g, where H is built of the pairs by the two-loop recursion from (s y / y y) times the
    /// identity, and w += lr d. The first step is at most lr long in the 1-norm. No step is made where no element of the
    /// gradient is larger than `tolerance_grad`, or where g d > -`tolerance_change`.
    ///
    /// Products are over all tensors of a group. State: `prev_flat_grad` and `d`, and for each pair `s` and `y`; the defaults are
    /// torch.optim.LBFGS's but for the history, which is optax's.
    pub struct Lbfgs {
        /// How far to go along a direction.
        lr: f64 = 1.0, Range::NonNegative;
        /// Pairs of steps and changes of the gradient that are kept: 1 to 100. Each is two copies of the weights.
        history_size: u64 = 10, Range::AtLeastOne;
        /// Stay where no element of the gradient is larger.
        tolerance_grad: f64 = 1e-7, Range::NonNegative;
        /// Stay where the loss falls by less along the direction.
        tolerance_change: f64 = 1e-9, Range::NonNegative;
    }
}

/// Looks at the new gradient: the number of elements above the tolerance, the 1-norm, s y and y y.
struct Measure {
    tolerance: f64,
    length: f64,
}

impl TensorReduce<2, 4> for Measure {
    fn reduce<R: Math>(&self, tensor: TensorStep<'_, R, 2>) -> [f64; 4] {
        let TensorStep { g, s: [last, d], level, .. } = tensor;
        sums::beside([g, last, d], level, |[g, last, d]| {
            let [size, y, s] = [g.abs(), g - last, d * R::from_f64(self.length)].map(Into::into);
            [f64::from(u8::from(size > self.tolerance)), size, s * y, y * y]
        })
    }
}

/// Keeps a pair, and begins with d = -g.
struct Begin {
    /// Where the pair goes, if it is kept.
    pair: Option<usize>,
    length: f64,
}

impl TensorReduce<2, 0> for Begin {
    fn reduce<R: Math>(&self, tensor: TensorStep<'_, R, 2>) -> [f64; 0] {
        let TensorStep { g, s: [last, d], buffers: [steps, changes], level, .. } = tensor else { return [] };
        if let Some(pair) = self.pair {
            let of_pair = pair * g.len()..(pair + 1) * g.len();
            let length = R::from_f64(self.length);
            map(level, &mut steps[of_pair.clone()], [d], |_, [d]| d * length);
            map(level, &mut changes[of_pair], [g, last], |_, [g, last]| g - last);
        }
        last.copy_from_slice(g);
        map(level, d, [g], |_, [g]| -g);
        []
    }
}

/// What a pass multiplies d with, once it has changed it.
enum With {
    Gradient,
    /// The step of a pair.
    Step(usize),
    /// Its change of the gradient.
    Change(usize),
}

/// d = (d + factor x) scale where there is something to add; gives what `with` and d make, and s y of its pair.
struct Turn {
    add: Option<(With, f64)>,
    scale: f64,
    with: With,
}

impl TensorReduce<2, 2> for Turn {
    fn reduce<R: Math>(&self, tensor: TensorStep<'_, R, 2>) -> [f64; 2] {
        let TensorStep { g, s: [_, d], buffers: [steps, changes], level, .. } = tensor else {
            return [0.0; 2];
        };
        let len = g.len();
        let of = |with: &With| match *with {
            With::Gradient => [g, g],
            With::Step(i) => [&steps[i * len..][..len], &changes[i * len..][..len]],
            With::Change(i) => [&changes[i * len..][..len], &steps[i * len..][..len]],
        };
        if let Some((with, factor)) = &self.add {
            let [factor, scale] = [*factor, self.scale].map(R::from_f64);
            map(level, d, [of(with)[0]], |d, [x]| (d + factor * x) * scale);
        }
        let [a, b] = of(&self.with);
        sums::beside([d, a, b], level, |x| {
            let [d, a, b] = x.map(Into::into);
            [d * a, a * b]
        })
    }
}

/// w += length d.
struct Go {
    length: f64,
}

impl TensorUpdate<2> for Go {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 2>) {
        let TensorStep { w, s: [_, d], level, .. } = tensor;
        let length = R::from_f64(self.length);
        if self.length > 0.0 {
            map(level, w, [d], |w, [d]| w + length * d);
        }
    }
}

impl Lbfgs {
    /// Makes d of -g by the pairs, the newest of which is at `newest` of `history`; gives g d.
    fn turn(pass: &mut Pass<'_>, [count, newest, history]: [usize; 3], scale: f64) -> Result<f64> {
        // From the newest pair to the oldest.
        let pair = |i: usize| (newest + history - i) % history;
        let [mut alphas, mut rhos] = [[0.0; MOST]; 2];
        let (mut add, mut factor) = (None, 1.0);
        for i in 0..count {
            let [dot, sy] = pass.look_each(&Turn { add, scale: 1.0, with: With::Step(pair(i)) })?;
            (rhos[i], alphas[i]) = (1.0 / sy, dot / sy);
            add = Some((With::Change(pair(i)), -alphas[i]));
            factor = scale;
        }
        for i in (0..count).rev() {
            let [dot, _] = pass.look_each(&Turn { add, scale: factor, with: With::Change(pair(i)) })?;
            add = Some((With::Step(pair(i)), alphas[i] - rhos[i] * dot));
            factor = 1.0;
        }
        let [slope, _] = pass.look_each(&Turn { add, scale: factor, with: With::Gradient })?;
        Ok(slope)
    }
}

impl Rule for Lbfgs {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("prev_flat_grad").exact(), Slot::zero("d").exact()]
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        let of = |name| Buffer::new(name, [&[self.history_size as usize], shape].concat(), 0.0);
        vec![of("s"), of("y")]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("iterations", 0.0), ("pairs", 0.0), ("newest", 0.0), ("scale", 1.0), ("length", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn check(&self) -> Result<()> {
        match self.history_size as usize {
            1..=MOST => Ok(()),
            other => {
                Err(Error::rule(ENTRY.name, format!("history_size must be from 1 to {MOST}, not {other}")))
            }
        }
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let history = self.history_size as usize;
        let [iterations, pairs, newest, scale, length] = *pass.memory() else {
            return pass.each(&Go { length: 0.0 });
        };
        let [moving, norm, sy, yy] = pass.look_each(&Measure { tolerance: self.tolerance_grad, length })?;
        if moving == 0.0 {
            return pass.each(&Go { length: 0.0 });
        }
        let (mut pairs, mut newest, mut scale) = (pairs as usize, newest as usize, scale);
        let kept = iterations > 0.0 && sy > 1e-10;
        if kept {
            newest = if pairs == 0 { 0 } else { (newest + 1) % history };
            (pairs, scale) = ((pairs + 1).min(history), sy / yy);
        }
        let [] = pass.look_each(&Begin { pair: kept.then_some(newest), length })?;
        let slope = Self::turn(pass, [pairs, newest, history], scale)?;
        let length = if iterations == 0.0 { (1.0 / norm).min(1.0) * at.lr } else { at.lr };
        pass.memory().copy_from_slice(&[iterations + 1.0, pairs as f64, newest as f64, scale, length]);
        pass.each(&Go { length: if slope > -self.tolerance_change { 0.0 } else { length } })
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LbfgsOptions, Optimizer, ParamSpec};

    /// Rosenbrock's function, on two tensors.
    fn rosenbrock(w: &[&mut [f64]], g: &mut [&mut [f64]]) -> f64 {
        let (x, y) = (w[0][0], w[1][0]);
        g[0][0] = -2.0 * (1.0 - x) - 400.0 * x * (y - x * x);
        g[1][0] = 200.0 * (y - x * x);
        (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
    }

    #[test]
    fn a_step_is_an_iteration_of_the_minimiser_with_a_closure() {
        let params = ["x", "y"].map(|name| ParamSpec::new(name, [1]));
        for history_size in [1, 3, 10] {
            let rule = Lbfgs { lr: 0.3, history_size: history_size as u64, ..Lbfgs::default() };
            let mut ours = Optimizer::builder(rule).build::<f64>(&params).unwrap();
            let options = LbfgsOptions { lr: 0.3, max_iter: 1, history_size, ..LbfgsOptions::default() };
            let mut theirs = crate::Lbfgs::new(&params, options).unwrap();
            let [mut a, mut b] = [[[-1.2], [1.0]]; 2];
            for _ in 0..40 {
                let mut g = [[0.0]; 2];
                let mut g = g.each_mut().map(|g| &mut g[..]);
                let mut w = a.each_mut().map(|w| &mut w[..]);
                rosenbrock(&w, &mut g);
                let _ = ours.step(&mut w, &mut g).unwrap();
                theirs.step(&mut b.each_mut().map(|w| &mut w[..]), rosenbrock).unwrap();
                let far = a
                    .iter()
                    .flatten()
                    .zip(b.iter().flatten())
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f64::max);
                assert!(far < 1e-9, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_quadratic_of_few_curvatures_takes_few_steps() {
        let rule = Lbfgs::default();
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [4])]).unwrap();
        let (mut w, curvature) = ([1.0, -2.0, 3.0, 0.5], [1.0, 10.0, 10.0, 100.0]);
        for _ in 0..25 {
            let mut g: [f64; 4] = std::array::from_fn(|i| curvature[i] * w[i]);
            let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        }
        // It stays where a step promises less than `tolerance_change`.
        let loss: f64 = w.iter().zip(curvature).map(|(w, c)| c * w * w).sum();
        assert!(loss < 1e-8, "{w:?}");
    }

    #[test]
    fn a_history_that_is_too_long_is_refused() {
        let build = |history_size| {
            let rule = Lbfgs { history_size, ..Lbfgs::default() };
            Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [1])])
        };
        assert!(build(100).is_ok());
        let error = build(101).unwrap_err().to_string();
        assert!(error.contains("history_size") && error.contains("101"), "{error}");
    }
}
