//! Four tiles: stability, test metric, speed, and the size of the updates of the recommended arm.

use super::diagnosis;
use super::markup::{count, text};
use crate::comparison::WorkloadResult;
use crate::health::HEALTHY_UPDATES;
use crate::stats::number::{lr, seconds, significant, steps};
use crate::stats::score::{self, Split};
use crate::stats::{TimeToTarget, summary};
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

fn tile(name: &str, value: &str, lines: &[String], picture: &str) -> String {
    let lines: String =
        lines.iter().filter(|l| !l.is_empty()).map(|line| format!("<p>{}</p>", text(line))).collect();
    format!(
        "<div class=\"tile\"><h4>{}</h4><p class=\"value\">{}</p>{lines}<div class=\"mini\">{picture}</div></div>",
        text(name),
        text(value)
    )
}

fn stability(workload: &WorkloadResult, verdict: &Verdict) -> String {
    let total: usize = verdict.arms.iter().map(|arm| arm.runs).sum();
    let failed: usize = verdict.arms.iter().map(|arm| arm.failed).sum();
    let broken = workload.arms.iter().zip(&verdict.arms).filter(|(_, summary)| summary.failed > 0);
    let mut worst: Vec<(usize, String)> = broken
        .map(|(arm, s)| {
            (s.failed, format!("{} with {}: {} of {}", arm.optimizer, arm.schedule, s.failed, s.runs))
        })
        .collect();
    worst.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let more = worst.len().saturating_sub(2);
    let mut named: Vec<String> = worst.into_iter().take(2).map(|(_, name)| name).collect();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    let value = match verdict.recommended.map(|arm| verdict.arms[arm]) {
        Some(own) => format!("{} of {}", own.runs - own.failed, own.runs),
        None => format!("{} of {total}", total - failed),
    };
    let all = if failed == 0 {
        format!("No run of any arm failed ({}).", count(total, "run"))
    } else {
        format!("All arms: {failed} of {total} runs failed. {}.", named.join("; "))
    };
    let mut svg = Svg::new(WIDTH, HEIGHT, &format!("{failed} of {total} runs failed"));
    let share = failed as f64 / total.max(1) as f64;
    svg.rect("fill", 0.0, 10.0, WIDTH * (1.0 - share), 8.0);
    svg.rect("lost", WIDTH * (1.0 - share), 10.0, WIDTH * share, 8.0);
    svg.text("small soft", 0.0, 34.0, Anchor::Start, &format!("{} finished", total - failed));
    svg.text("small soft", WIDTH, 34.0, Anchor::End, &format!("{failed} failed"));
    tile("Runs finished", &value, &[all], &svg.inline("plot"))
}

fn test(workload: &WorkloadResult, verdict: &Verdict, arm: usize) -> String {
    let summary = &verdict.arms[arm];
    let Some(estimate) = summary.test else { return String::new() };
    let unit = verdict.unit;
    let interval = estimate.interval.map_or("one run: no interval".into(), |i| {
        format!("[{}, {}], 95 % over {}", unit.value(i.low), unit.value(i.high), count(summary.runs, "seed"))
    });
    let values = score::values(workload, &workload.arms[arm], Split::Test);
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let x = Scale::linear([low, high], [8.0, WIDTH - 8.0]);
    let mut svg = Svg::new(WIDTH, HEIGHT, &format!("Test {} of every run", workload.metric));
    svg.line("axis", 0.0, 14.0, WIDTH, 14.0);
    if let Some(i) = estimate.interval {
        let (from, to) = (x.clamp(i.low), x.clamp(i.high));
        svg.rect("zone", from, 4.0, to - from, 20.0);
    }
    for (run, value) in workload.arms[arm].runs.iter().zip(&values) {
        let hover = format!("seed {}: {}", run.seed, unit.value(*value));
        svg.marker(Series::new(0), score::failed(run), x.at(*value), 14.0, &hover);
    }
    svg.text("small soft", 0.0, 37.0, Anchor::Start, &unit.value(low));
    svg.text("small soft", WIDTH, 37.0, Anchor::End, &unit.value(high));
    let name = format!("Test {}", workload.metric);
    tile(&name, &unit.value(estimate.mean), &[interval], &svg.inline("plot"))
}

fn speed(workload: &WorkloadResult, verdict: &Verdict, arm: usize) -> String {
    let summary = &verdict.arms[arm];
    let interval = |time: &TimeToTarget, text: &dyn Fn(f64) -> String| {
        let bound = |x: Option<f64>| x.map_or("not reached".into(), text);
        if time.low.is_some() {
            format!(" [{}, {}]", bound(time.low), bound(time.high))
        } else {
            String::new()
        }
    };
    let value = summary.steps.median.map_or("not reached".into(), |x| format!("{} steps", steps(x)));
    let in_steps = summary.steps.median.map_or(String::new(), |_| {
        format!("Median{}, of at most {}", interval(&summary.steps, &steps), workload.steps)
    });
    let in_seconds = summary
        .seconds
        .median
        .map_or(String::new(), |x| format!("{}{}", seconds(x), interval(&summary.seconds, &seconds)));
    let mut svg = Svg::new(WIDTH, HEIGHT, "Runs that reached the target");
    let share = summary.steps.reached as f64 / summary.steps.runs.max(1) as f64;
    svg.rect("track", 0.0, 10.0, WIDTH, 8.0);
    svg.rect("fill", 0.0, 10.0, WIDTH * share, 8.0);
    let reached = format!("{} of {} reached it", summary.steps.reached, count(summary.steps.runs, "run"));
    svg.text("small soft", 0.0, 34.0, Anchor::Start, &reached);
    let name = format!("Time to {} {}", workload.metric, significant(workload.target, 4));
    tile(&name, &value, &[in_steps, in_seconds], &svg.inline("plot"))
}

fn updates(workload: &WorkloadResult, arm: usize) -> String {
    let layers = diagnosis::update_ratios(&workload.arms[arm]);
    let ratios: Vec<f64> = layers.iter().map(|layer| layer.1).collect();
    let Some(median) = summary::median(&ratios) else {
        return tile("Size of a step |\u{394}w|/|w|", "not measured", &[], "");
    };
    let (low, high) = HEALTHY_UPDATES;
    let verdict = match median {
        m if m < low => "Smaller than the usual 1e-3..1e-2: training crawls or the rate has decayed.",
        m if m > high => "Larger than the usual 1e-3..1e-2: steps are rough.",
        _ => "Inside the usual 1e-3..1e-2.",
    };
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
    let line = format!("Median of {}. {verdict}", count(layers.len(), "layer"));
    tile("Size of a step |\u{394}w|/|w|", &lr(median), &[line], &svg.inline("plot"))
}
