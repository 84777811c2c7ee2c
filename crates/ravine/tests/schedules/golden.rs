//! Recorded learning rates.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A file of learning rates: see `tests/goldens/schedules/README.md`.
#[derive(Deserialize)]
pub(crate) struct File {
    pub(crate) steps: Vec<u64>,
    #[serde(default)]
    pub(crate) metric: Vec<f64>,
    pub(crate) configurations: BTreeMap<String, Configuration>,
}

#[derive(Deserialize)]
pub(crate) struct Configuration {
    pub(crate) lr: Vec<f64>,
    pub(crate) second_lr: Option<Vec<f64>>,
    pub(crate) momentum: Option<Vec<f64>>,
}

impl File {
    pub(crate) fn read(name: &str) -> Self {
        let path = format!("{}/tests/goldens/schedules/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()
    }
}

/// How far two numbers may lie apart: a share of the recorded one, and next to nothing where it is zero.
pub(crate) fn agree(ours: f64, theirs: f64, relative: f64) -> bool {
    (ours - theirs).abs() <= relative * theirs.abs() + 1e-15
}

/// Fails with the first row that is off.
pub(crate) fn check(name: &str, steps: &[u64], theirs: &[f64], relative: f64, ours: impl Fn(u64) -> f64) {
    assert_eq!(steps.len(), theirs.len(), "{name}");
    for (&step, &theirs) in steps.iter().zip(theirs) {
        let ours = ours(step);
        assert!(agree(ours, theirs, relative), "{name}, step {step}: ours {ours:e}, theirs {theirs:e}");
    }
}
