//! Laws that every rule, option and machine must keep.

mod common;

use common::{VARIANTS, bits, builder, moves_by_itself, normal, params, sees_tensors, shaped, train};
use proptest::prelude::*;
use ravine::simd::Level;
use ravine::{Ema, Group, Guard, Math, Optimizer, Outcome, ParamSpec, rules};

/// More than two tasks of the engine, and no round number.
const MANY: usize = 70_001;

/// All that a step can do, so that nothing escapes the comparison of bits.
fn full<T: Math>(spec: &str, lens: &[usize], level: Level) -> Optimizer<T> {
    builder(spec)
        .clip_norm(100.0)
        .clip_value(0.9)
        .loss_scale(3.0)
        .ema(Ema::new(0.9))
        .simd(level)
        .build(&params(lens))
        .unwrap()
}

/// Parameters and average after a few steps of everything.
fn result<T: Math>(spec: &str, lens: &[usize], level: Level) -> Vec<u64> {
    let mut optimizer = full::<T>(spec, lens, level);
    let mut values: Vec<T> = normal(1, MANY);
    train(&mut optimizer, &mut values, 0..3);
    let mut average: Vec<Vec<T>> = lens.iter().map(|&len| vec![T::default(); len]).collect();
    optimizer.write_average(&mut average.iter_mut().map(|x| &mut x[..]).collect::<Vec<_>>()).unwrap();
    bits(&[values, average.concat()].concat())
}

fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn the_same_bits_for_any_threads_width_and_cut() {
    let many_small: Vec<usize> = std::iter::repeat_n(97, MANY / 97).chain([MANY % 97]).collect();
    let uneven = [0, 1, 40_000, 0, 29_000, 1000];
    assert_eq!(many_small.iter().sum::<usize>(), MANY);
    assert_eq!(uneven.iter().sum::<usize>(), MANY);
    for spec in VARIANTS {
        let reference = in_pool(1, || result::<f32>(spec, &[MANY], Level::Baseline));
        for threads in [2, 3, 8] {
            assert!(
                reference == in_pool(threads, || result::<f32>(spec, &[MANY], Level::widest())),
                "{spec}"
            );
        }
        for level in Level::available() {
            assert!(reference == result::<f32>(spec, &[MANY], level), "{spec} {level:?}");
        }
        // Where a step looks at each tensor as one, other tensors make another step.
        let cuts = if sees_tensors(spec) { &[][..] } else { &[&many_small[..], &uneven] };
        for cut in cuts {
            assert!(reference == result::<f32>(spec, cut, Level::widest()), "{spec} {}", cut.len());
        }
        let lens = if sees_tensors(spec) { &uneven[..] } else { &many_small };
        let whole = if sees_tensors(spec) { lens } else { &[MANY] };
        let reference = in_pool(1, || result::<f64>(spec, whole, Level::Baseline));
        assert!(reference == in_pool(3, || result::<f64>(spec, lens, Level::widest())), "{spec} f64");
    }
}

/// Shapes of all kinds, and large enough for several tasks of a matrix product.
#[test]
fn matrices_have_the_same_bits_for_any_threads_and_width() {
    let shapes: [&[usize]; 8] =
        [&[70, 90], &[33], &[6, 5, 4], &[150, 20], &[1, 7], &[], &[0, 3], &[3, 2, 1, 2]];
    fn run<T: Math>(spec: &str, shapes: &[&[usize]], level: Level) -> Vec<u64> {
        let mut optimizer = builder(spec).simd(level).build::<T>(&shaped(shapes)).unwrap();
        let len = shapes.iter().map(|shape| shape.iter().product::<usize>()).sum();
        let mut values: Vec<T> = normal(1, len);
        train(&mut optimizer, &mut values, 0..4);
        bits(&values)
    }
    for spec in VARIANTS {
        let reference = in_pool(1, || run::<f32>(spec, &shapes, Level::Baseline));
        assert!(reference == in_pool(3, || run::<f32>(spec, &shapes, Level::widest())), "{spec}");
        let reference = in_pool(1, || run::<f64>(spec, &shapes, Level::Baseline));
        assert!(reference.iter().all(|&x| f64::from_bits(x).is_finite()), "{spec}");
        assert!(reference == in_pool(2, || run::<f64>(spec, &shapes, Level::widest())), "{spec} f64");
    }
}

#[test]
fn a_refused_step_changes_nothing() {
    for spec in VARIANTS {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut optimizer: Optimizer<f32> =
                builder(spec).clip_norm(1.0).zero_grad(true).build(&params(&[5, 7])).unwrap();
            let mut other: Optimizer<f32> =
                builder(spec).clip_norm(1.0).zero_grad(true).build(&params(&[5, 7])).unwrap();
            let (mut values, mut others): (Vec<f32>, Vec<f32>) = (normal(1, 12), normal(1, 12));
            train(&mut optimizer, &mut values, 0..2);
            train(&mut other, &mut others, 0..2);

            let mut grads = normal(9, 12);
            grads[8] = bad;
            let before = grads.clone();
            let error = optimizer.step_flat(&mut values, &mut grads).unwrap_err().to_string();
            assert!(error.contains("'p1'") && error.contains("element 3"), "{error}");
            assert_eq!(bits(&grads), bits(&before));
            let error = optimizer.step_flat(&mut values[1..], &mut [0.0; 12]).unwrap_err().to_string();
            assert!(error.contains("expected 12 elements, got 11"), "{error}");
            let (a, b) = values.split_at_mut(6);
            let error =
                optimizer.step(&mut [a, b], &mut [&mut [0.0; 6], &mut [0.0; 6]]).unwrap_err().to_string();
            assert!(error.contains("'p0': expected 5 elements, got 6"), "{error}");

            train(&mut optimizer, &mut values, 2..4);
            train(&mut other, &mut others, 2..4);
            assert_eq!(bits(&values), bits(&others), "{spec}");
        }
    }
}

#[test]
fn a_skipped_step_leaves_all_but_the_gradient() {
    let build = |guard| -> Optimizer<f32> {
        builder("adam").guard(guard).zero_grad(true).build(&params(&[3])).unwrap()
    };
    let (mut skipping, mut plain) = (build(Guard::Skip), build(Guard::Error));
    let (mut values, mut others) = ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]);
    let mut grads = [0.0, f32::NAN, 0.0];
    let outcome = skipping.step(&mut [&mut values], &mut [&mut grads]).unwrap();
    assert_eq!(outcome, Outcome::Skipped { tensor: "p0".into() });
    assert_eq!((values, grads, skipping.steps()), ([1.0, 2.0, 3.0], [0.0; 3], 0));
    train(&mut skipping, &mut values, 0..2);
    train(&mut plain, &mut others, 0..2);
    assert_eq!(values, others);
}

#[test]
fn without_a_guard_a_nan_passes_through() {
    for clip in [f64::INFINITY, 1.0] {
        let mut optimizer: Optimizer<f32> =
            builder("sgd").guard(Guard::Off).clip_value(clip).build(&params(&[2])).unwrap();
        let mut values = [1.0, 2.0];
        let outcome = optimizer.step(&mut [&mut values], &mut [&mut [f32::NAN, 0.0]]).unwrap();
        assert_eq!(outcome, Outcome::Stepped { grad_norm: None, clip: 1.0 });
        assert!(values[0].is_nan() && values[1] == 2.0);
    }
}

#[test]
fn a_zero_gradient_moves_nothing_without_decay_or_momentum() {
    for spec in VARIANTS.iter().filter(|spec| !moves_by_itself(spec)) {
        let mut optimizer: Optimizer<f64> = builder(spec).build(&params(&[4])).unwrap();
        let mut values = normal::<f64>(1, 4);
        let before = values.clone();
        let _ = optimizer.step_flat(&mut values, &mut [0.0; 4]).unwrap();
        assert_eq!(values, before, "{spec}");
    }
}

#[test]
fn a_cautious_step_moves_no_weight_up_its_gradient() {
    for spec in VARIANTS.iter().filter(|spec| !moves_by_itself(spec)) {
        let mut optimizer: Optimizer<f64> =
            builder(spec).cautious(true).build(&shaped(&[&[6, 5], &[7]])).unwrap();
        let mut values = normal::<f64>(1, 37);
        for step in 0..4 {
            let (before, g) = (values.clone(), normal::<f64>(step, 37));
            let _ = optimizer.step_flat(&mut values, &mut g.clone()).unwrap();
            assert!((0..37).all(|i| (values[i] - before[i]) * g[i] <= 0.0), "{spec}");
        }
    }
}

#[test]
fn decay_is_added_to_the_gradient_or_taken_from_the_weights() {
    let step = |spec: &str, g: f64| {
        let mut optimizer: Optimizer<f64> = builder(spec).build(&params(&[1])).unwrap();
        let mut values = [2.0];
        let _ = optimizer.step_flat(&mut values, &mut [g]).unwrap();
        values[0]
    };
    assert_eq!(step("sgd:lr=0.1,weight_decay=0.5", 1.0), 2.0 - 0.1 * (1.0 + 0.5 * 2.0));
    assert_eq!(step("sgd:lr=0.1,weight_decay=0.5,decoupled=true", 1.0), 2.0 * (1.0 - 0.1 * 0.5) - 0.1);
    assert_eq!(step("adamw:lr=0.1,weight_decay=0.5", 0.0), 2.0 * (1.0 - 0.1 * 0.5));
    assert_eq!(
        step("adam:lr=0.1,weight_decay=0.5,decoupled=true", 1.0),
        step("adamw:lr=0.1,weight_decay=0.5", 1.0)
    );
}

#[test]
fn groups_have_their_own_rules_and_schedules() {
    let names = ["0.weight", "0.bias", "1.weight", "1.bias"];
    let specs = names.map(|name| ParamSpec::new(name, [1]));
    let mut optimizer: Optimizer<f64> = Optimizer::builder(rules::Sgd { lr: 1.0, ..Default::default() })
        .schedule(ravine::schedules::Cosine::new(2))
        .group(Group::new("0.*").set("lr", 2.0))
        .group(
            Group::new("*.bias").rule(rules::Adam { lr: 3.0, eps: 0.0, ..Default::default() }).maximize(true),
        )
        .build(&specs)
        .unwrap();
    assert_eq!(optimizer.groups().collect::<Vec<_>>(), ["default", "0.*", "*.bias"]);
    let mut values = [0.0; 4];
    let _ = optimizer.step_flat(&mut values, &mut [1.0; 4]).unwrap();
    assert_eq!(values, [-2.0, -2.0, -1.0, 3.0]);
    assert!((optimizer.lr("0.*").unwrap() - 1.0).abs() < 1e-15, "half way down the cosine");

    let error = optimizer.set("0.*", "lr", -1.0).unwrap_err().to_string();
    assert!(error.contains("lr must be 0 or more, not -1"), "{error}");
    let error = optimizer.set("0.*", "momentum", 0.9).unwrap_err().to_string();
    assert!(error.contains("from [] to [momentum_buffer]"), "{error}");
    let error = optimizer.set("0.", "lr", 1.0).unwrap_err().to_string();
    assert!(error.contains("did you mean '0.*'"), "{error}");
    optimizer.set("0.*", "lr", 4.0).unwrap();
    assert!((optimizer.lr("0.*").unwrap() - 2.0).abs() < 1e-15);
}

#[test]
fn a_wrong_configuration_is_refused_with_the_reason() {
    let two = params(&[1, 1]);
    let same = [ParamSpec::new("w", [1]), ParamSpec::new("w", [1])];
    let sgd = || builder("sgd");
    let nan = rules::Sgd { lr: f64::NAN, ..Default::default() };
    for (builder, specs, expected) in [
        (sgd(), &[][..], "at least one parameter"),
        (sgd(), &same[..], "two parameters are named 'w'"),
        (sgd().group(Group::new("x*")), &two[..], "'x*' matches no parameter; they are: p0, p1"),
        (sgd().group(Group::new("p0").set("momentun", 1.0)), &two[..], "did you mean 'momentum'?"),
        (
            sgd().group(Group::new("p0").set("momentum", -1.0)),
            &two[..],
            "p0: momentum must be 0 or more, not -1",
        ),
        (sgd().group(Group::new("p0").set("nesterov", 1.0)), &two[..], "nesterov must be true or false"),
        (Optimizer::builder(nan), &two[..], "sgd: lr must be 0 or more, not NaN"),
        (sgd().clip_norm(0.0), &two[..], "clip_norm must be above 0, not 0"),
        (sgd().clip_value(f64::NAN), &two[..], "clip_value must be above 0, not NaN"),
        (sgd().loss_scale(f64::INFINITY), &two[..], "loss_scale must be finite"),
        (sgd().accumulate(0), &two[..], "accumulate must be 1 or more"),
        (sgd().ema(Ema::new(1.0)), &two[..], "ema: decay must be at least 0 and below 1, not 1"),
    ] {
        let error = builder.build::<f32>(specs).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn accumulated_micro_batches_are_one_step_of_their_mean() {
    let mut whole: Optimizer<f64> = builder("adam").clip_norm(1.0).build(&params(&[9])).unwrap();
    let mut parts: Optimizer<f64> =
        builder("adam").clip_norm(1.0).accumulate(4).zero_grad(true).build(&params(&[9])).unwrap();
    let (mut values, mut others) = (normal::<f64>(0, 9), normal::<f64>(0, 9));
    let mut buffer = vec![0.0; 9];
    for step in 0..5 {
        let batches: Vec<Vec<f64>> = (0..4).map(|micro| normal(10 * step + micro, 9)).collect();
        for (micro, batch) in (1..).zip(&batches) {
            buffer.iter_mut().zip(batch).for_each(|(sum, g)| *sum += g);
            let outcome = parts.step_flat(&mut values, &mut buffer).unwrap();
            assert_eq!(matches!(outcome, Outcome::Accumulated { of: 4, .. }), micro < 4);
        }
        assert_eq!(buffer, [0.0; 9]);
        let mut mean: Vec<f64> =
            (0..9).map(|i| batches.iter().map(|batch| batch[i]).sum::<f64>() / 4.0).collect();
        let _ = whole.step_flat(&mut others, &mut mean).unwrap();
    }
    for (x, y) in values.iter().zip(&others) {
        assert!((x - y).abs() < 1e-14, "{x} {y}");
    }
}

#[test]
fn the_average_follows_its_formula_and_starts_from_the_weights() {
    for ema in [Ema::new(0.9), Ema { decay: 0.9, warmup: true }] {
        let mut optimizer: Optimizer<f64> = builder("sgd:lr=0.1").ema(ema).build(&params(&[2, 1])).unwrap();
        let error = optimizer.write_average(&mut [&mut [0.0; 2], &mut [0.0; 1]]).unwrap_err().to_string();
        assert!(error.contains("no average of the weights"), "{error}");
        let mut values = normal::<f64>(0, 3);
        let mut expected = values.clone();
        for step in 0..20u64 {
            train(&mut optimizer, &mut values, step..step + 1);
            let t = step as f64;
            let decay = if ema.warmup { f64::min(0.9, (1.0 + t) / (10.0 + t)) } else { 0.9 };
            expected.iter_mut().zip(&values).for_each(|(e, w)| *e += (w - *e) * (1.0 - decay));
        }
        let (mut a, mut b) = ([0.0; 2], [0.0; 1]);
        optimizer.write_average(&mut [&mut a, &mut b]).unwrap();
        assert_eq!([a[0], a[1], b[0]], expected[..]);
    }
}

#[test]
fn a_global_norm_beyond_the_largest_square_is_still_a_norm() {
    let mut optimizer: Optimizer<f64> = builder("sgd:lr=1").clip_norm(1.0).build(&params(&[2])).unwrap();
    let mut values = [0.0; 2];
    let outcome = optimizer.step_flat(&mut values, &mut [3e200, 4e200]).unwrap();
    let Outcome::Stepped { grad_norm: Some(norm), .. } = outcome else { panic!("{outcome:?}") };
    assert!((norm / 5e200 - 1.0).abs() < 1e-15);
    assert!((values[0] + 0.6).abs() < 1e-15 && (values[1] + 0.8).abs() < 1e-15);
}

#[test]
fn a_schedule_moves_the_learning_rate_of_each_step() {
    let mut optimizer: Optimizer<f64> =
        builder("sgd:lr=1").schedule(ravine::schedules::Cosine::new(3)).build(&params(&[1])).unwrap();
    let mut values = [0.0];
    let mut expected = 0.0;
    for step in 0..4 {
        let lr = (1.0 + (std::f64::consts::PI * f64::from(step) / 3.0).cos()) / 2.0;
        expected -= if step < 3 { lr } else { 0.0 };
        let _ = optimizer.step_flat(&mut values, &mut [1.0]).unwrap();
        assert!((values[0] - expected).abs() < 1e-15, "{step}");
    }
}

proptest! {
    #[test]
    fn the_first_step_of_adam_is_the_sign(g in prop::collection::vec(-1e3..1e3f64, 1..100), lr in 1e-4..1.0f64) {
        let mut optimizer: Optimizer<f64> = Optimizer::builder(rules::Adam { lr, eps: 1e-16, ..Default::default() })
            .build(&params(&[g.len()])).unwrap();
        let mut values = vec![0.0; g.len()];
        let _ = optimizer.step_flat(&mut values, &mut g.clone()).unwrap();
        for (x, g) in values.iter().zip(&g).filter(|(_, g)| g.abs() > 1e-3) {
            prop_assert!((x + lr * g.signum()).abs() <= 1e-9 * lr);
        }
    }

    #[test]
    fn adam_does_not_see_the_scale_of_the_gradient(scale in 1e-9..1e9f64) {
        let run = |scale: f64| {
            let mut optimizer: Optimizer<f64> =
                Optimizer::builder(rules::Adam { eps: 0.0, ..Default::default() }).build(&params(&[8])).unwrap();
            let mut values = vec![0.0; 8];
            for step in 0..20 {
                let mut g: Vec<f64> = normal::<f64>(step, 8).iter().map(|g| g * scale).collect();
                let _ = optimizer.step_flat(&mut values, &mut g).unwrap();
            }
            values
        };
        for (x, y) in run(1.0).iter().zip(run(scale)) {
            prop_assert!((x - y).abs() <= 1e-12 * x.abs().max(1e-3));
        }
    }

    #[test]
    fn adagrad_does_not_see_the_scale_of_a_coordinate(scale in 1e-3..1e3f64, start in -5.0..5.0f64) {
        let run = |scale: f64| {
            let mut optimizer: Optimizer<f64> =
                Optimizer::builder(rules::Adagrad { lr: 0.4, eps: 0.0, ..Default::default() }).build(&params(&[1])).unwrap();
            let mut x = [start];
            for _ in 0..30 {
                let mut g = [scale * x[0]];
                if g[0] == 0.0 { break }
                let _ = optimizer.step_flat(&mut x, &mut g).unwrap();
            }
            x[0]
        };
        prop_assert!((run(1.0) - run(scale)).abs() < 1e-11);
    }

    #[test]
    fn the_two_forms_of_momentum_convert(momentum in 0.01..0.99f64, lr in 1e-4..0.1f64, nesterov: bool) {
        let run = |rule: rules::Sgd| {
            let mut optimizer: Optimizer<f64> = Optimizer::builder(rule).build(&params(&[6])).unwrap();
            let mut values = normal::<f64>(7, 6);
            for step in 0..100 {
                let _ = optimizer.step_flat(&mut values, &mut normal::<f64>(step, 6)).unwrap();
            }
            values
        };
        let sum = run(rules::Sgd { lr, momentum, nesterov, ..Default::default() });
        let mean = run(rules::Sgd { lr: lr / (1.0 - momentum), momentum, nesterov, ema: true, ..Default::default() });
        for (x, y) in sum.iter().zip(&mean) {
            prop_assert!((x - y).abs() <= 1e-12 * x.abs().max(1.0), "{} {}", x, y);
        }
    }

    #[test]
    fn clipping_bounds_the_norm_and_keeps_the_direction(
        g in prop::collection::vec(-1e3..1e3f64, 1..50),
        max_norm in 1e-2..1e2f64,
    ) {
        let mut optimizer: Optimizer<f64> = builder("sgd:lr=1").clip_norm(max_norm).build(&params(&[g.len()])).unwrap();
        let mut values = vec![0.0; g.len()];
        let outcome = optimizer.step_flat(&mut values, &mut g.clone()).unwrap();
        let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt();
        let Outcome::Stepped { grad_norm: Some(measured), clip } = outcome else { unreachable!() };
        prop_assert!((measured - norm).abs() <= 1e-12 * norm);
        prop_assert_eq!(clip < 1.0, max_norm < norm + 1e-6);
        for (x, g) in values.iter().zip(&g) {
            prop_assert!((x + clip * g).abs() <= 1e-12 * g.abs());
        }
        let length = values.iter().map(|x| x * x).sum::<f64>().sqrt();
        prop_assert!(length <= max_norm.min(norm) * (1.0 + 1e-12));
    }

    #[test]
    fn a_rule_survives_its_text_form(lr in 0.0..10.0f64, beta1 in 0.0..1.0f64, beta2 in 0.0..1.0f64, amsgrad: bool) {
        let rule = rules::Adam { lr, betas: [beta1, beta2], amsgrad, ..Default::default() };
        let text = rules::spec(&rule);
        prop_assert_eq!(rules::spec(&*rules::parse(&text).unwrap()), text);
        let again = rules::parse(&rules::spec(&rule)).unwrap();
        for param in again.params() {
            prop_assert_eq!(again.get(param.name), ravine::Hyper::get(&rule, param.name));
        }
    }
}
