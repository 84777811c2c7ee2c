//! Adaptive rules and a falling learning rate.

use super::measure::{ranged, ratios};
use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::{lr as rate, significant};
use crate::stats::{bootstrap, summary};
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "adaptive-decay",
    title: "Adaptive rules need no learning-rate decay",
    claim: "Methods that adapt the learning rate of each parameter need no learning-rate schedule.",
    source: "S0, questions and answers on optimizers and schedules",
    run,
};

const RULES: [(&str, &str); 4] =
    [("SGD, for comparison", "sgd"), ("AdaGrad", "adagrad"), ("RMSProp", "rmsprop"), ("Adam", "adam")];
const SCHEDULES: [&str; 2] = ["constant", "cosine"];
const STEPS: u64 = 500;
const TUNING: u64 = 30;
const SEEDS: u64 = 200;

/// The best learning rate of a rule with a schedule, and the final values over seeds.
struct Reached {
    lr: f64,
    values: Vec<f64>,
}

fn run(seed: u64) -> Result<Finding> {
    let objective = Objective::parse("noisy")?;
    let rates = ratios(1e-3, 10.0, 17);
    let mut reached: Vec<[Reached; 2]> = Vec::new();
    for (_, spec) in RULES {
        let of = |schedule: &str| -> Result<Reached> {
            let runs = |lr: f64, stream: u64, seeds: u64| -> Result<Vec<f64>> {
                let random = Random::new(seed).stream(stream);
                let end = |run| end(&objective, spec, lr, schedule, random.stream(run), |_| {});
                (0..seeds).into_par_iter().map(end).collect()
            };
            let mut best = (f64::INFINITY, rates[0]);
            for &lr in &rates {
                let mean = summary::mean(&runs(lr, 0, TUNING)?).unwrap_or(f64::NAN);
                if mean < best.0 {
                    best = (mean, lr);
                }
            }
            Ok(Reached { lr: best.1, values: runs(best.1, 1, SEEDS)? })
        };
        reached.push([of(SCHEDULES[0])?, of(SCHEDULES[1])?]);
    }
    let mut table = Table::new([
        "rule",
        "constant: best lr",
        "final loss",
        "cosine decay: best lr",
        "final loss",
        "constant / decay",
    ]);
    let mean = |reached: &Reached| summary::mean(&reached.values).unwrap_or(f64::NAN);
    let (mut need_none, mut ratios) = (0, Vec::new());
    for ((name, _), pair) in RULES.iter().zip(&reached) {
        let differences: Vec<f64> = pair[0].values.iter().zip(&pair[1].values).map(|(a, b)| a - b).collect();
        let gain = bootstrap::mean_interval(&differences);
        if *name != RULES[0].0 {
            need_none += usize::from(!gain.is_some_and(|gain| gain.low > 0.0));
        }
        ratios.push(mean(&pair[0]) / mean(&pair[1]));
        let cell = |reached: &Reached| ranged(mean(reached), bootstrap::mean_interval(&reached.values));
        table.row([
            (*name).to_string(),
            rate(pair[0].lr),
            cell(&pair[0]),
            rate(pair[1].lr),
            cell(&pair[1]),
            significant(ratios[ratios.len() - 1], 3),
        ]);
    }
    let because = format!(
        "Each at its best learning rate, the final loss without decay is {} times that with cosine decay \
         for AdaGrad, {} for RMSProp and {} for Adam; for plain SGD {}. {need_none} of the 3 adaptive rules \
         do as well without.",
        significant(ratios[1], 2),
        significant(ratios[2], 2),
        significant(ratios[3], 2),
        significant(ratios[0], 2),
    );
    let numbers =
        vec![("adagrad", ratios[1]), ("rmsprop", ratios[2]), ("adam", ratios[3]), ("sgd", ratios[0])];
    Ok(Finding {
        setup: format!(
            "x^2 + 2 y^2 from (-5, -2) with N(0, 1) added to each coordinate of the gradient, {STEPS} \
             steps. For each rule and schedule the best of {} learning rates by {TUNING} tuning seeds; then \
             the mean final loss of {SEEDS} other seeds with its 95 % interval. A rule needs no decay if \
             decay does not lower the loss beyond chance, seed by seed.",
            rates.len()
        ),
        table,
        verdict: Verdict::of(need_none, 3),
        because,
        pictures: vec![drawn(&objective, &reached[3], seed)?],
        numbers,
    })
}

/// The final value.
fn end(
    objective: &Objective,
    spec: &str,
    lr: f64,
    schedule: &str,
    random: Random,
    mut see: impl FnMut(f64),
) -> Result<f64> {
    let mut walk = Walk::scheduled(&format!("{spec}:lr={lr}"), schedule, STEPS, &objective.start)?;
    for _ in 0..STEPS {
        walk.descend(objective, objective.noise, random)?;
        see(objective.value(&walk.x, 0.0));
    }
    Ok(objective.value(&walk.x, 0.0))
}

fn drawn(objective: &Objective, adam: &[Reached; 2], seed: u64) -> Result<Picture> {
    let mut lines = plot(Axis::linear("step"), Axis::log("loss, mean of 100 seeds"));
    for (i, (schedule, reached)) in SCHEDULES.iter().zip(adam).enumerate() {
        let mut sums = vec![0.0; STEPS as usize];
        for run in 0..100 {
            let mut step = 0;
            end(objective, "adam", reached.lr, schedule, Random::new(seed).stream(1).stream(run), |value| {
                sums[step] += value / 100.0;
                step += 1;
            })?;
        }
        let points = sums.iter().zip(1..).map(|(loss, step)| [f64::from(step), *loss]).collect();
        lines.lines.push(Line::new(
            i,
            &format!("Adam, {schedule}, lr {}", rate(reached.lr)),
            Look::Line,
            points,
        ));
    }
    let caption = "Adam at its best constant learning rate and at its best with cosine decay.".into();
    Ok(Picture { name: "losses", caption, svg: lines.draw() })
}
