//! Axes, title and legend around dots.

use super::Screen;
use super::canvas::Canvas;
use super::ink::{Ink, Pen};
use crate::pictures::lines::{Lines, Reference};
use crate::svg::Scale;
use crate::svg::clip::{clip, inside};

/// Cells between two letters along a line, where letters are needed.
const LETTERS: f64 = 9.0;

/// Rows of dots at least.
const LEAST: usize = 4;

/// An entry of the legend.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) letter: char,
    pub(super) pen: Pen,
    pub(super) name: String,
    note: String,
}

impl Key {
    pub(super) fn new(n: usize, pen: Pen, name: &str) -> Self {
        Self { letter: Self::letter(n), pen, name: name.into(), note: String::new() }
    }

    pub(super) fn note(mut self, note: &str) -> Self {
        self.note = if note.is_empty() { String::new() } else { format!(" ({note})") };
        self
    }

    /// The letter of the n-th run. `S` is a start.
    pub(super) fn letter(n: usize) -> char {
        char::from(b"ABCDEFGHIJKLMNOPQRTUVWXYZ"[n % 25])
    }

    fn width(&self) -> usize {
        2 + self.name.chars().count() + self.note.chars().count()
    }
}

/// A frame with scales from values to dots.
pub(super) struct Frame {
    pub(super) canvas: Canvas,
    x: Scale,
    y: Scale,
    x_ticks: Vec<(f64, String)>,
    y_ticks: Vec<(f64, String)>,
    titles: [String; 2],
    title: String,
    keys: Vec<Key>,
    screen: Screen,
}

impl Frame {
    /// A frame as wide as the screen.
    pub(super) fn new(
        screen: Screen,
        title: &str,
        keys: Vec<Key>,
        scales: impl Fn([[f64; 2]; 2]) -> (Scale, Scale),
    ) -> Self {
        let rows = Self::free_rows(screen, title, &keys);
        // The labels of the vertical axis say how much is left for dots.
        let at = |columns: usize| [[0.0, (2 * columns) as f64 - 1.0], [(4 * rows) as f64 - 1.0, 0.0]];
        let (_, y) = scales(at(screen.columns));
        let y_ticks = y.ticks((rows / 3).clamp(2, 8));
        let columns = screen.columns.saturating_sub(label_width(&y_ticks) + 1).max(8);
        let (x, y) = scales(at(columns));
        let x_ticks = x.ticks((columns / 12).clamp(2, 10));
        let canvas = Canvas::new(columns, rows);
        Self { canvas, x, y, x_ticks, y_ticks, titles: Default::default(), title: title.into(), keys, screen }
    }

    /// A frame no wider than makes both scales alike, if that leaves no strip: dots are as wide as high.
    pub(super) fn with_aspect(
        screen: Screen,
        title: &str,
        keys: Vec<Key>,
        aspect: f64,
        scales: impl Fn([[f64; 2]; 2]) -> (Scale, Scale),
    ) -> Self {
        let room = (4 * Self::free_rows(screen, title, &keys)) as f64;
        let mut narrow = screen;
        if (0.33..=3.0).contains(&aspect) {
            let labels = label_width(&scales([[0.0, 1.0], [room, 0.0]]).1.ticks(5)) + 1;
            narrow.columns = screen.columns.min((room * aspect / 2.0) as usize + labels);
            // Wider than the screen: lower instead.
            let wide = (2 * screen.columns.saturating_sub(labels)) as f64;
            if room * aspect > wide {
                let lower = ((room - wide / aspect) / 4.0) as usize;
                narrow.rows = screen.rows.saturating_sub(lower).max(LEAST + 3);
            }
        }
        let mut frame = Self::new(Screen { columns: screen.columns, ..narrow }, title, keys, &scales);
        let labels = label_width(&frame.y_ticks) + 1;
        let columns = narrow.columns.saturating_sub(labels).max(8);
        let rows = frame.canvas.rows();
        (frame.x, frame.y) = scales([[0.0, (2 * columns) as f64 - 1.0], [(4 * rows) as f64 - 1.0, 0.0]]);
        frame.x_ticks = frame.x.ticks((columns / 12).clamp(2, 10));
        frame.canvas = Canvas::new(columns, rows);
        frame
    }

    /// Rows that title, titles of axes, axis and legend leave.
    fn free_rows(screen: Screen, title: &str, keys: &[Key]) -> usize {
        let other = usize::from(!title.is_empty()) + 3 + legend(keys, screen.columns).len();
        screen.rows.saturating_sub(other).max(LEAST)
    }

    /// What is on the axes.
    pub(super) fn titles(&mut self, x: &str, y: &str) {
        self.titles = [x.into(), y.into()];
    }

    /// Ticks as the axes of a picture want them.
    pub(super) fn ticks(&mut self, picture: &Lines) {
        let columns = self.canvas.dots()[0] / 2;
        self.x_ticks = picture.x_ticks(&self.x, (columns / 12).clamp(2, 10));
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }

    fn edges(&self) -> [f64; 4] {
        let [wide, tall] = self.canvas.dots();
        [-0.49, -0.49, wide as f64 - 0.51, tall as f64 - 0.51]
    }

    /// A line through values.
    pub(super) fn line(&mut self, pen: Pen, points: &[(f64, f64)]) {
        self.trace(pen, points, 1);
    }

    /// A line of which every third dot is drawn.
    pub(super) fn dashes(&mut self, pen: Pen, points: &[(f64, f64)]) {
        self.trace(pen, points, 3);
    }

    fn trace(&mut self, pen: Pen, points: &[(f64, f64)], every: usize) {
        let mut gone = 0;
        for piece in self.pieces(points) {
            for pair in piece.windows(2) {
                self.canvas.line(pen, pair[0], pair[1], every, &mut gone);
            }
        }
    }

    fn pieces(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let dots: Vec<(f64, f64)> = points.iter().map(|point| self.at(*point)).collect();
        clip(self.edges(), &dots)
    }

    /// A column from the bottom or zero to a value; `left` and `width` are values of the horizontal axis.
    pub(super) fn column(&mut self, pen: Pen, left: f64, width: f64, value: f64) {
        let base = if self.y.domain()[0] > 0.0 { self.y.domain()[0] } else { 0.0 };
        let (from, to) = (self.x.at(left).ceil(), self.x.at(left + width).floor() - 1.0);
        let (low, high) = (self.y.clamp(base), self.y.clamp(value));
        if high.is_finite() {
            let wide = self.canvas.dots()[0] as f64;
            for x in from.clamp(0.0, wide) as usize..=to.clamp(0.0, wide) as usize {
                self.canvas.line(pen, (x as f64, low), (x as f64, high), 1, &mut 0);
            }
        }
    }

    /// A letter at a value inside the frame.
    pub(super) fn letter(&mut self, letter: char, pen: Pen, point: (f64, f64)) {
        let at = self.at(point);
        if inside(self.edges(), at) {
            self.canvas.letter(pen, letter, at.0, at.1);
        }
    }

    /// A run's letter along its line if there are no colours to tell it by, and where it ends.
    pub(super) fn name(&mut self, letter: char, pen: Pen, points: &[(f64, f64)]) {
        let pieces = self.pieces(points);
        if self.screen.ink == Ink::None {
            // Letters of different runs stand at different places.
            let mut wait = 3.0 + f64::from(u32::from(letter) % 4) * LETTERS / 2.0;
            for pair in pieces.iter().flat_map(|piece| piece.windows(2)) {
                let length = ((pair[1].0 - pair[0].0) / 2.0).hypot((pair[1].1 - pair[0].1) / 4.0);
                while wait <= length {
                    let part = wait / length;
                    let along = |a: f64, b: f64| a + part * (b - a);
                    self.canvas.letter(pen, letter, along(pair[0].0, pair[1].0), along(pair[0].1, pair[1].1));
                    wait += LETTERS;
                }
                wait -= length;
            }
        }
        if let Some(end) = pieces.last().and_then(|piece| piece.last()) {
            self.canvas.letter(pen, letter, end.0, end.1);
        }
    }

    /// A cross where a line leaves the frame for good, if it does.
    pub(super) fn exit(&mut self, pen: Pen, points: &[(f64, f64)]) {
        let stays = points.last().is_some_and(|end| inside(self.edges(), self.at(*end)));
        if !stays && let Some(end) = self.pieces(points).last().and_then(|piece| piece.last().copied()) {
            self.canvas.letter(pen, '×', end.0, end.1);
        }
    }

    /// A dotted line across the frame with its label.
    pub(super) fn reference(&mut self, reference: &Reference) {
        let ([left, right], [low, high]) = (self.x.domain(), self.y.domain());
        let ends = if reference.upright {
            [(reference.at, low), (reference.at, high)]
        } else {
            [(left, reference.at), (right, reference.at)]
        };
        self.trace(Pen::Soft, &ends, 4);
        let (mut x, y) = self.at(if reference.upright { ends[1] } else { ends[0] });
        let long = 2.0 * reference.label.chars().count() as f64;
        if x + long >= self.canvas.dots()[0] as f64 {
            // Before the line where there is no room behind it.
            x = (x - long - 2.0).max(-2.0);
        }
        for letter in reference.label.chars() {
            x += 2.0;
            self.canvas.letter(Pen::Soft, letter, x, y);
        }
    }

    /// Everything as lines of text, each with its end.
    pub(super) fn text(&self) -> String {
        let ink = self.screen.ink;
        let columns = self.screen.columns;
        let left = label_width(&self.y_ticks);
        let rows = self.canvas.rows();
        let mut lines: Vec<String> = Vec::new();
        if !self.title.is_empty() {
            lines.push(cut(&self.title, columns));
        }
        lines.push(cut(&format!("{:>left$}", self.titles[1]), columns));
        let row_of = |value: f64| (self.y.at(value).round().max(0.0) as usize / 4).min(rows - 1);
        for row in 0..rows {
            let tick = self.y_ticks.iter().find(|tick| row_of(tick.0) == row);
            let (label, edge) = tick.map_or(("", '│'), |tick| (tick.1.as_str(), '┤'));
            lines.push(format!("{label:>left$}{edge}{}", self.canvas.row(row, ink)));
        }
        lines.extend(self.foot(left));
        lines.extend(legend(&self.keys, columns).into_iter().map(|row| {
            let keys = row.into_iter().map(|i| {
                let key = &self.keys[i];
                let (code, off) = (
                    key.pen.code(ink),
                    if ink == Ink::None || key.pen == Pen::Plain { "" } else { "\u{1b}[0m" },
                );
                let text = cut(&format!("{} {}{}", key.letter, key.name, key.note), columns);
                format!("{code}{}{off}{}", key.letter, &text[key.letter.len_utf8()..])
            });
            keys.collect::<Vec<_>>().join("  ")
        }));
        lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    /// The horizontal axis: a line with ticks, and below it labels and title where they fit.
    fn foot(&self, left: usize) -> [String; 2] {
        let wide = self.canvas.dots()[0] / 2;
        let mut rule: Vec<char> = vec!['─'; wide];
        let room = left + 1 + wide;
        let mut below: Vec<char> = vec![' '; room];
        let mut free = 0;
        for (value, label) in &self.x_ticks {
            let column = (self.x.at(*value).round().max(0.0) as usize / 2).min(wide - 1);
            let length = label.chars().count();
            let start = (left + 1 + column).saturating_sub(length / 2).min(room.saturating_sub(length));
            rule[column] = '┬';
            if start >= free && start + length <= room {
                below.splice(start..start + length, label.chars());
                free = start + length + 1;
            }
        }
        let title = &self.titles[0];
        let mut labels: String = below.into_iter().collect();
        labels.truncate(labels.trim_end().len());
        let used = labels.chars().count() + 2;
        if used + title.chars().count() <= self.screen.columns {
            labels += &format!("  {title}");
        }
        [format!("{:>left$}└{}", "", rule.into_iter().collect::<String>()), labels]
    }
}

fn label_width(ticks: &[(f64, String)]) -> usize {
    ticks.iter().map(|tick| tick.1.chars().count()).max().unwrap_or(1)
}

/// Entries of the legend by line, two spaces between them.
fn legend(keys: &[Key], columns: usize) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut used = 0;
    for (i, key) in keys.iter().enumerate() {
        match rows.last_mut().filter(|_| used + 2 + key.width() <= columns) {
            Some(row) => {
                row.push(i);
                used += 2 + key.width();
            }
            None => {
                rows.push(vec![i]);
                used = key.width();
            }
        }
    }
    rows
}

fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.into();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['\u{2026}']).collect()
}
