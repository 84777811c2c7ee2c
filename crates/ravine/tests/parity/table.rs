//! The table of parities in the documentation is made from the cases.

use super::GOLDENS;
use super::cases::CASES;
use super::chains::CHAINS;
use std::fmt::Write;
use std::path::Path;

fn table() -> String {
    let mut text = String::from(
        "# Parity\n\n\
         Which configuration of Ravine gives the trajectory of which reference, in f64 over 50 steps, with gradients of mixed\n\
         scale and exact zeros among them. The tolerance is the largest difference of an element, relative to the largest\n\
         magnitude that it had. This table is made by a test from the cases that it runs, `crates/ravine/tests/parity/`; the\n\
         goldens are recorded by `tools/goldens`. `RAVINE_WRITE_DOCS=1 cargo test -p ravine --test parity` writes it.\n\n\
         | Ravine | Reference | Version | Tolerance | Note |\n|---|---|---|---|---|\n",
    );
    let rules = CASES.iter().map(|case| (case.ours, case.golden, case.tolerance, case.note));
    let chains = CHAINS.iter().map(|case| (case.ours, case.golden, case.tolerance, case.note));
    for (ours, golden, tolerance, note) in rules.chain(chains) {
        let version = GOLDENS[golden].about["version"].as_str().unwrap_or("").to_string();
        writeln!(text, "| `{ours}` | `{golden}` | {version} | {tolerance:e} | {note} |").unwrap();
    }
    for case in super::lbfgs::CASES {
        let version = GOLDENS[case.golden].about["version"].as_str().unwrap_or("");
        writeln!(
            text,
            "| `Lbfgs`: {} | `{}` | {version} | {:e} |  |",
            case.ours, case.golden, case.tolerance
        )
        .unwrap();
    }
    text
}

#[test]
fn the_table_in_the_documentation_is_that_of_the_cases() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parity.md");
    if std::env::var_os("RAVINE_WRITE_DOCS").is_some() {
        std::fs::write(&path, table()).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == table(), "docs/parity.md is not what the cases say; write it with RAVINE_WRITE_DOCS=1");
}
