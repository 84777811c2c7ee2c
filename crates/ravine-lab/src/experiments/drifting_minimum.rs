//! Rules behind a minimum that moves.

use super::measure::{ranged, ratios};
use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Lines, Look};
use crate::stats::number::{lr as rate, significant};
use crate::stats::{bootstrap, summary};
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "drifting-minimum",
    title: "RMSProp is best on objectives that move",
    claim: "On non-stationary objectives RMSProp does better than SGD, momentum and AdaGrad.",
    source: "S0, questions and answers on optimizers and schedules",
    run,
};

/// The rule that is claimed to be best is number 3; Adam is no part of the claim.
const RULES: [(&str, &str); 5] = [
    ("SGD", "sgd"),
    ("momentum 0.9", "momentum"),
    ("AdaGrad", "adagrad"),
    ("RMSProp", "rmsprop:alpha=0.9"),
    ("Adam", "adam"),
];
const RIVALS: usize = 3;
/// How the function looks around the minimum: its steepness along x and along y.
const SHAPES: [(&str, &str, &str); 3] =
    [("bowl", "1", "1"), ("valley", "0.1", "2"), ("breathing-bowl", "10^sin(t/100)", "10^sin(t/100)")];
const SPEEDS: [f64; 2] = [0.01, 0.1];
const NOISES: [f64; 2] = [0.1, 1.0];
const START: [f64; 2] = [-1.0, 2.0];
const STEPS: u64 = 1000;
/// Steps that the runs get to catch up, before they are measured.
const SETTLE: u64 = 200;
const TUNING: u64 = 2;
const SEEDS: u64 = 16;

/// How the minimum moves.
#[derive(Clone, Copy)]
struct Setting {
    shape: (&'static str, &'static str, &'static str),
    speed: f64,
    noise: f64,
}

/// What one rule reached in one setting: its learning rate, and the distance of each seed.
struct Reached {
    lr: f64,
    distances: Vec<f64>,
}

fn run(seed: u64) -> Result<Finding> {
    let rates = ratios(1e-3, 100.0, 16);
    let settings: Vec<Setting> = SHAPES
        .iter()
        .flat_map(|shape| SPEEDS.map(|speed| NOISES.map(|noise| Setting { shape: *shape, speed, noise })))
        .flatten()
        .collect();
    let work: Vec<(Setting, &str)> =
        settings.iter().flat_map(|setting| RULES.map(|(_, spec)| (*setting, spec))).collect();
    let reached = work.par_iter().map(|(setting, spec)| tuned(*setting, spec, &rates, seed));
    let reached: Vec<Reached> = reached.collect::<Result<_>>()?;
    let reached: Vec<&[Reached]> = reached.chunks(RULES.len()).collect();

    let mut table = Table::new(
        ["shape", "speed", "noise"]
            .into_iter()
            .chain(RULES.iter().map(|(name, _)| *name))
            .chain(["RMSProp against the best rival"]),
    );
    let (mut wins, mut losses, mut firsts) = (0, 0, [0; RULES.len()]);
    for (Setting { shape, speed, noise }, row) in settings.iter().zip(&reached) {
        let mean = |i: usize| summary::mean(&row[i].distances).unwrap_or(f64::NAN);
        let rival = (0..RIVALS).min_by(|a, b| mean(*a).total_cmp(&mean(*b))).expect("there are rivals");
        let first = (0..RULES.len()).min_by(|a, b| mean(*a).total_cmp(&mean(*b))).expect("there are rules");
        firsts[first] += 1;
        let differences: Vec<f64> =
            row[RIVALS].distances.iter().zip(&row[rival].distances).map(|(own, other)| own - other).collect();
        let interval = bootstrap::mean_interval(&differences);
        let word = match interval {
            Some(interval) if interval.high < 0.0 => {
                wins += 1;
                "nearer than"
            }
            Some(interval) if interval.low > 0.0 => {
                losses += 1;
                "farther than"
            }
            _ => "no difference told from",
        };
        let cell = |i: usize| {
            let Reached { lr, distances } = &row[i];
            format!("{} at lr {}", ranged(mean(i), bootstrap::mean_interval(distances)), rate(*lr))
        };
        table.row(
            [shape.0.to_string(), significant(*speed, 2), significant(*noise, 2)]
                .into_iter()
                .chain((0..RULES.len()).map(cell))
                .chain([format!("{word} {}", RULES[rival].0)]),
        );
    }
    let verdict = Verdict::of(wins, settings.len());
    let nearest: Vec<String> = RULES
        .iter()
        .zip(firsts)
        .filter(|(_, count)| *count > 0)
        .map(|((name, _), count)| format!("{name} in {count}"))
        .collect();
    let because = format!(
        "At its best learning rate each, RMSProp follows the minimum more closely than the best of SGD, \
         momentum and AdaGrad in {wins} of {} settings, and less closely in {losses}. Nearest on average \
         was {}.",
        settings.len(),
        nearest.join(", "),
    );
    Ok(Finding {
        setup: format!(
            "a (x - s t)^2 + b (y - sin(s t))^2 in step t for speed s, with normal noise on the gradient: \
             root mean square of the distance to the minimum in steps {SETTLE} to {STEPS}. Shapes: a bowl \
             (a = b = 1), a valley (0.1 and 2), and a bowl whose steepness goes up and down a hundredfold \
             (10^sin(t/100)). For each rule and setting the best of {} learning rates from 1e-3 to 100, by \
             {TUNING} tuning seeds; then the mean of {SEEDS} other seeds with its 95 % interval. RMSProp \
             and the best rival are compared seed by seed.",
            rates.len()
        ),
        table,
        verdict,
        because,
        pictures: drawn(&settings, &reached),
        numbers: vec![("wins", wins as f64), ("losses", losses as f64), ("settings", settings.len() as f64)],
    })
}

fn tuned(setting: Setting, spec: &str, rates: &[f64], seed: u64) -> Result<Reached> {
    let Setting { shape: (_, a, b), speed, noise } = setting;
    let objective = Objective::parse(&format!("({a})*(x - {speed}*t)^2 + ({b})*(y - sin({speed}*t))^2"))?;
    let spec = |lr: f64| format!("{spec}{}lr={lr}", if spec.contains(':') { ',' } else { ':' });
    let random = Random::new(seed);
    let mut best = (f64::INFINITY, rates[0]);
    for &lr in rates {
        let runs: Vec<f64> = (0..TUNING)
            .map(|run| distance(&objective, speed, noise, &spec(lr), random.stream(0).stream(run)))
            .collect::<Result<_>>()?;
        let mean = summary::mean(&runs).unwrap_or(f64::NAN);
        if mean < best.0 {
            best = (mean, lr);
        }
    }
    let runs =
        (0..SEEDS).map(|run| distance(&objective, speed, noise, &spec(best.1), random.stream(1).stream(run)));
    Ok(Reached { lr: best.1, distances: runs.collect::<Result<_>>()? })
}

fn distance(objective: &Objective, speed: f64, noise: f64, spec: &str, random: Random) -> Result<f64> {
    let mut walk = Walk::new(spec, &START)?;
    let mut sum = 0.0;
    for step in 1..=STEPS {
        walk.descend(objective, noise, random)?;
        if step > SETTLE {
            let t = step as f64;
            sum += (walk.x[0] - speed * t).powi(2) + (walk.x[1] - (speed * t).sin()).powi(2);
        }
    }
    Ok((sum / (STEPS - SETTLE) as f64).sqrt())
}

/// A picture for each shape.
fn drawn(settings: &[Setting], reached: &[&[Reached]]) -> Vec<Picture> {
    let each = SPEEDS.len() * NOISES.len();
    let shapes = SHAPES.iter().zip(settings.chunks(each).zip(reached.chunks(each)));
    shapes.map(|((shape, ..), (settings, reached))| of_shape(shape, settings, reached)).collect()
}

fn of_shape(shape: &'static str, settings: &[Setting], reached: &[&[Reached]]) -> Picture {
    let names = settings.iter().map(|setting| format!("{} / {}", setting.speed, setting.noise)).collect();
    let x = Axis { names, range: Some([-0.5, settings.len() as f64 - 0.5]), ..Axis::linear("speed / noise") };
    let mut lines = Lines { title: shape.into(), ..plot(x, Axis::log("distance to the minimum")) };
    for (i, (name, _)) in RULES.iter().enumerate() {
        // Side by side, so that none hides another.
        let shift = 0.12 * (i as f64 - 2.0);
        let mean = |row: &&[Reached]| summary::mean(&row[i].distances).unwrap_or(f64::NAN);
        let points = reached.iter().enumerate().map(|(k, row)| [k as f64 + shift, mean(row)]).collect();
        let mut line = Line::new(i, name, Look::Points, points);
        let interval = |row: &&[Reached]| bootstrap::mean_interval(&row[i].distances);
        line.bars =
            reached.iter().map(|row| interval(row).map_or([mean(row); 2], |i| [i.low, i.high])).collect();
        lines.lines.push(line);
    }
    let caption = format!(
        "Distance to the moving minimum of the {shape}, each rule at its own best learning rate; lower is \
         better. Bars are 95 % intervals."
    );
    Picture { name: shape, caption, svg: lines.draw() }
}
