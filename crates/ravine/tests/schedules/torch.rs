//! PyTorch's schedulers in our words.

use crate::golden::{File, check};
use ravine::compose::Lambda;
use ravine::{MetricSchedule, Plateau, Schedule, schedules};
use std::collections::BTreeSet;
use std::sync::Arc;

const TOLERANCE: f64 = 1e-12;

/// The schedulers that have one form for both groups, whose base learning rates are 0.5 and 0.05.
const SAME: &[(&str, &str)] = &[
    ("LambdaLR.exp", "exponential:gamma=0.97"),
    ("LambdaLR.time", "inverse-time:k=0.05"),
    ("MultiplicativeLR.const", "exponential:gamma=0.98"),
    ("StepLR.30", "step:step_size=30"),
    ("StepLR.7", "step:step_size=7,gamma=0.9"),
    ("MultiStepLR.a", "multi-step:milestones=30/80/150"),
    ("MultiStepLR.repeat", "multi-step:milestones=30/30/100,gamma=0.5"),
    ("ConstantLR.default", "constant:scale=0.3333333333333333 for 5 then constant"),
    ("ConstantLR.a", "constant:scale=0.5 for 40 then constant"),
    ("LinearLR.default", "linear:start_factor=0.3333333333333333,end_factor=1,steps=5"),
    ("LinearLR.a", "linear:start_factor=0.1,end_factor=0.8,steps=100"),
    ("ExponentialLR.a", "exponential:gamma=0.97"),
    ("PolynomialLR.default", "polynomial:steps=5"),
    ("PolynomialLR.a", "polynomial:steps=150,power=2"),
    ("PolynomialLR.half", "polynomial:steps=90,power=0.5"),
    ("CosineAnnealingLR.a", "cosine:steps=200,periodic=true"),
    ("CosineAnnealingLR.cycles", "cosine:steps=30,min=0.01,periodic=true"),
    ("CosineAnnealingWarmRestarts.a", "cosine-restarts:t_0=50"),
    ("CosineAnnealingWarmRestarts.mult", "cosine-restarts:t_0=10,t_mult=2,min=0.001"),
    ("SequentialLR.warmup_cosine", "linear:start_factor=0.05,end_factor=1 for 20 then cosine:steps=180"),
    (
        "SequentialLR.three",
        "constant:scale=0.1 for 10 then exponential:gamma=0.95 for 50 then step:step_size=20,gamma=0.5",
    ),
    ("ChainedScheduler.a", "(constant:scale=0.1 for 20 then constant) * exponential:gamma=0.98"),
    ("SWALR.cos", "cosine:steps=20,min=0.05"),
    ("SWALR.linear", "polynomial:steps=50,min=0.05"),
];

/// The schedulers that are told each group's highest learning rate, and the momentum.
const CYCLES: &[(&str, &[f64], &str)] = &[
    ("CyclicLR.triangular", &[0.5], "triangular:min=0.01,step_size_up=20"),
    ("CyclicLR.triangular2", &[0.5], "triangular2:min=0.01,step_size_up=20"),
    ("CyclicLR.exp_range", &[0.5], "exp-range:min=0.01,step_size_up=20,gamma=0.99"),
    ("OneCycleLR.a", &[0.5], "one-cycle:steps=201"),
    ("OneCycleLR.linear", &[0.5], "one-cycle:steps=201,anneal_strategy=linear"),
    (
        "OneCycleLR.three",
        &[0.5, 0.2],
        "one-cycle:steps=201,three_phase=true,pct_start=0.2,div_factor=10,final_div_factor=100",
    ),
];

const PLATEAUS: &[(&str, &str)] = &[
    ("ReduceLROnPlateau.default", "plateau"),
    (
        "ReduceLROnPlateau.abs",
        "plateau:factor=0.5,patience=3,threshold=0.05,threshold_mode=abs,cooldown=5,min_lr=1e-3",
    ),
    ("ReduceLROnPlateau.max", "plateau:mode=max,factor=0.5,patience=4"),
    // min_lr=[0.01, 0.001] is the same share of both groups' learning rates.
    ("ReduceLROnPlateau.minlist", "plateau:factor=0.3,patience=2,min_factor=0.02"),
];

/// Those with a form for each group, or none in text.
const OTHERS: &[&str] = &["LambdaLR.list", "MultiplicativeLR.alt", "CyclicLR.down"];

fn parse(text: &str) -> Arc<dyn Schedule> {
    schedules::parse(text, 0).unwrap()
}

#[test]
fn every_recorded_scheduler_is_compared() {
    let file = File::read("torch");
    let recorded: BTreeSet<&str> = file.configurations.keys().map(String::as_str).collect();
    let compared = SAME
        .iter()
        .chain(PLATEAUS)
        .map(|case| case.0)
        .chain(CYCLES.iter().map(|case| case.0))
        .chain(OTHERS.iter().copied());
    assert_eq!(recorded, compared.collect());
}

#[test]
fn learning_rates() {
    let file = File::read("torch");
    for (name, text) in SAME {
        let (theirs, ours) = (&file.configurations[*name], parse(text));
        check(name, &file.steps, &theirs.lr, TOLERANCE, |step| ours.lr(0.5, step));
        if let Some(second) = &theirs.second_lr {
            check(name, &file.steps, second, TOLERANCE, |step| ours.lr(0.05, step));
        }
    }
}

#[test]
fn cycles_and_their_momentum() {
    let file = File::read("torch");
    for (name, bases, text) in CYCLES {
        let (theirs, ours) = (&file.configurations[*name], parse(text));
        check(name, &file.steps, &theirs.lr, TOLERANCE, |step| ours.lr(bases[0], step));
        if let Some(&base) = bases.get(1) {
            let second = theirs.second_lr.as_ref().unwrap();
            check(name, &file.steps, second, TOLERANCE, |step| ours.lr(base, step));
        }
        let momentum = theirs.momentum.as_ref().unwrap();
        check(name, &file.steps, momentum, TOLERANCE, |step| ours.momentum(step).unwrap());
    }
}

#[test]
fn a_form_for_each_group() {
    let file = File::read("torch");
    let check_groups = |name: &str, ours: [(f64, Arc<dyn Schedule>); 2]| {
        let theirs = &file.configurations[name];
        let rows = [&theirs.lr, theirs.second_lr.as_ref().unwrap()];
        for (theirs, (base, ours)) in rows.into_iter().zip(ours) {
            check(name, &file.steps, theirs, TOLERANCE, |step| ours.lr(base, step));
        }
    };
    check_groups(
        "LambdaLR.list",
        [(0.5, parse("exponential:gamma=0.97")), (0.05, parse("inverse-time:k=0.05"))],
    );
    let down = "cyclic:step_size_up=10,step_size_down=25,cycle_momentum=false";
    check_groups(
        "CyclicLR.down",
        [(0.5, parse(&format!("{down},min=0.01"))), (0.6, parse(&format!("{down},min=0.02")))],
    );
    assert_eq!(parse(down).momentum(3), None);
}

#[test]
fn a_running_product_is_a_function_of_the_step() {
    let file = File::read("torch");
    // The factors are 1.05 at odd steps and 0.95 at even ones.
    let alternating =
        Lambda::new(|step| 1.05_f64.powf(step.div_ceil(2) as f64) * 0.95_f64.powf((step / 2) as f64));
    let theirs = &file.configurations["MultiplicativeLR.alt"].lr;
    check("MultiplicativeLR.alt", &file.steps, theirs, TOLERANCE, |step| alternating.lr(0.5, step));
}

#[test]
fn plateaus() {
    let file = File::read("torch");
    for (name, text) in PLATEAUS {
        let theirs = &file.configurations[*name];
        for (base, theirs) in [(0.5, &theirs.lr), (0.05, theirs.second_lr.as_ref().unwrap_or(&vec![]))] {
            let mut plateau = Plateau::parse(text).unwrap();
            let mut ours = vec![plateau.lr(base)];
            for &metric in &file.metric {
                plateau.observe(metric);
                ours.push(plateau.lr(base));
            }
            if !theirs.is_empty() {
                check(name, &file.steps, theirs, TOLERANCE, |step| ours[step as usize]);
            }
        }
    }
}
