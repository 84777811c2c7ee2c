//! A made-up comparison with realistic shapes, the same in every run of the tests.

// Each test file uses a part of it.
#![allow(dead_code, unreachable_pub)]

use ravine::random::Random;
use ravine_lab::comparison::{
    Arm, Comparison, End, LayerHealth, Point, Run, Tuning, TuningRun, WorkloadResult,
};

/// Optimizer, its best learning rate, final quality and steps to get most of the way.
const OPTIMIZERS: [(&str, f64, f64, f64); 5] = [
    ("adam", 3.162e-3, 0.978, 70.0),
    ("sgd:momentum=0.9", 3.162e-2, 0.9775, 75.0),
    ("rmsprop", 1e-3, 0.974, 80.0),
    ("sgd", 0.3162, 0.966, 130.0),
    ("adagrad", 3.162e-2, 0.955, 110.0),
];

/// Schedule, its gain in quality, and its effect on speed.
const SCHEDULES: [(&str, f64, f64); 3] =
    [("constant", -0.004, 0.9), ("cosine", 0.0, 1.0), ("cosine:warmup=60", 0.0005, 1.15)];

const STEPS: u64 = 600;
const LAYERS: [&str; 6] = ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"];

/// Five optimizers, three schedules, `seeds` seeds and twenty evaluations on one workload of accuracy; a part of the
/// runs of one arm diverges.
pub fn comparison(seeds: u64) -> Comparison {
    Comparison {
        command: "ravine compare digits-mlp --seeds 10".into(),
        version: "0.1.0".into(),
        plan_hash: "9f2c6d1e5b8a47c09f2c6d1e5b8a47c0".into(),
        started: "2026-05-09T08:30:00Z".into(),
        machine: "AMD EPYC 9554, 2 cores, Linux 6.1".into(),
        jobs: 2,
        seconds: 1834.0,
        tuning: Tuning {
            trials: 9,
            seeds: vec![1001, 1002],
            search:
                "Learning rates a factor of 3.16 apart, from 1e-4 to 1; the best by mean validation metric"
                    .into(),
        },
        seeds: (1..=seeds).collect(),
        fixed_order: false,
        workloads: vec![accuracy(seeds)],
    }
}

/// The same with a second workload whose metric is a loss.
pub fn two_workloads(seeds: u64) -> Comparison {
    let mut comparison = comparison(seeds);
    comparison.command = "ravine compare digits-mlp kjv-gpt --seeds 10".into();
    comparison.workloads.push(loss(seeds));
    comparison
}

fn accuracy(seeds: u64) -> WorkloadResult {
    let mut workload = WorkloadResult {
        name: "digits-mlp".into(),
        title: "Multilayer perceptron (64-128-64-10, ReLU) on 8x8 handwritten digits".into(),
        metric: "accuracy".into(),
        higher_is_better: true,
        target: 0.95,
        target_reason: "0.95 is what a k-nearest-neighbour classifier nearly reaches".into(),
        split: [1077, 360, 360],
        data_sha256: "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22".into(),
        batch: 32,
        steps: STEPS,
        parameters: 17_226,
        arms: Vec::new(),
    };
    let places = OPTIMIZERS.iter().flat_map(|o| SCHEDULES.iter().map(move |s| (o, s)));
    for (i, (optimizer, schedule)) in places.enumerate() {
        workload.arms.push(arm(&workload, i as u64, *optimizer, *schedule, seeds, 0.1));
    }
    workload
}

/// The accuracy model seen through a falling map: 4 - 3 x.
fn loss(seeds: u64) -> WorkloadResult {
    let mut workload = accuracy(seeds);
    let map = |x: f64| 4.2 - 2.7 * x;
    workload.name = "kjv-gpt".into();
    workload.title = "Character transformer (2 layers, width 64) on the King James Bible".into();
    workload.metric = "loss".into();
    workload.higher_is_better = false;
    workload.target = map(0.95);
    workload.target_reason = "the loss of a 5-gram model".into();
    workload.split = [3_900_000, 200_000, 200_000];
    for (i, arm) in workload.arms.iter_mut().enumerate() {
        arm.runs.iter_mut().for_each(|run| {
            run.trial += 1000;
            run.validation = run.validation.map(map);
            run.test = run.test.map(map);
            // Here the plain methods are the slow ones.
            let slower = if i >= 9 { 1.7 } else { 1.0 };
            run.steps_to_target =
                run.steps_to_target.map(|s| (s as f64 * slower) as u64).filter(|s| *s <= STEPS);
            run.seconds_to_target = run.steps_to_target.map(|s| s as f64 * 0.09);
            run.curve.iter_mut().for_each(|point| point.validation = map(point.validation));
        });
        arm.tuning.iter_mut().for_each(|run| run.validation = run.validation.map(map));
    }
    workload
}

fn arm(
    workload: &WorkloadResult,
    id: u64,
    (optimizer, lr, quality, pace): (&str, f64, f64, f64),
    (schedule, gain, slowdown): (&str, f64, f64),
    seeds: u64,
    chance: f64,
) -> Arm {
    let stream = Random::new(7).stream(id);
    let breaks = optimizer == "rmsprop" && schedule == "constant";
    let tuning = (0..9u64)
        .flat_map(|k| (0..2u64).map(move |seed| (k, seed)))
        .map(|(k, seed)| {
            let tried = 1e-4 * 10f64.powf(k as f64 / 2.0);
            let off = (tried / lr).log10();
            let end = match off {
                off if off > 1.1 => End::Diverged,
                off if off < -2.6 => End::Hopeless,
                _ => End::Finished,
            };
            let value = quality + gain - 0.05 * off * off - if off > 0.0 { 0.25 * off.powi(3) } else { 0.0 }
                + 0.004 * stream.stream(99).normal(2 * k + seed);
            TuningRun {
                lr: tried,
                seed: 1001 + seed,
                end,
                validation: (end != End::Diverged).then(|| value.max(chance)),
                loss: (end != End::Diverged).then_some(1.2 - value),
                steps: if end == End::Finished { workload.steps } else { workload.steps / 3 },
                seconds: if end == End::Finished { 0.9 } else { 0.3 },
            }
        })
        .collect();
    let runs = (0..seeds)
        .map(|seed| {
            let noise = stream.stream(seed);
            let trial = 1 + (id * seeds + seed) as i64;
            let broken = breaks && seed % 5 < 2;
            let last = quality + gain + 0.0035 * noise.normal(0);
            let pace = pace * slowdown * (1.0 + 0.06 * noise.normal(1));
            run(workload, trial, seed + 1, broken, last, pace, noise, chance)
        })
        .collect();
    Arm {
        optimizer: optimizer.into(),
        schedule: schedule.into(),
        tuning,
        lr,
        lr_works: [lr / 3.162, lr * 3.162],
        lr_on_boundary: optimizer == "sgd" && schedule == "constant",
        runs,
    }
}

#[allow(clippy::too_many_arguments)]
fn run(
    workload: &WorkloadResult,
    trial: i64,
    seed: u64,
    broken: bool,
    last: f64,
    pace: f64,
    noise: Random,
    chance: f64,
) -> Run {
    let per_step = 0.0022 * (1.0 + 0.03 * noise.normal(2));
    let points = 20u64;
    let mut curve = Vec::new();
    for k in 0..points {
        let step = k * workload.steps / (points - 1);
        let progress = step as f64;
        let left = (-progress / pace).exp();
        let wiggle = 0.004 * (1.0 - progress / workload.steps as f64) * noise.normal(10 + k);
        let settled = if k == points - 1 { 0.0 } else { wiggle };
        let validation = (last - (last - chance) * left + settled).clamp(0.0, 1.0);
        let diverged = broken && k >= 12;
        curve.push(Point {
            step,
            seconds: progress * per_step,
            train_loss: if diverged { f64::NAN } else { 2.3 * left + 0.02 + 0.01 * noise.uniform(40 + k) },
            validation_loss: 2.3 * left + 0.09,
            validation: if diverged { chance } else { validation },
            lr: 1e-3,
            grad_norm: 1.0 + left,
            layers: LAYERS.iter().enumerate().map(|(i, name)| layer(name, i, left, noise, k)).collect(),
        });
        if diverged {
            break;
        }
    }
    let hit = curve.iter().find(|p| p.validation >= workload.target && !broken).map(|p| (p.step, p.seconds));
    Run {
        trial,
        seed,
        end: if broken { End::Diverged } else { End::Finished },
        validation: (!broken).then_some(last),
        test: (!broken).then(|| last - 0.003 + 0.0015 * noise.normal(3)),
        test_loss: (!broken).then(|| 0.09 + 0.01 * noise.uniform(4)),
        steps_to_target: hit.map(|hit| hit.0),
        seconds_to_target: hit.map(|hit| hit.1),
        seconds: curve.last().map_or(0.0, |p| p.seconds),
        curve,
    }
}

fn layer(name: &str, depth: usize, left: f64, noise: Random, k: u64) -> LayerHealth {
    let scale = 0.15 * 1.6f64.powi(depth as i32) * if name.ends_with("bias") { 0.3 } else { 1.0 };
    LayerHealth {
        name: name.into(),
        grad_norm: scale * (0.05 + left) * (1.0 + 0.2 * noise.normal(100 + 10 * k + depth as u64)).abs(),
        weight_norm: 4.0 - 0.5 * depth as f64,
        update_ratio: 4e-3 * (0.2 + left) * (1.0 + 0.3 * noise.uniform(300 + 10 * k + depth as u64)),
    }
}
