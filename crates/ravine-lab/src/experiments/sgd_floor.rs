//! Where noisy gradient descent comes to rest.

use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::pictures::map::Map;
use crate::pictures::{Mark, MarkKind, Path};
use crate::stats::number::{fixed, significant};
use crate::stats::summary;
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "sgd-floor",
    title: "With noise and a constant rate SGD never settles",
    claim: "Stochastic gradients make the path noisy: at a constant learning rate it keeps wandering around \
        the minimum, and only a falling learning rate brings it closer.",
    source: "S2, slides on optimization for deep learning",
    run,
};

const RATES: [f64; 5] = [0.01, 0.03, 0.1, 0.2, 0.4];
/// Of x^2 + 2 y^2.
const CURVATURES: [f64; 2] = [2.0, 4.0];
const SEEDS: u64 = 2000;
/// How far from theory a standard deviation may be: four of its own standard errors.
const TOLERANCE: f64 = 4.0;
/// Of the runs with a schedule.
const LONG: u64 = 1000;
const SCHEDULES: [(&str, &str); 3] = [
    ("constant", "constant"),
    ("polynomial decay", "inverse-sqrt:timescale=10"),
    ("exponential decay", "natural-exponential:k=0.01"),
];

fn run(seed: u64) -> Result<Finding> {
    let objective = Objective::parse("noisy")?;
    let random = Random::new(seed);
    let mut table = Table::new([
        "learning rate",
        "steps",
        "sd of x",
        "theory",
        "sd of y",
        "theory",
        "standard errors off",
    ]);
    let (mut agree, mut measured) = (0, Vec::new());
    for (i, lr) in RATES.into_iter().enumerate() {
        // Long enough that what is left of the start is small beside the noise.
        let steps = (8.0 / (lr * CURVATURES[0])).ceil() as u64 + 20;
        let ends = ends(&objective, lr, "constant", steps, random.stream(i as u64), SEEDS)?;
        let sd =
            [0, 1].map(|k| summary::sd(&ends.iter().map(|x| x[k]).collect::<Vec<_>>()).unwrap_or(f64::NAN));
        let theory = CURVATURES.map(|curvature| floor(lr, curvature));
        let off = [0, 1].map(|k| (sd[k] / theory[k] - 1.0).abs() * (2.0 * SEEDS as f64).sqrt());
        agree += off.iter().filter(|off| **off < TOLERANCE).count();
        table.row([
            lr.to_string(),
            steps.to_string(),
            fixed(sd[0], 4),
            fixed(theory[0], 4),
            fixed(sd[1], 4),
            fixed(theory[1], 4),
            fixed(off[0].max(off[1]), 1),
        ]);
        measured.push(sd);
    }
    let mut distances = Vec::new();
    for (i, (_, schedule)) in SCHEDULES.iter().enumerate() {
        let ends = ends(&objective, 0.1, schedule, LONG, random.stream(100 + i as u64), SEEDS / 4)?;
        let squares: Vec<f64> = ends.iter().map(|x| x[0] * x[0] + x[1] * x[1]).collect();
        distances.push(summary::mean(&squares).unwrap_or(f64::NAN).sqrt());
    }
    let closer = distances[1..].iter().filter(|distance| **distance < distances[0]).count();
    let checks = 2 * RATES.len() + 2;
    let because = format!(
        "{agree} of {} standard deviations around the minimum agree with sqrt(lr / (L (2 - lr L))): at \
         learning rate 0.1 they are {} and {} (theory {} and {}). After {LONG} steps from learning rate 0.1 \
         the distance to the minimum is {} at a constant rate, {} with 1 / sqrt(1 + t / 10) and {} with \
         e^(-0.01 t).",
        2 * RATES.len(),
        fixed(measured[2][0], 4),
        fixed(measured[2][1], 4),
        fixed(floor(0.1, 2.0), 4),
        fixed(floor(0.1, 4.0), 4),
        significant(distances[0], 2),
        significant(distances[1], 2),
        significant(distances[2], 2),
    );
    Ok(Finding {
        setup: format!(
            "x^2 + 2 y^2 from (-5, -2), N(0, 1) added to each coordinate of the gradient: standard \
             deviation of where {SEEDS} seeds are after the steps given. Agreement: within {TOLERANCE} \
             standard errors. Schedules: root mean square of the distance, {} seeds.",
            SEEDS / 4
        ),
        table,
        verdict: Verdict::of(agree + closer, checks),
        because,
        pictures: vec![drawn(&measured), paths(&objective, seed)?],
        numbers: vec![
            ("sd_x", measured[2][0]),
            ("sd_y", measured[2][1]),
            ("constant", distances[0]),
            ("polynomial", distances[1]),
            ("exponential", distances[2]),
        ],
    })
}

/// The stationary standard deviation for noise of standard deviation 1.
fn floor(lr: f64, curvature: f64) -> f64 {
    (lr / (curvature * (2.0 - lr * curvature))).sqrt()
}

fn ends(
    objective: &Objective,
    lr: f64,
    schedule: &str,
    steps: u64,
    random: Random,
    seeds: u64,
) -> Result<Vec<Vec<f64>>> {
    let end = |run: u64| {
        let mut walk = Walk::scheduled(&format!("sgd:lr={lr}"), schedule, steps, &objective.start)?;
        for _ in 0..steps {
            walk.descend(objective, 1.0, random.stream(run))?;
        }
        Ok(walk.x)
    };
    (0..seeds).into_par_iter().map(end).collect()
}

fn drawn(measured: &[[f64; 2]]) -> Picture {
    let mut lines = plot(Axis::log("learning rate"), Axis::log("standard deviation"));
    for (k, name) in ["x, curvature 2", "y, curvature 4"].into_iter().enumerate() {
        let points = RATES.iter().zip(measured).map(|(lr, sd)| [*lr, sd[k]]).collect();
        lines.lines.push(Line::new(k, name, Look::Points, points));
        let curve = (0..=100)
            .map(|i| 0.01 * 45f64.powf(f64::from(i) / 100.0))
            .map(|lr| [lr, floor(lr, CURVATURES[k])]);
        lines.lines.push(Line::new(k, if k == 0 { "theory" } else { "" }, Look::Theory, curve.collect()));
    }
    let caption = "Spread around the minimum against the learning rate: about its square root, and endless \
        as it nears 2 / L.";
    Picture { name: "spread", caption: caption.into(), svg: lines.draw() }
}

fn paths(objective: &Objective, seed: u64) -> Result<Picture> {
    let f = |x: f64, y: f64| objective.value(&[x, y], 0.0);
    let mut map = Map::new("", [objective.domain[0], objective.domain[1]], &f);
    for (i, (name, schedule)) in SCHEDULES.iter().enumerate() {
        let mut walk = Walk::scheduled("sgd:lr=0.1", schedule, 200, &objective.start)?;
        let mut points = vec![walk.x.clone()];
        for _ in 0..200 {
            walk.descend(objective, 1.0, Random::new(seed))?;
            points.push(walk.x.clone());
        }
        map.paths.push(Path::new(i, name, &points));
    }
    map.marks.push(Mark::new(MarkKind::Minimum, [0.0, 0.0], ""));
    let caption =
        "200 steps of SGD under the same noise, at a constant and at falling learning rates.".into();
    Ok(Picture { name: "paths", caption, svg: map.draw() })
}
