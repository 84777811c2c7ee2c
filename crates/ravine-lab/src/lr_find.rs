//! Which learning rate? A range test (Smith, arXiv 1506.01186) over several seeds, and runs that prove what it says.
//!
//! The learning rate grows by the same factor at every optimizer step. Where the loss starts to fall, where it falls
//! fastest and where it blows up give a range to look in and a first suggestion. The curve of one run can mislead: so
//! there are several seeds, each with its own model and order of data, and short runs at constant rates over the range
//! decide. A rate works if they end near the best of them. What the curves cannot say is refused, with the reason.
//!
//! For gradient descent, with momentum or without, the rate at the blow-up is held against the limit 2 / L of the
//! measured curvature L, times the factor of the method.

pub mod picture;
mod sweep;
mod verify;

pub use sweep::{Curve, Shape};
pub use verify::Tried;

use crate::compare::Event;
use crate::curvature::{self, Curvature};
use crate::error::{Kind, Result};
use crate::stats::number::{count as number, lr as rate, lr_range, significant};
use crate::stats::{Interval, bootstrap, summary};
use crate::workload::Session;
use ravine::{Value, rules};
use rayon::prelude::*;
use serde::Serialize;
use std::sync::atomic::AtomicBool;

/// Factor between the rates that are tried: half a decade.
const SPACING: f64 = 3.162_277_660_168_379_5;
/// Batches that the curvature is measured over.
const BATCHES: u64 = 4;
/// Rates of the blow-up and of the limit that agree: within this factor. The curvature moves while the rate grows, and
/// a run takes some steps to leave.
const AGREE: f64 = 4.0;
/// How far below the blow-up the rate to take stays at least.
const BELOW: f64 = 2.0;

/// How the test is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Optimizer's spec; its learning rate is not used.
    pub optimizer: String,
    /// Lowest and highest rate.
    pub range: [f64; 2],
    /// Optimizer steps of a sweep.
    pub steps: u64,
    /// Optimizer steps of a run at a constant rate.
    pub verify: u64,
    /// Batches whose mean gradient makes an optimizer step.
    pub accumulate: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { optimizer: "adam".into(), range: [1e-7, 10.0], steps: 240, verify: 120, accumulate: 1 }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Optimizer's spec.
    pub optimizer: String,
    /// The sweeps, one for each seed.
    pub curves: Vec<Curve>,
    /// The runs at constant rates, by rising rate.
    pub tried: Vec<Tried>,
    /// The answer, or why there is none.
    pub answer: Answer,
    /// The limit of stability; none for rules to which it does not apply.
    pub wall: Option<Wall>,
    /// What the limit says, in a sentence.
    pub bound: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase", tag = "verdict")]
pub enum Answer {
    /// There is a rate to take.
    Take {
        /// The one to take.
        lr: f64,
        /// Its interval over the seeds.
        interval: Option<Interval>,
        /// The lowest and the highest rate that work: where the loss over the rates tried passes what is near the best of a
        /// seed, geometric means over the seeds.
        works: [f64; 2],
        /// The interval of the lowest over seeds.
        low: Option<Interval>,
        /// The interval of the highest.
        high: Option<Interval>,
        /// One sentence: which rate, and why.
        sentence: String,
    },
    /// The curves say nothing.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
}

/// The limit of stability from the curvature at the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wall {
    /// The curvature of each seed.
    pub curvatures: Vec<Curvature>,
    /// The mean largest eigenvalue.
    pub largest: f64,
    /// Its interval over the seeds.
    pub interval: Option<Interval>,
    /// What 1 / L is multiplied by.
    pub factor: f64,
    /// The limit.
    pub lr: f64,
}

impl Settings {
    /// Checks numbers and the spec.
    ///
    /// # Errors
    /// What is out of range, or not known.
    pub fn check(&self) -> Result<()> {
        rules::parse(&self.optimizer)?;
        let bad = |option, expected: &str, got: String| {
            Err(Kind::BadOption { option, expected: expected.into(), got }.into())
        };
        let [from, to] = self.range;
        if !(from > 0.0 && from.is_finite()) {
            return bad("from", "a finite number above 0", from.to_string());
        }
        if !(to >= 10.0 * from && to <= 1e6) {
            return bad("to", &format!("at least ten times from, {from}, and 1e6 at most"), to.to_string());
        }
        if !(40..=1_000_000).contains(&self.steps) {
            return bad("steps", "between 40 and 1000000", self.steps.to_string());
        }
        if !(10..=1_000_000).contains(&self.verify) {
            return bad("verify", "between 10 and 1000000", self.verify.to_string());
        }
        if !(1..=100_000).contains(&self.accumulate) {
            return bad("accumulate", "between 1 and 100000", self.accumulate.to_string());
        }
        Ok(())
    }
}

/// Finds the rate for these sessions, one a seed: fresh ones, or trained ones, whose rate from here on is looked for.
/// Each is left as it was, bit for bit. `watch` is told of every run.
///
/// # Errors
/// A spec or a number that makes no sense; no session; an interruption, when `stop` is set.
pub fn find(
    sessions: &mut [Box<dyn Session>],
    settings: &Settings,
    stop: &AtomicBool,
    watch: &(dyn Fn(Event) + Sync),
) -> Result<Found> {
    settings.check()?;
    if sessions.is_empty() {
        return Err(Kind::BadOption { option: "seeds", expected: "1 or more".into(), got: "0".into() }.into());
    }
    watch(Event::Begin(sessions.len() as u64));
    let curves = sessions
        .par_iter_mut()
        .map(|session| {
            let curve = sweep::sweep(&mut **session, settings, stop);
            watch(Event::Done);
            curve
        })
        .collect::<Result<Vec<_>>>()?;
    let factor = factor(&settings.optimizer)?;
    let wall = match factor {
        Some(factor) if curves.iter().all(|curve| curve.first.is_finite()) => wall(sessions, factor, stop)?,
        _ => None,
    };
    let mut found = Found {
        optimizer: settings.optimizer.clone(),
        bound: bound(&settings.optimizer, &curves, factor, wall.as_ref()),
        curves,
        tried: Vec::new(),
        answer: Answer::Refused { reason: String::new() },
        wall,
    };
    if let Err(reason) = sweep::usable(&found.curves, settings) {
        found.answer = Answer::Refused { reason };
        return Ok(found);
    }
    let rates = rates(&found.curves, settings);
    watch(Event::Begin((sessions.len() * (1 + rates.len())) as u64));
    found.tried = verify::verify(sessions, settings, &rates, stop, watch)?;
    found.answer = answer(&found);
    if let Answer::Take { works: [low, high], .. } = found.answer {
        let works = |lr: f64| low <= lr * (1.0 + 1e-9) && lr <= high * (1.0 + 1e-9);
        found.tried.iter_mut().for_each(|tried| tried.works = works(tried.lr));
    }
    Ok(found)
}

/// The middle of positive values by their logarithms.
fn middle(values: impl Iterator<Item = f64>) -> f64 {
    summary::median(&values.map(f64::ln).collect::<Vec<_>>()).unwrap_or(f64::NAN).exp()
}

/// The rates to try: the suggestion of the curves, and from there by half decades over all that any seed's curve leaves open.
fn rates(curves: &[Curve], settings: &Settings) -> Vec<f64> {
    let shapes = || curves.iter().filter_map(|curve| curve.shape.as_ref());
    let middle = middle(shapes().map(|shape| shape.suggestion));
    let low = shapes().map(|shape| shape.onset).fold(middle, f64::min).max(settings.range[0]);
    let high = shapes().map(|shape| shape.blow_up).fold(middle, f64::max).min(settings.range[1]);
    let below = (low.ln() - middle.ln()) / SPACING.ln();
    let above = (high.ln() - middle.ln()) / SPACING.ln();
    ((below - 0.5).round() as i32..=(above + 0.5).round() as i32).map(|k| middle * SPACING.powi(k)).collect()
}

/// What the runs at constant rates say: the middle of what works is farthest from both ends, where another seed, or a longer
/// run, may fall off.
fn answer(found: &Found) -> Answer {
    let tried = &found.tried;
    let count = found.curves.len();
    let seeds: Vec<[f64; 2]> = (0..count).filter_map(|seed| verify::ends_for(tried, seed)).collect();
    if 2 * seeds.len() <= count || !verify::falls(tried) {
        return Answer::Refused {
            reason: "no run at a constant rate ends below its start, though the loss fell while the \
                     rate grew: give the runs more steps, with --verify"
                .into(),
        };
    }
    // Means of logarithms, so that the middle of the ends is the mean of the middles.
    let over_seeds = |pick: fn(&[f64; 2]) -> f64| {
        let logs: Vec<f64> = seeds.iter().map(|ends| pick(ends).ln()).collect();
        let mean = summary::mean(&logs).unwrap_or(f64::NAN).exp();
        let interval = bootstrap::mean_interval(&logs)
            .map(|i| Interval { low: i.low.exp().min(mean), high: i.high.exp().max(mean) });
        (mean, interval)
    };
    let (low, lows) = over_seeds(|ends| ends[0]);
    let (high, highs) = over_seeds(|ends| ends[1]);
    let (middle_of, interval) = over_seeds(|ends| (ends[0] * ends[1]).sqrt());
    let blown: Vec<f64> = found.curves.iter().filter_map(Curve::blow_up).collect();
    let blow_up = (!blown.is_empty()).then(|| middle(blown.into_iter()));
    // Where a growing rate blew up below what works at once, the runs at constant rates are to be believed.
    let wall = blow_up.map_or(f64::INFINITY, |blow_up| blow_up / BELOW);
    let wall = if wall > low { wall } else { f64::INFINITY };
    let lr = middle_of.min(wall);
    let interval = interval.map(|i| Interval { low: i.low.min(wall), high: i.high.min(wall) });
    let ends = [low, high];
    let reason = match () {
        () if rate(low) == rate(high) => "the only one of the rates tried that works".into(),
        () if lr < middle_of => {
            format!("half of where the loss blows up, within the rates that work, {}", lr_range(ends))
        }
        () => format!("the middle of the rates that work, {}", lr_range(ends)),
    };
    let far = blow_up.filter(|blow_up| *blow_up > lr).map_or(String::new(), |blow_up| {
        format!("; the loss blows up near {}, {} times as high", rate(blow_up), significant(blow_up / lr, 2))
    });
    let away = |tried: &&Tried| ((tried.lr / lr).ln().abs() * 1e6).round();
    let near = tried.iter().filter(|tried| tried.mean().is_some()).min_by(|a, b| away(a).total_cmp(&away(b)));
    let near = near.map_or(String::new(), |near| {
        format!(
            " The nearest rate tried, {}, ends at a loss of {}, mean of {}.",
            rate(near.lr),
            significant(near.mean().unwrap_or(f64::NAN), 3),
            number(count, "seed")
        )
    });
    let curves = middle(found.curves.iter().filter_map(|curve| Some(curve.shape.as_ref()?.suggestion)));
    let sentence =
        format!("Take {}: {reason}{far}.{near} The growing rate alone suggests {}.", rate(lr), rate(curves));
    Answer::Take { lr, interval, works: ends, low: lows, high: highs, sentence }
}

/// What 1 / L is multiplied by for plain gradient descent and its momentum forms; `None` for other rules.
fn factor(spec: &str) -> Result<Option<f64>> {
    let rule = rules::parse(spec)?;
    if rule.name() != "sgd" {
        return Ok(None);
    }
    let number = |name: &str| match rule.get(name) {
        Some(Value::Float(x)) => x,
        _ => 0.0,
    };
    let is = |name: &str| rule.get(name) == Some(Value::Bool(true));
    let b = number("momentum");
    // With an average instead of a sum a rate is 1 / (1 - b) times as large; dampening is much the same.
    let longer =
        if is("ema") && b < 1.0 { 1.0 / (1.0 - b) } else { 1.0 / (1.0 - number("dampening")).max(1e-3) };
    let plain = if is("nesterov") { 2.0 * (1.0 + b) / (1.0 + 2.0 * b) } else { 2.0 * (1.0 + b) };
    Ok(Some(if b == 0.0 { 2.0 } else { plain * longer }))
}

fn wall(sessions: &mut [Box<dyn Session>], factor: f64, stop: &AtomicBool) -> Result<Option<Wall>> {
    let measure = |(seed, session): (usize, &mut Box<dyn Session>)| {
        curvature::curvature(&mut **session, 0..BATCHES, seed as u64, stop)
    };
    let curvatures = sessions.par_iter_mut().enumerate().map(measure).collect::<Result<Vec<_>>>()?;
    let Some((largest, interval)) = curvature::largest(&curvatures) else { return Ok(None) };
    Ok((largest > 0.0).then(|| Wall { curvatures, largest, interval, factor, lr: factor / largest }))
}

fn bound(optimizer: &str, curves: &[Curve], factor: Option<f64>, wall: Option<&Wall>) -> String {
    let blown: Vec<f64> = curves.iter().filter_map(|curve| curve.blow_up()).collect();
    let Some(factor) = factor else {
        return format!("2 / L is the limit of plain gradient descent; it is not shown for {optimizer}.");
    };
    let Some(Wall { lr, largest, .. }) = wall else {
        return "No curvature above 0 was measured at the start: it sets no limit.".into();
    };
    let limit = format!(
        "The largest curvature at the start is {}: gradient descent of this form leaves above {} / L = {}",
        significant(*largest, 3),
        significant(factor, 3),
        rate(*lr)
    );
    if blown.is_empty() {
        return format!("{limit}; no sweep blew up.");
    }
    let blow_up = middle(blown.iter().copied());
    let ratio = blow_up / lr;
    let times = significant(ratio, 2);
    if (1.0 / AGREE..=AGREE).contains(&ratio) {
        format!("{limit}; the loss blew up at {}, {times} times that: they agree.", rate(blow_up))
    } else if ratio > 1.0 {
        format!(
            "{limit}; the loss blew up at {}, {times} times that: the loss flattened on the way, so the \
             limit at the start is not that of later steps.",
            rate(blow_up)
        )
    } else {
        format!(
            "{limit}; the loss blew up at {} already, {times} times that: the curvature grew on the way.",
            rate(blow_up)
        )
    }
}
