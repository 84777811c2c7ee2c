//! The last section: advice on everything that can be chosen, and what each sentence rests on.

use super::markup::{ranges, section, table, text};
use crate::advice::{Basis, advise};
use crate::comparison::WorkloadResult;
use crate::workloads;

/// The advice on a workload; `evidence` is all that was run with it.
pub(super) fn advice(workload: &WorkloadResult, evidence: &[WorkloadResult]) -> String {
    let evidence: Vec<&WorkloadResult> = evidence.iter().collect();
    let advice = advise(&workload.name, workloads::field(&workload.name), &evidence);
    let mut before = None;
    let rows: Vec<(String, Vec<String>)> = advice
        .sentences
        .iter()
        .map(|sentence| {
            let is_new = before.replace(sentence.subject) != Some(sentence.subject);
            let subject = if is_new { sentence.subject.name() } else { "" };
            let basis = match &sentence.basis {
                Basis::Runs { trials } => format!("trials {}", ranges(trials)),
                Basis::Prior { source } => format!("prior knowledge: {source}"),
            };
            let cells = vec![text(subject), text(&sentence.text), format!("<small>{}</small>", text(&basis))];
            (String::new(), cells)
        })
        .collect();
    let headings = [("choice", false), ("advice", false), ("rests on", false)];
    let lead = "Each sentence rests on runs of this comparison or is marked as prior knowledge: found elsewhere, not \
                measured here.";
    section("advice", "What to choose", lead, &table("advice", &headings, &rows))
}
