//! The verdict in sentences, with the code to copy and the trials that each sentence rests on.

use super::markup::{code, ranges, text};
use crate::comparison::WorkloadResult;
use crate::configuration;
use crate::verdict::{Claim, Topic, Verdict};

/// The sentences; each ends with the number of its footnote.
pub(super) fn sentences(page: &str, verdict: &Verdict) -> String {
    let mut out = String::new();
    for (i, claim) in verdict.claims.iter().enumerate() {
        let class = match claim.topic {
            Topic::Recommendation => "hero",
            Topic::Warning => "claim warning",
            _ => "claim",
        };
        out += &format!("<p class=\"{class}\">{}{}</p>", markup(claim, verdict), reference(page, i));
    }
    out
}

/// The code in three languages; nothing without a recommendation, or for names that only the function knows which trained.
pub(super) fn snippets(workload: &WorkloadResult, verdict: &Verdict) -> String {
    if workload.is_outside() {
        return String::new();
    }
    let Some(arm) = verdict.recommended.map(|arm| &workload.arms[arm]) else { return String::new() };
    format!(
        "<div class=\"snippets\">{}<div>{}{}</div></div>",
        code("Command line", &configuration::command_line(workload, arm)),
        code("Rust", &configuration::rust(workload, arm)),
        code("Python", &configuration::pytorch(workload, arm)),
    )
}

/// The trials behind each sentence.
pub(super) fn footnotes(page: &str, verdict: &Verdict) -> String {
    let mut out = String::from("<ol class=\"notes\">");
    for (i, claim) in verdict.claims.iter().enumerate() {
        let trials = match claim.trials.len() {
            0 => "No trials.".to_owned(),
            1 => format!("Trial {} of the run store.", ranges(&claim.trials)),
            n => format!("{n} trials of the run store: {}.", ranges(&claim.trials)),
        };
        let back = format!("<a href=\"#{page}-r{i}\" aria-label=\"back to the sentence\">\u{21a9}</a>");
        out += &format!("<li id=\"{page}-n{i}\">{} {back}</li>", text(&trials));
    }
    out + "</ol>"
}

fn reference(page: &str, i: usize) -> String {
    format!("<sup><a id=\"{page}-r{i}\" href=\"#{page}-n{i}\">{}</a></sup>", i + 1)
}

/// The claim; the recommendation without the name of the workload, which stands above it already.
fn markup(claim: &Claim, verdict: &Verdict) -> String {
    let opening = format!("For {}: ", verdict.workload);
    claim.text.strip_prefix(&opening).map_or_else(|| unbroken(&claim.text), |rest| unbroken(&capital(rest)))
}

/// Text in which words with digits, such as `1e-3..1e-2`, stay on one line.
fn unbroken(sentence: &str) -> String {
    let words = sentence.split(' ').map(|word| {
        let number = word.contains(['-', '=']) && word.contains(|c: char| c.is_ascii_digit());
        if number { format!("<span class=\"nb\">{}</span>", text(word)) } else { text(word) }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
