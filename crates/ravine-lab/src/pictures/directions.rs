//! The slope of a function in every direction from a point.

use super::lines::{Axis, Line, Lines, Look, Reference};
use crate::stats::number::significant;
use crate::svg::{Series, Svg};

/// The picture: the directional derivative |∇f| cos(θ - θ∇f) over the direction θ.
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    /// Room, width and height.
    pub size: [f64; 2],
    /// What it shows; may be empty.
    pub title: String,
    /// The gradient.
    pub gradient: [f64; 2],
    /// A direction to mark, in degrees from the first axis to the second.
    pub given: Option<f64>,
}

impl Directions {
    /// The picture for a gradient, 720 by 360.
    pub fn new(title: &str, gradient: [f64; 2]) -> Self {
        Self { size: [720.0, 360.0], title: title.into(), gradient, given: None }
    }

    /// Draws it. Where the gradient is 0, all directions are level and none is marked.
    pub fn draw(&self) -> Svg {
        self.lines().draw()
    }

    /// The same as lines.
    pub fn lines(&self) -> Lines {
        let [a, b] = self.gradient;
        let (norm, up) = (a.hypot(b), b.atan2(a).to_degrees().rem_euclid(360.0));
        let slope = |degrees: f64| norm * (degrees - up).to_radians().cos();
        let step = if self.size[0] < 480.0 { 90 } else { 45 };
        let marked = (0..=360).step_by(step).map(f64::from).collect();
        let x = Axis { range: Some([0.0, 360.0]), marked, ..Axis::linear("direction in degrees") };
        let mut picture = Lines::new(&self.title, x, Axis::linear("slope in that direction"));
        picture.size = self.size;
        let points = (0..=360).map(f64::from).map(|degrees| [degrees, slope(degrees)]).collect();
        picture.lines.push(Line::new(0, "", Look::Line, points));
        picture.references.push(Reference { at: 0.0, upright: false, label: String::new() });
        let mut mark = |n: usize, name: &str, turns: &[f64]| {
            let at = |turn: &f64| {
                let degrees = (up + turn).rem_euclid(360.0);
                [degrees, slope(degrees)]
            };
            let points: Vec<[f64; 2]> = turns.iter().map(at).collect();
            let degrees: Vec<String> = points.iter().map(|p| format!("{}°", significant(p[0], 4))).collect();
            let name = format!("{name} {}", degrees.join(", "));
            picture.lines.push(Line { series: Series::new(n), ..Line::new(n, &name, Look::Points, points) });
        };
        if norm > 0.0 && norm.is_finite() {
            mark(1, "steepest ascent", &[0.0]);
            mark(2, "steepest descent", &[180.0]);
            mark(3, "level", &[90.0, 270.0]);
        }
        if let Some(given) = self.given.filter(|given| given.is_finite()) {
            mark(4, "given", &[given - up]);
            let label = format!("slope {}", significant(slope(given), 4));
            picture.references.push(Reference { at: given.rem_euclid(360.0), upright: true, label });
        }
        picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_stand_where_the_theorem_says() {
        let lines = Directions::new("", [3.0, -4.0]).lines().lines;
        let at = |i: usize, k: usize| lines[i].points[k];
        assert!((at(1, 0)[0] - 306.869_897).abs() < 1e-6 && (at(1, 0)[1] - 5.0).abs() < 1e-12);
        assert!((at(2, 0)[0] - 126.869_897).abs() < 1e-6 && (at(2, 0)[1] + 5.0).abs() < 1e-12);
        assert!(at(3, 0)[1].abs() < 1e-12 && at(3, 1)[1].abs() < 1e-12);
        let highest = lines[0].points.iter().map(|p| p[1]).fold(f64::NEG_INFINITY, f64::max);
        assert!(highest <= 5.0 && highest > 4.999);
    }

    #[test]
    fn without_a_gradient_no_direction_is_best() {
        let text = Directions::new("", [0.0, 0.0]).draw().inline("");
        assert!(!text.contains("ascent"));
    }
}
