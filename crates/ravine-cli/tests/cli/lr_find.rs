//! `ravine lr-find`.

use crate::command::{Ran, csv, run};

const QUICK: [&str; 4] = ["--seeds=2", "--steps=120", "--verify=40", "--optimizer=sgd"];

fn find(arguments: &[&str]) -> Ran {
    run(&std::env::temp_dir(), &[&["lr-find"], arguments, &QUICK].concat())
}

#[test]
fn one_sentence_a_picture_and_the_numbers_behind_it() {
    let text = find(&["quadratic-deep"]).well().stdout;
    for words in [
        "quadratic-deep, sgd: learning rate",
        "\nTake ",
        "the rates that work",
        "steepest",
        "constant rate",
        "95 % over the seeds",
        "The largest curvature at the start is 53.1",
    ] {
        assert!(text.contains(words), "'{words}' is not in {text}");
    }
    let json = find(&["quadratic-deep", "--format=json"]).well().json();
    assert_eq!((&json["workload"], &json["answer"]["verdict"]), (&"quadratic-deep".into(), &"take".into()));
    assert!(json["answer"]["lr"].as_f64().unwrap() < 0.0376);
    assert_eq!(json["curves"].as_array().unwrap().len(), 2);
    let rows = csv(&find(&["quadratic-deep", "--format=csv"]).well().stdout);
    assert_eq!(rows[0], ["run", "seed", "lr", "loss", "smoothed"]);
    assert!(rows.iter().any(|row| row[0] == "constant") && rows.iter().all(|row| row.len() == 5));
}

#[test]
fn the_same_command_gives_the_same_bytes_and_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lr.svg");
    let draw = || {
        let svg = format!("--svg={}", file.display());
        let text = find(&["iris-softmax", &svg]).well().stdout;
        (text, std::fs::read_to_string(&file).unwrap())
    };
    let (first, second) = (draw(), draw());
    assert!(first == second && first.0.contains("Picture: ") && first.1.contains("class=\"zone\""));
}

#[test]
fn what_cannot_be_said_is_refused_with_the_reason() {
    let ran = find(&["iris-softmax", "--to=1e-4"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("no learning rate to take: 2 of 2 sweeps say nothing"), "{}", ran.stderr);
    let usage = |arguments: &[&str], words: &[&str]| {
        find(arguments).refused(2, words);
    };
    usage(&["iris-softmax", "--from=0"], &["from must be a finite number above 0, not 0"]);
    usage(&["iris-softmax", "--to=1e-9"], &["to must be at least ten times from"]);
    usage(&["iris"], &["unknown workload 'iris'", "iris-softmax"]);
    usage(&[], &["WORKLOAD"]);
}
