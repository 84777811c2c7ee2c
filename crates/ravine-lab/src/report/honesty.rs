//! What one must know to trust, or not to trust, the verdict.

use super::markup::{ranges, section, table, text};
use super::palette::Palette;
use crate::comparison::{Comparison, WorkloadResult};
use crate::stats::number::count;
use crate::stats::number::{fixed, seconds};
use crate::verdict::Verdict;

/// Facts, and the budget of each optimizer.
pub(super) fn honesty(
    comparison: &Comparison,
    workload: &WorkloadResult,
    verdict: &Verdict,
    palette: &Palette,
) -> String {
    let items: String = facts(comparison, workload, verdict)
        .into_iter()
        .map(|(name, fact)| format!("<dt>{}</dt><dd>{}</dd>", text(name), text(&fact)))
        .collect();
    let body = format!("<dl>{items}</dl>{}", budget(workload, palette));
    section("honesty", "Read this before you believe it", "", &body)
}

fn facts(
    comparison: &Comparison,
    workload: &WorkloadResult,
    verdict: &Verdict,
) -> Vec<(&'static str, String)> {
    let mut tuning = comparison.tuning.seeds.clone();
    let mut seeds = comparison.seeds.clone();
    tuning.sort_unstable();
    seeds.sort_unstable();
    let shared = seeds.iter().filter(|seed| tuning.contains(seed)).count();
    let apart = if shared == 0 {
        "none of them used for tuning".into()
    } else {
        format!("{shared} of them also used for tuning, which flatters the results")
    };
    let [train, validation, test] = workload.split;
    let order = match (workload.is_outside(), comparison.fixed_order) {
        (true, _) => "As the training function draws it from the seed.",
        (_, true) => "Batches kept one order in all epochs.",
        (_, false) => "A new order in every epoch, drawn from the seed.",
    };
    let splits = match workload.is_outside() {
        true => "Validation is what the training function reported, test what it returned at the end of a reported run. Tuning, \
                 the choice of the arm and the target use validation only."
            .to_owned(),
        false => format!(
            "{train} examples for training, {validation} for validation, {test} for testing. Tuning, the choice of the arm \
             and the target use validation only; the test split is looked at once, at the end of each reported run."
        ),
    };
    let mut facts = vec![
        (
            "Seeds",
            format!(
                "{} reported ({}), {apart}. A seed sets initialisation and data order together.",
                seeds.len(),
                ranges(&seeds)
            ),
        ),
        (
            "Tuning",
            format!(
                "{} for each arm with {} ({}). {}.",
                count(comparison.tuning.trials, "learning rate"),
                count(tuning.len(), "seed"),
                ranges(&tuning),
                comparison.tuning.search.trim_end_matches('.')
            ),
        ),
        ("Splits", splits),
        ("Data order", order.into()),
        (
            "Target",
            format!(
                "Validation {} {}: {}.",
                workload.metric,
                workload.target,
                workload.target_reason.trim_end_matches('.')
            ),
        ),
        ("Failed runs", failures(workload, verdict)),
        ("Edges", edges(workload)),
        ("Left out", left_out(workload, verdict)),
        (
            "Statistics",
            format!(
                "Intervals: expanded percentile bootstrap over seeds, 95 %. Family: each optimizer with its best schedule \
                 against each other, and the schedules of the recommended one, {} with Welch's test and Holm's \
                 correction. Speed ratios are intervals outside this family.",
                count(verdict.pairs.len(), "pair")
            ),
        ),
    ];
    if let Some(note) = test_sampling(workload, verdict) {
        facts.push(("Test split", note));
    }
    facts.push((
        "Machine",
        format!(
            "{}; {} side by side, {} for all trials together. Seconds depend on it, steps do not.",
            comparison.machine,
            count(comparison.jobs, "trial"),
            seconds(comparison.seconds)
        ),
    ));
    facts
}

fn failures(workload: &WorkloadResult, verdict: &Verdict) -> String {
    let broken: Vec<String> = workload
        .arms
        .iter()
        .zip(&verdict.arms)
        .filter(|(_, summary)| summary.failed > 0)
        .map(|(arm, s)| format!("{} with {} ({} of {})", arm.optimizer, arm.schedule, s.failed, s.runs))
        .collect();
    if broken.is_empty() {
        return "None: every reported run finished.".into();
    }
    let worst = verdict.failure_counts_as.map_or("nothing known".into(), |x| verdict.unit.value(x));
    format!(
        "{}. Each counts as the worst value seen on this workload ({worst}) and as never reaching the target; none is \
         dropped.",
        broken.join(", ")
    )
}

fn edges(workload: &WorkloadResult) -> String {
    let edges: Vec<String> = workload
        .arms
        .iter()
        .filter(|arm| arm.lr_on_boundary)
        .map(|arm| format!("{} with {}", arm.optimizer, arm.schedule))
        .collect();
    if edges.is_empty() {
        "No learning rate chosen lies at the edge of those tried.".into()
    } else {
        format!(
            "The learning rate chosen is the lowest or highest tried for {}; a wider search may help them.",
            edges.join(", ")
        )
    }
}

fn left_out(workload: &WorkloadResult, verdict: &Verdict) -> String {
    if verdict.without_runs.is_empty() {
        return "Nothing: every arm has runs, every run is counted.".into();
    }
    let arms: Vec<String> = verdict
        .without_runs
        .iter()
        .map(|arm| format!("{} with {}", workload.arms[*arm].optimizer, workload.arms[*arm].schedule))
        .collect();
    format!("No reported runs, so nothing is said of {}.", arms.join(", "))
}

/// Half the width of the 95 % interval that comes from the choice of test examples: 1.96 sqrt(q (1 - q) / n).
fn test_sampling(workload: &WorkloadResult, verdict: &Verdict) -> Option<String> {
    let share = verdict.arms[verdict.recommended?].test?.mean;
    if !verdict.unit.share || workload.split[2] == 0 {
        return None;
    }
    let half = 1.96 * (share * (1.0 - share) / workload.split[2] as f64).max(0.0).sqrt();
    Some(format!(
        "The intervals speak of new seeds on these {} test examples. Other examples would move every arm together, by up \
         to about {} points.",
        workload.split[2],
        fixed(100.0 * half, 1)
    ))
}

fn budget(workload: &WorkloadResult, palette: &Palette) -> String {
    let headings = [
        ("optimizer", false),
        ("tuning runs", true),
        ("tuning time", true),
        ("diverged in tuning", true),
        ("given up early", true),
        ("reported runs", true),
        ("time of reported runs", true),
    ];
    let rows: Vec<(String, Vec<String>)> = palette
        .optimizers()
        .iter()
        .filter(|name| workload.arms.iter().any(|arm| arm.optimizer == **name))
        .map(|name| {
            let arms = || workload.arms.iter().filter(|arm| arm.optimizer == *name);
            let tuning = || arms().flat_map(|arm| &arm.tuning);
            let ended = |end| tuning().filter(|run| run.end == end).count().to_string();
            let runs = || arms().flat_map(|arm| &arm.runs);
            let cells = vec![
                text(name),
                tuning().count().to_string(),
                seconds(tuning().map(|run| run.seconds).sum()),
                ended(crate::comparison::End::Diverged),
                ended(crate::comparison::End::Hopeless),
                runs().count().to_string(),
                seconds(runs().map(|run| run.seconds).sum()),
            ];
            (String::new(), cells)
        })
        .collect();
    format!("<h4>What each optimizer was given</h4>{}", table("budget", &headings, &rows))
}
