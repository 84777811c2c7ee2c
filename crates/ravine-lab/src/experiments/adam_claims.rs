//! What is said of Adam's memory, scale and steps.

use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::{fixed, significant};
use ravine::rules;

pub(super) const ENTRY: Experiment = Experiment {
    name: "adam-claims",
    title: "Adam needs little memory, sees no scale, steps no further than lr",
    claim: "Adam needs little memory; its steps do not change when all gradients are rescaled; they are at \
        most about as long as the learning rate.",
    source: "S0, questions and answers on optimizers and schedules",
    run,
};

const SCALES: [f64; 6] = [1e6, 1e3, 1.0, 1e-3, 1e-6, 1e-9];
const STEPS: usize = 200;
const BETAS: [[f64; 2]; 4] = [[0.9, 0.9], [0.9, 0.99], [0.9, 0.999], [0.9, 0.9999]];
/// Steps of silence before the one gradient, enough for every mean to fade.
const SILENCE: u64 = 200_000;
/// A path is the same if no step differs by more than this share.
const SAME: f64 = 1e-3;
/// "About as long" as the learning rate.
const ABOUT: f64 = 1.1;

fn run(_: u64) -> Result<Finding> {
    let valley = Objective::parse("ravine")?;
    let mut table = Table::new(["claim", "measured at", "measured", "theory", "true"]);
    let say = |yes: bool| if yes { "yes" } else { "no" }.to_string();
    let (mut holds, mut all) = ([true; 3], Vec::new());

    let mut most = 0;
    for spec in ["sgd", "momentum", "adagrad", "rmsprop", "adam"] {
        let slots = rules::parse(spec)?.slots().len();
        holds[0] = slots <= most;
        most = most.max(slots);
        let measured = format!("{slots} for each parameter, {} bytes in f32", 4 * slots);
        let verdict = if spec == "adam" { say(holds[0]) } else { String::new() };
        table.row(["little memory".into(), spec.to_string(), measured, String::new(), verdict]);
    }

    let path = |scale: f64| path(&valley, scale);
    let plain = path(1.0)?;
    let mut drawn = Vec::new();
    for scale in SCALES {
        let scaled = path(scale)?;
        let apart =
            scaled.iter().zip(&plain).map(|(a, b)| (a - b).abs() / b.abs().max(1e-12)).fold(0.0, f64::max);
        holds[1] &= apart < SAME;
        let first = (1.0 / (1.0 + EPS / (scale * 1.0)) - 1.0).abs();
        drawn.push([scale, apart]);
        all.push(apart);
        table.row([
            "sees no scale".into(),
            format!("gradients times {}", significant(scale, 2)),
            format!("path off by {}", significant(apart, 2)),
            format!("first step off by about {}", significant(first, 1)),
            say(apart < SAME),
        ]);
    }

    let mut bounds = Vec::new();
    for [b1, b2] in BETAS {
        let longest = longest(b1, b2)?;
        let bound = ((1.0 - b1) / (1.0 - b2).sqrt()).max(1.0);
        holds[2] &= longest < ABOUT;
        bounds.push([longest, bound]);
        table.row([
            "steps at most lr".into(),
            format!("betas {b1}, {b2}"),
            format!("longest {} lr", fixed(longest, 4)),
            format!("at most {} lr", fixed(bound, 4)),
            say(longest < ABOUT),
        ]);
    }
    let verdict = Verdict::of(holds.iter().filter(|holds| **holds).count(), 3);
    let because = format!(
        "Memory: {} numbers for each parameter, more than any rule it is held against. Scale: gradients \
         times 1e-3 change the path by {}, times 1e-9 by {}, where eps is no longer small beside them. \
         Steps: after a long silence one gradient makes a step of {} learning rates with the default betas, \
         the bound of the paper being {}. As stated, {} of 3 hold.",
        rules::parse("adam")?.slots().len(),
        significant(all[3], 2),
        significant(all[5], 2),
        fixed(bounds[2][0], 3),
        fixed(bounds[2][1], 3),
        holds.iter().filter(|holds| **holds).count(),
    );
    Ok(Finding {
        setup: format!(
            "State per parameter of the rules of the engine, little being no more than the others keep. \
             {STEPS} steps of Adam at learning rate 0.01 on 0.1 x^2 + 2 y^2 with its gradients multiplied: \
             largest relative change of a coordinate on the way, the same meaning below {SAME}. A gradient \
             of 1 after {SILENCE} gradients of 0: the longest step, \"about lr\" meaning below {ABOUT}."
        ),
        table,
        verdict,
        because,
        pictures: vec![scales(&drawn)],
        numbers: vec![
            ("scale_1e-3", all[3]),
            ("scale_1e-9", all[5]),
            ("longest_default", bounds[2][0]),
            ("bound_default", bounds[2][1]),
            ("slots", rules::parse("adam")?.slots().len() as f64),
        ],
    })
}

const EPS: f64 = 1e-8;

/// All coordinates along a path whose gradients are multiplied.
fn path(objective: &Objective, scale: f64) -> Result<Vec<f64>> {
    let mut walk = Walk::new(&format!("adam:lr=0.01,eps={EPS}"), &objective.start)?;
    let mut path = Vec::new();
    for _ in 0..STEPS {
        walk.step(|x, _, gradient| {
            objective.gradient(x, 0.0, gradient);
            gradient.iter_mut().for_each(|g| *g *= scale);
        })?;
        path.extend_from_slice(&walk.x);
    }
    Ok(path)
}

/// The longest step in learning rates around one gradient after silence.
fn longest(b1: f64, b2: f64) -> Result<f64> {
    let mut walk = Walk::new(&format!("adam:lr=1,betas={b1}/{b2}"), &[0.0])?;
    let mut longest = 0f64;
    for step in 0..SILENCE + 20 {
        walk.x[0] = 0.0;
        walk.step(|_, _, g| g[0] = f64::from(u8::from(step == SILENCE)))?;
        longest = longest.max(walk.x[0].abs());
    }
    Ok(longest)
}

fn scales(apart: &[[f64; 2]]) -> Picture {
    let mut lines = plot(Axis::log("gradients multiplied by"), Axis::log("change of the path"));
    let points = apart.iter().copied().filter(|[scale, _]| *scale != 1.0).collect();
    lines.lines.push(Line::new(0, "Adam, eps 1e-8", Look::Both, points));
    let caption = "Relative change of Adam's path when all gradients are multiplied: none to speak of until \
        they come near eps.";
    Picture { name: "scale", caption: caption.into(), svg: lines.draw() }
}
