//! Tables for people, in the width of their terminal.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// The width to write for: the terminal's, or the value of `COLUMNS`, or unlimited where there is neither.
fn width() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
}

/// A table of these headings; the columns in `right` are numbers. Where it is wider than the terminal, each row becomes
/// a block of `heading: value` lines.
pub(crate) fn draw<'a>(
    headings: &[&str],
    right: &[usize],
    rows: impl IntoIterator<Item = &'a [String]>,
) -> String {
    let rows: Vec<&[String]> = rows.into_iter().collect();
    let mut table = Table::new();
    let rule = LineStyle::none().fill('\u{2500}').junction('\u{2500}');
    table
        .load_style(TableStyle::new().header_separator(rule))
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    for row in &rows {
        table.add_row(row.iter().map(Cell::new));
    }
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let drawn = table.to_string();
    let widest = drawn.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    match width() {
        Some(width) if widest > width => blocks(headings, &rows, width),
        _ => drawn.lines().map(|line| format!("{}\n", line.trim_end())).collect(),
    }
}

fn blocks(headings: &[&str], rows: &[&[String]], width: usize) -> String {
    let label = headings.iter().map(|heading| heading.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        for (heading, cell) in headings.iter().zip(*row) {
            let lines = wrap(cell, width.saturating_sub(label + 2).max(10));
            for (i, line) in lines.iter().enumerate() {
                let heading = if i == 0 { heading } else { "" };
                text.push_str(format!("{heading:<label$}  {line}").trim_end());
                text.push('\n');
            }
        }
        text.push('\n');
    }
    text
}

/// Breaks text at spaces into lines of at most `width` characters; longer words stand alone.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.into());
        }
    }
    lines
}

/// Text broken to the width of the terminal, at most 100 columns.
pub(crate) fn paragraph(text: &str) -> String {
    wrap(text, width().unwrap_or(100).min(100)).join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_terminals_get_blocks_that_lose_nothing() {
        let row = ["adam".to_string(), "a long text of several words".to_string()];
        let text = blocks(&["name", "what it is"], &[&row], 24);
        assert_eq!(
            text,
            "name        adam\nwhat it is  a long text\n            of several\n            words\n\n"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 24));
    }
}
