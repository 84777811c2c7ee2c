//! Other options of the workload that mend a signal.

use super::Advice;
use crate::diagnose::{Diagnosis, Layer};
use crate::shell::quote;
use crate::workloads;

/// The activation that most layers have.
pub(super) fn activation(layers: &[Layer]) -> Option<&'static str> {
    let names: Vec<&str> = layers.iter().filter_map(|layer| layer.before.as_ref()?.activation).collect();
    let count = |name: &str| names.iter().filter(|other| **other == name).count();
    ["relu", "tanh", "sigmoid", "gelu"]
        .into_iter()
        .filter(|name| count(name) > 0)
        .max_by_key(|name| count(name))
}

/// Advice to choose other options, if the workload has them and not these already.
pub(super) fn choose(diagnosis: &Diagnosis, pairs: &[(&str, &str)], change: &str) -> Option<Advice> {
    let has = |pair: &&(&str, &str)| {
        diagnosis.workload.split([':', ',']).any(|part| part == format!("{}={}", pair.0, pair.1))
    };
    if pairs.iter().filter(has).count() == pairs.len() {
        return None;
    }
    let attempt = pairs
        .iter()
        .try_fold(diagnosis.workload.clone(), |spec, (key, value)| workloads::with(&spec, key, value));
    Some(Advice { change: change.into(), attempt: attempt.as_deref().map(quote) })
}

/// The scale of weights that the activation asks for.
pub(super) fn scale(diagnosis: &Diagnosis) -> Option<Advice> {
    match activation(&diagnosis.layers) {
        Some("tanh" | "sigmoid") => choose(
            diagnosis,
            &[("init", "xavier")],
            "Draw the weights with the variance 2 / (inputs + outputs) of Glorot and Bengio, which \
             keeps the signal's size through tanh.",
        ),
        _ => choose(
            diagnosis,
            &[("init", "he")],
            "Draw the weights with the variance 2 / inputs of He et al., which keeps the signal's size \
             through ReLU.",
        ),
    }
}
