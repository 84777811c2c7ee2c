//! The programs printed in the sources, as they compute and corrected.

use super::walk::{Walk, end};
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::pictures::map::Map;
use crate::pictures::{Mark, MarkKind, Path};
use crate::stats::number::significant;
use ravine::{Schedule, schedules};

pub(super) const ENTRY: Experiment = Experiment {
    name: "museum",
    title: "The sources' programs compute what they should",
    claim: "The printed programs and formulas compute what they are named after.",
    source: "S1, an article on tricks for gradient methods; S2, slides; S4, a chapter on learning-rate \
        strategies",
    run,
};

/// Calls of S1's programs.
const CALLS: usize = 1000;
/// Results are the same within this, relative.
const SAME: f64 = 1e-6;

/// A program: where it is from, what was run, and the results as printed and corrected.
struct Exhibit {
    name: &'static str,
    run: &'static str,
    printed: Vec<f64>,
    corrected: Vec<f64>,
    wrong: &'static str,
}

fn run(_: u64) -> Result<Finding> {
    let valley = Objective::parse("ravine")?;
    let exhibits: Vec<Exhibit> = [programs()?, formulas(&valley)?, rates()?].into_iter().flatten().collect();
    let mut table = Table::new(["printed", "run", "as printed", "corrected", "what is wrong"]);
    let text = |x: &[f64]| x.iter().map(|x| significant(*x, 6)).collect::<Vec<_>>().join(", ");
    for Exhibit { name, run, printed, corrected, wrong } in &exhibits {
        table.row([*name, run, &text(printed), &text(corrected), wrong]);
    }
    let same = |exhibit: &Exhibit| {
        let pairs = exhibit.printed.iter().zip(&exhibit.corrected);
        pairs.into_iter().all(|(a, b)| (a - b).abs() <= SAME * (1.0 + b.abs()))
    };
    let right: Vec<&Exhibit> = exhibits.iter().filter(|exhibit| same(exhibit)).collect();
    let because =
        format!("{} of {} give the result of what they are named after.", right.len(), exhibits.len());
    let names = [
        "sgd",
        "momentum",
        "adagrad",
        "rmsprop",
        "adam",
        "adagrad_formula",
        "rmsprop_empty",
        "rmsprop_average",
        "adam_formula",
        "momentum_2d",
        "dynamic_rate_128",
        "dynamic_rate_64",
        "dynamic_rate_32",
        "hexadecimal",
        "keras",
    ];
    // The last number of each; for a path in two coordinates that is the second.
    let mut numbers: Vec<(&'static str, f64)> = names
        .into_iter()
        .zip(&exhibits)
        .map(|(name, exhibit)| (name, exhibit.printed[exhibit.printed.len() - 1]))
        .collect();
    numbers.extend([
        ("adagrad_formula_x", exhibits[5].printed[0]),
        ("momentum_2d_x", exhibits[9].printed[0]),
        ("momentum_2d_corrected_y", exhibits[9].corrected[1]),
        ("keras_corrected", exhibits[14].corrected[0]),
        ("keras_staircase", rate_of("exponential:gamma=0.96,decay_steps=10000,staircase=true", 1e-3, 5000)?),
    ]);
    Ok(Finding {
        setup: format!(
            "What each printed program or formula computes, retold, beside the correct one from the engine. \
             S1's programs take the parameter for its gradient; they are called {CALLS} times at their \
             defaults on one parameter, the correct ones on f = p^2 / 2, whose gradient is p. A result is \
             the same within {SAME}."
        ),
        table,
        verdict: Verdict::of(right.len(), exhibits.len()),
        because,
        pictures: vec![calls()?, valleys(&valley)?],
        numbers,
    })
}

/// Calls an update again and again. S1's programs make their state anew in each call, so it is a function of p alone.
fn again(start: f64, calls: usize, update: impl Fn(f64) -> f64) -> Vec<f64> {
    std::iter::successors(Some(start), |p| Some(update(*p))).take(calls + 1).collect()
}

// The programs of S1 on one parameter, at their defaults: learning rate 0.01, beta 0.9, epsilon 1e-6.
fn momentum(p: f64) -> f64 {
    let v = 0.0;
    p - 0.01 * (v + (1.0 - 0.9) * p)
}

fn adagrad(p: f64) -> f64 {
    let g = p * p;
    p - 0.01 * g / (g + 1e-6).sqrt()
}

fn rmsprop(p: f64) -> f64 {
    let v = (1.0 - 0.9) * p * p;
    p - 0.01 * p / (v + 1e-6).sqrt()
}

fn adam(p: f64) -> f64 {
    let (m, v) = ((1.0 - 0.9) * p, (1.0 - 0.999) * p * p);
    p - 0.01 * m / (v.sqrt() + 1e-6)
}

/// Down p^2 / 2.
fn down(spec: &str, start: f64, calls: usize) -> Result<Vec<f64>> {
    let mut walk = Walk::new(spec, &[start])?;
    let mut path = vec![start];
    for _ in 0..calls {
        walk.step(|p, _, g| g[0] = p[0])?;
        path.push(walk.x[0]);
    }
    Ok(path)
}

const MOMENTUM: &str = "sgd:lr=0.01,momentum=0.9,ema=true";
const ADAGRAD: &str = "adagrad:lr=0.01,eps=1e-6,eps_in_sqrt=true";
const RMSPROP: &str = "rmsprop:lr=0.01,alpha=0.9,eps=1e-6,eps_in_sqrt=true";
const ADAM: &str = "adam:lr=0.01,eps=1e-6";

fn programs() -> Result<Vec<Exhibit>> {
    // One feature, examples x = 1..10 with y = 2 x, one batch: the printed gradient is the sum of x times p, without y.
    let x: Vec<f64> = (1..=10).map(f64::from).collect();
    let sum: f64 = x.iter().sum();
    let squares: f64 = x.iter().map(|x| x * x).sum();
    let mut fitted = Walk::new("sgd:lr=0.01", &[1.0])?;
    for _ in 0..CALLS {
        fitted.step(|p, _, g| g[0] = squares * (p[0] - 2.0) / x.len() as f64)?;
    }
    let last = |path: Vec<f64>| vec![path[path.len() - 1]];
    Ok(vec![
        Exhibit {
            name: "S1, sgd()",
            run: "fit y = 2 x from p = 1",
            printed: last(again(1.0, CALLS, |p| p - 0.01 * sum * p)),
            corrected: fitted.x,
            wrong: "the gradient never looks at y",
        },
        Exhibit {
            name: "S1, momentum()",
            run: "1000 calls from 2",
            printed: last(again(2.0, CALLS, momentum)),
            corrected: last(down(MOMENTUM, 2.0, CALLS)?),
            wrong: "no velocity is kept: weight decay remains",
        },
        Exhibit {
            name: "S1, adagrad()",
            run: "1000 calls from -3",
            printed: last(again(-3.0, CALLS, adagrad)),
            corrected: last(down(ADAGRAD, -3.0, CALLS)?),
            wrong: "the square stands for the gradient: its sign is lost",
        },
        Exhibit {
            name: "S1, rmsprop()",
            run: "1000 calls from 2",
            printed: last(again(2.0, CALLS, rmsprop)),
            corrected: last(down(RMSPROP, 2.0, CALLS)?),
            wrong: "the mean starts anew in each call: every step is 3.16 lr",
        },
        Exhibit {
            name: "S1, adam()",
            run: "1000 calls from 2",
            printed: last(again(2.0, CALLS, adam)),
            corrected: last(down(ADAM, 2.0, CALLS)?),
            wrong: "means start anew, uncorrected: every step is 3.16 lr",
        },
    ])
}

/// 20 steps on 0.1 x^2 + 2 y^2 from (-5, -2), of an update of place and state along the gradient.
fn along<S: Default>(mut update: impl FnMut([f64; 2], [f64; 2], &mut S) -> [f64; 2]) -> Vec<Vec<f64>> {
    let (mut x, mut state) = ([-5.0, -2.0], S::default());
    let mut path = vec![x.to_vec()];
    for _ in 0..20 {
        x = update(x, [0.2 * x[0], 4.0 * x[1]], &mut state);
        path.push(x.to_vec());
    }
    path
}

/// S1's formula for AdaGrad: no sum over steps, one norm for all parameters.
fn normalised(x: [f64; 2], g: [f64; 2], _: &mut ()) -> [f64; 2] {
    let norm = (g[0] * g[0] + g[1] * g[1] + 1e-6).sqrt();
    [x[0] - 0.4 * g[0] / norm, x[1] - 0.4 * g[1] / norm]
}

/// S2's program: 4 v2 where the derivative is 4 x2.
fn momentum_2d(x: [f64; 2], _: [f64; 2], v: &mut [f64; 2]) -> [f64; 2] {
    *v = [0.25 * v[0] + 0.2 * x[0], 0.25 * v[1] + 4.0 * v[1]];
    [x[0] - 0.6 * v[0], x[1] - 0.6 * v[1]]
}

fn formulas(valley: &Objective) -> Result<Vec<Exhibit>> {
    let correct = |spec: &str, steps| end(spec, valley, &valley.start, steps);
    let last = |path: Vec<Vec<f64>>| path[path.len() - 1].clone();
    // The first step in learning rates under a gradient of 1, and the one that settles.
    let first = |spec: &str| -> Result<Vec<f64>> { Ok(vec![-end_under(spec, 1)?]) };
    Ok(vec![
        Exhibit {
            name: "S1, AdaGrad's formula",
            run: "0.1 x^2 + 2 y^2, lr 0.4, 20 steps",
            printed: last(along(normalised)),
            corrected: correct("adagrad:lr=0.4,eps=1e-6,eps_in_sqrt=true", 20)?,
            wrong: "a normalised gradient: every step is lr long",
        },
        Exhibit {
            name: "S1, RMSProp's formula",
            run: "first step, lr 1, gradient 1",
            printed: vec![1.0 / (0.9f64 * 0.0 + 1e-6).sqrt()],
            corrected: first("rmsprop:lr=1,alpha=0.9,eps=1e-6,eps_in_sqrt=true")?,
            wrong: "R is never updated and stays 0",
        },
        Exhibit {
            name: "the same, R being the mean square",
            run: "settled step, lr 1, gradient 1",
            printed: vec![1.0 / (0.9f64 * 1.0 + 1e-6).sqrt()],
            corrected: vec![-end_under("rmsprop:lr=1,alpha=0.9,eps=1e-6,eps_in_sqrt=true", 1000)?],
            wrong: "the term (1 - rho) g^2 is missing: 1.054 lr",
        },
        Exhibit {
            name: "S1, Adam's formula",
            run: "first step, lr 1, gradient 1, betas 0.9 and 0.999",
            printed: first("adam:lr=1,eps=1e-6,bias_correction=false")?,
            corrected: first("adam:lr=1,eps=1e-6")?,
            wrong: "no bias correction: 3.16 lr",
        },
        Exhibit {
            name: "S2, momentum_2d()",
            run: "0.1 x^2 + 2 y^2, lr 0.6, momentum 0.25, 20 steps",
            printed: last(along(momentum_2d)),
            corrected: correct("sgd:lr=0.6,momentum=0.25", 20)?,
            wrong: "4 v2 for 4 x2: the second coordinate never moves",
        },
    ])
}

/// The last of so many steps under a gradient of 1.
fn end_under(spec: &str, steps: u64) -> Result<f64> {
    let mut walk = Walk::new(spec, &[0.0])?;
    for _ in 0..steps {
        walk.x[0] = 0.0;
        walk.step(|_, _, g| g[0] = 1.0)?;
    }
    Ok(walk.x[0])
}

/// S1's dynamic_learning_rate(batch, warmup_batch) after so many batches.
fn dynamic_rate(batch: f64, warmup: f64, batches: i32) -> f64 {
    0.01 * (1.0 - batch / warmup).powi(batches)
}

fn rate_of(schedule: &str, base: f64, step: u64) -> Result<f64> {
    Ok(schedules::parse(schedule, step)?.lr(base, step))
}

fn rates() -> Result<Vec<Exhibit>> {
    // Warmup over 15 batches, which is what both are to do.
    let warm = rate_of("constant:warmup=15", 0.01, 14)?;
    let dynamic = |run, warmup| Exhibit {
        name: "S1, dynamic_learning_rate()",
        run,
        printed: vec![dynamic_rate(64.0, warmup, 15)],
        corrected: vec![warm],
        wrong: "multiplies by 1 - batch / warmup at every batch: a decay",
    };
    Ok(vec![
        dynamic("batches of 64, warmup batch 128, after 15", 128.0),
        dynamic("batches of 64, warmup batch 64, after 15", 64.0),
        dynamic("batches of 64, warmup batch 32, after 15", 32.0),
        Exhibit {
            name: "S1, the \"hexadecimal method\"",
            run: "lr 0.01, batches of 64, warmup batch 32, at any time",
            printed: vec![0.01 / (1.0 + 64.0 / 32.0)],
            corrected: vec![warm],
            wrong: "one number for ever, below the learning rate",
        },
        Exhibit {
            name: "S4, ExponentialDecay as a callback",
            run: "learning rate of step 5000",
            // Keras refuses it; were it ignored instead, Adam would keep its own rate.
            printed: vec![1e-3],
            corrected: vec![rate_of("exponential:gamma=0.96,decay_steps=10000", 1e-3, 5000)?],
            wrong: "the optimizer never sees the schedule; Keras raises an error",
        },
    ])
}

fn calls() -> Result<Picture> {
    let y = Axis { range: Some([1e-6, 1e5]), ..Axis::log("size of the parameter") };
    let mut lines = plot(Axis::linear("call"), y);
    let points = |path: &[f64]| path.iter().enumerate().map(|(i, p)| [i as f64, p.abs()]).collect::<Vec<_>>();
    type Printed = fn(f64) -> f64;
    let programs: [(&str, Printed, &str, f64); 4] = [
        ("momentum()", momentum, MOMENTUM, 2.0),
        ("adagrad()", adagrad, ADAGRAD, -3.0),
        ("rmsprop()", rmsprop, RMSPROP, 2.0),
        ("adam()", adam, ADAM, 2.0),
    ];
    for (i, (name, printed, spec, start)) in programs.into_iter().enumerate() {
        lines.lines.push(Line::new(i, name, Look::Line, points(&again(start, CALLS, printed))));
        let label = if i == 0 { "corrected" } else { "" };
        lines.lines.push(Line::new(i, label, Look::Theory, points(&down(spec, start, CALLS)?)));
    }
    let caption = "Size of the parameter in S1's programs, called 1000 times, and under the correct rules \
        on p^2 / 2 (dots)."
        .into();
    Ok(Picture { name: "calls", caption, svg: lines.draw() })
}

fn valleys(valley: &Objective) -> Result<Picture> {
    let f = |x: f64, y: f64| valley.value(&[x, y], 0.0);
    let mut map = Map::new("", [valley.domain[0], valley.domain[1]], &f);
    let correct = |spec: &str| -> Result<Vec<Vec<f64>>> {
        (0..=20).map(|steps| end(spec, valley, &valley.start, steps)).collect()
    };
    let paths = [
        ("momentum as printed", along(momentum_2d)),
        ("momentum corrected", correct("sgd:lr=0.6,momentum=0.25")?),
        ("AdaGrad as printed", along(normalised)),
        ("AdaGrad corrected", correct("adagrad:lr=0.4,eps=1e-6,eps_in_sqrt=true")?),
    ];
    for (i, (name, path)) in paths.iter().enumerate() {
        map.paths.push(Path::new(i, name, path));
    }
    map.marks.push(Mark::new(MarkKind::Minimum, [0.0, 0.0], ""));
    let caption = "20 steps on 0.1 x^2 + 2 y^2: S2's momentum_2d() stays at y = -2, S1's AdaGrad steps \
        equally far for ever."
        .into();
    Ok(Picture { name: "valley", caption, svg: map.draw() })
}
