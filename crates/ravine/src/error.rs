//! What can go wrong, said so that it can be put right.

use crate::catalogue;
use std::path::PathBuf;

/// An error of the engine. Its message says what was expected, what came, and where.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Kind);

impl Error {
    /// An error of a rule of one's own: see [`Rule::check`](crate::Rule::check).
    pub fn rule(rule: &str, problem: impl Into<String>) -> Self {
        Self(Kind::Rule { rule: rule.into(), problem: problem.into() })
    }
}

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("unknown {what} '{name}'{}; there are: {known}", suggestion(.name, .known))]
    UnknownName { what: &'static str, name: String, known: String },
    #[error("{owner} has no '{key}'{}; it has: {known}", suggestion(.key, .known))]
    UnknownKey { owner: String, key: String, known: String },
    #[error("{owner}: {key} must be {expected}, not {got}")]
    BadValue { owner: String, key: String, expected: String, got: String },
    #[error("cannot read '{text}': {reason}")]
    BadSpec { text: String, reason: String },
    #[error("an optimizer needs at least one parameter")]
    NoParameters,
    #[error("two parameters are named '{name}'")]
    DuplicateParameter { name: String },
    #[error("'{name}' of shape {shape:?} is part of more elements than memory can hold")]
    TooLarge { name: String, shape: Vec<usize> },
    #[error("the group pattern '{pattern}' matches no parameter; they are: {known}")]
    EmptyGroup { pattern: String, known: String },
    #[error(
        "all parameters that the group pattern '{pattern}' matches belong to groups before it, such as '{first}'"
    )]
    ShadowedGroup { pattern: String, first: String },
    #[error("there is no group '{name}'{}; they are: {known}", suggestion(.name, .known))]
    UnknownGroup { name: String, known: String },
    #[error("{what}: expected {expected} tensors, one for each parameter, got {got}")]
    TensorCount { what: &'static str, expected: usize, got: usize },
    #[error("{what} '{name}': expected {expected} elements, got {got}")]
    TensorLength { what: &'static str, name: String, expected: usize, got: usize },
    #[error("the gradient of '{name}' is not finite: {value} at element {index}; nothing was changed")]
    NonFiniteGradient { name: String, index: usize, value: f64 },
    #[error("the loss is not finite: {loss}; nothing was changed")]
    NonFiniteLoss { loss: f64 },
    #[error(
        "the norm of the gradient is beyond the largest number: {value} at element {index} of '{name}'; nothing was \
         changed"
    )]
    NormOverflow { name: String, index: usize, value: f64 },
    #[error(
        "the {what} of group '{group}' at step {step} must be {expected}, not {got}; nothing was changed"
    )]
    BadScheduled { what: &'static str, group: String, step: u64, expected: &'static str, got: f64 },
    #[error("{option} must be {expected}, not {got}")]
    BadOption { option: &'static str, expected: &'static str, got: String },
    #[error("{owner}: setting {key} would change the state kept for each parameter from [{from}] to [{to}]")]
    StateChange { owner: String, key: String, from: String, to: String },
    #[error("{rule}: {problem}")]
    Rule { rule: String, problem: String },
    #[error("{rule} asks for {expected} state slots but its update takes {got}")]
    SlotCount { rule: &'static str, expected: usize, got: usize },
    #[error("a step of {rule} must run one update, not {runs}")]
    UpdateCount { rule: &'static str, runs: usize },
    #[error("no rule takes curvature; sophia does")]
    NoCurvature,
    #[error(
        "there is no average of the weights yet: build the optimizer with `ema` or `swa` and make its first steps"
    )]
    NoAverage,
    #[error("{operation} of a {rows} x {cols} matrix: {problem}")]
    Matrix { operation: &'static str, rows: usize, cols: usize, problem: String },
    #[error(
        "a step with sam needs gradients at two places: call `step_with`, which asks for them, or `climb` before the second"
    )]
    NeedsClosure,
    #[error(
        "a checkpoint now would lose the gradients of the {micro} micro-batches gathered for the next step"
    )]
    MidAccumulation { micro: u64 },
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{}: not a checkpoint of Ravine: {reason}", path.display())]
    NotACheckpoint { path: PathBuf, reason: String },
    #[error("{}: {key}: expected {expected}, found {found}", path.display())]
    CheckpointMismatch { path: PathBuf, key: String, expected: String, found: String },
}

fn suggestion(name: &str, known: &str) -> String {
    match catalogue::nearest(name, known.split(", ")) {
        Some(nearest) => format!(" (did you mean '{nearest}'?)"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(suggestion("adm", "sgd, adam, adamw"), " (did you mean 'adam'?)");
        assert_eq!(suggestion("lion", "sgd, adam, adamw"), "");
    }
}
