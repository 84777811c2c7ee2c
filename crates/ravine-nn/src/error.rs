//! What can go wrong on a call.

use crate::Shape;

/// A wrong argument: the message says what was expected, what came, and where.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Kind);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("{what}: expected {expected} values, got {got}")]
    Length { what: &'static str, expected: usize, got: usize },
    #[error("the input of a batch of {batch} examples of shape {shape} needs {expected} values, got {got}")]
    Input { batch: usize, shape: Shape, expected: usize, got: usize },
    #[error("a batch needs at least one example, got none")]
    EmptyBatch,
    #[error("backward needs a forward pass before it")]
    NoForward,
    #[error("label {label} of example {example} is out of range: there are {classes} classes")]
    Label { label: u32, example: usize, classes: usize },
    #[error("{values} outputs cannot be split into {examples} examples")]
    Ragged { values: usize, examples: usize },
    #[error("{values} outputs cannot be split into {examples} examples with {classes} classes in each frame")]
    RaggedFrames { values: usize, examples: usize, classes: usize },
    #[error(
        "label {label} of example {example} must be from 1 to below the {classes} classes: 0 is the blank"
    )]
    Spoken { label: u32, example: usize, classes: usize },
    #[error("example {example} with {labels} labels needs {least} to {most} frames, got {frames}")]
    Frames { example: usize, frames: usize, labels: usize, least: usize, most: usize },
    #[error("target {index} must be from 0 to 1, got {value}")]
    Probability { value: f64, index: usize },
    #[error("the smoothing of labels must be in [0, 1], got {0}")]
    Smoothing(f64),
    #[error("every label is {0}, the one that is ignored")]
    AllIgnored(u32),
    #[error("parameter {name} of shape {shape} does not fit into memory")]
    Memory { name: String, shape: Shape },
    #[error("unknown initialisation {text:?}: expected one of {names}, or one with a gain such as he:1.5")]
    Init { text: String, names: String },
    #[error("layer {name}: {problem}")]
    Layer { name: String, problem: String },
}

impl Error {
    /// A layer that cannot be built, for the layers of other crates. `name` is [`Scope::path`](crate::Scope::path).
    pub fn layer(name: &str, problem: impl Into<String>) -> Self {
        let name = if name.is_empty() { "(root)".into() } else { name.into() };
        Self(Kind::Layer { name, problem: problem.into() })
    }
}

pub(crate) fn check_length(what: &'static str, expected: usize, got: usize) -> Result<(), Error> {
    if expected == got { Ok(()) } else { Err(Kind::Length { what, expected, got }.into()) }
}
