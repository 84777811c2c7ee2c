//! `quadratic-deep` against what DeepOBS published for it.

use ravine::rules::{Adam, Sgd};
use ravine::{Optimizer, Rule};
use ravine_lab::data::{Order, Split};
use ravine_lab::workload::Workload;
use ravine_lab::workloads::QuadraticDeep;
use serde::Deserialize;

#[derive(Deserialize)]
struct Published {
    arms: Vec<Arm>,
}

#[derive(Deserialize)]
struct Arm {
    optimizer: String,
    lr: f64,
    initial_test: f64,
    /// Mean and standard deviation over ten seeds at the best learning rate.
    final_test: [f64; 2],
    /// (learning rate, final test loss or none if it diverged), one seed.
    sensitivity: Vec<(f64, Option<f64>)>,
}

fn published() -> Vec<Arm> {
    let published: Published = serde_json::from_str(include_str!("goldens/quadratic_deep.json")).unwrap();
    published.arms
}

/// Trains for 100 epochs; the test loss at the end, or none if it diverged.
///
fn train(optimizer: &str, lr: f64, seed: u64, order: Order) -> Option<f64> {
    let workload = QuadraticDeep::new();
    let mut run = workload.start(seed, order);
    let rule: Box<dyn Rule> = match optimizer {
        "sgd" => Box::new(Sgd { lr, ..Sgd::default() }),
        "momentum" => Box::new(Sgd { lr, momentum: 0.99, ..Sgd::default() }),
        _ => Box::new(Adam { lr, ..Adam::default() }),
    };
    let builder = Optimizer::builder_boxed(rule).zero_grad(true);
    let mut optimizer: Optimizer<f32> = builder.build(run.params()).unwrap();
    let start = run.evaluate(Split::Test).loss;
    for step in 0..workload.info().steps() {
        run.backward(step);
        let (values, grads) = run.buffers();
        // A gradient that is not finite is refused.
        let _ = optimizer.step_flat(values, grads).ok()?;
    }
    Some(run.evaluate(Split::Test).loss).filter(|&loss| loss < 100.0 * start)
}

#[test]
fn it_starts_at_the_published_loss() {
    let workload = QuadraticDeep::new();
    let loss = workload.start(1, Order::Fixed).evaluate(Split::Test).loss;
    assert!((loss - 353.4468).abs() < 5e-5, "{loss}");
    for arm in published() {
        assert!((loss - arm.initial_test).abs() < 5e-4, "{loss} {}", arm.initial_test);
    }
}

#[test]
fn it_ends_at_the_published_losses() {
    for arm in published() {
        let runs: Vec<f64> =
            (42..52).map(|seed| train(&arm.optimizer, arm.lr, seed, Order::Fixed).unwrap()).collect();
        let mean = runs.iter().sum::<f64>() / 10.0;
        let variance = runs.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / 9.0;
        let [published, sd] = arm.final_test;
        // Two means of ten runs each.
        let error = ((variance + sd * sd) / 10.0).sqrt();
        assert!((mean - published).abs() < 3.0 * error, "{}: {mean} is not {published}", arm.optimizer);
        assert!((0.4..2.5).contains(&(variance.sqrt() / sd)), "{}: {} {sd}", arm.optimizer, variance.sqrt());
    }
}

#[test]
fn the_published_losses_are_those_of_one_order_kept_in_all_epochs() {
    let momentum = published().into_iter().find(|arm| arm.optimizer == "momentum").unwrap();
    let runs = (42..52).map(|seed| train("momentum", momentum.lr, seed, Order::Reshuffled).unwrap());
    let mean = runs.sum::<f64>() / 10.0;
    // Its last steps remember the whole last epoch, whose order then differs from run to run.
    assert!(mean > momentum.final_test[0] + 0.5, "{mean}");
}

#[test]
fn it_falls_off_the_cliff_where_deepobs_does() {
    for arm in published() {
        // Above these the published losses jump about from one learning rate to the next.
        let smooth = match arm.optimizer.as_str() {
            "sgd" => 0.03,
            "momentum" => 0.007,
            _ => 0.2,
        };
        for (lr, published) in arm.sensitivity {
            let loss = train(&arm.optimizer, lr, 42, Order::Fixed);
            assert_eq!(loss.is_some(), published.is_some(), "{} at {lr}: {loss:?}", arm.optimizer);
            if let (Some(loss), Some(published)) = (loss, published)
                && lr < smooth
            {
                let difference = (loss / published - 1.0).abs();
                assert!(difference < 5e-3, "{} at {lr}: {loss} is not {published}", arm.optimizer);
            }
        }
    }
}

#[test]
fn the_cliff_is_where_theory_puts_it() {
    // 2 / lambda_max, and 2 (1 + momentum) / lambda_max for the heavy ball.
    let lambda = 53.129015;
    for (optimizer, limit) in [("sgd", 2.0 / lambda), ("momentum", 2.0 * 1.99 / lambda)] {
        assert!(train(optimizer, 0.995 * limit, 1, Order::Fixed).is_some(), "{optimizer}");
        assert!(train(optimizer, 1.02 * limit, 1, Order::Fixed).is_none(), "{optimizer}");
    }
}
