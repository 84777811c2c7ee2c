//! Comparisons as they run.

use crate::client::Served;
use ravine_lab::compare::{self, Execution};
use ravine_lab::plan::Plan;
use ravine_lab::store::Store;
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn plan() -> Plan {
    Plan {
        workloads: vec!["iris-softmax".into()],
        optimizers: vec!["sgd".into(), "adam".into()],
        schedules: vec!["constant".into()],
        budget: 3,
        tuning_seeds: 1,
        seeds: 3,
        epochs: Some(2),
        fixed_order: false,
    }
}

fn run(path: &Path) {
    let plan = plan();
    let workloads = plan.check(None).unwrap();
    let store = Store::open(path).unwrap();
    let id = compare::begin(&store, &plan, &workloads, "ravine compare", 1, false).unwrap();
    let execution = Execution { jobs: 1, stop: &AtomicBool::new(false), watch: &|_| {} };
    compare::run(&store, id, &plan, &workloads, &execution).unwrap();
}

#[test]
fn a_comparison_is_followed_from_before_its_store_is_there_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out/runs.sqlite");
    let served = Served::with_store(&path);
    let empty = served.get("/api/runs").json();
    assert_eq!(empty["runs"], Value::Array(Vec::new()));
    assert!(!path.parent().unwrap().exists(), "looking makes nothing");

    let lines = served.lines("/api/runs/1/events");
    let writer = std::thread::spawn(move || run(&path));
    let (mut news, mut event) = (Vec::new(), String::new());
    for line in lines {
        match line.split_once(": ") {
            Some(("event", name)) => event = name.to_owned(),
            Some(("data", data)) if event == "news" => {
                news.push(serde_json::from_str::<Value>(data).unwrap())
            }
            Some(("data", data)) => {
                assert_eq!((&*event, data), ("end", "finished"));
                break;
            }
            _ => {}
        }
    }
    writer.join().unwrap();
    let last = news.last().expect("it was told of the comparison");
    assert_eq!((&last["finished"], &last["phase"]), (&true.into(), &"report".into()));
    let ended: Vec<u64> = news.iter().map(|news| news["ended"].as_u64().unwrap()).collect();
    assert!(ended.is_sorted());
    let arms = last["arms"].as_array().unwrap();
    assert_eq!(arms.len(), 2);
    for arm in arms {
        assert_eq!(arm["runs"], 3);
        assert!(arm["validation"].as_f64().is_some() && arm["curve"].as_array().unwrap().len() > 2, "{arm}");
    }

    let list = served.get("/api/runs").json();
    assert_eq!((&list["runs"][0]["id"], &list["runs"][0]["finished"]), (&1.into(), &true.into()));
    let one = served.get("/api/runs/1").json();
    assert_eq!(one["rows"][0].as_array().unwrap().len(), 2);
    assert!(!one["verdicts"][0]["claims"].as_array().unwrap().is_empty());

    let report = served.get("/runs/1/report");
    assert_eq!((report.status, report.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = report.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(report.body.contains("<!DOCTYPE html>"));
}

#[test]
fn a_file_that_is_no_store_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.sqlite");
    std::fs::write(&path, "some text that is no database").unwrap();
    let served = Served::with_store(&path);
    served.get("/api/runs").refused(500, &["not a run store"]);
    let lines: Vec<String> = served.lines("/api/runs/1/events").collect();
    assert!(lines.iter().any(|line| line == "event: trouble"), "{lines:?}");
}
