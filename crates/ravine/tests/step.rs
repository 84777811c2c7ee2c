//! What a step does, in what order, to which group.

mod common;

use common::{builder, params};
use ravine::{Ema, Group, Guard, Optimizer, Outcome};

#[test]
fn a_metric_schedule_goes_on_top_of_each_groups_own() {
    let factor = |x: f64| ravine::compose::Lambda::new(move |_| x);
    let mut optimizer: Optimizer<f64> = builder("sgd:lr=8")
        .schedule(factor(0.5))
        .group(Group::new("p1").schedule(factor(0.25)))
        .metric_schedule(ravine::Plateau::parse("plateau:patience=0,factor=0.5").unwrap())
        .build(&params(&[1, 1]))
        .unwrap();
    assert!(!optimizer.observe(1.0) && optimizer.observe(1.0));
    assert_eq!(["default", "p1"].map(|group| optimizer.lr(group).unwrap()), [2.0, 1.0]);
    let mut values = [0.0; 2];
    let _ = optimizer.step_flat(&mut values, &mut [1.0; 2]).unwrap();
    assert_eq!(values, [-2.0, -1.0]);
}

#[test]
fn groups_differ_in_decay_and_share_one_norm() {
    let mut optimizer: Optimizer<f64> = builder("sgd:lr=0.5,weight_decay=0.1")
        .group(Group::new("p1").set("weight_decay", 0.0))
        .group(Group::new("p2").set("decoupled", true).maximize(true))
        .clip_norm(1.0)
        .build(&params(&[1; 4]))
        .unwrap();
    let mut values = [1.0; 4];
    let outcome = optimizer.step_flat(&mut values, &mut [1.0; 4]).unwrap();
    let clip = 1.0 / (2.0 + 1e-6);
    assert_eq!(outcome, Outcome::Stepped { grad_norm: Some(2.0), clip });
    let l2 = 1.0 - 0.5 * (clip + 0.1);
    assert_eq!(values, [l2, 1.0 - 0.5 * clip, 1.0 - 0.5 * 0.1 + 0.5 * clip, l2]);
}

#[test]
fn decoupled_decay_follows_the_schedule() {
    let half = || ravine::compose::Lambda::new(|_| 0.5);
    let build = |spec| -> Optimizer<f64> { builder(spec).schedule(half()).build(&params(&[1])).unwrap() };
    for spec in ["sgd:lr=0.5,weight_decay=0.25,decoupled=true", "adamw:lr=0.5,weight_decay=0.25"] {
        let mut values = [2.0];
        let _ = build(spec).step_flat(&mut values, &mut [0.0]).unwrap();
        assert_eq!(values, [2.0 * (1.0 - 0.5 * 0.5 * 0.25)], "{spec}");
    }
}

#[test]
fn decay_shrinks_the_weights_while_the_gradient_is_climbed() {
    let mut optimizer: Optimizer<f64> =
        builder("sgd:lr=0.5,weight_decay=0.25").maximize(true).build(&params(&[1])).unwrap();
    let mut values = [2.0];
    let _ = optimizer.step_flat(&mut values, &mut [1.0]).unwrap();
    assert_eq!(values, [2.0 - 0.5 * (-1.0 + 0.25 * 2.0)]);
}

#[test]
fn the_gradient_is_clipped_by_norm_then_by_value_then_decayed() {
    for sign in [1.0, -1.0] {
        let mut optimizer: Optimizer<f64> =
            builder("sgd:lr=1,weight_decay=1").clip_norm(5.0).clip_value(3.5).build(&params(&[2])).unwrap();
        let mut values = [1.0, 1.0];
        let _ = optimizer.step_flat(&mut values, &mut [-6.0 * sign, 8.0 * sign]).unwrap();
        let small = 6.0 * (5.0 / (10.0 + 1e-6));
        assert_eq!(values, [1.0 - (1.0 - small * sign), 1.0 - (1.0 + 3.5 * sign)]);
    }
}

#[test]
fn a_schedule_moves_the_momentum_of_the_rules_that_have_one() {
    let cycle =
        || ravine::schedules::OneCycle { anneal_strategy: "linear", ..ravine::schedules::OneCycle::new(9) };
    for (spec, expected) in [
        ("sgd:momentum=0.5", [1.0, MOMENTUM + 1.0]),
        ("sgd", [1.0, 1.0]),
        // Divided by sqrt(1 - alpha^t) in step t.
        ("rmsprop:alpha=0.75,eps=0,momentum=0.5", [2.0, MOMENTUM * 2.0 + 1.0 / 0.4375f64.sqrt()]),
        // The mean of the gradient, corrected with the beta of the step.
        ("adam:eps=0", [1.0, (0.05 + (1.0 - 0.05) * (1.0 - MOMENTUM)) / (1.0 - MOMENTUM * MOMENTUM)]),
        ("sgd:momentum=0.5,ema=true", [0.05, MOMENTUM * 0.05 + 1.0 - MOMENTUM]),
    ] {
        let mut optimizer: Optimizer<f64> = builder(spec).schedule(cycle()).build(&params(&[1])).unwrap();
        optimizer.set("default", "lr", 1.0).unwrap();
        let mut values = [0.0];
        for (step, expected) in expected.into_iter().enumerate() {
            let (before, lr) = (values[0], ravine::Schedule::lr(&cycle(), 1.0, step as u64));
            let _ = optimizer.step_flat(&mut values, &mut [1.0]).unwrap();
            let moved = (before - values[0]) / lr;
            assert!((moved - expected).abs() < 1e-12, "{spec} {step}: {moved} {expected}");
        }
    }
}

/// Of step 1 of a linear cycle of 9 steps, whose momentum falls from 0.95 to 0.85 in 1.7 steps.
const MOMENTUM: f64 = 0.95 - 0.1 / 1.7;

#[test]
fn a_skipped_step_moves_no_average_and_begins_the_micro_batches_anew() {
    let build = || -> Optimizer<f64> {
        builder("sgd:lr=1").guard(Guard::Skip).ema(Ema::new(0.5)).accumulate(2).build(&params(&[1])).unwrap()
    };
    let mut optimizer = build();
    let mut values = [1.0];
    let mut call = |g: f64| optimizer.step_flat(&mut values, &mut [g]).unwrap();
    assert_eq!(call(1.0), Outcome::Accumulated { micro: 1, of: 2 });
    assert_eq!(call(f64::NAN), Outcome::Skipped { tensor: "p0".into() });
    assert_eq!(call(1.0), Outcome::Accumulated { micro: 1, of: 2 });
    assert!(matches!(call(1.0), Outcome::Stepped { .. }));
    assert_eq!(call(1.0), Outcome::Accumulated { micro: 1, of: 2 });
    assert!(matches!(call(f64::INFINITY), Outcome::Skipped { .. }));
    assert_eq!((values, optimizer.steps()), ([0.5], 1));
    let mut average = [0.0];
    optimizer.write_average(&mut [&mut average]).unwrap();
    assert_eq!(average, [0.75]);
}

#[test]
fn an_optimizer_crosses_threads_and_prints_its_rules() {
    fn crosses<X: Send + Sync>(_: &X) {}
    let optimizer: Optimizer<f32> =
        builder("sgd").group(Group::new("p1").set("lr", 0.5)).build(&params(&[1, 1])).unwrap();
    crosses(&optimizer);
    assert_eq!(
        format!("{optimizer:?}"),
        r#"Optimizer { step: 0, groups: [("default", "sgd"), ("p1", "sgd:lr=0.5")], .. }"#
    );
}

#[test]
fn centered_rmsprop_stays_a_number_when_the_gradient_stays_the_same() {
    for spec in ["rmsprop:lr=1e-4,centered=true", "rmsprop:lr=1e-4,centered=true,momentum=0.5"] {
        let mut optimizer: Optimizer<f64> = builder(spec).build(&params(&[1])).unwrap();
        let mut values = [0.0];
        for _ in 0..4000 {
            // The mean square is below the squared mean by rounding from step 3230 on.
            let _ = optimizer.step_flat(&mut values, &mut [f64::from(0.1f32)]).unwrap();
        }
        assert!(values[0].is_finite(), "{spec}");
    }
}
