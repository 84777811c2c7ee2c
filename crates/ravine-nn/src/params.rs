//! Parameters and gradients in two flat buffers.

use std::ops::Range;

use crate::error::Kind;
use crate::{Error, Float, Shape};

/// The name, shape and place of one parameter tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    /// The path of its layer and its own name, as PyTorch names them: `0.weight`, `2.bias`.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Shape,
    /// Where it lies in the flat buffers.
    pub range: Range<usize>,
}

/// As the engine's optimizer is built for.
impl From<&ParamSpec> for ravine::ParamSpec {
    fn from(spec: &ParamSpec) -> Self {
        Self::new(&*spec.name, spec.shape.dims())
    }
}

/// Where a layer finds one of its parameters, got from [`Scope::param`](crate::Scope::param).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Param(pub(crate) Range<usize>);

impl Param {
    /// Its part of a flat buffer.
    pub fn of<'a, T>(&self, flat: &'a [T]) -> &'a [T] {
        &flat[self.0.clone()]
    }

    /// Its part of a flat buffer, to write.
    pub fn of_mut<'a, T>(&self, flat: &'a mut [T]) -> &'a mut [T] {
        &mut flat[self.0.clone()]
    }

    /// Where it lies in the flat buffers.
    pub fn range(&self) -> Range<usize> {
        self.0.clone()
    }
}

/// All parameters of a network in one buffer and their gradients in another, laid out alike, tensor after tensor
/// without gaps in the order of `specs`.
#[derive(Clone, Debug, Default)]
pub struct Params<T> {
    specs: Vec<ParamSpec>,
    values: Vec<T>,
    grads: Vec<T>,
}

impl<T: Float> Params<T> {
    pub(crate) fn push(&mut self, name: String, shape: Shape) -> Result<Param, Error> {
        let size = shape.size();
        if self.values.try_reserve(size).is_err() || self.grads.try_reserve(size).is_err() {
            return Err(Kind::Memory { name, shape }.into());
        }
        let start = self.values.len();
        let range = start..start + size;
        self.values.resize(range.end, T::ZERO);
        self.grads.resize(range.end, T::ZERO);
        self.specs.push(ParamSpec { name, shape, range: range.clone() });
        Ok(Param(range))
    }

    /// Name, shape and range of every tensor, in the order of the buffers.
    pub fn specs(&self) -> &[ParamSpec] {
        &self.specs
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The parameters.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The parameters, to write.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The gradients.
    pub fn grads(&self) -> &[T] {
        &self.grads
    }

    /// The gradients, to write.
    pub fn grads_mut(&mut self) -> &mut [T] {
        &mut self.grads
    }

    /// Parameters and gradients, for an optimizer's step.
    pub fn split_mut(&mut self) -> (&mut [T], &mut [T]) {
        (&mut self.values, &mut self.grads)
    }

    /// Sets every gradient to zero, where no optimizer's pass does it.
    pub fn zero_grads(&mut self) {
        self.grads.fill(T::ZERO);
    }

    /// The tensor of this name: its spec and its values.
    pub fn get(&self, name: &str) -> Option<(&ParamSpec, &[T])> {
        let spec = self.specs.iter().find(|spec| spec.name == name)?;
        Some((spec, &self.values[spec.range.clone()]))
    }
}
