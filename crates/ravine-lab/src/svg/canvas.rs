//! The drawing surface: elements as text.

use super::style::{Marker, Series};
use super::theme::{Theme, only_used};
use std::fmt::Write;

const XMLNS: &str = r#"xmlns="http://www.w3.org/2000/svg""#;

/// Where a text hangs on its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins at the point.
    Start,
    /// The point is its middle.
    Middle,
    /// The text ends at the point.
    End,
}

/// A picture under construction. Coordinates are CSS pixels, y downwards.
#[derive(Clone, Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    label: String,
    body: String,
    /// Style of what moves.
    motion: String,
}

impl Svg {
    /// An empty picture. `label` says in a sentence what it shows, for those who cannot see it.
    pub fn new(width: f64, height: f64, label: &str) -> Self {
        Self { width, height, label: label.into(), body: String::new(), motion: String::new() }
    }

    /// Width in pixels.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> f64 {
        self.height
    }

    /// Cuts or widens the paper; what is drawn stays where it is.
    pub fn resize(&mut self, width: f64, height: f64) {
        (self.width, self.height) = (width, height);
    }

    /// Adds style rules that move marks. A [fixed](Self::fixed) picture goes without.
    pub fn animate(&mut self, rules: &str) {
        self.motion += rules;
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, x1: f64, y1: f64, x2: f64, y2: f64) {
        let (x1, y1, x2, y2) = (Px(x1), Px(y1), Px(x2), Px(y2));
        let _ = write!(self.body, r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#);
    }

    /// A rectangle.
    pub fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        self.shade(class, None, x, y, width, height, "");
    }

    /// A rectangle with an opacity of its fill, and a text that shows on hovering.
    #[allow(clippy::too_many_arguments)]
    pub fn shade(
        &mut self,
        class: &str,
        opacity: Option<f64>,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        hover: &str,
    ) {
        let (x, y, width, height) = (Px(x), Px(y), Px(width.max(0.0)), Px(height.max(0.0)));
        let _ =
            write!(self.body, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}""#);
        if let Some(opacity) = opacity {
            let _ = write!(self.body, r#" fill-opacity="{}""#, Px(opacity.clamp(0.0, 1.0)));
        }
        self.end(hover, "rect");
    }

    /// Text, escaped.
    pub fn text(&mut self, class: &str, x: f64, y: f64, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let (x, y) = (Px(x), Px(y));
        let _ = write!(self.body, r#"<text class="{class}" x="{x}" y="{y}"{anchor}>{}</text>"#, escape(text));
    }

    /// A line through points, of a series. Points that are not finite break it.
    pub fn polyline(&mut self, class: &str, series: Series, points: &[(f64, f64)]) {
        let mut path = String::new();
        for piece in points.split(|(x, y)| !x.is_finite() || !y.is_finite()).filter(|piece| !piece.is_empty())
        {
            path += &trace(piece);
        }
        self.dashed(class, series, &path);
    }

    /// The area between two lines over the same x.
    pub fn area(&mut self, class: &str, upper: &[(f64, f64)], lower: &[(f64, f64)]) {
        let edge: Vec<(f64, f64)> = upper.iter().chain(lower.iter().rev()).copied().collect();
        if !edge.is_empty() && edge.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
            let _ = write!(self.body, r#"<path class="{class}" d="{}Z"/>"#, trace(&edge));
        }
    }

    /// The marker of a series, filled or open, with a text that shows on hovering.
    pub fn marker(&mut self, series: Series, open: bool, x: f64, y: f64, hover: &str) {
        let class = if open { "open" } else { "full" };
        let _ = write!(
            self.body,
            r#"<path class="{class} {}" d="{}""#,
            series.class(),
            series.marker().path(x, y)
        );
        self.end(hover, "path");
    }

    /// A path, with a text that shows on hovering.
    pub fn path(&mut self, class: &str, data: &str, hover: &str) {
        if !data.is_empty() {
            let _ = write!(self.body, r#"<path class="{class}" d="{data}""#);
            self.end(hover, "path");
        }
    }

    /// A path as a line of a series, with its dashes.
    pub fn dashed(&mut self, class: &str, series: Series, data: &str) {
        if !data.is_empty() {
            let (color, dashes) = (series.class(), dashes(series));
            let _ = write!(self.body, r#"<path class="{class} {color}"{dashes} d="{data}"/>"#);
        }
    }

    /// A path that nobody sees until [rules](Self::animate) for `id` show it. Its length counts as 1.
    pub fn hidden(&mut self, class: &str, id: &str, data: &str) {
        let _ = write!(
            self.body,
            r#"<path class="{class}" id="{id}" pathLength="1" fill-opacity="0" stroke-opacity="0" d="{data}"/>"#
        );
    }

    /// A disc, with a text that shows on hovering.
    pub fn dot(&mut self, class: &str, x: f64, y: f64, radius: f64, hover: &str) {
        let (x, y, radius) = (Px(x), Px(y), Px(radius));
        let _ = write!(self.body, r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}""#);
        self.end(hover, "circle");
    }

    /// A cross: a run that failed.
    pub fn cross(&mut self, class: &str, x: f64, y: f64, hover: &str) {
        let _ = write!(self.body, r#"<path class="cross {class}" d="{}""#, Marker::Cross.path(x, y));
        self.end(hover, "path");
    }

    /// Starts a group with a class, and a number to find it by in a script.
    pub fn open_group(&mut self, class: &str, number: Option<usize>) {
        let number = number.map_or(String::new(), |n| format!(r#" data-n="{n}""#));
        let _ = write!(self.body, r#"<g class="{class}"{number}>"#);
    }

    /// Starts a group in which nothing outside a rectangle is seen. `id` must be unique on the page.
    pub fn open_clip(&mut self, id: &str, x: f64, y: f64, width: f64, height: f64) {
        let (id, x, y, width, height) = (escape(id), Px(x), Px(y), Px(width), Px(height));
        let _ = write!(
            self.body,
            r##"<clipPath id="{id}"><rect x="{x}" y="{y}" width="{width}" height="{height}"/></clipPath><g clip-path="url(#{id})">"##
        );
    }

    /// Ends the group opened last.
    pub fn close_group(&mut self) {
        self.body += "</g>";
    }

    /// The picture as an element to put into a page that has [`STYLE`](super::STYLE).
    pub fn inline(&self, class: &str) -> String {
        self.element(&format!(r#"class="{class}""#), &self.motion)
    }

    /// The picture as a file of its own, in the colours its viewer prefers.
    pub fn standalone(&self) -> String {
        self.element(XMLNS, &format!("{}{}", only_used(&Theme::both(), &self.body), self.motion)) + "\n"
    }

    /// The picture as a file of its own on coloured paper, in plain colours and at rest: for programs that know little
    /// of CSS.
    pub fn fixed(&self, theme: Theme) -> String {
        let mut still = Self { motion: String::new(), body: String::new(), ..self.clone() };
        still.body = format!(r#"<rect width="100%" height="100%" fill="{}"/>{}"#, theme.paper(), self.body);
        still.element(XMLNS, &only_used(&theme.style(), &self.body)) + "\n"
    }

    fn element(&self, attributes: &str, style: &str) -> String {
        let (width, height, label, body) = (Px(self.width), Px(self.height), escape(&self.label), &self.body);
        let style = if style.is_empty() { String::new() } else { format!("<style>{style}</style>") };
        format!(
            r#"<svg {attributes} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{label}">{style}{body}</svg>"#
        )
    }

    fn end(&mut self, hover: &str, tag: &str) {
        if hover.is_empty() {
            self.body += "/>";
        } else {
            let _ = write!(self.body, "><title>{}</title></{tag}>", escape(hover));
        }
    }
}

/// The attribute of a series' dashes.
fn dashes(series: Series) -> String {
    match series.dashes() {
        "" => String::new(),
        dashes => format!(r#" stroke-dasharray="{dashes}""#),
    }
}

/// Moves and lines through points.
fn trace(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        // A tenth of a pixel is finer than any screen shows, and shorter.
        let tenth = |x: f64| Px((x * 10.0).round() / 10.0);
        let _ = write!(path, "{}{} {}", if i == 0 { 'M' } else { 'L' }, tenth(*x), tenth(*y));
    }
    path
}

/// A coordinate with at most two digits after the point, and 0 in place of what is not finite.
pub(super) struct Px(pub(super) f64);

impl std::fmt::Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rounded = (self.0 * 100.0).round() / 100.0;
        // Adding 0 turns -0 into 0.
        write!(f, "{}", if rounded.is_finite() { rounded + 0.0 } else { 0.0 })
    }
}

/// Text made safe for element content and quoted attributes. Control characters, which XML forbids, become spaces.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out() {
        let mut svg = Svg::new(10.0, 10.0, r#""><script>"#);
        svg.text("t", 0.0, 0.0, Anchor::Start, "<b>\"x\" & 'y'\u{1}");
        let text = svg.inline("p");
        assert!(!text.contains("<b>") && !text.contains("<script>") && !text.contains('\u{1}'));
        assert!(text.contains("&lt;b&gt;&quot;x&quot; &amp; &#39;y&#39; "));
    }

    #[test]
    fn coordinates_are_short_and_always_numbers() {
        for (x, text) in [(1.0, "1"), (1.23456, "1.23"), (-0.001, "0"), (f64::NAN, "0"), (f64::INFINITY, "0")]
        {
            assert_eq!(Px(x).to_string(), text);
        }
    }

    #[test]
    fn lines_break_where_there_is_no_value() {
        let mut svg = Svg::new(10.0, 10.0, "");
        svg.polyline(
            "line",
            Series::new(0),
            &[(0.0, 0.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 3.0), (4.0, 4.0)],
        );
        assert!(svg.inline("p").contains("M0 0L1 1M3 3L4 4"));
    }
}
