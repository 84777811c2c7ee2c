//! Optimizer by schedule: the test metric of every arm at a glance.

use super::markup::{picture, section};
use super::palette::Palette;
use crate::comparison::{Arm, WorkloadResult};
use crate::stats::summary;
use crate::svg::heatmap::{Cell, Size, heatmap};
use crate::svg::labels;
use crate::verdict::Verdict;

/// The heatmap; nothing for a single arm.
pub(super) fn grid(workload: &WorkloadResult, verdict: &Verdict, palette: &Palette) -> String {
    if workload.arms.len() < 2 {
        return String::new();
    }
    let present = |name: &&&str, of: fn(&Arm) -> &String| workload.arms.iter().any(|arm| of(arm) == **name);
    let optimizers: Vec<&str> =
        palette.optimizers().iter().filter(|name| present(name, |arm| &arm.optimizer)).copied().collect();
    let schedules: Vec<&str> =
        palette.schedules().iter().filter(|name| present(name, |arm| &arm.schedule)).copied().collect();
    let shades = Shades::of(workload, verdict);
    let cells: Vec<Vec<Cell>> = optimizers
        .iter()
        .map(|optimizer| {
            schedules
                .iter()
                .map(|schedule| {
                    let arm = workload
                        .arms
                        .iter()
                        .position(|arm| arm.optimizer == *optimizer && arm.schedule == *schedule);
                    arm.map_or(Cell::default(), |arm| cell(workload, verdict, &shades, arm))
                })
                .collect()
        })
        .collect();
    let names: Vec<String> = optimizers.iter().map(|name| (*name).into()).collect();
    let heads: Vec<String> = schedules.iter().map(|name| (*name).into()).collect();
    let longest = |names: &[String]| names.iter().map(|name| labels::width(name)).fold(0.0, f64::max);
    let size = Size {
        label: (longest(&names) + 16.0).clamp(70.0, 190.0),
        width: (longest(&heads) + 14.0).clamp(104.0, 180.0),
        height: 46.0,
    };
    let label = format!("Test {} of every optimizer with every schedule", workload.metric);
    let svg = heatmap(&label, &names, &heads, &cells, size).inline("plot");
    let lead = format!(
        "Mean test {} over the seeds, failed runs counted as worst; below it half the width of the 95 % interval. \
         Stronger colour is better; the outline marks the recommendation (chosen by validation, so it need not be the best here).",
        workload.metric
    );
    section("grid-map", "Every optimizer with every schedule", &lead, &picture(&svg))
}

fn cell(workload: &WorkloadResult, verdict: &Verdict, shades: &Shades, arm: usize) -> Cell {
    let (summary, picked) = (&verdict.arms[arm], verdict.recommended == Some(arm));
    let Arm { optimizer, schedule, .. } = &workload.arms[arm];
    let Some(test) = summary.test else {
        let text = if summary.runs == 0 { "no runs" } else { "all failed" };
        return Cell { text: text.into(), picked, ..Cell::default() };
    };
    let note = match test.interval {
        _ if summary.failed > 0 => format!("{}/{} failed", summary.failed, summary.runs),
        Some(interval) => format!("\u{b1} {}", verdict.unit.value(interval.half_width())),
        None => "one run".into(),
    };
    Cell {
        shade: Some(shades.of_value(test.mean)),
        text: verdict.unit.value(test.mean),
        note,
        hover: format!("{optimizer} with {schedule}: {}", verdict.unit.estimate(&test)),
        picked,
    }
}

/// From values to shades: full at the best, almost none at twice the median gap to it and beyond, so that one arm far
/// off does not make all others look alike.
struct Shades {
    best: f64,
    reach: f64,
}

impl Shades {
    fn of(workload: &WorkloadResult, verdict: &Verdict) -> Self {
        let means: Vec<f64> = verdict.arms.iter().filter_map(|arm| arm.test).map(|test| test.mean).collect();
        let better = if workload.higher_is_better { f64::max } else { f64::min };
        let best = means.iter().copied().reduce(better).unwrap_or(0.0);
        let gaps: Vec<f64> = means.iter().map(|mean| (mean - best).abs()).collect();
        Self { best, reach: 2.0 * summary::median(&gaps).unwrap_or(0.0) }
    }

    fn of_value(&self, mean: f64) -> f64 {
        let gap = (mean - self.best).abs();
        let closeness = if self.reach > 0.0 {
            1.0 - (gap / self.reach).min(1.0)
        } else if gap == 0.0 {
            1.0
        } else {
            0.0
        };
        0.06 + 0.84 * closeness.powf(1.3)
    }
}
