//! Checkpoints of an optimizer: safetensors with its settings in the metadata.
//!
//! The tensor `<parameter>/<slot>` holds a slot of the rule's state, a buffer, or a number of the parameter; with
//! `<parameter>/<slot>.scales` beside it where the slot is kept in blocks. `<parameter>/ema` or `/swa` is the average of the
//! weights, `/slow` those of Lookahead, `/residual` or `/master` what is kept beside weights of 16 bits.
//! The metadata key `ravine` holds, as JSON, the format, the element type, the steps made, and for each group its
//! rule, hyper-parameters, numbers and parameters. The weights themselves are the model's to save. So is the schedule: it
//! is a pure function of the step, so the one that the optimizer was built with goes on.

use crate::average::Average;
use crate::element::Element;
use crate::error::{Kind, Result};
use crate::group::GroupState;
use crate::hyper;
use crate::optimizer::Optimizer;
use crate::params::ParamSpec;
use crate::real::Real;
use crate::simd::Level;
use crate::spot::Residual;
use crate::state::{Format, State};
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;

#[cfg(target_endian = "big")]
compile_error!("checkpoints are little-endian, and are written as memory holds them");

/// The format that this version writes and reads.
const FORMAT: u32 = 1;
const METADATA: &str = "ravine";

#[derive(Serialize, Deserialize)]
struct Meta {
    format: u32,
    dtype: String,
    step: u64,
    /// The kind of average of the weights, once there is one; the others likewise.
    average: Option<String>,
    slow: bool,
    residual: Option<String>,
    metric_schedule: Option<serde_json::Value>,
    /// The scale of a loss scaler and the steps that it has counted.
    #[serde(default)]
    loss_scaler: Option<(f64, u64)>,
    groups: Vec<MetaGroup>,
}

#[derive(Serialize, Deserialize)]
struct MetaGroup {
    name: String,
    rule: String,
    hyper: BTreeMap<String, String>,
    /// The rule's numbers for the group, as text that reads back to the same bits.
    #[serde(default)]
    memory: BTreeMap<String, String>,
    #[serde(default)]
    frozen: bool,
    /// Whether the rule keeps no state yet.
    #[serde(default)]
    stateless: bool,
    /// Whether slow weights and what is kept beside weights of 16 bits are still to come.
    #[serde(default)]
    unbegun: bool,
    /// For people to read; loading keeps the schedule that the optimizer was built with.
    schedule: Option<String>,
    params: Vec<String>,
}

impl<T: Element> Optimizer<T> {
    /// Writes the whole state to a file, which appears complete or not at all.
    ///
    /// # Errors
    /// The file cannot be written; the optimizer is between the micro-batches of one step.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        if self.micro > 0 {
            return Err(Kind::MidAccumulation { micro: self.micro }.into());
        }
        let mut tensors = Vec::new();
        for group in &self.groups {
            let slots = group.rule.slots();
            let numbers = group.rule.tensor_memory();
            let extras = self.extras(group);
            let states = slots.iter().map(|slot| slot.name).zip(&group.slots);
            let states: Vec<(&str, &State)> =
                states.chain(extras.iter().map(|(name, state)| (&**name, *state))).collect();
            for (member, param) in group.params.iter().enumerate() {
                for (name, state) in &states {
                    push_state(&mut tensors, key(&param.name, name), state, member, &param.shape);
                }
                let buffers = group.buffers.get(member).into_iter().flatten();
                for (buffer, values) in group.rule.buffers(&param.shape).iter().zip(buffers) {
                    let bytes = <T::Math as Element>::to_bytes(values).into();
                    let (dtype, shape) = (<T::Math as Element>::DTYPE, buffer.shape.clone());
                    tensors.push((key(&param.name, buffer.name), Bytes { dtype, shape, bytes }));
                }
                let values = group.tensor_memory.iter().skip(member * numbers.len());
                for ((name, _), value) in numbers.iter().zip(values) {
                    let bytes = Cow::Owned(value.to_le_bytes().to_vec());
                    tensors.push((key(&param.name, name), Bytes { dtype: Dtype::F64, shape: vec![], bytes }));
                }
            }
        }
        let meta = serde_json::to_string(&self.meta()).expect("plain data has a JSON form");
        let error = |source| Kind::Io { action: "write", path: path.into(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new();
        // As any new file's, less what the umask takes; without this it would be the owner's alone.
        #[cfg(unix)]
        file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = file.tempfile_in(folder).map_err(error)?;
        let permissions = file.as_file().metadata().map_err(error)?.permissions();
        let temporary = file.into_temp_path();
        safetensors::serialize_to_file(tensors, Some(HashMap::from([(METADATA.into(), meta)])), &temporary)
            .map_err(|source| error(std::io::Error::other(source)))?;
        // Opened only now, for what was written has replaced the file of this name.
        let written = File::options().write(true).open(&temporary).map_err(error)?;
        written.set_permissions(permissions).and_then(|()| written.sync_all()).map_err(error)?;
        temporary.persist(path).map_err(|failed| error(failed.error))?;
        // The new name lasts once the folder is written too; not every system lets one ask for that.
        if let Ok(folder) = File::open(folder) {
            folder.sync_all().ok();
        }
        Ok(())
    }

    /// Takes up the state of a file written by [`save`](Self::save): the next step gives the same bits as if there
    /// had been no break. Hyper-parameters are the file's; schedules and options stay as built. Parameters are
    /// known by name: the file's may come in another order.
    ///
    /// # Errors
    /// The file cannot be read, is no checkpoint, or is one of other parameters, groups, rules, element type or storage.
    /// Then nothing has changed.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.load_as(path.as_ref(), false)
    }

    /// As [`load`](Self::load), but takes state of another element type or [`Storage`](crate::Storage) too, and converts it
    /// to this optimizer's. What is kept beside weights of 16 bits is left out where this optimizer keeps none, and begins
    /// anew from the weights where the file has none.
    ///
    /// # Errors
    /// As [`load`](Self::load), but for element type and storage.
    pub fn load_converted(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.load_as(path.as_ref(), true)
    }

    fn load_as(&mut self, path: &Path, convert: bool) -> Result<()> {
        let bytes =
            std::fs::read(path).map_err(|source| Kind::Io { action: "read", path: path.into(), source })?;
        let file = Checkpoint::open(path, &bytes, convert)?;
        let mismatch = |key: &str, expected: String, found: String| file.mismatch(key, expected, found);
        let meta = &file.meta;
        if meta.format != FORMAT {
            return Err(mismatch("format", FORMAT.to_string(), meta.format.to_string()));
        }
        let dtype = format!("{:?}", T::DTYPE);
        if meta.dtype != dtype && !convert {
            return Err(mismatch("dtype", dtype, format!("{}; load_converted converts", meta.dtype)));
        }
        let extras = &self.options.extras;
        let word = |on| if on { "on" } else { "off" }.to_string();
        let name = |kind: Option<&str>| kind.unwrap_or("none").to_string();
        let average = extras.average.filter(|_| meta.step > 0).map(Average::name);
        if meta.average.as_deref() != average {
            return Err(mismatch("average", name(average), name(meta.average.as_deref())));
        }
        let slow = meta.step > 0 && extras.lookahead.is_some();
        if meta.slow != slow {
            return Err(mismatch("lookahead", word(slow), word(meta.slow)));
        }
        let residual = extras.residual::<T>().filter(|_| meta.step > 0).map(residual_name);
        if meta.residual.as_deref() != residual && !convert {
            return Err(mismatch("rounding", name(residual), name(meta.residual.as_deref())));
        }
        let listens = self.options.metric_schedule.is_some();
        if meta.metric_schedule.is_some() != listens {
            return Err(mismatch("metric schedule", word(listens), word(!listens)));
        }
        if meta.loss_scaler.is_some() != self.options.loss_scaler.is_some() {
            let ours = self.options.loss_scaler.is_some();
            return Err(mismatch("loss scaler", word(ours), word(!ours)));
        }
        let names = |groups: Vec<&str>| groups.join(", ");
        let (ours, theirs): (Vec<_>, Vec<_>) =
            (self.groups().collect(), meta.groups.iter().map(|group| group.name.as_str()).collect());
        if ours != theirs {
            return Err(mismatch("groups", names(ours), names(theirs)));
        }
        let mut loaded = Vec::new();
        let mut known = BTreeSet::new();
        for (group, theirs) in self.groups.iter().zip(&meta.groups) {
            loaded.push(self.load_group(group, theirs, &file, &mut known)?);
        }
        let left_out = |name: &str| {
            let residual = meta.residual.as_deref().filter(|_| convert);
            residual.is_some_and(|residual| name.ends_with(&format!("/{residual}")))
        };
        if let Some(extra) =
            file.tensors.names().into_iter().find(|name| !known.contains(*name) && !left_out(name))
        {
            return Err(mismatch(extra, "no such tensor".into(), "one".into()));
        }
        if let (Some(schedule), Some(state)) = (&mut self.options.metric_schedule, &meta.metric_schedule) {
            let spec = schedule.spec();
            schedule
                .load(state)
                .map_err(|reason| mismatch("metric schedule", format!("the state of {spec}"), reason))?;
        }
        // Nothing fails from here on.
        for (group, loaded) in self.groups.iter_mut().zip(loaded) {
            group.rule = loaded.rule;
            group.slots = loaded.slots;
            (group.buffers, group.memory) = (loaded.buffers, loaded.memory);
            group.tensor_memory = loaded.tensor_memory;
            group.latest = loaded.latest;
            [group.average, group.slow, group.residual] = loaded.extras;
            (group.frozen, group.stateless) = loaded.rests;
        }
        if let (Some(scaling), Some((scale, good))) = (&mut self.options.loss_scaler, file.meta.loss_scaler) {
            (self.options.loss_scale, scaling.good) = (scale, good);
        }
        self.plan_anew();
        (self.step, self.micro) = (file.meta.step, 0);
        Ok(())
    }

    fn load_group(
        &self,
        group: &GroupState<T>,
        theirs: &MetaGroup,
        file: &Checkpoint<'_>,
        known: &mut BTreeSet<String>,
    ) -> Result<Loaded<T>> {
        let owner = &theirs.name;
        if theirs.rule != group.rule.name() {
            let key = format!("rule of group {owner}");
            return Err(file.mismatch(&key, group.rule.name().into(), theirs.rule.clone()));
        }
        let names: BTreeSet<&str> = theirs.params.iter().map(String::as_str).collect();
        let members: BTreeSet<&str> = group.params.iter().map(|param| param.name.as_str()).collect();
        if let Some(name) = members.symmetric_difference(&names).next() {
            let said = |there| if there { format!("'{name}'") } else { format!("no '{name}'") };
            let key = format!("parameters of group {owner}");
            return Err(file.mismatch(&key, said(members.contains(name)), said(names.contains(name))));
        }
        let mut rule = group.rule.boxed();
        for (name, value) in &theirs.hyper {
            hyper::set_text(&mut *rule, owner, name, value)
                .map_err(|error| file.not_a_checkpoint(error.to_string()))?;
        }
        rule.check().map_err(|error| file.not_a_checkpoint(error.to_string()))?;
        let numbers = if theirs.stateless { Vec::new() } else { rule.memory() };
        let memory = (numbers.into_iter())
            .map(|(name, _)| {
                let found = theirs.memory.get(name);
                let number = found.and_then(|text| text.parse().ok());
                let missing = || {
                    let found = found.map_or("none".into(), |text| format!("'{text}'"));
                    file.mismatch(&format!("{name} of group {owner}"), "a number".into(), found)
                };
                number.ok_or_else(missing)
            })
            .collect::<Result<Vec<f64>>>()?;
        let lens: Vec<usize> = group.params.iter().map(ParamSpec::len).collect();
        let extras = &self.options.extras;
        let level = extras.level;
        let mut state = |name: &str, format: Format, signed: bool| {
            let mut state = State::new::<T::Math>(format, &lens, 0.0, level);
            for (member, param) in group.params.iter().enumerate() {
                file.state::<T>(key(&param.name, name), param, member, signed, &mut state, known, level)?;
            }
            Ok(state)
        };
        let slots = if theirs.stateless { Vec::new() } else { rule.slots() };
        let slots = (slots.iter())
            .map(|slot| {
                state(slot.name, extras.storage.format::<T::Math>(slot.signed, slot.inexact), slot.signed)
            })
            .collect::<Result<Vec<State>>>()?;
        let full = <T::Math as Element>::FORMAT;
        let (mut average, mut latest) = (None, Vec::new());
        match extras.average.filter(|_| file.meta.average.is_some()) {
            Some(Average::Lawa(lawa)) => {
                latest =
                    (0..lawa.latest).map(|i| state(&latest_name(i), full, true)).collect::<Result<_>>()?;
            }
            Some(one) => average = Some(state(one.name(), full, true)?),
            None => {}
        }
        let begun = !theirs.unbegun;
        let slow = (file.meta.slow && begun).then(|| state(SLOW, full, true)).transpose()?;
        let residual = extras
            .residual::<T>()
            .filter(|&kind| begun && file.meta.residual.as_deref() == Some(residual_name(kind)));
        let residual =
            residual.map(|kind| state(residual_name(kind), residual_format::<T>(kind), true)).transpose()?;
        let (mut buffers, mut tensor_memory) = (Vec::new(), Vec::new());
        for param in group.params.iter().filter(|_| !theirs.stateless) {
            let mut list = Vec::new();
            for buffer in rule.buffers(&param.shape) {
                let values = file.numbers(key(&param.name, buffer.name), &buffer.shape, full, known)?;
                list.push(values.into_iter().map(T::Math::from_f64).collect());
            }
            buffers.push(list);
            for (name, _) in rule.tensor_memory() {
                tensor_memory.extend(file.numbers(key(&param.name, name), &[], Format::F64, known)?);
            }
        }
        let extras = [average, slow, residual];
        let rests = (theirs.frozen, theirs.stateless);
        Ok(Loaded { rule, slots, buffers, memory, tensor_memory, latest, extras, rests })
    }

    /// What the engine keeps beside a group's rule, by name.
    fn extras<'a>(&self, group: &'a GroupState<T>) -> Vec<(Cow<'static, str>, &'a State)> {
        let extras = &self.options.extras;
        let single = [
            (extras.average.map_or("", Average::name), group.average.as_ref()),
            (SLOW, group.slow.as_ref()),
            (extras.residual::<T>().map_or("", residual_name), group.residual.as_ref()),
        ];
        let single = single.into_iter().filter_map(|(name, state)| Some((name.into(), state?)));
        let latest = (0..).zip(&group.latest).map(|(i, state)| (latest_name(i).into(), state));
        single.chain(latest).collect()
    }

    fn meta(&self) -> Meta {
        let extras = &self.options.extras;
        let group = |group: &GroupState<T>| MetaGroup {
            name: group.name.clone(),
            rule: group.rule.name().into(),
            hyper: (group.rule.params().iter())
                .filter_map(|param| Some((param.name.into(), group.rule.get(param.name)?.to_string())))
                .collect(),
            memory: (group.rule.memory().iter().zip(&group.memory))
                .map(|((name, _), value)| (name.to_string(), value.to_string()))
                .collect(),
            frozen: group.frozen,
            stateless: group.stateless,
            unbegun: (extras.lookahead.is_some() && group.slow.is_none())
                || (extras.residual::<T>().is_some() && group.residual.is_none()),
            schedule: group.schedule.as_ref().map(|schedule| schedule.spec()),
            params: group.params.iter().map(|param| param.name.clone()).collect(),
        };
        let begun = self.step > 0;
        Meta {
            format: FORMAT,
            dtype: format!("{:?}", T::DTYPE),
            step: self.step,
            average: extras.average.filter(|_| begun).map(|average| average.name().into()),
            slow: begun && extras.lookahead.is_some(),
            residual: extras.residual::<T>().filter(|_| begun).map(|kind| residual_name(kind).into()),
            metric_schedule: self.options.metric_schedule.as_ref().map(|schedule| schedule.save()),
            loss_scaler: self.options.loss_scaler.map(|scaling| (self.options.loss_scale, scaling.good)),
            groups: self.groups.iter().map(group).collect(),
        }
    }
}

const SLOW: &str = "slow";

/// What the `i`-th of the weights kept for [`Lawa`](crate::Lawa) are called.
fn latest_name(i: u64) -> String {
    format!("lawa.{i}")
}

fn residual_name(kind: Residual) -> &'static str {
    match kind {
        Residual::Kahan => "residual",
        Residual::Master => "master",
    }
}

fn residual_format<T: Element>(kind: Residual) -> Format {
    match kind {
        Residual::Kahan => T::FORMAT,
        Residual::Master => <T::Math as Element>::FORMAT,
    }
}

/// A group's part of a file.
struct Loaded<T: Element> {
    rule: Box<dyn crate::rule::Rule>,
    slots: Vec<State>,
    buffers: Vec<Vec<Vec<T::Math>>>,
    memory: Vec<f64>,
    tensor_memory: Vec<f64>,
    latest: Vec<State>,
    extras: [Option<State>; 3],
    /// Whether the group is frozen, and keeps nothing.
    rests: (bool, bool),
}

fn key(param: &str, slot: &str) -> String {
    format!("{param}/{slot}")
}

fn scales_key(key: &str) -> String {
    format!("{key}.scales")
}

/// Adds a tensor's state to those to be written, as it is kept.
fn push_state<'a>(
    tensors: &mut Vec<(String, Bytes<'a>)>,
    key: String,
    state: &'a State,
    member: usize,
    shape: &[usize],
) {
    let (codes, scales) = state.raw(member);
    if state.format().in_blocks() {
        let bytes = Cow::Owned(f32::to_bytes(scales));
        tensors.push((scales_key(&key), Bytes { dtype: Dtype::F32, shape: vec![scales.len()], bytes }));
        tensors.push((key, Bytes { dtype: Dtype::U8, shape: vec![codes.len()], bytes: codes.into() }));
    } else {
        let dtype = dtype(state.format());
        tensors.push((key, Bytes { dtype, shape: shape.to_vec(), bytes: codes.into() }));
    }
}

fn dtype(format: Format) -> Dtype {
    match format {
        Format::F64 => Dtype::F64,
        Format::F32 => Dtype::F32,
        Format::Bf16 => Dtype::BF16,
        Format::F16 => Dtype::F16,
        Format::Int8 { .. } | Format::Int4 => Dtype::U8,
    }
}

/// A checkpoint's bytes, understood.
struct Checkpoint<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
    meta: Meta,
    /// Whether state of other formats is taken.
    convert: bool,
}

impl<'a> Checkpoint<'a> {
    fn open(path: &'a Path, bytes: &'a [u8], convert: bool) -> Result<Self> {
        let bad = |reason: String| Kind::NotACheckpoint { path: path.into(), reason };
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| bad(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| bad(error.to_string()))?;
        let meta = header.metadata().as_ref().and_then(|metadata| metadata.get(METADATA));
        let meta = meta.ok_or_else(|| bad(format!("its metadata has no key '{METADATA}'")))?;
        let meta =
            serde_json::from_str(meta).map_err(|error| bad(format!("metadata '{METADATA}': {error}")))?;
        Ok(Self { path, tensors, meta, convert })
    }

    /// Reads a parameter's state into `state`, from its own format or, if that is allowed, another.
    #[allow(clippy::too_many_arguments)]
    fn state<T: Element>(
        &self,
        key: String,
        param: &ParamSpec,
        member: usize,
        signed: bool,
        state: &mut State,
        known: &mut BTreeSet<String>,
        level: Level,
    ) -> Result<()> {
        let (format, len) = (state.format(), param.len());
        let expected = || layout(format, &param.shape);
        let Ok(tensor) = self.tensors.tensor(&key) else {
            return Err(self.mismatch(&key, expected(), "none".into()));
        };
        let scales = self.tensors.tensor(&scales_key(&key)).ok();
        let theirs = match (tensor.dtype(), &scales) {
            (Dtype::F64, None) => Some(Format::F64),
            (Dtype::F32, None) => Some(Format::F32),
            (Dtype::BF16, None) => Some(Format::Bf16),
            (Dtype::F16, None) => Some(Format::F16),
            (Dtype::U8, Some(scales)) if scales.dtype() == Dtype::F32 => {
                let kinds = [Format::Int8 { signed }, Format::Int4];
                let fits = |kind: &Format| {
                    (scales.shape(), tensor.shape()) == (&[kind.scales(len)], &[kind.bytes(len)])
                };
                kinds.into_iter().find(fits)
            }
            _ => None,
        };
        let shape_fits = theirs.is_some_and(|theirs| theirs.in_blocks() || tensor.shape() == param.shape);
        let Some(theirs) = theirs.filter(|&theirs| shape_fits && (theirs == format || self.convert)) else {
            let hint = if shape_fits { "; load_converted converts" } else { "" };
            let found = format!("{:?} {:?}{hint}", tensor.dtype(), tensor.shape());
            return Err(self.mismatch(&key, expected(), found));
        };
        let scales = scales.map_or(Vec::new(), |scales| f32::from_bytes(scales.data()));
        if theirs == format {
            state.set_raw(member, tensor.data(), &scales);
        } else {
            let mut other = State::new::<T::Math>(theirs, &[len], 0.0, level);
            other.set_raw(0, tensor.data(), &scales);
            state.write(member, &other.read::<T::Math>(0, level), level);
        }
        if theirs.in_blocks() {
            known.insert(scales_key(&key));
        }
        known.insert(key);
        Ok(())
    }

    /// Reads numbers of this format or, if that is allowed, of any number of floats.
    fn numbers(
        &self,
        key: String,
        shape: &[usize],
        format: Format,
        known: &mut BTreeSet<String>,
    ) -> Result<Vec<f64>> {
        let expected = || format!("{:?} {shape:?}", dtype(format));
        let Ok(tensor) = self.tensors.tensor(&key) else {
            return Err(self.mismatch(&key, expected(), "none".into()));
        };
        let numbers = match tensor.dtype() {
            Dtype::F64 => Some(f64::from_bytes(tensor.data())),
            Dtype::F32 => Some(f32::from_bytes(tensor.data()).into_iter().map(f64::from).collect()),
            _ => None,
        };
        let fits = tensor.shape() == shape && (tensor.dtype() == dtype(format) || self.convert);
        let Some(numbers) = numbers.filter(|_| fits) else {
            let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
            return Err(self.mismatch(&key, expected(), found));
        };
        known.insert(key);
        Ok(numbers)
    }

    fn mismatch(&self, key: &str, expected: String, found: String) -> crate::Error {
        Kind::CheckpointMismatch { path: self.path.into(), key: key.into(), expected, found }.into()
    }

    fn not_a_checkpoint(&self, reason: String) -> crate::Error {
        Kind::NotACheckpoint { path: self.path.into(), reason }.into()
    }
}

/// A format and what it holds, in words.
fn layout(format: Format, shape: &[usize]) -> String {
    match format {
        Format::Int8 { .. } => format!("8-bit blocks of {shape:?}"),
        Format::Int4 => format!("4-bit blocks of {shape:?}"),
        _ => format!("{:?} {shape:?}", dtype(format)),
    }
}

/// A tensor to be written.
struct Bytes<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
}

impl View for Bytes<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
