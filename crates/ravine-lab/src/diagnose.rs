//! What is wrong with a training run, and what to change: measured, not guessed.
//!
//! A few seeds are trained and looked at from inside: the gradient of every layer, the units, the steps, the losses. Then
//! the same runs are made again at smaller and at larger learning rates, since whether a rate is too small or too large is
//! told by another rate, and by nothing inside the run. [`Finding`]s are judged from the medians over the seeds.

mod findings;
pub mod picture;
pub mod signal;
mod units;
mod watch;

pub use findings::{Advice, Finding, Trouble};
pub use units::{BINS, Histogram, Units};

use crate::compare::Event;
use crate::convergence::{self, Generalisation, Losses, Motion, Trend};
use crate::data::Order;
use crate::error::{Kind, Result};
use crate::stats::summary::{median, sd};
use crate::workload::{Info, Workload};
use rayon::prelude::*;
use serde::Serialize;
use signal::Signal;
use std::sync::atomic::AtomicBool;
use watch::Run;

/// Factors on the learning rate that the runs are made again with.
pub const PROBES: [f64; 4] = [0.01, 0.1, 10.0, 100.0];

/// Fewest and most steps of a run.
const FEWEST_STEPS: u64 = 20;
const MOST_STEPS: u64 = 1_000_000;

/// The share of the losses at the end that stands for what a run came to.
const TAIL: f64 = 0.2;

/// What to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Optimizer's spec, with its learning rate.
    pub optimizer: String,
    /// Schedule's spec.
    pub schedule: String,
    /// Optimizer steps.
    pub steps: u64,
    /// Seeds of initialisation and data order, one a run.
    pub seeds: Vec<u64>,
    /// Order of batches.
    pub order: Order,
}

/// What was measured, and what it says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The workload's spec.
    pub workload: String,
    /// The optimizer's spec.
    pub optimizer: String,
    /// The schedule's spec.
    pub schedule: String,
    /// Learning rate.
    pub lr: f64,
    /// Optimizer steps of a run.
    pub steps: u64,
    /// Seeds of the runs.
    pub seeds: Vec<u64>,
    /// What came of it, in a sentence.
    pub verdict: String,
    /// What is wrong; what is to be mended first stands first. Empty: healthy.
    pub findings: Vec<Finding>,
    /// What is worth knowing of the data, and no trouble in itself.
    pub notes: Vec<String>,
    /// How the gradient reaches the layers before the first step.
    pub signal: Signal,
    /// The loss over the run.
    pub loss: Loss,
    /// The weights, from the first layer to the last.
    pub layers: Vec<Layer>,
    /// Training against validation loss.
    pub generalisation: Option<Generalisation>,
    /// The validation metric at the end.
    pub metric: Option<f64>,
    /// Examples at which noise and signal of the gradient at the start are alike: batches far below see mostly noise,
    /// batches far above gain little.
    pub noise_scale: Option<f64>,
    /// Steps that the layers were looked at.
    pub looked_at: Vec<u64>,
}

/// The loss over a run, medians over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loss {
    /// Of the first batches, before training.
    pub first: f64,
    /// Standard deviation of a batch's loss: before training, or around that of its neighbours at the start or at the end,
    /// where it is least, since a run that jumps about is no measure of the noise.
    pub noise: f64,
    /// At the end: mean over the last fifth of the steps; none if a seed left the finite numbers.
    pub last: Option<f64>,
    /// That of a blind guess.
    pub guess: Option<f64>,
    /// The relative change over the last half of the steps.
    pub trend: Option<Trend>,
    /// What it does there.
    pub motion: Motion,
    /// Seeds that left the finite numbers, and the first step at which one did.
    pub lost: Option<(usize, u64)>,
    /// The same runs at other learning rates.
    pub probes: Vec<Probe>,
}

/// The runs at another learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Probe {
    /// The rate.
    pub lr: f64,
    /// The loss at the end; none if a seed left the finite numbers.
    pub last: Option<f64>,
}

/// A layer's weight, medians over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// Name of the parameter.
    pub name: String,
    /// Norm of the weight at the start.
    pub weight_norm: f64,
    /// Norm of the gradient before the first step.
    pub first_gradient: f64,
    /// Norm of the gradient at each step looked at.
    pub gradients: Vec<f64>,
    /// Norm of a step over that of the weight, median over the steps looked at.
    pub update_ratio: f64,
    /// What its units give for the first batch, of the first seed; where the layer shows them.
    pub before: Option<Units>,
    /// The same over the last batches.
    pub after: Option<Units>,
    /// The share of saturated units before and after, medians over the seeds.
    pub saturated: Option<[f64; 2]>,
    /// The share of dead units before and after, medians over the seeds.
    pub dead: Option<[f64; 2]>,
}

impl Settings {
    /// Checks numbers and specs.
    ///
    /// # Errors
    /// What is out of range, or not known.
    pub fn check(&self) -> Result<f64> {
        let range = |option, value: u64, most: u64, least: u64| match (least..=most).contains(&value) {
            true => Ok(()),
            false => {
                let expected = format!("between {least} and {most}");
                Err(Kind::BadOption { option, expected, got: value.to_string() })
            }
        };
        range("steps", self.steps, MOST_STEPS, FEWEST_STEPS)?;
        range("seeds", self.seeds.len() as u64, 1000, 1)?;
        ravine::schedules::parse(&self.schedule, self.steps)?;
        Ok(ravine::rules::parse(&self.optimizer)?.lr())
    }
}

/// Trains, looks, and judges. `watch` is told of every run.
///
/// # Errors
/// A spec that is not valid; an interruption, when `stop` is set.
pub fn run(
    workload: &dyn Workload,
    settings: &Settings,
    stop: &AtomicBool,
    watch: &(dyn Fn(Event) + Sync),
) -> Result<Diagnosis> {
    let lr = settings.check()?;
    watch(Event::Begin(settings.seeds.len() as u64 * (1 + PROBES.len() as u64)));
    let each = |seed: &u64| {
        let run = watch::watch(&mut *workload.start(*seed, settings.order), settings, lr, stop)?;
        watch(Event::Done);
        let probes = PROBES
            .iter()
            .map(|factor| {
                let mut session = workload.start(*seed, settings.order);
                let losses = watch::probe(&mut *session, settings, factor * lr, stop)?;
                watch(Event::Done);
                Ok(tail(&losses))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((run, probes))
    };
    let (runs, probes): (Vec<Run>, Vec<Vec<Option<f64>>>) =
        settings.seeds.par_iter().map(each).collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let probe = |(i, factor): (usize, &f64)| Probe {
        lr: factor * lr,
        last: middle(probes.iter().map(|seed| seed[i])),
    };
    let probes = PROBES.iter().enumerate().map(probe).collect();
    Ok(judge(workload, settings, lr, &runs, probes))
}

/// What the runs say together.
fn judge(
    workload: &dyn Workload,
    settings: &Settings,
    lr: f64,
    runs: &[Run],
    probes: Vec<Probe>,
) -> Diagnosis {
    let info = workload.info();
    let layers = layers(runs);
    let starts: Vec<(&str, f64)> =
        layers.iter().map(|layer| (layer.name.as_str(), layer.first_gradient)).collect();
    let noise: Vec<f64> = runs.iter().filter_map(|run| run.noise_scale).collect();
    let metrics: Vec<f64> = runs.iter().filter_map(|run| run.metric).collect();
    let mut diagnosis = Diagnosis {
        workload: info.name.clone(),
        optimizer: settings.optimizer.clone(),
        schedule: settings.schedule.clone(),
        lr,
        steps: settings.steps,
        seeds: settings.seeds.clone(),
        verdict: String::new(),
        findings: Vec::new(),
        notes: Vec::new(),
        signal: Signal::judge(&starts, info.guess),
        loss: loss(info, runs, probes),
        layers,
        generalisation: generalisation(runs),
        metric: median(&metrics),
        noise_scale: (2 * noise.len() > runs.len())
            .then(|| median(&noise))
            .flatten()
            .map(|b| b * info.batch as f64),
        looked_at: runs.first().map_or(Vec::new(), |run| run.samples.iter().map(|sample| sample.0).collect()),
    };
    let remarks = workload.trouble();
    diagnosis.findings = findings::find(&diagnosis, &remarks);
    diagnosis.notes = remarks.into_iter().filter(|remark| !remark.grave).map(|remark| remark.text).collect();
    diagnosis.verdict = findings::verdict(&diagnosis);
    diagnosis
}

/// The mean over the end; `None` where it is not finite.
fn tail(losses: &[f64]) -> Option<f64> {
    let count = ((TAIL * losses.len() as f64) as usize).max(1).min(losses.len());
    let mean = crate::stats::summary::mean(&losses[losses.len() - count..])?;
    mean.is_finite().then_some(mean)
}

/// The median; `None` if one is missing.
fn middle(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    median(&values.collect::<Option<Vec<f64>>>()?)
}

fn loss(info: &Info, runs: &[Run], probes: Vec<Probe>) -> Loss {
    let halves: Vec<&[f64]> = runs.iter().map(|run| &run.losses[run.losses.len() / 2..]).collect();
    // The seeds see the same steps: their mean has less noise.
    let shortest = halves.iter().map(|half| half.len()).min().unwrap_or(0);
    let mean: Vec<f64> =
        (0..shortest).map(|i| halves.iter().map(|half| half[i]).sum::<f64>() / halves.len() as f64).collect();
    let trend = convergence::relative(&mean);
    let lost: Vec<u64> = runs.iter().filter_map(|run| run.lost).collect();
    let firsts: Vec<f64> = runs.iter().filter_map(|run| run.losses.first().copied()).collect();
    let rough = |losses: &[f64]| {
        let steps: Vec<f64> =
            losses.windows(2).map(|pair| pair[1] - pair[0]).filter(|x| x.is_finite()).collect();
        sd(&steps).unwrap_or(0.0) / 2f64.sqrt()
    };
    let noise: Vec<f64> = runs
        .iter()
        .zip(&halves)
        .map(|(run, half)| {
            rough(&run.losses[..run.losses.len().div_ceil(4)]).min(rough(half)).min(run.spread)
        })
        .collect();
    Loss {
        first: median(&firsts).unwrap_or(f64::NAN),
        noise: median(&noise).unwrap_or(0.0),
        last: middle(runs.iter().map(|run| run.lost.is_none().then(|| tail(&run.losses)).flatten())),
        guess: info.guess,
        trend,
        motion: convergence::motion(trend.as_ref(), convergence::TOLERANCE),
        lost: lost.iter().min().map(|first| (lost.len(), *first)),
        probes,
    }
}

fn layers(runs: &[Run]) -> Vec<Layer> {
    let Some((_, first)) = runs.first().and_then(|run| run.samples.first()) else { return Vec::new() };
    let samples = runs[0].samples.len();
    let layer = |(i, known): (usize, &crate::comparison::LayerHealth)| {
        let at = |k: usize| {
            let norms: Vec<f64> = runs
                .iter()
                .filter_map(|run| run.samples.get(k))
                .map(|sample| sample.1[i].grad_norm)
                .collect();
            median(&norms).unwrap_or(f64::NAN)
        };
        let all = runs.iter().flat_map(|run| &run.samples).map(|sample| sample.1[i].update_ratio);
        let ratios: Vec<f64> = all.filter(|ratio| ratio.is_finite()).collect();
        let path = known.name.rsplit_once('.').map_or("", |(path, _)| path);
        let of = |units: &[Units]| units.iter().find(|units| units.path == path).cloned();
        let share = |pick: fn(&Units) -> Option<f64>| {
            let over = |part: fn(&Run) -> &[Units]| {
                middle(runs.iter().map(|run| of(part(run)).as_ref().and_then(pick)))
            };
            let before = over(|run| &run.before)?;
            Some([before, over(|run| &run.after).unwrap_or(before)])
        };
        Layer {
            name: known.name.clone(),
            weight_norm: known.weight_norm,
            first_gradient: at(0),
            gradients: (0..samples).map(at).collect(),
            update_ratio: median(&ratios).unwrap_or(f64::NAN),
            before: of(&runs[0].before),
            after: of(&runs[0].after),
            saturated: share(|units| units.saturated),
            dead: share(|units| units.dead),
        }
    };
    first.iter().enumerate().map(layer).collect()
}

/// Judges the mean over the seeds, which has less noise than any of them.
fn generalisation(runs: &[Run]) -> Option<Generalisation> {
    let shortest = runs.iter().map(|run| run.looks.len()).min()?;
    let mean = |part: fn(&Losses) -> f64, i: usize| {
        runs.iter().map(|run| part(&run.looks[i])).sum::<f64>() / runs.len() as f64
    };
    let at = |i: usize| Losses {
        step: runs[0].looks[i].step,
        train: mean(|at| at.train, i),
        validation: mean(|at| at.validation, i),
    };
    convergence::generalisation(&(0..shortest).map(at).collect::<Vec<_>>())
}
