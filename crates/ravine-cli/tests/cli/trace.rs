//! `ravine trace`.

use crate::command::{Ran, csv, run};
use serde_json::Value;
use std::path::Path;

fn trace(arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &[&["trace"], arguments].concat());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is written");
    ran
}

fn ends(json: &Value) -> Vec<Vec<f64>> {
    let end = |run: &Value| {
        let point = run["points"].as_array().unwrap().last().unwrap();
        point.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    json["runs"].as_array().unwrap().iter().map(end).collect()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |data| data.len())
}

#[test]
fn the_slides_runs_in_one_picture() {
    let slides = ["--optimizer", "sgd,sgd:momentum=0.25,sgd:momentum=0.5", "--lr", "0.6", "--steps", "20"];
    let ran =
        trace(&[&["0.1x1^2 + 2x2^2", "--start", "-5,-2", "--format", "json"], &slides[..]].concat()).well();
    let json = ran.json();
    let golden = [[-0.387814, -1673.365109], [-0.126340, -0.186632], [0.007188, 0.002553]];
    for (end, golden) in ends(&json).iter().zip(golden) {
        for (x, golden) in end.iter().zip(golden) {
            assert!((x - golden).abs() < 6e-7 * (1.0 + golden.abs()), "{end:?}");
        }
    }
    assert_eq!(json["runs"][0]["ending"], "diverged");
    assert_eq!(json["variables"], serde_json::json!(["x1", "x2"]));
    let table = trace(&[&["ravine"], &slides[..]].concat()).well().stdout;
    for part in ["optimizer", "-1673.37", "7.18787e-3", "diverged", "sgd:lr=0.6,momentum=0.5"] {
        assert!(table.contains(part), "{part}:\n{table}");
    }
    assert!(!table.contains('\u{1b}'), "no colour where nobody looks");
}

#[test]
fn every_step_as_csv() {
    let ran =
        trace(&["square", "--optimizer", "sgd", "--lr", "0.2", "--steps", "10", "--format", "csv"]).well();
    let rows = csv(&ran.stdout);
    assert_eq!(rows[0], ["optimizer", "schedule", "step", "x", "value", "gradient_norm", "lr"]);
    assert_eq!(rows.len(), 12);
    assert_eq!(rows[1], ["sgd:lr=0.2", "constant", "0", "10", "100", "20", "0.2"]);
    assert!((rows[11][3].parse::<f64>().unwrap() - 0.060466).abs() < 1e-6);
    assert_eq!(rows[11][6], "");
}

#[test]
fn noise_follows_its_seed_and_schedules_multiply() {
    let noisy = |seed| {
        let arguments = ["noisy", "--schedules", "constant,cosine", "--seed", seed, "--format", "json"];
        trace(&arguments).well().stdout
    };
    assert_eq!(noisy("3"), noisy("3"));
    assert_ne!(noisy("3"), noisy("4"));
    let json: Value = serde_json::from_str(&noisy("3")).unwrap();
    assert_eq!(json["runs"][1]["schedule"], "cosine");
    assert_ne!(ends(&json)[0], ends(&json)[1]);
}

#[test]
fn every_view_is_drawn_to_every_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    for (function, view) in [
        ("two-minima", "path"),
        ("himmelblau", "path"),
        ("rosenbrock:n=4", "path"),
        ("saddle", "surface"),
        ("beale", "loss"),
        ("himmelblau", "basins"),
        ("ln(x)", "path"),
        ("-x^2 + 1e-300y^2", "path"),
    ] {
        let arguments = ["trace", function, "--view", view, "--lr", "0.01", "--steps", "30"];
        let files = ["--svg", "a.svg", "--png", "a.png", "--animate", "moving.svg"];
        let moves = ["path", "basins"].contains(&view) && function != "rosenbrock:n=4";
        let count = if moves { 6 } else { 4 };
        let ran = run(folder.path(), &[&arguments[..], &files[..count]].concat()).well();
        assert!(ran.stdout.contains("Picture: a.svg\n"), "{}", ran.stdout);
        if !moves {
            let ran = run(folder.path(), &[&arguments[..], &files[4..]].concat());
            ran.refused(2, &["--animate draws a path over a curve or a map"]);
        }
        for file in ["a.svg", "a.png", "moving.svg"].into_iter().take(count / 2) {
            let path = folder.path().join(file);
            assert!(
                (1000..400_000).contains(&size(&path)),
                "{function} {view} {file}: {} bytes",
                size(&path)
            );
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_traced_is_refused() {
    for (arguments, words) in [
        (&["x^2 +"][..], &["column 6", "x^2 +\n       ^"][..]),
        (&["rosenbrok"], &["unknown function 'rosenbrok' (did you mean 'rosenbrock'?)"]),
        (&["rastrigin:m=3"], &["rastrigin has no 'm'"]),
        (&["rastrigin:n=3000"], &["n must be 1 to 200, not 3000"]),
        (&["rosenbrock:n=1"], &["n must be 2 to 200, not 1"]),
        (&["x*y", "--start", "1"], &["the start needs 2 numbers, one each for x and y, not 1"]),
        (&["x*y", "--start", "1,two"], &["'two' is not a number"]),
        (&["x^2", "--optimizer", "adm"], &["did you mean 'adam'?"]),
        (&["x^2", "--optimizer", "adam:bets=1"], &["adam has no 'bets'"]),
        (&["x^2", "--schedule", "cosine:mim=0"], &["cosine has no 'mim' (did you mean 'min'?)", "warmup"]),
        (&["x^2", "--lr", "-1"], &["lr must be 0 or more, not -1"]),
        (&["x^2", "--lr", "nan"], &["lr must be"]),
        (&["x^2", "--noise", "-1"], &["noise must be 0 or more, not -1"]),
        (&["x^2", "--tolerance", "nan"], &["tolerance must be 0 or more"]),
        (&["x^2", "--steps", "99999999999"], &["steps must be at most"]),
        (&["rastrigin", "--view", "basins"], &["at most 12 minima"]),
        (&["himmelblau", "--view", "basins", "--steps", "100000"], &["steps must be at most"]),
        (&["x^2", "--view", "surface"], &["--view surface needs a function of 2 coordinates"]),
        (&["x^2", "--domain", "1,2,3"], &["--domain needs 2 numbers"]),
        (&["x^2", "--domain", "2,1"], &["--domain needs a low of x below its high"]),
        (&[&"x".repeat(100_000)], &["20000"]),
        (&[&("(".repeat(10_000) + "x")], &["nested more than 100 deep"]),
    ] {
        trace(arguments).refused(2, words);
    }
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["trace", "x^2", "--svg", "/dev/null/a.svg"]);
    ran.refused(1, &["/dev/null/a.svg"]);
}
