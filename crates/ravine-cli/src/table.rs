//! Tables for people, in the width of their terminal.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};

/// The width to write for: the terminal's, or the value of `COLUMNS`, or unlimited where there is neither.
pub(crate) fn width() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns
        .filter(|&columns| columns > 0)
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
}

/// Columns between two columns of a table.
const GAP: usize = 3;
/// The narrowest last column whose text is broken into lines.
const NARROWEST: usize = 24;

/// A table of these headings; the columns in `right` are numbers. Where it is wider than the terminal, columns in `spare`
/// are left out, one after the other; else the last column is broken into lines; where that is not enough either, each row
/// becomes a block of lines.
pub(crate) fn draw<'a>(
    headings: &[&str],
    right: &[usize],
    spare: &[usize],
    rows: impl IntoIterator<Item = &'a [String]>,
) -> String {
    draw_within(width().unwrap_or(usize::MAX), headings, right, spare, &rows.into_iter().collect::<Vec<_>>())
}

fn draw_within(
    width: usize,
    headings: &[&str],
    right: &[usize],
    spare: &[usize],
    rows: &[&[String]],
) -> String {
    for without in 0..=spare.len() {
        let (left_out, _) = spare.split_at(without);
        let drawn = lines(headings, right, left_out, rows);
        if widest(&drawn) <= width {
            let names: Vec<&str> = left_out.iter().map(|&column| headings[column]).collect();
            return match names[..] {
                [] => drawn,
                _ => format!("{drawn}\n{}", paragraph(&format!("No room for: {}.", names.join(", ")))),
            };
        }
    }
    let last = headings.len() - 1;
    let room = width.saturating_sub(widest(&lines(headings, right, &[last], rows)) + GAP);
    if room >= NARROWEST {
        let mut broken: Vec<Vec<String>> = rows.iter().map(|row| row.to_vec()).collect();
        for cell in broken.iter_mut().filter_map(|row| row.last_mut()) {
            *cell = wrap(cell, room).join("\n");
        }
        let drawn = lines(headings, right, &[], &broken.iter().map(Vec::as_slice).collect::<Vec<_>>());
        if widest(&drawn) <= width {
            return drawn;
        }
    }
    blocks(headings, rows, width)
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

fn lines(headings: &[&str], right: &[usize], left_out: &[usize], rows: &[&[String]]) -> String {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('\u{2500}').junction('\u{2500}');
    table
        .load_style(TableStyle::new().header_separator(rule))
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    for row in rows {
        table.add_row(row.iter().map(Cell::new));
    }
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for &column in left_out {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn blocks(headings: &[&str], rows: &[&[String]], width: usize) -> String {
    let label = headings.iter().map(|heading| heading.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        for (heading, cell) in headings.iter().zip(*row).filter(|(_, cell)| !cell.is_empty()) {
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
    fn what_has_no_room_is_left_out_then_broken_then_stacked() {
        let text = "a long text of several words that goes on and on";
        let rows = [["adam", "1", text], ["sgd", "10", "short"]].map(|row| row.map(String::from));
        let rows = rows.each_ref().map(|row| &row[..]);
        let headings = ["name", "n", "what it is"];
        let full = draw_within(usize::MAX, &headings, &[1], &[], &rows);
        assert_eq!(full.lines().count(), 4);
        let width = widest(&full);
        assert_eq!(draw_within(width, &headings, &[1], &[], &rows), full);
        let without = draw_within(width - 1, &headings, &[1], &[1], &rows);
        assert!(without.ends_with("\nNo room for: n.\n") && without.contains(text), "{without}");
        let broken = draw_within(width - 1, &headings, &[1], &[], &rows);
        assert_eq!((broken.lines().count(), widest(&broken) < width), (5, true), "{broken}");
        assert_eq!(draw_within(30, &headings, &[1], &[], &rows), blocks(&headings, &rows, 30));
    }

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
