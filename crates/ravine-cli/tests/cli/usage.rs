//! Wrong arguments: exit code 2, the wrong thing named, the right ones listed, and nothing done.

use crate::command::{Ran, ravine, run};

fn compare(arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &[&["compare"], arguments].concat());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is written");
    ran
}

#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    compare(arguments).refused(2, words).refused(2, &["For more information, try '--help'."]);
}

#[test]
fn unknown_names() {
    refused(&["-w", "mnist"], &["unknown workload 'mnist'", "digits-mlp", "breast-cancer-softmax"]);
    refused(&["--optimizers", "sgd,adm"], &["unknown optimizer 'adm' (did you mean 'adam'?)", "rmsprop"]);
    refused(&["--schedules", "cosin"], &["unknown schedule 'cosin' (did you mean 'cosine'?)", "one-cycle"]);
    refused(&["--optimizers", "adam:beta=0.9"], &["adam has no 'beta' (did you mean 'betas'?)", "eps"]);
    refused(&["--schedules", "cosine:stps=9"], &["cosine has no 'stps' (did you mean 'steps'?)", "warmup"]);
    refused(&["--optimizers", "lr=3"], &["unknown optimizer 'lr=3'"]);
    refused(&["--format", "xml"], &["'xml'", "table, json, csv"]);
    refused(&["--seed", "3"], &["'--seed'", "'--seeds'"]);
}

#[test]
fn values_that_make_no_sense() {
    for value in ["-1", "nan", "inf", "", "much", "1,5"] {
        let spec = format!("adam:eps={value}");
        let ran = compare(&["--optimizers", &spec]).refused(2, &["adam"]);
        assert!(ran.stderr.contains("eps") || ran.stderr.contains("'5'"), "{}", ran.stderr);
    }
    refused(&["--optimizers", "adam:lr=-1"], &["adam: lr must be 0 or more, not -1"]);
    refused(&["--optimizers", "adam:betas=0.9"], &["betas must be two numbers", "'0.9'"]);
    refused(&["--optimizers", "adam:eps=1,eps=2"], &["'eps' is given twice"]);
    refused(&["--schedules", "cosine:warmup=5.5.5%"], &["warmup", "'5.5.5%'"]);
    refused(&["--schedules", "(cosine"], &["'(cosine'", "bracket"]);
    refused(&["--schedules", "constant then cosine"], &["'constant'", "needs a length"]);
}

#[test]
fn counts_that_make_no_sense() {
    for option in ["--seeds", "--budget", "--tuning-seeds", "--epochs", "--jobs"] {
        let name = option.trim_start_matches('-').replace('-', " ");
        refused(&[option, "0"], &[&format!("{name} must be between 1 and "), "not 0"]);
        refused(&[option, "99999999"], &[&format!("{name} must be between 1 and "), "not 99999999"]);
        for value in ["-1", "", "x", "1.5", "1e3", "99999999999999999999999"] {
            refused(&[option, value], &[option, &format!("'{value}'")]);
        }
        refused(&[option], &[option, "value is required"]);
    }
}

#[test]
fn the_same_thing_twice_and_nothing() {
    refused(&["--optimizers", "adam,sgd,adam"], &["the optimizer 'adam' is given twice"]);
    refused(&["--schedules", "step", "--schedules", "step"], &["the schedule 'step' is given twice"]);
    refused(&["-w", "iris-softmax,iris-softmax"], &["the workload 'iris-softmax' is given twice"]);
    refused(&["--optimizers", "momentum,sgd:momentum=0.9"], &["'momentum' and 'sgd:momentum=0.9'"]);
    refused(&["--optimizers", ","], &["at least one optimizer"]);
    refused(&["--schedules="], &["at least one schedule"]);
    refused(&["-w", ""], &["at least one workload"]);
    // Learning rates do not make a difference, which is said before.
    let ran = compare(&["--optimizers", "adam:lr=0.1,adam:lr=0.2"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with("note: the learning rate in adam:lr=0.1, adam:lr=0.2 is not used"));
    assert!(ran.stderr.contains("error: the optimizer 'adam' is given twice"));
}

#[test]
fn wrong_arguments_are_answered_before_data_is_looked_for() {
    for wrong in [["--optimizers", "adm"], ["--schedules", "cosin"], ["--seeds", "0"], ["--jobs", "0"]] {
        refused(&[&["-w", "fashion-mlp", "--data", "/nowhere"], &wrong[..]].concat(), &[]);
    }
}

#[test]
fn commands() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    run(&["comprae"]).refused(2, &["'comprae'", "'compare'"]);
    run(&["report", "--run", "x"]).refused(2, &["--run", "'x'"]);
    run(&["report", "--run", "1", "--list"]).refused(2, &["--run", "--list"]);
    run(&["completions", "tcsh"]).refused(2, &["'tcsh'", "bash", "fish", "zsh"]);
    let bare = run(&[]);
    assert!(bare.code == Some(2) && bare.stderr.contains("Usage: ravine"));
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_and_streams_that_are_full() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let strange = std::ffi::OsStr::from_bytes(b"out-\xff\xfe");
    let mut command = ravine(crate::command::SMALL);
    let ran = crate::command::finish(command.current_dir(&folder).arg("--out").arg(strange));
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""));
    assert!(folder.path().join(strange).join("report.html").is_file());

    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        return println!("skipped: no /dev/full here");
    };
    let ran = crate::command::finish(ravine(&["compare", "--seeds", "0"]).stderr(full.try_clone().unwrap()));
    assert_eq!(ran.code, Some(2), "not a panic");
    let mut command = ravine(&["optimizers"]);
    let output = command.stdout(full).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let ran = Ran::from(output.wait_with_output().unwrap());
    ran.refused(1, &["cannot write the output", "No space left"]);
}
