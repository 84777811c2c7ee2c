//! `ravine train` and `ravine eval`.

use crate::command::{Ran, csv, finish, ravine, run};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A run of a fraction of a second.
const SMALL: &[&str] = &["train", "digits-mlp", "--epochs=4", "--schedule=cosine", "--lr=0.01", "--out=run"];
/// One that is caught in the middle.
const LONG: &[&str] = &[
    "train",
    "digits-mlp",
    "--steps=12000",
    "--optimizer=sgd:momentum=0.9",
    "--lr=0.01",
    "--ema=0.99",
    "--accumulate=2",
    "--plateau=plateau:patience=2,factor=0.5",
    "--out=my run",
];

/// The log less the clock.
fn log(folder: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
    let still = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        value.as_object_mut().unwrap().remove("seconds");
        value
    };
    text.lines().map(still).collect()
}

#[test]
fn a_run_is_trained_told_of_and_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), SMALL);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(lines[0].contains("epoch") && lines[0].contains("accuracy"));
    assert_eq!(lines.len(), 1 + 1 + 132_usize.div_ceil(6), "{}", ran.stderr);
    assert!(lines[1].ends_with("best") && !ran.stderr.contains('\x1b'));
    for words in
        ["digits-mlp, adamw: all 132 steps", "test of the weights", "run/weights.safetensors", "run/loss.svg"]
    {
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
    let picture = std::fs::read_to_string(folder.path().join("run/loss.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("validation"));
    assert_eq!(log(&folder.path().join("run")).len(), 24);

    run(folder.path(), SMALL).refused(1, &["run holds a run already", "--resume", "--overwrite"]);
    let args = |more: &[&'static str]| [SMALL, &["--quiet"], more].concat();
    let again = run(folder.path(), &args(&["--overwrite", "--format=json"])).well().json();
    let test = &again["result"]["test"];
    assert!(test["metric"].as_f64().unwrap() > 0.9);
    assert_eq!(again["result"]["end"], "finished");
    let rows = csv(&run(folder.path(), &args(&["--resume", "--format=csv"])).well().stdout);
    assert_eq!((rows.len(), &*rows[0][3]), (4, "accuracy"), "what is finished is told again");

    let weights = "run/weights.safetensors";
    let seen = run(folder.path(), &["eval", weights, "--format=json"]).well().json();
    assert_eq!((&seen["loss"], &seen["value"]), (&test["loss"], &test["metric"]));
    assert_eq!((&seen["split"], &seen["workload"]), (&"test".into(), &"digits-mlp".into()));
    let table = run(folder.path(), &["eval", weights, "--split=validation"]).well().stdout;
    assert!(table.contains("validation") && table.contains("accuracy"), "{table}");
    run(folder.path(), &["eval", weights, "--workload=iris-softmax"])
        .refused(1, &["0.weight", "expected shape [3, 4]"]);
    run(folder.path(), &["eval", "nowhere"]).refused(1, &["cannot read nowhere"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str], code, words: &[&str]| {
        run(folder.path(), &[&["train"], arguments].concat()).refused(code, words);
    };
    refused(&["digit-mlp"], 2, &["unknown workload 'digit-mlp'", "digits-mlp"]);
    refused(&["digits-mlp:batch=100000"], 2, &["batch must be a number from 1 to", "100000"]);
    for lr in ["0", "-1", "nan", "inf"] {
        refused(&["digits-mlp", "--lr", lr], 2, &["lr must be finite and above 0"]);
    }
    refused(&["digits-mlp", "--optimizer=adamm"], 2, &["did you mean 'adam'"]);
    refused(&["digits-mlp", "--optimizer=sgd,adam"], 2, &["one optimizer is trained with, not 2"]);
    refused(&["digits-mlp", "--schedule=cosin"], 2, &["cosin"]);
    refused(&["digits-mlp", "--plateau=plateau:mode=max"], 2, &["mode"]);
    refused(&["digits-mlp", "--steps=0"], 2, &["steps"]);
    refused(&["digits-mlp", "--steps=9", "--epochs=1"], 2, &["cannot be used with"]);
    refused(&["digits-mlp", "--ema=1"], 2, &["decay"]);
    refused(&["digits-mlp", "--checkpoint-every=-1"], 2, &["seconds"]);
    refused(&["digits-mlp", "--resume", "--out=none"], 1, &["nothing to resume", "none"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no refusal writes anything");
    std::fs::write(folder.path().join("file"), "").unwrap();
    refused(&["digits-mlp", "--out=file/run"], 1, &["cannot make the folder file/run"]);
}

#[test]
fn divergence_is_a_failure_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["train", "digits-mlp", "--optimizer=sgd", "--lr=1e6", "--quiet"];
    let ran = run(folder.path(), &arguments).refused(1, &["diverged", "1e6", "--clip-norm"]);
    assert!(ran.stderr.contains("ravine-out/train/digits-mlp"));
    assert!(!folder.path().join("ravine-out/train/digits-mlp/weights.safetensors").exists());
}

fn start(folder: &Path, more: &[&str]) -> Child {
    let mut command = ravine(&[LONG, more].concat());
    command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn evaluations(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("my run/log.jsonl")).map_or(0, |text| text.lines().count())
}

/// Sends a signal once this much is in the log.
fn disturb(folder: &Path, name: &str, after: usize, more: &[&str]) -> Ran {
    let mut child = start(folder, more);
    while evaluations(folder) < after && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_run_that_is_stopped_or_killed_comes_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let [straight, broken] = ["straight", "broken"].map(|name| folder.path().join(name));
    for path in [&straight, &broken] {
        std::fs::create_dir(path).unwrap();
    }
    let result = |ran: &Ran| {
        let mut result = ran.json()["result"].clone();
        result.as_object_mut().unwrap().remove("seconds");
        result
    };
    let json = ["--quiet", "--format=json"];
    let expected = run(&straight, &[LONG, &json].concat()).well();

    let ran = disturb(&broken, "-INT", 20, &["--checkpoint-every=0.05", "--quiet", "--format=json"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(130), ""), "{}", ran.stderr);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(lines[0].starts_with("Interrupted after ") && lines[0].ends_with(" of 12000 steps. To go on:"));
    let command = lines[1].trim();
    assert!(command.contains("'--out=my run'") && command.ends_with(" --resume"), "{command}");

    for after in [200, 450] {
        let ran = disturb(&broken, "-KILL", after, &["--checkpoint-every=0.05", "--quiet", "--resume"]);
        assert_eq!((ran.code, &*ran.stderr), (None, ""));
    }
    let programs = Path::new(env!("CARGO_BIN_EXE_ravine")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env("PATH", path).current_dir(&broken);
    let ended = finish(&mut shell).well();
    assert_eq!(result(&ended), result(&expected));
    assert_eq!(log(&broken.join("my run")), log(&straight.join("my run")));
}

#[test]
fn a_file_steers_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(folder.path(), &["--plain"]);
    let control = folder.path().join("my run/control");
    let mut order = |text: &str| {
        while evaluations(folder.path()) == 0 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::fs::write(&control, text).unwrap();
        while control.exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    order("evaluate\nlr fast\n");
    order("lr 0.5x\ncheckpoint\n");
    order("stop");
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("line 2: 'fast' is no number above 0")
            && ran.stderr.contains("nothing of it is done")
    );
    // The plateau rule halves the rate too, before or after the hand does.
    let by_hand = ran.stderr.split(" by hand").next().and_then(|text| text.rsplit(' ').next());
    let halvings = by_hand.and_then(|rate| rate.parse().ok()).map(|rate: f64| (0.01 / rate).log2());
    let whole = |halvings: f64| halvings > 0.9 && (halvings - halvings.round()).abs() < 0.1;
    assert!(halvings.is_some_and(whole), "{by_hand:?} in {}", ran.stderr);
    let kinds: Vec<_> =
        log(&folder.path().join("my run")).iter().map(|entry| entry["kind"].clone()).collect();
    assert!(kinds.contains(&"rate".into()) && !kinds.contains(&"look".into()));
}
