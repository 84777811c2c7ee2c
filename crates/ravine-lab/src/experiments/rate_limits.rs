//! What too large and too small a learning rate do.

use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::comparison::{End, Point};
use crate::data::Order;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look, Reference};
use crate::stats::number::{fixed, significant};
use crate::trial::{self, Settings};
use crate::workloads;
use ravine::random::Random;
use rayon::prelude::*;
use std::sync::atomic::AtomicBool;

pub(super) const ENTRY: Experiment = Experiment {
    name: "rate-limits",
    title: "Large rates overfit, small rates make gradients vanish",
    claim: "A large learning rate overfits; a small one makes gradients vanish.",
    source: "S1, an article on tricks for gradient methods",
    run,
};

/// Of plain SGD on handwritten digits.
const RATES: [f64; 5] = [0.001, 0.01, 0.1, 1.0, 10.0];
const EPOCHS: u64 = 20;
const SEEDS: u64 = 5;
/// A validation loss is worse if it is above this multiple of the other.
const WORSE: f64 = 1.1;
/// On x^2 from 10, whose limit is 2 / L = 1.
const SQUARE: [f64; 7] = [0.01, 0.05, 0.2, 0.5, 0.9, 0.99, 1.1];
const NEAR: f64 = 1e-6;
const MOST: u64 = 100_000;

/// Training on digits at one rate: means over the seeds.
struct Trained {
    train: f64,
    validation: f64,
    /// The global norm of the first batch's gradient.
    first: f64,
    /// Seeds whose loss went to infinity, or beyond any use.
    failed: usize,
}

fn run(seed: u64) -> Result<Finding> {
    let digits = workloads::load("digits-mlp", None)?;
    let steps = EPOCHS * digits.info().steps_per_epoch();
    let runs = RATES.par_iter().map(|lr| {
        let mut all = Trained { train: 0.0, validation: 0.0, first: 0.0, failed: 0 };
        for run in 0..SEEDS {
            let mut points: Vec<Point> = Vec::new();
            let settings = Settings {
                optimizer: "sgd".into(),
                schedule: "constant".into(),
                lr: *lr,
                seed: Random::new(seed).bits(run),
                order: Order::Reshuffled,
                steps,
                tuning: false,
            };
            let done = trial::run(&*digits, &settings, &AtomicBool::new(false), |point| {
                points.push(point.clone());
                Ok(())
            })?;
            let (first, last) = (&points[0], &points[points.len() - 1]);
            all.failed += usize::from(done.end == End::Diverged);
            all.first += first.grad_norm / SEEDS as f64;
            all.train += last.train_loss / SEEDS as f64;
            all.validation += last.validation_loss / SEEDS as f64;
        }
        Ok(all)
    });
    let trained: Vec<Trained> = runs.collect::<Result<_>>()?;
    let mut table = Table::new([
        "run",
        "learning rate",
        "first gradient",
        "steps",
        "train loss",
        "validation loss",
        "gap",
    ]);
    for (lr, run) in RATES.iter().zip(&trained) {
        table.row([
            "MLP on digits".to_string(),
            lr.to_string(),
            significant(run.first, 3),
            steps.to_string(),
            significant(run.train, 3),
            significant(run.validation, 3),
            significant(run.validation - run.train, 2),
        ]);
    }
    let square = Objective::parse("square")?;
    let counts: Vec<Option<u64>> = SQUARE.iter().map(|lr| come_near(&square, *lr)).collect::<Result<_>>()?;
    for (lr, count) in SQUARE.iter().zip(&counts) {
        let steps = count.map_or("diverged".into(), |n| n.to_string());
        table.row([
            "x^2 from 10 to 1e-6".into(),
            lr.to_string(),
            "20".into(),
            steps,
            String::new(),
            String::new(),
            String::new(),
        ]);
    }
    let tanh = Objective::parse("tanh")?;
    let mut crossings = Vec::new();
    for lr in [0.1, 1.0] {
        let mut walk = Walk::new(&format!("sgd:lr={lr}"), &[4.0])?;
        let mut gradient = [0.0];
        tanh.gradient(&[4.0], 0.0, &mut gradient);
        while walk.x[0] > 0.0 && walk.steps < MOST {
            walk.descend(&tanh, 0.0, Random::new(0))?;
        }
        crossings.push((walk.steps, gradient[0]));
        let steps = walk.steps.to_string();
        let empty = [(); 3].map(|()| String::new());
        table.row(
            ["tanh from 4 to below 0".into(), lr.to_string(), fixed(gradient[0], 5), steps]
                .into_iter()
                .chain(empty),
        );
    }

    // Overfitting: a rate above the best for validation fits the training data no worse, and validates worse.
    let best = (0..RATES.len())
        .min_by(|a, b| trained[*a].validation.total_cmp(&trained[*b].validation))
        .unwrap_or(0);
    let overfits = trained[best + 1..].iter().any(|run| {
        run.failed == 0
            && run.train <= trained[best].train
            && run.validation > WORSE * trained[best].validation
    });
    // Vanishing: the first gradient shrinks with the rate.
    let firsts: Vec<f64> = trained.iter().map(|run| run.first).collect();
    let vanishes = firsts[0] < 0.99 * firsts[RATES.len() - 1] || crossings[0].1 < 0.99 * crossings[1].1;
    let above: Vec<String> = trained
        .iter()
        .zip(RATES)
        .skip(best + 1)
        .map(|(run, lr)| {
            let failed = if run.failed > 0 {
                format!(" ({} of {SEEDS} seeds diverged)", run.failed)
            } else {
                String::new()
            };
            format!(
                "training {} and validation {} at {lr}{failed}",
                significant(run.train, 2),
                significant(run.validation, 2)
            )
        })
        .collect();
    let because = format!(
        "The first gradient of digits is {} at every learning rate from {} to {}, and that of tanh at 4 is \
         {} at both: the rate does not enter it, a small one is only slow ({} steps at 0.1, {} at 1). Too \
         large a rate diverges: x^2 at 1.1, above 2 / L = 1. On digits the validation loss is lowest at {}, \
         with a training loss of {}; at rates above, {}.",
        significant(firsts[0], 3),
        RATES[0],
        RATES[RATES.len() - 1],
        fixed(crossings[0].1, 5),
        crossings[0].0,
        crossings[1].0,
        RATES[best],
        significant(trained[best].train, 2),
        above.join(", "),
    );
    Ok(Finding {
        setup: format!(
            "An MLP 64-64-10 on digits by SGD for {EPOCHS} epochs, means of {SEEDS} seeds; x^2 until |x| is \
             below {NEAR}; tanh from 4 until below 0. The first part holds if a rate above the best for \
             validation fits the training data no worse and validates worse by more than a tenth; the \
             second if the first gradient is smaller where the rate is."
        ),
        table,
        verdict: Verdict::of(usize::from(overfits) + usize::from(vanishes), 2),
        because,
        pictures: vec![drawn(&square)?, gaps(&trained)],
        numbers: vec![
            ("tanh_0.1", crossings[0].0 as f64),
            ("tanh_1", crossings[1].0 as f64),
            ("tanh_gradient", crossings[0].1),
            ("first_gradient_spread", firsts.iter().fold(0f64, |m, x| m.max((x - firsts[0]).abs()))),
            ("square_diverged", counts.iter().filter(|count| count.is_none()).count() as f64),
        ],
    })
}

/// Steps until |x| is small; none if it grows instead.
fn come_near(square: &Objective, lr: f64) -> Result<Option<u64>> {
    let mut walk = Walk::new(&format!("sgd:lr={lr}"), &square.start)?;
    while walk.x[0].abs() > NEAR && walk.steps < MOST {
        walk.descend(square, 0.0, Random::new(0))?;
        if walk.x[0].abs() > 1e6 {
            return Ok(None);
        }
    }
    Ok((walk.x[0].abs() <= NEAR).then_some(walk.steps))
}

fn drawn(square: &Objective) -> Result<Picture> {
    let mut lines = plot(Axis::linear("learning rate"), Axis::log("steps to 1e-6"));
    let points: Vec<Option<[f64; 2]>> = (1..=110)
        .map(|k| 0.01 * f64::from(k))
        .map(|lr| Ok(come_near(square, lr)?.map(|steps| [lr, steps.max(1) as f64])))
        .collect::<Result<_>>()?;
    lines.lines.push(Line::new(0, "", Look::Line, points.into_iter().flatten().collect()));
    lines.references.push(Reference { at: 1.0, upright: true, label: "2 / L".into() });
    let caption =
        "Steps on x^2 against the learning rate: slow when small, one step at 1 / L, and never beyond 2 / L."
            .into();
    Ok(Picture { name: "square", caption, svg: lines.draw() })
}

fn gaps(trained: &[Trained]) -> Picture {
    let mut lines = plot(Axis::log("learning rate"), Axis::log("loss after 20 epochs"));
    let points = |of: fn(&Trained) -> f64| {
        RATES.iter().zip(trained).map(|(lr, run)| [*lr, of(run)]).collect::<Vec<_>>()
    };
    lines.lines.push(Line::new(0, "training", Look::Both, points(|run| run.train)));
    lines.lines.push(Line::new(1, "validation", Look::Both, points(|run| run.validation)));
    let caption = "Training and validation loss of an MLP on digits against the learning rate.";
    Picture { name: "digits", caption: caption.into(), svg: lines.draw() }
}
