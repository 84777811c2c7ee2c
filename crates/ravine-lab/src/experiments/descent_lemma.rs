//! Small steps against the gradient go down.

use super::measure::limit;
use super::{Experiment, Finding, Picture, Verdict};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::curve::Curve;
use crate::pictures::{Mark, MarkKind};
use crate::stats::number::{fixed, significant};
use crate::stats::summary;
use crate::trace::length;
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "descent-lemma",
    title: "A small step against the gradient goes down",
    claim: "f(x - lr f'(x)) is at most f(x) for learning rates that are small enough. (The slides' \
        derivation puts the step as + lr f'(x), a misprint.)",
    source: "S2, slides on optimization for deep learning",
    run,
};

const FUNCTIONS: [&str; 6] = ["square", "bowl", "ravine", "rosenbrock", "himmelblau", "styblinski-tang"];
const POINTS: u64 = 500;
/// A small learning rate, as a share of the limit 2 / L.
const SMALL: f64 = 1e-3;

/// What one point shows.
struct At {
    rises: bool,
    rises_with_plus: bool,
    /// The largest step that does not raise f, over 2 / L of that point.
    limit: f64,
}

fn run(seed: u64) -> Result<Finding> {
    let mut table = Table::new([
        "function",
        "small steps that raise f",
        "the same with + lr f'",
        "largest step / (2 / L): least",
        "median",
    ]);
    let (mut rises, mut plus, mut least_quadratic, mut least) = (0, 0, f64::INFINITY, f64::INFINITY);
    let mut points = 0;
    for (i, name) in FUNCTIONS.iter().enumerate() {
        let objective = Objective::parse(name)?;
        let random = Random::new(seed).stream(i as u64);
        let at = (0..POINTS).into_par_iter().map(|k| look(&objective, random.stream(k)));
        let at: Vec<At> = at.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        let count = |is: fn(&At) -> bool| at.iter().filter(|at| is(at)).count();
        let limits: Vec<f64> = at.iter().map(|at| at.limit).collect();
        let lowest = limits.iter().copied().fold(f64::INFINITY, f64::min);
        rises += count(|at| at.rises);
        plus += count(|at| at.rises_with_plus);
        points += at.len();
        least = least.min(lowest);
        if i < 3 {
            least_quadratic = least_quadratic.min(lowest);
        }
        table.row([
            (*name).to_string(),
            format!("{} of {}", count(|at| at.rises), at.len()),
            format!("{} of {}", count(|at| at.rises_with_plus), at.len()),
            fixed(lowest, 4),
            significant(summary::median(&limits).unwrap_or(f64::NAN), 3),
        ]);
    }
    let verdict = Verdict::of(points - rises, points);
    let because = format!(
        "{rises} of {points} small steps raised f; with the misprinted sign {plus} did. How large a step \
         may be hangs on curvature: on the quadratics every step up to {} of 2 / L was safe, on the others, \
         where curvature changes on the way, only up to {}.",
        fixed(least_quadratic, 3),
        significant(least, 2),
    );
    Ok(Finding {
        setup: format!(
            "{POINTS} points drawn from the domain of each function. A small step is {SMALL} of 2 / L, with \
             L the largest magnitude of an eigenvalue of the Hessian at the point. The largest step that \
             does not raise f is found by doubling and bisection."
        ),
        table,
        verdict,
        because,
        pictures: vec![drawn()?],
        numbers: vec![
            ("rises", rises as f64),
            ("rises_with_plus", plus as f64),
            ("points", points as f64),
            ("least_quadratic", least_quadratic),
            ("least", least),
        ],
    })
}

/// None at a stationary point, where every step is none.
fn look(objective: &Objective, random: Random) -> Result<Option<At>> {
    let domain = objective.domain.iter().zip(0..);
    let x: Vec<f64> = domain.map(|([low, high], i)| low + (high - low) * random.uniform(i)).collect();
    let mut gradient = vec![0.0; x.len()];
    let here = objective.gradient(&x, 0.0, &mut gradient);
    let curvature = largest(&objective.hessian(&x, 0.0));
    if length(&gradient) < 1e-9 || curvature < 1e-9 {
        return Ok(None);
    }
    let after = |step: f64| {
        let there: Vec<f64> = x.iter().zip(&gradient).map(|(x, g)| x - step * g).collect();
        objective.value(&there, 0.0)
    };
    let unit = 2.0 / curvature;
    let mut high = SMALL * unit;
    while after(high) <= here && high < 1e6 * unit {
        high *= 1.1;
    }
    let limit = limit(high / 1.1, high, |step| Ok(after(step) <= here))?;
    Ok(Some(At {
        rises: after(SMALL * unit) > here,
        rises_with_plus: after(-SMALL * unit) > here,
        limit: limit / unit,
    }))
}

/// The largest magnitude of an eigenvalue of a symmetric matrix of one or two rows.
fn largest(matrix: &[f64]) -> f64 {
    match matrix {
        [a, b, _, d] => {
            let (middle, half) = (0.5 * (a + d), (0.25 * (a - d) * (a - d) + b * b).sqrt());
            (middle + half).abs().max((middle - half).abs())
        }
        _ => matrix[0].abs(),
    }
}

fn drawn() -> Result<Picture> {
    let waves = Objective::parse("waves")?;
    let mut gradient = [0.0];
    waves.gradient(&[4.0], 0.0, &mut gradient);
    let along = |lr: f64| waves.value(&[4.0 - lr * gradient[0]], 0.0);
    let mut curve = Curve::new("", [-0.5, 3.0], &along);
    curve.variable = "lr".into();
    curve.marks.push(Mark::new(MarkKind::Point, [0.0], "f(x)"));
    let caption = "f(x - lr f'(x)) against lr for x cos(0.15 pi x) at x = 4: it falls at first, whatever \
        comes later; a negative lr is the misprint.";
    Ok(Picture { name: "along", caption: caption.into(), svg: curve.draw() })
}
