//! What optimizers mend of a poor gradient, and what they cannot.

use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::data::Order;
use crate::gallery::Table;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::fixed;
use crate::stats::summary::mean;
use crate::trial::{self, Settings};
use crate::workloads;
use rayon::prelude::*;
use std::sync::atomic::AtomicBool;

pub(super) const ENTRY: Experiment = Experiment {
    name: "dead-signal",
    title: "Another optimizer mends vanishing gradients",
    claim: "The choice of optimizer is the key cause of vanishing gradients: another one trains the network.",
    source: "S3, article on vanishing gradients",
    run,
};

const NETWORKS: [(&str, &str, bool); 4] = [
    ("10 sigmoid layers, Xavier", "depth=10,activation=sigmoid,init=xavier", true),
    ("20 sigmoid layers, Xavier", "depth=20,activation=sigmoid,init=xavier", true),
    ("20 ReLU layers, He", "depth=20,init=he", false),
    ("20 tanh layers, Xavier", "depth=20,activation=tanh,init=xavier", false),
];
const OPTIMIZERS: [(&str, f64); 3] = [("sgd", 0.01), ("momentum", 0.01), ("adam", 1e-3)];
const STEPS: u64 = 300;
const SEEDS: u64 = 3;
/// Accuracy from which on a network has learnt; guessing has 0.1.
const LEARNT: f64 = 0.5;

fn run(seed: u64) -> Result<Finding> {
    let work: Vec<(usize, usize)> =
        (0..NETWORKS.len()).flat_map(|network| (0..OPTIMIZERS.len()).map(move |o| (network, o))).collect();
    let accuracies = work
        .par_iter()
        .map(|(network, optimizer)| accuracy(NETWORKS[*network].1, OPTIMIZERS[*optimizer], seed))
        .collect::<Result<Vec<_>>>()?;
    let of = |network: usize, optimizer: usize| accuracies[network * OPTIMIZERS.len() + optimizer];
    let mut table = Table::new(["network", "sgd, lr 0.01", "momentum, lr 0.01", "adam, lr 1e-3"]);
    let mut lines = plot(Axis::linear(""), Axis { range: Some([0.0, 1.0]), ..Axis::linear("accuracy") });
    lines.x.names = NETWORKS.iter().map(|network| network.0.into()).collect();
    for (i, network) in NETWORKS.iter().enumerate() {
        let row = (0..OPTIMIZERS.len()).map(|o| format!("{} %", fixed(100.0 * of(i, o), 0)));
        table.row([network.0.to_string()].into_iter().chain(row));
    }
    for (o, (name, _)) in OPTIMIZERS.iter().enumerate() {
        let points = (0..NETWORKS.len()).map(|i| [i as f64, of(i, o)]).collect();
        lines.lines.push(Line::new(o, name, Look::Columns, points));
    }
    let dead: Vec<f64> = work
        .iter()
        .zip(&accuracies)
        .filter(|((network, _), _)| NETWORKS[*network].2)
        .map(|(_, accuracy)| *accuracy)
        .collect();
    let mended = dead.iter().filter(|accuracy| **accuracy >= LEARNT).count();
    let percent = |x: f64| format!("{} %", fixed(100.0 * x, 0));
    let because = format!(
        "Through sigmoids {mended} of {} runs reach {}; the best has {}. Where a signal arrives, but of a \
         poor scale, the optimizer matters: 20 ReLU layers come to {} with SGD, {} with momentum and {} with \
         Adam. An optimizer helps with scale, never with a signal that is lost.",
        dead.len(),
        percent(LEARNT),
        percent(dead.iter().copied().fold(0.0, f64::max)),
        percent(of(2, 0)),
        percent(of(2, 1)),
        percent(of(2, 2)),
    );
    Ok(Finding {
        setup: format!(
            "Networks of width 64 on the digits, {STEPS} steps, {SEEDS} seeds; accuracy on the \
             validation split. The claim holds if some optimizer brings every network whose gradient \
             vanishes, the sigmoids', to {}.",
            percent(LEARNT)
        ),
        table,
        verdict: Verdict::of(mended, dead.len()),
        because,
        pictures: vec![Picture {
            name: "accuracy",
            caption: format!("Accuracy after {STEPS} steps, by network and optimizer."),
            svg: lines.draw(),
        }],
        numbers: vec![
            ("dead_best", dead.iter().copied().fold(0.0, f64::max)),
            ("relu_sgd", of(2, 0)),
            ("relu_momentum", of(2, 1)),
            ("relu_adam", of(2, 2)),
            ("tanh_worst", (0..3).map(|o| of(3, o)).fold(1.0, f64::min)),
        ],
    })
}

fn accuracy(options: &str, (optimizer, lr): (&str, f64), seed: u64) -> Result<f64> {
    let workload = workloads::load(&format!("digits-mlp:{options}"), None)?;
    let run = |run: u64| {
        let settings = Settings {
            optimizer: optimizer.into(),
            schedule: "constant".into(),
            lr,
            seed: SEEDS * seed + run,
            order: Order::Reshuffled,
            steps: STEPS,
            tuning: false,
        };
        let done = trial::run(&*workload, &settings, &AtomicBool::new(false), |_| Ok(()))?;
        Ok(done.validation.map_or(0.0, |validation| validation.metric))
    };
    Ok(mean(&(0..SEEDS).map(run).collect::<Result<Vec<_>>>()?).unwrap_or(0.0))
}
