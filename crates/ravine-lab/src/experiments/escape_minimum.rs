//! Noise leads out of a local minimum.

use super::measure::Share;
use super::walk::Walk;
use super::{Experiment, Finding, Picture, Verdict, plot};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::curve::Curve;
use crate::pictures::lines::{Axis, Line, Look};
use crate::pictures::{Mark, MarkKind, Path};
use crate::stats::number::significant;
use ravine::random::Random;
use rayon::prelude::*;

pub(super) const ENTRY: Experiment = Experiment {
    name: "escape-minimum",
    title: "Noise leads out of a local minimum",
    claim: "Noise in the gradient can lead out of a local minimum.",
    source: "S2, slides on optimization for deep learning",
    run,
};

/// The local minimum of x cos(pi x), where all runs start.
const START: f64 = -0.273_853;
/// The maxima of x cos(pi x) on both sides of the lower minimum's valley, and the one left of the start.
const VALLEY: [f64; 2] = [0.273_853, 2.048];
const LEFT: f64 = -1.090_408;
const RATES: [f64; 3] = [0.02, 0.05, 0.1];
const NOISES: [f64; 8] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0];
const STEPS: u64 = 1000;
const SEEDS: u64 = 200;

fn run(seed: u64) -> Result<Finding> {
    let objective = Objective::parse("two-minima")?;
    let mut table =
        Table::new(["noise".to_string()].into_iter().chain(
            RATES.iter().flat_map(|lr| [format!("lr {lr}: lower minimum"), "thrown out".to_string()]),
        ));
    // The shares that end in the lower valley, and outside of both, by noise and learning rate.
    let mut shares: Vec<Vec<[Share; 2]>> = Vec::new();
    for noise in NOISES {
        let of = |lr: &f64| {
            let ends = (0..SEEDS).into_par_iter().map(|run| walk(&objective, *lr, noise, seed, run, |_| {}));
            let ends = ends.collect::<Result<Vec<f64>>>()?;
            let lower = Share::of(ends.iter().map(|x| (VALLEY[0]..VALLEY[1]).contains(x)));
            // A run that has left for infinity is no number in any valley.
            let out = Share::of(ends.iter().map(|x| !(LEFT..VALLEY[1]).contains(x)));
            Ok([lower, out])
        };
        let row = RATES.iter().map(of).collect::<Result<Vec<_>>>()?;
        let cells = row.iter().flat_map(|pair| pair.map(Share::text));
        table.row([significant(noise, 2)].into_iter().chain(cells));
        shares.push(row);
    }
    let all = || {
        shares
            .iter()
            .zip(NOISES)
            .flat_map(|(row, noise)| row.iter().zip(RATES).map(move |(s, lr)| (s, lr, noise)))
    };
    let (best, lr, noise) = all().max_by_key(|(shares, ..)| shares[0].count).expect("there are conditions");
    let still = all().filter(|(.., noise)| *noise == 0.0).map(|(shares, ..)| shares[0].count).sum::<usize>();
    let strongest = shares[NOISES.len() - 1][RATES.len() - 1];
    // Most runs leave, some do, or none do that would not without noise.
    let verdict = match best[0].interval().low {
        low if low > 0.5 && still == 0 => Verdict::Holds,
        low if low > still as f64 / (RATES.len() as u64 * SEEDS) as f64 => Verdict::Depends,
        _ => Verdict::Fails,
    };
    let because = format!(
        "Without noise {still} of {} runs left the local minimum. With noise {noise} at learning rate {lr}, \
         {} ended in the lower one within {STEPS} steps. With noise {} at {}, {} were thrown out of both \
         valleys.",
        RATES.len() as u64 * SEEDS,
        best[0].text(),
        NOISES[NOISES.len() - 1],
        RATES[RATES.len() - 1],
        strongest[1].text(),
    );
    Ok(Finding {
        setup: format!(
            "SGD on x cos(pi x) from its local minimum at -0.274 (value -0.179; the lower one is at 1.090, \
             value -1.047), normal noise on each gradient, {STEPS} steps, {SEEDS} seeds for each learning \
             rate and noise. Shares with 95 % intervals."
        ),
        table,
        verdict,
        because,
        pictures: vec![drawn(&shares), paths(&objective, lr, noise, seed)?],
        numbers: vec![
            ("still", still as f64),
            ("best_share", best[0].value()),
            ("thrown_out", strongest[1].value()),
        ],
    })
}

/// Where one run ends.
fn walk(
    objective: &Objective,
    lr: f64,
    noise: f64,
    seed: u64,
    run: u64,
    mut see: impl FnMut(f64),
) -> Result<f64> {
    let mut walk = Walk::new(&format!("sgd:lr={lr}"), &[START])?;
    let random = Random::new(seed).stream(run);
    for _ in 0..STEPS {
        see(walk.x[0]);
        walk.descend(objective, noise, random)?;
    }
    Ok(walk.x[0])
}

fn drawn(shares: &[Vec<[Share; 2]>]) -> Picture {
    let y = Axis { range: Some([0.0, 100.0]), ..Axis::linear("ended in the lower minimum, %") };
    let mut lines = plot(Axis::linear("standard deviation of the noise"), y);
    for (i, lr) in RATES.iter().enumerate() {
        let of = |row: &Vec<[Share; 2]>| row[i][0];
        let points = shares.iter().zip(NOISES).map(|(row, noise)| [noise, 100.0 * of(row).value()]);
        let mut line = Line::new(i, &format!("lr {lr}"), Look::Both, points.collect());
        line.bars = shares
            .iter()
            .map(|row| [100.0 * of(row).interval().low, 100.0 * of(row).interval().high])
            .collect();
        lines.lines.push(line);
    }
    let caption = "Share of runs that end in the lower minimum, with 95 % intervals: too little noise does \
        not get out, too much does not stay.";
    Picture { name: "shares", caption: caption.into(), svg: lines.draw() }
}

fn paths(objective: &Objective, lr: f64, noise: f64, seed: u64) -> Result<Picture> {
    let f = |x: f64| objective.value(&[x], 0.0);
    let mut curve = Curve::new("", [-1.0, 2.0], &f);
    for (i, noise) in [0.0, noise].into_iter().enumerate() {
        let mut points = Vec::new();
        walk(objective, lr, noise, seed, 0, |x| points.push(vec![x]))?;
        let path = Path::new(i, &format!("noise {noise}"), &points[..points.len().min(200)]);
        curve.paths.push(path);
    }
    curve.marks.push(Mark::new(MarkKind::LocalMinimum, [START], ""));
    curve.marks.push(Mark::new(MarkKind::Minimum, [1.090_408], ""));
    let caption = format!(
        "The first 200 steps of one run without noise and one with noise {noise}, at learning rate {lr}."
    );
    Ok(Picture { name: "run", caption, svg: curve.draw() })
}
