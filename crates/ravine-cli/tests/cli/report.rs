//! `ravine report`: everything again from the run store.

use crate::command::{SMALL, csv, run};
use std::fs;

#[test]
fn it_makes_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    let html = folder.path().join("ravine-out/report.html");
    for format in ["--format=table", "--format=json", "--format=csv"] {
        let compared = run(&[SMALL, &[format]].concat()).well();
        let bytes = fs::read(&html).unwrap();
        fs::remove_file(&html).unwrap();
        assert_eq!(run(&["report", format]).well().stdout, compared.stdout);
        assert!(fs::read(&html).unwrap() == bytes, "the report has the same bytes");
    }
    let started = |arguments: &[&str]| {
        let everything = run(&[&["report", "--format=json"], arguments].concat()).well().json();
        everything["comparison"]["command"].as_str().unwrap().to_owned()
    };
    assert!(started(&[]).ends_with("--format=csv"), "the last one, if none is named");
    assert!(started(&["--run", "2"]).ends_with("--format=json"));
    run(&["report", "--run", "99"]).refused(2, &["no comparison 99", "it has: 1, 2, 3"]);
    run(&["report", "--run", "-1"]).refused(2, &["no comparison -1"]);
}

#[test]
fn the_list_has_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    run(SMALL).well();
    run(&[SMALL, &["--quiet", "--data", "a folder's name"]].concat()).well();
    let table = run(&["report", "--list"]).well().stdout;
    assert_eq!(table.lines().count(), 4);
    assert!(table.contains("finished") && table.contains("--data 'a folder'\\''s name'"), "{table}");
    let rows = csv(&run(&["report", "--list", "--format=csv"]).well().stdout);
    assert!(rows.len() == 3 && rows.iter().all(|row| row.len() == 5), "{rows:?}");
    let list = run(&["report", "--list", "--format=json"]).well().json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!((&list[1]["id"], &list[1]["finished"]), (&2.into(), &true.into()));
    assert_eq!(list[0]["plan"]["seeds"], 3);
}
