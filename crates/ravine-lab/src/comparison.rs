//! What a finished comparison says: the plain data that the table, the verdicts and the report are made from.
//!
//! It is read from the run store and can be rebuilt from it at any time; nothing in it is known to the trainer.

use serde::{Deserialize, Deserializer, Serialize};

/// A comparison of optimizers and schedules on one or more workloads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The command that makes it again.
    pub command: String,
    /// Version of Ravine that made it.
    pub version: String,
    /// Hash of the whole plan: what was run, with which budget and seeds.
    pub plan_hash: String,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// The machine: processor, cores, operating system.
    pub machine: String,
    /// Trials that ran side by side.
    pub jobs: usize,
    /// Wall-clock seconds of all trials together, as they ran.
    pub seconds: f64,
    /// How the learning rate of each arm was found.
    pub tuning: Tuning,
    /// Seeds of the reported runs, disjoint from the tuning seeds.
    pub seeds: Vec<u64>,
    /// Whether batches kept one order in all epochs instead of a new one each epoch.
    pub fixed_order: bool,
    /// The workloads, in the order asked for.
    pub workloads: Vec<WorkloadResult>,
}

/// The tuning budget: the same for every arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// Learning rates tried for each arm.
    pub trials: usize,
    /// Seeds of the tuning runs.
    pub seeds: Vec<u64>,
    /// How the learning rates are chosen, in a sentence.
    pub search: String,
}

/// All arms on one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadResult {
    /// Name on the command line.
    pub name: String,
    /// What it is, in a line: model and data.
    pub title: String,
    /// Name of the metric, such as `accuracy`.
    pub metric: String,
    /// Whether a larger metric is better.
    pub higher_is_better: bool,
    /// The validation metric that counts as reached for time to target.
    pub target: f64,
    /// Where the target comes from, in a sentence.
    pub target_reason: String,
    /// Examples for training, validation and testing; 0 where they are not known.
    pub split: [usize; 3],
    /// SHA-256 of the data, in hexadecimal.
    pub data_sha256: String,
    /// Examples in a batch; 0 where it was trained outside, by a function that nothing is known of.
    pub batch: usize,
    /// Optimizer steps of a full run.
    pub steps: u64,
    /// Number of trainable parameters.
    pub parameters: usize,
    /// One for each optimizer x schedule.
    pub arms: Vec<Arm>,
}

impl WorkloadResult {
    /// Whether it was trained outside, and means nothing to the command line.
    pub fn is_outside(&self) -> bool {
        self.batch == 0
    }
}

/// One optimizer with one schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// The optimizer's spec without its learning rate, such as `sgd:momentum=0.9`.
    pub optimizer: String,
    /// The schedule's spec, such as `cosine`.
    pub schedule: String,
    /// Every tuning run, in the order made.
    pub tuning: Vec<TuningRun>,
    /// The learning rate chosen.
    pub lr: f64,
    /// The learning rates that do about as well in tuning, from lowest to highest.
    pub lr_works: [f64; 2],
    /// Whether the chosen learning rate is the lowest or the highest tried.
    pub lr_on_boundary: bool,
    /// The reported runs, one for each seed.
    pub runs: Vec<Run>,
}

/// One tuning run. The test split is never seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuningRun {
    /// Learning rate tried.
    pub lr: f64,
    /// Its seed.
    pub seed: u64,
    /// How it ended.
    pub end: End,
    /// Validation metric at the end, if there is one.
    pub validation: Option<f64>,
    /// Validation loss at the end, if there is one.
    pub loss: Option<f64>,
    /// Optimizer steps made.
    pub steps: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Ran all its steps.
    Finished,
    /// The loss left the finite numbers, or rose far above its start.
    Diverged,
    /// Stopped early in tuning: no better than at its start after a third of its steps.
    Hopeless,
}

/// One reported run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Id of the trial in the run store.
    pub trial: i64,
    /// Seed of initialisation and data order together.
    pub seed: u64,
    /// How it ended.
    pub end: End,
    /// Validation metric at the end.
    pub validation: Option<f64>,
    /// Test metric, evaluated once, at the end.
    pub test: Option<f64>,
    /// Test loss, evaluated once, at the end.
    pub test_loss: Option<f64>,
    /// First evaluation that reached the target: optimizer steps made by then.
    pub steps_to_target: Option<u64>,
    /// The same in seconds of training, evaluation not counted.
    pub seconds_to_target: Option<f64>,
    /// Seconds of training, evaluation not counted.
    pub seconds: f64,
    /// Evaluations as they happened.
    pub curve: Vec<Point>,
}

impl Run {
    /// The evaluation after `step` optimizer steps, if there was one. Evaluations stand in the order of their steps.
    pub fn at(&self, step: u64) -> Option<&Point> {
        self.curve.binary_search_by_key(&step, |point| point.step).ok().map(|i| &self.curve[i])
    }
}

/// One evaluation in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Optimizer steps made.
    pub step: u64,
    /// Seconds of training so far, evaluation not counted.
    #[serde(deserialize_with = "nan_for_null")]
    pub seconds: f64,
    /// Mean training loss since the last evaluation; the first batch's at step 0.
    #[serde(deserialize_with = "nan_for_null")]
    pub train_loss: f64,
    /// Loss on the validation split.
    #[serde(deserialize_with = "nan_for_null")]
    pub validation_loss: f64,
    /// Metric on the validation split.
    #[serde(deserialize_with = "nan_for_null")]
    pub validation: f64,
    /// Learning rate of the next step.
    #[serde(deserialize_with = "nan_for_null")]
    pub lr: f64,
    /// Global norm of the last gradient.
    #[serde(deserialize_with = "nan_for_null")]
    pub grad_norm: f64,
    /// Health of each layer at the last step.
    pub layers: Vec<LayerHealth>,
}

/// What the last step looked like in one named parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerHealth {
    /// Name of the parameter, such as `0.weight`.
    pub name: String,
    /// Norm of its gradient.
    #[serde(deserialize_with = "nan_for_null")]
    pub grad_norm: f64,
    /// Norm of its values.
    #[serde(deserialize_with = "nan_for_null")]
    pub weight_norm: f64,
    /// Norm of the change that the step made, divided by the norm of its values.
    #[serde(deserialize_with = "nan_for_null")]
    pub update_ratio: f64,
}

/// JSON has null for what is no finite number.
pub(crate) fn nan_for_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}
