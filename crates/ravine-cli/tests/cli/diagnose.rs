//! `ravine diagnose`.

use crate::command::{Ran, csv, run};

fn diagnose(arguments: &[&str]) -> Ran {
    run(&std::env::temp_dir(), &[&["diagnose"], arguments].concat())
}

const DEEP: [&str; 6] =
    ["digits-mlp", "--depth=12", "--activation=sigmoid", "--init=xavier", "--steps=20", "--seeds=2"];

#[test]
fn the_trouble_is_named_with_evidence_and_a_remedy() {
    let text = diagnose(&DEEP).well().stdout;
    for words in [
        "Vanishing gradients",
        "0.weight receives",
        "Try: digits-mlp:depth=12,activation=relu,init=he",
        "Do not look for it in the optimizer",
        "saturated",
    ] {
        assert!(text.contains(words), "'{words}' is not in {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let json = diagnose(&[&DEEP[..], &["--format=json"]].concat()).well().json();
    assert_eq!(json["findings"][0]["trouble"], "vanishing");
    assert_eq!(json["layers"].as_array().unwrap().len(), 13);
    let rows = csv(&diagnose(&[&DEEP[..], &["--format=csv"]].concat()).well().stdout);
    assert!(rows.iter().all(|row| row.len() == 9));
    assert!(rows.iter().any(|row| row[0] == "finding" && row[1] == "vanishing gradients"), "{rows:?}");
}

#[test]
fn a_healthy_run_is_called_so() {
    let text = diagnose(&["quadratic-deep", "--optimizer=sgd", "--lr=0.02"]).well().stdout;
    assert!(text.starts_with("Healthy: "), "{text}");
    let text = diagnose(&["digits-mlp", "--optimizer=adam:lr=3e-3", "--steps=200"]).well().stdout;
    assert!(text.starts_with("Healthy: "), "{text}");
}

#[test]
fn the_picture_shows_layers_over_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("layers.svg");
    diagnose(&[&DEEP[..], &[&format!("--svg={}", file.display())]].concat()).well();
    let svg = std::fs::read_to_string(file).unwrap();
    for part in ["norm of the gradient", "units at the end", "class=\"cell\"", "24.weight"] {
        assert!(svg.contains(part), "{part}");
    }
}

#[test]
fn options_that_a_workload_has_not() {
    diagnose(&["quadratic-deep", "--depth=3"]).refused(2, &["'quadratic-deep' has no option 'depth'"]);
    let words = ["workload digits-mlp: unknown initialisation \"hi\"", "he, he-uniform"];
    diagnose(&["digits-mlp", "--init=hi"]).refused(2, &words);
    diagnose(&["digits-mlp", "--steps=3"]).refused(2, &["steps must be between 20"]);
    diagnose(&["digits-mlp", "--lr=-1"]).refused(2, &["lr must be 0 or more"]);
    diagnose(&["digits-mlp", "--optimizer=adm"]).refused(2, &["did you mean 'adam'"]);
}
