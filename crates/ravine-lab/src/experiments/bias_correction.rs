//! Adam's bias correction.

use super::walk::{Walk, end};
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::fixed;

pub(super) const ENTRY: Experiment = Experiment {
    name: "bias-correction",
    title: "Adam needs no bias correction",
    claim: "Adam's means can be used as they are; both betas are usually 0.9.",
    source: "S1, an article on tricks for gradient methods; S2's formula has no correction either, its \
        program has",
    run,
};

/// The betas of the text, and those of the paper and its users.
const BETAS: [[f64; 2]; 4] = [[0.9, 0.9], [0.9, 0.98], [0.9, 0.99], [0.9, 0.999]];
const STEPS: usize = 3000;
/// A step is right if it is within this of the learning rate.
const RIGHT: f64 = 0.05;

fn run(_: u64) -> Result<Finding> {
    let valley = Objective::parse("ravine")?;
    let mut table = Table::new([
        "betas",
        "first step corrected, lr",
        "uncorrected",
        "theory (1 - b1) / sqrt(1 - b2)",
        "longest uncorrected, lr",
        "steps until within 5 %",
        "after 20 steps corrected",
        "uncorrected",
    ]);
    let (mut right, mut numbers, mut lengths) = (0, Vec::new(), Vec::new());
    let mut last = [vec![], vec![]];
    for [b1, b2] in BETAS {
        let spec = |lr: &str, on: bool| format!("adam:lr={lr},betas={b1}/{b2},eps=1e-6,bias_correction={on}");
        let steps = [steps(&spec("1", true))?, steps(&spec("1", false))?];
        let ends = [
            end(&spec("0.4", true), &valley, &valley.start, 20)?,
            end(&spec("0.4", false), &valley, &valley.start, 20)?,
        ];
        let longest = steps[1].iter().copied().fold(0.0, f64::max);
        let until = steps[1].iter().rposition(|x| (x - 1.0).abs() >= RIGHT).map_or(0, |i| i + 1);
        right += usize::from(until == 0);
        let place = |x: &[f64]| format!("({}, {})", fixed(x[0], 6), fixed(x[1], 6));
        table.row([
            format!("{b1}, {b2}"),
            fixed(steps[0][0], 4),
            fixed(steps[1][0], 4),
            fixed((1.0 - b1) / (1.0 - b2).sqrt(), 4),
            fixed(longest, 2),
            until.to_string(),
            place(&ends[0]),
            place(&ends[1]),
        ]);
        numbers = vec![("corrected", steps[0][0]), ("uncorrected", steps[1][0]), ("longest", longest)];
        last = ends;
        lengths.push(steps);
    }
    let names = ["corrected_x", "corrected_y", "uncorrected_x", "uncorrected_y"];
    numbers.extend(names.into_iter().zip(last.iter().flatten().copied()));
    let because = format!(
        "Uncorrected, all steps are within {} % of the learning rate for {right} of {} pairs of betas: with \
         0.9 and 0.999 the first is {} learning rates long and the longest {}; with 0.9 and 0.9 the first \
         is {}. Corrected, they are 1 for all. On the slides' run the value after 20 steps is {} with the \
         correction, and {} without.",
        100.0 * RIGHT,
        BETAS.len(),
        fixed(numbers[1].1, 2),
        fixed(numbers[2].1, 2),
        fixed(lengths[0][1][0], 2),
        fixed(valley.value(&last[0], 0.0), 3),
        fixed(valley.value(&last[1], 0.0), 3),
    );
    Ok(Finding {
        setup: format!(
            "Adam at learning rate 1 under a gradient of 1: the length of each of {STEPS} steps, which is 1 \
             if the means are right, eps 1e-6. And the slides' run: 0.1 x^2 + 2 y^2 from (-5, -2), 20 steps \
             at learning rate 0.4."
        ),
        table,
        verdict: Verdict::of(right, BETAS.len()),
        because,
        pictures: vec![drawn(&lengths)],
        numbers,
    })
}

/// Lengths of steps under a gradient of 1.
fn steps(spec: &str) -> Result<Vec<f64>> {
    let mut walk = Walk::new(spec, &[0.0])?;
    let mut step = || {
        walk.x[0] = 0.0;
        walk.step(|_, _, g| g[0] = 1.0)?;
        Ok(-walk.x[0])
    };
    (0..STEPS).map(|_| step()).collect()
}

fn drawn(lengths: &[[Vec<f64>; 2]]) -> Picture {
    let mut lines = plot(Axis::log("step"), Axis::linear("length of the step, lr"));
    let points = |steps: &[f64]| steps.iter().zip(1..).map(|(x, t)| [f64::from(t), *x]).collect::<Vec<_>>();
    for (i, ([b1, b2], steps)) in BETAS.iter().zip(lengths).enumerate() {
        lines.lines.push(Line::new(i, &format!("uncorrected, {b1} and {b2}"), Look::Line, points(&steps[1])));
    }
    lines.lines.push(Line::new(0, "corrected", Look::Theory, points(&lengths[3][0])));
    let caption = "Length of Adam's steps under a constant gradient: without the correction they are wrong \
        until the slower mean has filled.";
    Picture { name: "lengths", caption: caption.into(), svg: lines.draw() }
}
