//! Workloads on Fashion-MNIST against what DeepOBS published for them. All of it is skipped where the data is missing.

mod here;

use std::sync::LazyLock;

use here::here;
use ravine::rules::{Adam, Sgd};
use ravine::{Optimizer, Rule};
use ravine_lab::data::{Order, Split};
use ravine_lab::workload::{Session, Workload};
use ravine_lab::workloads;
use serde::Deserialize;

#[derive(Deserialize)]
struct Published {
    problems: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    workload: String,
    arms: Vec<Arm>,
}

/// Each pair is a mean and a standard deviation over ten seeds, at the best learning rate.
#[derive(Deserialize)]
struct Arm {
    optimizer: String,
    lr: f64,
    initial_test: [f64; 2],
    epoch_accuracy: Option<[f64; 2]>,
    /// The training loss of each of the first steps.
    losses: Vec<[f64; 2]>,
}

/// Where one more run lies, in standard deviations from the mean of ten: 99 % of runs do, by Student's t with 9 degrees of
/// freedom, 3.25 sqrt(1 + 1/10).
const NEAR: f64 = 3.4;

/// Steps of an epoch of the 60000 pictures that DeepOBS trains on; here 10000 of them are held out.
const EPOCH: u64 = 60_000 / 128;

static PUBLISHED: LazyLock<Published> =
    LazyLock::new(|| serde_json::from_str(include_str!("goldens/deepobs.json")).unwrap());

/// What was published of a workload, and the workload; `None` without its data.
fn problem(name: &str) -> Option<(&'static [Arm], Box<dyn Workload>)> {
    let problem = PUBLISHED.problems.iter().find(|problem| problem.workload == name).unwrap();
    Some((&problem.arms, load(name)?))
}

fn load(spec: &str) -> Option<Box<dyn Workload>> {
    here(spec, workloads::load(spec, None))
}

fn rule(optimizer: &str, lr: f64) -> Box<dyn Rule> {
    match optimizer {
        "sgd" => Box::new(Sgd { lr, ..Sgd::default() }),
        "momentum" => Box::new(Sgd { lr, momentum: 0.99, ..Sgd::default() }),
        _ => Box::new(Adam { lr, ..Adam::default() }),
    }
}

/// The training losses of the steps from 0 to `last`.
fn descend(run: &mut dyn Session, rule: Box<dyn Rule>, last: u64) -> Vec<f64> {
    let builder = Optimizer::builder_boxed(rule).zero_grad(true);
    let mut optimizer: Optimizer<f32> = builder.build(run.params()).unwrap();
    let step = |step| {
        let loss = run.backward(step);
        let (values, grads) = run.buffers();
        let _ = optimizer.step_flat(values, grads).unwrap();
        loss
    };
    (0..=last).map(step).collect()
}

/// How far a value is from what was published, in standard deviations.
fn distance(value: f64, [mean, sd]: [f64; 2]) -> f64 {
    (value - mean) / sd
}

/// Checks that nearly all of these distances are such as runs have. Steps of one run are not independent: a run that is late is
/// late for a while.
fn mostly_near(optimizer: &str, far: impl IntoIterator<Item = f64>) {
    let far: Vec<f64> = far.into_iter().collect();
    let near = far.iter().filter(|far| far.abs() < NEAR).count();
    println!("  {near} of {} steps within {NEAR} sd", far.len());
    assert!(near as f64 >= 0.9 * far.len() as f64, "{optimizer}: {near} of {} steps", far.len());
}

/// Trains each optimizer of `lengths` to its last step and checks the losses at that step and at halves of it.
fn first_steps(workload: &str, seed: u64, lengths: &[(&str, u64)]) {
    let Some((arms, workload)) = problem(workload) else { return };
    for (optimizer, last) in lengths {
        let arm = arms.iter().find(|arm| arm.optimizer == *optimizer).unwrap();
        let mut run = workload.start(seed, Order::Reshuffled);
        let losses = descend(&mut *run, rule(optimizer, arm.lr), *last);
        for step in [0, last / 2, *last] {
            let (loss, published) = (losses[step as usize], arm.losses[step as usize]);
            let far = distance(loss, published);
            println!("{optimizer} step {step}: {loss:.4}, published {published:?}, {far:.2} sd");
            assert!(far.abs() < NEAR, "{optimizer} step {step}: {loss} is not {published:?}");
        }
    }
}

#[test]
fn the_convolutional_network_starts_and_descends_as_published() {
    first_steps("fashion-2c2d", 1, &[("sgd", 10), ("momentum", 10), ("adam", 20)]);
}

#[test]
fn the_autoencoder_starts_and_descends_as_published() {
    first_steps("fashion-vae", 1, &[("sgd", 12), ("adam", 10)]);
}

#[test]
fn logistic_regression_starts_at_the_loss_of_a_blind_guess() {
    let Some(workload) = load("fashion-softmax") else { return };
    let mut run = workload.start(1, Order::Reshuffled);
    assert_eq!((workload.info().parameters, workload.info().batch), (7850, 128));
    let start = run.evaluate(Split::Test).loss;
    assert!((start - 10f64.ln()).abs() < 1e-6, "{start}");
    let losses = descend(&mut *run, rule("sgd", 0.1), workload.info().steps_per_epoch());
    assert!((losses[0] - 10f64.ln()).abs() < 1e-6, "{}", losses[0]);
    let accuracy = run.evaluate(Split::Test).metric;
    println!("accuracy {accuracy} after an epoch");
    assert!(accuracy > 0.78, "{accuracy}");
}

/// No curves of it were published. Its weights are so small that the logits of the start hardly differ from zero.
#[test]
fn the_dense_network_of_deepobs_can_be_asked_for() {
    let spec = "fashion-mlp:depth=3,width=1000/500/100,init=trunc-normal:0.03";
    let Some(workload) = load(spec) else { return };
    assert_eq!(workload.info().parameters, 785 * 1000 + 1001 * 500 + 501 * 100 + 101 * 10);
    let losses = descend(&mut *workload.start(1, Order::Reshuffled), rule("adam", 1e-3), 30);
    println!("{losses:?}");
    assert!((losses[0] - 10f64.ln()).abs() < 0.02, "{}", losses[0]);
    assert!(losses[30] < 1.2, "{}", losses[30]);
}

#[test]
#[ignore = "minutes: cargo test --release -p ravine-lab --test deepobs -- --ignored --nocapture epoch"]
fn the_convolutional_network_takes_an_epoch_as_published() {
    let Some((arms, workload)) = problem("fashion-2c2d") else { return };
    for arm in arms {
        let mut run = workload.start(1, Order::Reshuffled);
        let start = run.evaluate(Split::Test).loss;
        println!("{}: test loss {start:.4} at the start, published {:?}", arm.optimizer, arm.initial_test);
        assert!(distance(start, arm.initial_test).abs() < NEAR, "{}: {start}", arm.optimizer);
        let losses = descend(&mut *run, rule(&arm.optimizer, arm.lr), EPOCH - 1);
        let far: Vec<f64> = losses.iter().zip(&arm.losses).map(|(loss, at)| distance(*loss, *at)).collect();
        for step in [0, 10, 20, 30, 50, 100, 149] {
            println!(
                "  step {step}: {:.4}, published {:?}, {:.2} sd",
                losses[step], arm.losses[step], far[step]
            );
        }
        mostly_near(&arm.optimizer, far);
        let accuracy = run.evaluate(Split::Test).metric;
        let published = arm.epoch_accuracy.unwrap();
        let far = distance(accuracy, published);
        println!("{}: test accuracy {accuracy}, published {published:?}, {far:.2} sd", arm.optimizer);
        assert!(far.abs() < NEAR, "{}: {accuracy}", arm.optimizer);
    }
}

/// The loss stays where it starts, then falls within a few steps, and when it does differs from run to run: so several runs
/// are compared with the ten, by Welch's statistic.
#[test]
#[ignore = "minutes: cargo test --release -p ravine-lab --test deepobs -- --ignored --nocapture steps"]
fn the_autoencoder_takes_its_first_150_steps_as_published() {
    const SEEDS: u64 = 5;
    let Some((arms, workload)) = problem("fashion-vae") else { return };
    for arm in arms {
        let train = |seed| {
            let mut run = workload.start(seed, Order::Reshuffled);
            descend(&mut *run, rule(&arm.optimizer, arm.lr), 149)
        };
        let runs: Vec<Vec<f64>> = (1..=SEEDS).map(train).collect();
        let apart = |(step, &[published, sd]): (usize, &[f64; 2])| {
            let (n, losses) = (SEEDS as f64, runs.iter().map(|run| run[step]));
            let mean = losses.clone().sum::<f64>() / n;
            let variance = losses.map(|loss| (loss - mean).powi(2)).sum::<f64>() / (n - 1.0);
            (mean, (mean - published) / (variance / n + sd * sd / 10.0).sqrt())
        };
        let apart: Vec<(f64, f64)> = arm.losses.iter().enumerate().map(apart).collect();
        for step in [0, 5, 10, 15, 20, 50, 100, 149] {
            let ((mean, apart), published) = (apart[step], arm.losses[step]);
            println!("{} step {step}: {mean:.1}, published {published:?}, {apart:.2} sd", arm.optimizer);
        }
        mostly_near(&arm.optimizer, apart.into_iter().map(|(_, apart)| apart));
    }
}
