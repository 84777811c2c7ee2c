//! The figures of the teaching texts: each is what its command makes, and shows the numbers that it should.

use crate::command::{Ran, csv, run};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn catalogue() -> Vec<Value> {
    let list = run(&std::env::temp_dir(), &["figures", "--format=json"]).well().json();
    list.as_array().unwrap().clone()
}

/// A figure's own command, with more arguments.
fn own(folder: &Path, figure: &Value, more: &[&str]) -> Ran {
    let own = figure["arguments"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    run(folder, &own.chain(more.iter().copied()).collect::<Vec<_>>()).well()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[track_caller]
fn near(name: &str, got: &[f64], golden: &[f64]) {
    assert_eq!(got.len(), golden.len(), "{name}: {got:?}");
    // Six digits after the point, as the texts print them.
    assert!(got.iter().zip(golden).all(|(x, golden)| (x - golden).abs() < 6e-7), "{name}: {got:?}");
}

#[test]
fn runs_end_where_the_texts_say() {
    let golden: &[(&str, &[&[f64]])] = &[
        ("gradient-descent", &[&[0.060466]]),
        ("too-small", &[&[3.486784]]),
        ("too-large", &[&[61.917364]]),
        ("worse-minimum", &[&[-1.528166]]),
        ("bowl", &[&[-0.057646, -0.000073]]),
        ("ravine", &[&[-0.943467, -0.000073]]),
        ("ravine-diverges", &[&[-0.387814, -1673.365109]]),
        ("momentum", &[&[0.007188, 0.002553]]),
        ("momentum-low", &[&[-0.126340, -0.186632]]),
        ("adagrad", &[&[-2.382563, -0.158591]]),
        ("adagrad-fast", &[&[-0.002295, 0.0]]),
        ("rmsprop", &[&[-0.010599, 0.0]]),
        ("adam", &[&[0.996029, -0.212750], &[0.384875, -0.557979]]),
    ];
    let figures = catalogue();
    for (name, ends) in golden {
        let figure = figures.iter().find(|figure| figure["name"] == *name).expect(name);
        let everything = own(&std::env::temp_dir(), figure, &["--format=json"]).json();
        let runs = everything["runs"].as_array().unwrap();
        assert_eq!(runs.len(), ends.len(), "{name}");
        for (run, end) in runs.iter().zip(*ends) {
            near(name, &numbers(run["points"].as_array().unwrap().last().unwrap()), end);
        }
    }
}

#[test]
fn other_figures_show_what_they_say() {
    let figures = catalogue();
    let json = |name: &str| {
        let figure = figures.iter().find(|figure| figure["name"] == name).expect(name);
        own(&std::env::temp_dir(), figure, &["--format=json"]).json()
    };
    let nesterov = json("nesterov");
    let [heavy_ball, nesterov] = [0, 1].map(|i| nesterov["runs"][i].clone());
    assert!(heavy_ball["ending"] != "diverged" && nesterov["ending"] == "diverged");
    // Each step multiplies the height by the root of z^2 + 2.1 z - 0.7.
    let points = nesterov["points"].as_array().unwrap();
    let [before, end] = [2, 1].map(|back| numbers(&points[points.len() - back])[1]);
    assert!((end / before + 2.392_57).abs() < 1e-4, "{before} {end}");
    assert!((end / -8.14e7 - 1.0).abs() < 1e-3, "{end}");
    // Where tanh starts its slope is all but gone.
    near("tanh", &[numbers(&json("tanh")["runs"][0]["grad_norms"])[0]], &[0.001341]);
    // The fast decay stands still before the minimum, the slow one arrives.
    let points = |name: &str| -> Vec<Vec<f64>> {
        json(name)["runs"][0]["points"].as_array().unwrap().iter().map(numbers).collect()
    };
    let (fast, slow) = (points("sgd-exponential"), points("sgd-polynomial"));
    let [half, end] = [500, 1000].map(|step| fast[step][0]);
    assert!((half - end).abs() < 1e-9 && end < -0.3, "{half} {end}");
    assert!(slow[50][0].hypot(slow[50][1]) < 0.3, "{:?}", slow[50]);
    let directions = json("directions");
    near("directions", &numbers(&directions["gradient"]), &[3.0, -4.0]);
    near("directions", &numbers(&directions["ascent"]), &[0.6, -0.8]);
    near("saddle", &saddle(), &[2.0, -2.0]);
    // The schedules at the steps that the text computes.
    let at = |name: &str, i: usize, step: usize| json(name)["schedules"][i]["lr"][step].as_f64().unwrap();
    near("decays", &[at("decays", 0, 10), at("decays", 1, 10)], &[0.036788, 0.05]);
    near("decays", &[at("decays", 2, 25), at("decays", 3, 50)], &[0.001, 0.05]);
    near(
        "momentum-weights",
        &[at("momentum-weights", 0, 10), at("momentum-weights", 2, 2)],
        &[0.598737, 0.36],
    );
    near("sparse-rates", &[at("sparse-rates", 0, 99), at("sparse-rates", 2, 100)], &[0.01, 0.070711]);
    near("restarts", &[at("restarts", 0, 10), at("restarts", 0, 30)], &[0.1, 0.1]);
    near("warmup", &[at("warmup", 0, 9), at("warmup", 0, 4)], &[0.1, 0.05]);
}

/// The curvatures at the middle of the saddle.
fn saddle() -> Vec<f64> {
    let everything = run(&std::env::temp_dir(), &["gradient", "saddle", "--at=0,0", "--format=json"]).well();
    numbers(&everything.json()["eigenvalues"])
}

#[test]
fn every_file_is_what_its_command_draws() {
    let folder = tempfile::tempdir().unwrap();
    let all = run(folder.path(), &["figures", "--out", "all", "--format=json"]).well().json();
    let page = fs::read_to_string(folder.path().join("all/index.html")).unwrap();
    let figures = catalogue();
    assert_eq!(all.as_array().unwrap(), &figures);
    for figure in &figures {
        let name = figure["name"].as_str().unwrap();
        own(folder.path(), figure, &["--svg", "own.svg"]);
        let [own, file] = ["own.svg".into(), format!("all/{name}.svg")]
            .map(|file| fs::read(folder.path().join(file)).unwrap());
        assert!(own == file, "{name}");
        assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
        let command = figure["command"].as_str().unwrap();
        assert!(command.ends_with(&format!("--svg {name}.svg")), "{command}");
    }
}

#[test]
fn some_figures_join_the_page_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let page = || fs::read_to_string(folder.path().join("out/index.html")).unwrap();
    let said = run(folder.path(), &["figures", "--out=out", "bowl,cubic", "--png"]).well().stdout;
    assert!(said.contains("index.html"), "{said}");
    assert!(fs::read(folder.path().join("out/bowl.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(page().contains("id=\"bowl\"") && !page().contains("id=\"adam\""));
    run(folder.path(), &["figures", "--out=out", "adam"]).well();
    assert!(page().contains("id=\"bowl\"") && page().contains("id=\"adam\""));
}

#[test]
fn lists_and_refusals() {
    let rows = csv(&run(&std::env::temp_dir(), &["figures", "--format=csv"]).well().stdout);
    assert_eq!(rows.len(), catalogue().len() + 1);
    assert!(rows.iter().all(|row| row.len() == 5));
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/figures.md")).unwrap();
    for figure in catalogue() {
        let (title, command) = (figure["title"].as_str().unwrap(), figure["command"].as_str().unwrap());
        assert!(page.contains(&format!("{title} | `{command}`")), "docs/figures.md lacks {title}, {command}");
    }
    let table = run(&std::env::temp_dir(), &["figures"]).well().stdout;
    assert!(table.contains("ravine trace square --optimizer sgd:lr=0.2"), "{table}");
    run(&std::env::temp_dir(), &["figures", "nope"]).refused(2, &["unknown figure 'nope'", "two-minima"]);
    run(&std::env::temp_dir(), &["figures", "--png"]).refused(2, &["--out"]);
}
