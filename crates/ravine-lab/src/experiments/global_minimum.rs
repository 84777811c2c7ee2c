//! Which minimum stochastic gradient descent finds.

use super::measure::Share;
use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict};
use crate::Result;
use crate::basins::basins;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::map::{Basins, Map};
use crate::pictures::{Mark, MarkKind};
use crate::stats::number::{fixed, significant};
use crate::stats::summary;
use crate::trace::{Setup, diagonal, distance, length};
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "global-minimum",
    title: "SGD is sure to reach the global minimum",
    claim: "SGD is guaranteed to reach the global optimum; fast convergence finds it.",
    source: "S3, an article on vanishing gradients",
    run,
};

/// Function and the learning rate that it bears.
const FUNCTIONS: [(&str, f64); 4] =
    [("bowl", 0.1), ("himmelblau", 0.01), ("styblinski-tang", 0.01), ("rastrigin", 0.001)];
const NOISE: f64 = 1.0;
const STEPS: u64 = 1500;
const STARTS: u64 = 400;
/// Cells of the picture along each side.
const CELLS: usize = 48;
/// Distance to a minimum that counts as reached, as a share of the domain's diagonal.
const NEAR: f64 = 0.02;

fn run(seed: u64) -> Result<Finding> {
    let mut table = Table::new([
        "function",
        "noise",
        "global minimum reached",
        "steepness at the end: median",
        "at the start",
    ]);
    let (mut sure, mut shares) = (0, Vec::new());
    for (i, (name, lr)) in FUNCTIONS.into_iter().enumerate() {
        let objective = Objective::parse(name)?;
        let random = Random::new(seed).stream(i as u64);
        for noise in [0.0, NOISE] {
            let runs = (0..STARTS).into_par_iter().map(|run| walk(&objective, lr, noise, random.stream(run)));
            let runs: Vec<Run> = runs.collect::<Result<_>>()?;
            let share = Share::of(runs.iter().map(|run| run.global));
            let median = |of: fn(&Run) -> f64| {
                summary::median(&runs.iter().map(of).collect::<Vec<_>>()).unwrap_or(f64::NAN)
            };
            table.row([
                name.to_string(),
                fixed(noise, 0),
                share.text(),
                significant(median(|run| run.steep[1]), 2),
                significant(median(|run| run.steep[0]), 2),
            ]);
            if noise > 0.0 {
                sure += usize::from(share.count == share.of);
                shares.push(share);
            }
        }
    }
    let because = format!(
        "From {STARTS} starts with falling learning rate and noise, SGD reached a global minimum in {} on a \
         convex bowl, {} on Himmelblau's function, whose minima are all global, {} on Styblinski and Tang's \
         and {} on Rastrigin's. Every start led to one on {sure} of {} functions.",
        shares[0].text(),
        shares[1].text(),
        shares[2].text(),
        shares[3].text(),
        FUNCTIONS.len(),
    );
    Ok(Finding {
        setup: format!(
            "{STARTS} starts drawn from each function's domain in two dimensions, {STEPS} steps of SGD with \
             cosine decay, without noise and with N(0, 1) on each coordinate of the gradient. Reached: \
             within {NEAR} of the domain's diagonal of a global minimum, with 95 % intervals. Steepness is \
             the length of the gradient."
        ),
        table,
        verdict: Verdict::of(sure, FUNCTIONS.len()),
        because,
        pictures: vec![drawn("styblinski-tang", 0.01)?, drawn("himmelblau", 0.01)?],
        numbers: vec![
            ("bowl", shares[0].value()),
            ("himmelblau", shares[1].value()),
            ("styblinski_tang", shares[2].value()),
            ("rastrigin", shares[3].value()),
        ],
    })
}

/// How one run went.
struct Run {
    global: bool,
    /// Length of the gradient at the start and at the end.
    steep: [f64; 2],
}

fn walk(objective: &Objective, lr: f64, noise: f64, random: Random) -> Result<Run> {
    let place = random.stream(u64::MAX);
    let domain = objective.domain.iter().zip(0..);
    let start: Vec<f64> = domain.map(|([low, high], i)| low + (high - low) * place.uniform(i)).collect();
    let mut walk = Walk::scheduled(&format!("sgd:lr={lr}"), "cosine", STEPS, &start)?;
    for _ in 0..STEPS {
        walk.descend(objective, noise, random)?;
    }
    let steep = |x: &[f64]| {
        let mut gradient = vec![0.0; x.len()];
        objective.gradient(x, 0.0, &mut gradient);
        length(&gradient)
    };
    let near = |minimum: &Vec<f64>| distance(minimum, &walk.x) < NEAR * diagonal(&objective.domain);
    Ok(Run { global: objective.minima.iter().any(near), steep: [steep(&start), steep(&walk.x)] })
}

fn drawn(name: &'static str, lr: f64) -> Result<Picture> {
    let objective = Objective::parse(name)?;
    let domain = [objective.domain[0], objective.domain[1]];
    let setup = Setup {
        optimizers: vec![format!("sgd:lr={lr}")],
        lr: None,
        schedule: "constant".into(),
        start: objective.start.clone(),
        steps: 300,
        noise: 0.0,
        seed: 0,
        tolerance: 0.0,
        objective: objective.clone(),
    };
    let found = basins(&setup, domain, CELLS, CELLS)?;
    let f = |x: f64, y: f64| objective.value(&[x, y], 0.0);
    let mut map = Map::new("", domain, &f);
    let lowest = objective.lowest().unwrap_or(f64::NAN);
    for minimum in &found.minima {
        let global = objective.value(minimum, 0.0) < lowest + 1e-6;
        let kind = if global { MarkKind::Minimum } else { MarkKind::LocalMinimum };
        map.marks.push(Mark::new(kind, [minimum[0], minimum[1]], ""));
    }
    let name_of =
        |minimum: &Vec<f64>| format!("({}, {})", significant(minimum[0], 3), significant(minimum[1], 3));
    let names = found.minima.iter().map(name_of).collect();
    map.basins = Some(Basins { columns: CELLS, rows: CELLS, numbers: found.reached, names });
    let caption = format!(
        "{}: the minimum that gradient descent reaches from each place; stars are global minima.",
        objective.title
    );
    Ok(Picture { name, caption, svg: map.draw() })
}
