//! The lists, the help and the completions.

use crate::command::{Ran, csv, run};

fn ask(arguments: &[&str]) -> Ran {
    run(&std::env::temp_dir(), arguments)
}

#[test]
fn lists_in_each_format() {
    for (command, name, columns) in [
        ("objectives", "rosenbrock", 3),
        ("optimizers", "rmsprop", 3),
        ("schedules", "one-cycle", 3),
        ("workloads", "iris-softmax", 3),
    ] {
        let table = ask(&[command]).well().stdout;
        assert!(table.contains(name), "{table}");
        let rows = csv(&ask(&[command, "--format=csv"]).well().stdout);
        assert!(rows.iter().all(|row| row.len() == columns) && rows.iter().any(|row| row[0] == name));
        let list = ask(&[command, "--format=json"]).well().json();
        let list = list.as_array().unwrap();
        // Wrappers stand below the optimizers: a sentence between empty lines, and headings of their own.
        let more = if command == "optimizers" { 5 } else { 0 };
        assert_eq!((list.len(), table.lines().count()), (rows.len() - 1, rows.len() + 1 + more));
        assert!(list.iter().any(|item| item["name"] == name && !item["title"].is_null()));
    }
}

#[test]
fn explanations() {
    let text = ask(&["optimizers", "--explain", "adam"]).well().stdout;
    for word in ["Formula:", "When:", "Source:", "arXiv 1412.6980", "betas", "0.9/0.999", "1e-8"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let text = ask(&["schedules", "--explain", "cosine"]).well().stdout;
    for word in ["min_factor", "As all of them it takes", "warmup_from"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    for (command, presets) in
        [("optimizers", ["nesterov", "amsgrad"]), ("schedules", ["sgdr", "trapezoidal"])]
    {
        for preset in presets {
            assert!(ask(&[command, "--explain", preset]).well().stdout.contains(&format!("\n{preset} = ")));
        }
        let list = ask(&[command, "--format=json"]).well().json();
        for item in list.as_array().unwrap() {
            let name = item["name"].as_str().unwrap();
            assert_eq!(&ask(&[command, "--explain", name, "--format=json"]).well().json(), item);
            let rows = csv(&ask(&[command, "--explain", name, "--format=csv"]).well().stdout);
            assert!(rows.iter().all(|row| row.len() == 4));
            let params = |key: &str| item[key].as_array().map_or(0, Vec::len);
            assert_eq!(rows.len(), 1 + params("params") + params("common"));
        }
    }
    let text = ask(&["objectives", "--explain", "himmelblau"]).well().stdout;
    for word in ["Expression:", "Domain: x from -5 to 5", "Start:", "Known global minima: (3, 2)", ", of 0"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let bowl = ask(&["objectives", "--explain", "bowl", "--format=json"]).well().json();
    assert_eq!((&bowl["start"], &bowl["noise"]), (&serde_json::json!([-5.0, -2.0]), &0.0.into()));
    // The keys of a spec do not matter.
    let (spec, name) = (["optimizers", "--explain", "adam:lr=1"], ["optimizers", "--explain", "adam"]);
    assert_eq!(ask(&spec).well().stdout, ask(&name).well().stdout);
}

#[test]
fn what_cannot_be_explained() {
    ask(&["optimizers", "--explain", "nope"]).refused(2, &["unknown optimizer 'nope'", "sgd, momentum"]);
    ask(&["optimizers", "--explain", "adm"]).refused(2, &["did you mean 'adam'"]);
    ask(&["objectives", "--explain", "rosenbrok"]).refused(2, &["did you mean 'rosenbrock'"]);
    ask(&["schedules", "--explain", "nope"]).refused(2, &["unknown schedule 'nope'", "cosine"]);
    ask(&["schedules", "--explain", "a * b"]).refused(2, &["'a * b'"]);
    ask(&["optimizers", "--explain", ""]).refused(2, &["name"]);
}

#[test]
fn completions_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = ask(&["completions", shell]).well().stdout;
        assert!(script.contains("compare") && script.contains("tuning-seeds"), "{shell}");
    }
}

#[test]
fn help_fits_and_names_the_version() {
    for command in ["", "compare", "report", "optimizers", "schedules", "workloads", "data", "completions"] {
        for help in ["--help", "-h"] {
            let arguments: Vec<&str> = [command, help].into_iter().filter(|part| !part.is_empty()).collect();
            let text = ask(&arguments).well().stdout;
            assert!(text.contains("Usage: ravine") && !text.contains('\u{1b}'), "{text}");
            let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 100).collect();
            assert!(long.is_empty(), "{long:?}");
        }
    }
    let version = concat!("ravine ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(ask(&["--version"]).well().stdout, version);
}
