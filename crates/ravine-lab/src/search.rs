//! The search for a learning rate: a few values on a logarithmic grid, each chosen from the results so far.
//!
//! It begins at 0.01 and a factor of 10 to either side, the same for every optimizer, so that none profits from a good
//! guess. Then, trial by trial: while the best value is the lowest or the highest tried, the search moves on by another
//! factor of 10; else it halves the wider of the two gaps beside the best value. All values are of the series 1.0, 1.3,
//! 1.8, 2.4, 3.2, 4.2, 5.6, 7.5 (eight to a decade).

use std::cmp::Ordering;

const SERIES: [&str; 8] = ["1.0", "1.3", "1.8", "2.4", "3.2", "4.2", "5.6", "7.5"];
const DECADE: i32 = SERIES.len() as i32;
/// 0.01.
const START: i32 = -2 * DECADE;
const LOWEST: i32 = -9 * DECADE;
const HIGHEST: i32 = 4 * DECADE;

/// What the search says of itself in reports.
pub const DESCRIPTION: &str = "Starts at 0.01 and a factor of 10 to either side for every optimizer alike, moves on by \
    another factor of 10 while the best value is the lowest or highest tried, then halves the wider gap beside the best.";

/// How good a learning rate turned out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean validation metric, larger is better; minus infinity where a run failed.
    pub metric: f64,
    /// Mean validation loss, which decides between equal metrics.
    pub loss: f64,
}

impl Score {
    /// Of a learning rate with which a run failed.
    pub const FAILED: Self = Self { metric: f64::NEG_INFINITY, loss: f64::INFINITY };

    fn compare(&self, other: &Self) -> Ordering {
        self.metric.total_cmp(&other.metric).then(other.loss.total_cmp(&self.loss))
    }
}

/// A search under way.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Grid position and score, in rising order of position.
    tried: Vec<(i32, Score)>,
}

impl Search {
    /// The learning rate to try next; `None` when the grid has no better.
    pub fn next(&self) -> Option<f64> {
        self.next_position().map(value)
    }

    /// Takes note of what the last learning rate of [`next`](Self::next) scored.
    pub fn tell(&mut self, score: Score) {
        if let Some(position) = self.next_position() {
            let at = self.tried.partition_point(|(tried, _)| *tried < position);
            self.tried.insert(at, (position, score));
        }
    }

    /// The best learning rate so far; `None` if none was tried or all failed.
    pub fn best(&self) -> Option<f64> {
        let (position, score) = self.tried[self.best_index()?];
        (score.metric > f64::NEG_INFINITY).then(|| value(position))
    }

    fn best_index(&self) -> Option<usize> {
        // Of equal scores the lowest learning rate.
        (0..self.tried.len()).rev().max_by(|a, b| self.tried[*a].1.compare(&self.tried[*b].1))
    }

    fn next_position(&self) -> Option<i32> {
        let seen = |position: i32| self.tried.iter().any(|(tried, _)| *tried == position);
        if let Some(first) = [START, START - DECADE, START + DECADE].into_iter().find(|start| !seen(*start)) {
            return Some(first);
        }
        let best = self.best_index()?;
        let here = self.tried[best].0;
        if self.tried[best].1 == Score::FAILED {
            // All failed: only smaller ones are left to hope for.
            return Some(self.tried[0].0 - DECADE).filter(|position| *position >= LOWEST);
        }
        let (below, above) = (best.checked_sub(1).map(|i| self.tried[i]), self.tried.get(best + 1).copied());
        match (below, above) {
            (None, _) if here - DECADE >= LOWEST => Some(here - DECADE),
            (_, None) if here + DECADE <= HIGHEST => Some(here + DECADE),
            (below, above) => {
                let gap =
                    |side: Option<(i32, Score)>| side.map_or(0, |(position, _)| (position - here).abs());
                let (down, up) = (gap(below), gap(above));
                // Of equal gaps the one with the better far end.
                let better_below = match (below, above) {
                    (Some(below), Some(above)) => below.1.compare(&above.1) != Ordering::Less,
                    (below, _) => below.is_some(),
                };
                let go_down = down > up || (down == up && better_below);
                match if go_down { down } else { up } {
                    0 | 1 => None,
                    gap => Some(if go_down { here - gap / 2 } else { here + gap / 2 }),
                }
            }
        }
    }
}

/// The value at a position of the grid, read from its decimal form so that it is the same on every machine.
fn value(position: i32) -> f64 {
    let (decade, digit) = (position.div_euclid(DECADE), position.rem_euclid(DECADE));
    format!("{}e{decade}", SERIES[digit as usize]).parse().expect("a decimal number")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(budget: usize, metric: impl Fn(f64) -> Option<f64>) -> (Vec<f64>, Option<f64>) {
        let mut search = Search::default();
        let mut tried = Vec::new();
        while tried.len() < budget
            && let Some(lr) = search.next()
        {
            tried.push(lr);
            search.tell(metric(lr).map_or(Score::FAILED, |metric| Score { metric, loss: -metric }));
        }
        (tried, search.best())
    }

    #[test]
    fn it_closes_in_on_the_best_from_any_distance() {
        for exponent in -30..=14 {
            let optimum = 10f64.powf(f64::from(exponent) / 5.0);
            let (tried, best) = search(14, |lr| Some(-(lr / optimum).ln().abs()));
            let best = best.unwrap();
            assert!((best / optimum).ln().abs() < 0.3, "{best} for {optimum}: {tried:?}");
        }
    }

    #[test]
    fn it_stays_below_a_cliff() {
        let (tried, best) = search(9, |lr| (lr < 0.05).then_some(lr));
        assert_eq!(tried, [0.01, 0.001, 0.1, 0.0032, 0.032, 0.018, 0.056, 0.024, 0.042]);
        assert_eq!(best, Some(0.042));
    }

    #[test]
    fn where_all_fail_it_goes_down_and_ends() {
        let (tried, best) = search(100, |_| None);
        assert_eq!(tried[..5], [0.01, 0.001, 0.1, 1e-4, 1e-5]);
        assert_eq!((tried.last(), best), (Some(&1e-9), None));
    }

    #[test]
    fn ties_go_to_the_lowest_and_end() {
        let (tried, best) = search(100, |_| Some(1.0));
        assert!(tried.len() < 30);
        assert_eq!(best, Some(1e-9));
    }
}
