//! Checkpoints of an optimizer: safetensors with its settings in the metadata.
//!
//! The tensor `<parameter>/<slot>` holds a slot of the rule's state, `<parameter>/ema` the average of the weights.
//! The metadata key `ravine` holds, as JSON, the format, the element type, the steps made, and for each group its
//! rule, hyper-parameters and parameters. The weights themselves are the model's to save. So is the schedule: it is a
//! pure function of the step, so the one that the optimizer was built with goes on.

use crate::error::{Kind, Result};
use crate::hyper;
use crate::optimizer::Optimizer;
use crate::pass::Element;
use crate::rule::Slot;
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;

/// The format that this version writes and reads.
const FORMAT: u32 = 1;
const METADATA: &str = "ravine";
/// The place of the average of the weights among the slots.
pub(crate) const EMA: &str = "ema";

#[derive(Serialize, Deserialize)]
struct Meta {
    format: u32,
    dtype: String,
    step: u64,
    ema: bool,
    metric_schedule: Option<serde_json::Value>,
    groups: Vec<MetaGroup>,
}

#[derive(Serialize, Deserialize)]
struct MetaGroup {
    name: String,
    rule: String,
    hyper: BTreeMap<String, String>,
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
            for (index, range) in group.plan.ranges() {
                let param = &self.params[index];
                let mut push = |slot: &str, values| {
                    tensors.push((key(&param.name, slot), Buffer { values, shape: &param.shape }));
                };
                for (slot, state) in slots.iter().zip(&group.states) {
                    push(slot.name, &state[range.clone()]);
                }
                if self.has_ema() {
                    push(EMA, &group.average[range]);
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
    /// The file cannot be read, is no checkpoint, or is one of other parameters, groups, rules or element type.
    /// Then nothing has changed.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes =
            std::fs::read(path).map_err(|source| Kind::Io { action: "read", path: path.into(), source })?;
        let file = Checkpoint::open(path, &bytes)?;
        let mismatch = |key: &str, expected: String, found: String| file.mismatch(key, expected, found);
        let meta = &file.meta;
        if meta.format != FORMAT {
            return Err(mismatch("format", FORMAT.to_string(), meta.format.to_string()));
        }
        let dtype = format!("{:?}", T::DTYPE);
        if meta.dtype != dtype {
            return Err(mismatch("dtype", dtype, meta.dtype.clone()));
        }
        let word = |on| if on { "on" } else { "off" }.to_string();
        let (ema, listens) = (self.options.ema.is_some(), self.options.metric_schedule.is_some());
        if meta.step > 0 && meta.ema != ema {
            return Err(mismatch(EMA, word(ema), word(meta.ema)));
        }
        if meta.metric_schedule.is_some() != listens {
            return Err(mismatch("metric schedule", word(listens), word(!listens)));
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
            let owner = &theirs.name;
            if theirs.rule != group.rule.name() {
                return Err(mismatch(
                    &format!("rule of group {owner}"),
                    group.rule.name().into(),
                    theirs.rule.clone(),
                ));
            }
            let names: BTreeSet<&str> = theirs.params.iter().map(String::as_str).collect();
            let members: BTreeSet<&str> =
                group.plan.ranges().map(|(index, _)| self.params[index].name.as_str()).collect();
            if let Some(name) = members.symmetric_difference(&names).next() {
                let said = |there| if there { format!("'{name}'") } else { format!("no '{name}'") };
                return Err(mismatch(
                    &format!("parameters of group {owner}"),
                    said(members.contains(name)),
                    said(names.contains(name)),
                ));
            }
            let mut rule = group.rule.boxed();
            for (name, value) in &theirs.hyper {
                hyper::set_text(&mut *rule, owner, name, value)
                    .map_err(|error| file.not_a_checkpoint(error.to_string()))?;
            }
            rule.check().map_err(|error| file.not_a_checkpoint(error.to_string()))?;
            let slots = rule.slots();
            let mut states: Vec<Vec<T>> =
                slots.iter().map(|_| Vec::with_capacity(group.plan.total())).collect();
            let mut average = Vec::new();
            for (index, _) in group.plan.ranges() {
                let param = &self.params[index];
                for (Slot { name, .. }, state) in slots.iter().zip(&mut states) {
                    state.extend(file.tensor::<T>(key(&param.name, name), &param.shape, &mut known)?);
                }
                if meta.ema {
                    average.extend(file.tensor::<T>(key(&param.name, EMA), &param.shape, &mut known)?);
                }
            }
            loaded.push((rule, states, average));
        }
        if let Some(extra) = file.tensors.names().into_iter().find(|name| !known.contains(*name)) {
            return Err(mismatch(extra, "no such tensor".into(), "one".into()));
        }
        if let (Some(schedule), Some(state)) = (&mut self.options.metric_schedule, &meta.metric_schedule) {
            let spec = schedule.spec();
            schedule
                .load(state)
                .map_err(|reason| mismatch("metric schedule", format!("the state of {spec}"), reason))?;
        }
        // Nothing fails from here on.
        for (group, (rule, states, average)) in self.groups.iter_mut().zip(loaded) {
            (group.rule, group.states, group.average) = (rule, states, average);
        }
        (self.step, self.micro) = (file.meta.step, 0);
        Ok(())
    }

    /// Whether there is an average to save: it begins with the first step.
    fn has_ema(&self) -> bool {
        self.options.ema.is_some() && self.step > 0
    }

    fn meta(&self) -> Meta {
        let group = |group: &crate::group::GroupState<T>| MetaGroup {
            name: group.name.clone(),
            rule: group.rule.name().into(),
            hyper: (group.rule.params().iter())
                .filter_map(|param| Some((param.name.into(), group.rule.get(param.name)?.to_string())))
                .collect(),
            schedule: group.schedule.as_ref().map(|schedule| schedule.spec()),
            params: group.plan.ranges().map(|(index, _)| self.params[index].name.clone()).collect(),
        };
        Meta {
            format: FORMAT,
            dtype: format!("{:?}", T::DTYPE),
            step: self.step,
            ema: self.has_ema(),
            metric_schedule: self.options.metric_schedule.as_ref().map(|schedule| schedule.save()),
            groups: self.groups.iter().map(group).collect(),
        }
    }
}

fn key(param: &str, slot: &str) -> String {
    format!("{param}/{slot}")
}

/// A checkpoint's bytes, understood.
struct Checkpoint<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
    meta: Meta,
}

impl<'a> Checkpoint<'a> {
    fn open(path: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        let bad = |reason: String| Kind::NotACheckpoint { path: path.into(), reason };
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| bad(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| bad(error.to_string()))?;
        let meta = header.metadata().as_ref().and_then(|metadata| metadata.get(METADATA));
        let meta = meta.ok_or_else(|| bad(format!("its metadata has no key '{METADATA}'")))?;
        let meta =
            serde_json::from_str(meta).map_err(|error| bad(format!("metadata '{METADATA}': {error}")))?;
        Ok(Self { path, tensors, meta })
    }

    fn tensor<T: Element>(
        &self,
        key: String,
        shape: &[usize],
        known: &mut BTreeSet<String>,
    ) -> Result<Vec<T>> {
        let Ok(tensor) = self.tensors.tensor(&key) else {
            return Err(self.mismatch(&key, format!("a tensor of shape {shape:?}"), "none".into()));
        };
        if tensor.dtype() != T::DTYPE || tensor.shape() != shape {
            let (expected, found) =
                (format!("{:?} {shape:?}", T::DTYPE), format!("{:?} {:?}", tensor.dtype(), tensor.shape()));
            return Err(self.mismatch(&key, expected, found));
        }
        known.insert(key);
        Ok(T::from_bytes(tensor.data()))
    }

    fn mismatch(&self, key: &str, expected: String, found: String) -> crate::Error {
        Kind::CheckpointMismatch { path: self.path.into(), key: key.into(), expected, found }.into()
    }

    fn not_a_checkpoint(&self, reason: String) -> crate::Error {
        Kind::NotACheckpoint { path: self.path.into(), reason }.into()
    }
}

/// A tensor to be written.
struct Buffer<'a, T> {
    values: &'a [T],
    shape: &'a [usize],
}

impl<T: Element> View for Buffer<'_, T> {
    fn dtype(&self) -> Dtype {
        T::DTYPE
    }
    fn shape(&self) -> &[usize] {
        self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        T::to_bytes(self.values).into()
    }
    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}
