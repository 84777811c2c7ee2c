//! Pictures in a terminal: eight braille dots and one colour to a letter.

mod canvas;
mod frame;
mod ink;

use crate::pictures::curve::Curve;
use crate::pictures::lines::{Axis, Line, Lines, Look};
use crate::pictures::map::Map;
use crate::pictures::{MarkKind, Path};
use crate::svg::contour::{Grid, levels};
use crate::svg::decimate::decimate;
use crate::svg::{Scale, Series};
use canvas::Canvas;
use frame::{Frame, Key};
pub use ink::Ink;
use ink::Pen;

/// Levels of a map, about, and rows of dots for each: lines that are too near make grey.
const LEVELS: usize = 9;
const ROOM: usize = 9;

/// Points of a line looked at, at most.
const BUDGET: usize = 4000;

/// The room there is, in letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Letters in a line.
    pub columns: usize,
    /// Lines, with title, axis and legend.
    pub rows: usize,
    /// Colours.
    pub ink: Ink,
}

/// A function of one variable with its runs, as lines of text. Runs end in their letter of the legend, `S` is a start,
/// and without colour the letters also stand along the lines.
pub fn curve(screen: Screen, picture: &Curve) -> String {
    let graph = picture.graph(2 * screen.columns.max(8));
    let mut frame = Frame::new(screen, &picture.title, keys(&picture.paths), |pixels| {
        let y = Axis::default().scale(graph.iter().map(|p| p[1]), pixels[1], 0.04);
        (Scale::linear(picture.domain, pixels[0]), y)
    });
    frame.titles(&picture.variable, &format!("f({})", picture.variable));
    let values = |x: f64| (x, (picture.f)(x));
    frame.line(Pen::Soft, &graph.iter().map(|p| (p[0], p[1])).collect::<Vec<_>>());
    runs(&mut frame, &picture.paths, |[x]| values(x));
    for mark in &picture.marks {
        frame.letter(sign(mark.kind), Pen::Plain, values(mark.at[0]));
    }
    frame.text()
}

/// A function of two variables from above, as lines of text; see [`curve`].
pub fn map(screen: Screen, picture: &Map) -> String {
    let [across, up] = picture.domain;
    let aspect = (across[1] - across[0]) / (up[1] - up[0]);
    let mut frame = Frame::with_aspect(screen, &picture.title, keys(&picture.paths), aspect, |pixels| {
        (Scale::linear(across, pixels[0]), Scale::linear(up, pixels[1]))
    });
    frame.titles(&picture.variables[0], &picture.variables[1]);
    ground(&mut frame.canvas, picture);
    runs(&mut frame, &picture.paths, |[x, y]| (x, y));
    for arrow in &picture.arrows {
        frame.line(Pen::Run(arrow.series), &[(arrow.from[0], arrow.from[1]), (arrow.to[0], arrow.to[1])]);
        frame.letter('o', Pen::Run(arrow.series), (arrow.to[0], arrow.to[1]));
    }
    for mark in &picture.marks {
        frame.letter(sign(mark.kind), Pen::Plain, (mark.at[0], mark.at[1]));
    }
    frame.text()
}

/// One value over another, as lines of text; see [`curve`]. Reference lines are dotted and theory is dashed.
pub fn lines(screen: Screen, picture: &Lines) -> String {
    let key = |(n, line): (usize, &Line)| {
        let pen = if line.look == Look::Theory { Pen::Plain } else { Pen::Run(line.series) };
        Key::new(n, pen, &line.name).note(if line.lost { "diverged" } else { "" })
    };
    let named = picture.lines.iter().filter(|line| !line.name.is_empty());
    let keys: Vec<Key> =
        if picture.lines.len() > 1 { named.enumerate().map(key).collect() } else { Vec::new() };
    let mut frame = Frame::new(screen, &picture.title, keys.clone(), |pixels| {
        (picture.x_scale(pixels[0]), picture.y_scale(pixels[1]))
    });
    frame.ticks(picture);
    frame.titles(&picture.x.title, &picture.y.title);
    for reference in &picture.references {
        frame.reference(reference);
    }
    for line in &picture.lines {
        let key = keys.iter().find(|key| key.name == line.name);
        series(&mut frame, picture, line, key);
    }
    frame.text()
}

fn series(frame: &mut Frame, picture: &Lines, line: &Line, key: Option<&Key>) {
    let pen = match line.look {
        Look::Theory => Pen::Plain,
        Look::Thin => Pen::Soft,
        _ => Pen::Run(line.series),
    };
    let heights: Vec<f64> = line.points.iter().map(|p| p[1]).collect();
    let points: Vec<(f64, f64)> =
        decimate(&heights, BUDGET).into_iter().map(|i| (line.points[i][0], line.points[i][1])).collect();
    match line.look {
        Look::Columns => {
            let all: Vec<&Line> = picture.lines.iter().filter(|line| line.look == Look::Columns).collect();
            let place = all.iter().position(|other| std::ptr::eq(*other, line)).unwrap_or(0) as f64;
            let width = 0.72 / all.len() as f64;
            for (x, y) in points {
                frame.column(pen, x + width * (place - all.len() as f64 / 2.0), width, y);
            }
            return;
        }
        Look::Theory => frame.dashes(pen, &points),
        Look::Points => {}
        Look::Line | Look::Thin | Look::Both => frame.line(pen, &points),
    }
    for (at, [low, high]) in line.points.iter().zip(&line.bars) {
        frame.line(pen, &[(at[0], *low), (at[0], *high)]);
    }
    let letter = key.map_or('o', |key| key.letter);
    if matches!(line.look, Look::Points | Look::Both) {
        points.iter().for_each(|point| frame.letter(letter, pen, *point));
    } else if key.is_some() {
        frame.name(letter, pen, &points);
    }
    if line.lost {
        frame.exit(pen, &points);
    }
}

fn keys<const N: usize>(paths: &[Path<N>]) -> Vec<Key> {
    paths
        .iter()
        .enumerate()
        .map(|(n, path)| Key::new(n, Pen::Run(path.series), &path.name).note(&path.note))
        .collect()
}

/// The lines of the runs, their letters at the ends, and the starts.
fn runs<const N: usize>(frame: &mut Frame, paths: &[Path<N>], place: impl Fn([f64; N]) -> (f64, f64)) {
    let lines: Vec<Vec<(f64, f64)>> =
        paths.iter().map(|path| path.points.iter().map(|p| place(*p)).collect()).collect();
    for (path, line) in paths.iter().zip(&lines) {
        frame.line(Pen::Run(path.series), line);
    }
    for (n, (path, line)) in paths.iter().zip(&lines).enumerate() {
        let (pen, letter) = (Pen::Run(path.series), Key::letter(n));
        frame.name(letter, pen, line);
        if let Some(end) = line.last() {
            frame.letter(letter, pen, *end);
        }
        frame.exit(pen, line);
    }
    for start in lines.iter().filter_map(|line| line.first()) {
        frame.letter('S', Pen::Plain, *start);
    }
}

/// Dots where the level or the basin changes from one to the next.
fn ground(canvas: &mut Canvas, picture: &Map) {
    let [wide, tall] = canvas.dots();
    let grid = Grid::sample(picture.domain[0], picture.domain[1], wide, tall, |x, y| (picture.f)(x, y));
    let levels = levels(&grid, (tall / ROOM).clamp(3, LEVELS));
    let level = |i: usize, j: usize| {
        let value = grid.values[(tall - 1 - j) * wide + i];
        value.is_finite().then(|| levels.partition_point(|level| *level <= value))
    };
    for j in 0..tall - 1 {
        for i in 0..wide - 1 {
            let here = level(i, j);
            if (i + j) % 2 == 0 && (here != level(i + 1, j) || here != level(i, j + 1)) {
                canvas.dot(Pen::Faint, i, j);
            }
        }
    }
    let Some(basins) = picture.basins.as_ref().filter(|basins| basins.columns * basins.rows > 0) else {
        return;
    };
    let basin = |i: usize, j: usize| {
        let (column, row) = (i * basins.columns / wide, (tall - 1 - j) * basins.rows / tall);
        basins.numbers.get(row * basins.columns + column).copied().flatten()
    };
    for j in 0..tall {
        for i in 0..wide {
            if let Some(basin) = basin(i, j).filter(|basin| i % 2 == basin % 2 && j % 4 == (basin / 2) % 4) {
                canvas.dot(Pen::Run(Series::new(basin)), i, j);
            }
        }
    }
}

fn sign(kind: MarkKind) -> char {
    match kind {
        MarkKind::Minimum => '*',
        MarkKind::LocalMinimum => 'v',
        MarkKind::Maximum => '^',
        MarkKind::Saddle => 'x',
        MarkKind::Degenerate => '?',
        MarkKind::Point => 'o',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::Mark;
    use crate::pictures::lines::Reference;

    fn screen(ink: Ink) -> Screen {
        Screen { columns: 72, rows: 20, ink }
    }

    fn bowl(x: f64, y: f64) -> f64 {
        x * x + 2.0 * y * y
    }

    fn bowl_map() -> Map<'static> {
        let mut map = Map::new("A bowl", [[-6.0, 6.0], [-3.0, 3.0]], &bowl);
        let run = |eta: f64| -> Vec<Vec<f64>> {
            (0..20)
                .map(|k| vec![-5.0 * (1.0 - 2.0 * eta).powi(k), -2.0 * (1.0 - 4.0 * eta).powi(k)])
                .collect()
        };
        map.paths = vec![Path::new(0, "gd(lr=0.1)", &run(0.1)), Path::new(1, "gd(lr=0.6)", &run(0.6))];
        map.marks = vec![Mark::new(MarkKind::Minimum, [0.0, 0.0], "")];
        map
    }

    #[test]
    fn pictures_fit_the_screen() {
        let map = bowl_map();
        let square = |x: f64| x * x;
        let losses = Lines {
            lines: vec![
                Line::new(0, "a", Look::Line, (0..50).map(|t| [f64::from(t), 0.8f64.powi(t)]).collect()),
                Line::new(1, "b", Look::Both, (0..50).map(|t| [f64::from(t), 0.5f64.powi(t)]).collect()),
            ],
            ..Lines::new("Losses", Axis::linear("step"), Axis::log("loss"))
        };
        for columns in [24, 40, 80, 120] {
            for rows in [8, 20, 40] {
                let screen = Screen { columns, rows, ink: Ink::None };
                let curve = self::curve(screen, &Curve::new("x²", [-1.0, 1.0], &square));
                for text in [self::map(screen, &map), curve, self::lines(screen, &losses)] {
                    assert!(text.lines().count() <= rows.max(10), "{rows}: {text}");
                    assert!(text.lines().all(|line| line.chars().count() <= columns), "{columns}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_mark_at_the_edge_is_named_before_it() {
        let mut picture = Lines::new("", Axis::linear("rate"), Axis::linear("loss"));
        picture.lines = vec![Line::new(0, "a", Look::Line, vec![[0.0, 1.0], [90.0, 0.0]])];
        for at in [50.0, 89.0, 100.0] {
            picture.references = vec![Reference { at, upright: true, label: "limit 40".into() }];
            let text = lines(screen(Ink::None), &picture);
            assert!(text.contains("limit 40"), "{at}: {text}");
        }
    }

    #[test]
    fn without_colour_there_is_no_escape_and_letters_tell_the_runs() {
        let text = map(screen(Ink::None), &bowl_map());
        assert!(!text.contains('\u{1b}'));
        assert!(
            text.contains("A gd(lr=0.1)") && text.contains("B gd(lr=0.6)") && text.contains('S'),
            "{text}"
        );
        assert!(text.matches('A').count() > 3 && text.contains('*'), "{text}");
    }

    #[test]
    fn colours_are_switched_off_at_the_end_of_each_line() {
        for ink in [Ink::Ansi256, Ink::True] {
            let text = map(screen(ink), &bowl_map());
            assert!(text.contains('\u{1b}'));
            for line in text.lines().filter(|line| line.contains('\u{1b}')) {
                assert!(line.rfind("\u{1b}[0m") == line.rfind('\u{1b}'), "{line:?}");
            }
        }
    }
}
