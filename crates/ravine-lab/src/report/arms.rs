//! The table of all arms.

use super::markup::{section, table, text};
use crate::comparison::WorkloadResult;
use crate::rows::{HEADINGS, rows_of};
use crate::verdict::Verdict;

/// All arms, best by validation first.
pub(super) fn arms(workload: &WorkloadResult, verdict: &Verdict) -> String {
    let mut rows = rows_of(workload, verdict);
    let key = |mean: Option<f64>| match mean {
        Some(mean) if workload.higher_is_better => -mean,
        Some(mean) => mean,
        None => f64::INFINITY,
    };
    rows.sort_by(|a, b| key(a.validation.map(|e| e.mean)).total_cmp(&key(b.validation.map(|e| e.mean))));
    let headings: Vec<(&str, bool)> = HEADINGS.iter().enumerate().map(|(i, name)| (*name, i > 1)).collect();
    let body: Vec<(String, Vec<String>)> = rows
        .iter()
        .map(|row| {
            let class = match (row.recommended, row.failed) {
                (true, _) => "chosen-row",
                (false, 0) => "",
                _ => "broken",
            };
            (class.to_owned(), row.cells().iter().map(|cell| two_lines(cell)).collect())
        })
        .collect();
    let lead = format!(
        "Best mean validation {} first. Means count failed runs as the worst value; the times are medians in which a run \
         that did not get there counts as later than the end. A ! marks a learning rate at the edge of those tried.",
        workload.metric
    );
    section("arms", "All arms", &lead, &table("all-arms", &headings, &body))
}

/// A value with its interval, or what stands in brackets, in a second line.
fn two_lines(cell: &str) -> String {
    match cell.find(['[', '(']) {
        Some(at) => format!("{}<br><i>{}</i>", text(cell[..at].trim_end()), text(&cell[at..])),
        None => text(cell),
    }
}
