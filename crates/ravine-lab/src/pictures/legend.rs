//! What the marks of a picture mean.

use super::MarkKind;
use crate::svg::{Anchor, Series, Svg, labels};

/// Height of a row.
const ROW: f64 = 19.0;

/// Room for the sign before a name, and between entries.
const SIGN: f64 = 32.0;
const GAP: f64 = 16.0;

/// What stands before a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sign {
    /// Line with marker.
    Run(Series),
    /// Line alone.
    Line(Series),
    /// Marker alone.
    Dot(Series),
    /// The line of a theory.
    Theory,
    /// A coloured area.
    Area(Series),
    /// A column.
    Column(Series),
    /// A marked point.
    Mark(MarkKind),
    /// Where runs start.
    Start,
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) sign: Sign,
    pub(super) name: String,
    /// More about it, in softer type.
    pub(super) note: String,
}

impl Entry {
    pub(super) fn new(sign: Sign, name: &str) -> Self {
        Self { sign, name: name.into(), note: String::new() }
    }

    fn width(&self) -> f64 {
        let note = if self.note.is_empty() { 0.0 } else { 6.0 + labels::width(&self.note) };
        SIGN + labels::width(&self.name) + note
    }
}

/// Entries one after the other in rows no wider than `width`: the place of each, and the height of all.
fn rows(entries: &[Entry], width: f64) -> (Vec<(f64, f64)>, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    let mut places = Vec::new();
    for entry in entries {
        if x > 0.0 && x + entry.width() > width {
            (x, y) = (0.0, y + ROW);
        }
        places.push((x, y));
        x += entry.width() + GAP;
    }
    (places, if entries.is_empty() { 0.0 } else { y + ROW })
}

/// Height that [`flow`] needs.
pub(super) fn height(entries: &[Entry], width: f64) -> f64 {
    rows(entries, width).1
}

/// Draws the entries in rows below (x, y); gives the height used.
pub(super) fn flow(svg: &mut Svg, entries: &[Entry], x: f64, y: f64, width: f64) -> f64 {
    let (places, height) = rows(entries, width);
    for (entry, (dx, dy)) in entries.iter().zip(places) {
        let (x, y) = (x + dx, y + dy + ROW / 2.0);
        sign(svg, entry.sign, x, y);
        let room = width - SIGN;
        let name = labels::fit(&entry.name, room);
        svg.text("", x + SIGN, y + 4.0, Anchor::Start, &name);
        let left = room - labels::width(&name) - 6.0;
        if !entry.note.is_empty() && left > 30.0 {
            let note = labels::fit(&entry.note, left);
            svg.text("soft small", x + SIGN + labels::width(&name) + 6.0, y + 4.0, Anchor::Start, &note);
        }
    }
    height
}

/// Draws the entries below each other, notes below names; gives the height used.
pub(super) fn column(svg: &mut Svg, entries: &[Entry], x: f64, y: f64, width: f64) -> f64 {
    let mut down = y;
    for entry in entries {
        let middle = down + ROW / 2.0;
        sign(svg, entry.sign, x, middle);
        for (line, text) in broken(&entry.name, width - SIGN).iter().enumerate() {
            let y = middle + 4.0 + line as f64 * (ROW - 4.0);
            svg.text("", x + SIGN, y, Anchor::Start, &labels::fit(text, width - SIGN));
            down += if line == 0 { ROW } else { ROW - 4.0 };
        }
        if !entry.note.is_empty() {
            // Small type is narrower.
            let note = labels::fit(&entry.note, 1.15 * (width - SIGN));
            svg.text("soft small", x + SIGN, down + 8.0, Anchor::Start, &note);
            down += ROW - 4.0;
        }
    }
    down - y
}

/// A name in as few lines as fit, broken after commas: what tells two runs apart often stands last.
fn broken(name: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in name.split_inclusive(',') {
        match lines.last_mut() {
            Some(line) if labels::width(&format!("{line}{part}")) <= width => line.push_str(part),
            _ => lines.push(part.trim_start().into()),
        }
    }
    lines
}

fn sign(svg: &mut Svg, sign: Sign, x: f64, y: f64) {
    let middle = x + 13.0;
    let line = [(x, y), (x + 26.0, y)];
    match sign {
        Sign::Run(series) => {
            svg.polyline("line", series, &line);
            svg.marker(series, false, middle, y, "");
        }
        Sign::Line(series) => svg.polyline("line", series, &line),
        Sign::Dot(series) => svg.marker(series, false, middle, y, ""),
        Sign::Theory => svg.line("theory", x, y, x + 26.0, y),
        Sign::Area(series) => svg.rect(&format!("basin {}", series.class()), x + 4.0, y - 6.0, 18.0, 12.0),
        Sign::Column(series) => svg.rect(&format!("column {}", series.class()), x + 4.0, y - 6.0, 18.0, 12.0),
        Sign::Mark(kind) => kind.draw(svg, middle, y, ""),
        Sign::Start => svg.dot("start", middle, y, 5.0, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_broken_before_the_edge() {
        let entries: Vec<Entry> =
            (0..6).map(|i| Entry::new(Sign::Run(Series::new(i)), "optimizer")).collect();
        let (places, tall) = rows(&entries, 300.0);
        assert!(places.iter().zip(&entries).all(|((x, _), entry)| x + entry.width() <= 300.0));
        assert_eq!(tall, 3.0 * ROW);
        assert_eq!(height(&[], 300.0), 0.0);
    }

    #[test]
    fn long_names_are_broken_after_commas() {
        let lines = broken("sgd:lr=0.6,momentum=0.5,nesterov=true", 150.0);
        assert_eq!(lines, ["sgd:lr=0.6,", "momentum=0.5,", "nesterov=true"]);
        assert_eq!(broken("adam", 10.0), ["adam"]);
    }
}
