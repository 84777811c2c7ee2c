//! Pictures of a diagnosis: gradients layer by layer over the run, and what the units give.

use super::{Diagnosis, Units};
use crate::stats::number::{fixed, lr};
use crate::svg::heatmap::{Cell, Size, heatmap, lines};
use crate::svg::{Anchor, Svg, labels};

/// Rows of a picture at most.
const ROWS: usize = 32;
/// Width of the cells of a whole run, of a histogram, and of what stands between.
const RUN: f64 = 400.0;
const HISTOGRAM: f64 = 120.0;
const GAP: f64 = 22.0;

/// Gradient norms over time, layer by layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// Steps looked at.
    pub steps: Vec<u64>,
    /// Name of each layer, and the norm at each step.
    pub layers: Vec<(String, Vec<f64>)>,
}

impl Strip {
    /// The layers of a picture that has no room for more: of many only the weights, and only every so many.
    fn shown(&self) -> Vec<usize> {
        let many = self.layers.len() > ROWS;
        let weights: Vec<usize> = (0..self.layers.len())
            .filter(|&i| !many || super::signal::is_weight(&self.layers[i].0))
            .collect();
        let every = weights.len().div_ceil(ROWS).max(1);
        weights.into_iter().step_by(every).collect()
    }

    /// Logarithms of the norms that the weakest and the strongest colour stand for: at least two decades apart, so that
    /// noise does not look like structure.
    fn reach(&self) -> [f64; 2] {
        let norms = self.shown().into_iter().flat_map(|i| &self.layers[i].1);
        let logs: Vec<f64> = norms.filter(|x| **x > 0.0 && x.is_finite()).map(|x| x.log10()).collect();
        let low = logs.iter().copied().fold(f64::INFINITY, f64::min);
        let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low > high { [-2.0, 0.0] } else { [low.min(high - 2.0), high] }
    }

    fn cells(&self) -> Vec<Vec<Cell>> {
        let [low, high] = self.reach();
        let row = |(name, norms): &(String, Vec<f64>)| {
            let cell = |(norm, step): (&f64, &u64)| Cell {
                shade: (*norm > 0.0 && norm.is_finite())
                    .then(|| 0.05 + 0.9 * (norm.log10() - low) / (high - low)),
                hover: format!("{name}, step {step}: {}", lr(*norm)),
                ..Cell::default()
            };
            norms.iter().zip(&self.steps).map(cell).collect()
        };
        self.shown().into_iter().map(|i| row(&self.layers[i])).collect()
    }

    fn names(&self) -> Vec<String> {
        self.shown().into_iter().map(|i| self.layers[i].0.clone()).collect()
    }

    fn label(&self) -> f64 {
        self.names().iter().map(|name| labels::width(name)).fold(40.0, f64::max).min(180.0) + 16.0
    }

    fn height(&self) -> f64 {
        if self.shown().len() > 16 { 16.0 } else { 22.0 }
    }

    /// Draws it: stronger colour is larger, on a logarithmic scale.
    pub fn draw(&self) -> Svg {
        let label = self.label();
        let width = ((960.0 - label) / self.steps.len() as f64).clamp(4.0, 60.0);
        let size = Size { label, width, height: self.height() };
        heatmap("Gradient norms of the layers over the run", &self.names(), &[], &self.cells(), size)
    }

    /// What its colours stand for.
    pub fn key(&self) -> String {
        let (first, last) = (self.steps.first().unwrap_or(&0), self.steps.last().unwrap_or(&0));
        let [low, high] = self.reach().map(|log| lr(10f64.powf(log)));
        format!("step {first} \u{2192} {last}; weakest colour {low}, strongest {high}")
    }
}

/// Draws the gradients over the run, and beside them what the units of each layer give before and after.
pub fn draw(diagnosis: &Diagnosis) -> Svg {
    let strip = Strip {
        steps: diagnosis.looked_at.clone(),
        layers: diagnosis.layers.iter().map(|layer| (layer.name.clone(), layer.gradients.clone())).collect(),
    };
    let (shown, label, height) = (strip.shown(), strip.label(), strip.height());
    let columns = strip.steps.len().max(1) as f64;
    let size = Size { label, width: RUN / columns, height };
    let (top, right) = (72.0, label + RUN);
    let bottom = top + height * shown.len() as f64;
    let width = (right + 2.0 * (GAP + HISTOGRAM) + 8.0).ceil();
    let title = labels::fit(&diagnosis.verdict, width - 4.0);
    let mut svg = Svg::new(width, bottom + 24.0, &format!("Gradients and units of {}", diagnosis.workload));
    svg.text("strong", 2.0, 15.0, Anchor::Start, &title);
    svg.text("soft small", 2.0, 34.0, Anchor::Start, &labels::fit(&diagnosis.workload, width - 4.0));
    let heads = ["norm of the gradient", "units at the start", "units at the end"];
    let places = [label, right + GAP, right + 2.0 * GAP + HISTOGRAM];
    for (head, x) in heads.into_iter().zip(places) {
        svg.text("soft", x, top - 10.0, Anchor::Start, head);
    }
    lines(&mut svg, [0.0, top], &strip.names(), &strip.cells(), size);
    svg.text("soft small", label, bottom + 16.0, Anchor::Start, &strip.key());
    for (row, &i) in shown.iter().enumerate() {
        let layer = &diagnosis.layers[i];
        for (units, x) in [&layer.before, &layer.after].into_iter().zip([places[1], places[2]]) {
            if let Some(units) = units {
                bars(&mut svg, units, [x, top + height * row as f64], height);
            }
        }
    }
    svg
}

/// A histogram as columns, the highest as high as the row.
fn bars(svg: &mut Svg, units: &Units, [left, top]: [f64; 2], height: f64) {
    let counts = &units.histogram.counts;
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let all = counts.iter().sum::<u64>().max(1) as f64;
    let width = HISTOGRAM / counts.len().max(1) as f64;
    let base = top + height - 2.0;
    let step = (units.histogram.high - units.histogram.low) / counts.len().max(1) as f64;
    svg.line("grid", left, base, left + HISTOGRAM, base);
    for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let high = (height - 4.0) * *count as f64 / most;
        let from = units.histogram.low + step * i as f64;
        let hover = format!(
            "{}: {} % from {} to {}",
            units.path,
            fixed(100.0 * *count as f64 / all, 1),
            fixed(from, 2),
            fixed(from + step, 2)
        );
        svg.shade("column s0", None, left + width * i as f64, base - high, width - 0.6, high, &hover);
    }
}
