//! A sweep of the learning rate, and what its curve says.

use super::Settings;
use crate::error::{Kind, Result};
use crate::snapshot::Snapshot;
use crate::stats::number::{lr as rate, significant};
use crate::stats::summary::{mean, median, sd};
use crate::stepped::stepped;
use crate::workload::Session;
use ravine::{Guard, Optimizer, Outcome, rules};
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};

/// The share of a sweep at its start whose losses are the level to fall from.
const START: f64 = 0.1;
/// The share of a sweep that a value is smoothed over, to either side at twice this standard deviation.
const SMOOTH: f64 = 0.02;
/// Values that a median is taken of first, against single spikes.
const SPIKE: usize = 5;
/// The share of the whole fall after which the loss counts as falling, and the rise after the lowest at which it counts as
/// blown up.
const PART: f64 = 0.1;
const RISE: f64 = 0.5;
/// A sweep ends where the loss is this multiple of its fall above its start.
const LOST: f64 = 10.0;
/// How far below the blow-up a suggestion stays.
const BELOW: f64 = 4.0;
/// A fall is one if it is this multiple of a smoothed value's noise, and this share of the start.
const NOISE: f64 = 4.0;
const LEAST: f64 = 0.02;

/// One seed's sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// The loss before any step.
    pub first: f64,
    /// The learning rate of each optimizer step.
    pub lrs: Vec<f64>,
    /// The loss after that step, on the next batch.
    pub losses: Vec<f64>,
    /// The same, smoothed on the logarithmic axis of the rates: no lag, and no single spike.
    pub smooth: Vec<f64>,
    /// Whether it ended because the loss left.
    pub left: bool,
    /// What the curve says; none if it says nothing.
    pub shape: Option<Shape>,
}

/// The places of a curve, as learning rates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shape {
    /// The level before the fall.
    pub start: f64,
    /// The lowest smoothed loss.
    pub lowest: f64,
    /// Where it starts to fall.
    pub onset: f64,
    /// Where it falls fastest.
    pub steepest: f64,
    /// Where it is lowest.
    pub best: f64,
    /// Where it blows up; the highest rate if it does not.
    pub blow_up: f64,
    /// Whether it does.
    pub blows_up: bool,
    /// Where it falls fastest, but no nearer to the blow-up than a factor of 4.
    pub suggestion: f64,
}

impl Curve {
    /// Where it blows up, if it does.
    pub fn blow_up(&self) -> Option<f64> {
        self.shape.as_ref().filter(|shape| shape.blows_up).map(|shape| shape.blow_up)
    }
}

/// Lets the rate grow from step to step, and puts everything back.
pub(super) fn sweep(session: &mut dyn Session, settings: &Settings, stop: &AtomicBool) -> Result<Curve> {
    let kept = Snapshot::of(session);
    let curve = grow(session, settings, stop);
    kept.restore(session);
    curve
}

/// An optimizer of its own: the model's is not touched, and has no part in this.
pub(super) fn optimizer(session: &dyn Session, settings: &Settings, lr: f64) -> Result<Optimizer<f32>> {
    let mut rule = rules::parse(&settings.optimizer)?;
    rule.set("lr", lr)?;
    Ok(Optimizer::builder_boxed(rule)
        .guard(Guard::Skip)
        .accumulate(settings.accumulate)
        .zero_grad(true)
        .build(session.params())?)
}

/// An optimizer step over as many batches as make one; the mean of their losses before it, and whether it was made.
pub(super) fn step(
    session: &mut dyn Session,
    optimizer: &mut Optimizer<f32>,
    settings: &Settings,
    number: u64,
) -> Result<(f64, bool)> {
    let (mut loss, mut made) = (0.0, true);
    for part in 0..settings.accumulate {
        let batch = number * settings.accumulate + part;
        loss += session.backward(batch) / settings.accumulate as f64;
        made &= !matches!(stepped(session, optimizer, batch)?, Outcome::Skipped { .. });
    }
    Ok((loss, made && loss.is_finite()))
}

fn grow(session: &mut dyn Session, settings: &Settings, stop: &AtomicBool) -> Result<Curve> {
    let [from, to] = settings.range;
    let at = |step: u64| from * (to / from).powf(step as f64 / (settings.steps - 1) as f64);
    let (_, grads) = session.buffers();
    grads.fill(0.0);
    let mut optimizer = optimizer(session, settings, from)?;
    let (mut losses, mut lowest, mut left) = (Vec::new(), f64::INFINITY, false);
    // One more, for the loss after the last step.
    for number in 0..=settings.steps {
        if stop.load(Ordering::Relaxed) {
            return Err(Kind::Interrupted.into());
        }
        optimizer.set("default", "lr", at(number.min(settings.steps - 1)))?;
        let (loss, made) = step(session, &mut optimizer, settings, number)?;
        losses.push(if made { loss } else { f64::INFINITY });
        lowest = loss.min(lowest);
        let first = losses[0];
        if !made || loss > first + LOST * (first - lowest).max(first.abs()) {
            left = true;
            break;
        }
    }
    let first = losses.remove(0);
    let lrs = (0..losses.len() as u64).map(at).collect();
    Ok(Curve::new(first, lrs, losses, left, settings.steps))
}

impl Curve {
    fn new(first: f64, lrs: Vec<f64>, losses: Vec<f64>, left: bool, steps: u64) -> Self {
        let smooth = smoothed(&losses, SMOOTH * steps as f64);
        let mut curve = Self { first, lrs, losses, smooth, left, shape: None };
        curve.shape = curve.read(steps).ok();
        curve
    }

    /// The places of the curve, or why it has none.
    fn read(&self, steps: u64) -> Result<Shape, Silence> {
        if !self.first.is_finite() || self.losses.is_empty() {
            return Err(Silence::NotFinite);
        }
        let head = ((START * steps as f64) as usize).max(4);
        if self.smooth.len() <= head + 4 {
            return Err(Silence::LeavesAtOnce);
        }
        let level = median(&self.losses[..head]).unwrap_or(self.first);
        let noise = self.noise();
        let (mut best, mut lowest) = (0, f64::INFINITY);
        for (i, y) in self.smooth.iter().enumerate() {
            if *y < lowest {
                (best, lowest) = (i, *y);
            }
        }
        let fall = level - lowest;
        // Smoothing takes in about four standard deviations of values.
        let doubt = NOISE * noise / (4.0 * SMOOTH * steps as f64).max(1.0).sqrt();
        if fall.is_nan() || fall <= LEAST * level.abs() {
            return Err(Silence::NeverFalls { change: fall / level.abs().max(f64::MIN_POSITIVE) });
        }
        if fall <= doubt {
            return Err(Silence::Noise { fall, noise });
        }
        // The last place above, so that an early dip is not taken for the fall.
        let onset = (0..best).rev().find(|&i| self.smooth[i] > level - PART * fall).map_or(0, |i| i + 1);
        let slope = |i: usize| self.smooth[i] - self.smooth[i + 1];
        let steepest = (onset..best).max_by(|&a, &b| slope(a).total_cmp(&slope(b))).unwrap_or(onset);
        let high = |y: f64| !y.is_finite() || y > lowest + RISE * fall;
        let up = (best..self.smooth.len()).find(|&i| high(self.smooth[i]));
        let blow_up = up.or_else(|| self.left.then_some(self.smooth.len() - 1));
        let at = |i: usize| self.lrs[i];
        let last = at(self.lrs.len() - 1);
        let wall = blow_up.map_or(last, at);
        if onset == 0 && self.smooth[0] < level {
            return Err(Silence::FallsFromTheStart);
        }
        if blow_up.is_none() && best + 1 + steps as usize / 50 >= self.smooth.len() {
            return Err(Silence::FallsToTheEnd);
        }
        let suggestion = at(steepest).min(wall / BELOW).max(at(onset).min(wall / BELOW));
        Ok(Shape {
            start: level,
            lowest,
            onset: at(onset),
            steepest: at(steepest),
            best: at(best),
            blow_up: wall,
            blows_up: blow_up.is_some(),
            suggestion,
        })
    }

    /// The standard deviation of a batch's loss, from neighbours at the start, where nothing moves yet.
    fn noise(&self) -> f64 {
        let head = &self.losses[..(self.losses.len() / 4).max(2).min(self.losses.len())];
        let steps: Vec<f64> = head.windows(2).map(|pair| pair[1] - pair[0]).collect();
        sd(&steps).unwrap_or(0.0) / 2f64.sqrt()
    }
}

/// Why a curve says nothing.
#[derive(Clone, Debug, PartialEq)]
enum Silence {
    NotFinite,
    LeavesAtOnce,
    NeverFalls { change: f64 },
    Noise { fall: f64, noise: f64 },
    FallsFromTheStart,
    FallsToTheEnd,
}

/// Whether most of the curves say something; else why the first that does not says nothing.
pub(super) fn usable(curves: &[Curve], settings: &Settings) -> Result<(), String> {
    let silent: Vec<Silence> = curves.iter().filter_map(|curve| curve.read(settings.steps).err()).collect();
    if 2 * silent.len() <= curves.len() && silent.len() < curves.len() {
        return Ok(());
    }
    let to_rate = settings.range[1];
    let [from, to] = settings.range.map(rate);
    // Below rates that are of any use nothing moves, not even up.
    let unmoved = to_rate < Settings::default().range[1] && curves.iter().all(|curve| !curve.left);
    let why = match &silent[0] {
        Silence::NeverFalls { .. } | Silence::Noise { .. } if unmoved => format!(
            "no rate from {from} to {to} moves the loss by more than its noise: the highest is too small; raise --to"
        ),
        Silence::NotFinite => {
            "the loss is not finite before any step: the data or the weights hold values that are not; \
             there is nothing to learn a rate from"
                .into()
        }
        Silence::LeavesAtOnce => format!(
            "the loss leaves at once: the lowest rate, {from}, is too \
                        large; lower --from"
        ),
        Silence::NeverFalls { change } => format!(
            "the loss never falls: its lowest is {} % below the start at any rate from {from} to {to}; \
             the model learns nothing here at any rate; `ravine diagnose` says why",
            significant(100.0 * change.max(0.0), 2)
        ),
        Silence::Noise { fall, noise } => format!(
            "the fall of {} is lost in the noise of single batches, {}; take larger batches, \
             --accumulate, or more --steps",
            significant(*fall, 2),
            significant(*noise, 2)
        ),
        Silence::FallsFromTheStart => {
            format!(
                "the loss falls from the first step on: the lowest rate, {from}, is too large to \
                     see where; lower --from"
            )
        }
        Silence::FallsToTheEnd => {
            format!(
                "the loss still falls at the highest rate, {to}: there is no upper end to keep away \
                     from; raise --to"
            )
        }
    };
    Err(format!("{} of {} sweeps say nothing: {why}", silent.len(), curves.len()))
}

/// A running median against spikes, then a Gaussian of this width; both centred, and cut at the ends. Values that are not
/// finite stay so at the end, where the loss left.
fn smoothed(values: &[f64], width: f64) -> Vec<f64> {
    let n = values.len();
    let around = |i: usize, reach: usize| i.saturating_sub(reach)..(i + reach + 1).min(n);
    let calm: Vec<f64> = (0..n).map(|i| median(&values[around(i, SPIKE / 2)]).unwrap_or(f64::NAN)).collect();
    let width = width.max(0.5);
    (0..n)
        .map(|i| {
            if !calm[i].is_finite() {
                return calm[i];
            }
            let near = around(i, (3.0 * width).ceil() as usize).filter(|&j| calm[j].is_finite());
            let (sum, weight) = near.fold((0.0, 0.0), |(sum, weight), j| {
                let w = (-0.5 * ((i as f64 - j as f64) / width).powi(2)).exp();
                (sum + w * calm[j], weight + w)
            });
            sum / weight
        })
        .collect()
}

/// The mean of several curves at each rate, where all have one.
pub(super) fn together(curves: &[Curve]) -> Vec<[f64; 2]> {
    let shortest = curves.iter().map(|curve| curve.smooth.len()).min().unwrap_or(0);
    (0..shortest)
        .filter_map(|i| {
            let y = mean(&curves.iter().map(|curve| curve.smooth[i]).collect::<Vec<_>>())?;
            y.is_finite().then_some([curves[0].lrs[i], y])
        })
        .collect()
}
