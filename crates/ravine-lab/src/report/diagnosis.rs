//! Does the gradient reach every layer?

use super::markup::{picture, section, text};
use crate::comparison::{Arm, LayerHealth, WorkloadResult};
use crate::diagnose::picture::Strip;
use crate::diagnose::signal::{Signal, is_weight};
use crate::stats::{score, summary};
use crate::verdict::Verdict;

/// Columns of the picture at most.
const COLUMNS: usize = 60;

/// Medians over all steps and runs of each layer's relative update, in the order of the layers. The state before the
/// first step, where there has been no update, is left out.
pub(crate) fn update_ratios(arm: &Arm) -> Vec<(String, f64)> {
    names(arm)
        .into_iter()
        .filter_map(|name| {
            let ratios = arm.runs.iter().filter(|run| !score::failed(run)).flat_map(|run| &run.curve);
            let ratios: Vec<f64> = ratios
                .filter(|point| point.step > 0)
                .filter_map(|point| layer(&point.layers, &name))
                .map(|layer| layer.update_ratio)
                .filter(|x| x.is_finite() && *x > 0.0)
                .collect();
            Some((name, summary::median(&ratios)?))
        })
        .collect()
}

/// What the gradients of an arm's layers say; nothing if no layer was watched.
pub(crate) fn sentence_of(arm: &Arm) -> Option<String> {
    let strip = strip(arm);
    (!strip.layers.is_empty() && !strip.steps.is_empty()).then(|| sentence(&strip))
}

/// The strip with a sentence; nothing if no layer was watched.
pub(super) fn diagnosis(workload: &WorkloadResult, verdict: &Verdict) -> String {
    let Some(arm) = verdict.recommended.map(|arm| &workload.arms[arm]) else { return String::new() };
    let strip = strip(arm);
    if strip.layers.is_empty() || strip.steps.is_empty() {
        return String::new();
    }
    let lead = format!(
        "Norm of the gradient of each parameter of {} with {}, median over the runs; stronger colour is \
         larger, on a logarithmic scale.",
        arm.optimizer, arm.schedule
    );
    let body = format!("<p class=\"finding\">{}</p>{}", text(&sentence(&strip)), picture(&drawn(&strip)));
    section("diagnosis", "Does the gradient reach every layer?", &lead, &body)
}

fn names(arm: &Arm) -> Vec<String> {
    let first = arm.runs.iter().flat_map(|run| &run.curve).find(|point| !point.layers.is_empty());
    first.map_or(Vec::new(), |point| point.layers.iter().map(|layer| layer.name.clone()).collect())
}

fn layer<'a>(layers: &'a [LayerHealth], name: &str) -> Option<&'a LayerHealth> {
    layers.iter().find(|layer| layer.name == name)
}

fn strip(arm: &Arm) -> Strip {
    let runs = || arm.runs.iter().filter(|run| !score::failed(run));
    let mut steps: Vec<u64> = runs()
        .flat_map(|run| &run.curve)
        .filter(|point| !point.layers.is_empty())
        .map(|point| point.step)
        .collect();
    steps.sort_unstable();
    steps.dedup();
    let every = steps.len().div_ceil(COLUMNS).max(1);
    let steps: Vec<u64> = steps.into_iter().step_by(every).collect();
    let norm = |step: u64, name: &str| {
        let points = runs().filter_map(|run| run.at(step));
        let norms: Vec<f64> = points
            .filter_map(|point| layer(&point.layers, name))
            .map(|layer| layer.grad_norm)
            .filter(|norm| norm.is_finite())
            .collect();
        summary::median(&norms).unwrap_or(f64::NAN)
    };
    let over_time = |name: &str| steps.iter().map(|step| norm(*step, name)).collect();
    let layers = names(arm).into_iter().map(|name| (name.clone(), over_time(&name))).collect();
    Strip { steps, layers }
}

/// Judges the weights over the whole run.
fn sentence(strip: &Strip) -> String {
    let typical = |norms: &[f64]| {
        let seen: Vec<f64> = norms.iter().copied().filter(|x| x.is_finite()).collect();
        summary::median(&seen)
    };
    let weights: Vec<(&str, f64)> = strip
        .layers
        .iter()
        .filter(|(name, _)| is_weight(name))
        .filter_map(|(name, norms)| Some((name.as_str(), typical(norms)?)))
        .collect();
    Signal::judge(&weights, None).sentence()
}

/// The picture, and what its colours stand for.
fn drawn(strip: &Strip) -> String {
    format!("{}<p class=\"scale\">{}</p>", strip.draw().inline("plot"), text(&strip.key()))
}
