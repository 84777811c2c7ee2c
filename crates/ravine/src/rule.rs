//! What an update rule is.

use crate::error::Result;
use crate::hyper::{self, Hyper, Value};
use crate::pass::{Pass, Traffic};
use crate::real::Real;
use crate::wrappers::Wrapper;

/// An element-wise update: what one step does to one parameter, with `N` state slots and `K` scalars of the step.
///
/// It is a pure function of numbers and knows nothing of memory, threads, precision or devices. The engine compiles
/// it for each precision and vector width, and runs it over all tensors in one pass. [`Rule`] shows a whole one.
pub trait Update<const N: usize, const K: usize>: 'static {
    /// The new parameter and state from the parameter `w`, its gradient `g` and its state `s`. The gradient comes
    /// unscaled and clipped, both with [`Decay`] applied. The scalars `k` were computed in f64 and rounded once.
    ///
    /// Mark it `#[inline(always)]`, else the loop around it cannot be vectorised.
    fn update<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> (R, [R; N]);
}

/// A look at every element before an update: what [`Pass::reduce`] sums, with `N` state slots, `K` scalars and `M` sums.
///
/// ```
/// use ravine::{Real, Reduce};
///
/// /// The squares of the norms of weights and gradient.
/// struct Norms;
///
/// impl Reduce<0, 0, 2> for Norms {
///     #[inline(always)]
///     fn reduce<R: Real>(_: [R; 0], w: R, g: R, s: [R; 0]) -> ([R; 0], [R; 2]) {
///         (s, [w * w, g * g])
///     }
/// }
/// ```
pub trait Reduce<const N: usize, const K: usize, const M: usize>: 'static {
    /// The new state, and the numbers to be summed over all elements. Parameter and gradient come as for
    /// [`Update::update`]; the parameter cannot be changed.
    ///
    /// Mark it `#[inline(always)]`, else the loop around it cannot be vectorised.
    fn reduce<R: Real>(k: [R; K], w: R, g: R, s: [R; N]) -> ([R; N], [R; M]);
}

/// What a rule is told of the step at hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// Optimizer steps made before this one.
    pub step: u64,
    /// The learning rate of this step, after the schedules: finite and 0 or more.
    pub lr: f64,
    /// Momentum (first beta) of this step, where the schedule moves it: at least 0 and below 1. Rules without momentum
    /// leave it aside, as do those whose momentum is 0 and so keep no state for it.
    pub momentum: Option<f64>,
}

/// A value that a rule keeps for each parameter element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    pub(crate) name: &'static str,
    pub(crate) init: f64,
    pub(crate) signed: bool,
    pub(crate) inexact: bool,
}

impl Slot {
    /// A slot that starts at `init`. Its name is PyTorch's where PyTorch has it; checkpoints use it. Each slot of a rule has
    /// another, without '/', and `ema`, `swa`, `slow`, `residual`, `master` and what begins with `lawa.` are the engine's own.
    pub const fn new(name: &'static str, init: f64) -> Self {
        Self { name, init, signed: true, inexact: true }
    }

    /// A slot that starts at 0.
    pub const fn zero(name: &'static str) -> Self {
        Self::new(name, 0.0)
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it starts from.
    pub const fn init(&self) -> f64 {
        self.init
    }

    /// Says that its values are never below 0, so that compact storage needs no sign.
    pub const fn non_negative(self) -> Self {
        Self { signed: false, ..self }
    }

    /// Says that its values must not be rounded to fewer bits, whatever [`Storage`](crate::Storage) is asked for.
    pub const fn exact(self) -> Self {
        Self { inexact: false, ..self }
    }
}

/// A buffer of a shape of its own that a rule keeps for a parameter tensor, such as a sum for each row. It is kept in the
/// type that is computed in.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    pub(crate) name: &'static str,
    pub(crate) shape: Vec<usize>,
    pub(crate) diagonal: f64,
    pub(crate) other: f64,
}

impl Buffer {
    /// A buffer of this shape, all `init`. The name follows the rules of [`Slot::new`].
    pub fn new(name: &'static str, shape: impl Into<Vec<usize>>, init: f64) -> Self {
        Self { name, shape: shape.into(), diagonal: init, other: init }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// A square matrix of `n` rows that starts as `scale` times the identity.
    pub fn identity(name: &'static str, n: usize, scale: f64) -> Self {
        Self { name, shape: vec![n, n], diagonal: scale, other: 0.0 }
    }

    /// Its values before the first step.
    pub(crate) fn filled<R: Real>(&self) -> Vec<R> {
        let mut values = vec![R::from_f64(self.other); self.shape.iter().product()];
        if self.diagonal != self.other {
            let n = self.shape[0];
            (0..n).for_each(|i| values[i * (n + 1)] = R::from_f64(self.diagonal));
        }
        values
    }
}

/// What weight decay does, before the rule sees parameter and gradient. The gradient is that to be stepped down: with
/// `maximize` its sign is turned first, as in PyTorch, so that decay shrinks the weights either way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// g += lambda w: the gradient of lambda/2 |w|^2.
    L2(f64),
    /// w *= 1 - lr lambda, with the learning rate of the step, [`At::lr`] (Loshchilov and Hutter, arXiv 1711.05101).
    Decoupled(f64),
}

impl Decay {
    /// L2 or decoupled decay of strength `lambda`.
    pub const fn new(lambda: f64, decoupled: bool) -> Self {
        if decoupled { Self::Decoupled(lambda) } else { Self::L2(lambda) }
    }
}

/// A rule and its wrappers.
pub type Unwrapped<'a> = (&'a dyn Rule, &'a [Box<dyn Wrapper>]);

/// An update rule with its hyper-parameters.
///
/// A rule of one's own is its hyper-parameters, an [`Update`], and a few lines to join them. It works wherever those of
/// the catalogue do: at every precision and vector width, in groups, with clipping and averaging, in checkpoints.
///
/// ```
/// use ravine::{At, Decay, Group, Optimizer, ParamSpec, Pass, Range, Real, Result, Rule, Slot, Update};
///
/// ravine::hyper! {
///     /// m = beta m + (1 - beta) g; w -= lr sign(m).
///     pub struct SignMomentum {
///         /// Learning rate.
///         lr: f64 = 1e-3, Range::NonNegative;
///         /// How much of the mean of the gradient each step keeps.
///         beta: f64 = 0.9, Range::UnitOpen;
///         /// Strength of the decoupled weight decay.
///         weight_decay: f64 = 0.0, Range::NonNegative;
///     }
/// }
///
/// struct Step;
///
/// impl Update<1, 2> for Step {
///     #[inline(always)]
///     fn update<R: Real>([lr, rest]: [R; 2], w: R, g: R, [m]: [R; 1]) -> (R, [R; 1]) {
///         let m = m + (g - m) * rest;
///         (w - lr.copysign(m), [m])
///     }
/// }
///
/// impl Rule for SignMomentum {
///     fn name(&self) -> &'static str {
///         "sign-momentum"
///     }
///     fn lr(&self) -> f64 {
///         self.lr
///     }
///     fn slots(&self) -> Vec<Slot> {
///         vec![Slot::zero("exp_avg")]
///     }
///     fn decay(&self) -> Decay {
///         Decay::Decoupled(self.weight_decay)
///     }
///     fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
///         pass.run(Step, [at.lr, 1.0 - at.momentum.unwrap_or(self.beta)])
///     }
///     fn boxed(&self) -> Box<dyn Rule> {
///         Box::new(self.clone())
///     }
/// }
///
/// let build = || {
///     Optimizer::builder(SignMomentum { lr: 0.5, ..Default::default() })
///         .group(Group::new("bias").set("lr", 0.25))
///         .build::<f32>(&[ParamSpec::new("weight", [2]), ParamSpec::new("bias", [1])])
/// };
/// let mut optimizer = build()?;
/// let (mut weight, mut bias) = ([1.0, 2.0], [3.0]);
/// optimizer.step(&mut [&mut weight, &mut bias], &mut [&mut [0.1, -7.0], &mut [2.0]])?;
/// assert_eq!((weight, bias), ([0.5, 2.5], [2.75]));
///
/// // Exact resume: the mean of weight[0] is still 0.01, and this gradient does not turn it.
/// let file = tempfile::NamedTempFile::new().unwrap();
/// optimizer.save(file.path())?;
/// let mut resumed = build()?;
/// resumed.load(file.path())?;
/// resumed.step(&mut [&mut weight, &mut bias], &mut [&mut [-0.05, 0.0], &mut [0.0]])?;
/// assert_eq!((weight, bias), ([0.0, 3.0], [2.5]));
/// # Ok::<(), ravine::Error>(())
/// ```
pub trait Rule: Hyper + Send + Sync {
    /// Its name in the catalogue and in checkpoints.
    fn name(&self) -> &'static str;
    /// The learning rate that schedules start from.
    fn lr(&self) -> f64;
    /// The state it keeps for each parameter element, in the order that its update takes it. It follows from the
    /// hyper-parameters alone.
    fn slots(&self) -> Vec<Slot>;
    /// The buffers it keeps for a parameter tensor of this shape, beside its slots. Default: none.
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        let _ = shape;
        Vec::new()
    }
    /// The numbers it keeps for all parameters of a group together, in f64, by name and what they start from: see
    /// [`Pass::memory`]. Default: none.
    fn memory(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
    /// The numbers it keeps for each parameter tensor, in f64, by name and what they start from. Default: none.
    fn tensor_memory(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
    /// Its weight decay.
    fn decay(&self) -> Decay;
    /// The standard deviation of the normal noise that is added to each element of the gradient in this step, after
    /// unscaling and clipping. Default: 0.
    fn noise(&self, at: At) -> f64 {
        let _ = at;
        0.0
    }
    /// Where the weights to evaluate with are not those that are trained: the slot they are mixed from, and how much of
    /// the result it makes up: `(1 - weight) w + weight slot`. Default: the trained weights are.
    fn evaluation(&self) -> Option<(usize, f64)> {
        None
    }
    /// Whether the hyper-parameters, each within its range, go together. Asked when an optimizer is built, a
    /// hyper-parameter is set, and a checkpoint loaded. By default all do.
    ///
    /// # Errors
    /// What does not, as an [`Error::rule`](crate::Error::rule).
    fn check(&self) -> Result<()> {
        Ok(())
    }
    /// Makes one step: computes the step's scalars and runs one [`Update`] or [`TensorUpdate`](crate::TensorUpdate) over
    /// `pass`, perhaps after some [`Reduce`]s. The same `at` must lead to the
    /// same update: each step is first asked for with a pass that touches nothing, so that a rule that refuses does so
    /// before anything is written.
    ///
    /// # Errors
    /// Those of [`Pass::run`].
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()>;
    /// Takes in an estimate of curvature, which `pass` shows in place of the gradient, with [`Reduce`]s alone: see
    /// [`Optimizer::observe_curvature`](crate::Optimizer::observe_curvature). Default: it is not taken.
    ///
    /// # Errors
    /// Those of [`Pass::reduce`].
    fn observe(&self, at: At, pass: &mut Pass<'_>) -> Result<bool> {
        let _ = (at, pass);
        Ok(false)
    }
    /// The rule itself and its wrappers, where this is one that was read from a text with [`wrappers`](crate::wrappers).
    /// Default: it is not.
    fn wrapped(&self) -> Option<Unwrapped<'_>> {
        None
    }
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

    /// How its step goes over memory, as told by one that touches nothing.
    ///
    /// # Errors
    /// Those of its step.
    pub fn traffic(&self) -> Result<Traffic> {
        let mut memory: Vec<f64> = self.memory().iter().map(|(_, init)| *init).collect();
        let mut pass = Pass::check(self.name(), self.slots().len(), &mut memory);
        self.step(At { step: 1, lr: self.lr(), momentum: None }, &mut pass)?;
        Ok(pass.traffic())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_what_a_step_asks_for() {
        let rule = crate::rules::parse("adam").unwrap();
        assert_eq!(rule.traffic().unwrap(), Traffic { looks: 0, whole: false });
    }

    #[test]
    fn powers_are_right_to_the_last_places_at_any_step_count() {
        assert_eq!([0, 1, 2, 10].map(|n| power(0.5, n)), [1.0, 0.5, 0.25, 0.0009765625]);
        assert_eq!([power(0.0, 0), power(0.0, 1), power(0.999, u64::MAX)], [1.0, 0.0, 0.0]);
        for n in [1, 7, 1000, 1_000_000] {
            let exact = (n as f64 * 0.999_999f64.ln()).exp();
            assert!((power(0.999_999, n) / exact - 1.0).abs() < 1e-9, "{n}");
        }
    }
}
