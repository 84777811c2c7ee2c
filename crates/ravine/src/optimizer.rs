//! The optimizer: parameter groups, and one step of all of them.

use crate::ema::Ema;
use crate::error::{Kind, Result};
use crate::group::{Group, GroupState, Moment};
use crate::hyper::Value;
use crate::metric_schedule::MetricSchedule;
use crate::params::ParamSpec;
use crate::pass::{self, Element, Plan, Tensor, Tensors};
use crate::rule::Rule;
use crate::rules;
use crate::schedule::Schedule;
use crate::simd::Level;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// What to do about a gradient that is NaN or infinite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guard {
    /// Refuse the step with an error that names the tensor.
    #[default]
    Error,
    /// Leave this step out and go on: parameters, state, average and step count stay, and micro-batches are counted
    /// from the first again. Where gradients are zeroed they are zeroed, so that the next step starts clean.
    Skip,
    /// Do not look: one reading of the gradients less, unless the norm is needed anyway. What is not finite passes into
    /// the weights; with `clip_norm` an infinite or NaN norm takes all weights along, as in PyTorch.
    Off,
}

/// What a call of [`Optimizer::step`] did.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Outcome {
    /// A step was made.
    Stepped {
        /// Global 2-norm of the unscaled gradient before clipping, where it was computed.
        grad_norm: Option<f64>,
        /// The factor that clipping by norm put on the gradient: 1 for none.
        clip: f64,
    },
    /// The gradient of micro-batch `micro` of `of` was kept for a later step.
    Accumulated {
        /// Micro-batches since the last step, this one included.
        micro: u64,
        /// Micro-batches in a step.
        of: u64,
    },
    /// The step was left out because the gradient of this tensor was not finite, or the norm of all too large for a
    /// number.
    Skipped {
        /// The tensor's name.
        tensor: String,
    },
}

/// Builds an [`Optimizer`]. Every option is off unless its method says otherwise; values are checked by
/// [`build`](Self::build).
#[must_use]
pub struct Builder {
    rule: Box<dyn Rule>,
    schedule: Option<Arc<dyn Schedule>>,
    groups: Vec<Group>,
    maximize: bool,
    options: Options,
}

pub(crate) struct Options {
    clip_norm: Option<f64>,
    clip_value: f64,
    guard: Guard,
    pub(crate) ema: Option<Ema>,
    zero_grad: bool,
    accumulate: u64,
    loss_scale: f64,
    pub(crate) metric_schedule: Option<Box<dyn MetricSchedule>>,
    level: Level,
}

impl Builder {
    /// The schedule of all groups without one of their own. Default: the rule's learning rate throughout.
    pub fn schedule(mut self, schedule: impl Schedule + 'static) -> Self {
        self.schedule = Some(Arc::new(schedule));
        self
    }

    /// Adds a parameter group. A parameter belongs to the first group whose pattern matches its name; those that
    /// match none make up the group `default`.
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Steps up the gradient instead of down, in all groups without a word of their own.
    pub fn maximize(mut self, on: bool) -> Self {
        self.maximize = on;
        self
    }

    /// Scales the whole gradient down to this global 2-norm where it is larger: by
    /// min(1, max_norm / (norm + 1e-6)), as PyTorch's `clip_grad_norm_` does. Above 0; infinity measures alone.
    pub fn clip_norm(mut self, max_norm: f64) -> Self {
        self.options.clip_norm = Some(max_norm);
        self
    }

    /// Limits each element of the gradient to this magnitude, above 0, after clipping by norm.
    pub fn clip_value(mut self, limit: f64) -> Self {
        self.options.clip_value = limit;
        self
    }

    /// What to do about a gradient that is not finite. Default: [`Guard::Error`].
    pub fn guard(mut self, guard: Guard) -> Self {
        self.options.guard = guard;
        self
    }

    /// Keeps an exponential moving average of the weights.
    pub fn ema(mut self, ema: Ema) -> Self {
        self.options.ema = Some(ema);
        self
    }

    /// Sets the gradients to 0 in the same pass. Default: off.
    pub fn zero_grad(mut self, on: bool) -> Self {
        self.options.zero_grad = on;
        self
    }

    /// Makes a step on every `n`-th call only, with the gradient divided by `n`. The caller's backward pass must add
    /// to the gradient buffers, and leave them alone between the calls. Default: 1.
    pub fn accumulate(mut self, n: u64) -> Self {
        self.options.accumulate = n;
        self
    }

    /// Divides the gradient by this, as is due when the loss was multiplied by it. Default: 1.
    pub fn loss_scale(mut self, scale: f64) -> Self {
        self.options.loss_scale = scale;
        self
    }

    /// Lets a metric move the learning rate of all groups, on top of their schedules: see [`Optimizer::observe`].
    pub fn metric_schedule(mut self, schedule: impl MetricSchedule + 'static) -> Self {
        self.options.metric_schedule = Some(Box::new(schedule));
        self
    }

    /// Limits the vector width, for tests and measurements. The results are the same. Default: the widest there is.
    pub fn simd(mut self, level: Level) -> Self {
        self.options.level = level;
        self
    }

    /// The optimizer of these parameters, which must be given to each step in this order.
    ///
    /// # Errors
    /// No parameters; two of one name; more elements than fit into memory; a group that is left with none; an option
    /// or hyper-parameter out of range; hyper-parameters that do not go together.
    pub fn build<T: Element>(self, params: &[ParamSpec]) -> Result<Optimizer<T>> {
        let options = self.options;
        let (norm, value) = (options.clip_norm.unwrap_or(1.0), options.clip_value);
        check("clip_norm", norm > 0.0, "above 0", norm)?;
        check("clip_value", value > 0.0, "above 0", value)?;
        check("accumulate", options.accumulate > 0, "1 or more", options.accumulate)?;
        check_loss_scale::<T>(options.loss_scale, options.accumulate)?;
        if let Some(Ema { decay, .. }) = options.ema {
            check("the decay of ema", (0.0..1.0).contains(&decay), "at least 0 and below 1", decay)?;
        }
        if params.is_empty() {
            return Err(Kind::NoParameters.into());
        }
        let mut names = HashSet::new();
        if let Some(twice) = params.iter().find(|param| !names.insert(&param.name)) {
            return Err(Kind::DuplicateParameter { name: twice.name.clone() }.into());
        }
        let mut room = isize::MAX as usize / size_of::<T>();
        for param in params {
            let (name, shape) = (&param.name, &param.shape);
            let left = room.checked_sub(param.len());
            room = left.ok_or_else(|| Kind::TooLarge { name: name.clone(), shape: shape.clone() })?;
        }
        let groups = GroupState::resolve(params, self.rule, self.schedule, self.maximize, self.groups)?;
        let plan = Plan::new(params.iter().map(ParamSpec::len).enumerate());
        Ok(Optimizer {
            params: params.to_vec(),
            groups,
            plan,
            memory: Vec::new(),
            options,
            step: 0,
            micro: 0,
        })
    }
}

fn check(option: &'static str, holds: bool, expected: &'static str, got: impl ToString) -> Result<()> {
    if holds { Ok(()) } else { Err(Kind::BadOption { option, expected, got: got.to_string() }.into()) }
}

/// A loss scale whose reciprocal would be rounded to 0 or infinity would lose the gradient.
fn check_loss_scale<T: Element>(scale: f64, accumulate: u64) -> Result<()> {
    let factor: f64 = T::from_f64(1.0 / (scale * accumulate as f64)).into();
    let holds = scale > 0.0 && factor.is_finite() && factor > 0.0;
    check("loss_scale", holds, "finite and above 0, as its reciprocal must be in the gradient's type", scale)
}

/// Steps named parameters along their gradients.
///
/// One step is one reading of the gradients, if the norm or the guard needs it, and one pass over parameters,
/// gradients and state that unscales, clips, decays, updates, averages and zeroes. The result does not depend on the
/// number of threads, on the vector width, or on how the elements are cut into tensors. Steps run on the rayon pool
/// they are called from.
///
/// ```
/// use ravine::{Optimizer, Outcome, ParamSpec, rules::AdamW};
///
/// let mut optimizer: Optimizer<f32> = Optimizer::builder(AdamW::default())
///     .clip_norm(1.0)
///     .build(&[ParamSpec::new("weight", [3])])?;
/// let mut weight = [1.0, 2.0, 3.0];
/// let mut grad = [0.1, -0.2, 0.3];
/// let outcome = optimizer.step(&mut [&mut weight], &mut [&mut grad])?;
/// assert!(matches!(outcome, Outcome::Stepped { clip: 1.0, .. }));
/// # Ok::<(), ravine::Error>(())
/// ```
pub struct Optimizer<T> {
    pub(crate) params: Vec<ParamSpec>,
    pub(crate) groups: Vec<GroupState<T>>,
    plan: Plan,
    /// Reused by each step for what it gathers.
    memory: Vec<Tensor<T>>,
    pub(crate) options: Options,
    pub(crate) step: u64,
    pub(crate) micro: u64,
}

impl Optimizer<f32> {
    /// Starts to build an optimizer of this rule.
    pub fn builder(rule: impl Rule + 'static) -> Builder {
        Self::builder_boxed(Box::new(rule))
    }

    /// The same for a rule from the catalogue.
    pub fn builder_boxed(rule: Box<dyn Rule>) -> Builder {
        Builder {
            rule,
            schedule: None,
            groups: Vec::new(),
            maximize: false,
            options: Options {
                clip_norm: None,
                clip_value: f64::INFINITY,
                guard: Guard::default(),
                ema: None,
                zero_grad: false,
                accumulate: 1,
                loss_scale: 1.0,
                metric_schedule: None,
                level: Level::widest(),
            },
        }
    }
}

impl<T: Element> Optimizer<T> {
    /// Makes one step. `values` and `grads` hold the parameters and their gradients in the order they were built with.
    ///
    /// # Errors
    /// A number or length of tensors that does not fit; under [`Guard::Error`] a gradient that is not finite; a schedule
    /// that gives a learning rate below 0 or not finite; a rule that refuses. Then nothing has changed.
    pub fn step(&mut self, values: &mut [&mut [T]], grads: &mut [&mut [T]]) -> Result<Outcome> {
        self.check_tensors("parameters", "parameter", values.len(), |i| values[i].len())?;
        self.check_tensors("gradients", "the gradient of", grads.len(), |i| grads[i].len())?;
        let mut memory = std::mem::take(&mut self.memory);
        let pairs = values.iter_mut().zip(grads).map(|(values, grads)| (&mut **values, &mut **grads));
        let outcome = self.step_tensors(Tensors::gather(&mut memory, pairs));
        self.memory = memory;
        outcome
    }

    /// Makes one step on parameters that lie end to end in one buffer, and their gradients in another.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_flat(&mut self, values: &mut [T], grads: &mut [T]) -> Result<Outcome> {
        for (what, got) in [("the buffer of", values.len()), ("the gradient buffer of", grads.len())] {
            if got != self.plan.total() {
                let (name, expected) = ("all parameters".into(), self.plan.total());
                return Err(Kind::TensorLength { what, name, expected, got }.into());
            }
        }
        let (mut values, mut grads) = (values, grads);
        let mut memory = std::mem::take(&mut self.memory);
        let pairs = self.params.iter().map(|param| {
            let (these, rest) = std::mem::take(&mut values).split_at_mut(param.len());
            let (those, others) = std::mem::take(&mut grads).split_at_mut(param.len());
            (values, grads) = (rest, others);
            (these, those)
        });
        let tensors = Tensors::gather(&mut memory, pairs);
        let outcome = self.step_tensors(tensors);
        self.memory = memory;
        outcome
    }

    fn step_tensors(&mut self, mut tensors: Tensors<'_, T>) -> Result<Outcome> {
        let options = &self.options;
        if self.micro + 1 < options.accumulate {
            self.micro += 1;
            return Ok(Outcome::Accumulated { micro: self.micro, of: options.accumulate });
        }
        let unscale = 1.0 / (options.loss_scale * options.accumulate as f64);
        let mut grad_norm = None;
        if options.guard != Guard::Off || options.clip_norm.is_some() {
            let norm = self.norm(&tensors) * unscale;
            if !norm.is_finite() && options.guard != Guard::Off {
                let (name, index, value) = self.first_non_finite(&tensors);
                if options.guard == Guard::Error {
                    return Err(match value.is_finite() {
                        true => Kind::NormOverflow { name, index, value },
                        false => Kind::NonFiniteGradient { name, index, value },
                    }
                    .into());
                }
                if options.zero_grad {
                    tensors.zero_grads();
                }
                self.micro = 0;
                return Ok(Outcome::Skipped { tensor: name });
            }
            grad_norm = Some(norm);
        }
        let clip = match (options.clip_norm, grad_norm) {
            (Some(max_norm), Some(norm)) => match max_norm / (norm + 1e-6) {
                factor if factor > 1.0 => 1.0,
                // NaN too.
                factor => factor,
            },
            _ => 1.0,
        };
        let moment = Moment {
            step: self.step,
            scale: unscale * clip,
            clip_value: options.clip_value,
            ema_weight: options.ema.map(|ema| 1.0 - ema.decay_at(self.step)),
            zero_grad: options.zero_grad,
            metric_schedule: options.metric_schedule.as_deref(),
            level: options.level,
        };
        for group in &self.groups {
            group.check(&moment)?;
        }
        for group in &mut self.groups {
            group.step(&mut tensors, &moment)?;
        }
        self.step = self.step.saturating_add(1);
        self.micro = 0;
        Ok(Outcome::Stepped { grad_norm, clip })
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The names of the groups: `default` for the parameters that no pattern matches, then the patterns.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    /// The learning rate of a group in the next step.
    ///
    /// # Errors
    /// No such group.
    pub fn lr(&self, group: &str) -> Result<f64> {
        Ok(self.groups[self.find(group)?].lr(self.step, self.options.metric_schedule.as_deref()))
    }

    /// Changes a hyper-parameter of a group between steps, such as `lr`.
    ///
    /// # Errors
    /// No such group or hyper-parameter; a value out of range, one that does not go with the others, or one that changes
    /// which state is kept.
    pub fn set(&mut self, group: &str, name: &str, value: impl Into<Value>) -> Result<()> {
        let index = self.find(group)?;
        self.groups[index].set(name, value.into())
    }

    /// Changes the factor that gradients are divided by: see [`Builder::loss_scale`]. Checkpoints do not hold it.
    ///
    /// # Errors
    /// Not finite and above 0, or its reciprocal is not in the gradient's type.
    pub fn set_loss_scale(&mut self, scale: f64) -> Result<()> {
        check_loss_scale::<T>(scale, self.options.accumulate)?;
        self.options.loss_scale = scale;
        Ok(())
    }

    /// Tells the metric schedule the latest value of its metric. True if that changed the learning rate; always false
    /// without a metric schedule.
    pub fn observe(&mut self, metric: f64) -> bool {
        self.options.metric_schedule.as_mut().is_some_and(|schedule| schedule.observe(metric))
    }

    /// Copies the average of the weights into buffers like those of the parameters, to evaluate with.
    ///
    /// # Errors
    /// No average is kept, or no step was made yet; buffers that do not fit.
    pub fn write_ema(&self, into: &mut [&mut [T]]) -> Result<()> {
        if self.options.ema.is_none() || self.step == 0 {
            return Err(Kind::NoEma.into());
        }
        self.check_tensors("the average's buffers", "the average's buffer for", into.len(), |i| {
            into[i].len()
        })?;
        for group in &self.groups {
            for (index, range) in group.plan.ranges() {
                into[index].copy_from_slice(&group.average[range]);
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize> {
        self.groups.iter().position(|group| group.name == name).ok_or_else(|| {
            let known = self.groups().collect::<Vec<_>>().join(", ");
            Kind::UnknownGroup { name: name.into(), known }.into()
        })
    }

    fn check_tensors(
        &self,
        all: &'static str,
        one: &'static str,
        count: usize,
        len: impl Fn(usize) -> usize,
    ) -> Result<()> {
        if count != self.params.len() {
            return Err(Kind::TensorCount { what: all, expected: self.params.len(), got: count }.into());
        }
        for (index, param) in self.params.iter().enumerate() {
            if len(index) != param.len() {
                let (name, expected, got) = (param.name.clone(), param.len(), len(index));
                return Err(Kind::TensorLength { what: one, name, expected, got }.into());
            }
        }
        Ok(())
    }

    /// The global 2-norm of the gradients as they are. Infinite or NaN only if one of them is, or if it is beyond the
    /// largest number.
    fn norm(&self, tensors: &Tensors<'_, T>) -> f64 {
        let sum = pass::sum_of_squares(&self.plan, tensors, self.options.level);
        if sum.is_finite() {
            return sum.sqrt();
        }
        // The squares of large f64 overflow where the numbers themselves do not.
        let all = || tensors.grads().flatten().map(|&g| g.into());
        let largest =
            all().fold(0.0, |largest: f64, g: f64| if g.abs() > largest { g.abs() } else { largest });
        if sum.is_nan() || largest.is_infinite() {
            return sum;
        }
        largest * all().map(|g: f64| (g / largest).powi(2)).sum::<f64>().sqrt()
    }

    /// The first element of the gradients that is not finite; if each is, the first of the largest.
    fn first_non_finite(&self, tensors: &Tensors<'_, T>) -> (String, usize, f64) {
        let mut found = (0, 0, 0.0);
        'all: for (tensor, grads) in tensors.grads().enumerate() {
            for (index, &g) in grads.iter().enumerate() {
                let g: f64 = g.into();
                if !g.is_finite() || g.abs() > f64::abs(found.2) {
                    found = (tensor, index, g);
                }
                if !g.is_finite() {
                    break 'all;
                }
            }
        }
        (self.params[found.0].name.clone(), found.1, found.2)
    }
}

impl<T> fmt::Debug for Optimizer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.iter().map(|group| (&group.name, rules::spec(&*group.rule)));
        f.debug_struct("Optimizer")
            .field("step", &self.step)
            .field("groups", &groups.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
