//! `ravine gradient`.

use crate::command::{Ran, csv, run};

fn ask(arguments: &[&str]) -> Ran {
    run(&std::env::temp_dir(), &[&["gradient"], arguments].concat())
}

#[test]
fn tables_say_what_there_is() {
    let text = ask(&["bowl", "--at", "-5,-2", "--angle", "0", "--beta=0.5"]).well().stdout;
    for words in [
        "x^2 + 2*y^2",
        "(-10, -8)",
        "12.8062",
        "(-0.780869, -0.624695), 218.7\u{b0}",
        "(1, 0), 0\u{b0}",
        "slope that way",
        "not stationary",
        "Euclidean",
        "gradient descent",
        "0.375",
        "converges, diverges",
        "Condition number 2",
    ] {
        assert!(text.contains(words), "'{words}' is not in {text}");
    }
    // At a minimum the function itself is run too.
    let text = ask(&["rosenbrock", "--at=1,1"]).well().stdout;
    assert!(text.contains("on the function") && text.contains("no direction is steepest"), "{text}");
    assert!(!text.contains("does not"), "{text}");
    let text = ask(&["saddle", "--at=0,0"]).well().stdout;
    assert!(text.contains("saddle") && text.contains("no learning rate is stable"), "{text}");
    let text = ask(&["cubic", "--at=0"]).well().stdout;
    assert!(text.contains("do not tell") && text.contains("No curvature is above 0"), "{text}");
}

#[test]
fn every_format_has_the_same_numbers() {
    let arguments = ["x^2 - x + y^2 + 4y", "--at=2,-4", "--direction=1,1"];
    let json = ask(&[&arguments[..], &["--format=json"]].concat()).well().json();
    assert_eq!(json["norm"], 5.0);
    assert_eq!(json["variables"], serde_json::json!(["x", "y"]));
    assert!((json["direction"]["slope"].as_f64().unwrap() + 0.5f64.sqrt()).abs() < 1e-12);
    assert_eq!(json["limits"][0]["lr"], 1.0);
    let rows = csv(&ask(&[&arguments[..], &["--format=csv"]].concat()).well().stdout);
    assert!(rows.iter().all(|row| row.len() == 3));
    for row in [["norm", "", "5"], ["gradient", "y", "-4"], ["largest stable lr", "gradient descent", "1"]] {
        assert!(rows.iter().any(|other| other == &row), "{row:?} is not in {rows:?}");
    }
}

#[test]
fn many_coordinates_are_cut() {
    let text = ask(&["quadratic:n=50"]).well().stdout;
    assert!(text.contains("50 of them") && text.contains("50 eigenvalues"), "{text}");
    assert!(text.lines().count() < 70 && text.lines().all(|line| line.chars().count() < 130), "{text}");
    let json = ask(&["quadratic:n=50", "--format=json"]).well().json();
    assert_eq!(json["eigenvalues"].as_array().unwrap().len(), 50);
}

#[test]
fn pictures_of_each_kind() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["bowl"][..], "steepest ascent 218.7"),
        (&["bowl", "--view=map", "--angle=90"], "slope -8"),
        (&["square"], "tangent, slope 20"),
        (&["x^2 + y^2 + z^2", "--direction=1,0,0"], "Slope by the angle from the gradient"),
        (&["bowl", "--at=0,0"], "Slope in every direction at (0, 0)"),
        (&["bowl", "--at=0,0", "--view=map"], "local minimum"),
    ] {
        let arguments = [&["gradient"], arguments, &["--svg=a.svg"]].concat();
        let said = run(folder.path(), &arguments).well().stdout;
        assert!(said.ends_with("Picture: a.svg\n"), "{said}");
        let svg = std::fs::read_to_string(folder.path().join("a.svg")).unwrap();
        assert!(svg.contains(words) && !svg.contains("NaN"), "{arguments:?}: {svg}");
    }
}

#[test]
fn what_cannot_be() {
    for (arguments, code, words) in [
        (&["bowl", "--at=1"][..], 2, "2 numbers, one each for x and y, not 1"),
        (&["bowl", "--at=1,2,3"], 2, "not 3"),
        (&["bowl", "--at=1,x"], 2, "'x' is not a number"),
        (&["bowl", "--at=1,nan"], 2, "not finite"),
        (&["bowl", "--at="], 2, "a number is missing"),
        (&["ln(x)", "--at=-1"], 1, "ln(x) has no value at -1"),
        (&["sqrt(x)", "--at=0"], 1, "no gradient at 0"),
        (&["bowl", "--direction=0,0"], 2, "has no length"),
        (&["bowl", "--direction=1"], 2, "--direction needs 2 numbers"),
        (&["bowl", "--angle=nan"], 2, "finite"),
        (&["square", "--angle=10"], 2, "needs a function of 2 coordinates"),
        (&["bowl", "--angle=10", "--direction=1,0"], 2, "cannot be used with"),
        (&["bowl", "--beta=1"], 2, "beta must be from 0"),
        (&["square", "--view=slopes"], 2, "2 or more coordinates"),
        (&["quadratic:n=3", "--view=map"], 2, "1 or 2 coordinates, not 3"),
        (&["x*cox(x)"], 2, "column 3"),
        (&["bowl", "--step=-1"], 2, "--step"),
    ] {
        ask(arguments).refused(code, &[words]);
    }
}

#[test]
fn negative_numbers_need_no_quotes() {
    for at in [&["--at", "-5,-2"][..], &["--at=-5,-2"], &["--at", "-5 -2"]] {
        let json = ask(&[&["bowl", "--format=json"], at].concat()).well().json();
        assert_eq!(json["at"], serde_json::json!([-5.0, -2.0]));
    }
}
