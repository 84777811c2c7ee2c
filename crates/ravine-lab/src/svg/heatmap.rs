//! A table of shaded cells.

use super::canvas::{Anchor, Svg};
use super::labels;

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Strength of the shade in [0, 1]; `None` for a cell without a value.
    pub shade: Option<f64>,
    /// Text in the middle.
    pub text: String,
    /// Smaller text below it.
    pub note: String,
    /// Text on hovering.
    pub hover: String,
    /// Whether it is outlined.
    pub picked: bool,
}

/// How large the parts are, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Width of the row labels.
    pub label: f64,
    /// Width of a cell.
    pub width: f64,
    /// Height of a cell.
    pub height: f64,
}

/// Shade above which text in a cell is drawn in the colour of the paper.
const DARK: f64 = 0.74;

/// Draws rows of cells under column labels. Shorter rows end early.
pub fn heatmap(label: &str, rows: &[String], columns: &[String], cells: &[Vec<Cell>], size: Size) -> Svg {
    let head = if columns.is_empty() { 2.0 } else { 24.0 };
    let width =
        size.label + size.width * columns.len().max(cells.iter().map(Vec::len).max().unwrap_or(0)) as f64;
    let mut svg = Svg::new(width + 2.0, head + size.height * rows.len() as f64 + 2.0, label);
    for (j, column) in columns.iter().enumerate() {
        let x = size.label + size.width * (j as f64 + 0.5);
        svg.text("soft", x, 14.0, Anchor::Middle, &labels::fit(column, size.width - 4.0));
    }
    lines(&mut svg, [0.0, head], rows, cells, size);
    svg
}

/// Draws rows of cells with their labels into a picture, from this corner on.
pub fn lines(svg: &mut Svg, [left, top]: [f64; 2], rows: &[String], cells: &[Vec<Cell>], size: Size) {
    for (i, (row, cells)) in rows.iter().zip(cells).enumerate() {
        let y = top + size.height * i as f64;
        let middle = y + size.height / 2.0;
        let name = labels::fit(row, size.label - 12.0);
        svg.text("", left + size.label - 10.0, middle + 4.0, Anchor::End, &name);
        for (j, cell) in cells.iter().enumerate() {
            draw(svg, cell, left + size.label + size.width * j as f64, y, size);
        }
    }
}

fn draw(svg: &mut Svg, cell: &Cell, x: f64, y: f64, size: Size) {
    // Narrow cells touch, so that time runs without seams.
    let seam = if size.width > 20.0 { 2.0 } else { 0.0 };
    let (width, height) = (size.width - seam, size.height - 2.0);
    let class = if cell.shade.is_some() { "cell" } else { "void" };
    svg.shade(class, cell.shade, x, y, width, height, &cell.hover);
    let ink = if cell.shade.is_some_and(|shade| shade > DARK) { " on" } else { "" };
    let middle = (x + width / 2.0, y + height / 2.0);
    let lift = if cell.note.is_empty() { 4.0 } else { -2.0 };
    if !cell.text.is_empty() {
        svg.text(&format!("strong{ink}"), middle.0, middle.1 + lift, Anchor::Middle, &cell.text);
    }
    if !cell.note.is_empty() {
        svg.text(&format!("small{ink}"), middle.0, middle.1 + 13.0, Anchor::Middle, &cell.note);
    }
    if cell.picked {
        svg.rect("pick", x + 1.0, y + 1.0, width - 2.0, height - 2.0);
    }
}
