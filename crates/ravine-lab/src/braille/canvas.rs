//! Dots and letters on a grid of cells.

use super::ink::{Ink, Pen};

/// Bits of a cell's dots, by row and column.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

#[derive(Clone, Copy, Debug)]
struct Cell {
    dots: u8,
    letter: Option<char>,
    pen: Pen,
}

/// Cells two dots wide and four high.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    columns: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![Cell { dots: 0, letter: None, pen: Pen::Faint }; columns * rows] }
    }

    /// Dots across and down.
    pub(super) fn dots(&self) -> [usize; 2] {
        [2 * self.columns, 4 * self.rows()]
    }

    pub(super) fn rows(&self) -> usize {
        self.cells.len() / self.columns
    }

    fn cell(&mut self, x: usize, y: usize) -> Option<&mut Cell> {
        if x < self.columns { self.cells.get_mut(y * self.columns + x) } else { None }
    }

    /// Sets a dot. A cell has one pen: a higher one takes the cell, a lower one leaves it.
    pub(super) fn dot(&mut self, pen: Pen, x: usize, y: usize) {
        if let Some(cell) = self.cell(x / 2, y / 4) {
            if pen.rank() < cell.pen.rank() {
                return;
            }
            if pen.rank() > cell.pen.rank() {
                cell.dots = 0;
            }
            cell.dots |= BITS[y % 4][x % 2];
            cell.pen = pen;
        }
    }

    /// Sets the dots of a line of which one in `every` is drawn; `gone` counts them.
    pub(super) fn line(
        &mut self,
        pen: Pen,
        from: (f64, f64),
        to: (f64, f64),
        every: usize,
        gone: &mut usize,
    ) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
        for i in 0..=steps as usize {
            let part = i as f64 / steps;
            let (x, y) = (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1));
            if (*gone).is_multiple_of(every) && x > -0.5 && y > -0.5 {
                self.dot(pen, x.round() as usize, y.round() as usize);
            }
            *gone += 1;
        }
    }

    /// Puts a letter at a dot, if none of a higher pen is there.
    pub(super) fn letter(&mut self, pen: Pen, letter: char, x: f64, y: f64) {
        if x > -0.5
            && y > -0.5
            && let Some(cell) = self.cell(x.round() as usize / 2, y.round() as usize / 4)
            && (cell.letter.is_none() || pen.rank() >= cell.pen.rank())
        {
            (cell.letter, cell.pen) = (Some(letter), pen);
        }
    }

    /// One row of cells as text.
    pub(super) fn row(&self, y: usize, ink: Ink) -> String {
        let mut out = String::new();
        let mut code = String::new();
        let cells = &self.cells[y * self.columns..(y + 1) * self.columns];
        for cell in cells {
            let letter = match (cell.letter, cell.dots) {
                (Some(letter), _) => letter,
                (None, 0) => ' ',
                (None, dots) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
            };
            let wanted = cell.pen.code(ink);
            if letter != ' ' && wanted != code {
                out += if wanted.is_empty() { "\u{1b}[0m" } else { &wanted };
                code = wanted;
            }
            out.push(letter);
        }
        let end = out.trim_end_matches(' ').len();
        out.truncate(end);
        if !code.is_empty() {
            out += "\u{1b}[0m";
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::Series;

    #[test]
    fn dots_are_the_bits_of_braille() {
        let mut canvas = Canvas::new(2, 1);
        canvas.dot(Pen::Plain, 0, 0);
        canvas.dot(Pen::Plain, 1, 3);
        canvas.line(Pen::Plain, (2.0, 0.0), (2.0, 3.0), 1, &mut 0);
        assert_eq!(canvas.row(0, Ink::None), "\u{2881}\u{2847}");
    }

    #[test]
    fn runs_cover_level_lines_and_not_the_other_way_round() {
        let mut canvas = Canvas::new(1, 1);
        let run = Pen::Run(Series::new(0));
        canvas.dot(Pen::Faint, 0, 0);
        canvas.dot(run, 1, 1);
        canvas.dot(Pen::Faint, 0, 2);
        assert_eq!(canvas.row(0, Ink::None), "\u{2810}");
        assert_eq!(canvas.row(0, Ink::Ansi256), "\u{1b}[38;5;32m\u{2810}\u{1b}[0m");
    }
}
