//! The pictures of a point.

use super::{Looked, View, degrees};
use crate::picture::{self, Picture};
use ravine_lab::braille;
use ravine_lab::pictures::arrow::Arrow;
use ravine_lab::pictures::directions::Directions;
use ravine_lab::pictures::lines::{Axis, Line, Lines, Look};
use ravine_lab::pictures::map::Map;
use ravine_lab::pictures::{Mark, MarkKind};
use ravine_lab::point::{Kind, Point};
use ravine_lab::stats::number::significant;
use ravine_lab::svg::Svg;

/// Rows of a picture in the terminal.
const ROWS: usize = 16;
/// What is drawn around the point on each side, as a share of the function's domain.
const AROUND: f64 = 0.25;
/// Length of the arrows as a share of that.
const ARROW: f64 = 0.6;
/// Points of a curve.
const SAMPLES: usize = 401;

impl Looked {
    /// The picture of the view.
    pub(super) fn draw(&self, picture: &Picture) -> Svg {
        match (self.view, self.objective.dim()) {
            (View::Map, 2) => self.map(|map| Map { size: picture.size([620.0, 480.0]), ..map }.draw()),
            (View::Map, _) => Lines { size: picture.size([640.0, 400.0]), ..self.tangent() }.draw(),
            (View::Slopes, _) => {
                let directions = self.directions();
                Directions { size: picture.size(directions.size), ..directions }.draw()
            }
        }
    }

    /// The picture in the terminal.
    pub(super) fn terminal(&self) -> String {
        let screen = picture::screen(ROWS);
        match (self.view, self.objective.dim()) {
            (View::Map, 2) => self.map(|map| braille::map(screen, &map)),
            (View::Map, _) => braille::lines(screen, &self.tangent()),
            (View::Slopes, _) => braille::lines(screen, &self.directions().lines()),
        }
    }

    fn title(&self, what: &str) -> String {
        format!("{what} at {}", super::vector(&self.point.at))
    }

    /// The slopes in the plane; of more coordinates in any plane with the gradient in it, which is at 0 degrees there.
    fn directions(&self) -> Directions {
        let Point { gradient, norm, .. } = &self.point;
        let given = self.direction.as_ref();
        if let &[a, b] = &gradient[..] {
            let given = given.map(|direction| degrees([direction.unit[0], direction.unit[1]]));
            return Directions { given, ..Directions::new(&self.title("Slope in every direction"), [a, b]) };
        }
        let given = given.map(|direction| match *norm > 0.0 {
            true => (direction.slope / norm).clamp(-1.0, 1.0).acos().to_degrees(),
            false => 0.0,
        });
        let title = self.title("Slope by the angle from the gradient");
        Directions { given, ..Directions::new(&title, [*norm, 0.0]) }
    }

    /// The levels around the point with the directions.
    fn map<T>(&self, then: impl FnOnce(Map<'_>) -> T) -> T {
        let (objective, at) = (&self.objective, [self.point.at[0], self.point.at[1]]);
        let f = |x: f64, y: f64| objective.value(&[x, y], self.step);
        let reach = self.reach();
        let domain = at.map(|x| [x - reach, x + reach]);
        let mut map = Map::new(&self.title(objective.expression.text()), domain, &f);
        map.variables = std::array::from_fn(|i| objective.expression.variables()[i].clone());
        let kind = match self.point.kind {
            Some(Kind::Minimum) => MarkKind::LocalMinimum,
            Some(Kind::Maximum) => MarkKind::Maximum,
            Some(Kind::Saddle) => MarkKind::Saddle,
            Some(Kind::Degenerate) | None => MarkKind::Point,
        };
        map.marks.push(Mark::new(kind, at, ""));
        let mut arrow = |n: usize, name: String, unit: &[f64]| {
            let to = std::array::from_fn(|i| at[i] + ARROW * reach * unit[i]);
            map.arrows.push(Arrow::new(n, &name, at, to));
        };
        if let (Some(ascent), Some(descent)) = (&self.point.ascent, self.point.descent()) {
            arrow(1, "steepest ascent".into(), ascent);
            arrow(2, "steepest descent".into(), &descent);
        }
        if let Some(given) = &self.direction {
            arrow(4, format!("slope {}", significant(given.slope, 4)), &given.unit);
        }
        then(map)
    }

    /// The curve around the point with its tangent.
    fn tangent(&self) -> Lines {
        let (objective, point) = (&self.objective, &self.point);
        let (x, reach) = (point.at[0], self.reach());
        let name = &objective.expression.variables()[0];
        let mut lines = Lines::new(
            &self.title(objective.expression.text()),
            Axis { range: Some([x - reach, x + reach]), ..Axis::linear(name) },
            Axis::linear(&format!("f({name})")),
        );
        let place = |i: usize| x + reach * (2.0 * i as f64 / (SAMPLES - 1) as f64 - 1.0);
        let curve = (0..SAMPLES).map(|i| [place(i), objective.value(&[place(i)], self.step)]).collect();
        let slope = point.gradient[0];
        let tangent = [-0.5, 0.5].map(|part| [x + part * reach, point.value + part * reach * slope]);
        lines.lines = vec![
            Line::new(0, "function", Look::Line, curve),
            Line::new(
                1,
                &format!("tangent, slope {}", significant(slope, 4)),
                Look::Theory,
                tangent.to_vec(),
            ),
            Line::new(2, "the point", Look::Points, vec![[x, point.value]]),
        ];
        lines
    }

    /// How far the picture goes around the point.
    fn reach(&self) -> f64 {
        let widest = self.objective.domain.iter().map(|[low, high]| high - low).fold(0.0, f64::max);
        AROUND * widest
    }
}
