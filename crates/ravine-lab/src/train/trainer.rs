//! A run under way.

use std::time::{Duration, Instant};

use ravine::{Optimizer, Outcome, ParamSpec};
use serde::{Deserialize, Serialize};

use super::log::{By, Entry, Record};
use super::tensors::Values;
use super::{End, Settings, Step};
use crate::comparison::{LayerHealth, Point};
use crate::data::{Order, Split};
use crate::error::Result;
use crate::evaluated::evaluated;
use crate::health;
use crate::snapshot::{restore_state, state};
use crate::stepped::stepped;
use crate::trial::DIVERGED;
use crate::workload::{Evaluation, Info, Session, Workload};

/// Steps left out in a row that are divergence.
const SKIPS: u64 = 10;
/// Evaluations in a row far above the first that are divergence.
const FAR: u64 = 2;

/// A run: what is trained, and where it stands.
pub(super) struct Trainer<'a> {
    pub(super) info: &'a Info,
    pub(super) settings: &'a Settings,
    pub(super) session: Box<dyn Session>,
    params: Vec<ParamSpec>,
    pub(super) optimizer: Optimizer<f32>,
    pub(super) standing: Standing,
    /// The best values, where they are what the run gives.
    pub(super) best: Option<Values>,
    /// Number of the last checkpoint.
    pub(super) checkpoint: u64,
}

/// Where a run stands, besides the values of model and optimizer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Standing {
    /// Steps asked for: those made and those left out.
    pub(super) step: u64,
    /// Steps left out, in all and in a row.
    pub(super) skipped: [u64; 2],
    pub(super) seconds: f64,
    /// Sum and number of the training losses since the last evaluation.
    losses: (f64, u64),
    grad_norm: f64,
    layers: Vec<LayerHealth>,
    /// The learning rate that the schedule starts from, as it is by now.
    lr: f64,
    /// The step of the last evaluation.
    evaluated: Option<u64>,
    /// Above this a validation loss is far off.
    limit: f64,
    far: u64,
    pub(super) best: Option<(u64, Evaluation)>,
    /// Evaluations since the best.
    waited: u64,
    pub(super) validation: Option<Evaluation>,
    pub(super) end: Option<End>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(workload: &'a dyn Workload, settings: &'a Settings) -> Result<Self> {
        let session = workload.start(settings.seed, Order::Reshuffled);
        let params = session.params().to_vec();
        let optimizer = settings.optimizer(&params)?;
        let standing = Standing {
            step: 0,
            skipped: [0, 0],
            seconds: 0.0,
            losses: (0.0, 0),
            grad_norm: 0.0,
            layers: Vec::new(),
            lr: settings.lr,
            evaluated: None,
            limit: 0.0,
            far: 0,
            best: None,
            waited: 0,
            validation: None,
            end: None,
        };
        let info = workload.info();
        Ok(Self { info, settings, session, params, optimizer, standing, best: None, checkpoint: 0 })
    }

    /// Looks at the first batch before any step: its loss and gradient.
    pub(super) fn look(&mut self) {
        let state = Values::of(&mut *self.session);
        let loss = self.session.backward(0);
        if loss.is_finite() {
            self.standing.losses = (loss, 1);
        }
        let (values, grads) = self.session.buffers();
        self.standing.grad_norm = health::norm(grads);
        self.standing.layers = health::layers(&self.params, values, values, grads);
        grads.fill(0.0);
        // As if the batch had not been seen: it comes again.
        state.restore(&mut *self.session);
    }

    /// Whether an evaluation is due that was not made yet.
    pub(super) fn is_due(&self) -> bool {
        let step = self.standing.step;
        let due = step.is_multiple_of(self.settings.evaluate_every) || step == self.settings.steps;
        due && self.standing.evaluated != Some(step)
    }

    /// The learning rate of the next step.
    pub(super) fn lr(&self) -> Result<f64> {
        Ok(self.optimizer.lr("default")?)
    }

    /// The learning rate that the schedule starts from.
    pub(super) fn base(&self) -> f64 {
        self.standing.lr
    }

    /// Changes the learning rate that the schedule starts from.
    pub(super) fn set_base(&mut self, lr: f64) -> Result<Entry> {
        self.optimizer.set("default", "lr", lr)?;
        self.standing.lr = lr;
        Ok(Entry::Rate { step: self.standing.step, by: By::Hand, lr: self.lr()? })
    }

    /// Makes a step, or leaves it out.
    pub(super) fn step(&mut self) -> Result<(Step, Option<Entry>)> {
        let start = Instant::now();
        let (at, batches) = (self.standing.step, self.settings.accumulate);
        let lr = self.lr()?;
        // What a batch that is left out teaches besides the parameters must go too.
        let state = state(&mut *self.session);
        let due = (at + 1).is_multiple_of(self.settings.evaluate_every) || at + 1 == self.settings.steps;
        let mut total = 0.0;
        let mut looked_at = None;
        let mut outcome = None;
        for batch in 0..batches {
            let number = at * batches + batch;
            total += self.session.backward(number);
            let (values, grads) = self.session.buffers();
            if batch + 1 == batches {
                // The guard looks at gradients alone.
                if !f64::is_finite(total) {
                    grads[0] = f32::NAN;
                }
                // The health of the layers is looked at in the last step before an evaluation.
                looked_at = due.then(|| (values.to_vec(), grads.to_vec()));
            }
            outcome = Some(stepped(&mut *self.session, &mut self.optimizer, number)?);
        }
        let loss = total / batches as f64;
        let mut entry = None;
        match outcome {
            Some(Outcome::Stepped { grad_norm, .. }) => {
                self.standing.skipped[1] = 0;
                self.standing.losses.0 += loss;
                self.standing.losses.1 += 1;
                self.standing.grad_norm = grad_norm.unwrap_or(f64::NAN);
                if let Some((before, grads)) = looked_at {
                    let after = self.session.buffers().0;
                    self.standing.layers = health::layers(&self.params, &before, after, &grads);
                    for layer in &mut self.standing.layers {
                        layer.grad_norm /= batches as f64;
                    }
                }
            }
            Some(Outcome::Skipped { tensor }) => {
                let what = match loss.is_finite() {
                    true => format!("the gradient of {tensor}"),
                    false => "the loss".into(),
                };
                entry = Some(Entry::Skipped { step: at, what });
                restore_state(&mut *self.session, &state);
                self.standing.skipped = self.standing.skipped.map(|count| count + 1);
                if self.standing.skipped[1] == SKIPS {
                    self.standing.end = Some(End::Diverged);
                }
            }
            Some(Outcome::Accumulated { .. }) | None => unreachable!("the last batch makes the step"),
        }
        self.standing.step += 1;
        self.standing.seconds += start.elapsed().as_secs_f64();
        let grad_norm = self.standing.grad_norm;
        let seconds = Duration::from_secs_f64(self.standing.seconds);
        Ok((Step { step: self.standing.step, loss, lr, grad_norm, seconds }, entry))
    }

    /// Evaluates, notes what is best, and says whether that ends the run.
    pub(super) fn evaluate(&mut self) -> Result<Vec<Entry>> {
        let keep = self.settings.patience.is_some();
        let step = self.standing.step;
        let (validation, values) = self.averaged(|session| {
            let validation = session.evaluate(Split::Validation);
            (validation, keep.then(|| Values::of(session)))
        })?;
        let (sum, count) = std::mem::take(&mut self.standing.losses);
        let point = Point {
            step,
            seconds: self.standing.seconds,
            train_loss: sum / count as f64,
            validation_loss: validation.loss,
            validation: validation.metric,
            lr: self.lr()?,
            grad_norm: self.standing.grad_norm,
            layers: self.standing.layers.clone(),
        };
        let better = self.is_better(validation.metric);
        let epoch = (step * self.settings.accumulate) as f64 / self.info.steps_per_epoch() as f64;
        let mut entries = vec![Entry::Evaluation(Record { epoch, best: better, point })];
        let standing = &mut self.standing;
        if standing.evaluated.is_none() {
            standing.limit = DIVERGED * validation.loss.abs();
        }
        (standing.evaluated, standing.validation) = (Some(step), Some(validation));
        if better {
            (standing.best, standing.waited) = (Some((step, validation)), 0);
            self.best = values;
        } else {
            standing.waited += 1;
        }
        if self.optimizer.observe(validation.loss) {
            entries.push(Entry::Rate { step, by: By::Plateau, lr: self.lr()? });
        }
        let standing = &mut self.standing;
        standing.far = if validation.loss > standing.limit { standing.far + 1 } else { 0 };
        standing.end = match () {
            () if !validation.loss.is_finite() || standing.far == FAR => Some(End::Diverged),
            () if step == self.settings.steps => Some(End::Finished),
            () if self.settings.patience.is_some_and(|patience| standing.waited > patience) => {
                Some(End::Stopped)
            }
            () => None,
        };
        Ok(entries)
    }

    /// An evaluation that counts for nothing.
    pub(super) fn glance(&mut self) -> Result<Entry> {
        let validation = self.averaged(|session| session.evaluate(Split::Validation))?;
        Ok(Entry::Look { step: self.standing.step, validation })
    }

    /// The values that the run gives as it stands, with the step they are of and what validation says of them.
    pub(super) fn result(&mut self) -> Result<(Values, u64, Option<Evaluation>)> {
        match (&self.best, self.standing.best) {
            (Some(best), Some((step, validation))) => Ok((best.clone(), step, Some(validation))),
            _ => {
                let step = self.standing.step;
                let validation = self.standing.validation.filter(|_| self.standing.evaluated == Some(step));
                Ok((self.averaged(|session| Values::of(session))?, step, validation))
            }
        }
    }

    fn is_better(&self, metric: f64) -> bool {
        let Some((_, best)) = self.standing.best else { return !metric.is_nan() };
        match self.info.higher_is_better {
            true => metric > best.metric + self.settings.min_delta,
            false => metric < best.metric - self.settings.min_delta,
        }
    }

    /// Does something with the weights to evaluate with in the place of the trained ones.
    fn averaged<R>(&mut self, look: impl FnOnce(&mut dyn Session) -> R) -> Result<R> {
        evaluated(&mut *self.session, &self.optimizer, look)
    }
}
