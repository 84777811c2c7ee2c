//! Saddle points stop the descent.

use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::pictures::map::Map;
use crate::pictures::{Mark, MarkKind, Path};
use crate::stats::number::significant;
use crate::stats::summary;
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "escape-saddle",
    title: "Saddle points stop the descent",
    claim: "At a saddle point the gradient vanishes and the training stops, though it is no minimum.",
    source: "S2, slides on optimization for deep learning; S0, questions and answers, problem 4 of \
        mini-batch SGD",
    run,
};

/// A saddle at 0 between minima at y = -sqrt(2) and y = sqrt(2).
const SADDLE: &str = "x^2 - y^2 + y^4/4";
const OFFSETS: [f64; 6] = [0.0, 1e-12, 1e-9, 1e-6, 1e-3, 1e-1];
const OPTIMIZERS: [(&str, &str); 4] = [
    ("GD", "sgd:lr=0.05"),
    ("momentum 0.9", "momentum:lr=0.05"),
    ("RMSProp", "rmsprop:lr=0.05,alpha=0.9"),
    ("Adam", "adam:lr=0.05"),
];
const LR: f64 = 0.05;
/// It has left the saddle when |y| is above this.
const LEFT: f64 = 0.5;
const STEPS: u64 = 10_000;
const NOISE: f64 = 0.01;
const SEEDS: u64 = 200;

fn run(seed: u64) -> Result<Finding> {
    let objective = Objective::parse(SADDLE)?;
    let mut table =
        Table::new(["start at y =", "GD", "theory", "momentum 0.9", "RMSProp", "Adam", "GD with noise"]);
    // Steps to leave by offset and optimizer.
    let mut steps: Vec<Vec<Option<u64>>> = Vec::new();
    let mut noisy: Vec<f64> = Vec::new();
    for offset in OFFSETS {
        let row: Vec<Option<u64>> = OPTIMIZERS
            .iter()
            .map(|(_, spec)| leave(&objective, spec, offset, 0.0, Random::new(seed)))
            .collect::<Result<_>>()?;
        let runs = (0..SEEDS)
            .into_par_iter()
            .map(|run| leave(&objective, OPTIMIZERS[0].1, offset, NOISE, Random::new(seed).stream(run)));
        let runs: Vec<f64> =
            runs.map(|steps| Ok(steps?.map_or(f64::INFINITY, |n| n as f64))).collect::<Result<_>>()?;
        noisy.push(summary::median(&runs).unwrap_or(f64::INFINITY));
        let text = |steps: Option<u64>| steps.map_or("never".into(), |n| n.to_string());
        let mut cells = vec![significant(offset, 2), text(row[0]), text(theory(offset))];
        cells.extend(row[1..].iter().map(|steps| text(*steps)));
        cells.push(noisy[noisy.len() - 1].to_string());
        table.row(cells);
        steps.push(row);
    }
    let ridge = steps[0].iter().filter(|steps| steps.is_none()).count();
    let off: Vec<Option<u64>> = steps[1..].iter().flatten().copied().collect();
    let stuck = ridge + off.iter().filter(|steps| steps.is_none()).count();
    let slowest = off.iter().flatten().max().copied().unwrap_or(0);
    let verdict = Verdict::of(stuck, OPTIMIZERS.len() * OFFSETS.len());
    let because = format!(
        "From the exact ridge {ridge} of {} rules never left in {STEPS} steps. From beside it {} of {} did, \
         the slowest in {slowest} steps; a thousandth of the distance costs gradient descent {} steps more. \
         Noise of {NOISE} leads off the ridge too, in {} steps at the median.",
        OPTIMIZERS.len(),
        off.iter().flatten().count(),
        off.len(),
        steps[2][0].zip(steps[3][0]).map_or(0, |(far, near)| far.saturating_sub(near)),
        noisy[0],
    );
    let number = |steps: Option<u64>| steps.map_or(f64::INFINITY, |n| n as f64);
    Ok(Finding {
        setup: format!(
            "{SADDLE}, from x = 1 and y as given, learning rate {LR} for all: steps until |y| is above \
             {LEFT}, where {STEPS} without that count as never. Theory for GD near the saddle: y grows by 1 \
             + 2 lr a step. With noise: normal, standard deviation {NOISE} on each coordinate of the \
             gradient, median of {SEEDS} seeds."
        ),
        table,
        verdict,
        because,
        pictures: vec![times(&steps, &noisy), paths(&objective)?],
        numbers: vec![
            ("gd_from_ridge", number(steps[0][0])),
            ("gd_from_1e-6", number(steps[3][0])),
            ("theory_from_1e-6", number(theory(1e-6))),
            ("noisy_from_ridge", noisy[0]),
        ],
    })
}

/// Steps of GD until y (1 + 2 lr)^n is above the limit.
fn theory(offset: f64) -> Option<u64> {
    (offset > 0.0).then(|| ((LEFT / offset).ln() / (2.0 * LR).ln_1p()).ceil() as u64)
}

fn leave(objective: &Objective, spec: &str, offset: f64, noise: f64, random: Random) -> Result<Option<u64>> {
    let mut walk = Walk::new(spec, &[1.0, offset])?;
    while walk.steps < STEPS {
        walk.descend(objective, noise, random)?;
        if walk.x[1].abs() > LEFT {
            return Ok(Some(walk.steps));
        }
    }
    Ok(None)
}

fn times(steps: &[Vec<Option<u64>>], noisy: &[f64]) -> Picture {
    let x = Axis::log("distance of the start from the ridge");
    let mut lines = plot(x, Axis::linear("steps until it has left"));
    for (i, (name, _)) in OPTIMIZERS.iter().enumerate() {
        let points = steps.iter().zip(OFFSETS).skip(1);
        let points = points.filter_map(|(row, offset)| Some([offset, row[i]? as f64])).collect();
        lines.lines.push(Line::new(i, name, Look::Both, points));
    }
    let points = noisy.iter().zip(OFFSETS).skip(1).map(|(steps, offset)| [offset, *steps]).collect();
    lines.lines.push(Line::new(OPTIMIZERS.len(), &format!("GD, noise {NOISE}"), Look::Both, points));
    let points = OFFSETS.iter().filter_map(|offset| Some([*offset, theory(*offset)? as f64])).collect();
    lines.lines.push(Line::new(0, "theory for GD", Look::Theory, points));
    let caption = "Steps to leave the saddle against the distance of the start from the ridge. From the \
        ridge itself no rule leaves without noise.";
    Picture { name: "times", caption: caption.into(), svg: lines.draw() }
}

fn paths(objective: &Objective) -> Result<Picture> {
    let f = |x: f64, y: f64| objective.value(&[x, y], 0.0);
    let mut map = Map::new("", [[-1.2, 1.2], [-2.0, 2.0]], &f);
    for (i, (name, spec)) in OPTIMIZERS.iter().enumerate() {
        let mut walk = Walk::new(spec, &[1.0, 1e-3])?;
        let mut points = vec![walk.x.clone()];
        for _ in 0..150 {
            walk.descend(objective, 0.0, Random::new(0))?;
            points.push(walk.x.clone());
        }
        map.paths.push(Path::new(i, name, &points));
    }
    let bottom = 2f64.sqrt();
    map.marks.push(Mark::new(MarkKind::Saddle, [0.0, 0.0], ""));
    map.marks.extend([bottom, -bottom].map(|y| Mark::new(MarkKind::Minimum, [0.0, y], "")));
    let caption = "150 steps from (1, 0.001): towards the saddle first, then away from it.".into();
    Ok(Picture { name: "paths", caption, svg: map.draw() })
}
