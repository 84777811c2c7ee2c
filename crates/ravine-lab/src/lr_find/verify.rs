//! Short runs at constant rates: what decides, since the curve of a sweep alone misleads.

use super::Settings;
use super::sweep::{optimizer, step};
use crate::compare::Event;
use crate::error::{Kind, Result};
use crate::snapshot::Snapshot;
use crate::stats::summary::mean;
use crate::workload::Session;
use rayon::prelude::*;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};

/// The share of a run at its end whose mean loss stands for it.
const TAIL: f64 = 0.25;
/// A rate works if its loss lies no more than this part of the best one's way from the start above the best.
const WITHIN: f64 = 0.1;

/// A rate that was tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The rate.
    pub lr: f64,
    /// The loss of each seed before any step.
    pub first: Vec<f64>,
    /// The loss of each seed at the end; none where it left the finite numbers.
    pub last: Vec<Option<f64>>,
    /// Whether it lies in the range that works.
    pub works: bool,
}

/// Places among the rates tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Works {
    low: usize,
    best: usize,
    high: usize,
}

impl Tried {
    /// The mean loss over the seeds; `None` if one left.
    pub fn mean(&self) -> Option<f64> {
        mean(&self.last.iter().copied().collect::<Option<Vec<f64>>>()?)
    }
}

/// Runs every rate on every session, and puts each back.
pub(super) fn verify(
    sessions: &mut [Box<dyn Session>],
    settings: &Settings,
    rates: &[f64],
    stop: &AtomicBool,
    watch: &(dyn Fn(Event) + Sync),
) -> Result<Vec<Tried>> {
    let each = |session: &mut Box<dyn Session>| {
        let kept = Snapshot::of(&mut **session);
        let runs = rates.iter().map(|lr| {
            let run = constant(&mut **session, settings, *lr, stop);
            kept.restore(&mut **session);
            watch(Event::Done);
            run
        });
        runs.collect::<Result<Vec<_>>>()
    };
    let runs = sessions.par_iter_mut().map(each).collect::<Result<Vec<_>>>()?;
    let tried = |(i, lr): (usize, &f64)| Tried {
        lr: *lr,
        first: runs.iter().map(|seed| seed[i].0).collect(),
        last: runs.iter().map(|seed| seed[i].1).collect(),
        works: false,
    };
    Ok(rates.iter().enumerate().map(tried).collect())
}

/// The loss before the first step, and at the end.
fn constant(
    session: &mut dyn Session,
    settings: &Settings,
    lr: f64,
    stop: &AtomicBool,
) -> Result<(f64, Option<f64>)> {
    let (_, grads) = session.buffers();
    grads.fill(0.0);
    let mut optimizer = optimizer(session, settings, lr)?;
    let mut losses = Vec::new();
    for number in 0..settings.verify {
        if stop.load(Ordering::Relaxed) {
            return Err(Kind::Interrupted.into());
        }
        let (loss, made) = step(session, &mut optimizer, settings, number)?;
        losses.push(loss);
        if !made {
            return Ok((losses[0], None));
        }
    }
    let tail = losses.len() - ((TAIL * losses.len() as f64) as usize).max(1);
    Ok((losses[0], mean(&losses[tail..])))
}

/// Whether the loss falls at one of the rates for all seeds together.
pub(super) fn falls(tried: &[Tried]) -> bool {
    let falls = |tried: &Tried| Some(tried.mean()? < mean(&tried.first)?);
    tried.iter().any(|tried| falls(tried) == Some(true))
}

/// The ends of what works for one of the seeds, between the rates tried: where a straight line through the losses over the
/// logarithm of the rate passes what still counts as near.
pub(super) fn ends_for(tried: &[Tried], seed: usize) -> Option<[f64; 2]> {
    let first = *tried.first()?.first.get(seed)?;
    let last: Vec<Option<f64>> = tried.iter().map(|tried| tried.last[seed]).collect();
    let Works { low, best, high } = near(first, &last)?;
    let limit = last[best]? + WITHIN * (first - last[best]?);
    let between = |inside: usize, outside: Option<usize>| {
        let (here, there) = (last[inside]?, last[outside.filter(|i| *i < last.len())?]?);
        let share = ((limit - here) / (there - here)).clamp(0.0, 1.0);
        let [a, b] = [inside, outside?].map(|i| tried[i].lr.ln());
        Some((a + share * (b - a)).exp())
    };
    Some([
        between(low, low.checked_sub(1)).unwrap_or(tried[low].lr),
        between(high, Some(high + 1)).unwrap_or(tried[high].lr),
    ])
}

/// The stretch around the lowest loss that lies near it.
fn near(first: f64, last: &[Option<f64>]) -> Option<Works> {
    let loss = |i: usize| last[i].unwrap_or(f64::INFINITY);
    let best = (0..last.len()).min_by(|&a, &b| loss(a).total_cmp(&loss(b)))?;
    let way = first - loss(best);
    if way.is_nan() || way <= 0.0 {
        return None;
    }
    let good = |i: &usize| loss(*i) <= loss(best) + WITHIN * way;
    Some(Works {
        low: (0..=best).rev().take_while(good).last().unwrap_or(best),
        best,
        high: (best..last.len()).take_while(good).last().unwrap_or(best),
    })
}
