//! What a run is.

use ravine::{Builder, Ema, Guard, Optimizer, ParamSpec, Plateau, rules, schedules};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Kind, Result};
use crate::plan::without_lr;
use crate::workload::{Info, Workload};

/// Evaluations in a run, unless an epoch is shorter.
const EVALUATIONS: u64 = 20;
/// More batches in a step, or steps in a run, than any machine will see.
const MOST: u64 = 1_000_000_000_000;

/// What a run is, in full: the same settings give the same weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Optimizer's spec, without its learning rate.
    pub optimizer: String,
    /// Learning rate that the schedule starts from.
    pub lr: f64,
    /// Schedule's spec, over all steps of the run.
    pub schedule: String,
    /// Optimizer steps.
    pub steps: u64,
    /// Seed of initialisation and data order.
    pub seed: u64,
    /// Batches in a step: the gradient is their mean.
    pub accumulate: u64,
    /// The largest norm of the whole gradient.
    pub clip_norm: Option<f64>,
    /// The largest magnitude of an element of the gradient.
    pub clip_value: Option<f64>,
    /// Decay of the average of the weights, which is then what is evaluated and what the run gives.
    pub ema: Option<f64>,
    /// Evaluations without a better metric that are borne; one more ends the run. The best weights are then what it gives.
    pub patience: Option<u64>,
    /// How much better than the best a metric must be to count as better.
    pub min_delta: f64,
    /// Spec of the [`Plateau`] that listens to the validation loss.
    pub plateau: Option<String>,
    /// Steps between evaluations.
    pub evaluate_every: u64,
}

impl Settings {
    /// A run of this optimizer over this many epochs of a workload, or as many as it is made for. The optimizer's spec
    /// may hold the learning rate; else it is the optimizer's own.
    ///
    /// # Errors
    /// A spec that cannot be read.
    pub fn new(
        workload: &dyn Workload,
        optimizer: &str,
        epochs: Option<u64>,
        accumulate: u64,
    ) -> Result<Self> {
        let info = workload.info();
        let lr = rules::parse(optimizer)?.lr();
        check("accumulate", (1..=MOST).contains(&accumulate), "between 1 and 1000000000000", accumulate)?;
        let batches = epochs.unwrap_or(info.epochs).saturating_mul(info.steps_per_epoch());
        let mut settings = Self {
            optimizer: without_lr(optimizer).unwrap_or_else(|| optimizer.into()),
            lr,
            schedule: "constant".into(),
            steps: 0,
            seed: 0,
            accumulate,
            clip_norm: None,
            clip_value: None,
            ema: None,
            patience: None,
            min_delta: 0.0,
            plateau: None,
            evaluate_every: 0,
        };
        settings.set_steps(workload, (batches / accumulate).max(1));
        Ok(settings)
    }

    /// Sets the number of steps, and evaluates each epoch or 20 times in the run, whichever is more often.
    pub fn set_steps(&mut self, workload: &dyn Workload, steps: u64) {
        let epoch = (workload.info().steps_per_epoch() / self.accumulate).max(1);
        (self.steps, self.evaluate_every) = (steps, epoch.min((steps / EVALUATIONS).max(1)));
    }

    /// Checks every number and spec.
    ///
    /// # Errors
    /// The first that makes no sense.
    pub fn check(&self) -> Result<()> {
        let above = |x: f64| x > 0.0 && x.is_finite();
        check("lr", above(self.lr), "finite and above 0", self.lr)?;
        check("steps", (1..=MOST).contains(&self.steps), "between 1 and 1000000000000", self.steps)?;
        check("evaluate-every", self.evaluate_every > 0, "1 or more", self.evaluate_every)?;
        check(
            "min-delta",
            self.min_delta >= 0.0 && self.min_delta.is_finite(),
            "finite and not below 0",
            self.min_delta,
        )?;
        self.optimizer(&[ParamSpec::new("any", [1])]).map(drop)
    }

    /// The optimizer of these parameters.
    pub(super) fn optimizer(&self, params: &[ParamSpec]) -> Result<Optimizer<f32>> {
        let mut rule = rules::parse(&self.optimizer)?;
        rule.set("lr", self.lr)?;
        let mut builder: Builder = Optimizer::builder_boxed(rule)
            .schedule(schedules::parse(&self.schedule, self.steps)?)
            .guard(Guard::Skip)
            .accumulate(self.accumulate)
            .zero_grad(true);
        if let Some(norm) = self.clip_norm {
            builder = builder.clip_norm(norm);
        }
        if let Some(limit) = self.clip_value {
            builder = builder.clip_value(limit);
        }
        if let Some(decay) = self.ema {
            // Short runs would else end with an average of their start.
            builder = builder.ema(Ema { decay, warmup: true });
        }
        if let Some(spec) = &self.plateau {
            let plateau = Plateau::parse(spec)?;
            let mode = plateau.options().mode;
            check(
                "the mode of the plateau",
                mode == "min",
                "min, as it listens to the validation loss",
                mode,
            )?;
            builder = builder.metric_schedule(plateau);
        }
        Ok(builder.build(params)?)
    }
}

fn check(option: &'static str, holds: bool, expected: &str, got: impl ToString) -> Result<()> {
    let refused = || Kind::BadOption { option, expected: expected.into(), got: got.to_string() };
    if holds { Ok(()) } else { Err(refused().into()) }
}

/// What tells a run from another: settings, workload and data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The workload's spec.
    pub workload: String,
    /// SHA-256 of its data.
    pub data_sha256: String,
    /// Its settings.
    #[serde(flatten)]
    pub settings: Settings,
}

impl Identity {
    /// Of a run of these settings.
    pub fn new(info: &Info, settings: &Settings) -> Self {
        Self {
            workload: info.name.clone(),
            data_sha256: info.data_sha256.clone(),
            settings: settings.clone(),
        }
    }

    /// What another has otherwise, in words; nothing if it is the same.
    pub(super) fn differences(&self, theirs: &Self) -> Option<String> {
        let map = |run: &Self| match serde_json::to_value(run) {
            Ok(Value::Object(map)) => map,
            _ => unreachable!("plain data has a JSON form"),
        };
        let word = |value: &Value| match value {
            Value::Null => "none".into(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let (ours, theirs) = (map(self), map(theirs));
        let differ = ours.iter().filter(|(key, value)| theirs.get(*key) != Some(value));
        let said = differ
            .map(|(key, value)| format!("{key} is {} there and {} here", word(&theirs[key]), word(value)));
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}
