//! What an update rule is.

use crate::error::Result;
use crate::hyper::{self, Hyper, Value};
use crate::pass::Pass;
use crate::real::Real;

/// An element-wise update: what one step does to one parameter, with `N` state slots and `K` scalars of the step.
///
/// It is a pure function of numbers and knows nothing of memory, threads, precision or devices. The engine compiles
/// it for each precision and vector width, and runs it over all tensors in one pass.
pub trait Update<const N: usize, const K: usize>: 'static {
    /// The new parameter and state from the parameter `w`, its gradient `g` and its state `s`. The scalars `k` were
    /// computed in f64 and rounded once.
    ///
    /// Mark it `#[inline(always)]`, else the loop around it cannot be vectorised.
    fn update<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> (R, [R; N]);
}

/// What a rule is told of the step at hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// Optimizer steps made before this one.
    pub step: u64,
    /// The learning rate of this step.
    pub lr: f64,
    /// Momentum (first beta) of this step, where the schedule moves it.
    pub momentum: Option<f64>,
}

/// A value that a rule keeps for each parameter element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Its name, PyTorch's where PyTorch has it; checkpoints use it.
    pub name: &'static str,
    /// Its value before the first step.
    pub init: f64,
}

impl Slot {
    /// A slot that starts at 0.
    pub const fn zero(name: &'static str) -> Self {
        Self { name, init: 0.0 }
    }
}

/// What weight decay does, before the rule sees parameter and gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// g += lambda w: the gradient of lambda/2 |w|^2.
    L2(f64),
    /// w *= 1 - lr lambda (Loshchilov and Hutter, arXiv 1711.05101).
    Decoupled(f64),
}

impl Decay {
    /// L2 or decoupled decay of strength `lambda`.
    pub const fn new(lambda: f64, decoupled: bool) -> Self {
        if decoupled { Self::Decoupled(lambda) } else { Self::L2(lambda) }
    }
}

/// An update rule with its hyper-parameters.
pub trait Rule: Hyper + Send + Sync {
    /// Its name in the catalogue and in checkpoints.
    fn name(&self) -> &'static str;
    /// The learning rate that schedules start from.
    fn lr(&self) -> f64;
    /// The state it keeps for each parameter element, in the order that its update takes it.
    fn slots(&self) -> Vec<Slot>;
    /// Its weight decay.
    fn decay(&self) -> Decay;
    /// Makes one step: computes the step's scalars and runs an [`Update`] over `pass`.
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()>;
    /// A copy of it.
    fn boxed(&self) -> Box<dyn Rule>;
}

impl dyn Rule {
    /// Sets a hyper-parameter after checking its name and range.
    ///
    /// # Errors
    /// No such hyper-parameter, or a value out of its range.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<()> {
        let owner = self.name();
        hyper::set(self, owner, name, value.into())
    }
}

/// base^exponent by repeated squaring: the same bits on every platform, unlike `powi`.
pub(crate) fn power(base: f64, mut exponent: u64) -> f64 {
    let (mut result, mut square) = (1.0, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    result
}
