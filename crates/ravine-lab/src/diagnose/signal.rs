//! Does the gradient reach every layer? Judged by two numbers, since one alone misleads: the ratio between layers, and the
//! absolute size. Weights drawn far too small give gradients that are alike in all layers, and next to nothing.

use crate::stats::number::{lr, significant};
use serde::Serialize;

/// Below this ratio of gradient norms between two layers the signal counts as lost on its way, above its inverse as
/// exploding; networks that train lie between 0.01 and 100.
const LOST: f64 = 1e-3;

/// Gradient norms below this everywhere are too small to train on, whatever their ratio.
const TINY: f64 = 1e-7;

/// Gradient norms above this multiple of the loss of a blind guess are too large, whatever their ratio.
const HUGE: f64 = 1e3;

/// What the norms of the weights' gradients say.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Signal {
    /// There are no weights.
    Nothing,
    /// All are tiny.
    Tiny {
        /// The largest norm.
        largest: f64,
    },
    /// The first layer gets next to nothing of what the last one gets.
    Vanishing {
        /// Names of the first layer and of the last hidden one.
        between: [String; 2],
        /// Norm of the first over that of the last.
        ratio: f64,
    },
    /// The first layer gets far more than the last one.
    Exploding {
        /// Names of the first layer and of the last hidden one.
        between: [String; 2],
        /// Norm of the first over that of the last.
        ratio: f64,
    },
    /// All are alike, and far too large.
    Huge {
        /// The largest norm; not finite if it overflowed.
        largest: f64,
    },
    /// A layer between is far from the others.
    Uneven {
        /// Its name.
        layer: String,
    },
    /// None of these.
    Healthy {
        /// How many weights there are.
        weights: usize,
        /// The largest norm over the smallest.
        spread: f64,
    },
}

impl Signal {
    /// Judges the gradient norms of the weights, from the first to the last. The ratio is that of the first to the last
    /// hidden layer, since what comes behind that is not what a signal passes through; where there are fewer than three,
    /// to the last. `guess` is the loss of a blind guess, where there is one.
    pub fn judge(weights: &[(&str, f64)], guess: Option<f64>) -> Self {
        let (Some(first), Some(last)) = (weights.first(), weights.last()) else { return Self::Nothing };
        let last = if weights.len() > 2 { &weights[weights.len() - 2] } else { last };
        let norms = || weights.iter().map(|weight| weight.1);
        let largest = norms().fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) });
        if largest < TINY {
            return Self::Tiny { largest };
        }
        let between = || [first.0.to_string(), last.0.to_string()];
        let ratio = first.1 / last.1;
        if ratio < LOST {
            return Self::Vanishing { between: between(), ratio };
        }
        if ratio > 1.0 / LOST {
            return Self::Exploding { between: between(), ratio };
        }
        if !largest.is_finite() || guess.is_some_and(|guess| largest > HUGE * guess.max(1.0)) {
            return Self::Huge { largest };
        }
        let smallest = norms().fold(f64::INFINITY, f64::min);
        let spread = largest / smallest;
        if !spread.is_finite() || spread > 1.0 / LOST {
            let middle = (largest * smallest.max(f64::MIN_POSITIVE)).sqrt();
            // The odd one is alone on its side.
            let small = norms().filter(|norm| *norm < middle).count() * 2 < weights.len();
            let at = norms().position(|norm| norm == if small { smallest } else { largest });
            return Self::Uneven { layer: at.map_or("", |at| weights[at].0).into() };
        }
        Self::Healthy { weights: weights.len(), spread: spread.max(1.0) }
    }

    /// In a sentence or two.
    pub fn sentence(&self) -> String {
        match self {
            Self::Nothing => "There are no weights among the parameters watched.".into(),
            Self::Tiny { largest } => format!(
                "All gradients are tiny (the largest is {}): there is next to no signal to train on. \
                 Change the scale of the initialisation; no optimizer will mend it.",
                lr(*largest)
            ),
            Self::Vanishing { between: [first, last], ratio } => format!(
                "{first} receives {} of the gradient of {last}: the signal vanishes on its way back. \
                 Change the activation or the initialisation; no optimizer will mend it.",
                lr(*ratio)
            ),
            Self::Exploding { between: [first, last], ratio } => format!(
                "{first} receives {} times the gradient of {last}: the signal explodes on its way back. \
                 Lower the scale of the initialisation, or clip.",
                significant(*ratio, 2)
            ),
            Self::Huge { largest } => format!(
                "The gradients are huge (the largest is {}), alike in all layers: the signal explodes \
                 on its way through the layers. Lower the scale of the initialisation, or clip.",
                significant(*largest, 2)
            ),
            Self::Uneven { layer } => format!("The gradient of {layer} is far from all others'."),
            Self::Healthy { weights: 1, .. } => "Healthy: nothing vanishes or explodes.".into(),
            Self::Healthy { weights, spread } => format!(
                "Healthy: the gradients of all {weights} weights stay within a factor of {} of each \
                 other, nothing vanishes or explodes.",
                significant(*spread, 2)
            ),
        }
    }
}

/// Whether a parameter of this name is a weight: `0.weight`, or `0.weight_ih_l0` of a recurrent layer. Biases have norms of
/// another size, so weights are compared with weights.
pub fn is_weight(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.contains("weight"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(norms: &[f64]) -> Signal {
        let names = ["a", "b", "c", "d", "e"];
        let weights: Vec<(&str, f64)> = names.into_iter().zip(norms.iter().copied()).collect();
        Signal::judge(&weights, Some(2.3))
    }

    #[test]
    fn weights_are_known_by_their_names() {
        let weights = ["weight", "0.weight", "0.weight_ih_l0", "encoder.1.weight_hh_l0"];
        assert!(weights.into_iter().all(is_weight));
        assert!(!["0.bias", "0.bias_ih_l0", "weighted.bias", ""].into_iter().any(is_weight));
    }

    #[test]
    fn ratio_and_size_are_both_looked_at() {
        let between = || ["a".to_string(), "c".to_string()];
        assert_eq!(judge(&[1e-6, 1e-3, 1.0, 0.5]), Signal::Vanishing { between: between(), ratio: 1e-6 });
        assert_eq!(judge(&[0.0, 1e-3, 1.0, 0.5]), Signal::Vanishing { between: between(), ratio: 0.0 });
        assert_eq!(judge(&[1e6, 1e3, 1.0, 0.5]), Signal::Exploding { between: between(), ratio: 1e6 });
        assert_eq!(judge(&[2e-13, 1e-13, 2e-13, 1e-12]), Signal::Tiny { largest: 1e-12 });
        assert_eq!(judge(&[0.0; 4]), Signal::Tiny { largest: 0.0 });
        assert_eq!(judge(&[1e7, 2e7, 1e7, 1e7]), Signal::Huge { largest: 2e7 });
        assert!(matches!(judge(&[f64::NAN, 1.0, 1.0, 1.0]), Signal::Huge { .. }));
        assert_eq!(judge(&[1.0, 1e-5, 1.0, 1.0]), Signal::Uneven { layer: "b".into() });
        assert_eq!(judge(&[1.0, 2.0, 1.0, 0.5]), Signal::Healthy { weights: 4, spread: 4.0 });
        assert_eq!(judge(&[]), Signal::Nothing);
        // Without a guess to compare with, size alone is no fault: losses may be of any scale.
        assert!(matches!(Signal::judge(&[("a", 1e7), ("b", 1e7)], None), Signal::Healthy { .. }));
    }
}
