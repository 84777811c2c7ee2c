//! The user's own data, and advice on it.

use crate::command::{Ran, csv, run};
use image::{GrayImage, Luma};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Two classes of thirty pictures each, light ones and dark ones, and a file that is none.
fn pictures(folder: &Path, classes: usize) {
    for (class, base) in [("dark", 20), ("light", 200)] {
        fs::create_dir_all(folder.join(class)).unwrap();
        for i in 0..classes {
            let picture = GrayImage::from_fn(6, 5, |x, y| Luma([base + (i as u8 % 7) + (x * y) as u8]));
            picture.save(folder.join(class).join(format!("{i:02}.png"))).unwrap();
        }
    }
    let whole = fs::read(folder.join("dark/00.png")).unwrap();
    fs::write(folder.join("dark/broken.png"), &whole[..whole.len() / 2]).unwrap();
}

/// A table of sixty trees; in line 5 a value is not there, in line 9 a row is too short.
fn table(path: &Path) {
    let row = |i: usize| match i {
        3 => ",2.5,oak\n".to_owned(),
        7 => "1,2\n".to_owned(),
        _ => format!("{},{},{}\n", i % 2 * 10 + i % 3, i % 5, ["oak", "elm"][i % 2]),
    };
    fs::write(path, "height,girth,kind\n".to_owned() + &(0..60).map(row).collect::<String>()).unwrap();
}

/// A training of no time that says little.
fn train(folder: &Path, more: &[&str]) -> Ran {
    run(
        folder,
        &[&["train", "--epochs=2", "--lr=0.01", "--quiet", "--out=run", "--overwrite"], more].concat(),
    )
}

/// It did what it was asked, and said these things of the data first, a line each.
#[track_caller]
fn noted(ran: &Ran, notes: &[&str]) {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said: Vec<&str> = ran.stderr.lines().take_while(|line| line.starts_with("note: ")).collect();
    assert_eq!(said.len(), notes.len(), "{}", ran.stderr);
    for (said, note) in said.iter().zip(notes) {
        assert!(said.contains(note), "'{said}' does not say '{note}'");
    }
}

#[test]
fn a_broken_picture_is_named_and_counted_and_training_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    pictures(&folder.path().join("my, pictures"), 30);
    let ran = train(folder.path(), &["--images=my, pictures", "--format=json"]);
    noted(&ran, &["left out: 1 of 61 files", "my, pictures/dark/broken.png: no picture: "]);
    assert_eq!(ran.json()["result"]["test"]["metric"], 1.0, "light is not dark: {}", ran.stdout);
    // The same by its spec, in which the comma of the path is marked.
    let spec = "images:dir=my\\, pictures,model=mlp,batch=8";
    noted(&train(folder.path(), &[spec]), &["left out: 1 of", "broken.png"]);
    let ran = train(folder.path(), &["images:batch=8,model=mlp", "--images=my, pictures", "--format=json"]);
    noted(&ran, &["left out: 1 of", "broken.png"]);
    for (i, broken) in (0..20).map(|i| (i, format!("my, pictures/light/{i}.jpg"))) {
        fs::write(folder.path().join(broken), format!("no picture {i}")).unwrap();
    }
    let ran = train(folder.path(), &["--images=my, pictures"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("left out: 21 of 81 files") && ran.stderr.contains("more such notes"));
}

#[test]
fn pictures_that_teach_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |code, words: &[&str]| {
        drop(train(folder.path(), &["--images=few"]).refused(code, words));
        assert!(!folder.path().join("run").exists());
    };
    refused(1, &["few", "no such folder"]);
    fs::create_dir(folder.path().join("few")).unwrap();
    refused(1, &["few", "at least two classes", "0 folders"]);
    pictures(&folder.path().join("few"), 2);
    let ran = run(folder.path(), &["train", "--images=few"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""));
    assert!(ran.stderr.contains("at least 10 pictures are needed, here are 4"), "{}", ran.stderr);
    for i in 0..20 {
        fs::write(folder.path().join(format!("few/light/{i}.txt")), "text").unwrap();
    }
    refused(1, &["21 of 25 files are no pictures", "few/dark/broken.png"]);
    // Enough to split, but not for a batch of the usual size.
    pictures(&folder.path().join("more"), 10);
    let words = ["batch must be a number from 1 to 12, not '32'"];
    train(folder.path(), &["--images=more"]).refused(2, &words);
}

#[test]
fn a_bad_row_and_a_missing_value_are_told_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    table(&folder.path().join("trees.csv"));
    let ran = train(folder.path(), &["--csv=trees.csv", "--target=kind", "--format=json"]);
    let notes = ["'kind' has 2 different values", "'height': 1 missing value, replaced by the mean"];
    let bad = ["left out: 1 of 60 rows", "trees.csv, line 9: 2 values, the header has 3"];
    noted(&ran, &[notes, bad].concat());
    assert!(ran.json()["result"]["test"]["metric"].as_f64().unwrap() > 0.5);
    let ran = train(folder.path(), &["--csv=trees.csv", "--target=girth", "--format=json"]);
    assert_eq!(ran.code, Some(0), "a number can be told too: {}", ran.stderr);
}

#[test]
fn columns_flags_and_workloads_that_do_not_fit_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    table(&folder.path().join("trees.csv"));
    pictures(&folder.path().join("pictures"), 30);
    for command in ["train", "compare", "advise", "lr-find", "diagnose"] {
        let refused = |arguments: &[&str], words: &[&str]| {
            drop(run(folder.path(), &[&[command], arguments].concat()).refused(2, words));
        };
        refused(
            &["--csv=trees.csv", "--target=kin"],
            &["unknown column 'kin'", "height, girth, kind", "did you mean 'kind'?"],
        );
        refused(&["--csv=trees.csv"], &["--target <COLUMN>"]);
        refused(&["--target=kind"], &["--csv <FILE>"]);
        refused(
            &["--images=pictures", "--csv=trees.csv", "--target=kind"],
            &["--images", "--csv", "not both"],
        );
        refused(&["--images=pictures", "--text=trees.csv"], &["--text <FILE>", "--images <DIR>"]);
        let workload: &[&str] = if command == "compare" { &["-w", "digits-mlp"] } else { &["digits-mlp"] };
        refused(&[workload, &["--images=pictures"]].concat(), &["'digits-mlp' takes no dir", "images"]);
    }
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, 2, "nothing is written");
}

/// Sixty lines of a text that is easily learnt.
fn text() -> Vec<u8> {
    "The quick brown fox jumps over the lazy d\u{f6}g, and again\n".repeat(60).into_bytes()
}

const TINY: &str = "text-gpt:depth=1,dim=8,heads=1,context=8,batch=8";

#[test]
fn a_text_is_modelled_and_one_that_is_none_is_refused_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fox, lazy.txt");
    fs::write(&path, text()).unwrap();
    let ran = train(folder.path(), &[TINY, "--text=fox, lazy.txt", "--format=json"]);
    noted(&ran, &[]);
    assert!(ran.json()["result"]["test"]["metric"].as_f64().unwrap() < 6.0);
    let mut bytes = text();
    // The third line, after as many characters as the umlaut's line has: columns are characters, not bytes.
    let line = bytes.len() / 60;
    bytes[2 * line + 45] = 0xff;
    fs::write(&path, bytes).unwrap();
    let words = ["fox, lazy.txt", "line 3, column 45", "0xff is not UTF-8"];
    train(folder.path(), &[TINY, "--text=fox, lazy.txt"]).refused(1, &words);
    fs::write(&path, "too short").unwrap();
    train(folder.path(), &["--text=fox, lazy.txt"])
        .refused(1, &["error: fox, lazy.txt: a text needs at least 1000 characters"]);
    train(folder.path(), &["--text=none.txt"]).refused(1, &["cannot read none.txt"]);
}

/// What a comparison of a second is asked for.
const FEW: &[&str] = &[
    "--optimizers=sgd,adam",
    "--schedules=constant,cosine",
    "--seeds=2",
    "--tuning-seeds=1",
    "--budget=2",
    "--epochs=2",
    "--quiet",
];

/// The advice in all three formats, which must agree; every sentence has what it rests on.
fn advice(folder: &Path, arguments: &[&str]) -> Value {
    let of = |format: &str| {
        let ran = run(folder, &[&["advise"], arguments, &[format]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran
    };
    let json = of("--format=json").json();
    let sentences = json["sentences"].as_array().unwrap();
    let rows = csv(&of("--format=csv").stdout);
    assert_eq!(rows[0], ["subject", "advice", "basis", "source"]);
    assert_eq!(rows.len(), 1 + sentences.len());
    let table = of("--format=table").stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for (sentence, row) in sentences.iter().zip(&rows[1..]) {
        assert_eq!(
            (&sentence["text"], &sentence["basis"]),
            (&row[1].as_str().into(), &row[2].as_str().into())
        );
        assert!(!row[3].is_empty(), "{row:?}");
        let told = match row[2].as_str() {
            "runs" => {
                let trials = sentence["trials"].as_array().unwrap();
                let ids: Vec<String> = trials.iter().map(|id| id.as_i64().unwrap().to_string()).collect();
                assert_eq!(ids.join(" "), row[3]);
                format!("{} [", row[1])
            }
            "prior" => {
                assert_eq!(sentence["source"], row[3].as_str());
                format!("{} [prior knowledge: {}]", row[1], row[3])
            }
            other => panic!("{other}"),
        };
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(table.contains(&told), "'{told}' is not in {table}");
    }
    json
}

fn bases(advice: &Value) -> Vec<&str> {
    advice["sentences"].as_array().unwrap().iter().map(|one| one["basis"].as_str().unwrap()).collect()
}

#[test]
fn advice_on_a_table_before_and_after_a_comparison() {
    let folder = tempfile::tempdir().unwrap();
    table(&folder.path().join("my, trees.csv"));
    let own = ["--csv=my, trees.csv", "--target=kind"];
    let before = advice(folder.path(), &own);
    assert_eq!(before["workload"], "table:file=my\\, trees.csv,target=kind");
    assert!(bases(&before).iter().all(|basis| *basis == "prior"));
    assert!(before["criteria"].as_array().unwrap().is_empty() && before["configuration"].is_null());
    let told = run(folder.path(), &[&["advise"], &own[..]].concat()).stderr;
    assert!(
        told.contains("There are no runs of table:file=my\\, trees.csv") && told.contains("ravine compare")
    );
    assert!(!folder.path().join("ravine-out").exists());

    let ran = run(folder.path(), &[&["compare", "--format=json"], &own[..], FEW].concat());
    noted(&ran, &["'kind' has 2", "'height': 1 missing value", "left out: 1 of 60 rows", "line 9"]);
    let everything = ran.json();
    let workload = &everything["comparison"]["workloads"][0];
    assert_eq!((&workload["name"], workload["arms"].as_array().unwrap().len()), (&before["workload"], 4));
    let after = advice(folder.path(), &own);
    assert!(bases(&after).contains(&"runs") && after["criteria"].as_array().unwrap().len() == 4);
    let trials = workload["arms"].as_array().unwrap().iter().flat_map(|arm| arm["runs"].as_array().unwrap());
    let trials: Vec<&Value> = trials.map(|run| &run["trial"]).collect();
    for sentence in after["sentences"].as_array().unwrap().iter().filter(|one| one["basis"] == "runs") {
        let rests = sentence["trials"].as_array().unwrap();
        assert!(!rests.is_empty() && rests.iter().all(|trial| trials.contains(&trial)), "{sentence}");
    }
    let told = run(folder.path(), &[&["advise"], &own[..]].concat());
    assert!(!told.stderr.contains("There are no runs"), "{}", told.stderr);

    // The command to copy works as it is.
    let command = after["configuration"]["command_line"].as_str().unwrap();
    let (spec, options) =
        command.strip_prefix("ravine train '").and_then(|rest| rest.split_once("' ")).unwrap();
    let options: Vec<&str> = options.split(' ').map(|word| word.trim_matches('\'')).collect();
    let ran = run(folder.path(), &[&["train", spec, "--quiet"], &options[..]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn advice_takes_specs_and_refuses_what_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &[&["compare", "-w", "iris-softmax"], FEW].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(bases(&advice(folder.path(), &["iris-softmax"])).contains(&"runs"));
    // Another workload has no runs here, and another folder none at all.
    assert!(!bases(&advice(folder.path(), &["wine-softmax"])).contains(&"runs"));
    assert!(!bases(&advice(folder.path(), &["iris-softmax", "--out=elsewhere"])).contains(&"runs"));
    let refused = |arguments: &[&str], words: &[&str]| {
        drop(run(folder.path(), &[&["advise"], arguments].concat()).refused(2, words));
    };
    refused(&["iris-softmx"], &["unknown workload 'iris-softmx'", "iris-softmax"]);
    refused(&["digits-mlp:height=3"], &["no option 'height'", "depth"]);
    refused(&[], &["WORKLOAD"]);
    fs::create_dir(folder.path().join("no-store")).unwrap();
    fs::write(folder.path().join("no-store/runs.sqlite"), "This is a text. ".repeat(100)).unwrap();
    run(folder.path(), &["advise", "iris-softmax", "--out=no-store"]).refused(1, &["not a run store"]);
}
