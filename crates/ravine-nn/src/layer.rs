//! What a layer is.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::OnceLock;

use ravine::random::Random;

use crate::{Activation, Error, Float, Init, Param, Params, Shape};

/// Whether the network is learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Learning, at this optimizer step: dropout draws its mask from the step's number.
    Train {
        /// Optimizer steps taken so far.
        step: u64,
    },
    /// Using what was learnt: nothing is random.
    Eval,
}

/// What every layer of a forward pass may read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Forward<'a, T> {
    /// All parameters; a layer takes its own with [`Param::of`].
    pub values: &'a [T],
    /// Examples in the batch.
    pub batch: usize,
    /// Whether the network is learning.
    pub mode: Mode,
    pub(crate) refusal: &'a OnceLock<Error>,
}

impl<T> Forward<'_, T> {
    /// Makes the network's `forward` fail with this error, for an input that a layer cannot work with, such as the
    /// index of a row that does not exist. The layer still writes all of its result. The first error counts.
    pub fn refuse(&self, error: Error) {
        let _ = self.refusal.set(error);
    }
}

/// What every layer of a backward pass may read, and the gradients it adds to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Backward<'a, T> {
    /// All parameters.
    pub values: &'a [T],
    /// All gradients, to add to: [`Param::of_mut`].
    pub grads: &'a mut [T],
    /// Examples in the batch.
    pub batch: usize,
}

/// What a layer gave in the last forward pass, for whoever looks into a network.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a, T> {
    /// The path of the layer in the network, as in the names of its parameters.
    pub path: &'a str,
    /// The activation that the results went through.
    pub activation: Option<Activation>,
    /// The shape of the result for an example.
    pub shape: &'a Shape,
    /// The results of the batch, example after example.
    pub output: &'a [T],
}

/// The rows of a parameter that the last backward pass gave a gradient: all others it left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SparseRows<'a> {
    /// Where the parameter lies in the flat buffers.
    pub range: Range<usize>,
    /// Values in a row.
    pub width: usize,
    /// The rows, ascending, each once. Row r starts at `range.start + r * width`.
    pub rows: &'a [usize],
}

/// A differentiable map from a batch of examples to another.
///
/// A batch is row-major: example after example, each of the shape that `build` agreed on. Whoever holds a layer owns
/// the buffers of its input and output and keeps both unchanged until `backward`; what else a layer needs then (a mask,
/// a mean), it keeps itself, in buffers it uses again. Values are always `T`: a layer that looks up rows by index
/// reads the indices as whole numbers. A layer may hold layers: blocks, residual branches and cells are layers too.
pub trait Layer<T: Float>: Debug + Send {
    /// Checks the shape of an example, asks `scope` for parameters, gives the shape of its result. Called once, first.
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error>;

    /// Writes the result of `x` to `y`, all of it.
    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]);

    /// Takes the loss's gradient `dy` by the result of the last `forward`, adds the gradients of the parameters to
    /// `pass.grads`, and writes the gradient by `x` to `dx`, all of it, if anyone needs it. `x` and `y` are those of
    /// the last `forward`.
    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], dx: Option<&mut [T]>);

    /// Offers the activation that follows, to be done by this layer too; true if it takes it. Asked before `build`.
    fn absorb(&mut self, _activation: Activation) -> bool {
        false
    }

    /// The activation that its results go through last.
    fn activation(&self) -> Option<Activation> {
        None
    }

    /// Shows what the layers inside of this one gave in the last forward pass, and `own`, what this one gave, unless
    /// that is the result of a layer inside.
    fn inspect(&self, own: &Seen<'_, T>, see: &mut dyn FnMut(&Seen<'_, T>)) {
        see(own);
    }

    /// Shows what this layer and those inside of it learn besides parameters, such as running means, with a name each:
    /// it belongs into a checkpoint. `path` is that of this layer.
    fn state(&mut self, _path: &str, _see: &mut dyn FnMut(&str, &mut [T])) {}

    /// Shows which rows the last `backward` gave a gradient, for each parameter of this layer and those inside of it
    /// where these are few, such as the table of an embedding.
    fn sparse_rows(&self, _see: &mut dyn FnMut(&SparseRows<'_>)) {}
}

/// Where a layer is being built: gives it parameters and random streams of its own.
#[derive(Debug)]
pub struct Scope<'a, T> {
    pub(crate) params: &'a mut Params<T>,
    pub(crate) random: Random,
    pub(crate) streams: &'a mut u64,
    pub(crate) path: String,
}

impl<T: Float> Scope<'_, T> {
    /// The path of this layer in the network, such as `3` or `blocks.0.up`; empty at the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The scope of a layer inside this one.
    pub fn child(&mut self, name: &str) -> Scope<'_, T> {
        Scope { path: self.join(name), params: self.params, random: self.random, streams: self.streams }
    }

    /// A new parameter, drawn by `init` for units with `fan = (inputs, outputs)`; an error if it does not fit into memory.
    pub fn param(
        &mut self,
        name: &str,
        shape: impl Into<Shape>,
        init: Init,
        fan: (usize, usize),
    ) -> Result<Param, Error> {
        let param = self.params.push(self.join(name), shape.into())?;
        let random = self.stream();
        init.fill(param.of_mut(self.params.values_mut()), fan.0, fan.1, random);
        Ok(param)
    }

    /// A random stream that nobody else in the network has.
    pub fn stream(&mut self) -> Random {
        *self.streams += 1;
        self.random.stream(*self.streams)
    }

    fn join(&self, name: &str) -> String {
        join(&self.path, name)
    }
}

/// The path of what is called `name` inside of `path`.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}
