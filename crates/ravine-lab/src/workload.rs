//! What the laboratory trains: a model with its data, behind two small traits.
//!
//! A model of another library takes part by implementing both.

use ravine::ParamSpec;
use ravine_nn::Seen;
use serde::{Deserialize, Serialize};

use crate::comparison::nan_for_null;
use crate::data::trouble::Remark;
use crate::data::{Order, Split};

/// A model with its data: something to train.
pub trait Workload: Send + Sync {
    /// What it is.
    fn info(&self) -> &Info;

    /// A fresh model and data order, both drawn from `seed`.
    fn start(&self, seed: u64, order: Order) -> Box<dyn Session>;

    /// What was done to its data when it was read, and what was left out of it, a sentence each.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// What is wrong with its data, or worth knowing of them.
    fn trouble(&self) -> Vec<Remark> {
        Vec::new()
    }
}

/// One run of a workload.
///
/// What is random comes from (seed, step) alone, so a run resumes by writing the weights and the state back and going on
/// to ask for the next step.
pub trait Session: Send {
    /// Name and shape of every parameter, in the order they lie in the buffers, end to end: what the optimizer is
    /// built for.
    fn params(&self) -> &[ParamSpec];

    /// Values and gradients, laid out alike.
    fn buffers(&mut self) -> (&mut [f32], &mut [f32]);

    /// The loss of batch number `step` at the present values; its gradient is *added* to the gradients.
    ///
    /// A pure function of (seed, step, values): steps may be asked for in any order. Only the state goes with them.
    fn backward(&mut self, step: u64) -> f64;

    /// Loss and metric over a whole split at the present values. Changes nothing.
    fn evaluate(&mut self, split: Split) -> Evaluation;

    /// Shows what is learnt besides the parameters, such as the running means of batch normalisation, with a name each.
    fn state(&mut self, _see: &mut dyn FnMut(&str, &mut [f32])) {}

    /// Shows what every layer gave for the batch of the last `backward`.
    fn inspect(&self, _see: &mut dyn FnMut(&Seen<'_, f32>)) {}
}

/// What a split says of the present values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean loss, with the penalty if the training loss has one.
    #[serde(deserialize_with = "nan_for_null")]
    pub loss: f64,
    /// The metric that [`Info::metric`] names.
    #[serde(deserialize_with = "nan_for_null")]
    pub metric: f64,
}

/// What a workload is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Info {
    /// Its spec on the command line: a name, and the options that differ from their defaults.
    pub name: String,
    /// Model and data, in a line.
    pub title: String,
    /// Name of the metric.
    pub metric: &'static str,
    /// Whether a larger metric is better.
    pub higher_is_better: bool,
    /// The validation metric that counts as reached for time to target.
    pub target: f64,
    /// Where the target comes from, in a sentence.
    pub target_reason: String,
    /// The training loss of the best guess that does not look at the input, where there is one: a model that stays there has
    /// learnt nothing.
    pub guess: Option<f64>,
    /// Examples for training, validation and testing.
    pub split: [usize; 3],
    /// SHA-256 of the data, in hexadecimal.
    pub data_sha256: String,
    /// Examples in a batch.
    pub batch: usize,
    /// Passes over the training data in a full run.
    pub epochs: u64,
    /// Number of trainable parameters.
    pub parameters: usize,
}

impl Info {
    /// Optimizer steps in an epoch. An incomplete last batch is dropped.
    pub const fn steps_per_epoch(&self) -> u64 {
        (self.split[0] / self.batch) as u64
    }

    /// Optimizer steps of a full run.
    pub const fn steps(&self) -> u64 {
        self.epochs * self.steps_per_epoch()
    }

    /// Whether the validation metric has reached the target.
    pub fn reached(&self, metric: f64) -> bool {
        if self.higher_is_better { metric >= self.target } else { metric <= self.target }
    }
}
