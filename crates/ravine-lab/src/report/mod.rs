//! The report: one HTML file that opens without a network, on a screen, a phone, or paper.
//!
//! Pictures, tables and sentences are complete without the script; it adds copy buttons, values under the pointer, and
//! hiding of lines. A content security policy allows this one script and style sheet, by their hashes, and nothing else.

mod across;
mod advice;
mod arms;
mod base64;
mod curves;
mod diagnosis;
mod grid;
mod headline;
mod honesty;
pub(crate) mod markup;
mod page;
mod pairs;
mod palette;
mod race;
mod raw;
mod reproduce;
mod sensitivity;
mod tiles;

use crate::comparison::{Comparison, WorkloadResult};
use crate::verdict::{Verdict, verdict};
use markup::text;
use palette::Palette;

pub(crate) use diagnosis::{sentence_of, update_ratios};
pub use page::policy;

/// Size that the page stays below, in bytes, as long as its pictures alone do.
pub const SIZE_LIMIT: usize = 500_000;

/// The report on a comparison.
pub fn html(comparison: &Comparison) -> String {
    html_of(comparison, &comparison.workloads.iter().map(verdict).collect::<Vec<_>>())
}

/// The same where the verdicts on its workloads are known already.
pub fn html_of(comparison: &Comparison, verdicts: &[Verdict]) -> String {
    let palette = Palette::of(comparison);
    let mut body = header(comparison);
    if comparison.workloads.is_empty() {
        body += "<p class=\"hero\">This comparison has no workloads, so there is nothing to say.</p>";
    }
    if comparison.workloads.len() > 1 {
        body += &overview(verdicts);
        body += &across::across(comparison, verdicts, &palette);
    }
    for (i, (workload, verdict)) in comparison.workloads.iter().zip(verdicts).enumerate() {
        body += &article(comparison, i, workload, verdict, &palette);
    }
    // What the frame of the page and the box itself take is small beside this reserve.
    let room = SIZE_LIMIT.saturating_sub(body.len() + 40_000);
    body += &reproduce::reproduce(comparison, room);
    page::page(&title(comparison), &body)
}

fn title(comparison: &Comparison) -> String {
    let names: Vec<&str> = comparison.workloads.iter().map(|workload| workload.name.as_str()).collect();
    format!("{} \u{2013} Ravine", names.join(", "))
}

fn header(comparison: &Comparison) -> String {
    let day = comparison.started.split('T').next().unwrap_or_default();
    format!(
        "<header><p class=\"brand\"><b>Ravine</b> which optimizer, which learning rate, which schedule</p>\
         <p class=\"small\">{} \u{b7} version {}</p>{}</header>",
        text(day),
        text(&comparison.version),
        page::THEME_SWITCH
    )
}

/// The recommendation for each workload with a link to it.
fn overview(verdicts: &[Verdict]) -> String {
    let mut items = String::new();
    for (i, verdict) in verdicts.iter().enumerate() {
        let first = verdict.claims.first().map_or("", |claim| claim.text.as_str());
        items += &format!("<li><a href=\"#w{i}\">{}</a></li>", text(first));
    }
    format!("<section class=\"overview\"><h2>{} workloads</h2><ul>{items}</ul></section>", verdicts.len())
}

fn article(
    comparison: &Comparison,
    number: usize,
    workload: &WorkloadResult,
    verdict: &Verdict,
    palette: &Palette,
) -> String {
    let page = format!("w{number}");
    let title = workload.title.trim_end_matches('.');
    let about = match workload.is_outside() {
        true => format!("{title}. {} steps.", workload.steps),
        false => format!(
            "{title}. {} parameters, batches of {}, {} steps.",
            workload.parameters, workload.batch, workload.steps
        ),
    };
    let parts = [
        format!(
            "<article id=\"{page}\"><h2>{}</h2><p class=\"about\">{}</p>",
            text(&workload.name),
            text(&about)
        ),
        headline::sentences(&page, verdict),
        headline::snippets(workload, verdict),
        tiles::tiles(workload, verdict),
        race::race(&page, workload, verdict, palette),
        pairs::pairs(workload, verdict, palette),
        grid::grid(workload, verdict, palette),
        arms::arms(workload, verdict),
        sensitivity::sensitivity(workload, verdict, palette),
        diagnosis::diagnosis(workload, verdict),
        honesty::honesty(comparison, workload, verdict, palette),
        advice::advice(workload, &comparison.workloads),
        markup::section("sources", "Where the sentences come from", "", &headline::footnotes(&page, verdict)),
        "</article>".to_owned(),
    ];
    parts.concat()
}
