//! Ctrl-C and kill in the middle of a comparison.

use crate::command::{Ran, finish, numbers, ravine, run};
use crate::trouble::intact;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// Long enough to be caught in the middle.
const LONG: &[&str] = &[
    "compare",
    "--workload=digits-mlp",
    "--optimizers=sgd,adam:betas=0.9/0.95",
    "--schedules=cosine:warmup=5%",
    "--seeds=20",
    "--tuning-seeds=2",
    "--budget=4",
    "--epochs=20",
    "--jobs=2",
];
/// Its trials.
const TRIALS: i64 = 2 * (2 * 4 + 20);

/// What it gives when nothing comes between, as JSON.
fn undisturbed() -> &'static Value {
    static RESULT: OnceLock<Value> = OnceLock::new();
    RESULT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        numbers(&run(folder.path(), &[LONG, &["--format=json"]].concat()).well().json())
    })
}

/// Finished trials in the store of `folder`; none while there is no store.
fn trials(folder: &Path) -> i64 {
    let count = |connection: Connection| {
        connection.query_row("SELECT count(*) FROM trial WHERE end IS NOT NULL", [], |row| row.get(0))
    };
    let store = folder.join("ravine-out/runs.sqlite");
    Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(count).unwrap_or(0)
}

fn start(folder: &Path, more: &[&str]) -> Child {
    let mut command = ravine(&[LONG, more].concat());
    command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
}

/// Starts a comparison in `folder` and sends it a signal once `after` trials are in the store. False if it was done
/// before the signal came.
fn disturb(folder: &Path, name: &str, after: i64, more: &[&str]) -> (Output, bool) {
    let mut child = start(folder, more);
    while trials(folder) < after && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    let disturbed = output.status.code() != Some(0);
    (output, disturbed)
}

/// The same in fresh folders, until the signal comes in time.
fn disturbed(name: &str, after: i64, more: &[&str]) -> (tempfile::TempDir, Output) {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        if let (output, true) = disturb(folder.path(), name, after, more) {
            return (folder, output);
        }
    }
    panic!("it was always done before it could be disturbed");
}

#[test]
fn a_killed_process_loses_nothing_that_was_finished() {
    for after in [1, 12, 30] {
        let (folder, output) = disturbed("-KILL", after, &[]);
        assert_eq!(output.status.signal(), Some(9));
        let finished = trials(folder.path());
        assert!((after..TRIALS).contains(&finished));
        intact(&folder.path().join("ravine-out/runs.sqlite"));
        assert_eq!(trials(folder.path()), finished, "opening it changes nothing");

        let report = run(folder.path(), &["report", "--format=csv"]);
        assert_eq!(report.code, Some(0), "a report of what there is: {}", report.stderr);
        assert!(report.stderr.contains("not finished") && report.stderr.contains(" --resume"));

        let resumed = run(folder.path(), &[LONG, &["--resume", "--format=json"]].concat()).well().json();
        assert_eq!(numbers(&resumed), *undisturbed(), "killed after {after} trials");
        assert_eq!(trials(folder.path()), TRIALS, "nothing was run twice");
        let list = run(folder.path(), &["report", "--list", "--format=json"]).well().json();
        assert_eq!((list.as_array().unwrap().len(), &list[0]["finished"]), (1, &true.into()));
        let locks = std::fs::read_dir(folder.path().join("ravine-out")).unwrap();
        assert_eq!(locks.count(), 2, "the store and the report");
    }
}

#[test]
fn ctrl_c_says_how_to_go_on_and_that_works() {
    // The folder's name is one that a shell would not leave as it is.
    let odd = ["--format=json", "--data", "$HOME's *"];
    for (name, after) in [("-INT", 5), ("-TERM", 25)] {
        let (folder, output) = disturbed(name, after, &odd);
        let ran = Ran::from(output);
        assert_eq!((ran.code, &*ran.stdout), (Some(130), ""), "{}", ran.stderr);
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!((lines.len(), lines[0]), (2, "Interrupted. To go on:"));
        let command = lines[1].strip_prefix("    ").unwrap();
        let arguments = LONG.join(" ");
        assert_eq!(command, format!("ravine {arguments} --format=json --data '$HOME'\\''s *' --resume"));

        assert!(trials(folder.path()) >= after);
        let programs = Path::new(env!("CARGO_BIN_EXE_ravine")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("PATH", path).current_dir(&folder);
        let resumed = finish(&mut shell).well().json();
        assert_eq!(numbers(&resumed), *undisturbed(), "after {name}");
        assert_eq!(trials(folder.path()), TRIALS);
    }
}

#[test]
fn two_cannot_go_on_with_one_comparison() {
    let (folder, _) = disturbed("-INT", 2, &[]);
    let lock = folder.path().join("ravine-out/runs.sqlite-1.lock");
    let file = File::create(&lock).unwrap();
    file.try_lock().unwrap();
    let finished = trials(folder.path());
    run(folder.path(), &[LONG, &["--resume"]].concat())
        .refused(1, &["comparison 1 in ravine-out/runs.sqlite is being run by another process"]);
    assert_eq!(trials(folder.path()), finished);
    drop(file);
    run(folder.path(), &[LONG, &["--resume"]].concat()).well();
}

#[test]
fn advice_on_a_comparison_under_way_says_so() {
    let (folder, _) = disturbed("-INT", TRIALS - 20, &["--quiet"]);
    let ran = run(folder.path(), &["advise", "digits-mlp"]);
    assert!(ran.code == Some(0) && ran.stderr.contains("not finished"), "{}", ran.stderr);
    run(folder.path(), &[LONG, &["--quiet", "--resume"]].concat()).well();
    run(folder.path(), &["advise", "digits-mlp"]).well();
}
