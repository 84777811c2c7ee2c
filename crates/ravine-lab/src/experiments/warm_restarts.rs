//! Restarts of the learning rate, and the minima they reach.

use super::measure::{Lead, Share, ranged, ratios};
use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::lines::{Axis, Line, Look};
use crate::stats::number::lr as rate;
use crate::stats::{bootstrap, holm, summary};
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "warm-restarts",
    title: "Restarts help to find the global minimum",
    claim: "Cosine annealing with warm restarts helps to find the global minimum.",
    source: "S0, questions and answers on optimizers and schedules",
    run,
};

/// Function, noise, and the distance within which a coordinate belongs to the global minimum.
const FUNCTIONS: [(&str, &str, f64, f64); 2] =
    [("Rastrigin", "rastrigin", 20.0, 0.5), ("Styblinski-Tang", "styblinski-tang", 20.0, 1.5)];
const SCHEDULES: [(&str, &str); 3] =
    [("constant", "constant"), ("cosine", "cosine"), ("cosine, 5 cycles", "cosine-restarts:t_0=200")];
const STEPS: u64 = 1000;
const TUNING: u64 = 400;
const SEEDS: u64 = 2000;
/// Runs that are made as one.
const TOGETHER: usize = 100;

/// What a schedule reached on a function.
struct Reached {
    lr: f64,
    values: Vec<f64>,
    /// Whether each run ended in the global minimum's basin.
    found: Vec<bool>,
}

impl Reached {
    fn global(&self) -> Share {
        Share::of(self.found.iter().copied())
    }

    /// How far ahead it is of a rival that had the same starts and the same noise.
    fn lead(&self, rival: &Self) -> Lead {
        Lead::of(self.found.iter().zip(&rival.found).map(|(&one, &other)| [one, other]))
    }
}

fn run(seed: u64) -> Result<Finding> {
    let rates = ratios(1e-4, 0.1, 10);
    let mut reached = Vec::new();
    for (_, spec, noise, near) in FUNCTIONS {
        let objective = Objective::parse(spec)?;
        let mut row: Vec<Reached> = Vec::new();
        for (_, schedule) in SCHEDULES {
            let runs = |lr: f64, stream: u64, seeds: u64| -> Result<Vec<Vec<f64>>> {
                let random = Random::new(seed).stream(stream);
                let randoms: Vec<Random> = (0..seeds).map(|run| random.stream(run)).collect();
                let ends = randoms
                    .par_chunks(TOGETHER)
                    .map(|randoms| ends(&objective, lr, schedule, noise, randoms));
                Ok(ends.collect::<Result<Vec<_>>>()?.concat())
            };
            let value = |x: &Vec<f64>| objective.value(x, 0.0);
            let mut best = (f64::INFINITY, rates[0]);
            for &lr in &rates {
                let values: Vec<f64> = runs(lr, 0, TUNING)?.iter().map(value).collect();
                let mean = summary::mean(&values).unwrap_or(f64::NAN);
                if mean < best.0 {
                    best = (mean, lr);
                }
            }
            let ends = runs(best.1, 1, SEEDS)?;
            let minimum = &objective.minima[0];
            let found = |x: &Vec<f64>| x.iter().zip(minimum).all(|(x, m)| (x - m).abs() < near);
            row.push(Reached {
                lr: best.1,
                values: ends.iter().map(value).collect(),
                found: ends.iter().map(found).collect(),
            });
        }
        reached.push(row);
    }
    let leads: Vec<Lead> =
        reached.iter().flat_map(|row| row[..2].iter().map(|rival| row[2].lead(rival))).collect();
    let apart = holm::adjust(&leads.iter().map(|lead| lead.p()).collect::<Vec<_>>()).into_iter();
    let apart: Vec<&Lead> =
        leads.iter().zip(apart).filter(|(_, p)| *p < 0.05).map(|(lead, _)| lead).collect();
    let better = apart.iter().filter(|lead| lead.value() > 0.0).count();
    let worse = apart.len() - better;
    let because = format!(
        "At the same number of steps, each schedule at its own best learning rate, restarts end in the \
         global minimum's basin more often than a rival in {better} of {} comparisons, less often in \
         {worse}, and are not told apart in {}. Rastrigin: {} with restarts, {} with one cosine, {} \
         constant. Styblinski-Tang: {}, {}, {}. The share with restarts less that with one cosine is {} and \
         {} points, less that at a constant rate {} and {}.",
        leads.len(),
        leads.len() - apart.len(),
        reached[0][2].global().text(),
        reached[0][1].global().text(),
        reached[0][0].global().text(),
        reached[1][2].global().text(),
        reached[1][1].global().text(),
        reached[1][0].global().text(),
        leads[1].text(),
        leads[3].text(),
        leads[0].text(),
        leads[2].text(),
    );
    let numbers = vec![
        ("better", better as f64),
        ("worse", worse as f64),
        ("rastrigin_restarts", reached[0][2].global().value()),
        ("rastrigin_over_constant", leads[0].value()),
        ("rastrigin_over_cosine", leads[1].value()),
        ("styblinski_restarts", reached[1][2].global().value()),
        ("styblinski_over_constant", leads[2].value()),
        ("styblinski_over_cosine", leads[3].value()),
    ];
    Ok(Finding {
        setup: format!(
            "SGD with noise N(0, 20^2) on each coordinate of the gradient, starts drawn from the whole \
             domain, {STEPS} steps, in two dimensions. For each function and schedule the best of {} \
             learning rates by the mean final value of {TUNING} tuning seeds; then {SEEDS} other seeds, \
             with 95 % intervals. All schedules have the same starts and the same noise. Told apart: McNemar's \
             test of the runs in which one of two schedules ended in the basin and the other did not, at 5 % \
             over all comparisons by Holm's correction.",
            rates.len()
        ),
        table: table(&reached),
        verdict: Verdict::of(better, leads.len()),
        because,
        pictures: vec![drawn(&reached)],
        numbers,
    })
}

fn table(reached: &[Vec<Reached>]) -> Table {
    let mut table = Table::new(["function", "schedule", "best lr", "final value", "global minimum's basin"]);
    for ((function, ..), row) in FUNCTIONS.iter().zip(reached) {
        for ((schedule, _), reached) in SCHEDULES.iter().zip(row) {
            let mean = summary::mean(&reached.values).unwrap_or(f64::NAN);
            table.row([
                (*function).to_string(),
                (*schedule).to_string(),
                rate(reached.lr),
                ranged(mean, bootstrap::mean_interval(&reached.values)),
                reached.global().text(),
            ]);
        }
    }
    table
}

/// Where a run of each of these streams ends.
fn ends(
    objective: &Objective,
    lr: f64,
    schedule: &str,
    noise: f64,
    randoms: &[Random],
) -> Result<Vec<Vec<f64>>> {
    let start = |random: &Random| {
        let place = random.stream(u64::MAX);
        let domain = objective.domain.iter().zip(0..);
        domain.map(move |([low, high], i)| low + (high - low) * place.uniform(i))
    };
    let starts: Vec<f64> = randoms.iter().flat_map(start).collect();
    let mut walk = Walk::scheduled(&format!("sgd:lr={lr}"), schedule, STEPS, &starts)?;
    for _ in 0..STEPS {
        walk.descend_all(objective, noise, randoms)?;
    }
    Ok(walk.x.chunks_exact(objective.domain.len()).map(<[f64]>::to_vec).collect())
}

fn drawn(reached: &[Vec<Reached>]) -> Picture {
    let names = FUNCTIONS.iter().map(|(name, ..)| (*name).to_string()).collect();
    let x = Axis { names, range: Some([-0.5, 1.5]), ..Axis::linear("") };
    let highest =
        reached.iter().flatten().map(|reached| reached.global().interval().high).fold(0.0, f64::max);
    let y = Axis { range: Some([0.0, 110.0 * highest]), ..Axis::linear("in the global minimum's basin, %") };
    let mut lines = plot(x, y);
    for (i, (name, _)) in SCHEDULES.iter().enumerate() {
        let shift = 0.15 * (i as f64 - 1.0);
        let shares = || reached.iter().map(|row| row[i].global());
        let points =
            shares().enumerate().map(|(k, share)| [k as f64 + shift, 100.0 * share.value()]).collect();
        let mut line = Line::new(i, name, Look::Points, points);
        line.bars =
            shares().map(|share| [100.0 * share.interval().low, 100.0 * share.interval().high]).collect();
        lines.lines.push(line);
    }
    let caption = "Share of runs that end in the global minimum's basin, with 95 % intervals, each schedule \
        at its best learning rate.";
    Picture { name: "basins", caption: caption.into(), svg: lines.draw() }
}
