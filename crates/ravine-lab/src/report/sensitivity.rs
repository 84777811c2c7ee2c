//! How much the learning rate matters: one small picture for each optimizer.

use super::markup::{section, text};
use super::palette::Palette;
use crate::comparison::{Arm, End, WorkloadResult};
use crate::stats::number::{lr, lr_range, significant};
use crate::stats::summary;
use crate::svg::plot::Margins;
use crate::svg::{Plot, Scale, Series, Svg, key};
use crate::verdict::Verdict;

const WIDTH: f64 = 276.0;
const HEIGHT: f64 = 210.0;

/// Height of the lane of failed runs at the bad end of the axis.
const LANE: f64 = 16.0;

/// All panels on the same axes; nothing if there was no tuning.
pub(super) fn sensitivity(workload: &WorkloadResult, verdict: &Verdict, palette: &Palette) -> String {
    let tuning = || workload.arms.iter().flat_map(|arm| &arm.tuning);
    if tuning().next().is_none() {
        return String::new();
    }
    let rates: Vec<f64> = tuning().map(|run| run.lr).filter(|lr| *lr > 0.0 && lr.is_finite()).collect();
    let ends = |values: &[f64]| {
        [
            values.iter().copied().fold(f64::INFINITY, f64::min),
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ]
    };
    let [slow, fast] = ends(&rates);
    let values: Vec<f64> =
        tuning().filter(|run| run.end == End::Finished).filter_map(|run| run.validation).collect();
    let domain = ends(&values.iter().copied().filter(|x| x.is_finite()).collect::<Vec<_>>());
    let mut panels = String::from("<div class=\"panels\">");
    for optimizer in palette.optimizers() {
        let arms: Vec<usize> =
            (0..workload.arms.len()).filter(|arm| workload.arms[*arm].optimizer == *optimizer).collect();
        if !arms.is_empty() {
            panels += &panel(workload, verdict, palette, &arms, [slow / 1.5, fast * 1.5], domain);
        }
    }
    panels += "</div>";
    let mut legend = String::from("<div class=\"legend\">");
    let first = palette.optimizers().first().copied().unwrap_or_default();
    for schedule in palette.schedules() {
        let swatch = key::swatch(Series { color: 5, ..palette.schedule(first, schedule) });
        legend += &format!("<span>{swatch}{}</span>", text(schedule));
    }
    let mut crossed = Svg::new(14.0, 12.0, "");
    crossed.cross("", 7.0, 6.0, "");
    legend += &format!("<span>{}diverged</span>", crossed.inline("swatch"));
    let mut open = Svg::new(14.0, 12.0, "");
    open.marker(Series { color: 5, shape: 0 }, true, 7.0, 6.0, "");
    legend += &format!("<span>{}given up early</span>", open.inline("swatch"));
    let mut zone = Svg::new(18.0, 12.0, "");
    zone.rect("zone", 0.0, 0.0, 18.0, 12.0);
    legend += &format!("<span>{}works about as well</span></div>", zone.inline("swatch"));
    let lead = format!(
        "Validation {} at the end of every tuning run over its learning rate, lines through the medians. The shaded \
         range and the dashed line (the rate chosen) belong to the optimizer's best schedule. Wider is easier to tune.",
        workload.metric
    );
    section("sensitivity", "How much the learning rate matters", &lead, &(legend + &panels))
}

fn panel(
    workload: &WorkloadResult,
    verdict: &Verdict,
    palette: &Palette,
    arms: &[usize],
    rates: [f64; 2],
    values: [f64; 2],
) -> String {
    let optimizer = &workload.arms[arms[0]].optimizer;
    let best = verdict.best.iter().find(|arm| arms.contains(arm)).or(arms.first());
    let label = format!("Validation {} of {optimizer} over the learning rate", workload.metric);
    let svg = Svg::new(WIDTH, HEIGHT, &label);
    let (across, [bottom, top]) =
        Plot::frame(WIDTH, HEIGHT, Margins { left: 44.0, right: 10.0, top: 8.0, bottom: 26.0 });
    // Failed runs stand in a lane at the bad end.
    let (range, lane) = if workload.higher_is_better {
        ([bottom - LANE, top + 4.0], bottom - LANE / 2.0)
    } else {
        ([bottom - 4.0, top + LANE], top + LANE / 2.0)
    };
    let mut plot = Plot::new(svg, Scale::log10(rates, across), Scale::linear(values, range));
    let x = plot.x;
    if let Some(arm) = best.map(|arm| &workload.arms[*arm]) {
        let (from, to) = (x.clamp(arm.lr_works[0]), x.clamp(arm.lr_works[1]));
        plot.svg.rect("zone", from - 3.0, top, to - from + 6.0, bottom - top);
    }
    plot.y_axis(4, "");
    plot.x_axis(bottom, 5, "");
    if let Some(arm) = best.map(|arm| &workload.arms[*arm]) {
        let class = format!("chosen {}", palette.optimizer(optimizer).class());
        plot.svg.line(&class, x.clamp(arm.lr), top, x.clamp(arm.lr), bottom);
    }
    for &arm in arms {
        let arm = &workload.arms[arm];
        points(&mut plot, arm, palette.schedule(optimizer, &arm.schedule), lane);
    }
    let works = best.map_or(String::new(), |arm| {
        let arm = &workload.arms[*arm];
        let [low, high] = arm.lr_works;
        let edge = if arm.lr_on_boundary { ", at the edge of those tried" } else { "" };
        format!("{}, works {} ({}x){edge}", lr(arm.lr), lr_range(arm.lr_works), significant(high / low, 2))
    });
    format!(
        "<figure class=\"panel\"><figcaption><b>{}</b><span>{}</span></figcaption>{}</figure>",
        text(optimizer),
        text(&works),
        plot.svg.inline("plot")
    )
}

/// The runs of one arm and a line through their medians.
fn points(plot: &mut Plot, arm: &Arm, series: Series, lane: f64) {
    let mut rates: Vec<f64> = arm.tuning.iter().map(|run| run.lr).filter(|lr| *lr > 0.0).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let medians: Vec<(f64, f64)> = rates
        .iter()
        .map(|rate| {
            let runs = arm.tuning.iter().filter(|run| run.lr == *rate);
            // One run without a value breaks the line: a median of the others would flatter.
            let values: Option<Vec<f64>> = runs.map(|run| finished(run.end, run.validation)).collect();
            let value = values.and_then(|values| summary::median(&values)).unwrap_or(f64::NAN);
            (plot.x.at(*rate), plot.y.clamp(value))
        })
        .collect();
    plot.svg.polyline("line", series, &medians);
    for run in &arm.tuning {
        let x = plot.x.clamp(run.lr);
        let hover = |what: &str| format!("{} at lr {}, seed {}: {what}", arm.schedule, lr(run.lr), run.seed);
        match (run.end, finished(run.end, run.validation)) {
            (_, Some(value)) => {
                plot.svg.marker(series, false, x, plot.y.clamp(value), &hover(&significant(value, 4)));
            }
            (End::Hopeless, _) => plot.svg.marker(series, true, x, lane, &hover("given up early")),
            _ => plot.svg.cross("", x, lane, &hover("diverged")),
        }
    }
}

fn finished(end: End, value: Option<f64>) -> Option<f64> {
    value.filter(|x| end == End::Finished && x.is_finite())
}
