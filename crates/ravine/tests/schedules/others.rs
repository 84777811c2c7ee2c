//! The schedules of optax and of pytorch_optimizer in our words.

use crate::golden::{File, check};
use ravine::{MetricSchedule, Plateau, schedules};

const TOLERANCE: f64 = 1e-12;

/// All have 0.5 as the highest learning rate.
const OPTAX: &[(&str, &str)] = &[
    ("cosine_decay_schedule.0", "cosine:steps=150"),
    // The peak is at step 54 and the end at step 180.
    ("cosine_onecycle_schedule.0", "one-cycle:steps=181,pct_start=0.30386740331491713"),
    (
        "cosine_onecycle_schedule.1",
        "one-cycle:steps=181,pct_start=0.10497237569060773,div_factor=10,final_div_factor=100",
    ),
    ("exponential_decay.0", "exponential:gamma=0.8,decay_steps=20"),
    (
        "exponential_decay.1",
        "constant for 15 then exponential:gamma=0.8,decay_steps=20,staircase=true,min=0.1",
    ),
    (
        "linear_onecycle_schedule.0",
        "linear:start_factor=0.04,end_factor=1 for 54 then linear:end_factor=0.04 for 99 \
         then linear:steps=27,start_factor=0.04,end_factor=4e-6",
    ),
    ("linear_schedule.0", "constant for 20 then linear:steps=100,end_factor=0.2"),
    (
        "piecewise_constant_schedule.0",
        "constant for 30 then constant:scale=0.1 for 60 then constant:scale=0.2",
    ),
    (
        "piecewise_interpolate_schedule.0",
        "linear:end_factor=0.1 for 30 then linear:steps=60,start_factor=0.1,end_factor=0.2",
    ),
    // A cosine whose lowest learning rate lies above its base rises.
    (
        "piecewise_interpolate_schedule.1",
        "cosine:min_factor=0.1 for 30 then constant:scale=0.1 * cosine:steps=60,min=0.1",
    ),
    ("polynomial_schedule.0", "constant for 10 then polynomial:steps=120,power=2,min=0.05"),
    ("polynomial_schedule.1", "polynomial:steps=120,power=0.5,min=0.05"),
    (
        "sgdr_schedule.0",
        "linear:start_factor=0,end_factor=1 for 10 then cosine:min=0.01 for 50 \
         then linear:start_factor=0.02,end_factor=0.6 for 20 \
         then constant:scale=0.6 * cosine:steps=100,min=0.001",
    ),
    ("warmup_constant_schedule.0", "linear:start_factor=0,end_factor=1,steps=30"),
    (
        "warmup_cosine_decay_schedule.0",
        "linear:start_factor=0,end_factor=1 for 30 then cosine:steps=150,min=0.01",
    ),
    (
        "warmup_exponential_decay_schedule.0",
        "linear:start_factor=0,end_factor=1 for 30 then exponential:gamma=0.8,decay_steps=20",
    ),
    (
        "warmup_exponential_decay_schedule.1",
        "linear:start_factor=0,end_factor=1 for 30 then constant for 5 \
         then exponential:gamma=0.8,decay_steps=20,staircase=true,min=0.1",
    ),
    (
        "join_schedules.0",
        "linear:start_factor=0,end_factor=1 for 20 then cosine:steps=100 for 120 then constant:scale=0.04",
    ),
];

#[test]
fn optax() {
    let file = File::read("optax");
    for (name, text) in OPTAX {
        let ours = schedules::parse(text, 0).unwrap();
        let theirs = &file.configurations[*name].lr;
        check(name, &file.steps, theirs, TOLERANCE, |step| ours.lr(0.5, step));
    }
    assert_eq!(OPTAX.len() + 1, file.configurations.len(), "all and the plateau");
}

#[test]
fn optax_plateau() {
    // Their patience counts the observation that reduces.
    let mut plateau = Plateau::parse("plateau:factor=0.5,patience=2,cooldown=5,min_factor=0.01").unwrap();
    let theirs = &File::read("optax").configurations["reduce_on_plateau"].lr;
    let metric = File::read("torch").metric;
    assert_eq!(metric.len(), theirs.len());
    for (&metric, &theirs) in metric.iter().zip(theirs) {
        plateau.observe(metric);
        assert_eq!(plateau.lr(1.0), theirs);
    }
}

#[test]
fn pytorch_optimizer_wsd() {
    // Theirs decays to 0, then jumps to the lowest learning rate, which ours decays to.
    let text = "linear:start_factor=0,end_factor=1 for 20 then wsd:steps=160,decay_share=0.375";
    let ours = schedules::parse(text, 0).unwrap();
    let file = File::read("pytorch_optimizer");
    let theirs = &file.configurations["get_wsd_schedule"].lr;
    check("get_wsd_schedule", &file.steps[..179], &theirs[..179], TOLERANCE, |step| ours.lr(0.5, step));
}
