//! The noise of minibatches.

use super::measure::exponent;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::data::digits;
use crate::gallery::Table;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::{fixed, significant};
use crate::stats::summary;
use crate::workloads::Classifier;
use ravine::random::Random;
use ravine_nn::Network;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "minibatch-noise",
    title: "A minibatch is an unbiased estimate, less noisy with its size",
    claim: "The gradient of a random minibatch is the full gradient on average, and its variance falls as 1 \
        / batch size.",
    source: "S2, slides on optimization for deep learning (with a misprint in the range of the random index)",
    run,
};

const BATCHES: [usize; 6] = [1, 4, 16, 64, 256, 1024];
const DRAWS: usize = 2000;
/// How far from the law a standard deviation may be: four of its own standard errors.
const TOLERANCE: f64 = 4.0;

fn run(seed: u64) -> Result<Finding> {
    let (gradients, full) = gradients(seed)?;
    // The same sum in another order is the same up to rounding.
    let mean: Vec<f64> = (0..full.len())
        .map(|k| gradients.iter().map(|g| g[k]).sum::<f64>() / gradients.len() as f64)
        .collect();
    let size = full.iter().fold(0f64, |size, g| size.max(g.abs()));
    let bias = mean.iter().zip(&full).fold(0f64, |worst, (a, b)| worst.max((a - b).abs())) / size;
    // The element of the gradient that varies most.
    let spread = |k: usize| summary::sd(&gradients.iter().map(|g| g[k]).collect::<Vec<_>>()).unwrap_or(0.0);
    let element =
        (0..full.len()).max_by(|a, b| spread(*a).total_cmp(&spread(*b))).expect("there are elements");
    let single: Vec<f64> = gradients.iter().map(|g| g[element]).collect();
    let sigma =
        summary::sd(&single).unwrap_or(f64::NAN) * ((single.len() - 1) as f64 / single.len() as f64).sqrt();

    let random = Random::new(seed);
    let deviations: Vec<[f64; 2]> = BATCHES
        .par_iter()
        .map(|&batch| {
            let random = random.stream(batch as u64);
            let means = |value: &dyn Fn(Random, u64) -> f64, stream: u64| {
                let draw = |draw: usize| {
                    let random = random.stream(stream).stream(draw as u64);
                    (0..batch as u64).map(|i| value(random, i)).sum::<f64>() / batch as f64
                };
                summary::sd(&(0..DRAWS).map(draw).collect::<Vec<_>>()).unwrap_or(f64::NAN)
            };
            let normal = means(&|random, i| random.normal(i), 0);
            let digits = means(&|random, i| single[random.below(i, single.len() as u64) as usize], 1);
            [normal, digits / sigma]
        })
        .collect();
    let mut table = Table::new([
        "batch",
        "unit normals: standard deviation",
        "digits: standard deviation / that of one",
        "theory b^-1/2",
    ]);
    let (mut off, mut agree) = (0f64, 0);
    for (batch, pair) in BATCHES.iter().zip(&deviations) {
        let theory = (*batch as f64).powf(-0.5);
        // Relative standard error of a standard deviation of so many draws.
        let errors = pair.map(|x| (x / theory - 1.0).abs() * (2.0 * DRAWS as f64).sqrt());
        off = errors.iter().copied().fold(off, f64::max);
        agree += errors.iter().filter(|error| **error < TOLERANCE).count();
        table.row([batch.to_string(), fixed(pair[0], 4), fixed(pair[1], 4), fixed(theory, 4)]);
    }
    let power = |i: usize| {
        exponent(&BATCHES.iter().zip(&deviations).map(|(b, pair)| [*b as f64, pair[i]]).collect::<Vec<_>>())
    };
    let powers = [power(0), power(1)];
    let verdict = Verdict::of(agree + usize::from(bias < 1e-12), 2 * BATCHES.len() + 1);
    let because = format!(
        "The mean of all {} single gradients is the full gradient to {} relative. Standard deviations fall \
         as the batch to the power {} (unit normals) and {} (gradients of digits); theory: -1/2. The \
         farthest is {} standard errors off.",
        gradients.len(),
        significant(bias, 2),
        fixed(powers[0], 3),
        fixed(powers[1], 3),
        fixed(off, 1),
    );
    Ok(Finding {
        setup: format!(
            "Softmax regression on handwritten digits at its first weights, in f64: the gradient of every \
             training example by itself against that of all at once. Then the standard deviation over \
             {DRAWS} batches, drawn with replacement, of the mean of b unit normals and of the gradient's \
             most variable element. Agreement: within {TOLERANCE} standard errors."
        ),
        table,
        verdict,
        because,
        pictures: vec![drawn(&deviations)],
        numbers: vec![
            ("bias", bias),
            ("normal_power", powers[0]),
            ("digits_power", powers[1]),
            ("normal_4", deviations[1][0]),
            ("normal_16", deviations[2][0]),
            ("normal_64", deviations[3][0]),
            ("normal_256", deviations[4][0]),
        ],
    })
}

/// The gradient of each training example by itself, and of all at once.
fn gradients(seed: u64) -> Result<(Vec<Vec<f64>>, Vec<f64>)> {
    let data = (digits::ENTRY.load)(None)?;
    let network = || Network::<f64>::builder(data.features).linear(10).build(seed).expect("one layer fits");
    let rows = data.train.clone();
    let x: Vec<f64> = rows.clone().flat_map(|row| data.row(row)).map(|x| f64::from(*x)).collect();
    let y = &data.y[rows];
    let mut model = Classifier::new(network(), 0.0);
    let mut gradient = |x: &[f64], y: &[u32]| {
        let _ = model.backward(x, y, 0).expect("a batch fits its network");
        let (_, grads) = model.params_mut().split_mut();
        let gradient = grads.to_vec();
        grads.fill(0.0);
        gradient
    };
    let single = x.chunks(data.features).zip(y.chunks(1)).map(|(x, y)| gradient(x, y)).collect();
    Ok((single, gradient(&x, y)))
}

fn drawn(deviations: &[[f64; 2]]) -> Picture {
    let mut lines = plot(Axis::log("batch size"), Axis::log("standard deviation"));
    for (i, name) in ["unit normals", "gradients of digits"].into_iter().enumerate() {
        let points = BATCHES.iter().zip(deviations).map(|(batch, pair)| [*batch as f64, pair[i]]).collect();
        lines.lines.push(Line::new(i, name, Look::Points, points));
    }
    let law = BATCHES.map(|batch| [batch as f64, (batch as f64).powf(-0.5)]).to_vec();
    lines.lines.push(Line::new(0, "batch^-1/2", Look::Theory, law));
    let caption = "Standard deviation of a batch's mean, that of one example being 1.";
    Picture { name: "noise", caption: caption.into(), svg: lines.draw() }
}
