//! The optimizer: parameter groups, and one step of all of them.

use crate::builder::{Builder, Guard, Options, check_loss_scale};
use crate::element::Element;
use crate::error::{Kind, Result};
use crate::group::{GroupState, Moment};
use crate::hyper::Value;
use crate::params::ParamSpec;
use crate::plan::Plan;
use crate::rule::Rule;
use crate::rules;
use crate::sums;
use crate::tensors::{Tensor, Tensors};
use std::fmt;

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

/// What a look at the gradients before a step found.
pub(crate) enum Look {
    /// The norm of the unscaled gradient, if it was needed.
    Norm(Option<f64>),
    /// The gradient of this tensor is a reason to leave the step out.
    Skip(String),
}

/// Parameters and gradients that fit, as one step takes them.
pub(crate) fn gather<'a, T: Element>(
    memory: &'a mut Vec<Tensor<T>>,
    values: &'a mut [&mut [T]],
    grads: &'a mut [&mut [T]],
) -> Tensors<'a, T> {
    Tensors::gather(memory, values.iter_mut().zip(grads).map(|(values, grads)| (&mut **values, &mut **grads)))
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
pub struct Optimizer<T: Element> {
    pub(crate) params: Vec<ParamSpec>,
    pub(crate) groups: Vec<GroupState<T>>,
    /// Elements of all parameters.
    total: usize,
    /// How the elements that are not frozen are shared out, and which tensors hold them.
    plan: Plan,
    moving: Vec<bool>,
    /// Reused by each step for what it gathers.
    memory: Vec<Tensor<T>>,
    sums: Vec<f64>,
    /// Whether the weights are the worst nearby, and those that the step goes from: see [`climb`](Self::climb).
    pub(crate) climbed: bool,
    pub(crate) origin: Vec<T>,
    pub(crate) options: Options,
    pub(crate) step: u64,
    pub(crate) micro: u64,
}

impl Optimizer<f32> {
    /// Starts to build an optimizer of this rule.
    pub fn builder(rule: impl Rule + 'static) -> Builder {
        Builder::new(Box::new(rule))
    }

    /// The same for a rule from the catalogue.
    pub fn builder_boxed(rule: Box<dyn Rule>) -> Builder {
        Builder::new(rule)
    }
}

impl<T: Element> Optimizer<T> {
    pub(crate) fn new(params: Vec<ParamSpec>, groups: Vec<GroupState<T>>, options: Options) -> Self {
        let total = params.iter().map(ParamSpec::len).sum();
        let mut optimizer = Self {
            params,
            groups,
            total,
            plan: Plan::flat([]),
            moving: Vec::new(),
            memory: Vec::new(),
            sums: Vec::new(),
            climbed: false,
            origin: Vec::new(),
            options,
            step: 0,
            micro: 0,
        };
        optimizer.plan_anew();
        optimizer
    }

    /// Plans what is to be read, once groups have been frozen or not.
    pub(crate) fn plan_anew(&mut self) {
        self.moving = vec![true; self.params.len()];
        for group in self.groups.iter().filter(|group| group.frozen) {
            group.indices.iter().for_each(|&index| self.moving[index] = false);
        }
        let len = |(param, &moving): (&ParamSpec, &bool)| if moving { param.len() } else { 0 };
        self.plan = Plan::flat(self.params.iter().zip(&self.moving).map(len));
    }

    /// Makes one step. `values` and `grads` hold the parameters and their gradients in the order they were built with.
    ///
    /// # Errors
    /// A number or length of tensors that does not fit; under [`Guard::Error`] a gradient that is not finite; a
    /// schedule
    /// that gives a learning rate below 0 or not finite; a rule that refuses. Then nothing has changed.
    pub fn step(&mut self, values: &mut [&mut [T]], grads: &mut [&mut [T]]) -> Result<Outcome> {
        self.check_pairs(values, grads)?;
        self.come_back(values.iter_mut().map(|values| &mut **values))?;
        let mut memory = std::mem::take(&mut self.memory);
        let outcome = self.step_tensors(gather(&mut memory, values, grads));
        self.memory = memory;
        outcome
    }

    /// Whether parameters and gradients fit.
    pub(crate) fn check_pairs(&self, values: &[&mut [T]], grads: &[&mut [T]]) -> Result<()> {
        self.check_tensors("parameters", "parameter", values.len(), |i| values[i].len())?;
        self.check_tensors("gradients", "the gradient of", grads.len(), |i| grads[i].len())
    }

    /// Whether buffers of all parameters and gradients have this many elements.
    pub(crate) fn check_flat(&self, values: usize, grads: usize) -> Result<()> {
        for (what, got) in [("the buffer of", values), ("the gradient buffer of", grads)] {
            if got != self.total {
                let (name, expected) = ("all parameters".into(), self.total);
                return Err(Kind::TensorLength { what, name, expected, got }.into());
            }
        }
        Ok(())
    }

    /// Makes one step on parameters that lie end to end in one buffer, and their gradients in another.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_flat(&mut self, values: &mut [T], grads: &mut [T]) -> Result<Outcome> {
        self.check_flat(values.len(), grads.len())?;
        self.come_back(std::iter::once(&mut *values))?;
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
        if self.micro + 1 < self.options.accumulate {
            self.micro += 1;
            return Ok(Outcome::Accumulated { micro: self.micro, of: self.options.accumulate });
        }
        let grad_norm = match self.look(&mut tensors)? {
            Look::Norm(norm) => norm,
            Look::Skip(tensor) => return Ok(Outcome::Skipped { tensor }),
        };
        let options = &self.options;
        let unscale = 1.0 / (options.loss_scale * options.accumulate as f64);
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
            metric_schedule: options.metric_schedule.as_deref(),
            options: &options.extras,
            level: options.extras.level,
        };
        for group in &mut self.groups {
            group.check(&moment)?;
        }
        options.extras.prepare.apply(&mut tensors, &self.params, &self.moving, unscale, options.extras.level);
        for group in &mut self.groups {
            group.step(&mut tensors, &moment)?;
        }
        self.step = self.step.saturating_add(1);
        self.micro = 0;
        self.rescale(false);
        Ok(Outcome::Stepped { grad_norm, clip })
    }

    /// Looks at all gradients once, if the guard or clipping needs it.
    pub(crate) fn look(&mut self, tensors: &mut Tensors<'_, T>) -> Result<Look> {
        let norm = match self.options.guard != Guard::Off || self.options.clip_norm.is_some() {
            true => self.norm(tensors),
            false => return Ok(Look::Norm(None)),
        };
        let options = &self.options;
        let norm = norm * (1.0 / (options.loss_scale * options.accumulate as f64));
        if norm.is_finite() || options.guard == Guard::Off {
            return Ok(Look::Norm(Some(norm)));
        }
        let (name, index, value) = self.first_non_finite(tensors);
        if options.guard == Guard::Error {
            return Err(match value.is_finite() {
                true => Kind::NormOverflow { name, index, value },
                false => Kind::NonFiniteGradient { name, index, value },
            }
            .into());
        }
        if options.extras.zero_grad {
            tensors.zero_grads();
        }
        self.micro = 0;
        self.rescale(true);
        Ok(Look::Skip(name))
    }

    /// Lets the loss scaler, if there is one, set the scale of the next step.
    fn rescale(&mut self, skipped: bool) {
        if let Some(scaling) = &mut self.options.loss_scaler {
            let scale = scaling.next(self.options.loss_scale, skipped);
            // One that the gradient's type has no reciprocal of is not taken up.
            if check_loss_scale::<T>(scale, self.options.accumulate).is_ok() {
                self.options.loss_scale = scale;
            }
        }
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Bytes of memory that the optimizer keeps from step to step: the state of its rules, averages, slow weights,
    /// and what
    /// is kept beside weights of 16 bits. All of it is there after the first step.
    pub fn state_bytes(&self) -> usize {
        self.groups.iter().map(GroupState::state_bytes).sum()
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
    /// No such group or hyper-parameter; a value out of range, one that does not go with the others, or one that
    /// changes
    /// which state is kept.
    pub fn set(&mut self, group: &str, name: &str, value: impl Into<Value>) -> Result<()> {
        let index = self.find(group)?;
        self.groups[index].set(name, value.into())
    }

    /// Freezes a group from the next step on; its state stays: see [`Group::freeze`](crate::Group::freeze).
    ///
    /// # Errors
    /// No such group.
    pub fn freeze(&mut self, group: &str) -> Result<()> {
        let index = self.find(group)?;
        self.groups[index].frozen = true;
        self.plan_anew();
        Ok(())
    }

    /// Lets a frozen group move again from the next step on. Checkpoints hold which groups are frozen.
    ///
    /// # Errors
    /// No such group.
    pub fn unfreeze(&mut self, group: &str) -> Result<()> {
        let index = self.find(group)?;
        let group = &mut self.groups[index];
        if group.stateless {
            group.lay_out(&self.options.extras);
        }
        group.frozen = false;
        self.plan_anew();
        Ok(())
    }

    /// The factor that the gradients of the next step are divided by, and the loss must be multiplied by.
    pub fn loss_scale(&self) -> f64 {
        self.options.loss_scale
    }

    /// Changes the factor that gradients are divided by: see [`Builder::loss_scale`]. Checkpoints do not hold it, but
    /// that of a [`LossScaler`](crate::LossScaler).
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

    /// Gives the rules an estimate of the Hessian's diagonal, or a gradient that they make one of: see
    /// [`Sophia`](crate::rules::Sophia). The buffers are as for [`step`](Self::step); nothing but the rules' state changes. The
    /// loss scale is divided out; there is neither clipping nor decay, and no micro-batches.
    ///
    /// # Errors
    /// A number or length of tensors that does not fit; an estimate that is not finite; no group's rule takes one. Then nothing
    /// has changed.
    pub fn observe_curvature(&mut self, values: &mut [&mut [T]], estimate: &mut [&mut [T]]) -> Result<()> {
        self.check_tensors("parameters", "parameter", values.len(), |i| values[i].len())?;
        self.check_tensors("estimates", "the estimate of", estimate.len(), |i| estimate[i].len())?;
        let mut memory = std::mem::take(&mut self.memory);
        let pairs = values.iter_mut().zip(estimate).map(|(values, grads)| (&mut **values, &mut **grads));
        let taken = self.observe_tensors(Tensors::gather(&mut memory, pairs));
        self.memory = memory;
        taken
    }

    fn observe_tensors(&mut self, mut tensors: Tensors<'_, T>) -> Result<()> {
        let norm = self.norm(&tensors);
        if !norm.is_finite() {
            let (name, index, value) = self.first_non_finite(&tensors);
            if !value.is_finite() {
                return Err(Kind::NonFiniteGradient { name, index, value }.into());
            }
        }
        let moment = Moment {
            step: self.step,
            scale: 1.0 / self.options.loss_scale,
            metric_schedule: self.options.metric_schedule.as_deref(),
            options: &self.options.extras,
            level: self.options.extras.level,
        };
        let mut taken = false;
        for group in self.groups.iter_mut().filter(|group| !group.frozen) {
            taken |= group.observe(&mut tensors, &moment)?;
        }
        if taken { Ok(()) } else { Err(Kind::NoCurvature.into()) }
    }

    /// Copies the average of the weights into buffers like those of the parameters, to evaluate with.
    ///
    /// # Errors
    /// No average is kept, or no weights were averaged yet; buffers that do not fit.
    pub fn write_average(&self, into: &mut [&mut [T]]) -> Result<()> {
        let level = self.options.extras.level;
        let average = self.options.extras.average.filter(|average| average.is_there(self.step));
        let Some(average) = average else { return Err(Kind::NoAverage.into()) };
        self.check_tensors("the average's buffers", "the average's buffer for", into.len(), |i| {
            into[i].len()
        })?;
        for group in &self.groups {
            for (member, &index) in group.indices.iter().enumerate() {
                let mean = group.averaged(average, member, self.step, level);
                let mean = mean.expect("it is there since the first step");
                into[index].iter_mut().zip(mean).for_each(|(into, x)| *into = T::nearest(x));
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

    pub(crate) fn check_tensors(
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
    pub(crate) fn norm(&mut self, tensors: &Tensors<'_, T>) -> f64 {
        let sum = sums::sum_of_squares(&self.plan, tensors, self.options.extras.level, &mut self.sums);
        if sum.is_finite() {
            return sum.sqrt();
        }
        // The squares of large f64 overflow where the numbers themselves do not.
        let moving = tensors.all_grads().zip(&self.moving).filter(|(_, moving)| **moving);
        let all = || moving.clone().flat_map(|(grads, _)| grads).map(|&g| g.into());
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
        'all: for (tensor, grads) in tensors.all_grads().enumerate().filter(|(i, _)| self.moving[*i]) {
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

impl<T: Element> fmt::Debug for Optimizer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.iter().map(|group| (&group.name, rules::spec(&*group.rule)));
        f.debug_struct("Optimizer")
            .field("step", &self.step)
            .field("groups", &groups.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
