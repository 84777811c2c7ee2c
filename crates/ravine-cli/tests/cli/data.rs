//! `ravine data`, and what `compare` says where data is missing or damaged.

use crate::command::{csv, run};
use std::fs;

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

#[test]
fn missing_files_are_named_with_the_way_to_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    let text = run(&["data", "--data", "."]).well().stdout;
    for word in ["iris", "part of this program", "missing in", FILES[0], "To get fashion-mnist:", "apt-get"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let rows = csv(&run(&["data", "--data", ".", "--format=csv"]).well().stdout);
    assert!(rows.len() == 14 && rows.iter().all(|row| row.len() == 8));
    let list = run(&["data", "--data", ".", "--format=json"]).well().json();
    assert_eq!(list.as_array().unwrap().len(), 13);
    run(&["compare", "-w", "fashion-mlp", "--data", "."]).refused(1, &["fashion-mnist", FILES[3], "apt-get"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "no store is begun");
    run(&["data", "--data", "nowhere"]).refused(1, &["there is no folder nowhere"]);
    run(&["compare", "-w", "fashion-mlp", "--data", "nowhere"]).refused(1, &["nowhere", "fashion-mnist"]);
}

#[test]
fn a_damaged_file_is_named_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for file in FILES {
        fs::write(folder.path().join(file), "no pictures").unwrap();
    }
    let ran = run(folder.path(), &["data", "--data", "."]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("part of this program"), "the list is there all the same");
    for text in [&ran.stdout, &ran.stderr] {
        for word in ["fashion-mnist", "train-images-idx3-ubyte", "expected", "found"] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    run(folder.path(), &["compare", "-w", "fashion-mlp", "--data", "."])
        .refused(1, &["train-images-idx3-ubyte", "expected", "found"]);
}
