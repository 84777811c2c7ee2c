//! Four tiles: stability, test metric, speed, and the size of the updates of the recommended arm.

use super::diagnosis;
use super::markup::text;
use crate::comparison::WorkloadResult;
use crate::criteria::{self, Criterion};
use crate::health::HEALTHY_UPDATES;
use crate::stats::number::{count, lr};
use crate::stats::score;
use crate::svg::{Anchor, Scale, Series, Svg};
use crate::verdict::Verdict;

/// Size of the small pictures.
const WIDTH: f64 = 220.0;
const HEIGHT: f64 = 40.0;

/// All four; with no recommendation only the first has something to say.
pub(super) fn tiles(workload: &WorkloadResult, verdict: &Verdict) -> String {
    let mut out = String::from("<div class=\"tiles\">");
    out += &stability(workload, verdict);
    if let Some(arm) = verdict.recommended {
        out += &test(workload, verdict, arm);
        out += &speed(workload, verdict, arm);
        out += &updates(workload, arm);
    }
    out + "</div>"
}

fn tile(criterion: &Criterion, picture: &str) -> String {
    let lines: String = criterion.lines.iter().map(|line| format!("<p>{}</p>", text(line))).collect();
    format!(
        "<div class=\"tile\"><h4>{}</h4><p class=\"value\">{}</p>{lines}<div class=\"mini\">{picture}</div></div>",
        text(&criterion.name),
        text(&criterion.value)
    )
}

fn stability(workload: &WorkloadResult, verdict: &Verdict) -> String {
    let (failed, total) = criteria::failures(verdict);
    let mut svg = Svg::new(WIDTH, HEIGHT, &format!("{failed} of {total} runs failed"));
    let share = failed as f64 / total.max(1) as f64;
    svg.rect("fill", 0.0, 10.0, WIDTH * (1.0 - share), 8.0);
    svg.rect("lost", WIDTH * (1.0 - share), 10.0, WIDTH * share, 8.0);
    svg.text("small soft", 0.0, 34.0, Anchor::Start, &format!("{} finished", total - failed));
    svg.text("small soft", WIDTH, 34.0, Anchor::End, &format!("{failed} failed"));
    tile(&criteria::stability(workload, verdict), &svg.inline("plot"))
}

fn test(workload: &WorkloadResult, verdict: &Verdict, arm: usize) -> String {
    let Some(criterion) = criteria::generalisation(workload, verdict, arm) else { return String::new() };
    let unit = verdict.unit;
    let values = criteria::test_values(workload, arm);
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let x = Scale::linear([low, high], [8.0, WIDTH - 8.0]);
    let mut svg = Svg::new(WIDTH, HEIGHT, &format!("Test {} of every run", workload.metric));
    svg.line("axis", 0.0, 14.0, WIDTH, 14.0);
    if let Some(i) = verdict.arms[arm].test.and_then(|test| test.interval) {
        let (from, to) = (x.clamp(i.low), x.clamp(i.high));
        svg.rect("zone", from, 4.0, to - from, 20.0);
    }
    for (run, value) in workload.arms[arm].runs.iter().zip(&values) {
        let hover = format!("seed {}: {}", run.seed, unit.value(*value));
        svg.marker(Series::new(0), score::failed(run), x.at(*value), 14.0, &hover);
    }
    svg.text("small soft", 0.0, 37.0, Anchor::Start, &unit.value(low));
    svg.text("small soft", WIDTH, 37.0, Anchor::End, &unit.value(high));
    tile(&criterion, &svg.inline("plot"))
}

fn speed(workload: &WorkloadResult, verdict: &Verdict, arm: usize) -> String {
    let summary = &verdict.arms[arm];
    let mut svg = Svg::new(WIDTH, HEIGHT, "Runs that reached the target");
    let share = summary.steps.reached as f64 / summary.steps.runs.max(1) as f64;
    svg.rect("track", 0.0, 10.0, WIDTH, 8.0);
    svg.rect("fill", 0.0, 10.0, WIDTH * share, 8.0);
    let reached = format!("{} of {} reached it", summary.steps.reached, count(summary.steps.runs, "run"));
    svg.text("small soft", 0.0, 34.0, Anchor::Start, &reached);
    tile(&criteria::speed(workload, verdict, arm), &svg.inline("plot"))
}

fn updates(workload: &WorkloadResult, arm: usize) -> String {
    let criterion = criteria::updates(workload, arm);
    let layers = diagnosis::update_ratios(&workload.arms[arm]);
    if layers.is_empty() {
        return tile(&criterion, "");
    }
    let (low, high) = HEALTHY_UPDATES;
    let x = Scale::log10([1e-5, 1.0], [8.0, WIDTH - 8.0]);
    let mut svg = Svg::new(WIDTH, HEIGHT, "Relative update of every layer, with the usual range");
    svg.rect("zone", x.at(low), 4.0, x.at(high) - x.at(low), 20.0);
    svg.line("axis", 0.0, 14.0, WIDTH, 14.0);
    for (name, ratio) in &layers {
        svg.marker(Series::new(0), false, x.clamp(*ratio), 14.0, &format!("{name}: {}", lr(*ratio)));
    }
    for tick in [1e-5, 1e-3, 1e-2, 1.0] {
        let anchor = match tick {
            t if t < 1e-4 => Anchor::Start,
            t if t > 0.1 => Anchor::End,
            _ => Anchor::Middle,
        };
        let place = if anchor == Anchor::Start {
            0.0
        } else if anchor == Anchor::End {
            WIDTH
        } else {
            x.at(tick)
        };
        svg.text("small soft", place, 37.0, anchor, &lr(tick));
    }
    tile(&criterion, &svg.inline("plot"))
}
