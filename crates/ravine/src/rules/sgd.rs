//! Stochastic gradient descent, with momentum in all its forms.

use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "sgd",
    presets: &[
        ("momentum", "momentum=0.9"),
        ("nesterov", "momentum=0.9,nesterov=true"),
        ("ema-momentum", "momentum=0.9,ema=true"),
    ],
    title: "Stochastic gradient descent, with momentum or Nesterov's",
    formula: "v = momentum v + (1 - dampening) g; w -= lr v, or lr (g + momentum v) with nesterov; \
              ema: v = momentum v + (1 - momentum) g",
    advice: "Cheapest in memory. With momentum and a tuned learning rate hard to beat on convolutional networks; \
             needs more tuning than the adaptive rules.",
    source: "Robbins, Monro 1951; Polyak 1964; Sutskever et al., ICML 2013; torch.optim.SGD",
    make: || Box::new(Sgd::default()),
};

crate::hyper! {
    /// Stochastic gradient descent.
    ///
    /// - Plain: w -= lr g (Robbins and Monro, 1951).
    /// - Heavy ball: v = momentum v + (1 - dampening) g, with v = g at the first step; w -= lr v (Polyak, 1964).
    /// - Nesterov: w -= lr (g + momentum v) (Sutskever et al., ICML 2013, in the form of torch.optim.SGD).
    /// - EMA: v = momentum v + (1 - momentum) g from v = 0; w -= lr v, or lr ((1 - momentum) g + momentum v) with
    ///   nesterov. It takes the path of the sum form at learning rate lr (1 - momentum).
    ///
    /// Nesterov needs momentum above 0 and no dampening, as in torch.optim.SGD; EMA has no dampening either.
    ///
    /// State: `momentum_buffer`, where momentum is not 0. Defaults are torch.optim.SGD's.
    pub struct Sgd {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the velocity each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::NonNegative;
        /// How much of the gradient the velocity leaves out after the first step.
        dampening: f64 = 0.0, Range::Unit;
        /// Nesterov's momentum: look ahead along the velocity.
        nesterov: bool = false, Range::Bool;
        /// The velocity is an exponential moving average of the gradients instead of a decaying sum.
        ema: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Plain;

impl Update<0, 1> for Plain {
    #[inline(always)]
    fn update<R: Real>([lr]: [R; 1], w: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        (w - lr * g, [])
    }
}

struct Momentum<const NESTEROV: bool>;

impl<const NESTEROV: bool> Update<1, 4> for Momentum<NESTEROV> {
    #[inline(always)]
    fn update<R: Real>([lr, momentum, share, ahead]: [R; 4], w: R, g: R, [v]: [R; 1]) -> (R, [R; 1]) {
        let v = momentum * v + share * g;
        let direction = if NESTEROV { ahead * g + momentum * v } else { v };
        (w - lr * direction, [v])
    }
}

impl Rule for Sgd {
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
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn check(&self) -> Result<()> {
        let problem = if self.nesterov && (self.momentum == 0.0 || self.dampening != 0.0) {
            "nesterov needs momentum above 0 and dampening 0"
        } else if self.ema && self.dampening != 0.0 {
            "ema sets the gradient's share itself and needs dampening 0"
        } else {
            return Ok(());
        };
        Err(Error::rule(ENTRY.name, problem))
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        if self.momentum == 0.0 {
            return pass.run(Plain, [at.lr]);
        }
        let momentum = at.momentum.unwrap_or(self.momentum);
        let share = match (self.ema, at.step) {
            (true, _) => 1.0 - momentum,
            (false, 0) => 1.0,
            (false, _) => 1.0 - self.dampening,
        };
        let ahead = if self.ema { 1.0 - momentum } else { 1.0 };
        let scalars = [at.lr, momentum, share, ahead];
        if self.nesterov { pass.run(Momentum::<true>, scalars) } else { pass.run(Momentum::<false>, scalars) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
