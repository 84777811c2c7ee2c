//! A function of two variables seen from above, with runs on it.

use super::arrow::Arrow;
use super::legend::{self, Entry, Sign};
use super::levels;
use super::place::Places;
use super::trail::{self, Trail};
use super::{Mark, MarkKind, Path};
use crate::stats::number::significant;
use crate::svg::clip::{Frame, inside};
use crate::svg::contour::{self, Grid, Region};
use crate::svg::{Anchor, Scale, Series, Svg, labels};
use std::collections::BTreeSet;

/// Pixels between the nodes at which the function is looked at.
const NODE: f64 = 3.0;

/// Bytes of all levels, about. For it there may be fewer of them, and their lines may be simplified, in pixels.
const BYTES: usize = 30_000;
const DETAILS: [(usize, f64); 6] = [(14, 0.12), (14, 0.25), (14, 0.5), (9, 0.3), (9, 0.6), (6, 0.6)];

/// Width from which the legend stands beside the map, and its own width.
const WIDE: f64 = 560.0;
const COLUMN: f64 = 212.0;

/// The picture.
pub struct Map<'a> {
    /// Room, width and height.
    pub size: [f64; 2],
    /// What it shows; may be empty.
    pub title: String,
    /// Names of the variables, across and upwards.
    pub variables: [String; 2],
    /// The ranges drawn. Where they are near each other, both have the same scale.
    pub domain: [[f64; 2]; 2],
    /// The function.
    pub f: &'a dyn Fn(f64, f64) -> f64,
    /// The runs.
    pub paths: Vec<Path<2>>,
    /// Points worth knowing.
    pub marks: Vec<Mark<2>>,
    /// Directions at points.
    pub arrows: Vec<Arrow>,
    /// Where runs from each point end, to colour the map by in place of levels.
    pub basins: Option<Basins>,
}

/// A grid of cells, each with the number of the basin it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Basins {
    /// Cells across.
    pub columns: usize,
    /// Cells upwards.
    pub rows: usize,
    /// Row by row from below; `None` for no basin.
    pub numbers: Vec<Option<usize>>,
    /// Names of the basins.
    pub names: Vec<String>,
}

impl<'a> Map<'a> {
    /// A function over two ranges, 760 by 560, without runs.
    pub fn new(title: &str, domain: [[f64; 2]; 2], f: &'a dyn Fn(f64, f64) -> f64) -> Self {
        let variables = ["x".into(), "y".into()];
        let (size, title) = ([760.0, 560.0], title.into());
        let (paths, marks, arrows) = (Vec::new(), Vec::new(), Vec::new());
        Self { size, title, variables, domain, f, paths, marks, arrows, basins: None }
    }

    /// Draws it.
    pub fn draw(&self) -> Svg {
        self.render(false)
    }

    /// Draws it with runs that draw themselves.
    pub fn animated(&self) -> Svg {
        self.render(true)
    }

    fn render(&self, moving: bool) -> Svg {
        let [width, height] = self.size;
        let mut svg = Svg::new(width, height, &self.label());
        let top = super::title(&mut svg, &self.title) + 22.0;
        let y_ticks = (2..=8).flat_map(|count| Scale::linear(self.domain[1], [1.0, 0.0]).ticks(count));
        let left = 12.0 + y_ticks.map(|tick| labels::width(&tick.1)).fold(12.0, f64::max);
        let beside = width >= WIDE;
        let room = width - left - if beside { COLUMN + 24.0 } else { 12.0 };
        // What is below a narrow map: axis, legend, scale of levels.
        let below = 44.0 + if beside { 0.0 } else { legend::height(&self.entries(None), width - 4.0) + 44.0 };
        let [wide, tall] = self.fit([room.max(80.0), (height - top - below).max(80.0)]);
        let frame = [left, top, left + wide, top + tall];
        let x = Scale::linear(self.domain[0], [frame[0], frame[2]]);
        let y = Scale::linear(self.domain[1], [frame[3], frame[1]]);
        let place = |a: f64, b: f64| (x.at(a), y.at(b));
        let regions = self.ground(&mut svg, frame, &place);
        self.axes(&mut svg, frame, x, y);
        let mut places = Places::new(frame);
        let trail = |p: &Path<2>| p.points.iter().map(|[a, b]| place(*a, *b)).collect();
        let trails: Vec<Trail> =
            self.paths.iter().map(|p| Trail { name: &p.name, series: p.series, points: trail(p) }).collect();
        let id = super::id(&[&svg.inline(""), &format!("{:?}", self.paths)]);
        trail::draw(&mut svg, &id, frame, &mut places, &trails, |i, k| self.say(k, self.paths[i].points[k]));
        for arrow in &self.arrows {
            arrow.draw(&mut svg, &mut places, &place);
        }
        self.marks(&mut svg, frame, &mut places, &place);
        self.starts(&mut svg, frame, &mut places, &trails);
        let entries = self.entries(Some((frame, &trails)));
        let strip = self.basins.is_none() && !regions.is_empty();
        let name = format!("f({}, {})", self.variables[0], self.variables[1]);
        if beside {
            let at = frame[2] + 24.0;
            let used = legend::column(&mut svg, &entries, at, top - 4.0, COLUMN);
            let (above, below) = (top + used + 14.0, frame[3].max(top + used + 150.0));
            let end =
                if strip { levels::upright(&mut svg, &regions, &name, at, above, below) } else { above };
            svg.resize(at + COLUMN, (frame[3] + 44.0).max(end));
        } else {
            let under = frame[3] + 44.0;
            let used = legend::flow(&mut svg, &entries, 2.0, under, width - 4.0);
            let above = under + used + 10.0;
            let end = if strip { levels::flat(&mut svg, &regions, left, above, wide) } else { above };
            svg.resize(width, end);
        }
        if moving {
            trail::grow(&mut svg, &id, &trails, frame);
        }
        svg
    }

    /// Width and height of the frame: one scale for both ranges if that leaves no narrow strip.
    fn fit(&self, [wide, tall]: [f64; 2]) -> [f64; 2] {
        let length = |[low, high]: [f64; 2]| high - low;
        let aspect = length(self.domain[0]) / length(self.domain[1]);
        if !(0.33..=3.0).contains(&aspect) {
            return [wide, tall.min(wide)];
        }
        if wide / tall > aspect { [tall * aspect, tall] } else { [wide, wide / aspect] }
    }

    /// The levels, or the basins with the levels as lines; gives the regions drawn.
    fn ground(&self, svg: &mut Svg, frame: Frame, place: &dyn Fn(f64, f64) -> (f64, f64)) -> Vec<Region> {
        let [left, top, right, bottom] = frame;
        let nodes = |length: f64| (length / NODE).ceil() as usize + 1;
        let grid =
            Grid::sample(self.domain[0], self.domain[1], nodes(right - left), nodes(bottom - top), |a, b| {
                (self.f)(a, b)
            });
        let mut drawn = Vec::new();
        let room = if self.basins.is_some() { BYTES / 2 } else { BYTES };
        for (count, tolerance) in DETAILS {
            drawn = contour::regions(&grid, &contour::levels(&grid, count), place, tolerance);
            if drawn.iter().map(|region| region.fill.len()).sum::<usize>() < room {
                break;
            }
        }
        if let Some(basins) = &self.basins {
            svg.rect("paper", left, top, right - left, bottom - top);
            basins.draw(svg, self.domain, place);
            for region in &drawn {
                svg.path("iso", &region.line, &format!("f = {}", significant(region.level, 4)));
            }
        } else {
            // Everything is at or above the lowest value; holes show the paper.
            let whole = contour::regions(&grid, &[f64::MIN], place, 0.1);
            svg.path("region h0", &whole[0].fill, "");
            for (k, region) in drawn.iter().enumerate() {
                let hover = format!("f ≥ {}", significant(region.level, 4));
                svg.path(&format!("region iso h{}", levels::shade(k + 1, drawn.len())), &region.fill, &hover);
            }
        }
        drawn
    }

    fn axes(&self, svg: &mut Svg, [left, top, right, bottom]: Frame, x: Scale, y: Scale) {
        svg.rect("frame", left, top, right - left, bottom - top);
        for (value, label) in x.ticks(((right - left) / 64.0).round().clamp(2.0, 9.0) as usize) {
            let at = x.at(value);
            svg.line("tick", at, bottom, at, bottom + 4.0);
            svg.text("soft", at, bottom + 17.0, Anchor::Middle, &label);
        }
        for (value, label) in y.ticks(((bottom - top) / 50.0).round().clamp(2.0, 8.0) as usize) {
            let at = y.at(value);
            svg.line("tick", left - 4.0, at, left, at);
            svg.text("soft", left - 8.0, at + 4.0, Anchor::End, &label);
        }
        svg.text("soft", right, bottom + 34.0, Anchor::End, &self.variables[0]);
        svg.text("soft", left - 8.0, top - 10.0, Anchor::End, &self.variables[1]);
    }

    fn say(&self, step: usize, [a, b]: [f64; 2]) -> String {
        let [x, y] = &self.variables;
        let value = significant((self.f)(a, b), 5);
        format!("step {step}: {x} = {}, {y} = {}, f = {value}", significant(a, 5), significant(b, 5))
    }

    fn marks(
        &self,
        svg: &mut Svg,
        frame: Frame,
        places: &mut Places,
        place: &dyn Fn(f64, f64) -> (f64, f64),
    ) {
        let [x, y] = &self.variables;
        for mark in &self.marks {
            let at = place(mark.at[0], mark.at[1]);
            if inside(frame, at) {
                let name = if mark.label.is_empty() { mark.kind.name() } else { &mark.label };
                let [a, b] = mark.at;
                let value = significant((self.f)(a, b), 5);
                let hover =
                    format!("{name}: {x} = {}, {y} = {}, f = {value}", significant(a, 5), significant(b, 5));
                mark.kind.draw(svg, at.0, at.1, &hover);
                places.mark(at);
                places.label(svg, "small halo", at, 10.0, &mark.label);
            }
        }
    }

    /// Rings around the starts, each drawn once.
    fn starts(&self, svg: &mut Svg, frame: Frame, places: &mut Places, trails: &[Trail]) {
        let mut seen: Vec<(f64, f64)> = Vec::new();
        for start in trails.iter().filter_map(|trail| trail.points.first()) {
            if inside(frame, *start) && !seen.contains(start) {
                svg.dot("start", start.0, start.1, 6.0, "start");
                places.mark(*start);
                seen.push(*start);
            }
        }
        if let [start] = seen[..] {
            places.label(svg, "small halo", start, 10.0, "start");
        }
    }

    /// The legend; with the frame and runs known, also which of them leave it.
    fn entries(&self, drawn: Option<(Frame, &[Trail])>) -> Vec<Entry> {
        let run = |(i, path): (usize, &Path<2>)| {
            let leaves = drawn.and_then(|(frame, trails)| trails[i].leaves(frame)).filter(|k| *k > 0);
            let mut note = path.note.clone();
            if let Some(step) = leaves {
                note += if note.is_empty() { "" } else { ", " };
                note += &format!("leaves at step {step}");
            }
            Entry { note, ..Entry::new(Sign::Run(path.series), &path.name) }
        };
        let mut entries: Vec<Entry> = self.paths.iter().enumerate().map(run).collect();
        entries.extend(self.arrows.iter().map(|arrow| Entry::new(Sign::Line(arrow.series), &arrow.name)));
        if self.paths.len() > 1 && self.paths.iter().any(|p| p.points.first() != self.paths[0].points.first())
        {
            entries.push(Entry::new(Sign::Start, "start"));
        }
        if let Some(basins) = &self.basins {
            let area = |(n, name): (usize, &String)| Entry::new(Sign::Area(Series::new(n)), name);
            entries.extend(basins.names.iter().enumerate().map(area));
        }
        let unnamed =
            |kind: &MarkKind| self.marks.iter().any(|mark| mark.kind == *kind && mark.label.is_empty());
        let kinds = MarkKind::ALL.into_iter().filter(unnamed);
        entries.extend(kinds.map(|kind| Entry::new(Sign::Mark(kind), kind.name())));
        entries
    }

    fn label(&self) -> String {
        let [[a, b], [c, d]] = self.domain.map(|range| range.map(|x| significant(x, 3)));
        let names: Vec<&str> = self.paths.iter().map(|path| path.name.as_str()).collect();
        let runs = if names.is_empty() {
            String::new()
        } else {
            format!(", with the runs of {}", super::list(&names))
        };
        let what = if self.title.is_empty() { "A function" } else { &self.title };
        let how = if self.basins.is_some() { "basins of" } else { "levels of" };
        let [x, y] = &self.variables;
        format!("{what}: {how} the function over {x} from {a} to {b} and {y} from {c} to {d}{runs}")
    }
}

impl Basins {
    fn draw(&self, svg: &mut Svg, domain: [[f64; 2]; 2], place: &dyn Fn(f64, f64) -> (f64, f64)) {
        let node = |[low, high]: [f64; 2], i: usize, n: usize| low + (high - low) * i as f64 / n as f64;
        let basins: BTreeSet<usize> = self.numbers.iter().flatten().copied().collect();
        for basin in basins {
            let mut data = String::new();
            for row in 0..self.rows {
                let mut start = 0;
                let cells = self.numbers.iter().skip(row * self.columns).take(self.columns);
                let cells: Vec<bool> = cells.map(|number| *number == Some(basin)).collect();
                for run in cells.chunk_by(|a, b| a == b) {
                    let end = start + run.len();
                    if run[0] {
                        let at =
                            |i, j| place(node(domain[0], i, self.columns), node(domain[1], j, self.rows));
                        // Ends on tenths of a pixel, so that neighbours meet.
                        let ((x0, y0), (x1, y1)) = (at(start, row), at(end, row + 1));
                        data += &format!("M{x0:.1} {y0:.1}H{x1:.1}V{y1:.1}H{x0:.1}z");
                    }
                    start = end;
                }
            }
            svg.path(&format!("basin {}", Series::new(basin).class()), &data, "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::Theme;

    fn rosenbrock(x: f64, y: f64) -> f64 {
        (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
    }

    fn run(n: usize, points: &[[f64; 2]]) -> Path<2> {
        let points: Vec<Vec<f64>> = points.iter().map(|p| p.to_vec()).collect();
        Path::new(n, &format!("run {n}"), &points)
    }

    fn map(f: &dyn Fn(f64, f64) -> f64) -> Map<'_> {
        let mut map = Map::new("Rosenbrock", [[-2.0, 2.0], [-1.0, 3.0]], f);
        map.paths = vec![run(0, &[[-1.5, 2.0], [0.0, 0.0], [1.0, 1.0]]), run(1, &[[-1.5, 2.0], [0.0, 90.0]])];
        map.marks = vec![Mark::new(MarkKind::Minimum, [1.0, 1.0], "")];
        map
    }

    #[test]
    fn files_are_small() {
        let text = map(&rosenbrock).draw().standalone();
        assert!(text.len() < 60_000, "{}", text.len());
        let rastrigin = |x: f64, y: f64| {
            let wave = |x: f64| x * x - 10.0 * (std::f64::consts::TAU * x).cos();
            20.0 + wave(x) + wave(y)
        };
        let text = Map::new("", [[-5.12, 5.12]; 2], &rastrigin).draw().standalone();
        assert!(text.len() < 60_000, "{}", text.len());
    }

    #[test]
    fn a_run_that_leaves_is_said_to() {
        let text = map(&rosenbrock).draw().inline("");
        assert!(text.contains("leaves at step 1") && text.contains("run 1 leaves the picture here"));
        assert!(text.contains("run 0, end: step 2: x = 1, y = 1, f = 0"), "{text}");
    }

    #[test]
    fn near_ranges_have_one_scale_and_the_picture_no_empty_margin() {
        let f = |x: f64, y: f64| x + y;
        let map = Map { size: [900.0, 400.0], ..Map::new("", [[0.0, 1.0], [0.0, 1.0]], &f) };
        let [wide, tall] = map.fit([600.0, 300.0]);
        assert_eq!(wide, tall);
        assert!(map.draw().width() < 640.0);
        let strip = Map::new("", [[0.0, 1.0], [0.0, 100.0]], &f);
        assert_eq!(strip.fit([600.0, 300.0]), [600.0, 300.0]);
    }

    #[test]
    fn basins_take_the_place_of_the_levels() {
        let f = |x: f64, _: f64| x.abs();
        let mut map = Map::new("", [[-1.0, 1.0]; 2], &f);
        let numbers = vec![Some(0), Some(1), Some(0), None];
        map.basins =
            Some(Basins { columns: 2, rows: 2, numbers, names: vec!["left".into(), "right".into()] });
        let text = map.draw().inline("");
        assert!(text.contains("basin s1") && text.contains(">right<") && !text.contains("region"));
    }

    #[test]
    fn a_function_without_values_leaves_the_paper() {
        let f = |_: f64, _: f64| f64::NAN;
        let text = Map::new("", [[-1.0, 1.0]; 2], &f).draw().fixed(Theme::Dark);
        assert!(!text.contains("NaN") && !text.contains("class=\"region"));
    }
}
