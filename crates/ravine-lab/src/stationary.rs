//! The stationary points of a function of one or two coordinates inside a box: where its gradient is 0.
//!
//! Newton's method on the gradient from a grid of starts, with the Hessian damped where it is singular. A search from a
//! grid may miss points that lie closer together than its cells.

use crate::objective::Objective;
use crate::point::{self, Kind};
use crate::trace::{diagonal, distance, length};
use rayon::prelude::*;

/// Starts along each coordinate.
const STARTS: [usize; 2] = [400, 48];
/// Steps of Newton's method. Where the Hessian vanishes too, each only halves the distance or so.
const STEPS: usize = 120;
/// Longest step of Newton's method, in cells of the grid: a longer one leaves the valley that the start belongs to.
const REACH: f64 = 1.5;
/// Points nearer than this share of the box are one.
const SAME: f64 = 1e-3;

/// A stationary point.
#[derive(Clone, Debug, PartialEq)]
pub struct Stationary {
    /// Where.
    pub at: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// What it is.
    pub kind: Kind,
}

/// The stationary points of step 0 in a box, the lowest first; none for functions of more than two coordinates.
pub fn find(objective: &Objective, domain: &[[f64; 2]]) -> Vec<Stationary> {
    let Some(&starts) = STARTS.get(objective.dim().wrapping_sub(1)) else {
        return Vec::new();
    };
    let size = diagonal(domain);
    let cell = |i: usize, [a, b]: [f64; 2]| a + (b - a) * (i as f64 + 0.5) / starts as f64;
    let reached: Vec<Option<Vec<f64>>> = (0..starts.pow(objective.dim() as u32))
        .into_par_iter()
        .map(|i| {
            let place = [i % starts, i / starts];
            newton(objective, domain, domain.iter().zip(place).map(|(range, i)| cell(i, *range)).collect())
        })
        .collect();
    let mut found: Vec<Stationary> = Vec::new();
    for at in reached.into_iter().flatten() {
        let apart = |other: &Stationary| distance(&other.at, &at) > SAME * size;
        if found.iter().all(apart) {
            let kind = point::kind(objective, &at, 0.0);
            found.push(Stationary { value: objective.value(&at, 0.0), kind, at });
        }
    }
    found.sort_by(|a, b| a.value.total_cmp(&b.value));
    found
}

/// Where Newton's method leads, if it is a stationary point in the box.
fn newton(objective: &Objective, domain: &[[f64; 2]], mut x: Vec<f64>) -> Option<Vec<f64>> {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    objective.gradient(&x, 0.0, &mut gradient);
    let first = length(&gradient);
    let cell = domain.iter().map(|[a, b]| b - a).fold(f64::INFINITY, f64::min) / STARTS[n - 1] as f64;
    for _ in 0..STEPS {
        objective.gradient(&x, 0.0, &mut gradient);
        let step = solve(&objective.hessian(&x, 0.0), &gradient)?;
        let scale = (REACH * cell / length(&step)).min(1.0);
        let before = x.clone();
        x.iter_mut().zip(&step).for_each(|(x, d)| *x -= scale * d);
        if x.iter().zip(domain).any(|(x, [a, b])| !(a - 0.1 * (b - a)..=b + 0.1 * (b - a)).contains(x)) {
            return None;
        }
        if x == before {
            break;
        }
    }
    objective.gradient(&x, 0.0, &mut gradient);
    let inside = x.iter().zip(domain).all(|(x, [a, b])| (a..=b).contains(&x));
    (inside && length(&gradient) <= 1e-9 * first.max(1.0)).then(|| {
        // A coordinate at 0 is found to within rounding.
        let zero = |x: f64, [a, b]: [f64; 2]| if x.abs() < 1e-12 * (b - a) { 0.0 } else { x };
        x.iter().zip(domain).map(|(x, range)| zero(*x, *range)).collect()
    })
}

/// The solution of a system of one or two equations; where it has none, a short step along the right-hand side.
fn solve(matrix: &[f64], right: &[f64]) -> Option<Vec<f64>> {
    let solution = match (matrix, right) {
        ([a], [r]) => vec![r / a],
        ([a, b, c, d], [r, s]) => {
            let determinant = a * d - b * c;
            vec![(d * r - b * s) / determinant, (a * s - c * r) / determinant]
        }
        _ => return None,
    };
    match solution.iter().all(|x| x.is_finite()) {
        true => Some(solution),
        false => right.iter().all(|x| x.is_finite()).then(|| right.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let objective = Objective::parse(text).unwrap();
        find(&objective, &objective.domain).iter().map(|point| point.kind).collect()
    }

    #[test]
    fn himmelblau_has_nine() {
        let kinds = kinds("himmelblau");
        let count = |kind| kinds.iter().filter(|other| **other == kind).count();
        assert_eq!([Kind::Minimum, Kind::Saddle, Kind::Maximum].map(count), [4, 4, 1]);
    }

    #[test]
    fn rastrigin_has_a_minimum_near_every_pair_of_whole_numbers() {
        let kinds = kinds("rastrigin");
        assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Minimum).count(), 121);
    }

    #[test]
    fn textbook_functions() {
        let objective = Objective::parse("two-minima").unwrap();
        let found = find(&objective, &objective.domain);
        let minima: Vec<_> = found.iter().filter(|point| point.kind == Kind::Minimum).collect();
        for (point, golden) in minima.iter().zip([[1.090408, -1.046721], [-0.273853, -0.178603]]) {
            assert!((point.at[0] - golden[0]).abs() < 1e-6 && (point.value - golden[1]).abs() < 1e-6);
        }
        assert_eq!(minima.len(), 2);
        for (text, expected) in [
            ("saddle", vec![Kind::Saddle]),
            ("cubic", vec![Kind::Degenerate]),
            ("monkey-saddle", vec![Kind::Degenerate]),
            ("bowl", vec![Kind::Minimum]),
            ("tanh", vec![]),
            ("1e200x^2", vec![Kind::Minimum]),
            ("x + y", vec![]),
        ] {
            assert_eq!(kinds(text), expected, "{text}");
        }
        assert!(kinds("quadratic:n=5").is_empty());
    }
}
