//! AdaGrad's learning rate shrinks until it stalls.

use super::measure::exponent;
use super::walk::{Walk, end};
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::{fixed, significant};

pub(super) const ENTRY: Experiment = Experiment {
    name: "adagrad-stall",
    title: "AdaGrad's learning rate shrinks until it stalls",
    claim: "AdaGrad's learning rate only ever falls, so that it stops learning before it is there.",
    source: "S0, questions and answers on optimizers and schedules; S2, slides",
    run,
};

/// Those compared, under a constant gradient.
const RULES: [(&str, &str); 3] =
    [("AdaGrad", "adagrad:lr=1"), ("RMSProp", "rmsprop:lr=1,alpha=0.9"), ("Adam", "adam:lr=1")];
const LONGEST: u64 = 100_000;
/// On 0.1 x^2 + 2 y^2 from (-5, -2): how close AdaGrad comes at these learning rates.
const RATES: [f64; 4] = [0.01, 0.1, 0.4, 2.0];
const STEPS: [u64; 4] = [20, 200, 2000, 20_000];
/// It has arrived when the value is below this share of the first.
const NEAR: f64 = 1e-6;

fn run(_: u64) -> Result<Finding> {
    let lengths: Vec<Vec<[f64; 2]>> = RULES.iter().map(|(_, spec)| lengths(spec)).collect::<Result<_>>()?;
    // The first steps of the averages are still those of their start.
    let settled =
        |points: &Vec<[f64; 2]>| points.iter().filter(|[t, _]| *t >= 100.0).copied().collect::<Vec<_>>();
    let powers: Vec<f64> = lengths.iter().map(|points| exponent(&settled(points))).collect();
    let falls = lengths[0].windows(2).all(|pair| pair[1][1] <= pair[0][1]);

    let valley = Objective::parse("ravine")?;
    let first = valley.value(&valley.start, 0.0);
    let headings = STEPS.map(|steps| format!("value after {steps} steps"));
    let mut table = Table::new(
        ["run on 0.1 x^2 + 2 y^2".to_string()].into_iter().chain(headings).chain(["arrives".into()]),
    );
    let (mut arrived, mut rms_arrives) = (0, false);
    let specs =
        RATES.map(|lr| (format!("AdaGrad, lr {lr}"), format!("adagrad:lr={lr},eps=1e-6,eps_in_sqrt=true")));
    let rms =
        ("RMSProp, lr 0.4".to_string(), "rmsprop:lr=0.4,alpha=0.9,eps=1e-6,eps_in_sqrt=true".to_string());
    let mut ends = Vec::new();
    for (name, spec) in specs.into_iter().chain([rms]) {
        let reached = STEPS.map(|steps| end(&spec, &valley, &valley.start, steps));
        let reached: Vec<Vec<f64>> = reached.into_iter().collect::<Result<_>>()?;
        let values: Vec<f64> = reached.iter().map(|x| valley.value(x, 0.0)).collect();
        let arrives = values.iter().position(|value| *value < NEAR * first);
        arrived += usize::from(arrives.is_some() && name.starts_with("AdaGrad"));
        let arrives = arrives.map_or("never".into(), |i| format!("by step {}", STEPS[i]));
        rms_arrives = arrives != "never";
        table.row(
            [name].into_iter().chain(values.iter().map(|value| significant(*value, 3))).chain([arrives]),
        );
        ends.push(reached[0].clone());
    }
    // It stalls where its rate falls as it should and it does not arrive.
    let falling = falls && (powers[0] + 0.5).abs() < 0.01;
    let verdict = if falling { Verdict::of(RATES.len() - arrived, RATES.len()) } else { Verdict::Fails };
    let because = format!(
        "Under a constant gradient AdaGrad's step falls as t to the power {} (theory: -1/2); RMSProp's as t \
         to the power {}. On 0.1 x^2 + 2 y^2 AdaGrad arrives within {} steps at {arrived} of {} learning \
         rates, and RMSProp at 0.4, whose steps do not shrink, {}.",
        fixed(powers[0], 3),
        fixed(powers[1], 3),
        STEPS[STEPS.len() - 1],
        RATES.len(),
        if rms_arrives { "arrives too" } else { "never comes to rest" },
    );
    Ok(Finding {
        setup: format!(
            "Steps 1 to {LONGEST} at learning rate 1 under a gradient of 1: the length of each step, and \
             its power of t by least squares from step 100. Then 0.1 x^2 + 2 y^2 from (-5, -2); a run has \
             arrived when the value is below {NEAR} of the first."
        ),
        table,
        verdict,
        because,
        pictures: vec![drawn(&lengths)],
        numbers: vec![
            ("adagrad_power", powers[0]),
            ("rmsprop_power", powers[1]),
            ("adagrad_0.4_x", ends[2][0]),
            ("adagrad_0.4_y", ends[2][1]),
            ("adagrad_2_x", ends[3][0]),
            ("adagrad_2_y", ends[3][1]),
            ("rmsprop_0.4_x", ends[4][0]),
            ("rmsprop_0.4_y", ends[4][1]),
        ],
    })
}

/// Lengths of steps under a constant gradient, at times in about equal ratios.
fn lengths(spec: &str) -> Result<Vec<[f64; 2]>> {
    let mut walk = Walk::new(spec, &[0.0])?;
    let (mut points, mut next) = (Vec::new(), 1);
    for t in 1..=LONGEST {
        walk.x[0] = 0.0;
        walk.step(|_, _, g| g[0] = 1.0)?;
        if t == next {
            points.push([t as f64, -walk.x[0]]);
            next = (next + 1).max(next * 5 / 4);
        }
    }
    Ok(points)
}

fn drawn(lengths: &[Vec<[f64; 2]>]) -> Picture {
    let mut lines = plot(Axis::log("step"), Axis::log("length of the step, lr"));
    for (i, ((name, _), points)) in RULES.iter().zip(lengths).enumerate() {
        lines.lines.push(Line::new(i, name, Look::Line, points.clone()));
    }
    let root = lengths[0].iter().map(|[t, _]| [*t, 1.0 / t.sqrt()]).collect();
    lines.lines.push(Line::new(0, "1 / sqrt(t)", Look::Theory, root));
    let caption = "Length of the steps under a constant gradient: a sum of squares grows for ever, an \
        average does not.";
    Picture { name: "lengths", caption: caption.into(), svg: lines.draw() }
}
