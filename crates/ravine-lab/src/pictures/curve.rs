//! A function of one variable, with runs on it.

use super::legend::{self, Entry, Sign};
use super::lines::Axis;
use super::place::Places;
use super::trail::{self, Trail};
use super::{Mark, MarkKind, Path};
use crate::stats::number::significant;
use crate::svg::clip::{clip, inside};
use crate::svg::plot::Margins;
use crate::svg::simplify::{path, simplify};
use crate::svg::{Plot, Scale, Svg, labels};

/// The picture.
pub struct Curve<'a> {
    /// Room, width and height.
    pub size: [f64; 2],
    /// What it shows; may be empty.
    pub title: String,
    /// Name of the variable.
    pub variable: String,
    /// The range drawn.
    pub domain: [f64; 2],
    /// The function.
    pub f: &'a dyn Fn(f64) -> f64,
    /// The runs.
    pub paths: Vec<Path<1>>,
    /// Points worth knowing.
    pub marks: Vec<Mark<1>>,
}

impl<'a> Curve<'a> {
    /// A function over a range, 640 by 400, without runs.
    pub fn new(title: &str, domain: [f64; 2], f: &'a dyn Fn(f64) -> f64) -> Self {
        let (title, variable) = (title.into(), "x".into());
        Self { size: [640.0, 400.0], title, variable, domain, f, paths: Vec::new(), marks: Vec::new() }
    }

    /// Draws it.
    pub fn draw(&self) -> Svg {
        self.render(false)
    }

    /// Draws it with runs that draw themselves.
    pub fn animated(&self) -> Svg {
        self.render(true)
    }

    /// The graph as points, `count` of them.
    pub(crate) fn graph(&self, count: usize) -> Vec<[f64; 2]> {
        let [low, high] = self.domain;
        let at = |i: usize| low + (high - low) * i as f64 / (count - 1) as f64;
        (0..count).map(|i| [at(i), (self.f)(at(i))]).collect()
    }

    fn render(&self, moving: bool) -> Svg {
        let [width, height] = self.size;
        let mut svg = Svg::new(width, height, &self.label());
        let mut top = super::title(&mut svg, &self.title);
        let entries = self.entries();
        if entries.len() > 1 {
            top += 2.0 + legend::flow(&mut svg, &entries, 2.0, top, width - 4.0);
        }
        let graph = self.graph(800);
        let (upper, lower) = (top + 26.0, height - 42.0);
        let scale = Axis::default().scale(graph.iter().map(|p| p[1]), [lower, upper], 0.07);
        let ticks = scale.ticks(((lower - upper) / 46.0).round().clamp(2.0, 8.0) as usize);
        let left = 12.0 + ticks.iter().map(|tick| labels::width(&tick.1)).fold(16.0, f64::max);
        let margins = Margins { left, right: 14.0, top: upper, bottom: 42.0 };
        let across = Plot::frame(width, height, margins).0;
        let mut plot = Plot::new(svg, Scale::linear(self.domain, across), scale);
        plot.y_marks(&ticks, &format!("f({})", self.variable));
        plot.x_axis(
            lower,
            ((across[1] - across[0]) / 70.0).round().clamp(3.0, 10.0) as usize,
            &self.variable,
        );
        let frame = [across[0], upper, across[1], lower];
        let place = |x: f64| (plot.x.at(x), plot.y.at((self.f)(x)));
        let pixels: Vec<(f64, f64)> = graph.iter().map(|p| (plot.x.at(p[0]), plot.y.at(p[1]))).collect();
        let mut places = Places::new(frame);
        let pieces = clip(frame, &pixels);
        let line: String = pieces.iter().map(|piece| path(&simplify(piece, 0.1), false)).collect();
        let mut svg = plot.svg;
        svg.path("graph", &line, "");
        places.avoid(pieces.into_iter().flatten());
        let trails: Vec<Trail> = self.trails(&place);
        let id = super::id(&[&svg.inline(""), &format!("{:?}", self.paths)]);
        trail::draw(&mut svg, &id, frame, &mut places, &trails, |i, k| {
            let [x] = self.paths[i].points[k];
            format!(
                "step {k}: {} = {}, f = {}",
                self.variable,
                significant(x, 6),
                significant((self.f)(x), 6)
            )
        });
        self.ends(&mut svg, frame, &mut places, &trails);
        for mark in &self.marks {
            let at = place(mark.at[0]);
            if inside(frame, at) {
                let name = if mark.label.is_empty() { mark.kind.name() } else { &mark.label };
                let hover = format!("{name}: {} = {}", self.variable, significant(mark.at[0], 6));
                mark.kind.draw(&mut svg, at.0, at.1, &hover);
                places.mark(at);
                places.label(&mut svg, "halo", at, 12.0, &mark.label);
            }
        }
        if moving {
            trail::grow(&mut svg, &id, &trails, frame);
        }
        svg
    }

    /// Rings around the starts.
    fn ends(&self, svg: &mut Svg, frame: [f64; 4], places: &mut Places, trails: &[Trail]) {
        let mut seen: Vec<(f64, f64)> = Vec::new();
        for start in trails.iter().filter_map(|trail| trail.points.first()) {
            if inside(frame, *start) && !seen.contains(start) {
                svg.dot("start", start.0, start.1, 6.0, "start");
                places.mark(*start);
                places.label(svg, "soft small halo", *start, 10.0, "start");
                seen.push(*start);
            }
        }
    }

    fn trails(&self, place: &dyn Fn(f64) -> (f64, f64)) -> Vec<Trail<'_>> {
        let trail = |path: &'_ Path<1>| path.points.iter().map(|[x]| place(*x)).collect();
        self.paths.iter().map(|p| Trail { name: &p.name, series: p.series, points: trail(p) }).collect()
    }

    fn entries(&self) -> Vec<Entry> {
        let run = |path: &Path<1>| Entry {
            note: path.note.clone(),
            ..Entry::new(Sign::Run(path.series), &path.name)
        };
        let unnamed =
            |kind: &MarkKind| self.marks.iter().any(|mark| mark.kind == *kind && mark.label.is_empty());
        let kinds = MarkKind::ALL.into_iter().filter(unnamed);
        let marks = kinds.map(|kind| Entry::new(Sign::Mark(kind), kind.name()));
        self.paths.iter().map(run).chain(marks).collect()
    }

    fn label(&self) -> String {
        let names: Vec<&str> = self.paths.iter().map(|path| path.name.as_str()).collect();
        let [low, high] = self.domain.map(|x| significant(x, 3));
        let runs = if names.is_empty() {
            String::new()
        } else {
            format!(", with the runs of {}", super::list(&names))
        };
        format!(
            "{} over {} from {low} to {high}{runs}",
            if self.title.is_empty() { "A function" } else { &self.title },
            self.variable
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64) -> f64 {
        x * x
    }

    fn descent(eta: f64) -> Vec<Vec<f64>> {
        (0..=10).map(|k| vec![10.0 * (1.0 - 2.0 * eta).powi(k)]).collect()
    }

    #[test]
    fn iterates_can_be_read_on_hovering() {
        let mut curve = Curve::new("x²", [-11.0, 11.0], &square);
        curve.paths = vec![Path::new(0, "gd(lr=0.2)", &descent(0.2))];
        curve.marks = vec![Mark::new(MarkKind::Minimum, [0.0], "minimum")];
        let text = curve.draw().inline("");
        assert!(text.contains("gd(lr=0.2), end: step 10: x = 0.0604662, f = 3.65616e-3"), "{text}");
        assert!(text.contains(">start<") && text.contains(">minimum<"));
    }

    #[test]
    fn a_run_that_diverges_leaves_the_picture() {
        let mut curve = Curve::new("x²", [-11.0, 11.0], &square);
        curve.paths = vec![Path::new(0, "gd", &descent(1.1))];
        let text = curve.draw().inline("");
        assert!(text.contains("gd leaves the picture") && !text.contains("end:"));
        assert!(curve.animated().standalone().contains("@keyframes"));
    }
}
