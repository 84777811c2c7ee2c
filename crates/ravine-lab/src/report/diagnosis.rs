//! Does the gradient reach every layer?

use super::markup::{picture, section, text};
use crate::comparison::{Arm, LayerHealth, WorkloadResult};
use crate::stats::number::{lr, significant};
use crate::stats::{score, summary};
use crate::svg::heatmap::{Cell, Size, heatmap};
use crate::svg::labels;
use crate::verdict::Verdict;

/// Below this ratio of gradient norms between two layers the signal counts as lost on its way, above its inverse as
/// exploding; networks that train lie between 0.01 and 100.
const LOST: f64 = 1e-3;

/// Gradient norms below this everywhere are too small to train on, whatever their ratio.
const TINY: f64 = 1e-7;

/// Rows of the picture at most.
const ROWS: usize = 32;

/// Columns of the picture at most.
const COLUMNS: usize = 60;

/// Gradient norms over time, layer by layer.
struct Strip {
    steps: Vec<u64>,
    /// Name and the median over runs at each step.
    layers: Vec<(String, Vec<f64>)>,
}

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
    let body = format!("<p class=\"finding\">{}</p>{}", text(&sentence(&strip)), picture(&draw(&strip)));
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

/// Judges the weights of the first and last layer over the whole run, and the scale of all.
fn sentence(strip: &Strip) -> String {
    let typical = |norms: &[f64]| {
        let seen: Vec<f64> = norms.iter().copied().filter(|x| x.is_finite()).collect();
        summary::median(&seen)
    };
    // Biases have norms of another size, so weights are compared with weights.
    let weights: Vec<(&str, f64)> = strip
        .layers
        .iter()
        .filter(|(name, _)| name.ends_with("weight"))
        .filter_map(|(name, norms)| Some((name.as_str(), typical(norms)?)))
        .collect();
    let (Some(first), Some(last)) = (weights.first(), weights.last()) else {
        return "There are no weights among the parameters watched.".into();
    };
    if weights.iter().all(|(_, norm)| *norm < TINY) {
        return format!(
            "All gradients are tiny (the largest is {}): there is next to no signal to train on. Change the scale of \
             the initialisation; no optimizer will mend it.",
            lr(weights.iter().map(|w| w.1).fold(0.0, f64::max))
        );
    }
    let ratio = first.1 / last.1;
    if ratio < LOST {
        return format!(
            "{} receives {} of the gradient of {}: the signal vanishes on its way back. Change the activation or the \
             initialisation; no optimizer will mend it.",
            first.0,
            lr(ratio),
            last.0
        );
    }
    if ratio > 1.0 / LOST {
        return format!(
            "{} receives {} times the gradient of {}: the signal explodes on its way back. Lower the scale of the \
             initialisation, or clip.",
            first.0,
            significant(ratio, 2),
            last.0
        );
    }
    let norms = || weights.iter().map(|weight| weight.1);
    let spread = norms().fold(0.0, f64::max) / norms().fold(f64::INFINITY, f64::min);
    if !spread.is_finite() || spread > 1.0 / LOST {
        return "One layer's gradient is far from all others': look at the strip.".into();
    }
    format!(
        "Healthy: the gradients of all {} weights stay within a factor of {} of each other, nothing vanishes or \
         explodes.",
        weights.len(),
        significant(spread.max(1.0), 2)
    )
}

fn draw(strip: &Strip) -> String {
    let many = strip.layers.len() > ROWS;
    let shown: Vec<&(String, Vec<f64>)> =
        strip.layers.iter().filter(|(name, _)| !many || name.ends_with("weight")).collect();
    let every = shown.len().div_ceil(ROWS).max(1);
    let shown: Vec<&(String, Vec<f64>)> = shown.into_iter().step_by(every).collect();
    let logs = || {
        shown.iter().flat_map(|(_, norms)| norms).filter(|x| **x > 0.0 && x.is_finite()).map(|x| x.log10())
    };
    let (low, high) = (logs().fold(f64::INFINITY, f64::min), logs().fold(f64::NEG_INFINITY, f64::max));
    // At least two decades, so that noise does not look like structure.
    let low = low.min(high - 2.0);
    let cells: Vec<Vec<Cell>> = shown
        .iter()
        .map(|(name, norms)| {
            norms
                .iter()
                .zip(&strip.steps)
                .map(|(norm, step)| Cell {
                    shade: (*norm > 0.0 && norm.is_finite())
                        .then(|| 0.05 + 0.9 * (norm.log10() - low) / (high - low)),
                    hover: format!("{name}, step {step}: {}", lr(*norm)),
                    ..Cell::default()
                })
                .collect()
        })
        .collect();
    let names: Vec<String> = shown.iter().map(|layer| layer.0.clone()).collect();
    let label = names.iter().map(|name| labels::width(name)).fold(40.0, f64::max).min(180.0) + 16.0;
    let width = ((960.0 - label) / strip.steps.len() as f64).clamp(4.0, 60.0);
    let size = Size { label, width, height: if names.len() > 16 { 16.0 } else { 22.0 } };
    let svg = heatmap("Gradient norms of the layers over the run", &names, &[], &cells, size);
    let first = strip.steps.first().copied().unwrap_or(0);
    let last = strip.steps.last().copied().unwrap_or(0);
    format!(
        "{}<p class=\"scale\">step {first} \u{2192} {last}; weakest colour {}, strongest {}</p>",
        svg.inline("plot"),
        text(&lr(10f64.powf(low))),
        text(&lr(10f64.powf(high)))
    )
}
