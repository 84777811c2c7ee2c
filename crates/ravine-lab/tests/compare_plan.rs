//! What a plan refuses, and what it says then.

use ravine_lab::plan::Plan;

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn refused(plan: Plan, words: &[&str]) {
    let error = plan.check(None).err().expect("it is refused");
    assert!(error.is_usage());
    for word in words {
        assert!(error.to_string().contains(word), "'{error}' does not say '{word}'");
    }
}

#[test]
fn the_default_plan_is_sound() {
    assert_eq!(Plan::default().check(None).unwrap().len(), 1);
}

#[test]
fn unknown_names_are_named_with_those_there_are() {
    refused(
        Plan { workloads: list(&["mnist"]), ..Plan::default() },
        &["'mnist'", "digits-mlp, fashion-softmax"],
    );
    refused(Plan { optimizers: list(&["adm"]), ..Plan::default() }, &["'adm'", "did you mean 'adam'"]);
    refused(Plan { schedules: list(&["cosin"]), ..Plan::default() }, &["'cosin'", "did you mean 'cosine'"]);
    refused(Plan { optimizers: list(&["adam:beta=1"]), ..Plan::default() }, &["'beta'", "betas"]);
    refused(Plan { schedules: list(&["cosine:warmup=much"]), ..Plan::default() }, &["warmup", "'much'"]);
}

#[test]
fn numbers_out_of_range_are_named_with_the_range() {
    refused(Plan { seeds: 0, ..Plan::default() }, &["seeds", "between 1 and", "not 0"]);
    refused(Plan { budget: 0, ..Plan::default() }, &["budget", "between 1 and", "not 0"]);
    refused(Plan { tuning_seeds: 1001, ..Plan::default() }, &["tuning seeds", "1000", "not 1001"]);
    refused(Plan { epochs: Some(0), ..Plan::default() }, &["epochs", "between 1 and", "not 0"]);
}

#[test]
fn nothing_and_the_same_twice_are_refused() {
    refused(Plan { schedules: Vec::new(), ..Plan::default() }, &["at least one schedule"]);
    refused(
        Plan { optimizers: list(&["adam", "sgd", "adam"]), ..Plan::default() },
        &["'adam' is given twice"],
    );
    let same = list(&["momentum", "adam", "sgd:momentum=0.9"]);
    refused(Plan { optimizers: same, ..Plan::default() }, &["'momentum' and 'sgd:momentum=0.9'", "the same"]);
    let same = list(&["sgdr", "cosine-restarts"]);
    refused(Plan { schedules: same, ..Plan::default() }, &["'sgdr' and 'cosine-restarts'"]);
    let other = list(&["cosine", "cosine:warmup=5%", "cosine:warmup=6%", "cosine:steps=100", "step"]);
    assert!(Plan { schedules: other, ..Plan::default() }.check(None).is_ok());
}

#[test]
fn learning_rates_are_taken_out() {
    let given = ["sgd:lr=0.1", "adam:betas=0.9/0.95, lr = 3,eps=1e-6", "rmsprop", "adagrad:lr_decay=0.1"];
    let mut plan = Plan { optimizers: list(&given), ..Plan::default() };
    assert_eq!(plan.take_lrs().unwrap(), given[..2]);
    assert_eq!(plan.optimizers, ["sgd", "adam:betas=0.9/0.95,eps=1e-6", "rmsprop", "adagrad:lr_decay=0.1"]);
    assert!(plan.take_lrs().unwrap().is_empty());
    assert!(plan.check(None).is_ok());
    // They are read before they go.
    let mut wrong = Plan { optimizers: list(&["sgd:lr=-1"]), ..Plan::default() };
    assert!(wrong.take_lrs().unwrap_err().to_string().contains("lr must be"));
}

#[test]
fn the_hash_is_of_all_that_is_run() {
    let plan = Plan::default();
    let loaded = plan.check(None).unwrap();
    let hash = plan.hash(&loaded);
    assert_eq!(hash, plan.clone().hash(&loaded));
    for other in [
        Plan { seeds: 49, ..plan.clone() },
        Plan { budget: 8, ..plan.clone() },
        Plan { tuning_seeds: 4, ..plan.clone() },
        Plan { epochs: Some(3), ..plan.clone() },
        Plan { fixed_order: true, ..plan.clone() },
        Plan { optimizers: list(&["adam"]), ..plan.clone() },
    ] {
        assert_ne!(other.hash(&loaded), hash, "{other:?}");
    }
}
