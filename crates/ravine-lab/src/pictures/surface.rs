//! A function of two variables as a surface in space, with runs on it.

use super::legend::{self, Entry, Sign};
use super::space::{CORNERS, HALF, TALL, View};
use super::{Mark, Path};
use crate::stats::number::significant;
use crate::svg::simplify::{path, simplify};
use crate::svg::style::RAMP;
use crate::svg::{Anchor, Scale, Svg};

/// Pieces of a run's line between two patches' edges are this long at most, as a part of the range.
const PIECE: f64 = 0.01;

/// The picture, in parallel projection.
pub struct Surface<'a> {
    /// Room, width and height.
    pub size: [f64; 2],
    /// What it shows; may be empty.
    pub title: String,
    /// Names of the variables and of the height.
    pub variables: [String; 3],
    /// The ranges drawn.
    pub domain: [[f64; 2]; 2],
    /// The function.
    pub f: &'a dyn Fn(f64, f64) -> f64,
    /// Nodes each way at which the function is looked at.
    pub samples: usize,
    /// Of the grid's lines, one in so many is drawn.
    pub every: usize,
    /// From where it is seen: degrees around the height's axis, from the first variable's axis.
    pub azimuth: f64,
    /// Degrees above the ground, up to 90.
    pub elevation: f64,
    /// Heights drawn; by default all there are. What is higher or lower is cut to them.
    pub height: Option<[f64; 2]>,
    /// The runs.
    pub paths: Vec<Path<2>>,
    /// Points worth knowing.
    pub marks: Vec<Mark<2>>,
}

impl<'a> Surface<'a> {
    /// A function over two ranges, 640 by 480, seen from the corner at azimuth -60 and elevation 30 degrees.
    pub fn new(title: &str, domain: [[f64; 2]; 2], f: &'a dyn Fn(f64, f64) -> f64) -> Self {
        Self {
            size: [640.0, 480.0],
            title: title.into(),
            variables: ["x", "y", "f"].map(String::from),
            domain,
            f,
            samples: 101,
            every: 10,
            azimuth: -60.0,
            elevation: 30.0,
            height: None,
            paths: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Draws it.
    pub fn draw(&self) -> Svg {
        let [width, height] = self.size;
        let mut svg = Svg::new(width, height, &self.label());
        let mut top = super::title(&mut svg, &self.title);
        let entries: Vec<Entry> = self
            .paths
            .iter()
            .map(|path| Entry { note: path.note.clone(), ..Entry::new(Sign::Run(path.series), &path.name) })
            .collect();
        if !entries.is_empty() {
            top += 2.0 + legend::flow(&mut svg, &entries, 2.0, top, width - 4.0);
        }
        let nodes = self.nodes();
        let view = self.view(&nodes, [0.0, top, width, height]);
        self.box_behind(&mut svg, &view);
        let lines = self.lines(&view);
        for line in &lines {
            svg.dashed("behind", line.0, &line.1);
        }
        self.patches(&mut svg, &view, &nodes);
        self.axes(&mut svg, &view);
        svg
    }

    /// Heights at the nodes, row by row.
    fn nodes(&self) -> Vec<f64> {
        let n = self.samples.clamp(2, 400);
        (0..n * n).map(|i| (self.f)(self.node(0, i % n), self.node(1, i / n))).collect()
    }

    fn node(&self, axis: usize, i: usize) -> f64 {
        let [low, high] = self.domain[axis];
        low + (high - low) * i as f64 / (self.samples.clamp(2, 400) - 1) as f64
    }

    /// The view that fills an area of the picture.
    fn view(&self, nodes: &[f64], [left, top, right, bottom]: [f64; 4]) -> View {
        let finite = || nodes.iter().copied().filter(|z| z.is_finite());
        let heights = self
            .height
            .unwrap_or([finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max)]);
        // A scale of one's own makes a range of whatever came.
        let ranges =
            [self.domain[0], self.domain[1], heights].map(|range| Scale::linear(range, [0.0, 1.0]).domain());
        let turn = self.azimuth.to_radians().sin_cos();
        let tilt = self.elevation.clamp(0.0, 90.0).to_radians().sin_cos();
        let mut view = View { ranges, turn, tilt, scale: 1.0, middle: (0.0, 0.0) };
        let corners = CORNERS.map(|corner| view.on_cube(corner));
        let span = |pick: fn(&(f64, f64)) -> f64| {
            let values = corners.iter().map(pick);
            (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
        };
        let ((x0, x1), (y0, y1)) = (span(|c| c.0), span(|c| c.1));
        // Tick labels and titles stand outside the cube.
        let (margin, foot) = (34.0, 40.0);
        let room = ((right - left - 2.0 * margin) / (x1 - x0)).min((bottom - top - foot - 8.0) / (y1 - y0));
        view.scale = room.max(10.0);
        view.middle = (
            (left + right) / 2.0 - view.scale * (x0 + x1) / 2.0,
            (top + 8.0 + bottom - foot) / 2.0 - view.scale * (y0 + y1) / 2.0,
        );
        view
    }

    /// The ground and the two walls behind the surface, with lines at the ticks.
    fn box_behind(&self, svg: &mut Svg, view: &View) {
        let far = self.far(view);
        let mut faces = String::new();
        for face in 0..3 {
            let [a, b] = [(face + 1) % 3, (face + 2) % 3];
            let corner = |s: f64, t: f64| {
                let mut corner = far;
                (corner[a], corner[b]) = (s * HALF[a], t * HALF[b]);
                view.on_cube(corner)
            };
            faces +=
                &path(&[corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)], true);
        }
        svg.path("wall", &faces, "");
        let mut grid = String::new();
        for axis in 0..3 {
            for (value, _) in self.ticks(view, axis) {
                for other in (0..3).filter(|other| *other != axis) {
                    let third = 3 - axis - other;
                    let end = |side: f64| {
                        let mut corner = far;
                        corner[axis] = self.on_axis(view, axis, value);
                        (corner[other], corner[third]) = (side * HALF[other], far[third]);
                        view.on_cube(corner)
                    };
                    grid += &path(&[end(-1.0), end(1.0)], false);
                }
            }
        }
        svg.path("grid", &grid, "");
    }

    /// The corner of the cube on the ground that is farthest away.
    fn far(&self, view: &View) -> [f64; 3] {
        let side = |toward: f64, axis: usize| if toward > 0.0 { -HALF[axis] } else { HALF[axis] };
        [side(view.turn.1, 0), side(view.turn.0, 1), -HALF[2]]
    }

    fn on_axis(&self, view: &View, axis: usize, value: f64) -> f64 {
        let [low, high] = view.ranges[axis];
        ((value - low) / (high - low) * 2.0 - 1.0) * HALF[axis]
    }

    fn ticks(&self, view: &View, axis: usize) -> Vec<(f64, String)> {
        Scale::linear(view.ranges[axis], [0.0, 1.0]).ticks(if view.scale < 160.0 { 2 } else { 3 })
    }

    /// The three axes along the near edges of the ground and the left upright edge.
    fn axes(&self, svg: &mut Svg, view: &View) {
        let far = self.far(view);
        let near = [-far[0], -far[1], far[2]];
        // The height stands on the one of the two side edges that is further left.
        let sides = [[near[0], far[1], far[2]], [far[0], near[1], far[2]]];
        let upright = if view.on_cube(sides[0]).0 < view.on_cube(sides[1]).0 { sides[0] } else { sides[1] };
        for (axis, base) in [near, near, upright].into_iter().enumerate() {
            let at = |along: f64| {
                let mut corner = base;
                corner[axis] = along;
                view.on_cube(corner)
            };
            let (from, to) = (at(-HALF[axis]), at(HALF[axis]));
            svg.line("axis", from.0, from.1, to.0, to.1);
            // Labels stand on the side away from the middle of the picture.
            let middle = view.on_cube([0.0, 0.0, if axis == 2 { 0.0 } else { -HALF[2] }]);
            let (dx, dy) = ((from.0 + to.0) / 2.0 - middle.0, (from.1 + to.1) / 2.0 - middle.1);
            let away = dx.hypot(dy).max(1e-9);
            let (dx, dy) = if axis == 2 { (-1.0, 0.0) } else { (dx / away, dy / away) };
            let anchor = |dx: f64| match dx {
                dx if dx > 0.5 => Anchor::Start,
                dx if dx < -0.5 => Anchor::End,
                _ => Anchor::Middle,
            };
            for (value, label) in self.ticks(view, axis) {
                let (x, y) = at(self.on_axis(view, axis, value));
                svg.line("tick", x, y, x + 4.0 * dx, y + 4.0 * dy);
                svg.text("soft small", x + 8.0 * dx, y + 16.0 * dy + 4.0, anchor(dx), &label);
            }
            let title = if axis == 2 {
                (to.0 - 4.0, to.1 - 8.0)
            } else {
                let (x, y) = at(0.0);
                (x + 34.0 * dx, y + 38.0 * dy + 6.0)
            };
            svg.text("", title.0, title.1, Anchor::Middle, &self.variables[axis]);
        }
    }

    /// The surface from back to front in patches between the lines drawn, each with the runs on it.
    fn patches(&self, svg: &mut Svg, view: &View, nodes: &[f64]) {
        let n = self.samples.clamp(2, 400);
        let every = self.every.clamp(1, n - 1);
        let cuts: Vec<usize> = (0..n - 1).step_by(every).chain([n - 1]).collect();
        let order = |toward: f64| -> Vec<usize> {
            let all = 0..cuts.len() - 1;
            if toward > 0.0 { all.collect() } else { all.rev().collect() }
        };
        let at = |i: usize, j: usize| [self.node(0, i), self.node(1, j), nodes[j * n + i]];
        let mut pieces = self.pieces(view, &cuts);
        let mut marks = self.marks_on(&cuts);
        let side = cuts.len() - 1;
        for q in order(view.turn.0) {
            for p in order(view.turn.1) {
                let (i0, i1, j0, j1) = (cuts[p], cuts[p + 1], cuts[q], cuts[q + 1]);
                let edge = (i0..i1).map(|i| (i, j0)).chain((j0..j1).map(|j| (i1, j)));
                let back = (i0 + 1..=i1).rev().map(|i| (i, j1)).chain((j0 + 1..=j1).rev().map(|j| (i0, j)));
                let corners: Vec<[f64; 3]> = edge.chain(back).map(|(i, j)| at(i, j)).collect();
                if corners.iter().all(|corner| corner[2].is_finite()) {
                    let mean = corners.iter().map(|c| view.cube(*c)[2]).sum::<f64>() / corners.len() as f64;
                    let shade =
                        ((mean / TALL + 0.5) * (RAMP - 1) as f64).round().clamp(0.0, (RAMP - 1) as f64);
                    let mut outline: Vec<(f64, f64)> = corners.iter().map(|c| view.at(*c)).collect();
                    outline.push(outline[0]);
                    svg.path(&format!("mesh h{shade}"), &path(&simplify(&outline, 0.15), true), "");
                }
                for (series, line) in std::mem::take(&mut pieces[q * side + p]) {
                    svg.path("shadow", &line, "");
                    svg.dashed("path", series, &line);
                }
                for mark in std::mem::take(&mut marks[q * side + p]) {
                    self.mark(svg, view, &self.marks[mark]);
                }
            }
        }
        for path in &self.paths {
            self.end(svg, view, path);
        }
    }

    fn mark(&self, svg: &mut Svg, view: &View, mark: &Mark<2>) {
        let [a, b] = mark.at;
        let (x, y) = view.at([a, b, (self.f)(a, b)]);
        mark.kind.draw(
            svg,
            x,
            y,
            &format!("{}: {}, {}", mark.kind.name(), significant(a, 4), significant(b, 4)),
        );
        if !mark.label.is_empty() {
            svg.text("halo", x + 10.0, y - 8.0, Anchor::Start, &mark.label);
        }
    }

    fn end(&self, svg: &mut Svg, view: &View, path: &Path<2>) {
        let here = |[a, b]: [f64; 2]| view.at([a, b, (self.f)(a, b)]);
        let seen = |point: &&[f64; 2]| self.inside(**point);
        if let Some(start) = path.points.first().filter(seen).map(|point| here(*point)) {
            svg.dot("start", start.0, start.1, 5.0, "start");
        }
        if let Some(end) = path.points.last().filter(seen).map(|point| here(*point)) {
            svg.marker(path.series, false, end.0, end.1, &format!("{}, end", path.name));
        }
    }

    fn inside(&self, point: [f64; 2]) -> bool {
        (0..2).all(|axis| (self.domain[axis][0]..=self.domain[axis][1]).contains(&point[axis]))
    }

    /// The patch of a point, of those between `cuts`.
    fn patch(&self, cuts: &[usize], point: [f64; 2]) -> Option<usize> {
        let side = cuts.len() - 1;
        let along =
            |axis: usize| (0..side).find(|p| point[axis] <= self.node(axis, cuts[p + 1])).unwrap_or(side - 1);
        self.inside(point).then(|| along(1) * side + along(0))
    }

    /// Marks by the last drawn of the patches that touch them, so that none is half covered.
    fn marks_on(&self, cuts: &[usize]) -> Vec<Vec<usize>> {
        let mut on = vec![Vec::new(); (cuts.len() - 1).pow(2)];
        let step = |axis: usize, toward: f64| {
            let nudge = 0.02 * (self.domain[axis][1] - self.domain[axis][0]);
            if toward > 0.0 { nudge } else { -nudge }
        };
        let (sin, cos) = self.azimuth.to_radians().sin_cos();
        for (i, mark) in self.marks.iter().enumerate() {
            let nudged = [mark.at[0] + step(0, cos), mark.at[1] + step(1, sin)];
            if let Some(patch) = self.patch(cuts, nudged).or_else(|| self.patch(cuts, mark.at)) {
                on[patch].push(i);
            }
        }
        on
    }

    /// The runs' points, close enough to follow the surface, and where they are not inside or have no height a gap.
    fn fine(&self, path: &Path<2>) -> Vec<Option<[f64; 2]>> {
        let mut fine = Vec::new();
        for pair in path.points.windows(2) {
            let range = |axis: usize| self.domain[axis][1] - self.domain[axis][0];
            let far =
                (0..2).map(|axis| (pair[1][axis] - pair[0][axis]).abs() / range(axis)).fold(0.0, f64::max);
            let count = if far.is_finite() { (far / PIECE).ceil().clamp(1.0, 2000.0) as usize } else { 1 };
            fine.extend((0..=count).map(|i| {
                let part = i as f64 / count as f64;
                let point = [0, 1].map(|axis| pair[0][axis] + part * (pair[1][axis] - pair[0][axis]));
                (self.inside(point) && (self.f)(point[0], point[1]).is_finite()).then_some(point)
            }));
        }
        fine
    }

    /// The whole lines of the runs.
    fn lines(&self, view: &View) -> Vec<(crate::svg::Series, String)> {
        let line = |run: &Path<2>| {
            let fine = self.fine(run);
            let pieces = fine.split(Option::is_none).filter(|piece| piece.len() > 1);
            let place = |[a, b]: &[f64; 2]| view.at([*a, *b, (self.f)(*a, *b)]);
            let data = pieces.map(|piece| {
                let pixels: Vec<(f64, f64)> = piece.iter().flatten().map(place).collect();
                path(&simplify(&pixels, 0.15), false)
            });
            (run.series, data.collect())
        };
        self.paths.iter().map(line).collect()
    }

    /// The lines of the runs cut by patch.
    fn pieces(&self, view: &View, cuts: &[usize]) -> Vec<Vec<(crate::svg::Series, String)>> {
        let mut pieces = vec![Vec::new(); (cuts.len() - 1).pow(2)];
        for run in &self.paths {
            let fine = self.fine(run);
            let stretches: Vec<([f64; 2], [f64; 2], usize)> = fine
                .windows(2)
                .filter_map(|pair| {
                    let (a, b) = (pair[0]?, pair[1]?);
                    let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
                    (a != b).then_some((a, b, self.patch(cuts, middle)?))
                })
                .collect();
            for piece in stretches.chunk_by(|before, after| before.2 == after.2 && before.1 == after.0) {
                let place = |[a, b]: [f64; 2]| view.at([a, b, (self.f)(a, b)]);
                let pixels: Vec<(f64, f64)> = [place(piece[0].0)]
                    .into_iter()
                    .chain(piece.iter().map(|stretch| place(stretch.1)))
                    .collect();
                pieces[piece[0].2].push((run.series, path(&simplify(&pixels, 0.15), false)));
            }
        }
        pieces
    }

    fn label(&self) -> String {
        let names: Vec<&str> = self.paths.iter().map(|path| path.name.as_str()).collect();
        let runs = if names.is_empty() {
            String::new()
        } else {
            format!(", with the runs of {}", super::list(&names))
        };
        let what = if self.title.is_empty() { "A function" } else { &self.title };
        format!("{what} as a surface over {} and {}{runs}", self.variables[0], self.variables[1])
    }
}

#[cfg(test)]
mod tests {
    use super::super::MarkKind;
    use super::*;

    fn saddle(x: f64, y: f64) -> f64 {
        x * x - y * y
    }

    fn picture() -> Surface<'static> {
        Surface::new("Saddle", [[-1.0, 1.0]; 2], &saddle)
    }

    #[test]
    fn a_grid_of_ten_lines_has_a_hundred_patches() {
        let text = picture().draw().standalone();
        assert_eq!(text.matches("class=\"mesh").count(), 100);
        assert!(text.len() < 40_000, "{}", text.len());
    }

    #[test]
    fn near_points_are_drawn_after_far_ones() {
        let nodes = picture().nodes();
        for azimuth in [-60.0, 30.0, 120.0, 210.0] {
            let picture = Surface { azimuth, ..picture() };
            let view = picture.view(&nodes, [0.0, 0.0, 400.0, 400.0]);
            let far = picture.far(&view);
            let depth = |corner: [f64; 3]| view.turned(corner)[2];
            assert!(depth(far) < depth([-far[0], -far[1], far[2]]), "{azimuth}");
            // The ground's far corner is above its near one on the picture.
            assert!(view.on_cube(far).1 < view.on_cube([-far[0], -far[1], far[2]]).1);
        }
    }

    #[test]
    fn runs_are_cut_at_the_patches_and_keep_to_the_surface() {
        let mut picture = picture();
        picture.paths = vec![Path::new(0, "gd", &[vec![-0.95, 0.0], vec![0.95, 0.0], vec![3.0, 0.0]])];
        picture.marks = vec![Mark::new(MarkKind::Saddle, [0.0, 0.0], "")];
        let text = picture.draw().inline("");
        assert_eq!(text.matches("class=\"path").count(), 10);
        assert!(text.contains("cross") && !text.contains("gd, end"));
    }

    #[test]
    fn functions_without_heights_leave_an_empty_box() {
        let f = |_: f64, _: f64| f64::INFINITY;
        let text = Surface::new("", [[0.0, 0.0]; 2], &f).draw().inline("");
        assert!(!text.contains("NaN") && !text.contains("mesh"));
    }
}
