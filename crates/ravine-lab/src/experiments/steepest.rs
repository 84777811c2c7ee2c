//! The direction of steepest ascent.

use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::directions::Directions;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::fixed;

pub(super) const ENTRY: Experiment = Experiment {
    name: "steepest-direction",
    title: "The gradient is the direction of steepest ascent",
    claim: "A function grows fastest along its gradient, at the rate of the gradient's length; not at all \
        at right angles; and falls fastest against it.",
    source: "S0, questions and answers, on directional derivative and gradient",
    run,
};

/// The gradient is (3, -4), of length 5, everywhere.
const PLANE: &str = "3*x - 4*y";
const DIRECTIONS: usize = 3600;
/// Degrees between two directions sampled.
const APART: f64 = 360.0 / DIRECTIONS as f64;

fn run(_: u64) -> Result<Finding> {
    let plane = Objective::parse(PLANE)?;
    let mut gradient = [0.0; 2];
    plane.gradient(&[0.0, 0.0], 0.0, &mut gradient);
    let along = gradient[1].atan2(gradient[0]).to_degrees().rem_euclid(360.0);
    // What is a step of length 1 in each norm.
    type Norm = fn(f64, f64) -> f64;
    let norms: [(&str, Norm, f64, [f64; 2]); 3] = [
        ("Euclidean", |x, y| x.hypot(y), 5.0, gradient),
        ("maximum", |x, y| x.abs().max(y.abs()), 7.0, gradient.map(f64::signum)),
        ("sum of magnitudes", |x, y| x.abs() + y.abs(), 4.0, [0.0, -1.0]),
    ];
    let mut table = Table::new([
        "norm of a step",
        "steepest at, degrees",
        "theory",
        "growth there",
        "theory",
        "off the gradient, degrees",
    ]);
    let (mut kept, mut numbers, mut curves) = (0, Vec::new(), Vec::new());
    let names = [
        ["euclidean_angle", "euclidean_growth"],
        ["maximum_angle", "maximum_growth"],
        ["sum_angle", "sum_growth"],
    ];
    for ((norm, length, dual, steepest), names) in norms.into_iter().zip(names) {
        let growth: Vec<[f64; 2]> = (0..DIRECTIONS)
            .map(|i| {
                let degrees = i as f64 * APART;
                let (sin, cos) = degrees.to_radians().sin_cos();
                let scale = 1.0 / length(cos, sin);
                [degrees, plane.value(&[scale * cos, scale * sin], 0.0) - plane.value(&[0.0, 0.0], 0.0)]
            })
            .collect();
        let best = growth.iter().copied().max_by(|a, b| a[1].total_cmp(&b[1])).expect("there are directions");
        let theory = steepest[1].atan2(steepest[0]).to_degrees().rem_euclid(360.0);
        let off = (best[0] - along).abs();
        kept += usize::from(off <= APART);
        numbers.extend([(names[0], best[0]), (names[1], best[1])]);
        table.row([
            norm.to_string(),
            fixed(best[0], 1),
            fixed(theory, 1),
            fixed(best[1], 6),
            fixed(dual, 0),
            fixed(off, 1),
        ]);
        curves.push(growth);
    }
    // At right angles, and against the gradient, in the Euclidean norm.
    let at = |degrees: f64| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        plane.value(&[cos, sin], 0.0)
    };
    let [right, against] = [at(along + 90.0).abs(), at(along + 180.0)];
    let because = format!(
        "Among {DIRECTIONS} directions, growth per Euclidean length is largest at {} degrees, {} of |grad| \
         = 5; at right angles it is {:.0e}, against the gradient {}. But in {} of 3 norms the steepest step \
         is another: in the maximum norm it is the sign of the gradient, which is what sign descent follows.",
        fixed(numbers[0].1, 1),
        fixed(numbers[1].1, 6),
        right,
        fixed(against, 6),
        3 - kept,
    );
    Ok(Finding {
        setup: format!(
            "f = {PLANE}, whose gradient is (3, -4): growth for a step of length 1 in {DIRECTIONS} \
             directions, where length is measured in three norms. A norm bears the claim out if the best \
             direction is the gradient's, to {APART} degrees."
        ),
        table,
        verdict: Verdict::of(kept, 3),
        because,
        pictures: vec![
            Picture {
                name: "norms",
                caption: "Growth of f for a step of length 1 against its direction, in three norms.".into(),
                svg: drawn(&curves),
            },
            Picture {
                name: "directions",
                caption: "Growth in every direction from a point, per Euclidean length.".into(),
                svg: Directions::new("", gradient).draw(),
            },
        ],
        numbers,
    })
}

fn drawn(curves: &[Vec<[f64; 2]>]) -> crate::svg::Svg {
    let x = Axis { range: Some([0.0, 360.0]), ..Axis::linear("direction, degrees") };
    let mut lines = plot(x, Axis::linear("growth of f"));
    for (i, (name, growth)) in ["Euclidean", "maximum", "sum"].into_iter().zip(curves).enumerate() {
        lines.lines.push(Line::new(i, name, Look::Line, growth.clone()));
    }
    lines.draw()
}
