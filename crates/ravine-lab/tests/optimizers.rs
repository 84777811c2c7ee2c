//! Every rule of the catalogue learns; compact state learns as full state does.

use ravine::rules::{self, Problem};
use ravine_lab::compare::{self, Execution};
use ravine_lab::data::Order;
use ravine_lab::objective::Objective;
use ravine_lab::plan::Plan;
use ravine_lab::stats::Outcome;
use ravine_lab::store::Store;
use ravine_lab::trial::{self, Settings};
use ravine_lab::verdict::verdict;
use ravine_lab::{results, trace, workloads};
use std::sync::atomic::AtomicBool;

/// A rule with its defaults, and with what the catalogue suggests where that is something else.
fn specs(name: &str, problem: Problem) -> Vec<String> {
    let suggested = rules::suggested(name, problem);
    let suggested = (!suggested.is_empty()).then(|| format!("{name}:{suggested}"));
    std::iter::once(name.to_string()).chain(suggested).collect()
}

/// Accuracy on the test split of the digits after a run of the workload's own length.
fn accuracy(spec: &str) -> f64 {
    let workload = workloads::load("digits-mlp", None).unwrap();
    let info = workload.info();
    let settings = Settings {
        optimizer: spec.into(),
        schedule: "cosine".into(),
        lr: rules::parse(spec).unwrap().lr(),
        seed: 1001,
        order: Order::Reshuffled,
        steps: info.epochs * info.steps_per_epoch(),
        tuning: false,
    };
    let done = trial::run(&*workload, &settings, &AtomicBool::new(false), |_| Ok(())).unwrap();
    done.test.map_or(f64::NAN, |test| test.metric)
}

#[test]
fn rules_at_their_defaults_or_as_suggested_learn_the_digits() {
    let poor: Vec<String> = rules::CATALOGUE
        .iter()
        .filter_map(|entry| {
            let tried: Vec<(String, f64)> = specs(entry.name, Problem::Network)
                .into_iter()
                .map(|spec| (spec.clone(), accuracy(&spec)))
                .collect();
            (!tried.iter().any(|(_, accuracy)| *accuracy > 0.9)).then(|| format!("{tried:?}"))
        })
        .collect();
    assert!(poor.is_empty(), "{}", poor.join("\n"));
}

#[test]
fn rules_at_their_defaults_or_as_suggested_end_below_their_start_on_rosenbrock() {
    let objective = Objective::parse("rosenbrock").unwrap();
    let mut high = Vec::new();
    for entry in rules::CATALOGUE {
        let falls = |spec: &String| {
            let setup = trace::Setup {
                objective: objective.clone(),
                optimizers: vec![spec.clone()],
                lr: None,
                schedule: "constant".into(),
                start: objective.start.clone(),
                steps: 2000,
                noise: 0.0,
                seed: 0,
                tolerance: 0.0,
            };
            let trace = trace::run(&setup).unwrap().remove(0);
            // NaN is not below.
            trace.loss() < trace.losses[0]
        };
        if !specs(entry.name, Problem::Function).iter().any(falls) {
            high.push(entry.name);
        }
    }
    assert!(high.is_empty(), "{}", high.join(", "));
}

#[test]
fn rules_learn_the_digits_from_gradients_that_wrappers_change_or_ask_for_twice() {
    for wrappers in ["agc:0.01 + centralize", "sam:0.05", "asam:0.5", "agc + centralize + sam"] {
        let accuracy = accuracy(&format!("adamw:lr=1e-2 + {wrappers}"));
        assert!(accuracy > 0.9, "{wrappers}: {accuracy}");
    }
}

#[test]
fn adam_with_state_in_8_bits_ties_with_adam() {
    let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    for (workload, seeds) in [("digits-mlp", 80), ("documents", 12), ("ratings", 8)] {
        let plan = Plan {
            workloads: list(&[workload]),
            optimizers: list(&["adam", "adam + storage:int8"]),
            schedules: list(&["cosine"]),
            budget: 1,
            tuning_seeds: 1,
            seeds,
            epochs: None,
            fixed_order: false,
        };
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("runs.sqlite")).unwrap();
        let loaded = plan.check(None).unwrap();
        let id = compare::begin(&store, &plan, &loaded, "a test", 2, false).unwrap();
        let stop = AtomicBool::new(false);
        let execution = Execution { jobs: 2, stop: &stop, watch: &|_| {} };
        compare::run(&store, id, &plan, &loaded, &execution).unwrap();
        let stored = store.comparisons().unwrap().into_iter().find(|stored| stored.id == id).unwrap();
        let comparison = results::load(&store, &stored).unwrap();
        let verdict = verdict(&comparison.workloads[0]);
        let outcomes: Vec<Outcome> = verdict.pairs.iter().map(|pair| pair.outcome).collect();
        assert_eq!(outcomes, [Outcome::Tie], "{workload}: {:?}", verdict.pairs);
    }
}
