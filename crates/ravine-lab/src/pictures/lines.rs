//! One value over another, for several series.

use super::legend::{self, Entry, Sign};
use super::place::Places;
use crate::stats::number::significant;
use crate::svg::clip::{Frame, clip, inside};
use crate::svg::decimate::decimate;
use crate::svg::plot::Margins;
use crate::svg::simplify::{path, simplify};
use crate::svg::{Plot, Scale, Series, Svg, labels};

/// Pixels between markers along a line.
const MARKERS: f64 = 110.0;

/// Points of a line looked at, at most.
const BUDGET: usize = 4000;

/// How far a lost series may stretch the vertical axis beyond the others: as a factor on a logarithmic axis, as a part
/// of it on another.
const LOST: [f64; 2] = [1e3, 0.5];

/// The picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Room, width and height.
    pub size: [f64; 2],
    /// What it shows; may be empty.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// The series.
    pub lines: Vec<Line>,
    /// Lines across the frame.
    pub references: Vec<Reference>,
    /// Stretches of the horizontal axis that are tinted: where all is well.
    pub zones: Vec<[f64; 2]>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What is on it.
    pub title: String,
    /// How values are spread.
    pub kind: AxisKind,
    /// First and last value; by default those there are.
    pub range: Option<[f64; 2]>,
    /// Names of the values 0, 1, 2..., instead of numbers; for columns.
    pub names: Vec<String>,
    /// Values to mark; by default round ones.
    pub marked: Vec<f64>,
}

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AxisKind {
    /// Equal steps.
    #[default]
    Linear,
    /// Equal factors; what is not positive has no place.
    Log,
    /// Equal steps around zero, equal factors beyond.
    Symlog,
}

/// A series.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the legend calls it; without a name it is not in the legend.
    pub name: String,
    /// Its look.
    pub series: Series,
    /// How its points are drawn.
    pub look: Look,
    /// Its points; those that are not finite break the line.
    pub points: Vec<[f64; 2]>,
    /// Lower and upper end of each point's error bar; may be empty.
    pub bars: Vec<[f64; 2]>,
    /// Whether it ended in failure: it may leave the frame, and ends with a cross.
    pub lost: bool,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Joined, with few markers.
    Line,
    /// A marker each.
    Points,
    /// Joined by a thin line, for one of many runs behind their mean.
    Thin,
    /// Joined, a marker each.
    Both,
    /// Joined by a dotted line: what theory says.
    Theory,
    /// A column each.
    Columns,
}

/// A line across the frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Where it crosses the axis.
    pub at: f64,
    /// Whether it stands at an x; else it lies at a y.
    pub upright: bool,
    /// Text beside it; may be empty.
    pub label: String,
}

impl Axis {
    /// An axis with equal steps.
    pub fn linear(title: &str) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// An axis with equal factors.
    pub fn log(title: &str) -> Self {
        Self { kind: AxisKind::Log, ..Self::linear(title) }
    }

    /// An axis with equal steps around zero and equal factors beyond.
    pub fn symlog(title: &str) -> Self {
        Self { kind: AxisKind::Symlog, ..Self::linear(title) }
    }

    fn shows(&self, x: f64) -> bool {
        x.is_finite() && (self.kind != AxisKind::Log || x > 0.0)
    }

    /// The scale over values or over the range given; `air` is the part of it left free at both ends.
    pub(crate) fn scale(&self, values: impl Iterator<Item = f64>, pixels: [f64; 2], air: f64) -> Scale {
        let make = match self.kind {
            AxisKind::Linear => Scale::linear,
            AxisKind::Log => Scale::log10,
            AxisKind::Symlog => Scale::symlog,
        };
        let domain = self.range.unwrap_or_else(|| {
            values
                .filter(|x| self.shows(*x))
                .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
        });
        let [from, to] = pixels;
        let air = if self.range.is_some() { 0.0 } else { air * (to - from) };
        let inner = make(domain, [from + air, to - air]);
        inner.widened(pixels)
    }

    pub(crate) fn ticks(&self, scale: &Scale, count: usize) -> Vec<(f64, String)> {
        if self.names.is_empty() && self.marked.is_empty() {
            return scale.ticks(count);
        }
        if self.names.is_empty() {
            return self.marked.iter().map(|x| (*x, significant(*x, 4))).collect();
        }
        self.names.iter().enumerate().map(|(i, name)| (i as f64, name.clone())).collect()
    }
}

impl Line {
    /// The `n`-th series.
    pub fn new(n: usize, name: &str, look: Look, points: Vec<[f64; 2]>) -> Self {
        Self { name: name.into(), series: Series::new(n), look, points, bars: Vec::new(), lost: false }
    }

    fn sign(&self) -> Sign {
        match self.look {
            Look::Line | Look::Thin | Look::Both => Sign::Run(self.series),
            Look::Points => Sign::Dot(self.series),
            Look::Theory => Sign::Theory,
            Look::Columns => Sign::Column(self.series),
        }
    }
}

impl Lines {
    /// An empty picture, 720 by 360.
    pub fn new(title: &str, x: Axis, y: Axis) -> Self {
        Self {
            size: [720.0, 360.0],
            title: title.into(),
            x,
            y,
            lines: Vec::new(),
            references: Vec::new(),
            zones: Vec::new(),
        }
    }

    /// Draws it.
    pub fn draw(&self) -> Svg {
        let [width, height] = self.size;
        let names: Vec<&str> = self.lines.iter().map(|l| l.name.as_str()).filter(|n| !n.is_empty()).collect();
        let label = format!(
            "{}{} over {}{}{}",
            if self.title.is_empty() { String::new() } else { format!("{}: ", self.title) },
            self.y.title,
            self.x.title,
            if names.is_empty() { "" } else { " for " },
            super::list(&names)
        );
        let mut svg = Svg::new(width, height, &label);
        let top = self.head(&mut svg);
        self.panel(svg, [0.0, top, width, height], 0.0, true)
    }

    /// Draws it above another picture with the same horizontal axis, under one title and legend.
    pub(super) fn draw_above(&self, lower: &Self, label: &str) -> Svg {
        let [width, height] = self.size;
        let mut svg = Svg::new(width, height, label);
        let top = self.head(&mut svg);
        let middle = top + 0.6 * (height - top - 42.0);
        let (above, below) = ([0.0, top, width, middle], [0.0, middle + 4.0, width, height]);
        let indent = self.y_axis(above, false).2.max(lower.y_axis(below, true).2);
        let svg = self.panel(svg, above, indent, false);
        lower.panel(svg, below, indent, true)
    }

    /// Title and legend; gives the height used.
    pub(super) fn head(&self, svg: &mut Svg) -> f64 {
        let mut top = super::title(svg, &self.title);
        let entries: Vec<Entry> = self
            .lines
            .iter()
            .filter(|line| !line.name.is_empty())
            .map(|line| Entry {
                note: if line.lost { "diverged".into() } else { String::new() },
                ..Entry::new(line.sign(), &line.name)
            })
            .collect();
        if entries.len() > 1 || self.lines.len() > 1 || entries.iter().any(|entry| !entry.note.is_empty()) {
            top += 2.0 + legend::flow(svg, &entries, 2.0, top, self.size[0] - 4.0);
        }
        top
    }

    /// The vertical axis in an area of a picture, its ticks, and the room they need.
    fn y_axis(&self, [_, top, _, bottom]: Frame, with_x: bool) -> (Scale, Vec<(f64, String)>, f64) {
        let upper = top + if self.y.title.is_empty() { 8.0 } else { 26.0 };
        let below = match (with_x, self.x.title.is_empty()) {
            (false, _) => 8.0,
            (true, true) => 26.0,
            (true, false) => 42.0,
        };
        let lower = bottom - below;
        let y = self.y_scale([lower, upper]);
        let ticks = self.y.ticks(&y, ((lower - upper) / 46.0).round().clamp(2.0, 8.0) as usize);
        let widest = ticks.iter().map(|tick| labels::width(&tick.1)).fold(16.0, f64::max);
        (y, ticks, widest + 12.0)
    }

    /// Draws axes and series into an area of a picture, the frame at least `indent` from its left edge.
    fn panel(&self, svg: Svg, area: Frame, indent: f64, with_x: bool) -> Svg {
        let [left, _, right, bottom] = area;
        let (y, y_ticks, room) = self.y_axis(area, with_x);
        let [lower, upper] = y.range();
        let margins = Margins { left: left + room.max(indent), right: 14.0, top: 0.0, bottom: 0.0 };
        let across = Plot::frame(right, bottom, margins).0;
        let x = self.x_scale(across);
        let mut plot = Plot::new(svg, x, y);
        plot.y_marks(&y_ticks, &self.y.title);
        let wide = if self.x.kind == AxisKind::Log { 56.0 } else { 70.0 };
        let count = ((across[1] - across[0]) / wide).round().clamp(2.0, 10.0) as usize;
        let mut x_ticks = self.x_ticks(&x, count);
        if !self.x.names.is_empty() {
            let room = (across[1] - across[0]) / self.x.names.len() as f64 - 6.0;
            x_ticks.iter_mut().for_each(|tick| tick.1 = labels::fit(&tick.1, room));
        }
        if with_x {
            plot.x_marks(lower, &x_ticks, &self.x.title);
        } else {
            plot.svg.line("axis", across[0], lower, across[1], lower);
        }
        let frame = [across[0], upper, across[1], lower];
        for [low, high] in self.zones.iter().map(|zone| zone.map(|at| plot.x.clamp(at))) {
            plot.svg.rect("zone", low, upper, high - low, lower - upper);
        }
        let mut places = Places::new(frame);
        for (i, line) in self.lines.iter().enumerate() {
            self.line(&mut plot, frame, &mut places, i, line);
        }
        for reference in &self.references {
            refer(&mut plot, frame, &mut places, reference);
        }
        plot.svg
    }

    /// The horizontal axis: over all points and upright references, and room for columns and markers at both ends.
    pub(crate) fn x_scale(&self, pixels: [f64; 2]) -> Scale {
        let xs = self.lines.iter().flat_map(|l| &l.points).map(|p| p[0]);
        let xs = xs.chain(self.references.iter().filter(|r| r.upright).map(|r| r.at));
        let half = if self.lines.iter().any(|line| line.look == Look::Columns) { 0.5 } else { 0.0 };
        let xs: Vec<f64> = xs.flat_map(|x| [x - half, x + half]).collect();
        let bare = self
            .lines
            .iter()
            .all(|line| matches!(line.look, Look::Line | Look::Thin | Look::Theory | Look::Columns));
        self.x.scale(xs.into_iter(), pixels, if bare { 0.0 } else { 0.03 })
    }

    /// About `count` ticks of the horizontal axis; only whole ones if there are only whole values.
    pub(crate) fn x_ticks(&self, x: &Scale, count: usize) -> Vec<(f64, String)> {
        let mut ticks = self.x.ticks(x, count);
        let whole = |p: &[f64; 2]| p[0].fract() == 0.0;
        if self.lines.iter().flat_map(|line| &line.points).all(whole) && self.x.names.is_empty() {
            ticks.retain(|tick| tick.0.fract() == 0.0);
            let plain =
                |tick: &mut (f64, String)| tick.1 = tick.1.split_once(".0").map_or(&*tick.1, |t| t.0).into();
            ticks.iter_mut().for_each(plain);
        }
        ticks
    }

    /// The vertical axis: over all that did not fail, and a good part of what did.
    pub(crate) fn y_scale(&self, pixels: [f64; 2]) -> Scale {
        let columns = self.lines.iter().any(|line| line.look == Look::Columns);
        let values = |line: &Line| -> Vec<f64> {
            let ys = line.points.iter().map(|p| p[1]).chain(line.bars.iter().flatten().copied());
            ys.filter(|y| self.y.shows(*y)).collect()
        };
        let first = |line: &Line| values(line).first().copied();
        let sound = self.lines.iter().filter(|line| !line.lost).flat_map(values);
        let lying = self.references.iter().filter(|r| !r.upright).map(|r| r.at);
        let mut all: Vec<f64> = sound.chain(self.lines.iter().filter_map(first)).chain(lying).collect();
        if columns && self.y.kind != AxisKind::Log {
            all.extend([0.0, 1.05 * all.iter().copied().fold(0.0, f64::max)]);
        }
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let reach = match self.y.kind {
            AxisKind::Linear if high > low => LOST[1] * (high - low),
            AxisKind::Linear => 10.0 * high.abs(),
            _ => (LOST[0] - 1.0) * high.abs().max(low.abs()),
        };
        let lost = self.lines.iter().filter(|line| line.lost).flat_map(values);
        all.extend(lost.map(|y| y.clamp(low - reach, high + reach)));
        let air = if columns && low >= 0.0 { 0.0 } else { 0.04 };
        self.y.scale(all.into_iter(), pixels, air)
    }

    fn line(&self, plot: &mut Plot, frame: Frame, places: &mut Places, number: usize, line: &Line) {
        let color = line.series.class();
        let hover = |[x, y]: [f64; 2]| {
            let name = if line.name.is_empty() { &self.y.title } else { &line.name };
            let x = self.x.names.get(x as usize).cloned().unwrap_or_else(|| significant(x, 5));
            format!("{name}: {} at {x}", significant(y, 4))
        };
        let heights: Vec<f64> = line.points.iter().map(|p| p[1]).collect();
        let kept: Vec<[f64; 2]> = decimate(&heights, BUDGET).into_iter().map(|i| line.points[i]).collect();
        let pixels: Vec<(f64, f64)> = kept.iter().map(|[x, y]| (plot.x.at(*x), plot.y.at(*y))).collect();
        if line.look == Look::Columns {
            self.columns(plot, frame, line, &hover);
        } else if line.look != Look::Points {
            let pieces = clip(frame, &pixels);
            let data: String = pieces.iter().map(|piece| path(&simplify(piece, 0.15), false)).collect();
            if line.look == Look::Theory {
                plot.svg.path("theory", &data, &line.name);
            } else {
                let class = if line.look == Look::Thin { "thin" } else { "line" };
                plot.svg.dashed(class, line.series, &data);
            }
            places.avoid(pieces.concat());
        }
        for (at, [low, high]) in line.points.iter().zip(&line.bars) {
            let x = plot.x.at(at[0]);
            if inside(frame, (x, frame[1])) && low.is_finite() && high.is_finite() {
                let (low, high) = (plot.y.clamp(*low), plot.y.clamp(*high));
                let data = path(&[(x - 3.0, low), (x + 3.0, low)], false)
                    + &path(&[(x, low), (x, high)], false)
                    + &path(&[(x - 3.0, high), (x + 3.0, high)], false);
                plot.svg.path(&format!("error {color}"), &data, "");
            }
        }
        let each = matches!(line.look, Look::Points | Look::Both);
        if each || (line.look == Look::Line && self.lines.len() > 1 && !line.name.is_empty()) {
            // Markers of different series stand at different places, so that lines that coincide are all seen.
            let mut next =
                frame[0] + if each { 0.0 } else { 14.0 + MARKERS * (0.31 * number as f64).fract() };
            for (at, value) in pixels.iter().zip(&kept) {
                if inside(frame, *at) && (each || at.0 >= next) {
                    plot.svg.marker(line.series, false, at.0, at.1, &hover(*value));
                    next = at.0 + MARKERS;
                }
            }
        }
        if line.lost {
            let end = clip(frame, &pixels).last().and_then(|piece| piece.last().copied());
            if let Some((x, y)) = end {
                plot.svg.cross("", x, y, &format!("{} diverged", line.name));
            }
        }
    }

    fn columns(&self, plot: &mut Plot, frame: Frame, line: &Line, hover: &impl Fn([f64; 2]) -> String) {
        let all: Vec<&Line> = self.lines.iter().filter(|line| line.look == Look::Columns).collect();
        let place = all.iter().position(|other| std::ptr::eq(*other, line)).unwrap_or(0) as f64;
        let room = plot.x.at(1.0) - plot.x.at(0.0);
        let width = (0.72 * room / all.len() as f64).max(1.0);
        let base = if self.y.kind == AxisKind::Log { frame[3] } else { plot.y.clamp(0.0) };
        for [x, y] in line.points.iter().filter(|p| self.y.shows(p[1])) {
            let left = plot.x.at(*x) + width * (place - all.len() as f64 / 2.0);
            let top = plot.y.clamp(*y);
            let class = format!("column {}", line.series.class());
            plot.svg.shade(
                &class,
                None,
                left,
                top.min(base),
                width - 1.0,
                (base - top).abs(),
                &hover([*x, *y]),
            );
        }
    }
}

fn refer(plot: &mut Plot, [left, top, right, bottom]: Frame, places: &mut Places, reference: &Reference) {
    let label = reference.label.as_str();
    if reference.upright {
        let x = plot.x.at(reference.at);
        plot.svg.line("target", x, top, x, bottom);
        places.avoid((0..(bottom - top) as usize).step_by(4).map(|y| (x, top + y as f64)));
        places.label(&mut plot.svg, "soft small halo", (x, top + 8.0), 5.0, label);
    } else {
        let y = plot.y.at(reference.at);
        plot.svg.line("target", left, y, right, y);
        places.avoid((0..(right - left) as usize).step_by(4).map(|x| (left + x as f64, y)));
        let x = left + 4.0 + labels::width(label) / 2.0;
        places.label(&mut plot.svg, "soft small halo", (x, y), 5.0, label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(lines: Vec<Line>) -> Lines {
        Lines { lines, ..Lines::new("Loss", Axis::linear("step"), Axis::log("loss")) }
    }

    fn falling(n: usize, name: &str) -> Line {
        Line::new(n, name, Look::Line, (0..100).map(|t| [f64::from(t), 0.9f64.powi(t)]).collect())
    }

    #[test]
    fn a_lost_series_does_not_hide_the_others() {
        let points = (0..100).map(|t| [f64::from(t), 10f64.powi(3 * t)]).collect();
        let lost = Line { lost: true, ..Line::new(1, "gd", Look::Line, points) };
        let picture = picture(vec![falling(0, "adam"), lost]);
        let y = picture.y_scale([300.0, 0.0]);
        assert!(y.domain()[1] < 1e4, "{:?}", y.domain());
        let text = picture.draw().inline("");
        assert!(text.contains("gd diverged") && !text.contains("e29"));
    }

    #[test]
    fn one_series_needs_no_legend_and_two_do() {
        assert!(!picture(vec![falling(0, "adam")]).draw().inline("").contains(">adam<"));
        assert!(picture(vec![falling(0, "adam"), falling(1, "sgd")]).draw().inline("").contains(">sgd<"));
    }

    #[test]
    fn nothing_and_broken_values_still_give_axes() {
        for lines in
            [vec![], vec![Line::new(0, "a", Look::Both, vec![[f64::NAN, 1.0], [1.0, f64::INFINITY]])]]
        {
            let text = picture(lines).draw().inline("");
            assert!(text.contains("step") && !text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }

    #[test]
    fn columns_start_at_zero_and_have_names() {
        let mut picture = Lines::new("Basins", Axis::linear("optimizer"), Axis::linear("share"));
        picture.x.names = vec!["sgd".into(), "adam".into()];
        picture.lines = vec![Line::new(0, "", Look::Columns, vec![[0.0, 0.3], [1.0, 0.9]])];
        assert_eq!(picture.y_scale([100.0, 0.0]).domain()[0], 0.0);
        assert!(picture.draw().inline("").contains("share: 0.9 at adam"));
    }
}
