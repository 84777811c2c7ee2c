//! What a step does around a rule: averages, frozen groups, learning rates by layer, loss scaling, and all of it as text.

mod common;

use common::{bits, builder, normal, params, train};
use ravine::{
    Ema, Group, Guard, Lawa, LossScaler, Optimizer, Outcome, ParamSpec, Rounding, Storage, Swa, bf16,
    layer_decay, rules,
};

fn saved<T: ravine::Element>(optimizer: &Optimizer<T>) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    optimizer.save(file.path()).unwrap();
    file
}

#[test]
fn lawa_is_the_mean_of_the_latest_weights_it_took() {
    let build = || -> Optimizer<f64> {
        builder("adam:lr=0.1").lawa(Lawa::new(3, 2)).build(&params(&[4, 3])).unwrap()
    };
    let mut optimizer = build();
    let mut values = normal(1, 7);
    let mut taken: Vec<Vec<f64>> = Vec::new();
    for step in 0..11 {
        train(&mut optimizer, &mut values, step..step + 1);
        if step % 2 == 1 {
            taken.push(values.clone());
        }
        let (a, b) = values.split_at(4);
        let evaluation = optimizer.evaluation(&[a, b]).unwrap();
        let got: Vec<f64> = evaluation.tensors().flatten().copied().collect();
        let latest = &taken[taken.len().saturating_sub(3)..];
        for (i, got) in got.iter().enumerate() {
            let mean = latest.iter().map(|w| w[i]).sum::<f64>() / latest.len() as f64;
            let expected = if latest.is_empty() { values[i] } else { mean };
            assert!((got - expected).abs() < 1e-14, "{step}");
        }
        // The ring goes round in a checkpoint too.
        let mut resumed = build();
        resumed.load(saved(&optimizer).path()).unwrap();
        assert_eq!(resumed.evaluation(&[a, b]).unwrap(), evaluation);
    }
    let mut other: Optimizer<f64> =
        builder("adam:lr=0.1").lawa(Lawa::new(4, 2)).build(&params(&[4, 3])).unwrap();
    let error = other.load(saved(&optimizer).path()).unwrap_err().to_string();
    assert!(error.contains("p0/lawa.3: expected F64 [4], found none"), "{error}");
}

#[test]
fn frozen_parameters_stay_and_their_gradients_count_for_nothing() {
    let build = |freeze: bool| -> Optimizer<f32> {
        let builder = builder("adamw:lr=0.1,weight_decay=0.5")
            .clip_norm(1.0)
            .zero_grad(true)
            .lookahead(Default::default());
        let builder = if freeze { builder.freeze("p1") } else { builder };
        builder.build(&params(if freeze { &[3, 4] } else { &[3] })).unwrap()
    };
    let (mut frozen, mut alone) = (build(true), build(false));
    let (mut values, mut others) = (normal::<f32>(1, 7), normal::<f32>(1, 3));
    let still = values[3..].to_vec();
    for step in 0..12 {
        let mut grads: Vec<f32> = normal(step, 7);
        let mut same = grads[..3].to_vec();
        // Large, and not even a number: neither the norm nor the guard may see it.
        grads[3..].copy_from_slice(&[f32::NAN, 1e9, f32::INFINITY, 1.0]);
        let made = frozen.step_flat(&mut values, &mut grads).unwrap();
        assert_eq!(made, alone.step_flat(&mut others, &mut same).unwrap());
        assert_eq!(grads, [0.0; 7]);
        assert_eq!(bits(&values[..3]), bits(&others));
        assert_eq!(bits(&values[3..]), bits(&still));
    }
    assert_eq!(frozen.state_bytes(), alone.state_bytes(), "the rule keeps nothing for what is frozen");
}

#[test]
fn a_group_thaws_as_if_it_had_just_been_built_and_freezes_with_its_state() {
    for (text, rounding) in [("adam:lr=0.01", Rounding::Nearest), ("adam:lr=0.01", Rounding::Master)] {
        let build = || -> Optimizer<bf16> {
            let builder = builder(text).rounding(rounding).lookahead(Default::default()).ema(Ema::new(0.5));
            builder.freeze("p1").build(&params(&[3, 4])).unwrap()
        };
        let run = |optimizer: &mut Optimizer<bf16>, values: &mut [bf16], steps: std::ops::Range<u64>| {
            for step in steps {
                let mut grads: Vec<bf16> =
                    normal::<f32>(step, 7).iter().map(|&g| bf16::from_f32(g)).collect();
                let _ = optimizer.step_flat(values, &mut grads).unwrap();
            }
        };
        let mut optimizer = build();
        let mut values: Vec<bf16> = normal::<f32>(1, 7).iter().map(|&x| bf16::from_f32(x)).collect();
        let resume = |optimizer: &mut Optimizer<bf16>| {
            let mut resumed = build();
            resumed.load(saved(optimizer).path()).unwrap();
            *optimizer = resumed;
        };
        let (mut plain, mut others) = (build(), values.clone());
        let first = values.clone();
        for (from, to, freeze) in [(0, 3, true), (3, 6, false), (6, 9, true), (9, 14, false)] {
            for (optimizer, values) in [(&mut optimizer, &mut values), (&mut plain, &mut others)] {
                let before = values.clone();
                if freeze {
                    optimizer.freeze("p1").unwrap()
                } else {
                    optimizer.unfreeze("p1").unwrap()
                }
                run(optimizer, values, from..to);
                assert_eq!(before[3..] == values[3..], freeze);
            }
            resume(&mut optimizer);
            assert_eq!(values, others, "a resumed run is the run that was not broken off");
            let averages = |optimizer: &Optimizer<bf16>| {
                let (mut a, mut b) = ([bf16::ZERO; 3], [bf16::ZERO; 4]);
                optimizer.write_average(&mut [&mut a, &mut b]).unwrap();
                (a, b)
            };
            let (_, b) = averages(&optimizer);
            assert_eq!(averages(&optimizer), averages(&plain));
            assert_eq!(from == 0, b[..] == first[3..], "an average of weights that stay is those weights");
        }
        // Also between thawing and the first step after it.
        let mut optimizer = build();
        run(&mut optimizer, &mut first.clone(), 0..1);
        optimizer.unfreeze("p1").unwrap();
        resume(&mut optimizer);
    }
}

#[test]
fn the_average_of_a_group_that_freezes_goes_on() {
    let mut optimizer: Optimizer<f64> = builder("sgd:lr=1").ema(Ema::new(0.5)).build(&params(&[1])).unwrap();
    let mut w = [1.0];
    let _ = optimizer.step_flat(&mut w, &mut [1.0]).unwrap();
    optimizer.freeze("default").unwrap();
    for expected in [0.25, 0.125] {
        let _ = optimizer.step_flat(&mut w, &mut [7.0]).unwrap();
        assert_eq!((w[0], optimizer.evaluation(&[&w]).unwrap().tensor(0)[0]), (0.0, expected));
    }
}

#[test]
fn layers_learn_slower_towards_the_input() {
    let names = ["embed.w", "block.0.w", "block.1.w", "head.w"];
    let specs = names.map(|name| ParamSpec::new(name, [1]));
    let groups = layer_decay(0.5, ["embed*", "block.0*", "block.1*", "head*"]);
    let mut optimizer: Optimizer<f64> = builder("sgd:lr=8")
        .groups(groups)
        .schedule(ravine::compose::Lambda::new(|t| if t == 0 { 1.0 } else { 0.5 }))
        .build(&specs)
        .unwrap();
    let mut values = [0.0; 4];
    let _ = optimizer.step_flat(&mut values, &mut [1.0; 4]).unwrap();
    assert_eq!(values, [-1.0, -2.0, -4.0, -8.0]);
    let _ = optimizer.step_flat(&mut values, &mut [1.0; 4]).unwrap();
    assert_eq!(values, [-1.5, -3.0, -6.0, -12.0]);
    let error =
        builder("sgd:lr=1").group(Group::new("embed*").scale_lr(-1.0)).build::<f64>(&specs).unwrap_err();
    assert!(error.to_string().contains("embed*: lr must be 0 or more, not -1"), "{error}");
}

/// The scales of torch.amp.GradScaler(init_scale=1024, growth_interval=3), recorded from torch 2.15 with these gradients.
#[test]
fn the_loss_scale_follows_pytorch() {
    let finite =
        [true, true, true, true, false, true, true, false, false, true, true, true, true, true, true, true];
    let expected = [1024, 1024, 1024, 2048, 2048, 1024, 1024, 1024, 512, 256, 256, 256, 512, 512, 512, 1024]
        .map(f64::from);
    let scaler = LossScaler { init_scale: 1024.0, growth_interval: 3, ..LossScaler::default() };
    let build = || -> Optimizer<f32> {
        builder("sgd").guard(Guard::Skip).loss_scaler(scaler).build(&params(&[1])).unwrap()
    };
    let mut optimizer = build();
    for (i, (finite, expected)) in finite.into_iter().zip(expected).enumerate() {
        assert_eq!(optimizer.loss_scale(), expected, "before step {i}");
        let g = if finite { 1.0 } else { f32::INFINITY };
        let outcome = optimizer.step_flat(&mut [0.0], &mut [g]).unwrap();
        assert_eq!(matches!(outcome, Outcome::Stepped { .. }), finite);
        let mut resumed = build();
        resumed.load(saved(&optimizer).path()).unwrap();
        optimizer = resumed;
    }
}

#[test]
fn the_loss_scale_stays_within_numbers() {
    let scaler = |init_scale| LossScaler { init_scale, growth_interval: 1, ..LossScaler::default() };
    let build =
        |init| builder("sgd").guard(Guard::Skip).loss_scaler(scaler(init)).build::<f32>(&params(&[1]));
    let mut optimizer = build(1e38).unwrap();
    for expected in [1e38, 2e38, 2e38] {
        assert_eq!(optimizer.loss_scale(), expected);
        let _ = optimizer.step_flat(&mut [0.0], &mut [1.0]).unwrap();
    }
    let mut optimizer = build(1e-37).unwrap();
    for _ in 0..100 {
        let _ = optimizer.step_flat(&mut [0.0], &mut [f32::NAN]).unwrap();
    }
    assert!(optimizer.loss_scale() > 0.0 && (1.0 / optimizer.loss_scale() as f32).is_finite());
    let error = builder("sgd").loss_scaler(scaler(1.0)).build::<f32>(&params(&[1])).unwrap_err().to_string();
    assert!(error.contains("the guard beside a loss scaler must be Skip, not Error"), "{error}");
    let error = build(1.0).unwrap().load(saved(&builder("sgd").build::<f32>(&params(&[1])).unwrap()).path());
    assert!(error.unwrap_err().to_string().contains("loss scaler: expected on, found off"));
}

/// What a text switches on is what the builder's methods do.
#[test]
fn a_text_with_wrappers_is_the_builder_with_its_methods() {
    let cases: [(&str, ravine::Builder); 7] = [
        (
            "lookahead:steps=2,alpha=0.8",
            builder("adam").lookahead(ravine::Lookahead { steps: 2, alpha: 0.8 }),
        ),
        ("cautious", builder("adam").cautious(true)),
        (
            "noise:eta=0.1,gamma=1",
            builder("adam").gradient_noise(ravine::GradientNoise { eta: 0.1, gamma: 1.0 }),
        ),
        ("storage:int8", builder("adam").storage(Storage::Int8)),
        ("clip-norm:0.5 + clip-value:0.1", builder("adam").clip_norm(0.5).clip_value(0.1)),
        ("ema:0.9", builder("adam").ema(Ema::new(0.9))),
        (
            "swa:start=2,every=2 + lookahead:3",
            builder("adam").swa(Swa::new(2, 2)).lookahead(ravine::Lookahead { steps: 3, alpha: 0.5 }),
        ),
    ];
    let run = |builder: ravine::Builder| {
        let mut optimizer = builder.build::<f32>(&params(&[300])).unwrap();
        let mut values = normal(1, 300);
        train(&mut optimizer, &mut values, 0..6);
        let evaluation = optimizer.evaluation(&[&values]).unwrap();
        (bits(&values), bits(evaluation.tensor(0)))
    };
    let plain = run(builder("adam"));
    for (text, by_methods) in cases {
        let by_text = run(builder(&format!("adam + {text}")));
        assert!(by_text == run(by_methods), "{text}");
        assert!(by_text != plain, "{text}");
    }
}

#[test]
fn the_text_of_a_rule_with_wrappers_comes_back() {
    let text = "adam:lr=0.1 + lookahead:10 + storage:int8 + cautious";
    let mut rule = rules::parse(text).unwrap();
    assert_eq!(rules::spec(&*rule), text);
    assert_eq!((rule.name(), rule.lr(), rule.slots().len()), ("adam", 0.1, 2));
    rule.set("lr", 0.5).unwrap();
    assert_eq!(rules::spec(&*rule.boxed()), text.replace("0.1", "0.5"));
    for (text, expected) in [
        ("adam + lokahead", "did you mean 'lookahead'?"),
        ("lookahead + adam", "'lookahead' is a wrapper; write it behind a rule, such as 'adam + lookahead'"),
        ("adm + cautious", "unknown optimizer 'adm' (did you mean 'adam'?)"),
        ("adam +", "it has no name"),
        ("+ adam", "it has no name"),
    ] {
        let error = rules::parse(text).err().expect(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
