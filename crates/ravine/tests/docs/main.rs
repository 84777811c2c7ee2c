//! The page of optimizers in the documentation is made from the catalogues, and README names every rule.

use ravine::rules::{self, Problem};
use ravine::{Entry, Hyper, Optimizer, ParamSpec, Storage, bf16, wrappers};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

const HEAD: &str = "# Optimizers

Every update rule of the catalogue, and the wrappers that go around any of them. This page is made by a test,
`crates/ravine/tests/docs/`, from the catalogues themselves; `RAVINE_WRITE_DOCS=1 cargo test -p ravine --test docs` writes it.
[Parity](parity.md) says which of them equals which reference, [a page of its own](own-rule.md) how to write one.

A rule is written as text, `adamw:lr=1e-3,betas=0.9/0.95`, on the command line, in `ravine::rules::parse`, and in the
laboratory's stores. Presets are names for a rule with some hyper-parameters set. `ravine optimizers --explain NAME` prints
what is said here.

- *State* is memory in bytes for each parameter, beside the parameter and its gradient, as measured on a matrix of 1024 rows
  and columns: in f32, in bf16, and with 8-bit blocks. What a step keeps around the rule, such as an average, comes on top.
- *Time* is that of one step in nanoseconds for each parameter, measured by `cargo bench -p ravine --bench step -- --write` on
  20 matrices of a million elements (rules bound by products of matrices: 8 of 768 x 768): parameters and state in f32,
  both in bf16, and f32 with 8-bit state. In brackets the share of the speed of memory that is reached, an in-place pass over
  as many bytes in the same run; [what bounds a step](speed.md) says why not more.

";

/// Bytes of state for each parameter.
fn memory(spec: &str) -> [f64; 3] {
    let matrix = [ParamSpec::new("w", [1024, 1024])];
    let build = |storage| Optimizer::builder_boxed(rules::parse(spec).unwrap()).storage(storage);
    let bytes = [
        build(Storage::Full).build::<f32>(&matrix).unwrap().state_bytes(),
        build(Storage::Bf16).build::<bf16>(&matrix).unwrap().state_bytes(),
        build(Storage::Int8).build::<f32>(&matrix).unwrap().state_bytes(),
    ];
    bytes.map(|bytes| bytes as f64 / (1024.0 * 1024.0))
}

/// Times by rule and storage, as written by the benchmark.
fn times() -> HashMap<(String, String), String> {
    let text = std::fs::read_to_string(path("docs/optimizers-speed.csv")).unwrap_or_default();
    let row = |line: &str| {
        let [shape_and, ratio] = line.rsplit_once(',').map(|(a, b)| [a, b])?;
        let mut rest = shape_and.rsplitn(4, ',');
        let (ns, _, storage, name) = (rest.next()?, rest.next()?, rest.next()?, rest.next()?);
        let ratio: f64 = ratio.parse().ok()?;
        Some(((name.trim_matches('"').into(), storage.into()), format!("{ns} ({:.0} %)", 100.0 * ratio)))
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// At most two digits behind the point.
fn short(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn hyper_table(text: &mut String, hyper: &dyn Hyper) {
    if hyper.params().is_empty() {
        return;
    }
    text.push_str("\n| Hyper-parameter | Default | Range | What it is |\n|---|---|---|---|\n");
    for param in hyper.params() {
        let default = hyper.get(param.name).unwrap();
        writeln!(text, "| `{}` | {default} | {} | {} |", param.name, param.range, param.doc.trim()).unwrap();
    }
}

fn section<T>(text: &mut String, entry: &Entry<T>) {
    writeln!(text, "\n### {}\n\n{}.\n\n- Formula: `{}`", entry.name, entry.title, entry.formula).unwrap();
    writeln!(text, "- When: {}\n- Source: {}", entry.advice, entry.source).unwrap();
    for (name, keys) in entry.presets {
        writeln!(text, "- `{name}` is `{}:{keys}`", entry.name).unwrap();
    }
}

fn page() -> String {
    let times = times();
    let mut text = HEAD.to_string();
    text.push_str("## Rules\n\n| Rule | What it is | State f32 | bf16 | int8 | Time f32 | bf16 | int8 |\n|---|---|---|---|---|---|---|---|\n");
    for entry in rules::CATALOGUE {
        let [full, half, eight] = memory(entry.name).map(short);
        let time = |storage: &str| {
            times.get(&(entry.name.to_string(), storage.to_string())).map_or("", String::as_str)
        };
        let [a, b, c] = ["f32", "bf16", "int8"].map(time);
        writeln!(
            text,
            "| [`{0}`](#{0}) | {1} | {full} | {half} | {eight} | {a} | {b} | {c} |",
            entry.name, entry.title
        )
        .unwrap();
    }
    for entry in rules::CATALOGUE {
        section(&mut text, entry);
        for (problem, on) in [(Problem::Network, "a network"), (Problem::Function, "a steep function")] {
            let suggested = rules::suggested(entry.name, problem);
            if !suggested.is_empty() {
                writeln!(text, "- To begin with on {on}: `{}:{suggested}`", entry.name).unwrap();
            }
        }
        hyper_table(&mut text, &*(entry.make)());
    }
    text.push_str("\n## Wrappers\n\nThey go behind a rule, in text: `adamw:lr=1e-3 + lookahead:steps=5 + ema:0.999`. The first ");
    text.push_str("hyper-parameter's name may be left out.\n");
    for entry in wrappers::CATALOGUE {
        section(&mut text, entry);
        hyper_table(&mut text, &*(entry.make)());
    }
    text
}

#[test]
fn the_page_of_optimizers_is_that_of_the_catalogue() {
    let path = path("docs/optimizers.md");
    let page = page();
    if std::env::var_os("RAVINE_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "docs/optimizers.md is not what the catalogue says; write it with RAVINE_WRITE_DOCS=1"
    );
}

#[test]
fn the_readme_names_every_rule_and_wrapper() {
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    let rules = rules::CATALOGUE.iter().map(|entry| entry.name);
    let missing: Vec<&str> = rules
        .chain(wrappers::CATALOGUE.iter().map(|entry| entry.name))
        .filter(|name| !readme.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "README.md does not name {}", missing.join(", "));
}
