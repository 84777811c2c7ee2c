//! Building an optimizer.

use crate::ema::Ema;
use crate::error::{Kind, Result};
use crate::group::{Group, GroupState};
use crate::metric_schedule::MetricSchedule;
use crate::optimizer::Optimizer;
use crate::params::ParamSpec;
use crate::pass::Element;
use crate::rule::Rule;
use crate::schedule::Schedule;
use crate::simd::Level;
use std::collections::HashSet;
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
    pub(crate) clip_norm: Option<f64>,
    pub(crate) clip_value: f64,
    pub(crate) guard: Guard,
    pub(crate) ema: Option<Ema>,
    pub(crate) zero_grad: bool,
    pub(crate) accumulate: u64,
    pub(crate) loss_scale: f64,
    pub(crate) metric_schedule: Option<Box<dyn MetricSchedule>>,
    pub(crate) level: Level,
}

impl Builder {
    /// An optimizer of this rule with every option at its default.
    pub(crate) fn new(rule: Box<dyn Rule>) -> Self {
        let options = Options {
            clip_norm: None,
            clip_value: f64::INFINITY,
            guard: Guard::default(),
            ema: None,
            zero_grad: false,
            accumulate: 1,
            loss_scale: 1.0,
            metric_schedule: None,
            level: Level::widest(),
        };
        Self { rule, schedule: None, groups: Vec::new(), maximize: false, options }
    }

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
        Ok(Optimizer::new(params.to_vec(), groups, options))
    }
}

fn check(option: &'static str, holds: bool, expected: &'static str, got: impl ToString) -> Result<()> {
    if holds { Ok(()) } else { Err(Kind::BadOption { option, expected, got: got.to_string() }.into()) }
}

/// A loss scale whose reciprocal would be rounded to 0 or infinity would lose the gradient.
pub(crate) fn check_loss_scale<T: Element>(scale: f64, accumulate: u64) -> Result<()> {
    let factor: f64 = T::from_f64(1.0 / (scale * accumulate as f64)).into();
    let holds = scale > 0.0 && factor.is_finite() && factor > 0.0;
    check("loss_scale", holds, "finite and above 0, as its reciprocal must be in the gradient's type", scale)
}
