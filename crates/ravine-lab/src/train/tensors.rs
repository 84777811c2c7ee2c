//! Named tensors in a file: safetensors, in f32.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use ravine::ParamSpec;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::{Kind, Result};
use crate::whole;
use crate::workload::Session;

/// The values of a model: its parameters and what it learns besides.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Values {
    /// All parameters, end to end.
    pub(super) params: Vec<f32>,
    /// What is learnt besides, by name.
    pub(super) state: Vec<(String, Vec<f32>)>,
}

impl Values {
    /// As they are.
    pub(super) fn of(session: &mut dyn Session) -> Self {
        let mut state = Vec::new();
        session.state(&mut |name, values| state.push((name.into(), values.to_vec())));
        Self { params: session.buffers().0.to_vec(), state }
    }

    /// Puts them back into the session they are of.
    pub(super) fn restore(&self, session: &mut dyn Session) {
        session.buffers().0.copy_from_slice(&self.params);
        let mut state = self.state.iter();
        session.state(&mut |_, values| {
            let (_, kept) = state.next().expect("a session's state keeps its layout");
            values.copy_from_slice(kept);
        });
    }

    /// One tensor for each parameter and for each part of the state, named so behind `prefix`.
    pub(super) fn tensors<'a>(
        &'a self,
        prefix: &str,
        params: &'a [ParamSpec],
    ) -> Vec<(String, Vec<usize>, &'a [f32])> {
        let mut start = 0;
        let param = |param: &ParamSpec| {
            let range = start..start + param.len();
            start = range.end;
            (format!("{prefix}{}", param.name), param.shape.clone(), &self.params[range])
        };
        let mut tensors: Vec<_> = params.iter().map(param).collect();
        let state = |(name, values): &'a (String, Vec<f32>)| {
            (format!("{prefix}{name}"), vec![values.len()], &values[..])
        };
        tensors.extend(self.state.iter().map(state));
        tensors
    }
}

/// Writes tensors with words beside them.
pub(super) fn write(
    path: &Path,
    tensors: &[(String, Vec<usize>, &[f32])],
    words: HashMap<String, String>,
) -> Result<()> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let error = |error| Kind::Io { action: "write", path: path.into(), source: std::io::Error::other(error) };
    let mut views = Vec::new();
    for ((name, shape, _), bytes) in tensors.iter().zip(&bytes) {
        views.push((name, TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(error)?));
    }
    whole::write(path, safetensors::serialize(views, Some(words)).map_err(error)?)
}

/// A file of tensors, read.
pub(super) struct Tensors {
    pub(super) path: PathBuf,
    pub(super) words: HashMap<String, String>,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Tensors {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|source| Kind::Io { action: "read", path: path.into(), source })?;
        let bad = |what: String| Kind::BadFile { path: path.into(), what };
        let damaged =
            |error: safetensors::SafeTensorError| bad(format!("not a whole safetensors file: {error}"));
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
        let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
        let mut tensors = BTreeMap::new();
        for (name, tensor) in file.iter() {
            if tensor.dtype() != Dtype::F32 {
                return Err(bad(format!("{name}: expected F32, found {:?}", tensor.dtype())).into());
            }
            let values = tensor.data().as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
            tensors.insert(name.into(), (tensor.shape().to_vec(), values));
        }
        Ok(Self { path: path.into(), words: header.metadata().clone().unwrap_or_default(), tensors })
    }

    pub(super) fn bad(&self, what: String) -> crate::Error {
        Kind::BadFile { path: self.path.clone(), what }.into()
    }

    /// Takes out the values of a model that stand behind `prefix`, in the layout of `session`.
    pub(super) fn take(&mut self, prefix: &str, session: &mut dyn Session) -> Result<Values> {
        let mut take = |name: &str, shape: &[usize]| {
            let name = format!("{prefix}{name}");
            let Some((found, values)) = self.tensors.remove(&name) else {
                return Err(self.bad(format!("{name}: expected a tensor of shape {shape:?}, found none")));
            };
            match found == shape {
                true => Ok(values),
                false => Err(self.bad(format!("{name}: expected shape {shape:?}, found {found:?}"))),
            }
        };
        let mut values = Values::default();
        for param in session.params() {
            values.params.extend(take(&param.name, &param.shape)?);
        }
        let mut layout = Vec::new();
        session.state(&mut |name, part| layout.push((name.to_string(), part.len())));
        for (name, len) in layout {
            let part = take(&name, &[len])?;
            values.state.push((name, part));
        }
        Ok(values)
    }

    /// Refuses tensors that nobody took.
    pub(super) fn end(&self) -> Result<()> {
        match self.tensors.keys().next() {
            Some(name) => Err(self.bad(format!("{name}: expected no such tensor, found one"))),
            None => Ok(()),
        }
    }
}
