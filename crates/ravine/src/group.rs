//! Parameter groups.

use crate::checkpoint::EMA;
use crate::error::{Error, Kind, Result};
use crate::hyper::{self, Value};
use crate::metric_schedule::MetricSchedule;
use crate::params::{self, ParamSpec};
use crate::pass::{Before, Element, Job, Pass};
use crate::plan::Plan;
use crate::rule::{At, Decay, Rule, Slot};
use crate::schedule::Schedule;
use crate::simd::Level;
use crate::tensors::Tensors;
use std::sync::Arc;

/// The name of the group of all parameters that no other group takes.
const DEFAULT: &str = "default";

/// Parameters chosen by name, with a rule, hyper-parameters or a schedule of their own.
///
/// ```
/// use ravine::{Group, Optimizer, ParamSpec, rules::AdamW};
///
/// let params = [ParamSpec::new("0.weight", [10, 4]), ParamSpec::new("0.bias", [4])];
/// let optimizer: Optimizer<f32> = Optimizer::builder(AdamW::default())
///     .group(Group::new("*.bias").set("weight_decay", 0.0))
///     .build(&params)?;
/// # Ok::<(), ravine::Error>(())
/// ```
#[must_use]
pub struct Group {
    pattern: String,
    rule: Option<Box<dyn Rule>>,
    changes: Vec<(String, Value)>,
    schedule: Option<Arc<dyn Schedule>>,
    maximize: Option<bool>,
}

impl Group {
    /// The parameters whose name matches `pattern`, where `*` stands for any text, and which no group before this one
    /// takes. What is not said of them is as in the optimizer. The pattern is the group's name.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self { pattern: pattern.into(), rule: None, changes: Vec::new(), schedule: None, maximize: None }
    }

    /// Gives them another rule, with all its hyper-parameters.
    pub fn rule(mut self, rule: impl Rule + 'static) -> Self {
        self.rule = Some(Box::new(rule));
        self
    }

    /// Changes a hyper-parameter, such as `lr` or `weight_decay`. Checked when the optimizer is built.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.changes.push((name.into(), value.into()));
        self
    }

    /// Gives them another schedule.
    pub fn schedule(mut self, schedule: impl Schedule + 'static) -> Self {
        self.schedule = Some(Arc::new(schedule));
        self
    }

    /// Whether to step up their gradient instead of down.
    pub fn maximize(mut self, on: bool) -> Self {
        self.maximize = Some(on);
        self
    }
}

/// A group with its parameters found and its state laid out.
pub(crate) struct GroupState<T> {
    pub(crate) name: String,
    pub(crate) rule: Box<dyn Rule>,
    pub(crate) schedule: Option<Arc<dyn Schedule>>,
    pub(crate) plan: Plan,
    /// One buffer for each of the rule's slots, all tensors end to end.
    pub(crate) states: Vec<Vec<T>>,
    /// The average of the weights, all tensors end to end; empty before the first step and where it is off.
    pub(crate) average: Vec<T>,
    maximize: bool,
}

/// What all groups share in a step.
pub(crate) struct Moment<'a> {
    pub(crate) step: u64,
    pub(crate) scale: f64,
    pub(crate) clip_value: f64,
    pub(crate) ema_weight: Option<f64>,
    pub(crate) zero_grad: bool,
    pub(crate) metric_schedule: Option<&'a dyn MetricSchedule>,
    pub(crate) level: Level,
}

impl<T: Element> GroupState<T> {
    /// Hands each parameter to the first group that wants it, and the rest to the default group.
    pub(crate) fn resolve(
        params: &[ParamSpec],
        rule: Box<dyn Rule>,
        schedule: Option<Arc<dyn Schedule>>,
        maximize: bool,
        groups: Vec<Group>,
    ) -> Result<Vec<Self>> {
        let mut members = vec![Vec::new(); groups.len() + 1];
        for (index, param) in params.iter().enumerate() {
            let group = groups.iter().position(|group| params::matches(&group.pattern, &param.name));
            members[group.unwrap_or(groups.len())].push((index, param.len()));
        }
        let mut states = Vec::new();
        let rest = members.pop().expect("there is one more list than there are groups");
        if !rest.is_empty() {
            states.push(Self::new(DEFAULT.into(), rule.boxed(), schedule.clone(), maximize, rest)?);
        }
        for (group, members) in groups.into_iter().zip(members) {
            if group.pattern == DEFAULT {
                let expected = "another than 'default', which is the rest: write 'default*'";
                let got = format!("'{DEFAULT}'");
                return Err(Kind::BadOption { option: "the pattern of a group", expected, got }.into());
            }
            if members.is_empty() {
                return Err(empty(group.pattern, params).into());
            }
            let mut rule = group.rule.unwrap_or_else(|| rule.boxed());
            for (name, value) in group.changes {
                hyper::set(&mut *rule, &group.pattern, &name, value)?;
            }
            let schedule = group.schedule.or_else(|| schedule.clone());
            states.push(Self::new(
                group.pattern,
                rule,
                schedule,
                group.maximize.unwrap_or(maximize),
                members,
            )?);
        }
        Ok(states)
    }

    fn new(
        name: String,
        mut rule: Box<dyn Rule>,
        schedule: Option<Arc<dyn Schedule>>,
        maximize: bool,
        members: Vec<(usize, usize)>,
    ) -> Result<Self> {
        let owner = rule.name();
        hyper::check(&mut *rule, owner)?;
        rule.check()?;
        let slots = rule.slots();
        check_slots(owner, &slots)?;
        dry_run(&*rule, slots.len(), At { step: 0, lr: rule.lr(), momentum: None })?;
        let plan = Plan::new(members);
        let states = slots.iter().map(|slot| vec![T::from_f64(slot.init); plan.total()]).collect();
        Ok(Self { name, rule, schedule, plan, states, average: Vec::new(), maximize })
    }

    /// The learning rate of a step.
    pub(crate) fn lr(&self, step: u64, metric: Option<&dyn MetricSchedule>) -> f64 {
        let base = self.rule.lr();
        let lr = self.schedule.as_ref().map_or(base, |schedule| schedule.lr(base, step));
        metric.map_or(lr, |schedule| schedule.lr(lr))
    }

    /// Changes a hyper-parameter between steps.
    pub(crate) fn set(&mut self, key: &str, value: Value) -> Result<()> {
        let mut rule = self.rule.boxed();
        hyper::set(&mut *rule, &self.name, key, value)?;
        rule.check()?;
        let (from, to) = (self.rule.slots(), rule.slots());
        if from != to {
            let (owner, key) = (self.name.clone(), key.to_string());
            return Err(Kind::StateChange { owner, key, from: list(&from), to: list(&to) }.into());
        }
        self.rule = rule;
        Ok(())
    }

    /// What the rule is told of a step.
    fn at(&self, moment: &Moment<'_>) -> At {
        At {
            step: moment.step,
            lr: self.lr(moment.step, moment.metric_schedule),
            momentum: self.schedule.as_ref().and_then(|schedule| schedule.momentum(moment.step)),
        }
    }

    /// Fails where this group's part of a step would, and changes nothing.
    pub(crate) fn check(&self, moment: &Moment<'_>) -> Result<()> {
        let at = self.at(moment);
        let momentum = at.momentum.unwrap_or(0.0);
        for (what, got, holds, expected) in [
            ("learning rate", at.lr, at.lr.is_finite() && at.lr >= 0.0, "finite and 0 or more"),
            ("momentum", momentum, (0.0..1.0).contains(&momentum), "at least 0 and below 1"),
        ] {
            if !holds {
                let (group, step) = (self.name.clone(), at.step);
                return Err(Kind::BadScheduled { what, group, step, expected, got }.into());
            }
        }
        dry_run(&*self.rule, self.states.len(), at)
    }

    /// Makes this group's part of a step.
    pub(crate) fn step(&mut self, tensors: &mut Tensors<'_, T>, moment: &Moment<'_>) -> Result<()> {
        let at = self.at(moment);
        let (l2, keep) = match self.rule.decay() {
            Decay::L2(lambda) => (lambda, 1.0),
            Decay::Decoupled(lambda) => (0.0, 1.0 - at.lr * lambda),
        };
        let scale = if self.maximize { -moment.scale } else { moment.scale };
        let before = Before { scale, clip: moment.clip_value, l2, keep };
        if moment.ema_weight.is_some() && self.average.is_empty() {
            self.average = self.plan.ranges().flat_map(|(index, _)| tensors.values(index)).copied().collect();
        }
        let average = moment.ema_weight.map(|weight| (&mut self.average[..], weight));
        let job =
            Job::new(&self.plan, tensors, &mut self.states, average, before, moment.zero_grad, moment.level);
        self.rule.step(at, &mut T::pass(self.rule.name(), job))
    }
}

/// Why a group has no parameters.
fn empty(pattern: String, params: &[ParamSpec]) -> Kind {
    match params.iter().find(|param| params::matches(&pattern, &param.name)) {
        Some(first) => Kind::ShadowedGroup { pattern, first: first.name.clone() },
        None => {
            let known = params.iter().map(|param| param.name.as_str()).collect::<Vec<_>>().join(", ");
            Kind::EmptyGroup { pattern, known }
        }
    }
}

/// Asks a rule for a step with a pass that touches nothing.
fn dry_run(rule: &dyn Rule, slots: usize, at: At) -> Result<()> {
    let mut pass = Pass::check(rule.name(), slots);
    rule.step(at, &mut pass)?;
    pass.once()
}

/// Whether the slots can stand beside one another in a checkpoint.
fn check_slots(rule: &str, slots: &[Slot]) -> Result<()> {
    for (i, Slot { name, .. }) in slots.iter().enumerate() {
        if name.is_empty() || name.contains('/') || *name == EMA {
            let problem = format!("a state slot cannot be named '{name}'");
            return Err(Error::rule(rule, problem));
        }
        if slots[..i].iter().any(|slot| slot.name == *name) {
            return Err(Error::rule(rule, format!("two state slots are named '{name}'")));
        }
    }
    Ok(())
}

/// The slots, with what they start from where that is not 0.
fn list(slots: &[Slot]) -> String {
    let text = |slot: &Slot| match slot.init {
        0.0 => slot.name.to_string(),
        init => format!("{} from {init}", slot.name),
    };
    slots.iter().map(text).collect::<Vec<_>>().join(", ")
}
