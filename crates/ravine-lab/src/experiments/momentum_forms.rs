//! Two forms of momentum are one.

use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::map::Map;
use crate::pictures::{Mark, MarkKind, Path};
use crate::stats::number::significant;
use ravine::random::Random;

pub(super) const ENTRY: Experiment = Experiment {
    name: "momentum-forms",
    title: "Two forms of momentum are one",
    claim: "v = b v + (1 - b) g in place of v = b v + g is momentum too; v is a leaky average of past \
        gradients, and stretches the learning rate to lr / (1 - b).",
    source: "S1, an article on tricks for gradient methods (the average); S2, slides (the sum)",
    run,
};

const BETAS: [f64; 4] = [0.25, 0.5, 0.9, 0.99];
const STEPS: u64 = 500;

fn run(seed: u64) -> Result<Finding> {
    let valley = Objective::parse("rosenbrock")?;
    let mut table = Table::new([
        "b",
        "two forms, apart by at most",
        "v and its expansion, apart by at most",
        "constant gradient: step / lr",
        "theory 1 / (1 - b)",
    ]);
    let mut worst = [0f64; 3];
    for beta in BETAS {
        let row = [forms(&valley, beta)?.1, expansion(beta, seed)?, stretch(beta)?];
        let theory = 1.0 / (1.0 - beta);
        table.row([
            beta.to_string(),
            significant(row[0], 2),
            significant(row[1], 2),
            significant(row[2], 6),
            significant(theory, 6),
        ]);
        worst = [worst[0].max(row[0]), worst[1].max(row[1]), worst[2].max((row[2] / theory - 1.0).abs())];
    }
    let verdict = Verdict::of(worst.iter().filter(|worst| **worst < 1e-12).count(), worst.len());
    let because = format!(
        "The average at lr / (1 - b) and the sum at lr follow one path to {} over {STEPS} steps. v is the \
         sum of b^k g(t - k) to {}, and under a constant gradient the step grows to lr / (1 - b) to {}, \
         relative.",
        significant(worst[0], 2),
        significant(worst[1], 2),
        significant(worst[2], 2),
    );
    Ok(Finding {
        setup: format!(
            "Both forms on Rosenbrock's valley from the same start, {STEPS} steps, the average with its \
             learning rate divided by 1 - b: largest distance, relative to where they are. The velocity \
             after each of {STEPS} random gradients against the sum written out. {} steps under a gradient \
             of 1.",
            20 * STEPS
        ),
        table,
        verdict,
        because,
        pictures: vec![drawn(&valley)?],
        numbers: vec![("forms", worst[0]), ("expansion", worst[1]), ("stretch", worst[2])],
    })
}

/// Both paths, and how far they are apart at most, relative.
fn forms(objective: &Objective, beta: f64) -> Result<([Vec<Vec<f64>>; 2], f64)> {
    let lr = 1e-3 * (1.0 - beta);
    let sum = Walk::new(&format!("sgd:lr={lr},momentum={beta}"), &objective.start)?;
    let average =
        Walk::new(&format!("sgd:lr={},momentum={beta},ema=true", lr / (1.0 - beta)), &objective.start)?;
    let (mut walks, mut apart) = ([sum, average], 0f64);
    let mut paths = [vec![objective.start.clone()], vec![objective.start.clone()]];
    for _ in 0..STEPS {
        for (walk, path) in walks.iter_mut().zip(&mut paths) {
            walk.descend(objective, 0.0, Random::new(0))?;
            path.push(walk.x.clone());
        }
        let size = walks[0].x.iter().fold(1f64, |size, x| size.max(x.abs()));
        for (a, b) in walks[0].x.iter().zip(&walks[1].x) {
            apart = apart.max((a - b).abs() / size);
        }
    }
    Ok((paths, apart))
}

/// How far the velocity is from the sum written out, at most.
fn expansion(beta: f64, seed: u64) -> Result<f64> {
    let random = Random::new(seed);
    let mut walk = Walk::new(&format!("sgd:lr=1,momentum={beta}"), &[0.0])?;
    let mut apart = 0f64;
    for t in 0..STEPS {
        // At 0 and learning rate 1 the step shows the velocity to the last place.
        walk.x[0] = 0.0;
        walk.step(|_, step, g| g[0] = random.normal(step))?;
        let sum: f64 = (0..=t).map(|k| beta.powi(k as i32) * random.normal(t - k)).sum();
        apart = apart.max((-walk.x[0] - sum).abs());
    }
    Ok(apart)
}

/// The length of a step under a constant gradient, in learning rates, once it has settled.
fn stretch(beta: f64) -> Result<f64> {
    let mut walk = Walk::new(&format!("sgd:lr=1,momentum={beta}"), &[0.0])?;
    for _ in 0..20 * STEPS {
        walk.x[0] = 0.0;
        walk.step(|_, _, g| g[0] = 1.0)?;
    }
    Ok(-walk.x[0])
}

fn drawn(valley: &Objective) -> Result<Picture> {
    let f = |x: f64, y: f64| valley.value(&[x, y], 0.0);
    let mut map = Map::new("", [valley.domain[0], valley.domain[1]], &f);
    let (paths, _) = forms(valley, 0.9)?;
    for (i, (name, path)) in ["sum, lr 1e-4", "average, lr 1e-3"].into_iter().zip(&paths).enumerate() {
        map.paths.push(Path::new(i, name, path));
    }
    map.marks.push(Mark::new(MarkKind::Minimum, [1.0, 1.0], ""));
    let caption = "Momentum 0.9 in both forms: one path.".into();
    Ok(Picture { name: "paths", caption, svg: map.draw() })
}
