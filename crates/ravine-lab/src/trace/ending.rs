//! How a trace ended, in a word.

use super::{Trace, diagonal, distance, length};
use crate::objective::Objective;
use serde::{Deserialize, Serialize};

/// A coordinate this many times beyond the start, or beyond 1, ends a trace.
const AWAY: f64 = 1e12;

/// Beyond this many times the size of the domain growing steps lead away for good.
const FAR: f64 = 10.0;

/// How a trace ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The gradient has all but vanished: its norm is at or below the tolerance or a ten-thousandth of the largest on the
    /// way.
    Converged,
    /// At the pace of its last steps it would cross the domain in ten times the steps it has made, or more; over the last
    /// third its value fell by less than a thousandth of what it was above the lowest known, and its gradient did not
    /// shrink by a third.
    Stalled,
    /// It left for infinity; or it climbed at each step of the last third, to above the start; or with growing steps it
    /// climbed, or got ten times as far away as the domain is wide.
    Diverged,
    /// It came to where the function or its gradient is no number.
    Undefined,
    /// It goes to and fro: over the last third it travelled more than three times as far as it got, came no lower, and
    /// its gradient did not shrink by a third.
    Oscillating,
    /// It was still going down.
    Descending,
}

impl Ending {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::Stalled => "stalled",
            Self::Diverged => "diverged",
            Self::Undefined => "undefined there",
            Self::Oscillating => "oscillating",
            Self::Descending => "still descending",
        }
    }
}

/// Steps below which no pace is called slow.
const SHORT: usize = 100;

/// How `trace` ended.
pub(super) fn of(trace: &Trace, objective: &Objective, tolerance: f64) -> Ending {
    let Trace { points, losses, grad_norms, .. } = trace;
    let (last, steps) = (points.len() - 1, trace.steps());
    let step = |i: usize| distance(&points[i], &points[i + 1]);
    let path = |from: usize| (from..last).map(step).sum::<f64>();
    let (norm, largest) = (grad_norms[last], grad_norms.iter().copied().fold(0.0, f64::max));
    if is_away(&points[last], &points[0]) || losses[last].is_infinite() {
        return Ending::Diverged;
    }
    if losses[last].is_nan() || !norm.is_finite() {
        return Ending::Undefined;
    }
    let size = diagonal(&objective.domain);
    let third = last - last / 3;
    let higher = losses[last] > losses[0];
    let climbs = steps >= 6 && losses[third..].is_sorted_by(|a, b| a < b);
    let leaves = steps >= 2 && step(last - 1) > 2.0 * step(0);
    if higher && (climbs || leaves) || leaves && distance(&points[0], &points[last]) > FAR * size {
        return Ending::Diverged;
    }
    if norm <= tolerance || norm <= 1e-4 * largest {
        return Ending::Converged;
    }
    let lowest = |losses: &[f64]| losses.iter().copied().fold(f64::INFINITY, f64::min);
    // Near a minimum the gradient shrinks, however little there is left to gain.
    let shrinks =
        steps >= 6 && length(&grad_norms[third..]) < 0.7 * length(&grad_norms[2 * third - last..third]);
    if steps >= 6 && !shrinks {
        let (before, after) = (lowest(&losses[..third]), lowest(&losses[third..]));
        let no_lower = after >= before - 0.01 * (losses[0] - before).abs();
        if no_lower && path(third) > 3.0 * distance(&points[third], &points[last]) {
            return Ending::Oscillating;
        }
    }
    let tenth = last - (last / 10).max(1).min(last);
    let pace = distance(&points[tenth], &points[last]) / (last - tenth).max(1) as f64;
    let floor = objective.lowest().unwrap_or(0.0);
    let falls = losses[third] - losses[last] > 1e-3 * (losses[third] - floor).abs();
    if steps > 0 && !shrinks && !falls && pace * 10.0 * steps.max(SHORT) as f64 <= size {
        return Ending::Stalled;
    }
    Ending::Descending
}

/// Whether a point is as good as infinitely far away.
pub(super) fn is_away(x: &[f64], start: &[f64]) -> bool {
    let limit = AWAY * length(start).max(1.0);
    x.iter().any(|x| x.is_nan() || x.abs() > limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::tests::end;

    #[test]
    fn every_ending_has_its_example() {
        for (objective, optimizer, steps, ending) in [
            ("square", "sgd:lr=0.2", 30, Ending::Converged),
            ("square", "sgd:lr=1.1", 10, Ending::Diverged),
            ("square", "sgd:lr=1", 50, Ending::Oscillating),
            ("square", "sgd:lr=0.05", 10, Ending::Descending),
            ("tanh", "sgd:lr=0.1", 100, Ending::Stalled),
            ("ravine", "sgd:lr=0.6", 20, Ending::Diverged),
            ("ravine", "sgd:lr=0.6,momentum=0.5", 20, Ending::Descending),
            ("ravine", "sgd:lr=0.6,momentum=0.5", 60, Ending::Converged),
            ("noisy", "sgd:lr=0.1", 400, Ending::Oscillating),
            ("1/x^2 + y^2 + x^2", "sgd:lr=0.05", 400, Ending::Converged),
            ("saddle", "sgd:lr=0.1", 100, Ending::Converged),
            ("x^2 - y^2", "momentum:lr=0.05", 100, Ending::Diverged),
            ("x^2", "sgd:lr=1.001", 100, Ending::Diverged),
            ("x^2", "sgd:lr=0.999", 100, Ending::Descending),
            ("quadratic:n=10", "sgd:lr=1.99", 100, Ending::Descending),
            ("rosenbrock", "sgd:lr=1e-3", 200, Ending::Descending),
            ("ln(x)", "sgd:lr=0.1", 10, Ending::Undefined),
        ] {
            let trace = end(objective, optimizer, steps);
            assert_eq!(trace.ending, ending, "{objective} {optimizer}: {:?}", trace.end());
        }
    }
}
