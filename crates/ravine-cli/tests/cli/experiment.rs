//! `ravine experiment`: lists, findings, their folder, interruption.

use crate::command::{csv, ravine, run};
use std::fs;

#[test]
fn the_list_has_every_experiment_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments).well();
    let list = run(&["experiment", "--format=json"]).json();
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert!(names.len() >= 20 && names.contains(&"museum"), "{names:?}");
    let table = run(&["experiment"]).stdout;
    assert!(names.iter().all(|name| table.contains(name)), "{table}");
    assert_eq!(csv(&run(&["experiment", "--format=csv"]).stdout).len(), names.len() + 1);
    // In one folder they share file names with figures.
    let figures = run(&["figures", "--format=json"]).json();
    for figure in figures.as_array().unwrap() {
        assert!(!names.contains(&figure["name"].as_str().unwrap()), "{figure}");
    }
}

#[test]
fn findings_join_the_page_of_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    let table = run(&["experiment", "steepest-direction", "--out=seen"]).well().stdout;
    for words in ["Claim: ", "Setup: ", "306.9", "4.999999", "Verdict: depends. ", "Index: seen/index.html"] {
        assert!(table.contains(words), "'{words}' is missing in {table}");
    }
    let first = fs::read_to_string(folder.path().join("seen/index.html")).unwrap();
    assert!(first.contains("steepest-direction") && !first.contains("large-rate"));

    // A file of somebody else's stays as it is, and is said not to be in the page.
    fs::write(folder.path().join("seen/other.json"), "{\"a\": 1}").unwrap();
    let again = run(&["experiment", "large-rate", "large-rate", "--out=seen", "--format=json"]);
    assert_eq!(again.code, Some(0));
    assert!(again.stderr.contains("seen/other.json is not in the index"), "{}", again.stderr);
    let item = &again.json()[0];
    assert_eq!(again.json().as_array().unwrap().len(), 1, "named twice, run once");
    assert_eq!(item["verdict"][0], "depends");
    assert_eq!(fs::read_to_string(folder.path().join("seen/other.json")).unwrap(), "{\"a\": 1}");
    let page = fs::read_to_string(folder.path().join("seen/index.html")).unwrap();
    for picture in item["pictures"].as_array().unwrap() {
        let file = picture["file"].as_str().unwrap();
        let svg = fs::read_to_string(folder.path().join("seen").join(file)).unwrap();
        assert!(svg.starts_with("<svg") && page.contains(&format!("src=\"{file}\"")), "{file}");
    }
    assert!(
        page.find("id=\"large-rate\"") < page.find("id=\"steepest-direction\""),
        "in the catalogue's order"
    );
}

#[test]
fn the_seed_is_in_the_command_that_makes_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let of = |seed: &str| {
        run(folder.path(), &["experiment", "minibatch-noise", "--format=json", seed]).well().json()
    };
    let (zero, seven) = (of("--seed=0"), of("--seed=7"));
    assert_eq!(zero[0]["command"], "ravine experiment minibatch-noise");
    assert_eq!(seven[0]["command"], "ravine experiment minibatch-noise --seed 7");
    assert_ne!(zero[0]["numbers"], seven[0]["numbers"]);
    assert_eq!(seven, of("--seed=7"));
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    run(&["experiment", "musem"]).refused(2, &["unknown experiment 'musem'", "museum"]);
    run(&["experiment", "museum", "--all"]).refused(2, &["cannot be used with"]);
    run(&["experiment", "--out=x"]).refused(2, &["--all"]);
    run(&["experiment", "museum", "--seed=-1"]).refused(2, &["--seed"]);
    fs::write(folder.path().join("file"), "").unwrap();
    run(&["experiment", "steepest-direction", "--out=file"]).refused(1, &["cannot write file/"]);
}

#[cfg(unix)]
#[test]
fn an_interruption_keeps_what_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let mut command =
        ravine(&["experiment", "steepest-direction", "warm-restarts", "--out=seen", "--format=json"]);
    let piped = || std::process::Stdio::piped();
    let child = command.current_dir(&folder).stdout(piped()).stderr(piped()).spawn().unwrap();
    let page = folder.path().join("seen/index.html");
    while !page.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = crate::command::Ran::from(child.wait_with_output().unwrap());
    assert_eq!((ran.code, &*ran.stderr), (Some(130), "Interrupted in warm-restarts.\n"));
    assert_eq!(ran.json().as_array().unwrap().len(), 1);
    assert!(!folder.path().join("seen/warm-restarts.json").exists());
}
