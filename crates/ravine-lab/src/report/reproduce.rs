//! How to make the comparison again, and its data.

use super::markup::{code, section, text};
use super::raw::{self, Detail};
use crate::comparison::Comparison;

/// The box; `budget` is the number of characters that the embedded data may take.
pub(super) fn reproduce(comparison: &Comparison, budget: usize) -> String {
    let mut facts = vec![
        ("Plan".to_owned(), comparison.plan_hash.clone()),
        ("Ravine".to_owned(), comparison.version.clone()),
        ("Started".to_owned(), comparison.started.clone()),
    ];
    for workload in comparison.workloads.iter().filter(|workload| !workload.data_sha256.is_empty()) {
        facts.push((format!("Data of {}, SHA-256", workload.name), workload.data_sha256.clone()));
    }
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd class=\"mono\">{}</dd>", text(name), text(value)))
        .collect();
    let csv = raw::csv_link(comparison);
    let room = budget.saturating_sub(csv.len());
    let csv_part = if csv.len() <= budget {
        format!("<a class=\"button\" download=\"runs.csv\" href=\"{csv}\">runs.csv</a>")
    } else {
        String::new()
    };
    let json_part = raw::json_link(comparison, room).map_or(String::new(), |(link, detail)| {
        let without = match detail {
            Detail::All => "everything behind this page",
            Detail::WithoutLayers => "all runs and curves; the layers' norms are in the run store",
            Detail::WithoutCurves => "all runs; the curves are in the run store",
        };
        format!("<a class=\"button\" download=\"comparison.json.gz\" href=\"{link}\">comparison.json.gz</a><span>{without}</span>")
    });
    let body = format!(
        "{}<dl>{facts}</dl><p class=\"downloads\">{csv_part}{json_part}</p>",
        code("Command", &comparison.command)
    );
    section("reproduce", "Make it again", "", &body)
}
