//! Learning rates over the steps.

use super::lines::{Axis, AxisKind, Line, Lines, Look};
use crate::svg::Svg;

/// Steps looked at, at most.
const BUDGET: u64 = 4000;

/// On a linear axis what is below this share of the highest lies on the floor.
const FLOOR: f64 = 0.02;

/// The picture.
pub struct Schedules<'a> {
    /// Room, width and height.
    pub size: [f64; 2],
    /// What it shows; may be empty.
    pub title: String,
    /// Steps of the training.
    pub steps: u64,
    /// What is scheduled.
    pub quantity: String,
    /// How its values are spread; if not given, by what they are.
    pub kind: Option<AxisKind>,
    /// Name and learning rate of each schedule.
    pub curves: Vec<(String, &'a dyn Fn(u64) -> f64)>,
    /// Number and momentum of those schedules that move it; shown below.
    pub momenta: Vec<(usize, &'a dyn Fn(u64) -> f64)>,
}

impl Schedules<'_> {
    /// An empty picture of so many steps, 720 by 320.
    pub fn new(title: &str, steps: u64) -> Self {
        let (size, quantity) = ([720.0, 320.0], "learning rate".into());
        let (curves, momenta) = (Vec::new(), Vec::new());
        Self { size, title: title.into(), steps, quantity, kind: None, curves, momenta }
    }

    /// Draws it.
    pub fn draw(&self) -> Svg {
        let upper = self.lines();
        let Some(lower) = self.momentum_lines() else {
            return upper.draw();
        };
        let names: Vec<&str> = self.curves.iter().map(|(name, _)| name.as_str()).collect();
        let label = format!("{} and momentum over the steps of {}", self.quantity, super::list(&names));
        upper.draw_above(&lower, &label)
    }

    /// The learning rates as lines. Unless a kind is given, the axis is logarithmic if all are positive and on a
    /// linear one some schedule would lie on the floor for more than a quarter of the steps.
    pub fn lines(&self) -> Lines {
        let curves = self.curves.iter().enumerate().map(|(n, (name, lr))| (n, name.as_str(), *lr));
        let mut lines = self.picture(&self.title, Axis::linear(&self.quantity), curves);
        let rates = || lines.lines.iter().flat_map(|line| &line.points).map(|p| p[1]);
        let low = rates().fold(f64::INFINITY, f64::min);
        let high = rates().fold(0.0, f64::max);
        let floored = |line: &Line| line.points.iter().filter(|p| p[1] < FLOOR * high).count();
        let by_values = || match lines.lines.iter().any(|line| 4 * floored(line) > line.points.len()) {
            true => AxisKind::Log,
            false => AxisKind::Linear,
        };
        if low > 0.0 && self.kind.unwrap_or_else(by_values) == AxisKind::Log {
            lines.y.kind = AxisKind::Log;
            // What falls to nothing in its last steps leaves the picture there.
            let tail = |line: &Line| {
                let mut rates: Vec<f64> = line.points.iter().map(|p| p[1]).collect();
                rates.sort_by(f64::total_cmp);
                rates[rates.len() / 50]
            };
            let low = lines.lines.iter().map(tail).fold(f64::INFINITY, f64::min);
            lines.y.range = Some([low / 1.5, 1.5 * high]);
        } else if low >= 0.0 && high > 0.0 && high.is_finite() {
            lines.y.range = Some([0.0, 1.05 * high]);
        }
        lines
    }

    /// The momenta as lines, if some schedule moves it.
    pub fn momentum_lines(&self) -> Option<Lines> {
        let curves = self.momenta.iter().map(|&(n, momentum)| (n, self.curves[n].0.as_str(), momentum));
        (!self.momenta.is_empty()).then(|| self.picture("Momentum", Axis::linear("momentum"), curves))
    }

    fn picture<'b>(
        &self,
        title: &str,
        y: Axis,
        curves: impl Iterator<Item = (usize, &'b str, &'b dyn Fn(u64) -> f64)>,
    ) -> Lines {
        let last = self.steps.saturating_sub(1);
        let count = self.steps.clamp(1, BUDGET);
        let at = |i: u64| (u128::from(i) * u128::from(last) / u128::from((count - 1).max(1))) as u64;
        let line = |(n, name, value): (usize, &str, &dyn Fn(u64) -> f64)| {
            let points = (0..count).map(at).map(|t| [t as f64, value(t)]).collect();
            Line::new(n, name, Look::Line, points)
        };
        let x = Axis { range: Some([0.0, last.max(1) as f64]), ..Axis::linear("step") };
        Lines { size: self.size, lines: curves.map(line).collect(), ..Lines::new(title, x, y) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_fits_the_rates() {
        let constant = |_| 0.1;
        let decay = |t: u64| 0.1 * 0.9f64.powi(t as i32);
        let of = |lr: &dyn Fn(u64) -> f64| {
            let mut picture = Schedules::new("", 100);
            picture.curves = vec![("a".into(), lr)];
            picture.lines().y
        };
        assert_eq!(of(&constant).range, Some([0.0, 1.05 * 0.1]));
        assert_eq!(of(&decay).kind, AxisKind::Log);
        let cosine = |t: u64| 0.05 + 0.05 * (std::f64::consts::PI * t as f64 / 100.0).cos();
        assert_eq!(of(&cosine).kind, AxisKind::Linear, "it is low at its end only");
        assert_eq!(of(&|t| if t < 50 { 0.1 } else { 0.0 }).kind, AxisKind::Linear, "zero has no logarithm");
    }

    #[test]
    fn momentum_has_a_panel_of_its_own() {
        let (rate, momentum) = (|_| 0.1, |_| 0.9);
        let mut picture = Schedules::new("", 100);
        picture.curves = vec![("a".into(), &rate), ("b".into(), &rate)];
        assert!(!picture.draw().inline("").contains(">momentum<"));
        picture.momenta = vec![(1, &momentum)];
        let lower = picture.momentum_lines().unwrap();
        assert_eq!((lower.lines.len(), &*lower.lines[0].name), (1, "b"));
        assert_eq!(lower.lines[0].series, picture.lines().lines[1].series);
        let text = picture.draw().inline("");
        assert!(text.contains(">momentum<") && text.matches(">step<").count() == 1);
    }

    #[test]
    fn long_trainings_are_sampled_to_their_end() {
        let rate = |t: u64| t as f64;
        let mut picture = Schedules::new("", u64::MAX);
        picture.curves = vec![("a".into(), &rate)];
        let points = &picture.lines().lines[0].points;
        assert_eq!((points.len(), points[0][0], points[3999][0]), (4000, 0.0, (u64::MAX - 1) as f64));
    }
}
