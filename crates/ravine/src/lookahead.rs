//! Slow weights that follow fast ones.

use crate::hyper::Range;

crate::hyper! {
    /// Lookahead (Zhang, Lucas, Hinton and Ba, arXiv 1907.08610, algorithm 1): the rule moves fast weights; after every
    /// `steps` of them the slow weights move, slow += alpha (fast - slow), and the fast ones begin anew from there. The
    /// slow weights start as a copy of the weights before the first step. Defaults are the paper's.
    #[derive(Copy)]
    pub struct Lookahead {
        /// Steps between two moves of the slow weights.
        steps: u64 = 5, Range::AtLeastOne;
        /// How far the slow weights move.
        alpha: f64 = 0.5, Range::UnitAboveZero;
    }
}

impl Lookahead {
    /// How far the slow weights move after step `step`, counted from 0, if they do.
    pub(crate) fn due(self, step: u64) -> Option<f64> {
        step.wrapping_add(1).is_multiple_of(self.steps).then_some(self.alpha)
    }
}
