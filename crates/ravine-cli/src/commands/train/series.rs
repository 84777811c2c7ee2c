//! Values over a run of any length in little room.

/// More points than any terminal has columns to show.
const MOST: usize = 512;

/// Means over stretches of the run of one length, which doubles whenever there are too many.
#[derive(Debug)]
pub(super) struct Series {
    points: Vec<[f64; 2]>,
    /// Values in a point.
    every: u64,
    sum: f64,
    count: u64,
}

impl Default for Series {
    fn default() -> Self {
        Self { points: Vec::new(), every: 1, sum: 0.0, count: 0 }
    }
}

impl Series {
    /// Adds the value at a step. One that is not finite is left out.
    pub(super) fn push(&mut self, step: u64, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.sum += value;
        self.count += 1;
        if self.count < self.every {
            return;
        }
        self.points.push([step as f64, self.sum / self.count as f64]);
        (self.sum, self.count) = (0.0, 0);
        if self.points.len() == MOST {
            let mean = |[[_, a], [step, b]]: &[[f64; 2]; 2]| [*step, (a + b) / 2.0];
            self.points = self.points.as_chunks().0.iter().map(mean).collect();
            self.every *= 2;
        }
    }

    /// The points there are.
    pub(super) fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// The points, each drawn towards those before it: over about a fortieth of what there is.
    pub(super) fn smooth(&self) -> Vec<[f64; 2]> {
        let keep = 1.0 - 1.0 / (1.0 + self.points.len() as f64 / 40.0);
        let (mut mean, mut weight) = (0.0, 0.0);
        let smooth = |[step, value]: &[f64; 2]| {
            mean = keep * mean + (1.0 - keep) * value;
            // As if all before the first had been like the rest.
            weight = keep * weight + (1.0 - keep);
            [*step, mean / weight]
        };
        self.points.iter().map(smooth).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_shape() {
        let mut series = Series::default();
        for step in 1..=100_000 {
            series.push(step, step as f64);
        }
        series.push(100_001, f64::NAN);
        let points = series.points();
        assert!((MOST / 2..MOST).contains(&points.len()));
        for [step, value] in points {
            assert!((step - value).abs() <= 256.0, "{step} {value}");
        }
        let smooth = series.smooth();
        assert_eq!(smooth.len(), points.len());
        assert_eq!(smooth[0], points[0]);
        assert!(smooth.iter().all(|[step, value]| value <= step));
    }
}
