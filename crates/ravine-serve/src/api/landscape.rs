//! What a function looks like: filled contours in two dimensions, a curve in one.

use super::{MAX_DIM, Shared, within};
use crate::refusal::Refusal;
use crate::work::Json;
use axum::response::Response;
use ravine_lab::objective::Objective;
use ravine_lab::svg::contour::{self, Grid};
use serde::{Deserialize, Serialize};

/// The side of the square in which the paths of regions lie: x to the right, y downwards.
const SIDE: f64 = 1000.0;
/// How far a path may be from the true one, in the same unit.
const TOLERANCE: f64 = 0.4;
/// Grid points along a side, and along a curve.
const GRID: usize = 161;
const SAMPLES: usize = 801;
/// How much wider than asked for a domain is made at most.
const MOST_WIDENED: f64 = 3.0;
/// Contour lines.
const LEVELS: usize = 22;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// A name with hyper-parameters, or an expression.
    objective: String,
    /// What is shown, if not the function's own: a range for each of the coordinates shown.
    domain: Option<Vec<[f64; 2]>>,
    /// Width over height of the picture: the domain is widened until a unit is as long both ways, unless that would show
    /// much more than was asked for.
    aspect: Option<f64>,
    /// The step, for a function that moves.
    #[serde(default)]
    t: f64,
}

#[derive(Serialize)]
struct Answer {
    /// Its shortest text form.
    name: String,
    title: String,
    expression: String,
    variables: Vec<String>,
    start: Vec<f64>,
    minima: Vec<Vec<f64>>,
    noise: f64,
    /// Whether it changes with the step.
    moves: bool,
    /// The lowest known value.
    lowest: Option<f64>,
    domain: Vec<[f64; 2]>,
    /// Of more coordinates than two the first two are shown, through the start.
    side: f64,
    regions: Vec<Region>,
    /// Points of the curve, `null` where it is no finite number.
    curve: Vec<(f64, Option<f64>)>,
}

#[derive(Serialize)]
struct Region {
    level: f64,
    fill: String,
    line: String,
}

pub(super) async fn post(api: Shared, Json(request): Json<Request>) -> Result<Response, Refusal> {
    api.workers.answer(move || answer(&request)).await
}

fn answer(request: &Request) -> Result<Answer, Refusal> {
    let objective = Objective::parse(&request.objective)?;
    let dim = objective.dim();
    within("coordinates", dim as u64, MAX_DIM as u64)?;
    if dim == 0 {
        return Err(Refusal::unprocessable("a function needs a variable, such as x"));
    }
    let shown = dim.min(2);
    let mut domain = match &request.domain {
        None => objective.domain[..shown].to_vec(),
        Some(domain) => checked(domain, shown)?,
    };
    if let ([x, y], Some(aspect)) = (&mut domain[..], request.aspect) {
        widen(x, y, aspect);
    }
    if !request.t.is_finite() {
        return Err(Refusal::unprocessable("t must be finite"));
    }
    let value = |at: &[f64]| {
        let mut x = objective.start.clone();
        x[..shown].copy_from_slice(at);
        objective.value(&x, request.t)
    };
    let (mut regions, mut curve) = (Vec::new(), Vec::new());
    if shown == 2 {
        regions = contours(&domain, |x, y| value(&[x, y]));
    } else {
        let [a, b] = domain[0];
        let at = |i: usize| a + (b - a) * i as f64 / (SAMPLES - 1) as f64;
        curve = (0..SAMPLES).map(|i| (at(i), Some(value(&[at(i)])).filter(|y| y.is_finite()))).collect();
    }
    Ok(Answer {
        title: objective.title.clone(),
        expression: objective.expression.text().into(),
        variables: objective.expression.variables().to_vec(),
        start: objective.start.clone(),
        minima: objective.minima.clone(),
        noise: objective.noise,
        moves: objective.expression.moves(),
        lowest: objective.lowest(),
        side: SIDE,
        name: objective.name,
        domain,
        regions,
        curve,
    })
}

fn contours(domain: &[[f64; 2]], f: impl Fn(f64, f64) -> f64) -> Vec<Region> {
    let (x, y) = (domain[0], domain[1]);
    let grid = Grid::sample(x, y, GRID, GRID, f);
    let share = |at: f64, [a, b]: [f64; 2]| (at - a) / (b - a);
    let place = |px: f64, py: f64| (SIDE * share(px, x), SIDE * (1.0 - share(py, y)));
    let regions = contour::regions(&grid, &contour::levels(&grid, LEVELS), place, TOLERANCE);
    regions
        .into_iter()
        .map(|region| Region { level: region.level, fill: region.fill, line: region.line })
        .collect()
}

/// Widens one of two ranges around its middle so that a unit is as long both ways in a picture of this aspect.
fn widen(x: &mut [f64; 2], y: &mut [f64; 2], aspect: f64) {
    let stretch = (x[1] - x[0]) / (y[1] - y[0]) / aspect;
    let (range, factor) = if stretch < 1.0 { (x, 1.0 / stretch) } else { (y, stretch) };
    if (1.0..=MOST_WIDENED).contains(&factor) {
        let (middle, half) = ((range[0] + range[1]) / 2.0, (range[1] - range[0]) / 2.0 * factor);
        *range = [middle - half, middle + half];
    }
}

/// A domain that can be drawn.
fn checked(domain: &[[f64; 2]], shown: usize) -> Result<Vec<[f64; 2]>, Refusal> {
    if domain.len() != shown {
        let message = format!("the domain needs {shown} ranges for this function, not {}", domain.len());
        return Err(Refusal::unprocessable(message));
    }
    for [a, b] in domain {
        let width = b - a;
        if !(a.abs() <= 1e9 && b.abs() <= 1e9 && width > 1e-9 * a.abs().max(b.abs()).max(1e-3)) {
            let message = format!("a domain must be a range from low to high within 1e9, not {a} to {b}");
            return Err(Refusal::unprocessable(message));
        }
    }
    Ok(domain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_as_long_both_ways_unless_too_much_would_be_shown() {
        let widened = |mut x, mut y, aspect| {
            widen(&mut x, &mut y, aspect);
            (x, y)
        };
        assert_eq!(widened([-1.0, 1.0], [-1.0, 1.0], 2.0), ([-2.0, 2.0], [-1.0, 1.0]));
        assert_eq!(widened([0.0, 4.0], [0.0, 1.0], 2.0), ([0.0, 4.0], [-0.5, 1.5]));
        assert_eq!(widened([0.0, 100.0], [0.0, 1.0], 1.0), ([0.0, 100.0], [0.0, 1.0]));
        assert_eq!(widened([0.0, 1.0], [0.0, 1.0], f64::NAN), ([0.0, 1.0], [0.0, 1.0]));
    }
}
