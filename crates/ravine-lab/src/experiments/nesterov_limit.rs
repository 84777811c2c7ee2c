//! The learning rates that Nesterov's momentum bears.

use super::measure::limit;
use super::walk::{Walk, end};
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::fixed;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "nesterov-limit",
    title: "Nesterov's momentum bears what the heavy ball bears",
    claim: "Nesterov's momentum can take the place of the heavy ball at the same settings.",
    source: "S3, an article on vanishing gradients, which names both and gives no limit",
    run,
};

const CURVATURE: f64 = 4.0;
const BETAS: [f64; 9] = [0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95];
/// Steps of each third of a run that is asked whether it shrinks.
const THIRD: u64 = 2000;
/// A distance that says that it has come down for good.
const NOTHING: f64 = 1e-200;
/// A distance that says that it grows.
const AWAY: f64 = 1e100;

fn run(_: u64) -> Result<Finding> {
    let limits = BETAS.par_iter().map(|beta| Ok([measured(*beta, false)?, measured(*beta, true)?]));
    let limits: Vec<[f64; 2]> = limits.collect::<Result<_>>()?;
    let mut table = Table::new([
        "momentum b",
        "heavy ball: lr L",
        "theory 2 (1 + b)",
        "Nesterov: lr L",
        "theory 2 (1 + b) / (1 + 2 b)",
    ]);
    let mut error = 0f64;
    for (beta, limits) in BETAS.iter().zip(&limits) {
        let theory = theory(*beta);
        for (limit, theory) in limits.iter().zip(theory) {
            error = error.max((limit / theory - 1.0).abs());
        }
        table.row([
            beta.to_string(),
            fixed(limits[0], 4),
            fixed(theory[0], 4),
            fixed(limits[1], 4),
            fixed(theory[1], 4),
        ]);
    }
    let valley = Objective::parse("ravine")?;
    let at = |spec: &str| Ok::<f64, crate::Error>(end(spec, &valley, &valley.start, 20)?[1]);
    let ends = [at("sgd:lr=0.6,momentum=0.5")?, at("sgd:lr=0.6,momentum=0.5,nesterov=true")?];
    let with: Vec<&[f64; 2]> =
        limits.iter().zip(BETAS).filter(|(_, beta)| *beta > 0.0).map(|(l, _)| l).collect();
    let borne = with.iter().filter(|[ball, nesterov]| *nesterov > ball * 0.999).count();
    let lowest = with.iter().map(|[ball, nesterov]| nesterov / ball).fold(f64::INFINITY, f64::min);
    let verdict = Verdict::of(borne, with.len());
    let because = format!(
        "Nesterov's momentum bears the heavy ball's largest learning rate at {borne} of {} momenta above 0; \
         at 0.95 its limit is {} of the heavy ball's. All limits found agree with theory to {} %. On 0.1 \
         x^2 + 2 y^2 at learning rate 0.6 and momentum 0.5, y is {} after 20 steps of the heavy ball and \
         {:.2e} after 20 of Nesterov's.",
        with.len(),
        fixed(lowest, 2),
        fixed(100.0 * error, 2),
        fixed(ends[0], 4),
        ends[1],
    );
    Ok(Finding {
        setup: format!(
            "A parabola of curvature L = {CURVATURE}: the largest learning rate at which the iterates still \
             shrink, by bisection, times L. A run of {} steps shrinks if its last third comes less far out \
             than its second.",
            3 * THIRD
        ),
        table,
        verdict,
        because,
        pictures: vec![drawn(&limits)],
        numbers: vec![("error", error), ("heavy_ball_y", ends[0]), ("nesterov_y", ends[1])],
    })
}

fn theory(beta: f64) -> [f64; 2] {
    [2.0 * (1.0 + beta), 2.0 * (1.0 + beta) / (1.0 + 2.0 * beta)]
}

/// The limit of lr L.
fn measured(beta: f64, nesterov: bool) -> Result<f64> {
    let shrinks = |product: f64| {
        let lr = product / CURVATURE;
        // Without momentum there is nothing to look ahead along.
        let spec = format!("sgd:lr={lr},momentum={beta},nesterov={}", nesterov && beta > 0.0);
        let mut walk = Walk::new(&spec, &[1.0])?;
        let mut third = || -> Result<f64> {
            let mut far = 0f64;
            for _ in 0..THIRD {
                walk.step(|x, _, g| g[0] = CURVATURE * x[0])?;
                let x = walk.x[0].abs();
                // Beyond the numbers there are there is nothing left to compare.
                far = if x < AWAY { far.max(x) } else { f64::INFINITY };
            }
            Ok(far)
        };
        third()?;
        let before = third()?;
        let after = third()?;
        // What is this small no longer shrinks in the numbers there are.
        Ok(after < before || after < NOTHING)
    };
    limit(0.1, 8.0, shrinks)
}

fn drawn(limits: &[[f64; 2]]) -> Picture {
    let mut lines = plot(Axis::linear("momentum b"), Axis::linear("largest lr L that converges"));
    for (i, name) in ["heavy ball", "Nesterov"].into_iter().enumerate() {
        let points = BETAS.iter().zip(limits).map(|(beta, limits)| [*beta, limits[i]]).collect();
        lines.lines.push(Line::new(i, name, Look::Points, points));
        let curve = (0..=95).map(|k| [f64::from(k) / 100.0, theory(f64::from(k) / 100.0)[i]]).collect();
        lines.lines.push(Line::new(i, if i == 0 { "theory" } else { "" }, Look::Theory, curve));
    }
    let caption = "Learning rate times curvature at which each form begins to diverge: measured (markers) \
        and in theory (dots).";
    Picture { name: "limits", caption: caption.into(), svg: lines.draw() }
}
