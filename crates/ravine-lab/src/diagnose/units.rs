//! What the units of a layer do: how they are spread, which are at the flat ends of their activation, which are dead.

use ravine_nn::{Activation, Seen, Shape};
use serde::Serialize;

/// A value this near to an end of tanh or sigmoid, as a share of its range, is saturated: there the derivative is below a
/// twenty-fifth of its largest.
const FLAT: f32 = 0.01;

/// Bins of a histogram.
pub const BINS: usize = 24;

/// The results of a layer over a batch or several.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Units {
    /// The path of the layer.
    pub path: String,
    /// Name of its activation.
    pub activation: Option<&'static str>,
    /// Mean of the results.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
    /// The share at a flat end; none where the activation has no two ends.
    pub saturated: Option<f64>,
    /// The share of units that are 0 for every example; none where the activation is not ReLU.
    pub dead: Option<f64>,
    /// How the results are spread.
    pub histogram: Histogram,
}

/// Counts in equal bins.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Histogram {
    /// Where the first bin begins.
    pub low: f64,
    /// Where the last one ends.
    pub high: f64,
    /// How many values are in each.
    pub counts: Vec<u64>,
}

/// Sums over batches, from which [`Units`] come.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    path: String,
    activation: Option<Activation>,
    count: f64,
    sum: f64,
    squares: f64,
    saturated: f64,
    /// Whether each unit was ever other than 0.
    alive: Vec<bool>,
    histogram: Histogram,
}

impl Tally {
    pub(super) fn new(seen: &Seen<'_, f32>) -> Self {
        let units = channels(seen.shape);
        Self {
            path: seen.path.into(),
            activation: seen.activation,
            count: 0.0,
            sum: 0.0,
            squares: 0.0,
            saturated: 0.0,
            alive: vec![false; units.0],
            histogram: Histogram::default(),
        }
    }

    /// Takes in a batch.
    pub(super) fn add(&mut self, seen: &Seen<'_, f32>) {
        let (units, apart) = channels(seen.shape);
        let flat = |y: f32| match self.activation {
            Some(Activation::Tanh) => y.abs() > 1.0 - FLAT,
            Some(Activation::Sigmoid) => !(FLAT..=1.0 - FLAT).contains(&y),
            _ => false,
        };
        self.count += seen.output.len() as f64;
        for (i, &y) in seen.output.iter().enumerate() {
            self.sum += f64::from(y);
            self.squares += f64::from(y) * f64::from(y);
            self.saturated += f64::from(u8::from(flat(y)));
            self.alive[i / apart % units] |= y != 0.0;
        }
        self.histogram = histogram(self.activation, seen.output);
    }

    pub(super) fn units(&self) -> Units {
        let mean = self.sum / self.count.max(1.0);
        let ends = matches!(self.activation, Some(Activation::Tanh | Activation::Sigmoid));
        let dead = || self.alive.iter().filter(|alive| !**alive).count() as f64 / self.alive.len() as f64;
        Units {
            path: self.path.clone(),
            activation: self.activation.map(name),
            mean,
            sd: (self.squares / self.count.max(1.0) - mean * mean).max(0.0).sqrt(),
            saturated: ends.then(|| self.saturated / self.count.max(1.0)),
            dead: (self.activation == Some(Activation::Relu)).then(dead),
            histogram: self.histogram.clone(),
        }
    }
}

/// How many units an example has, and how far apart two of them lie: one for each number of a vector, for each channel of
/// an image, for each feature of a sequence.
fn channels(shape: &Shape) -> (usize, usize) {
    match shape.dims() {
        [channels, area @ ..] if area.len() >= 2 => (*channels, area.iter().product()),
        [.., features] => (*features, 1),
        [] => (1, 1),
    }
}

fn name(activation: Activation) -> &'static str {
    match activation {
        Activation::Relu => "relu",
        Activation::Tanh => "tanh",
        Activation::Sigmoid => "sigmoid",
        Activation::Gelu => "gelu",
    }
}

/// Over the range of the activation, or that of the values.
fn histogram(activation: Option<Activation>, values: &[f32]) -> Histogram {
    let of = |pick: fn(f32, f32) -> f32, start| f64::from(values.iter().copied().fold(start, pick));
    let [low, high] = match activation {
        Some(Activation::Tanh) => [-1.0, 1.0],
        Some(Activation::Sigmoid) => [0.0, 1.0],
        _ => [of(f32::min, f32::INFINITY), of(f32::max, f32::NEG_INFINITY)],
    };
    let mut counts = vec![0; BINS];
    let width = (high - low) / BINS as f64;
    for &y in values.iter().filter(|y| y.is_finite()) {
        let bin = if width > 0.0 { ((f64::from(y) - low) / width) as usize } else { 0 };
        counts[bin.min(BINS - 1)] += 1;
    }
    Histogram { low, high, counts }
}
