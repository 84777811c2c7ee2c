//! Diagnoses of runs whose trouble is known, and of healthy ones.

use ravine_lab::data::Order;
use ravine_lab::diagnose::{self, Diagnosis, Settings, Trouble};
use ravine_lab::workloads;
use std::sync::atomic::AtomicBool;

fn diagnose(spec: &str, optimizer: &str, steps: u64) -> Diagnosis {
    let settings = Settings {
        optimizer: optimizer.into(),
        schedule: "constant".into(),
        steps,
        seeds: vec![1, 2, 3],
        order: Order::Reshuffled,
    };
    let workload = workloads::load(spec, None).unwrap();
    diagnose::run(&*workload, &settings, &AtomicBool::new(false), &|_| ()).unwrap()
}

fn troubles(diagnosis: &Diagnosis) -> Vec<Trouble> {
    diagnosis.findings.iter().map(|finding| finding.trouble).collect()
}

/// The gradient of the first hidden weight, and that over the last hidden one's.
fn gradients(diagnosis: &Diagnosis) -> (f64, f64) {
    let hidden = &diagnosis.layers[..diagnosis.layers.len() - 1];
    let (first, last) = (&hidden[0], &hidden[hidden.len() - 1]);
    (first.first_gradient, first.first_gradient / last.first_gradient)
}

/// Everything that is advised, with what to try.
fn advice(diagnosis: &Diagnosis, trouble: Trouble) -> String {
    let finding = diagnosis.findings.iter().find(|finding| finding.trouble == trouble).unwrap();
    let lines = finding
        .advice
        .iter()
        .map(|advice| format!("{} [{}]", advice.change, advice.attempt.as_deref().unwrap_or_default()));
    lines.collect::<Vec<_>>().join("\n")
}

/// A row: depth, activation, initialisation, then the ratio and the first norm measured elsewhere, and the trouble.
type Row = (u32, &'static str, &'static str, Option<f64>, Option<f64>, Option<Trouble>);

const ROWS: [Row; 12] = [
    (10, "sigmoid", "xavier", Some(4e-6), None, Some(Trouble::Vanishing)),
    (10, "tanh", "xavier", Some(1.0), None, None),
    (10, "relu", "he", Some(0.7), None, None),
    (20, "sigmoid", "xavier", Some(3e-12), None, Some(Trouble::Vanishing)),
    (20, "tanh", "xavier", Some(1.1), None, None),
    (20, "relu", "he", Some(0.68), None, None),
    (40, "sigmoid", "xavier", Some(0.0), None, Some(Trouble::Vanishing)),
    (40, "tanh", "xavier", Some(1.2), None, None),
    (40, "relu", "he", Some(0.36), None, None),
    (20, "relu", "0.4", None, Some(1.4e7), Some(Trouble::Exploding)),
    (20, "tanh", "1.0", Some(1e6), None, Some(Trouble::Exploding)),
    (10, "relu", "0.01", Some(1.1), Some(2e-13), Some(Trouble::UniformlyVanishing)),
];

#[test]
fn depth_activation_and_initialisation() {
    let signals = [Trouble::Vanishing, Trouble::Exploding, Trouble::UniformlyVanishing];
    for (depth, activation, init, ratio, norm, trouble) in ROWS {
        let spec = format!("digits-mlp:depth={depth},activation={activation},init={init}");
        let found = diagnose(&spec, "sgd:lr=0.01", 20);
        let (first, measured) = gradients(&found);
        for (expected, measured) in [(ratio, measured), (norm, first)] {
            // Within a factor of three of numbers given to one digit. The 0 had underflowed in f32; its norm here is f64.
            let near = |expected: f64| match expected {
                0.0 => measured < 1e-20,
                // Over 40 seeds this ratio goes from 0.5 to 19, its median is 1.6: three draws are no measure of it.
                0.36 => (0.1..3.0).contains(&measured),
                _ => (expected / 3.3..=expected * 3.3).contains(&measured),
            };
            assert!(expected.is_none_or(near), "{spec}: {expected:?} {measured}");
        }
        let said: Vec<Trouble> = troubles(&found).into_iter().filter(|said| signals.contains(said)).collect();
        assert_eq!(said, Vec::from_iter(trouble), "{spec}: {found:?}");
        let Some(trouble) = trouble else { continue };
        // The signal is mended before anything else, and never by the optimizer.
        assert_eq!(found.findings[0].trouble, trouble, "{spec}");
        let advice = advice(&found, trouble);
        let (remedy, first) = match (activation, trouble) {
            ("sigmoid", _) => ("activation=relu,init=he]", "Another activation"),
            ("tanh", _) => ("activation=tanh,init=xavier]", "Draw the weights"),
            _ => ("init=he]", "Draw the weights"),
        };
        assert!(advice.starts_with(first) && advice.contains(remedy), "{spec}: {advice}");
        assert!(advice.contains("Do not look for it in the optimizer"), "{spec}: {advice}");
    }
}

#[test]
fn the_advice_mends_it() {
    for (spec, optimizer) in [
        ("digits-mlp:depth=10,activation=sigmoid,init=xavier", "adam:lr=1e-3"),
        ("digits-mlp:depth=10,init=0.01", "adam:lr=1e-3"),
        ("digits-mlp:depth=12,activation=tanh,init=1.0", "adam:lr=1e-3"),
        ("digits-mlp:depth=12,init=0.4", "adam:lr=1e-3"),
    ] {
        let ill = diagnose(spec, optimizer, 60);
        assert!(!ill.findings.is_empty(), "{}", ill.verdict);
        let attempt = ill.findings[0].advice[0].attempt.as_deref().unwrap();
        let well = diagnose(attempt, optimizer, 60);
        assert!(
            troubles(&well).iter().all(|trouble| *trouble >= Trouble::RateTooLarge),
            "{attempt}: {}",
            well.verdict
        );
        let last = |of: &Diagnosis| of.loss.last.unwrap_or(f64::INFINITY);
        assert!(last(&well) < 0.8 * last(&ill), "{} {}", ill.verdict, well.verdict);
    }
}

#[test]
fn healthy_runs_are_called_healthy() {
    for (spec, optimizer, steps) in [
        ("digits-mlp", "adam:lr=3e-3", 200),
        ("digits-mlp", "sgd:lr=0.1", 200),
        ("digits-mlp:activation=tanh,init=xavier", "momentum:lr=0.03", 200),
        ("quadratic-deep", "sgd:lr=0.02", 100),
        ("digits-softmax", "sgd:lr=0.1", 100),
        ("iris-softmax", "sgd:lr=0.2", 100),
        ("wine-softmax", "sgd:lr=0.1", 100),
        ("breast-cancer-softmax", "sgd:lr=0.1", 100),
        ("wine-softmax", "adam:lr=0.03", 100),
    ] {
        let found = diagnose(spec, optimizer, steps);
        assert_eq!(troubles(&found), [], "{spec} {optimizer}: {} {:?}", found.verdict, found.loss);
        assert!(found.verdict.starts_with("Healthy"), "{}", found.verdict);
    }
}

#[test]
fn a_rate_too_large_or_too_small_is_told_by_another_rate() {
    for (spec, optimizer, expected) in [
        ("digits-mlp", "adam:lr=1e-5", Trouble::RateTooSmall),
        ("digits-mlp", "sgd:lr=1e-3", Trouble::RateTooSmall),
        ("quadratic-deep", "sgd:lr=1e-5", Trouble::RateTooSmall),
        ("quadratic-deep", "sgd:lr=0.05", Trouble::RateTooLarge),
        ("quadratic-deep", "sgd:lr=0.3", Trouble::RateTooLarge),
        ("digits-mlp", "sgd:lr=300", Trouble::RateTooLarge),
        ("digits-mlp", "adam:lr=10", Trouble::RateTooLarge),
    ] {
        let found = diagnose(spec, optimizer, 100);
        assert!(troubles(&found).contains(&expected), "{spec} {optimizer}: {}", found.verdict);
        let advice = advice(&found, expected);
        let rate = advice.split("--lr ").nth(1).and_then(|rest| rest.split(']').next()?.parse::<f64>().ok());
        // The best of those that were tried, or none.
        let best = found.loss.probes.iter().filter(|probe| probe.last.is_some());
        let best = best.min_by(|a, b| a.last.unwrap().total_cmp(&b.last.unwrap())).unwrap();
        match rate {
            Some(rate) => assert!((rate / best.lr - 1.0).abs() < 0.1, "{advice} {:?}", found.loss),
            None => assert!(best.last.unwrap() > 0.9 * found.loss.first, "{advice} {:?}", found.loss),
        }
        assert!(advice.contains("ravine lr-find ") && !advice.contains("lr="), "{advice}");
    }
}

#[test]
fn a_run_that_blew_up_is_not_healthy() {
    for (spec, optimizer) in [
        ("wine-softmax", "sgd:lr=1e4"),
        ("wine-softmax", "adam:lr=1e4"),
        ("breast-cancer-softmax", "sgd:lr=1e5"),
        ("digits-mlp:depth=3", "adam:lr=3"),
    ] {
        let found = diagnose(spec, optimizer, 100);
        assert!(troubles(&found).contains(&Trouble::RateTooLarge), "{spec} {optimizer}: {}", found.verdict);
        assert!(!troubles(&found).contains(&Trouble::Overfitting), "{spec} {optimizer}: {}", found.verdict);
    }
}

#[test]
fn remarks_on_the_data_hide_nothing() {
    for (spec, optimizer, expected) in [
        ("digits-mlp:depth=10,activation=sigmoid", "adam:lr=1e-3", Some(Trouble::Vanishing)),
        ("digits-mlp", "adam:lr=1e-5", Some(Trouble::RateTooSmall)),
        ("digits-mlp", "adam:lr=3e-3", None),
    ] {
        let found = diagnose(spec, optimizer, 60);
        assert_eq!(troubles(&found).first().copied(), expected, "{spec}: {}", found.verdict);
        assert!(found.notes.iter().any(|note| note.contains("features are constant")), "{:?}", found.notes);
    }
}

#[test]
fn units_that_died() {
    let found = diagnose("digits-mlp:depth=3,init=he", "sgd:lr=3", 100);
    assert!(troubles(&found).contains(&Trouble::DyingUnits), "{} {:?}", found.verdict, found.layers);
    assert!(advice(&found, Trouble::DyingUnits).contains("activation=gelu"));
}

#[test]
fn units_that_are_saturated() {
    let found = diagnose("digits-mlp:depth=3,activation=tanh,init=1.0", "sgd:lr=0.01", 100);
    assert!(troubles(&found).contains(&Trouble::SaturatedUnits), "{}", found.verdict);
    assert!(advice(&found, Trouble::SaturatedUnits).contains("init=xavier"));
}

#[test]
fn overfitting_is_seen() {
    let found = diagnose("digits-mlp:depth=2,batch=1000", "adam:lr=0.01", 250);
    let since = found.generalisation.as_ref().unwrap().since;
    assert!(troubles(&found).contains(&Trouble::Overfitting), "{} {since:?}", found.verdict);
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let two = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let make = || diagnose("digits-mlp:depth=3", "adam:lr=1e-3", 40);
    assert_eq!(format!("{:?}", alone.install(make)), format!("{:?}", two.install(make)));
}

#[test]
fn an_interruption_and_settings_that_make_no_sense() {
    let workload = workloads::load("digits-mlp", None).unwrap();
    let settings = |optimizer: &str, steps| Settings {
        optimizer: optimizer.into(),
        schedule: "constant".into(),
        steps,
        seeds: vec![1],
        order: Order::Reshuffled,
    };
    let run = |settings: &Settings, stop| {
        diagnose::run(&*workload, settings, &AtomicBool::new(stop), &|_| ()).unwrap_err()
    };
    assert!(run(&settings("adam", 100), true).is_interruption());
    for (optimizer, steps, word) in [("adam", 3, "steps must be"), ("adm", 100, "adm")] {
        let error = run(&settings(optimizer, steps), false);
        assert!(error.is_usage() && error.to_string().contains(word), "{error}");
    }
}
