//! Slow weights that follow fast ones.

/// Lookahead (Zhang, Lucas, Hinton and Ba, arXiv 1907.08610, algorithm 1): the rule moves fast weights; after every
/// `steps` of them the slow weights move, slow += alpha (fast - slow), and the fast ones begin anew from there. The slow
/// weights start as a copy of the weights before the first step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lookahead {
    /// Steps between two moves of the slow weights: 1 or more.
    pub steps: u64,
    /// How far the slow weights move: above 0, at most 1.
    pub alpha: f64,
}

impl Default for Lookahead {
    /// Five steps, half the way, as in the paper.
    fn default() -> Self {
        Self { steps: 5, alpha: 0.5 }
    }
}

impl Lookahead {
    /// How far the slow weights move after step `step`, counted from 0, if they do.
    pub(crate) fn due(self, step: u64) -> Option<f64> {
        step.wrapping_add(1).is_multiple_of(self.steps).then_some(self.alpha)
    }
}
