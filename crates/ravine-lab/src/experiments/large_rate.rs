//! A large learning rate and a worse minimum.

use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::curve::Curve;
use crate::pictures::lines::{Axis, Line, Look, Reference};
use crate::pictures::{Mark, MarkKind, Path};
use crate::stats::number::fixed;
use ravine::random::Random;

pub(super) const ENTRY: Experiment = Experiment {
    name: "large-rate",
    title: "Too large a learning rate ends in a worse minimum",
    claim: "On a function that is not convex, a learning rate that is too large leads to a poor local \
        minimum.",
    source: "S2, slides on optimization for deep learning",
    run,
};

const RATES: [f64; 13] = [0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0];
const STEPS: u64 = 100;
/// The minimum that small steps find, and the one nearer to 0.
const GOOD: f64 = 7.269_388;
const WORSE: f64 = -1.825_685;
/// A run has settled if it ends this near.
const NEAR: f64 = 0.05;

fn run(_: u64) -> Result<Finding> {
    let waves = Objective::parse("waves")?;
    let curvature = waves.hessian(&[GOOD], 0.0)[0];
    let stable = 2.0 / curvature;
    let mut table = Table::new(["learning rate", "x after 10 steps", "x after 100 steps", "value", "where"]);
    let (mut ends, mut numbers) = (Vec::new(), vec![("stable", stable)]);
    for lr in RATES {
        let path = path(&waves, lr)?;
        let x = path[STEPS as usize][0];
        let place = match x {
            x if (x - GOOD).abs() < NEAR => "the better minimum",
            x if (x - WORSE).abs() < NEAR => "the worse minimum",
            _ => "not settled in either",
        };
        let value = waves.value(&[x], 0.0);
        table.row([lr.to_string(), fixed(path[10][0], 6), fixed(x, 6), fixed(value, 4), place.into()]);
        ends.push((lr, x, value, place));
        match lr {
            0.5 => numbers.push(("end_0.5", x)),
            1.5 => numbers.push(("end_1.5", x)),
            2.0 => numbers.extend([("end_2", x), ("end_2_after_10", path[10][0])]),
            2.5 => numbers.push(("end_2.5", x)),
            3.0 => numbers.push(("end_3", x)),
            _ => {}
        }
    }
    let large: Vec<_> = ends.iter().filter(|(lr, ..)| *lr > stable).collect();
    let count = |place: &str, of: &[&(f64, f64, f64, &str)]| of.iter().filter(|end| end.3 == place).count();
    let small: Vec<_> = ends.iter().filter(|(lr, ..)| *lr <= stable).collect();
    let worse = count("the worse minimum", &large);
    let because = format!(
        "The better minimum holds gradient descent up to a learning rate of 2 / f'' = {}. Of {} learning \
         rates below, {} end in it and {} in the worse one. Of {} above, {worse} end in the worse minimum \
         and {} in neither after {STEPS} steps.",
        fixed(stable, 2),
        small.len(),
        count("the better minimum", &small),
        count("the worse minimum", &small),
        large.len(),
        count("not settled in either", &large),
    );
    Ok(Finding {
        setup: format!(
            "Gradient descent on x cos(0.15 pi x) from x = 10, {STEPS} steps. Its minima near by are at \
             7.269 (value -6.978) and -1.826 (value -1.191); a run has settled if it ends within {NEAR} of \
             one. The claim holds if every learning rate too large for the better minimum ends in the worse."
        ),
        table,
        verdict: Verdict::of(worse, large.len()),
        because,
        pictures: vec![drawn(&waves, stable)?, paths(&waves)?],
        numbers,
    })
}

fn path(waves: &Objective, lr: f64) -> Result<Vec<Vec<f64>>> {
    let mut walk = Walk::new(&format!("sgd:lr={lr}"), &waves.start)?;
    let mut path = vec![walk.x.clone()];
    for _ in 0..STEPS {
        walk.descend(waves, 0.0, Random::new(0))?;
        path.push(walk.x.clone());
    }
    Ok(path)
}

fn drawn(waves: &Objective, stable: f64) -> Result<Picture> {
    let mut lines = plot(Axis::linear("learning rate"), Axis::linear("x after 100 steps"));
    let rates: Vec<f64> = (2..=120).map(|k| 0.025 * f64::from(k)).collect();
    let ends =
        rates.iter().map(|lr| Ok([*lr, path(waves, *lr)?[STEPS as usize][0]])).collect::<Result<_>>()?;
    lines.lines.push(Line::new(0, "", Look::Points, ends));
    lines.references = vec![
        Reference { at: GOOD, upright: false, label: "better minimum".into() },
        Reference { at: WORSE, upright: false, label: "worse minimum".into() },
        Reference { at: stable, upright: true, label: "2 / f''".into() },
    ];
    let caption = "Where 100 steps end, for 119 learning rates.".into();
    Ok(Picture { name: "ends", caption, svg: lines.draw() })
}

fn paths(waves: &Objective) -> Result<Picture> {
    let f = |x: f64| waves.value(&[x], 0.0);
    let mut curve = Curve::new("", [-11.0, 11.0], &f);
    for (i, lr) in [0.2, 2.0].into_iter().enumerate() {
        curve.paths.push(Path::new(i, &format!("lr {lr}"), &path(waves, lr)?[..=10]));
    }
    curve.marks.push(Mark::new(MarkKind::LocalMinimum, [GOOD], ""));
    curve.marks.push(Mark::new(MarkKind::LocalMinimum, [WORSE], ""));
    let caption = "Ten steps at learning rates 0.2 and 2.".into();
    Ok(Picture { name: "paths", caption, svg: curve.draw() })
}
