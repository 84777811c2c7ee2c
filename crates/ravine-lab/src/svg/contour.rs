//! Level lines and the areas between them, of a function sampled on a grid (marching squares).

use super::simplify::{path, simplify};
use crate::stats::number;

/// Values at the nodes of a regular grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// First and last node across.
    pub x: [f64; 2],
    /// First and last node upwards.
    pub y: [f64; 2],
    /// Nodes across, at least two.
    pub columns: usize,
    /// Nodes upwards, at least two.
    pub rows: usize,
    /// Row by row, the first row at `y[0]`. Values that are not finite leave holes.
    pub values: Vec<f64>,
}

/// Where a function is at or above a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// The level.
    pub level: f64,
    /// Path of the area, to be filled by the even-odd rule. Regions are painted in order, each over the last.
    pub fill: String,
    /// Path of the level line: the edge of the area without the edges of the grid and its holes.
    pub line: String,
}

impl Grid {
    /// A function at the nodes.
    pub fn sample(
        x: [f64; 2],
        y: [f64; 2],
        columns: usize,
        rows: usize,
        f: impl Fn(f64, f64) -> f64,
    ) -> Self {
        let (columns, rows) = (columns.max(2), rows.max(2));
        let node = |[low, high]: [f64; 2], i: usize, n: usize| low + (high - low) * i as f64 / (n - 1) as f64;
        let values = (0..rows)
            .flat_map(|j| (0..columns).map(move |i| (i, j)))
            .map(|(i, j)| f(node(x, i, columns), node(y, j, rows)))
            .collect();
        Self { x, y, columns, rows, values }
    }

    /// Lowest and highest finite value, if there is one.
    pub fn extent(&self) -> Option<[f64; 2]> {
        let finite = || self.values.iter().copied().filter(|v| v.is_finite());
        let low = finite().min_by(f64::total_cmp)?;
        Some([low, finite().max_by(f64::total_cmp)?])
    }

    /// The value of a node counted from 1, with a frame of nothing around the grid.
    fn at(&self, i: usize, j: usize) -> Option<f64> {
        let inside = (1..=self.columns).contains(&i) && (1..=self.rows).contains(&j);
        let value = inside.then(|| self.values[(j - 1) * self.columns + i - 1])?;
        value.is_finite().then_some(value)
    }
}

/// About `count` levels that share out the area evenly, at round values: equal steps of `(f - min)^p`, where p makes the
/// median of the area the middle level. So a quadratic gets evenly spaced rings, and a function that grows by five
/// orders of magnitude still shows its valley. Where p is near 1 they are equal steps of `f`.
pub fn levels(grid: &Grid, count: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = grid.values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (sorted.first().copied(), sorted.last().copied()) else { return Vec::new() };
    let range = max - min;
    if range <= 0.0 || !range.is_finite() || count == 0 {
        return Vec::new();
    }
    let middle = (sorted[sorted.len() / 2] - min) / range;
    let power = (0.5f64.ln() / middle.clamp(1e-9, 0.999).ln()).clamp(0.04, 1.0);
    let mut levels = if power > 0.7 {
        round_steps(min, max, count)
    } else {
        let floor = ((sorted[sorted.len() / 50] - min) / range).max(1e-12).powf(power);
        (0..count)
            .map(|k| (floor + (1.0 - floor) * k as f64 / count as f64).powf(1.0 / power) * range)
            .map(|offset| round_to(min + offset, offset))
            .collect()
    };
    levels.retain(|level| *level > min && *level < max);
    levels.dedup();
    levels
}

/// Multiples of a round step between two values.
fn round_steps(min: f64, max: f64, count: usize) -> Vec<f64> {
    let raw = (max - min) / count as f64;
    let power = 10f64.powf(raw.log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 5.0, 10.0].map(|m| m * power);
    let off = |step: &f64| (step / raw).ln().abs();
    let step = steps.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(raw);
    let first = (min / step).ceil() as i64;
    let level = |i: i64| round_to(i as f64 * step, step);
    (first..).map(level).take_while(|level| *level < max).take(2 * count).collect()
}

/// `x` rounded to two digits of `scale`.
fn round_to(x: f64, scale: f64) -> f64 {
    let unit = 10f64.powf(scale.abs().log10().floor() - 1.0);
    let rounded = (x / unit).round() * unit;
    // Through its shortest text, so that 0.30000000000000004 is 0.3.
    number::significant(rounded, 12).parse().unwrap_or(rounded)
}

/// The regions of all levels. `place` gives the pixel of a point; the paths stay within `tolerance` pixels of the true
/// ones (a tenth is finer than can be seen).
pub fn regions(
    grid: &Grid,
    levels: &[f64],
    place: impl Fn(f64, f64) -> (f64, f64),
    tolerance: f64,
) -> Vec<Region> {
    levels
        .iter()
        .map(|level| {
            let (mut fill, mut line) = (String::new(), String::new());
            for ring in rings(grid, *level, &place) {
                ring.draw(tolerance, &mut fill, &mut line);
            }
            Region { level: *level, fill, line }
        })
        .collect()
}

/// A closed line of points; `edge[i]` says that the stretch from point i to the next is no level line.
struct Ring {
    points: Vec<(f64, f64)>,
    edge: Vec<bool>,
}

impl Ring {
    fn draw(mut self, tolerance: f64, fill: &mut String, line: &mut String) {
        let n = self.points.len();
        let span = |pick: fn(&(f64, f64)) -> f64| {
            let values = self.points.iter().map(pick);
            values.clone().fold(f64::NEG_INFINITY, f64::max) - values.fold(f64::INFINITY, f64::min)
        };
        if span(|p| p.0).max(span(|p| p.1)) < 0.4 {
            return;
        }
        let Some(cut) = (0..n).find(|i| self.edge[*i] != self.edge[(i + n - 1) % n]) else {
            // All of one kind. The point farthest from the first stays as the first does.
            let first = self.points[0];
            let far = |p: &(f64, f64)| (p.0 - first.0).hypot(p.1 - first.1);
            let half =
                (0..n).max_by(|a, b| far(&self.points[*a]).total_cmp(&far(&self.points[*b]))).unwrap_or(0);
            let mut points = simplify(&self.points[..=half], tolerance);
            points.pop();
            self.points.push(first);
            points.extend(simplify(&self.points[half..], tolerance));
            points.pop();
            *fill += &path(&points, true);
            if !self.edge[0] {
                *line += &path(&points, true);
            }
            return;
        };
        self.points.rotate_left(cut);
        self.edge.rotate_left(cut);
        self.points.push(self.points[0]);
        let mut whole = Vec::new();
        let mut start = 0;
        for stretch in self.edge.chunk_by(|a, b| a == b) {
            let end = start + stretch.len();
            let points = simplify(&self.points[start..=end], tolerance);
            if !stretch[0] {
                *line += &path(&points, false);
            }
            whole.pop();
            whole.extend(points);
            start = end;
        }
        whole.pop();
        *fill += &path(&whole, true);
    }
}

/// No stretch goes on from here.
const NONE: u32 = u32::MAX;

/// The closed lines around what is at or above a level, the high side to the left of each.
fn rings(grid: &Grid, level: f64, place: &impl Fn(f64, f64) -> (f64, f64)) -> Vec<Ring> {
    // Nodes are counted with the frame. Edge 2k goes right from node k, edge 2k + 1 up.
    let wide = grid.columns + 2;
    let mut next = vec![(NONE, false); 2 * wide * (grid.rows + 2)];
    for j in 0..=grid.rows {
        for i in 0..=grid.columns {
            let corners = [grid.at(i, j), grid.at(i + 1, j), grid.at(i + 1, j + 1), grid.at(i, j + 1)];
            let high = corners.map(|v| v.is_some_and(|v| v >= level));
            if high == [false; 4] || high == [true; 4] {
                continue;
            }
            let node = j * wide + i;
            let edges = [2 * node, 2 * (node + 1) + 1, 2 * (node + wide), 2 * node + 1];
            let joined = || {
                corners.iter().try_fold(0.0, |sum, v| v.map(|v| sum + v)).is_some_and(|s| s / 4.0 >= level)
            };
            let saddle = high[0] == high[2] && high[1] == high[3];
            for k in 0..4 {
                // Walking round the cell: a line starts where the high part is left, and ends where it is entered.
                if high[k] && !high[(k + 1) % 4] {
                    let enters = |e: &usize| !high[*e] && high[(*e + 1) % 4];
                    let end = if saddle && joined() {
                        Some((k + 1) % 4)
                    } else {
                        (1..4).map(|d| (k + 4 - d) % 4).find(enters)
                    };
                    if let Some(end) = end {
                        next[edges[k]] = (edges[end] as u32, corners.contains(&None));
                    }
                }
            }
        }
    }
    let at = |e: usize| {
        let (node, up) = (e / 2, e % 2);
        let ends = [(node % wide, node / wide), (node % wide + 1 - up, node / wide + up)];
        crossing(grid, level, ends, place)
    };
    let mut rings = Vec::new();
    for first in 0..next.len() {
        let mut ring = Ring { points: Vec::new(), edge: Vec::new() };
        let mut here = first;
        while next[here].0 != NONE {
            let (then, edge) = std::mem::replace(&mut next[here], (NONE, false));
            ring.points.push(at(here));
            ring.edge.push(edge);
            here = then as usize;
        }
        if ring.points.len() > 2 {
            rings.push(ring);
        }
    }
    rings
}

/// Where the level is crossed between two neighbouring nodes; beside nothing, at the node itself.
fn crossing(
    grid: &Grid,
    level: f64,
    [a, b]: [(usize, usize); 2],
    place: &impl Fn(f64, f64) -> (f64, f64),
) -> (f64, f64) {
    let part = match (grid.at(a.0, a.1), grid.at(b.0, b.1)) {
        (Some(from), Some(to)) => ((level - from) / (to - from)).clamp(0.0, 1.0),
        (Some(_), None) => 0.0,
        _ => 1.0,
    };
    let along = |a: usize, b: usize, [low, high]: [f64; 2], n: usize| {
        let node = a as f64 + (b as f64 - a as f64) * part - 1.0;
        low + (high - low) * node / (n - 1) as f64
    };
    place(along(a.0, b.0, grid.x, grid.columns), along(a.1, b.1, grid.y, grid.rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(points: &[(f64, f64)]) -> f64 {
        let next = points.iter().cycle().skip(1);
        points.iter().zip(next).map(|(a, b)| (a.0 * b.1 - b.0 * a.1) / 2.0).sum()
    }

    fn areas(grid: &Grid, level: f64) -> Vec<f64> {
        rings(grid, level, &|x, y| (x, y)).iter().map(|ring| area(&ring.points)).collect()
    }

    #[test]
    fn the_area_under_a_circle_is_left_out() {
        let grid = Grid::sample([-2.0, 2.0], [-2.0, 2.0], 201, 201, |x, y| x * x + y * y);
        let high: f64 = areas(&grid, 1.0).iter().sum();
        assert!((high - (16.0 - std::f64::consts::PI)).abs() < 1e-3, "{high}");
    }

    #[test]
    fn saddle_cells_follow_their_middle() {
        let cell = |values: [f64; 4]| Grid {
            x: [0.0, 1.0],
            y: [0.0, 1.0],
            columns: 2,
            rows: 2,
            values: values.into(),
        };
        // Corners (0, 0) and (1, 1) are high: joined if the mean is high, apart if it is low.
        assert_eq!(areas(&cell([3.0, 0.0, 0.0, 3.0]), 1.0).len(), 1);
        assert_eq!(areas(&cell([3.0, 0.0, 0.0, 3.0]), 2.0).len(), 2);
        assert_eq!(areas(&cell([0.0, 3.0, 3.0, 0.0]), 1.0).len(), 1);
        assert_eq!(areas(&cell([0.0, 3.0, 3.0, 0.0]), 2.0).len(), 2);
    }

    #[test]
    fn holes_have_no_level_lines() {
        let f = |x: f64, y: f64| if x.hypot(y) < 0.5 { f64::NAN } else { 1.0 };
        let grid = Grid::sample([-1.0, 1.0], [-1.0, 1.0], 41, 41, f);
        let all = regions(&grid, &[0.5], |x, y| (100.0 * x, 100.0 * y), 0.1);
        assert!(all[0].line.is_empty() && all[0].fill.matches('z').count() == 2, "{all:?}");
    }

    #[test]
    fn levels_fit_the_function() {
        let rosenbrock = |x: f64, y: f64| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        let steep = levels(&Grid::sample([-2.0, 2.0], [-1.0, 3.0], 100, 100, rosenbrock), 14);
        assert!((10..=16).contains(&steep.len()) && steep[0] < 5.0 && steep[13] > 1000.0, "{steep:?}");
        let saddle = levels(&Grid::sample([-1.0, 1.0], [-1.0, 1.0], 101, 101, |x, y| x * x - y * y), 14);
        assert!((10..=16).contains(&saddle.len()) && saddle.contains(&0.0), "{saddle:?}");
        assert!(saddle.iter().zip(saddle.iter().rev()).all(|(a, b)| (a + b).abs() < 1e-12));
        let flat = Grid::sample([0.0, 1.0], [0.0, 1.0], 9, 9, |_, _| 3.0);
        assert!(levels(&flat, 14).is_empty());
        let none = Grid::sample([0.0, 1.0], [0.0, 1.0], 9, 9, |_, _| f64::NAN);
        assert!(levels(&none, 14).is_empty() && none.extent().is_none());
    }
}
