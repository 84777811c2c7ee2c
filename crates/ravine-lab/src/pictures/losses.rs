//! Losses of runs over their steps, and below them the learning rate or the gradient norm.

use super::lines::{Axis, AxisKind, Line, Lines, Look};
use crate::svg::{Series, Svg};

/// Between a loss and the minimum no less is drawn: beyond it only rounding is left.
const FLOOR: f64 = 1e-16;

/// The picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// Room, width and height.
    pub size: [f64; 2],
    /// What it shows; may be empty.
    pub title: String,
    /// The lowest value there is, if it is known: then the distance from it is drawn.
    pub minimum: Option<f64>,
    /// The runs.
    pub runs: Vec<History>,
    /// What the lower part shows; without a title there is none.
    pub second: String,
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// What the legend calls it.
    pub name: String,
    /// Its look.
    pub series: Series,
    /// Loss before the first step and after each.
    pub losses: Vec<f64>,
    /// Learning rate or gradient norm, from step 0; may be empty.
    pub second: Vec<f64>,
    /// Whether it diverged.
    pub lost: bool,
}

impl Losses {
    /// Runs, 720 by 380.
    pub fn new(title: &str, runs: Vec<History>) -> Self {
        Self { size: [720.0, 380.0], title: title.into(), minimum: None, runs, second: String::new() }
    }

    /// Draws it.
    pub fn draw(&self) -> Svg {
        let upper = self.lines();
        if self.second.is_empty() {
            return upper.draw();
        }
        let lower = self.seconds();
        let names: Vec<&str> = self.runs.iter().map(|run| run.name.as_str()).collect();
        let label =
            format!("{} and {} over the steps of {}", upper.y.title, self.second, super::list(&names));
        upper.draw_above(&lower, &label)
    }

    /// The upper part: the loss, or its distance from the minimum, on the axis that shows it best. That is logarithmic
    /// if all values are positive and span more than a decade, and if they span more with both signs, symmetrically so.
    pub fn lines(&self) -> Lines {
        let minimum = self.minimum.unwrap_or(0.0);
        // A known minimum is known to some digits only: then some loss may lie below it.
        let finite = || self.runs.iter().flat_map(|run| &run.losses).copied().filter(|x| x.is_finite());
        let below = finite().any(|x| x < minimum - 1e-9 * minimum.abs().max(1.0));
        let offset = if below { 0.0 } else { minimum };
        let shift = |x: f64| if self.minimum.is_some() && !below { (x - offset).max(FLOOR) } else { x };
        let title = match self.minimum {
            Some(_) if !below && offset != 0.0 => "loss above the minimum",
            _ => "loss",
        };
        let low = finite().map(shift).fold(f64::INFINITY, f64::min);
        let high = finite().map(|x| shift(x).abs()).fold(0.0, f64::max);
        let kind = match () {
            () if low > 0.0 && high / low > 10.0 => AxisKind::Log,
            () if low < 0.0 && high > 1e3 * -low => AxisKind::Symlog,
            () => AxisKind::Linear,
        };
        self.picture(Axis { kind, ..Axis::linear(title) }, |run| {
            run.losses.iter().map(|x| shift(*x)).collect()
        })
    }

    /// The lower part.
    fn seconds(&self) -> Lines {
        let values = || self.runs.iter().flat_map(|run| &run.second).copied().filter(|x| x.is_finite());
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(0.0, f64::max);
        let kind = if low > 0.0 && high / low > 100.0 { AxisKind::Log } else { AxisKind::Linear };
        self.picture(Axis { kind, ..Axis::linear(&self.second) }, |run| run.second.clone())
    }

    fn picture(&self, y: Axis, values: impl Fn(&History) -> Vec<f64>) -> Lines {
        let last = self.runs.iter().map(|run| run.losses.len()).max().unwrap_or(1).saturating_sub(1).max(1);
        let x = Axis { range: Some([0.0, last as f64]), ..Axis::linear("step") };
        let line = |run: &History| {
            let points = values(run).into_iter().enumerate().map(|(k, y)| [k as f64, y]).collect();
            Line { series: run.series, lost: run.lost, ..Line::new(0, &run.name, Look::Line, points) }
        };
        Lines {
            size: self.size,
            lines: self.runs.iter().map(line).collect(),
            ..Lines::new(&self.title, x, y)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(losses: Vec<f64>) -> History {
        History { name: "gd".into(), series: Series::new(0), losses, second: vec![0.1; 3], lost: false }
    }

    #[test]
    fn the_axis_fits_the_values() {
        let kind = |minimum, losses| {
            let losses = Losses { minimum, ..Losses::new("", vec![run(losses)]) };
            losses.lines().y.kind
        };
        assert_eq!(kind(None, vec![100.0, 10.0, 1.0]), AxisKind::Log);
        assert_eq!(kind(None, vec![3.0, 2.0, 1.0]), AxisKind::Linear);
        assert_eq!(kind(Some(0.0), vec![3.0, 2.0, 0.0]), AxisKind::Log);
        assert_eq!(kind(Some(-7.0), vec![3.0, -6.0, -6.999]), AxisKind::Log);
        assert_eq!(kind(None, vec![1e6, 10.0, -1.0]), AxisKind::Symlog);
        assert_eq!(kind(None, vec![3.0, 0.0, -2.0]), AxisKind::Linear);
    }

    #[test]
    fn a_loss_below_the_known_minimum_is_not_hidden() {
        let losses = Losses { minimum: Some(0.0), ..Losses::new("", vec![run(vec![3.0, -1.0])]) };
        assert_eq!(losses.lines().lines[0].points[1], [1.0, -1.0]);
    }

    #[test]
    fn the_second_part_has_its_own_axis() {
        let losses =
            Losses { second: "learning rate".into(), ..Losses::new("", vec![run(vec![3.0, 2.0, 1.0])]) };
        let text = losses.draw().inline("");
        assert!(text.contains(">learning rate<") && text.matches(">step<").count() == 1);
    }
}
