//! Building an optimizer.

use crate::average::{Average, Ema, Lawa, Swa};
use crate::element::Element;
use crate::error::{Kind, Result};
use crate::extras::{Extras, GradientNoise, Rounding};
use crate::group::{Group, GroupState};
use crate::hyper;
use crate::lookahead::Lookahead;
use crate::loss_scaler::{LossScaler, Scaling};
use crate::metric_schedule::MetricSchedule;
use crate::optimizer::Optimizer;
use crate::params::ParamSpec;
use crate::prepare::{Agc, Prepare};
use crate::real::Real;
use crate::rule::Rule;
use crate::sam::Sam;
use crate::schedule::Schedule;
use crate::simd::Level;
use crate::state::Storage;
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
    pub(crate) guard: Guard,
    pub(crate) accumulate: u64,
    pub(crate) loss_scale: f64,
    pub(crate) sam: Option<Sam>,
    pub(crate) loss_scaler: Option<Scaling>,
    pub(crate) metric_schedule: Option<Box<dyn MetricSchedule>>,
    pub(crate) extras: Extras,
}

impl Builder {
    /// An optimizer of this rule with every option at its default.
    pub(crate) fn new(rule: Box<dyn Rule>) -> Self {
        let extras = Extras {
            storage: Storage::Full,
            rounding: Rounding::Nearest,
            seed: 0,
            clip_value: f64::INFINITY,
            prepare: Prepare::default(),
            noise: None,
            cautious: false,
            lookahead: None,
            average: None,
            zero_grad: false,
            level: Level::widest(),
        };
        let options = Options {
            clip_norm: None,
            guard: Guard::default(),
            accumulate: 1,
            loss_scale: 1.0,
            sam: None,
            loss_scaler: None,
            metric_schedule: None,
            extras,
        };
        let (own, wrappers) = match rule.wrapped() {
            Some((rule, wrappers)) => {
                (Some(rule.boxed()), wrappers.iter().map(|wrapper| wrapper.boxed()).collect())
            }
            None => (None, Vec::new()),
        };
        let rule = own.unwrap_or(rule);
        let builder = Self { rule, schedule: None, groups: Vec::new(), maximize: false, options };
        wrappers.iter().fold(builder, |builder, wrapper| wrapper.wrap(builder))
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

    /// Adds several groups, such as those of [`layer_decay`](crate::layer_decay).
    pub fn groups(mut self, groups: impl IntoIterator<Item = Group>) -> Self {
        self.groups.extend(groups);
        self
    }

    /// Freezes the parameters whose names match the pattern, and which no group before takes: see [`Group::freeze`].
    pub fn freeze(self, pattern: impl Into<String>) -> Self {
        self.group(Group::new(pattern).freeze())
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
        self.options.extras.clip_value = limit;
        self
    }

    /// Adaptive gradient clipping: scales the gradient of a unit down to `clip` times the norm of the unit's weights,
    /// which counts as `eps` at least, where it is larger (Brock et al., arXiv 2102.06171, section 4):
    /// `g *= clip max(|w|, eps) / |g|`. A unit is what feeds one output, all weights with the same first index; a vector
    /// is one unit. Both above 0; the paper has 0.01 and 1e-3.
    ///
    /// It needs a reading and a writing of the gradients of its own. The gradient buffers are written, once the step is
    /// sure to be made: after it they hold the clipped gradient, as far as they are not zeroed. The norms of
    /// `clip_norm` and of [`Outcome`](crate::Outcome) are those before.
    pub fn agc(mut self, clip: f64, eps: f64) -> Self {
        self.options.extras.prepare.agc = Some(Agc { clip, eps });
        self
    }

    /// Gradient centralisation: takes its mean from the gradient of each unit (Yong et al., arXiv 2004.01461, equation 1).
    /// Units are those of [`agc`](Self::agc), which comes first, and as there the gradient buffers are written. Vectors
    /// are left alone. Default: off.
    pub fn centralize(mut self, on: bool) -> Self {
        self.options.extras.prepare.centralize = on;
        self
    }

    /// What to do about a gradient that is not finite. Default: [`Guard::Error`].
    pub fn guard(mut self, guard: Guard) -> Self {
        self.options.guard = guard;
        self
    }

    /// Keeps an exponential moving average of the weights, instead of any average asked for before.
    pub fn ema(mut self, ema: Ema) -> Self {
        self.options.extras.average = Some(Average::Ema(ema));
        self
    }

    /// Keeps a mean of the weights at some steps, instead of any average asked for before.
    pub fn swa(mut self, swa: Swa) -> Self {
        self.options.extras.average = Some(Average::Swa(swa));
        self
    }

    /// Keeps the latest weights of some steps for their mean, instead of any average asked for before.
    pub fn lawa(mut self, lawa: Lawa) -> Self {
        self.options.extras.average = Some(Average::Lawa(lawa));
        self
    }

    /// Lets slow weights follow those that the rule moves, and pull them back.
    pub fn lookahead(mut self, lookahead: Lookahead) -> Self {
        self.options.extras.lookahead = Some(lookahead);
        self
    }

    /// Leaves out what would move a weight up its gradient, and makes up for it: of the update u = w_new - w, what has
    /// u g < 0 is kept, and multiplied by the elements of the tensor over those that are kept, at most 1000 (Liang et
    /// al.,
    /// Cautious Optimizers, arXiv 2411.16085, algorithm 1). Decoupled weight decay is not part of u. Default: off.
    pub fn cautious(mut self, on: bool) -> Self {
        self.options.extras.cautious = on;
        self
    }

    /// Adds normal noise to the gradient, after clipping.
    pub fn gradient_noise(mut self, noise: GradientNoise) -> Self {
        self.options.extras.noise = Some(noise);
        self
    }

    /// Takes the gradient of each step at the worst weights nearby, so that minima are flat. Steps then are made by
    /// [`Optimizer::step_with`], or in two calls of [`Optimizer::climb`] and [`Optimizer::step`].
    pub fn sam(mut self, sam: Sam) -> Self {
        self.options.sam = Some(sam);
        self
    }

    /// How the state of the rule is kept. Default: in full.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.options.extras.storage = storage;
        self
    }

    /// How weights of 16 bits are rounded. Default: to the nearest.
    pub fn rounding(mut self, rounding: Rounding) -> Self {
        self.options.extras.rounding = rounding;
        self
    }

    /// The seed of everything random: noise and stochastic rounding. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.extras.seed = seed;
        self
    }

    /// Sets the gradients to 0 in the same pass. Default: off.
    pub fn zero_grad(mut self, on: bool) -> Self {
        self.options.extras.zero_grad = on;
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
        self.options.loss_scaler = None;
        self
    }

    /// Lets the loss scale follow the gradients: see [`LossScaler`]. Needs [`Guard::Skip`].
    pub fn loss_scaler(mut self, scaler: LossScaler) -> Self {
        self.options.loss_scale = scaler.init_scale;
        self.options.loss_scaler = Some(Scaling { scaler, good: 0 });
        self
    }

    /// Lets a metric move the learning rate of all groups, on top of their schedules: see [`Optimizer::observe`].
    pub fn metric_schedule(mut self, schedule: impl MetricSchedule + 'static) -> Self {
        self.options.metric_schedule = Some(Box::new(schedule));
        self
    }

    /// Limits the vector width, for tests and measurements. The results are the same. Default: the widest there is.
    pub fn simd(mut self, level: Level) -> Self {
        self.options.extras.level = level;
        self
    }

    /// The optimizer of these parameters, which must be given to each step in this order.
    ///
    /// # Errors
    /// No parameters; two of one name; more elements than fit into memory; a group that is left with none; an option
    /// or hyper-parameter out of range; hyper-parameters that do not go together.
    pub fn build<T: Element>(self, params: &[ParamSpec]) -> Result<Optimizer<T>> {
        let options = self.options;
        let extras = &options.extras;
        let (norm, value) = (options.clip_norm.unwrap_or(1.0), extras.clip_value);
        check("clip_norm", norm > 0.0, "above 0", norm)?;
        check("clip_value", value > 0.0, "above 0", value)?;
        check("accumulate", options.accumulate > 0, "1 or more", options.accumulate)?;
        check_loss_scale::<T>(options.loss_scale, options.accumulate)?;
        match extras.average {
            Some(Average::Ema(mut ema)) => hyper::check(&mut ema, "ema")?,
            Some(Average::Swa(mut swa)) => hyper::check(&mut swa, "swa")?,
            Some(Average::Lawa(mut lawa)) => hyper::check(&mut lawa, "lawa")?,
            None => {}
        }
        if let Some(Agc { clip, eps }) = extras.prepare.agc {
            let holds = |x: f64| x.is_finite() && x > 0.0;
            check("the clip of agc", holds(clip), "above 0", clip)?;
            check("the eps of agc", holds(eps), "above 0", eps)?;
        }
        if let Some(Sam { rho, adaptive }) = options.sam {
            let holds = |x: f64| x.is_finite() && x >= 0.0;
            let eta = adaptive.unwrap_or(0.0);
            check("the rho of sam", holds(rho), "0 or more", rho)?;
            check("the eta of sam", holds(eta), "0 or more", eta)?;
            check("accumulate", options.accumulate == 1, "1 with sam", options.accumulate)?;
        }
        if let Some(mut lookahead) = extras.lookahead {
            hyper::check(&mut lookahead, "lookahead")?;
        }
        if let Some(mut noise) = extras.noise {
            hyper::check(&mut noise, "noise")?;
        }
        if let Some(Scaling { mut scaler, .. }) = options.loss_scaler {
            hyper::check(&mut scaler, "the loss scaler")?;
            let guard = options.guard;
            check("the guard beside a loss scaler", guard == Guard::Skip, "Skip", format!("{guard:?}"))?;
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
        let groups = GroupState::resolve(
            params,
            self.rule,
            self.schedule,
            self.maximize,
            self.groups,
            &options.extras,
        )?;
        Ok(Optimizer::new(params.to_vec(), groups, options))
    }
}

fn check(option: &'static str, holds: bool, expected: &'static str, got: impl ToString) -> Result<()> {
    if holds { Ok(()) } else { Err(Kind::BadOption { option, expected, got: got.to_string() }.into()) }
}

/// A loss scale whose reciprocal would be rounded to 0 or infinity would lose the gradient.
pub(crate) fn check_loss_scale<T: Element>(scale: f64, accumulate: u64) -> Result<()> {
    let factor: f64 = T::Math::from_f64(1.0 / (scale * accumulate as f64)).into();
    let holds = scale > 0.0 && factor.is_finite() && factor > 0.0;
    check("loss_scale", holds, "finite and above 0, as its reciprocal must be in the gradient's type", scale)
}
