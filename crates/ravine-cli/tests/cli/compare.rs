//! `ravine compare`: what it prints in each format.

use crate::command::{SMALL, csv, numbers, ravine, run};
use std::process::Stdio;

#[test]
fn the_table_goes_to_standard_output_and_the_report_to_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), SMALL).well();
    assert!(!ran.stdout.contains('\u{1b}'), "no colour and no progress where it is no terminal");
    for text in ["iris-softmax: softmax", "best lr", "adam:betas=0.9/0.95", "cosine:warmup=5%", "0/3"] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
    assert_eq!(ran.stdout.matches('\u{25b6}').count(), 1, "one arm is recommended");
    assert!(ran.stdout.contains("\nReport: ravine-out/report.html\n"));
    let html = std::fs::read_to_string(folder.path().join("ravine-out/report.html")).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.trim_end().ends_with("</html>"));
    let files = std::fs::read_dir(folder.path().join("ravine-out")).unwrap();
    assert_eq!(files.count(), 2, "the store and the report");
}

#[test]
fn json_has_everything_and_depends_on_the_plan_alone() {
    let folder = tempfile::tempdir().unwrap();
    let of = |jobs: &str| {
        let out = format!("--out={jobs}");
        run(folder.path(), &[SMALL, &["--format=json", "--jobs", jobs, &out]].concat()).well().json()
    };
    let everything = of("1");
    for jobs in ["2", "5"] {
        assert_eq!(numbers(&of(jobs)), numbers(&everything), "{jobs} jobs");
    }
    let comparison = &everything["comparison"];
    for key in ["command", "version", "plan_hash", "started", "machine", "jobs", "seconds", "seeds"] {
        assert!(!comparison[key].is_null(), "{key}");
    }
    assert_eq!(comparison["tuning"]["trials"], 3);
    assert_eq!(comparison["seeds"].as_array().unwrap().len(), 3);
    let workload = &comparison["workloads"][0];
    assert_eq!(workload["name"], "iris-softmax");
    let arms = workload["arms"].as_array().unwrap();
    assert_eq!(arms.len(), 4);
    for arm in arms {
        assert_eq!(arm["tuning"].as_array().unwrap().len(), 6);
        for run in arm["runs"].as_array().unwrap() {
            assert!(run["test"].is_number() && run["end"] == "finished");
            assert_eq!(run["curve"].as_array().unwrap().len(), 21);
        }
    }
    assert_eq!(everything["rows"][0].as_array().unwrap().len(), 4);
    assert!(everything["verdicts"][0]["claims"].as_array().is_some_and(|claims| !claims.is_empty()));
}

#[test]
fn csv_has_a_row_for_each_arm() {
    let folder = tempfile::tempdir().unwrap();
    let two = ["--format=csv", "-w", "wine-softmax", "--schedules=constant:scale=1e35"];
    let rows = csv(&run(folder.path(), &[SMALL, &two].concat()).well().stdout);
    assert_eq!(rows.len(), 1 + 2 * 6);
    assert!(rows.iter().all(|row| row.len() == 16), "{rows:?}");
    let column = |name: &str| rows[0].iter().position(|heading| heading == name).unwrap();
    for row in &rows[1..] {
        assert!(["true", "false"].contains(&&*row[column("recommended")]));
        let failed = row[column("schedule")] == "constant:scale=1e35";
        for number in ["lr", "lr_low", "lr_high", "validation", "test", "test_low", "test_high"] {
            assert_eq!(row[column(number)].parse::<f64>().is_err(), failed, "{number}: {row:?}");
        }
        assert_eq!(row[column("runs")], if failed { "0" } else { "3" });
    }
}

#[test]
fn a_learning_rate_in_a_spec_is_said_to_be_of_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let with = |optimizers: &str, more: &[&str]| {
        let optimizers = format!("--optimizers={optimizers}");
        let few = ["compare", "-wiris-softmax", "--schedules=step", "--seeds=2", "--budget=2"];
        run(folder.path(), &[&few[..], &["--tuning-seeds=1", "--format=json", &optimizers], more].concat())
    };
    let ran = with("sgd,adam:lr=0.5", &[]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.starts_with("note: the learning rate in adam:lr=0.5 is not used"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1);
    assert_eq!(ran.json()["comparison"]["workloads"][0]["arms"][1]["optimizer"], "adam");
    // It is no part of the plan, so what was begun with it goes on without.
    let again = with("sgd,adam", &["--resume"]).well();
    assert_eq!(again.json()["comparison"]["started"], ran.json()["comparison"]["started"]);
}

#[test]
fn every_workload_without_files_runs() {
    let folder = tempfile::tempdir().unwrap();
    let names = "digits-mlp,quadratic-deep,digits-softmax,iris-softmax,wine-softmax,breast-cancer-softmax";
    let more = ["--workload", names, "--epochs=1", "--optimizers=rmsprop:momentum=0.5", "--fixed-order"];
    let schedules = ["--schedules", "(constant for 50% then cosine):warmup=10%,one-cycle"];
    let few = ["--seeds=1", "--tuning-seeds=1", "--budget=1"];
    let ran = run(folder.path(), &[&["compare"], &more[..], &schedules, &few].concat()).well();
    for name in names.split(',') {
        assert!(ran.stdout.contains(&format!("\n{name}: ")), "{}", ran.stdout);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = ravine(&[SMALL, &["--format=json"]].concat())
        .current_dir(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As `| head -1` does, if sooner: the output is far larger than what a pipe holds.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    assert!(folder.path().join("ravine-out/report.html").is_file());
}
