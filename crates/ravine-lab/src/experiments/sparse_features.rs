//! AdaGrad on features that are seldom there.

use super::measure::{ranged, ratios};
use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::pictures::lines::{Axis, Line, Look, Reference};
use crate::stats::number::{lr as rate, significant};
use crate::stats::{bootstrap, summary};
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "sparse-features",
    title: "AdaGrad suits sparse features",
    claim: "AdaGrad gives rare features larger steps, and so suits sparse data better than SGD.",
    source: "S0, questions and answers; S2, slides",
    run,
};

const RULES: [(&str, &str, &str); 3] = [
    ("SGD", "sgd", "constant"),
    ("SGD, lr / sqrt(1 + t / 100)", "sgd", "inverse-sqrt:timescale=100"),
    ("AdaGrad", "adagrad", "constant"),
];
const FEATURES: usize = 40;
/// The first of the rare features.
const RARE: usize = 20;
/// How often a common and a rare feature is there.
const OFTEN: [f64; 2] = [0.5, 0.01];
const TRAIN: u64 = 4000;
const TEST: u64 = 4000;
const TUNING: u64 = 2;
const SEEDS: u64 = 12;

/// An example: the features that are there, and the class.
struct Example {
    there: Vec<usize>,
    class: bool,
}

/// What one rule reached: its learning rate, and for each seed the loss over all of the test examples and over those with a
/// rare feature.
struct Reached {
    lr: f64,
    losses: Vec<[f64; 2]>,
}

fn run(seed: u64) -> Result<Finding> {
    let rates = ratios(1e-3, 10.0, 13);
    let reached = RULES.par_iter().map(|(_, spec, schedule)| {
        let mean = |lr: f64, stream: u64, seeds: u64| -> Result<Vec<[f64; 2]>> {
            let random = Random::new(seed).stream(stream);
            (0..seeds)
                .into_par_iter()
                .map(|run| losses(&format!("{spec}:lr={lr}"), schedule, random.stream(run)))
                .collect()
        };
        let mut best = (f64::INFINITY, rates[0]);
        for &lr in &rates {
            let loss = mean(lr, 0, TUNING)?.iter().map(|pair| pair[0]).sum::<f64>();
            if loss < best.0 {
                best = (loss, lr);
            }
        }
        Ok(Reached { lr: best.1, losses: mean(best.1, 1, SEEDS)? })
    });
    let reached: Vec<Reached> = reached.collect::<Result<_>>()?;
    let of = |i: usize, which: usize| reached[i].losses.iter().map(|pair| pair[which]).collect::<Vec<f64>>();
    let text =
        |sample: &[f64]| ranged(summary::mean(sample).unwrap_or(f64::NAN), bootstrap::mean_interval(sample));
    let mut table = Table::new([
        "rule",
        "best lr",
        "test loss, all",
        "test loss, rare features",
        "rare features, above AdaGrad's by",
    ]);
    let (mut won, mut gains) = (0, Vec::new());
    for (i, (name, ..)) in RULES.iter().enumerate() {
        let differences: Vec<f64> = of(i, 1).iter().zip(of(2, 1)).map(|(other, own)| other - own).collect();
        let gain = bootstrap::mean_interval(&differences);
        if i < 2 {
            won += usize::from(gain.is_some_and(|gain| gain.low > 0.0));
            gains.push(summary::mean(&differences).unwrap_or(f64::NAN));
        }
        let behind = if i < 2 { text(&differences) } else { String::new() };
        table.row([(*name).to_string(), rate(reached[i].lr), text(&of(i, 0)), text(&of(i, 1)), behind]);
    }
    let because = format!(
        "On examples with a rare feature AdaGrad's test loss is below that of SGD at one learning rate by \
         {}, and below that of SGD whose rate falls with time by {}; told apart from 0 in {won} of 2 cases. \
         Over all examples the losses are {} and {} against {}.",
        significant(gains[0], 2),
        significant(gains[1], 2),
        significant(summary::mean(&of(0, 0)).unwrap_or(f64::NAN), 3),
        significant(summary::mean(&of(1, 0)).unwrap_or(f64::NAN), 3),
        significant(summary::mean(&of(2, 0)).unwrap_or(f64::NAN), 3),
    );
    Ok(Finding {
        setup: format!(
            "Logistic regression on made-up data: {RARE} features there in every second example, {} in one \
             of a hundred, weights drawn from N(0, 1) and for the rare ones N(0, 4). One pass over {TRAIN} \
             examples, one at a time; loss over {TEST} others. Best of {} learning rates by {TUNING} tuning \
             seeds; means of {SEEDS} other seeds with 95 % intervals, differences seed by seed.",
            FEATURES - RARE,
            rates.len(),
        ),
        table,
        verdict: Verdict::of(won, 2),
        because,
        pictures: vec![drawn(&reached)],
        numbers: vec![("gain_over_sgd", gains[0]), ("gain_over_decayed_sgd", gains[1])],
    })
}

fn weight(random: Random, feature: usize) -> f64 {
    random.stream(0).normal(feature as u64) * if feature < RARE { 1.0 } else { 2.0 }
}

fn example(random: Random, number: u64) -> Example {
    let draw = random.stream(1).stream(number);
    let there: Vec<usize> =
        (0..FEATURES).filter(|i| draw.uniform(*i as u64) < OFTEN[usize::from(*i >= RARE)]).collect();
    let score: f64 = there.iter().map(|i| weight(random, *i)).sum();
    Example { class: draw.uniform(FEATURES as u64) < logistic(score), there }
}

fn logistic(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// The test losses after one pass, over all and over those with a rare feature.
fn losses(spec: &str, schedule: &str, random: Random) -> Result<[f64; 2]> {
    let mut walk = Walk::scheduled(spec, schedule, TRAIN, &[0.0; FEATURES])?;
    for number in 0..TRAIN {
        let Example { there, class } = example(random, number);
        walk.step(|x, _, gradient| {
            gradient.fill(0.0);
            let score: f64 = there.iter().map(|i| x[*i]).sum();
            let slope = logistic(score) - f64::from(u8::from(class));
            there.iter().for_each(|i| gradient[*i] = slope);
        })?;
    }
    let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
    for number in TRAIN..TRAIN + TEST {
        let Example { there, class } = example(random, number);
        let score: f64 = there.iter().map(|i| walk.x[*i]).sum();
        // ln(1 + e^-s), without overflow.
        let wrong = if class { -score } else { score };
        let loss = wrong.max(0.0) + (-wrong.abs()).exp().ln_1p();
        for (kind, counts_too) in [true, there.iter().any(|i| *i >= RARE)].into_iter().enumerate() {
            if counts_too {
                sums[kind] += loss;
                counts[kind] += 1.0;
            }
        }
    }
    Ok([sums[0] / counts[0], sums[1] / counts[1]])
}

fn drawn(reached: &[Reached]) -> Picture {
    let names = vec!["all examples".into(), "examples with a rare feature".into()];
    let x = Axis { names, range: Some([-0.5, 1.5]), ..Axis::linear("") };
    let mut lines = plot(x, Axis::linear("test loss above AdaGrad's"));
    for (i, ((name, ..), rival)) in RULES.iter().zip(reached).enumerate().take(2) {
        let above = |which: usize| -> Vec<f64> {
            rival
                .losses
                .iter()
                .zip(&reached[2].losses)
                .map(|(rival, own)| rival[which] - own[which])
                .collect()
        };
        let mean = |which: usize| summary::mean(&above(which)).unwrap_or(f64::NAN);
        let at = |which: usize| [which as f64 + 0.12 * (i as f64 - 0.5), mean(which)];
        let mut line = Line::new(i, name, Look::Points, vec![at(0), at(1)]);
        let bar = |which: usize| {
            bootstrap::mean_interval(&above(which)).map_or([mean(which); 2], |i| [i.low, i.high])
        };
        line.bars = vec![bar(0), bar(1)];
        lines.lines.push(line);
    }
    lines.references.push(Reference { at: 0.0, upright: false, label: "AdaGrad".into() });
    let caption = "How much the test loss after one pass is above AdaGrad's, seed by seed, each rule at its \
        best learning rate; bars are 95 % intervals.";
    Picture { name: "losses", caption: caption.into(), svg: lines.draw() }
}
