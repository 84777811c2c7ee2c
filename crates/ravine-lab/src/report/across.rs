//! Several workloads together.

use super::markup::{picture, section, table, text};
use super::palette::Palette;
use crate::comparison::Comparison;
use crate::stats::number::{self, fixed};
use crate::stats::profile::{self, TAU_MAX, Times};
use crate::svg::heatmap::{Cell, Size, heatmap};
use crate::svg::plot::{Margins, Sample};
use crate::svg::{Anchor, Plot, Scale, Svg, labels};
use crate::verdict::Verdict;

/// Profile and table; nothing for one workload.
pub(super) fn across(comparison: &Comparison, verdicts: &[Verdict], palette: &Palette) -> String {
    if comparison.workloads.len() < 2 {
        return String::new();
    }
    let times: Vec<Times> = palette
        .optimizers()
        .iter()
        .map(|optimizer| Times {
            base: (0..verdicts.len())
                .map(|w| {
                    let arm = best(comparison, verdicts, w, optimizer);
                    arm.and_then(|arm| verdicts[w].arms[arm].steps.median).unwrap_or(f64::INFINITY)
                })
                .collect(),
            held_out: Vec::new(),
        })
        .collect();
    let ratios = profile::ratios(&times);
    let lead = format!(
        "Each optimizer with its best schedule on each of {} workloads. The profile gives the share of workloads that an \
         optimizer brings to the target within so many times the steps of the best one; the score is its mean from 1 to \
         4 (1 is best), AlgoPerf's rule with steps for time. It is relative to the optimizers present, so the values \
         themselves stand beside it.",
        comparison.workloads.len()
    );
    let body = format!(
        "{}{}<p class=\"lead gap\">Mean test metric, and the gap to the best (in points where the metric is a share):</p>{}",
        draw(palette, &ratios, 1000.0).inline("plot wide")
            + &draw(palette, &ratios, 350.0).inline("plot narrow"),
        scores(comparison, palette, &times, &ratios),
        picture(&gaps(comparison, verdicts, palette))
    );
    section("across", "Across the workloads", &lead, &body)
}

/// The best arm of an optimizer on workload `w`.
fn best(comparison: &Comparison, verdicts: &[Verdict], w: usize, optimizer: &str) -> Option<usize> {
    verdicts[w].best.iter().copied().find(|arm| comparison.workloads[w].arms[*arm].optimizer == optimizer)
}

fn draw(palette: &Palette, ratios: &[Vec<f64>], width: f64) -> Svg {
    let narrow = width < 500.0;
    let margins = Margins { left: 48.0, right: if narrow { 100.0 } else { 210.0 }, top: 34.0, bottom: 46.0 };
    let (across, down) = Plot::frame(width, 290.0, margins);
    let svg = Svg::new(width, 290.0, "Performance profile of the optimizers");
    let mut plot = Plot::new(svg, Scale::linear([1.0, TAU_MAX], across), Scale::linear([0.0, 1.0], down));
    plot.y_axis(4, "share of workloads at the target");
    plot.x_axis(down[0], if narrow { 3 } else { 6 }, "times the steps of the best");
    let ends: Vec<f64> = ratios.iter().map(|r| plot.y.at(profile::share_within(r, TAU_MAX))).collect();
    let places = labels::spread(&ends, 16.0, down[1], down[0]);
    for (i, optimizer) in palette.optimizers().iter().enumerate() {
        let series = palette.optimizer(optimizer);
        let samples: Vec<Sample> =
            steps(&ratios[i]).map(|(x, y)| Sample { x, mid: y, low: f64::NAN, high: f64::NAN }).collect();
        plot.open_frame(&format!("profile-{i}-{width}"));
        plot.series(series, &samples, true);
        plot.svg.close_group();
        plot.svg.line("leader", across[1] + 4.0, ends[i], across[1] + 16.0, places[i]);
        let class = format!("strong tint {}", series.class());
        let name = labels::fit(optimizer, 0.88 * (margins.right - 22.0));
        plot.svg.text(&class, across[1] + 20.0, places[i] + 4.0, Anchor::Start, &name);
    }
    plot.svg
}

/// Corners of the profile, which rises at each ratio.
fn steps(ratios: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    let mut jumps: Vec<f64> = ratios.iter().copied().filter(|ratio| ratio.is_finite()).collect();
    jumps.sort_by(f64::total_cmp);
    let share = |n: usize| n as f64 / ratios.len().max(1) as f64;
    let mut corners = vec![(1.0, 0.0)];
    for (n, jump) in jumps.iter().enumerate() {
        corners.extend([(*jump, share(n)), (*jump, share(n + 1))]);
    }
    corners.push((TAU_MAX, share(jumps.len())));
    corners.into_iter()
}

fn scores(comparison: &Comparison, palette: &Palette, times: &[Times], ratios: &[Vec<f64>]) -> String {
    let mut headings = vec![("optimizer", false), ("score", true)];
    let titles: Vec<String> = comparison.workloads.iter().map(|w| format!("steps on {}", w.name)).collect();
    headings.extend(titles.iter().map(|title| (title.as_str(), true)));
    let mut rows: Vec<(f64, Vec<String>)> = palette
        .optimizers()
        .iter()
        .enumerate()
        .map(|(i, optimizer)| {
            let score = profile::score(&ratios[i]);
            let mut cells = vec![text(optimizer), fixed(score, 3)];
            cells.extend(times[i].base.iter().zip(&ratios[i]).map(
                |(steps, ratio)| match steps.is_finite() {
                    true if ratio.is_finite() => {
                        format!("{} ({}x)", number::steps(*steps), fixed(*ratio, 2))
                    }
                    true => format!("{} (over 4x)", number::steps(*steps)),
                    false => "not reached".into(),
                },
            ));
            (score, cells)
        })
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let rows: Vec<(String, Vec<String>)> = rows.into_iter().map(|row| (String::new(), row.1)).collect();
    table("scores", &headings, &rows)
}

/// Test metric of each optimizer on each workload, shaded by the gap to the best there.
fn gaps(comparison: &Comparison, verdicts: &[Verdict], palette: &Palette) -> String {
    let value = |w: usize, optimizer: &str| {
        best(comparison, verdicts, w, optimizer)
            .and_then(|arm| verdicts[w].arms[arm].test)
            .map(|test| test.mean)
    };
    let cells: Vec<Vec<Cell>> = palette
        .optimizers()
        .iter()
        .map(|optimizer| {
            (0..verdicts.len())
                .map(|w| {
                    let Some(mean) = value(w, optimizer) else {
                        return Cell { text: "none".into(), ..Cell::default() };
                    };
                    let all = palette.optimizers().iter().filter_map(|name| value(w, name));
                    let better = if comparison.workloads[w].higher_is_better { f64::max } else { f64::min };
                    let top = all.clone().reduce(better).unwrap_or(mean);
                    let widest = all.map(|x| (x - top).abs()).fold(0.0, f64::max);
                    let gap = (mean - top).abs();
                    Cell {
                        shade: Some(0.06 + 0.84 * if widest > 0.0 { 1.0 - gap / widest } else { 1.0 }),
                        text: verdicts[w].unit.value(mean),
                        note: if gap == 0.0 {
                            "best".into()
                        } else {
                            verdicts[w].unit.signed_difference(mean - top)
                        },
                        hover: format!("{optimizer} on {}", comparison.workloads[w].name),
                        picked: false,
                    }
                })
                .collect()
        })
        .collect();
    let rows: Vec<String> = palette.optimizers().iter().map(|name| (*name).into()).collect();
    let columns: Vec<String> =
        comparison.workloads.iter().map(|w| format!("{} {}", w.name, w.metric)).collect();
    let longest = |names: &[String]| names.iter().map(|name| labels::width(name)).fold(0.0, f64::max);
    let size = Size {
        label: (longest(&rows) + 16.0).clamp(70.0, 190.0),
        width: (longest(&columns) + 14.0).clamp(92.0, 190.0),
        height: 46.0,
    };
    heatmap("Test metric of each optimizer on each workload", &rows, &columns, &cells, size).inline("plot")
}
