//! One run, looked at from inside.

use super::Settings;
use super::signal::is_weight;
use super::units::{Tally, Units};
use crate::comparison::LayerHealth;
use crate::convergence::Losses;
use crate::data::Split;
use crate::error::{Kind, Result};
use crate::health::{self, norm};
use crate::snapshot::Snapshot;
use crate::stats::summary::sd;
use crate::stepped::stepped;
use crate::workload::Session;
use ravine::{Guard, Optimizer, Outcome, rules, schedules};
use std::sync::atomic::{AtomicBool, Ordering};

/// Times that the layers are looked at.
const SAMPLES: u64 = 40;
/// Times that the validation split is looked at.
const LOOKS: u64 = 40;
/// Batches that the units are judged over at the end: more of them, and fewer units are 0 for all by chance.
const BATCHES: u64 = 10;
/// Batches that the noise of the gradient is measured over.
const NOISE: u64 = 8;

/// What was seen of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// The loss of each batch, before its step.
    pub(super) losses: Vec<f64>,
    /// The layers at the steps looked at.
    pub(super) samples: Vec<(u64, Vec<LayerHealth>)>,
    /// The mean training loss since the last look, and the validation loss.
    pub(super) looks: Vec<Losses>,
    /// The units for the first batch.
    pub(super) before: Vec<Units>,
    /// The units over the last batches.
    pub(super) after: Vec<Units>,
    /// The metric on the validation split at the end, if it came there.
    pub(super) metric: Option<f64>,
    /// The step whose loss or gradient was the first that is not finite.
    pub(super) lost: Option<u64>,
    /// The batch size at which noise and signal of the gradient are alike, over the size of a batch.
    pub(super) noise_scale: Option<f64>,
    /// The standard deviation of the losses of a few batches, before any step.
    pub(super) spread: f64,
}

/// Trains a fresh session and looks on.
pub(super) fn watch(
    session: &mut dyn Session,
    settings: &Settings,
    lr: f64,
    stop: &AtomicBool,
) -> Result<Run> {
    let params = session.params().to_vec();
    let (noise_scale, spread) = noise(session);
    let mut run = Run { noise_scale, spread, ..Run::default() };
    let mut optimizer = optimizer(settings, lr, session)?;
    let mut tallies: Vec<Tally> = Vec::new();
    let mut since_look = (0.0, 0u64);
    let is_time =
        |step: u64, times: u64| step * times / settings.steps != (step + 1) * times / settings.steps;
    for step in 0..settings.steps {
        if stop.load(Ordering::Relaxed) {
            return Err(Kind::Interrupted.into());
        }
        let loss = session.backward(step);
        run.losses.push(loss);
        since_look = (since_look.0 + loss, since_look.1 + 1);
        if step == 0 {
            let mut first = Vec::new();
            tally(session, &mut first);
            run.before = first.iter().map(Tally::units).collect();
        }
        let (values, grads) = session.buffers();
        let kept = (step < 3 || is_time(step, SAMPLES)).then(|| (values.to_vec(), grads.to_vec()));
        let outcome = stepped(session, &mut optimizer, step)?;
        let lost = !loss.is_finite() || matches!(outcome, Outcome::Skipped { .. });
        if let Some((before, grads)) = kept.filter(|_| !lost || step == 0) {
            let mut layers = health::layers(&params, &before, session.buffers().0, &grads);
            layers.retain(|layer| is_weight(&layer.name));
            run.samples.push((step, layers));
        }
        if lost {
            run.lost = Some(step);
            break;
        }
        if step % BATCHES == 0 && settings.steps - step >= BATCHES {
            tallies.clear();
        }
        tally(session, &mut tallies);
        if is_time(step, LOOKS) {
            let seen = session.evaluate(Split::Validation);
            run.looks.push(Losses {
                step: step + 1,
                train: since_look.0 / since_look.1 as f64,
                validation: seen.loss,
            });
            run.metric = Some(seen.metric);
            since_look = (0.0, 0);
        }
    }
    run.after = tallies.iter().map(Tally::units).collect();
    Ok(run)
}

/// Trains a fresh session; gives the losses of all batches, up to the first that is not finite.
pub(super) fn probe(
    session: &mut dyn Session,
    settings: &Settings,
    lr: f64,
    stop: &AtomicBool,
) -> Result<Vec<f64>> {
    let mut optimizer = optimizer(settings, lr, session)?;
    let mut losses = Vec::new();
    for step in 0..settings.steps {
        if stop.load(Ordering::Relaxed) {
            return Err(Kind::Interrupted.into());
        }
        let loss = session.backward(step);
        losses.push(loss);
        if !loss.is_finite() || matches!(stepped(session, &mut optimizer, step)?, Outcome::Skipped { .. }) {
            losses.push(f64::NAN);
            break;
        }
    }
    Ok(losses)
}

fn optimizer(settings: &Settings, lr: f64, session: &mut dyn Session) -> Result<Optimizer<f32>> {
    let mut rule = rules::parse(&settings.optimizer)?;
    rule.set("lr", lr)?;
    Ok(Optimizer::builder_boxed(rule)
        .schedule(schedules::parse(&settings.schedule, settings.steps)?)
        .guard(Guard::Skip)
        .zero_grad(true)
        .build(session.params())?)
}

/// Takes the units of the last batch in.
fn tally(session: &dyn Session, tallies: &mut Vec<Tally>) {
    let mut at = 0;
    session.inspect(&mut |seen| {
        if at == tallies.len() {
            tallies.push(Tally::new(seen));
        }
        tallies[at].add(seen);
        at += 1;
    });
}

/// The gradient noise scale B = tr(S) / |G|^2 over the size of a batch, from the gradients of a few batches at the start,
/// with S the covariance over batches and G the mean: unbiased estimates of both (McCandlish et al., arXiv 1812.06162).
/// `None` where the noise hides the mean. Then the standard deviation of the losses.
fn noise(session: &mut dyn Session) -> (Option<f64>, f64) {
    let kept = Snapshot::of(session);
    let (_, grads) = session.buffers();
    let mut sum = vec![0.0f64; grads.len()];
    let mut squares = 0.0;
    let mut losses = Vec::new();
    for batch in 0..NOISE {
        losses.push(session.backward(batch));
        let (_, grads) = session.buffers();
        squares += norm(grads).powi(2) / NOISE as f64;
        sum.iter_mut().zip(&*grads).for_each(|(sum, g)| *sum += f64::from(*g) / NOISE as f64);
        grads.fill(0.0);
    }
    kept.restore(session);
    let mean: f64 = sum.iter().map(|g| g * g).sum();
    let count = NOISE as f64;
    let signal = (count * mean - squares) / (count - 1.0);
    let ratio = (squares - signal) / signal;
    let scale = (signal > 0.0 && ratio.is_finite()).then_some(ratio.max(0.0));
    (scale, sd(&losses).unwrap_or(0.0))
}
