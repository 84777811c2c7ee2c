//! Parameter groups.

use crate::average::Average;
use crate::element::{Element, Math};
use crate::error::{Error, Kind, Result};
use crate::extras::{Extras, Rounding};
use crate::hyper::{self, Value};
use crate::job::{Job, Scratch};
use crate::metric_schedule::MetricSchedule;
use crate::params::{self, ParamSpec};
use crate::pass::Pass;
use crate::plan::Plan;
use crate::random::Random;
use crate::rule::{At, Buffer, Decay, Rule, Slot, power};
use crate::schedule::Schedule;
use crate::simd::Level;
use crate::spot::{After, Before, Residual, Table};
use crate::state::{Format, Lane, Rounded, State};
use crate::tensors::Tensors;
use crate::threads::Pool;
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
    lr_factor: f64,
    frozen: bool,
}

impl Group {
    /// The parameters whose name matches `pattern`, where `*` stands for any text, and which no group before this one
    /// takes. What is not said of them is as in the optimizer. The pattern is the group's name.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            rule: None,
            changes: Vec::new(),
            schedule: None,
            maximize: None,
            lr_factor: 1.0,
            frozen: false,
        }
    }

    /// Gives them another rule, with all its hyper-parameters.
    pub fn rule(self, rule: impl Rule + 'static) -> Self {
        self.rule_boxed(Box::new(rule))
    }

    /// The same for a rule from the catalogue.
    pub fn rule_boxed(mut self, rule: Box<dyn Rule>) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Changes a hyper-parameter, such as `lr` or `weight_decay`. Checked when the optimizer is built.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.changes.push((name.into(), value.into()));
        self
    }

    /// Multiplies the learning rate that they would have: 0 or more.
    pub fn scale_lr(mut self, factor: f64) -> Self {
        self.lr_factor = factor;
        self
    }

    /// Leaves them as they are: steps do not change them, whatever their gradient is. It counts neither in the norm nor for
    /// the guard, and is set to 0 where that is asked for. Their rule keeps no state until [`Optimizer::unfreeze`].
    ///
    /// ```
    /// use ravine::{Optimizer, ParamSpec, rules::Sgd};
    ///
    /// let mut optimizer = Optimizer::builder(Sgd { lr: 1.0, ..Sgd::default() })
    ///     .freeze("backbone*")
    ///     .build::<f32>(&[ParamSpec::new("backbone.0", [1]), ParamSpec::new("head", [1])])?;
    /// let (mut backbone, mut head) = ([1.0], [1.0]);
    /// let _ = optimizer.step(&mut [&mut backbone, &mut head], &mut [&mut [3.0], &mut [3.0]])?;
    /// assert_eq!((backbone, head), ([1.0], [-2.0]));
    /// optimizer.unfreeze("backbone*")?;
    /// let _ = optimizer.step(&mut [&mut backbone, &mut head], &mut [&mut [3.0], &mut [0.0]])?;
    /// assert_eq!((backbone, head), ([-2.0], [-2.0]));
    /// # Ok::<(), ravine::Error>(())
    /// ```
    ///
    /// [`Optimizer::unfreeze`]: crate::Optimizer::unfreeze
    pub fn freeze(mut self) -> Self {
        self.frozen = true;
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

/// Groups whose learning rate falls from the output to the input: the last pattern's parameters learn at the full rate,
/// those of the one before at `decay` times that, and so on, lr decay^depth (Clark et al., ELECTRA, arXiv 2003.10555,
/// table 6; Bao et al., BEiT, arXiv 2106.08254, section 3). `patterns` go from the input to the output.
///
/// ```
/// use ravine::{Optimizer, ParamSpec, layer_decay, rules::AdamW};
///
/// let params = ["embed", "block.0.w", "block.1.w", "head"].map(|name| ParamSpec::new(name, [2]));
/// let optimizer = Optimizer::builder(AdamW { lr: 1.0, ..AdamW::default() })
///     .groups(layer_decay(0.5, ["embed", "block.0.*", "block.1.*"]))
///     .build::<f32>(&params)?;
/// assert_eq!(["embed", "block.1.*", "default"].map(|group| optimizer.lr(group).unwrap()), [0.25, 1.0, 1.0]);
/// # Ok::<(), ravine::Error>(())
/// ```
pub fn layer_decay<P: Into<String>>(decay: f64, patterns: impl IntoIterator<Item = P>) -> Vec<Group> {
    let patterns: Vec<String> = patterns.into_iter().map(P::into).collect();
    let layers = patterns.len();
    let group =
        |(i, pattern): (usize, String)| Group::new(pattern).scale_lr(power(decay, (layers - 1 - i) as u64));
    patterns.into_iter().enumerate().map(group).collect()
}

/// A group with its parameters found and its state laid out.
pub(crate) struct GroupState<T: Element> {
    pub(crate) name: String,
    pub(crate) rule: Box<dyn Rule>,
    pub(crate) schedule: Option<Arc<dyn Schedule>>,
    /// Its parameters, and the place of each among those of the optimizer.
    pub(crate) params: Vec<ParamSpec>,
    pub(crate) indices: Vec<usize>,
    /// The rule's slots.
    pub(crate) slots: Vec<State>,
    /// The rule's buffers of shapes of their own: for each parameter, each buffer.
    pub(crate) buffers: Vec<Vec<Vec<T::Math>>>,
    /// The rule's numbers for the group, and those for each parameter, one parameter's after the other's.
    pub(crate) memory: Vec<f64>,
    pub(crate) tensor_memory: Vec<f64>,
    /// What the engine keeps beside them; each is there from the first step on.
    pub(crate) average: Option<State>,
    /// The weights of which [`Lawa`](crate::Lawa) takes the mean.
    pub(crate) latest: Vec<State>,
    pub(crate) slow: Option<State>,
    pub(crate) residual: Option<State>,
    pub(crate) lens: Vec<usize>,
    pub(crate) starts: Vec<usize>,
    pub(crate) flat: Plan,
    pub(crate) by_tensor: Plan,
    maximize: bool,
    seed: u64,
    pub(crate) scratch: Scratch<T::Math>,
    pub(crate) lanes: Lanes,
    dry: Vec<f64>,
    /// Whether its parameters stay as they are.
    pub(crate) frozen: bool,
    /// Whether the rule keeps no state yet, as the group has been frozen from the start.
    pub(crate) stateless: bool,
}

/// Where everything lies in a step at hand; of no meaning between steps.
#[derive(Default)]
pub(crate) struct Lanes {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) columns: Vec<Format>,
}

/// What all groups share in a step.
pub(crate) struct Moment<'a> {
    pub(crate) step: u64,
    pub(crate) scale: f64,
    pub(crate) metric_schedule: Option<&'a dyn MetricSchedule>,
    pub(crate) options: &'a Extras,
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
        options: &Extras,
    ) -> Result<Vec<Self>> {
        let mut members = vec![Vec::new(); groups.len() + 1];
        for (index, param) in params.iter().enumerate() {
            let group = groups.iter().position(|group| params::matches(&group.pattern, &param.name));
            members[group.unwrap_or(groups.len())].push(index);
        }
        let mut states = Vec::new();
        let rest = members.pop().expect("there is one more list than there are groups");
        let members = members.into_iter();
        let mut add = |name: String,
                       mut rule: Box<dyn Rule>,
                       schedule,
                       maximize,
                       frozen,
                       factor,
                       indices: Vec<usize>| {
            if factor != 1.0 {
                let lr = rule.lr() * factor;
                hyper::set(&mut *rule, &name, "lr", Value::Float(lr))?;
            }
            let members = indices.iter().map(|&index| params[index].clone()).collect();
            // Noise of one group is not that of another.
            let seed = states.len() as u64;
            let mut group = Self::new(name, rule, schedule, maximize, members, indices, options, seed)?;
            if frozen {
                group.freeze_stateless();
            }
            states.push(group);
            Ok::<(), Error>(())
        };
        if !rest.is_empty() {
            add(DEFAULT.into(), rule.boxed(), schedule.clone(), maximize, false, 1.0, rest)?;
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
            let maximize = group.maximize.unwrap_or(maximize);
            add(group.pattern, rule, schedule, maximize, group.frozen, group.lr_factor, members)?;
        }
        Ok(states)
    }

    #[allow(clippy::too_many_arguments)]
    fn new(
        name: String,
        mut rule: Box<dyn Rule>,
        schedule: Option<Arc<dyn Schedule>>,
        maximize: bool,
        params: Vec<ParamSpec>,
        indices: Vec<usize>,
        options: &Extras,
        seed: u64,
    ) -> Result<Self> {
        let owner = rule.name();
        hyper::check(&mut *rule, owner)?;
        rule.check()?;
        let lens: Vec<usize> = params.iter().map(ParamSpec::len).collect();
        let starts = lens.iter().scan(0, |end, len| {
            *end += len;
            Some(*end - len)
        });
        let mut group = Self {
            slots: Vec::new(),
            buffers: Vec::new(),
            memory: Vec::new(),
            tensor_memory: Vec::new(),
            average: None,
            latest: Vec::new(),
            slow: None,
            residual: None,
            starts: starts.collect(),
            flat: Plan::flat(lens.iter().copied()),
            by_tensor: Plan::by_tensor(lens.iter().copied()),
            lens,
            scratch: Scratch::default(),
            lanes: Lanes::default(),
            dry: Vec::new(),
            name,
            rule,
            schedule,
            params,
            indices,
            maximize,
            seed,
            frozen: false,
            stateless: false,
        };
        check_names(&*group.rule, &group.params)?;
        group.lay_out(options);
        let at = At { step: 0, lr: group.rule.lr(), momentum: None };
        group.dry_run(at)?;
        Ok(group)
    }

    /// Lays out the rule's state as it is before the first step.
    pub(crate) fn lay_out(&mut self, options: &Extras) {
        let rule = &*self.rule;
        let state = |slot: &Slot| {
            let format = options.storage.format::<T::Math>(slot.signed, slot.inexact);
            State::new::<T::Math>(format, &self.lens, slot.init, options.level)
        };
        self.slots = rule.slots().iter().map(state).collect();
        self.buffers = self.params.iter().map(|param| buffers(rule, &param.shape)).collect();
        self.memory = rule.memory().iter().map(|(_, init)| *init).collect();
        let numbers = std::iter::repeat_n(rule.tensor_memory(), self.params.len()).flatten();
        self.tensor_memory = numbers.map(|(_, init)| init).collect();
        self.stateless = false;
    }

    /// Freezes the group before its first step, so that its rule need keep nothing.
    fn freeze_stateless(&mut self) {
        (self.slots, self.buffers) = (Vec::new(), Vec::new());
        (self.memory, self.tensor_memory) = (Vec::new(), Vec::new());
        (self.frozen, self.stateless) = (true, true);
    }

    /// The learning rate of a step.
    pub(crate) fn lr(&self, step: u64, metric: Option<&dyn MetricSchedule>) -> f64 {
        let base = self.rule.lr();
        let lr = self.schedule.as_ref().map_or(base, |schedule| schedule.lr(base, step));
        metric.map_or(lr, |schedule| schedule.lr(lr))
    }

    /// 1 where the loss rises along the gradient as seen by whoever minimises it, -1 with `maximize`.
    pub(crate) fn uphill(&self) -> f64 {
        if self.maximize { -1.0 } else { 1.0 }
    }

    /// Changes a hyper-parameter between steps.
    pub(crate) fn set(&mut self, key: &str, value: Value) -> Result<()> {
        let mut rule = self.rule.boxed();
        hyper::set(&mut *rule, &self.name, key, value)?;
        rule.check()?;
        let (from, to) = (kept(&*self.rule, &self.params), kept(&*rule, &self.params));
        if from != to {
            let (owner, key) = (self.name.clone(), key.to_string());
            return Err(Kind::StateChange { owner, key, from, to }.into());
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
    pub(crate) fn check(&mut self, moment: &Moment<'_>) -> Result<()> {
        if self.frozen {
            return Ok(());
        }
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
        self.dry_run(at)
    }

    /// Asks the rule for a step with a pass that touches nothing.
    fn dry_run(&mut self, at: At) -> Result<()> {
        self.dry.clone_from(&self.memory);
        dry_run(&*self.rule, at, self.slots.len(), &mut self.dry)
    }

    /// Lays out what the engine keeps beside the rule's state, from the weights as they are before the first step.
    fn begin(&mut self, tensors: &Tensors<'_, T>, moment: &Moment<'_>) {
        self.begin_average(tensors, moment);
        let options = moment.options;
        if let (None, Some(_)) = (&self.slow, options.lookahead) {
            self.slow = Some(self.weights(tensors, moment.level));
        }
        if self.residual.is_none() {
            self.residual = match options.residual::<T>() {
                Some(Residual::Master) => Some(self.weights(tensors, moment.level)),
                Some(Residual::Kahan) => Some(self.zeros(T::FORMAT, moment.level)),
                None => None,
            };
        }
    }

    /// Lays out the average of the weights, also of a frozen group.
    pub(crate) fn begin_average(&mut self, tensors: &Tensors<'_, T>, moment: &Moment<'_>) {
        let full = <T::Math as Element>::FORMAT;
        match moment.options.average {
            Some(Average::Ema(_)) if self.average.is_none() => {
                self.average = Some(self.weights(tensors, moment.level));
            }
            Some(Average::Swa(_)) if self.average.is_none() => {
                self.average = Some(self.zeros(full, moment.level));
            }
            Some(Average::Lawa(lawa)) if self.latest.is_empty() => {
                self.latest = (0..lawa.latest).map(|_| self.zeros(full, moment.level)).collect();
            }
            _ => {}
        }
    }

    /// State that is 0.
    fn zeros(&self, format: Format, level: Level) -> State {
        State::new::<T::Math>(format, &self.lens, 0.0, level)
    }

    /// A copy of the weights in full.
    fn weights(&self, tensors: &Tensors<'_, T>, level: Level) -> State {
        let mut state = self.zeros(<T::Math as Element>::FORMAT, level);
        for (member, &index) in self.indices.iter().enumerate() {
            let values: Vec<T::Math> = tensors.values(index).iter().map(|w| w.widen()).collect();
            state.write(member, &values, level);
        }
        state
    }

    /// Keeps a copy of the weights after a step, where [`Lawa`](crate::Lawa) wants one.
    pub(crate) fn keep_latest(&mut self, tensors: &Tensors<'_, T>, moment: &Moment<'_>) {
        let Some(Average::Lawa(lawa)) = moment.options.average else { return };
        let Some(place) = lawa.place(moment.step) else { return };
        for (member, &index) in self.indices.iter().enumerate() {
            let mut values = self.scratch.take(self.lens[member]);
            values.iter_mut().zip(tensors.values(index)).for_each(|(value, w)| *value = w.widen());
            self.latest[place].write(member, &values, moment.level);
            self.scratch.give(values);
        }
    }

    /// The average of a parameter's weights after `steps` steps, if one is kept and has begun.
    pub(crate) fn averaged(
        &self,
        average: Average,
        member: usize,
        steps: u64,
        level: Level,
    ) -> Option<Vec<f64>> {
        let read = |state: &State| state.read::<T::Math>(member, level).into_iter().map(Into::into);
        if !average.is_there(steps) {
            return None;
        }
        let Average::Lawa(lawa) = average else { return Some(read(self.average.as_ref()?).collect()) };
        let kept = self.latest.get(..lawa.kept(steps))?;
        let mut mean = vec![0.0; self.lens[member]];
        for state in kept {
            mean.iter_mut().zip(read(state)).for_each(|(mean, w): (&mut f64, f64)| *mean += w);
        }
        mean.iter_mut().for_each(|mean| *mean /= kept.len() as f64);
        Some(mean)
    }

    /// Bytes of memory that the state takes.
    pub(crate) fn state_bytes(&self) -> usize {
        let extras = [&self.average, &self.slow, &self.residual];
        let states = self.slots.iter().chain(extras.into_iter().flatten()).chain(&self.latest);
        let buffers = self.buffers.iter().flatten().map(|buffer| size_of_val(&buffer[..]));
        let numbers = 8 * (self.memory.len() + self.tensor_memory.len());
        states.map(State::bytes).chain(buffers).sum::<usize>() + numbers
    }

    /// Makes this group's part of a step.
    pub(crate) fn step(&mut self, tensors: &mut Tensors<'_, T>, moment: &Moment<'_>) -> Result<()> {
        match self.frozen {
            true => self.rest(tensors, moment)?,
            false => self.update(tensors, moment)?,
        }
        self.keep_latest(tensors, moment);
        Ok(())
    }

    fn update(&mut self, tensors: &mut Tensors<'_, T>, moment: &Moment<'_>) -> Result<()> {
        let at = self.at(moment);
        let options = moment.options;
        self.begin(tensors, moment);
        let (l2, keep) = match self.rule.decay() {
            Decay::L2(lambda) => (lambda, 1.0),
            Decay::Decoupled(lambda) => (0.0, 1.0 - at.lr * lambda),
        };
        let scale = if self.maximize { -moment.scale } else { moment.scale };
        let random = self.random(moment);
        let sd = self.rule.noise(at).hypot(options.noise.map_or(0.0, |noise| noise.sd(at.step)));
        let noise = (sd > 0.0).then_some((sd, random));
        let before = Before { scale, clip: options.clip_value, noise, l2, keep };
        self.pass(tensors, moment, at, before, |rule, pass| rule.step(at, pass))
    }

    /// Shows the rule an estimate of curvature, which lies where gradients do. True if it takes it.
    pub(crate) fn observe(&mut self, tensors: &mut Tensors<'_, T>, moment: &Moment<'_>) -> Result<bool> {
        let at = self.at(moment);
        let scale = if self.maximize { -moment.scale } else { moment.scale };
        let before = Before { scale, clip: f64::INFINITY, noise: None, l2: 0.0, keep: 1.0 };
        self.pass(tensors, moment, at, before, |rule, pass| rule.observe(at, pass))
    }

    /// Lets the rule go over the tensors of this group.
    fn pass<X>(
        &mut self,
        tensors: &mut Tensors<'_, T>,
        moment: &Moment<'_>,
        at: At,
        before: Before,
        work: impl FnOnce(&dyn Rule, &mut Pass<'_>) -> Result<X>,
    ) -> Result<X> {
        let options = moment.options;
        let random = self.random(moment);
        let (lanes, columns) = (&mut self.lanes.lanes, &mut self.lanes.columns);
        let extras = [&mut self.slow, &mut self.average, &mut self.residual];
        columns.clear();
        columns.extend([T::FORMAT, T::FORMAT]);
        columns.extend(self.slots.iter().map(State::format));
        let place = columns.len();
        columns.extend(extras.iter().filter_map(|state| Some(state.as_ref()?.format())));
        let mut places = place..;
        let [slow, average, residual] =
            extras.each_ref().map(|state| state.as_ref().and_then(|_| places.next()));
        lanes.clear();
        let mut kept: [Option<&mut State>; 3] = extras.map(|state| state.as_mut());
        for (member, &index) in self.indices.iter().enumerate() {
            // The unsafe code of the pass relies on it.
            assert_eq!(tensors.len(index), self.lens[member]);
            lanes.extend(tensors.lanes(index));
            lanes.extend(self.slots.iter_mut().map(|slot| slot.lane(member)));
            lanes.extend(kept.iter_mut().flatten().map(|state| state.lane(member)));
        }
        let after = After {
            cautious: options.cautious,
            slow: slow.map(|column| (column, options.lookahead.and_then(|l| l.due(at.step)))),
            average: average.and_then(|column| Some((column, options.average?.weight(at.step)?))),
            residual: residual.and_then(|column| Some((column, options.residual::<T>()?))),
            rounded: match options.rounding {
                Rounding::Stochastic => Rounded::Stochastic(random.stream(1)),
                _ => Rounded::Nearest,
            },
            zero: options.zero_grad,
        };
        let in_blocks = columns.iter().any(|format| format.in_blocks());
        let table = Table { lanes, columns, lens: &self.lens, slots: self.slots.len() };
        let job = Job {
            plan: if in_blocks { &self.by_tensor } else { &self.flat },
            by_tensor: &self.by_tensor,
            table,
            params: &self.params,
            starts: &self.starts,
            before,
            after,
            level: moment.level,
            threads: &Pool,
            memory: &mut self.memory,
            tensor_memory: &mut self.tensor_memory,
            buffers: &mut self.buffers,
            scratch: &mut self.scratch,
        };
        work(&*self.rule, &mut Pass::new(self.rule.name(), job))
    }

    /// Where the random numbers of a step come from.
    fn random(&self, moment: &Moment<'_>) -> Random {
        Random::new(moment.options.seed).stream(self.seed).stream(moment.step)
    }
}

/// Asks a rule for a step with a pass that touches nothing but this copy of its memory.
pub(crate) fn dry_run(rule: &dyn Rule, at: At, slots: usize, memory: &mut [f64]) -> Result<()> {
    let mut pass = Pass::check(rule.name(), slots, memory);
    rule.step(at, &mut pass)?;
    pass.once()
}

/// The buffers of a parameter of this shape before the first step.
pub(crate) fn buffers<R: Math>(rule: &dyn Rule, shape: &[usize]) -> Vec<Vec<R>> {
    rule.buffers(shape).iter().map(Buffer::filled).collect()
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

/// Whether what a rule keeps can stand side by side in a checkpoint.
fn check_names(rule: &dyn Rule, params: &[ParamSpec]) -> Result<()> {
    let own = ["ema", "swa", "slow", "residual", "master"];
    for param in params {
        let buffers = rule.buffers(&param.shape);
        let mut seen: Vec<&str> = own.to_vec();
        let slots = rule.slots();
        for name in slots
            .iter()
            .map(|slot| slot.name)
            .chain(buffers.iter().map(|buffer| buffer.name))
            .chain(rule.tensor_memory().iter().map(|(name, _)| *name))
        {
            if name.is_empty() || name.contains('/') || own.contains(&name) || name.starts_with("lawa.") {
                let problem = format!("a state slot cannot be named '{name}'");
                return Err(Error::rule(rule.name(), problem));
            }
            if seen.contains(&name) {
                return Err(Error::rule(rule.name(), format!("two state slots are named '{name}'")));
            }
            seen.push(name);
        }
    }
    Ok(())
}

/// All that a rule keeps for these parameters, in words, with what it starts from where that is not 0.
fn kept(rule: &dyn Rule, params: &[ParamSpec]) -> String {
    let from = |name: &str, init: f64| match init {
        0.0 => name.to_string(),
        init => format!("{name} from {init}"),
    };
    let slots = rule.slots().into_iter().map(|slot| from(slot.name, slot.init)).collect::<Vec<_>>();
    let numbers = rule.memory().into_iter().chain(rule.tensor_memory());
    let numbers = numbers.map(|(name, init)| from(name, init));
    let mut buffers: Vec<String> = (params.iter().flat_map(|param| rule.buffers(&param.shape)))
        .map(|buffer| format!("{} {:?}", from(buffer.name, buffer.diagonal), buffer.shape))
        .collect();
    buffers.dedup();
    slots.into_iter().chain(numbers).chain(buffers).collect::<Vec<_>>().join(", ")
}
