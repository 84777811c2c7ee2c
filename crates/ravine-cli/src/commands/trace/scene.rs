//! The pictures of a trace.

use super::{Run, Traced, View};
use crate::numbers;
use crate::picture::{self, Picture};
use ravine_lab::braille;
use ravine_lab::pictures::curve::Curve;
use ravine_lab::pictures::losses::{History, Losses};
use ravine_lab::pictures::map::{Basins, Map};
use ravine_lab::pictures::surface::Surface;
use ravine_lab::pictures::{Mark, MarkKind, Path};
use ravine_lab::point::Kind;
use ravine_lab::stationary;
use ravine_lab::svg::{Series, Svg};
use ravine_lab::trace::Ending;

/// The default size of each kind of picture.
const WIDE: [f64; 2] = [760.0, 440.0];
const SQUARE: [f64; 2] = [760.0, 560.0];
/// Rows of a picture in the terminal.
const ROWS: usize = 22;
/// More stationary points than this are a pattern, of which the global minima alone are marked.
const MARKS: usize = 12;

impl Traced {
    /// The picture of the view.
    pub(super) fn draw(&self, picture: &Picture) -> Svg {
        match self.shape() {
            Shape::Curve => self.curve(|curve| Curve { size: picture.size(WIDE), ..curve }.draw()),
            Shape::Map => self.map(|map| Map { size: picture.size(SQUARE), ..map }.draw()),
            Shape::Surface => {
                self.surface(|surface| Surface { size: picture.size(SQUARE), ..surface }.draw())
            }
            Shape::Losses => Losses { size: picture.size(WIDE), ..self.losses() }.draw(),
        }
    }

    /// Whether there is a picture that moves: the path over a curve or map.
    pub(super) fn moves(&self) -> bool {
        matches!(self.shape(), Shape::Curve | Shape::Map)
    }

    /// The same in motion.
    pub(super) fn animated(&self, picture: &Picture) -> Svg {
        match self.shape() {
            Shape::Curve => self.curve(|curve| Curve { size: picture.size(WIDE), ..curve }.animated()),
            Shape::Map => self.map(|map| Map { size: picture.size(SQUARE), ..map }.animated()),
            Shape::Surface | Shape::Losses => self.draw(picture),
        }
    }

    /// The picture in the terminal; a surface as the map seen from above.
    pub(super) fn terminal(&self) -> String {
        let screen = picture::screen(ROWS);
        match self.shape() {
            Shape::Curve => self.curve(|curve| braille::curve(screen, &curve)),
            Shape::Map | Shape::Surface => self.map(|map| braille::map(screen, &map)),
            Shape::Losses => braille::lines(screen, &self.losses().lines()),
        }
    }

    fn shape(&self) -> Shape {
        match (self.view, self.setup.objective.dim()) {
            (View::Loss, _) | (View::Path, 3..) => Shape::Losses,
            (View::Surface, _) => Shape::Surface,
            (View::Path, 1) => Shape::Curve,
            (View::Path | View::Basins, _) => Shape::Map,
        }
    }

    /// The step at which a moving function is drawn: the last that any run made.
    fn time(&self) -> f64 {
        self.runs.iter().map(|run| run.trace.steps()).max().unwrap_or(0) as f64
    }

    fn title(&self) -> String {
        let objective = &self.setup.objective;
        let text = objective.expression.text();
        match objective.title == text || text.chars().count() > 60 {
            true => objective.title.clone(),
            false => format!("{}: {text}", objective.title),
        }
    }

    fn curve<T>(&self, then: impl FnOnce(Curve<'_>) -> T) -> T {
        let (objective, time) = (&self.setup.objective, self.time());
        let f = |x: f64| objective.value(&[x], time);
        let mut curve = Curve::new(&self.title(), self.domain[0], &f);
        curve.variable = objective.expression.variables()[0].clone();
        (curve.paths, curve.marks) = (self.paths(), self.marks());
        then(curve)
    }

    fn map<T>(&self, then: impl FnOnce(Map<'_>) -> T) -> T {
        let (objective, time) = (&self.setup.objective, self.time());
        let f = |x: f64, y: f64| objective.value(&[x, y], time);
        let mut map = Map::new(&self.title(), [self.domain[0], self.domain[1]], &f);
        map.variables = std::array::from_fn(|i| objective.expression.variables()[i].clone());
        (map.paths, map.marks) = (self.paths(), self.marks());
        map.basins = self.basins.as_ref().map(|basins| Basins {
            columns: super::CELLS[0],
            rows: super::CELLS[1],
            numbers: basins.reached.clone(),
            names: basins.minima.iter().map(|at| numbers::point(at, 3)).collect(),
        });
        then(map)
    }

    fn surface<T>(&self, then: impl FnOnce(Surface<'_>) -> T) -> T {
        let (objective, time) = (&self.setup.objective, self.time());
        let f = |x: f64, y: f64| objective.value(&[x, y], time);
        let mut surface = Surface::new(&self.title(), [self.domain[0], self.domain[1]], &f);
        let [x, y] = std::array::from_fn(|i| objective.expression.variables()[i].clone());
        surface.variables = [x, y, "value".into()];
        (surface.paths, surface.marks) = (self.paths(), self.marks());
        then(surface)
    }

    fn losses(&self) -> Losses {
        let history = |(n, run): (usize, &Run)| History {
            name: self.name(run),
            series: Series::new(n),
            losses: run.trace.losses.clone(),
            second: run.trace.grad_norms.clone(),
            lost: matches!(run.trace.ending, Ending::Diverged | Ending::Undefined),
        };
        let mut losses = Losses::new(&self.title(), self.runs.iter().enumerate().map(history).collect());
        // The minimum of a moving function is not that of step 0.
        losses.minimum = self.setup.objective.lowest().filter(|_| !self.setup.objective.expression.moves());
        losses.second = "norm of the gradient".into();
        losses
    }

    fn paths<const N: usize>(&self) -> Vec<Path<N>> {
        let path = |(n, run): (usize, &Run)| {
            let mut path = Path::new(n, &self.name(run), &run.trace.points);
            path.note = run.trace.ending.word().into();
            path
        };
        // A path of no step would hide the function.
        self.runs.iter().enumerate().filter(|(_, run)| run.trace.steps() > 0).map(path).collect()
    }

    /// The known minima, and the stationary points that the picture shows.
    fn marks<const N: usize>(&self) -> Vec<Mark<N>> {
        let objective = &self.setup.objective;
        if objective.expression.moves() {
            return Vec::new();
        }
        let found = stationary::find(objective, &self.domain);
        let inside = |at: &[f64]| at.iter().zip(&self.domain).all(|(x, [a, b])| (a..=b).contains(&x));
        let known = objective.minima.iter().filter(|at| inside(at));
        let mut marks: Vec<Mark<N>> = known.map(|at| mark(MarkKind::Minimum, at)).collect();
        if found.len() > MARKS {
            return marks;
        }
        let lowest = objective.lowest();
        for point in found {
            let global = lowest.is_some_and(|lowest| point.value <= lowest + 1e-9 * (1.0 + lowest.abs()));
            let kind = match point.kind {
                Kind::Minimum if global => continue,
                Kind::Minimum => MarkKind::LocalMinimum,
                Kind::Maximum => MarkKind::Maximum,
                Kind::Saddle => MarkKind::Saddle,
                Kind::Degenerate => MarkKind::Degenerate,
            };
            marks.push(mark(kind, &point.at));
        }
        marks
    }
}

/// What is drawn.
enum Shape {
    Curve,
    Map,
    Surface,
    Losses,
}

fn mark<const N: usize>(kind: MarkKind, at: &[f64]) -> Mark<N> {
    Mark::new(kind, std::array::from_fn(|i| at[i]), "")
}
