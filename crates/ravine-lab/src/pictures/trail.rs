//! The line of a run, from its start to its end or to where it leaves the frame.

use super::place::Places;
use crate::svg::clip::{Frame, clip, inside};
use crate::svg::simplify::{path, simplify};
use crate::svg::{Series, Svg, animate};

/// Iterates are dotted if most of them lie at least this far apart, in pixels, and there are no more than so many.
const APART: f64 = 7.0;
const DOTS: usize = 120;

/// Pixels of the way between two arrows.
const ARROWS: f64 = 76.0;

/// A run in pixels.
pub(super) struct Trail<'a> {
    pub(super) name: &'a str,
    pub(super) series: Series,
    /// The start, then one point for each step; those from the first that is not finite are not drawn.
    pub(super) points: Vec<(f64, f64)>,
}

impl Trail<'_> {
    /// The points before the first that is not finite.
    fn finite(&self) -> &[(f64, f64)] {
        let end = self.points.iter().position(|(x, y)| !x.is_finite() || !y.is_finite());
        &self.points[..end.unwrap_or(self.points.len())]
    }

    /// The first step at which it is outside the frame, or nowhere.
    pub(super) fn leaves(&self, frame: Frame) -> Option<usize> {
        self.points.iter().position(|point| !inside(frame, *point))
    }

    /// Pixels of its way inside the frame.
    fn length(&self, frame: Frame) -> f64 {
        let pieces = clip(frame, self.finite());
        let step = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1);
        pieces.iter().flat_map(|piece| piece.windows(2)).map(step).sum()
    }

    /// Draws the line with a halo, arrows along it, and dots for iterates where there is room; `value` is the text of an
    /// iterate on hovering.
    fn line(&self, svg: &mut Svg, frame: Frame, places: &mut Places, value: impl Fn(usize) -> String) {
        let (points, color) = (self.finite(), self.series.class());
        let pieces: Vec<Vec<(f64, f64)>> =
            clip(frame, points).iter().map(|piece| simplify(piece, 0.2)).collect();
        let line: String = pieces.iter().map(|piece| path(piece, false)).collect();
        svg.path("shadow", &line, "");
        svg.dashed("path", self.series, &line);
        for piece in &pieces {
            arrows(svg, color, piece);
            places.avoid(along(piece, 6.0));
        }
        let mut last = (f64::INFINITY, f64::INFINITY);
        let seen: Vec<usize> = (0..points.len()).filter(|k| inside(frame, points[*k])).collect();
        let mut apart = seen.clone();
        apart.retain(|k| {
            let far = (points[*k].0 - last.0).hypot(points[*k].1 - last.1) >= APART;
            last = if far { points[*k] } else { last };
            far
        });
        if 2 * apart.len() >= seen.len() && apart.len() <= DOTS {
            for k in apart {
                let hover = format!("{}, {}", self.name, value(k));
                svg.dot(&format!("full {color}"), points[k].0, points[k].1, 2.6, &hover);
            }
        }
    }

    /// Draws a marker at the end, or a cross where it leaves the frame for good.
    fn end(&self, svg: &mut Svg, frame: Frame, value: impl Fn(usize) -> String) {
        let points = self.finite();
        if let Some((k, end)) = points.iter().enumerate().next_back().filter(|(_, end)| inside(frame, **end))
        {
            let hover = format!("{}, end: {}", self.name, value(k));
            svg.marker(self.series, false, end.0, end.1, &hover);
        }
        if let Some(exit) = self.exit(frame) {
            svg.cross("", exit.0, exit.1, &format!("{} leaves the picture here", self.name));
        }
    }

    /// Where it leaves the frame for good, if it does.
    fn exit(&self, frame: Frame) -> Option<(f64, f64)> {
        let ended = self.points.last().is_some_and(|end| inside(frame, *end));
        if ended { None } else { clip(frame, self.finite()).last()?.last().copied() }
    }

    /// Adds the line that draws itself. Far outside the frame it runs along its neighbourhood.
    fn grow(&self, svg: &mut Svg, id: &str, frame: Frame, longest: usize) {
        let [left, top, right, bottom] = frame;
        let (wide, tall) = (right - left, bottom - top);
        let near =
            |(x, y): &(f64, f64)| (x.clamp(left - wide, right + wide), y.clamp(top - tall, bottom + tall));
        let points: Vec<(f64, f64)> = self.finite().iter().map(near).collect();
        animate::grow(svg, id, self.series, &points, longest);
    }
}

/// Draws runs so that each can be seen: long lines below short ones, and all ends on top. `value` is the text of an
/// iterate of a run on hovering. `id` must be unique on the page.
pub(super) fn draw(
    svg: &mut Svg,
    id: &str,
    frame: Frame,
    places: &mut Places,
    trails: &[Trail],
    value: impl Fn(usize, usize) -> String,
) {
    let mut order: Vec<usize> = (0..trails.len()).collect();
    order.sort_by(|a, b| trails[*b].length(frame).total_cmp(&trails[*a].length(frame)));
    svg.open_group(id, None);
    for i in &order {
        trails[*i].line(svg, frame, places, |k| value(*i, k));
    }
    for i in order {
        trails[i].end(svg, frame, |k| value(i, k));
    }
    svg.close_group();
}

/// Adds the moving lines of runs drawn under the same `id`, which fade behind them.
pub(super) fn grow(svg: &mut Svg, id: &str, trails: &[Trail], frame: Frame) {
    let longest = trails.iter().map(|trail| trail.points.len().saturating_sub(1)).max().unwrap_or(0);
    svg.animate(&format!("@media (prefers-reduced-motion:no-preference){{.{id}{{opacity:.35}}}}"));
    svg.open_clip(&format!("{id}-frame"), frame[0], frame[1], frame[2] - frame[0], frame[3] - frame[1]);
    for (i, trail) in trails.iter().enumerate() {
        trail.grow(svg, &format!("{id}-{i}"), frame, longest);
    }
    svg.close_group();
}

/// Points on a line every `step` pixels.
fn along(line: &[(f64, f64)], step: f64) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    let mut wait = 0.0;
    for pair in line.windows(2) {
        let length = (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1);
        let mut at = wait;
        while at < length {
            let part = at / length;
            out.push((
                pair[0].0 + part * (pair[1].0 - pair[0].0),
                pair[0].1 + part * (pair[1].1 - pair[0].1),
            ));
            at += step;
        }
        wait = at - length;
    }
    out
}

/// Arrow heads along a line where it is straight enough to have a direction.
fn arrows(svg: &mut Svg, color: &str, line: &[(f64, f64)]) {
    const STEP: f64 = 4.0;
    let fine = along(line, STEP);
    let (every, reach) = ((ARROWS / STEP) as usize, 2);
    let mut heads = String::new();
    let mut next = every / 2;
    for i in reach..fine.len().saturating_sub(reach) {
        if i < next {
            continue;
        }
        let (before, here, after) = (fine[i - reach], fine[i], fine[i + reach]);
        let (dx, dy) = (after.0 - before.0, after.1 - before.1);
        let length = dx.hypot(dy);
        let way = (here.0 - before.0).hypot(here.1 - before.1) + (after.0 - here.0).hypot(after.1 - here.1);
        if length < 0.93 * way || length < 2.0 * STEP {
            continue;
        }
        let (ux, uy) = (dx / length, dy / length);
        let at = |forth: f64, side: f64| (here.0 + forth * ux - side * uy, here.1 + forth * uy + side * ux);
        heads += &path(&[at(5.0, 0.0), at(-4.0, 4.2), at(-2.0, 0.0), at(-4.0, -4.2)], true);
        next = i + every;
    }
    svg.path(&format!("arrow {color}"), &heads, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = [0.0, 0.0, 100.0, 100.0];

    fn drawn(points: Vec<(f64, f64)>) -> (String, Option<usize>) {
        let mut svg = Svg::new(100.0, 100.0, "");
        let trail = Trail { name: "sgd", series: Series::new(0), points };
        let left = trail.leaves(FRAME);
        draw(&mut svg, "runs", FRAME, &mut Places::new(FRAME), &[trail], |_, k| format!("step {k}"));
        (svg.inline(""), left)
    }

    #[test]
    fn a_run_that_diverges_is_cut_and_crossed() {
        let (text, left) = drawn(vec![(50.0, 50.0), (50.0, 90.0), (50.0, -1e30), (50.0, f64::NAN)]);
        assert_eq!(left, Some(2));
        assert!(
            text.contains("leaves the picture") && !text.contains("e30") && !text.contains("end:"),
            "{text}"
        );
    }

    #[test]
    fn a_run_that_comes_back_has_an_end() {
        let (text, left) = drawn(vec![(50.0, 50.0), (50.0, 190.0), (20.0, 30.0)]);
        assert_eq!(left, Some(1));
        assert!(text.contains("sgd, end: step 2") && !text.contains("leaves the picture"));
    }
}
