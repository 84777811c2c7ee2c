//! The recommended arm against the others, and every test made.

use super::markup::{section, table, text};
use super::palette::Palette;
use crate::comparison::WorkloadResult;
use crate::stats::number::{fixed, significant};
use crate::stats::{Interval, Outcome, Pair};
use crate::svg::forest::{Entry, forest};
use crate::verdict::{Unit, Verdict};

/// The picture and the table; nothing without pairs.
pub(super) fn pairs(workload: &WorkloadResult, verdict: &Verdict, palette: &Palette) -> String {
    if verdict.pairs.is_empty() {
        return String::new();
    }
    let margin = verdict.unit.difference(verdict.margin);
    let lead = format!(
        "Differences of the test {} with 95 % intervals. Better or worse: Welch's test after Holm's correction for \
         {} tests, p < 0.05. Tie: the whole interval lies within {margin}, the shaded zone, the smallest difference \
         that matters here. Otherwise there are not enough runs to tell.",
        workload.metric,
        verdict.pairs.iter().filter(|pair| pair.p.is_some()).count(),
    );
    let body = picture(workload, verdict, palette) + &all(workload, verdict);
    section("pairs", "What the runs can tell apart", &lead, &body)
}

fn picture(workload: &WorkloadResult, verdict: &Verdict, palette: &Palette) -> String {
    let Some(arm) = verdict.recommended else { return String::new() };
    let factor = if verdict.unit.share { 100.0 } else { 1.0 };
    let entries: Vec<Entry> = verdict
        .pairs
        .iter()
        .filter(|pair| pair.a == arm && pair.difference.is_some())
        .map(|pair| {
            let other = &workload.arms[pair.b];
            let same = other.optimizer == workload.arms[arm].optimizer;
            Entry {
                name: if same { format!("with {}", other.schedule) } else { other.optimizer.clone() },
                value: pair.difference.map(|x| factor * x),
                interval: pair.interval.map(|i| Interval { low: factor * i.low, high: factor * i.high }),
                word: word(pair).into(),
                series: palette.optimizer(&other.optimizer),
                open: matches!(pair.outcome, Outcome::NotEnoughRuns { .. }),
            }
        })
        .collect();
    if entries.is_empty() {
        return String::new();
    }
    let unit = if verdict.unit.share { " points" } else { "" };
    let better = if workload.higher_is_better { "right of 0 is better" } else { "left of 0 is better" };
    let axis = format!("{} minus the other, {}{unit}", workload.arms[arm].optimizer, workload.metric);
    let label = format!("Test {} of the recommendation against the others", workload.metric);
    let draw = |width| forest(&label, [&axis, better], &entries, factor * verdict.margin, width);
    draw(1000.0).inline("plot wide") + &draw(350.0).inline("plot narrow")
}

fn all(workload: &WorkloadResult, verdict: &Verdict) -> String {
    let headings = [
        ("first", false),
        ("second", false),
        ("difference [95 %]", true),
        ("paired by seed [95 %]", true),
        ("P(first better)", true),
        ("p", true),
        ("p (Holm)", true),
        ("verdict on the first", false),
    ];
    let rows: Vec<(String, Vec<String>)> = verdict
        .pairs
        .iter()
        .map(|pair| {
            let name = |arm: usize| {
                let arm = &workload.arms[arm];
                format!("{}<br><i>{}</i>", text(&arm.optimizer), text(&arm.schedule))
            };
            let p = |p: Option<f64>| p.map_or("\u{2013}".into(), p_value);
            let cells = vec![
                name(pair.a),
                name(pair.b),
                with_interval(verdict.unit, pair.difference, pair.interval),
                pair.paired.map_or("\u{2013}".into(), |i| interval(verdict.unit, i)),
                pair.improvement.map_or("\u{2013}".into(), |x| fixed(x, 2)),
                p(pair.p),
                p(pair.p_holm),
                words(verdict, pair),
            ];
            (class(pair).to_owned(), cells)
        })
        .collect();
    let unit = if verdict.unit.share { "Differences in points (hundredths). " } else { "" };
    format!(
        "<p class=\"small\">{unit}Every comparison of the family:</p>{}",
        table("tests", &headings, &rows)
    )
}

fn interval(unit: Unit, i: Interval) -> String {
    format!("[{}, {}]", unit.signed_difference(i.low), unit.signed_difference(i.high))
}

fn with_interval(unit: Unit, difference: Option<f64>, bounds: Option<Interval>) -> String {
    match (difference, bounds) {
        (Some(x), Some(bounds)) => {
            format!("{}<br><i>{}</i>", unit.signed_difference(x), interval(unit, bounds))
        }
        (Some(x), None) => unit.signed_difference(x),
        _ => "\u{2013}".into(),
    }
}

/// p-values below 0.0001 say no more than that.
fn p_value(p: f64) -> String {
    if p < 1e-4 { "&lt; 0.0001".into() } else { fixed(p, if p < 0.001 { 4 } else { 3 }) }
}

fn word(pair: &Pair) -> &'static str {
    match pair.outcome {
        Outcome::Better => "better",
        Outcome::Worse => "worse",
        Outcome::Tie => "tie",
        Outcome::NotEnoughRuns { .. } => "not enough runs",
    }
}

fn class(pair: &Pair) -> &'static str {
    match pair.outcome {
        Outcome::Better | Outcome::Worse => "told",
        Outcome::Tie | Outcome::NotEnoughRuns { .. } => "",
    }
}

/// The outcome, with what the runs would have shown in a second line.
fn words(verdict: &Verdict, pair: &Pair) -> String {
    match pair.outcome {
        Outcome::NotEnoughRuns { detectable: Some(detectable), seeds } => {
            let seeds = seeds.map_or(String::new(), |seeds| {
                format!("; {seeds} seeds: {}", verdict.unit.bare_difference(verdict.margin))
            });
            let seen = significant(if verdict.unit.share { 100.0 * detectable } else { detectable }, 2);
            format!("{}<br><i>would show {seen} and more{seeds}</i>", word(pair))
        }
        _ => word(pair).into(),
    }
}
