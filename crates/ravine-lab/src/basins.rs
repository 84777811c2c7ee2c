//! Basins: which minimum an optimizer reaches from where.

use crate::Result;
use crate::error::Kind;
use crate::point;
use crate::stationary;
use crate::trace::{self, Setup};
use rayon::prelude::*;

/// A run belongs to a minimum if it ends nearer to it than this share of the box.
const NEAR: f64 = 0.02;
/// The most minima that a picture tells apart.
pub const MAX_MINIMA: usize = 12;
/// The most steps that all runs together may make.
const MAX_STEPS: u64 = 20_000_000;

/// The ends of runs from the middles of the cells of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Basins {
    /// The minima inside the box, the lowest first.
    pub minima: Vec<Vec<f64>>,
    /// For each cell, x fastest and low y first, the number of the minimum that was reached, if one was.
    pub reached: Vec<Option<usize>>,
}

/// Runs the first optimizer of `setup` from each cell of a grid over a box, in parallel.
///
/// # Errors
/// As [`trace::run`]'s; more than [`MAX_MINIMA`] minima in the box, or more steps than can be waited for.
///
/// # Panics
/// The function has not two coordinates.
pub fn basins(setup: &Setup, domain: [[f64; 2]; 2], columns: usize, rows: usize) -> Result<Basins> {
    let points = stationary::find(&setup.objective, &domain);
    let minima: Vec<Vec<f64>> =
        points.into_iter().filter(|point| point.kind == point::Kind::Minimum).map(|point| point.at).collect();
    if minima.len() > MAX_MINIMA {
        let expected = format!("a part of the function with at most {MAX_MINIMA} minima, for their basins");
        let got = format!("one with {}", minima.len());
        return Err(Kind::BadOption { option: "the domain", expected, got }.into());
    }
    let most = MAX_STEPS / (columns * rows).max(1) as u64;
    if setup.steps > most {
        let expected = format!("at most {most} for basins, which take {} runs", columns * rows);
        return Err(Kind::BadOption { option: "steps", expected, got: setup.steps.to_string() }.into());
    }
    let [x, y] = domain;
    let size = trace::diagonal(&domain);
    let middle = |i: usize, n: usize, [a, b]: [f64; 2]| a + (b - a) * (i as f64 + 0.5) / n as f64;
    let reached = (0..columns * rows).into_par_iter().map(|i| {
        let start = vec![middle(i % columns, columns, x), middle(i / columns, rows, y)];
        let optimizers = setup.optimizers.iter().take(1).cloned().collect();
        let traces = trace::run(&Setup { start, optimizers, ..setup.clone() })?;
        let end = traces.first().map_or(&[][..], |trace| trace.end());
        let far = |minimum: &Vec<f64>| trace::distance(minimum, end);
        let nearest = minima.iter().map(far).enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(nearest.filter(|(_, distance)| *distance < NEAR * size).map(|(number, _)| number))
    });
    let reached = reached.collect::<Result<_>>()?;
    Ok(Basins { minima, reached })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Objective;

    #[test]
    fn every_quarter_of_himmelblaus_function_has_its_minimum() {
        let objective = Objective::parse("himmelblau").unwrap();
        let domain = [objective.domain[0], objective.domain[1]];
        let setup = Setup {
            start: vec![],
            objective,
            optimizers: vec!["sgd:lr=0.01".into()],
            lr: None,
            schedule: "constant".into(),
            steps: 200,
            noise: 0.0,
            seed: 0,
            tolerance: 0.0,
        };
        let basins = basins(&setup, domain, 8, 8).unwrap();
        let at = |column: usize, row: usize| {
            let minimum = &basins.minima[basins.reached[row * 8 + column].expect("a minimum is reached")];
            [minimum[0].is_sign_positive(), minimum[1].is_sign_positive()]
        };
        assert_eq!(
            [at(6, 6), at(1, 6), at(1, 1), at(6, 1)],
            [[true, true], [false, true], [false, false], [true, false]]
        );
    }
}
