//! A frame with axes, and the marks inside it.

use super::canvas::{Anchor, Svg};
use super::scale::Scale;
use super::style::Series;

/// Space around the frame for labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margins {
    /// Left of the frame.
    pub left: f64,
    /// Right of it.
    pub right: f64,
    /// Above it.
    pub top: f64,
    /// Below it.
    pub bottom: f64,
}

/// One value over x with the range of the runs around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Horizontal value.
    pub x: f64,
    /// Middle of the runs; not finite where there is none.
    pub mid: f64,
    /// Lower edge of the band.
    pub low: f64,
    /// Upper edge of the band.
    pub high: f64,
}

/// A picture with one pair of axes.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The picture.
    pub svg: Svg,
    /// Horizontal axis.
    pub x: Scale,
    /// Vertical axis.
    pub y: Scale,
}

impl Plot {
    /// Puts axes on a picture; their ranges are the frame.
    pub fn new(svg: Svg, x: Scale, y: Scale) -> Self {
        Self { svg, x, y }
    }

    /// The pixels of a frame inside `margins`: horizontal from left to right, vertical from bottom to top.
    pub fn frame(width: f64, height: f64, margins: Margins) -> ([f64; 2], [f64; 2]) {
        ([margins.left, width - margins.right], [height - margins.bottom, margins.top])
    }

    /// Vertical ticks with labels and lines across the frame, and the title of the axis above it.
    pub fn y_axis(&mut self, count: usize, title: &str) {
        self.y_marks(&self.y.ticks(count), title);
    }

    /// The same with the values and labels of the ticks given.
    pub fn y_marks(&mut self, ticks: &[(f64, String)], title: &str) {
        let [left, right] = self.x.range();
        for (value, label) in ticks {
            let y = self.y.at(*value);
            self.svg.line("grid", left, y, right, y);
            self.svg.text("soft", left - 8.0, y + 4.0, Anchor::End, label);
        }
        let top = self.y.range()[1];
        if !title.is_empty() {
            self.svg.text("soft", 2.0, top - 12.0, Anchor::Start, title);
        }
    }

    /// Horizontal axis with ticks and labels at pixel `y`, and its title at the right end below them.
    pub fn x_axis(&mut self, y: f64, count: usize, title: &str) {
        self.x_marks(y, &self.x.ticks(count), title);
    }

    /// The same with the values and labels of the ticks given.
    pub fn x_marks(&mut self, y: f64, ticks: &[(f64, String)], title: &str) {
        let [left, right] = self.x.range();
        self.svg.line("axis", left, y, right, y);
        for (value, label) in ticks {
            let x = self.x.at(*value);
            self.svg.line("tick", x, y, x, y + 4.0);
            self.svg.text("soft", x, y + 17.0, Anchor::Middle, label);
        }
        if !title.is_empty() {
            self.svg.text("soft", right, y + 34.0, Anchor::End, title);
        }
    }

    /// Starts a group that is cut off at the frame. `id` must be unique on the page.
    pub fn open_frame(&mut self, id: &str) {
        let ([left, right], [bottom, top]) = (self.x.range(), self.y.range());
        self.svg.open_clip(id, left, top - 1.0, right - left + 1.0, bottom - top + 2.0);
    }

    /// The middle line of a series, with its band or thin without one.
    pub fn series(&mut self, series: Series, samples: &[Sample], band: bool) {
        if band {
            let edge = |pick: fn(&Sample) -> f64| -> Vec<(f64, f64)> {
                let seen = samples.iter().filter(|s| !s.low.is_nan() && !s.high.is_nan());
                seen.map(|s| (self.x.at(s.x), self.y.clamp(pick(s)))).collect()
            };
            let (upper, lower) = (edge(|s| s.high), edge(|s| s.low));
            self.svg.area(&format!("band {}", series.class()), &upper, &lower);
        }
        let points: Vec<(f64, f64)> = samples.iter().map(|s| (self.x.at(s.x), self.y.at(s.mid))).collect();
        self.svg.polyline(if band { "line" } else { "thin" }, series, &points);
    }

    /// A dotted line across the frame with a label above its left end.
    pub fn target(&mut self, y: f64, label: &str) {
        let [left, right] = self.x.range();
        let at = self.y.at(y);
        self.svg.line("target", left, at, right, at);
        let [bottom, top] = self.y.range();
        // Above the line, unless that is where the title stands.
        let baseline = if at - bottom.min(top) < 16.0 { at + 13.0 } else { at - 5.0 };
        self.svg.text("soft small", left + 6.0, baseline, Anchor::Start, label);
    }
}
