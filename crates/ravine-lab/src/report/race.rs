//! The race: how the optimizers get to the target.

use super::curves::{Curve, VIEWS, View, curves, x_domain, y_scale};
use super::markup::{section, text};
use super::palette::Palette;
use crate::comparison::{Arm, WorkloadResult};
use crate::stats::TimeToTarget;
use crate::stats::number::count;
use crate::stats::number::{self, lr, significant};
use crate::svg::plot::{Margins, Sample};
use crate::svg::{Anchor, Plot, Scale, Svg, key, labels};
use crate::verdict::Verdict;
use serde::Serialize;

/// Height of a line of the strip below the curves; on a narrow page the name stands above its mark.
fn line_height(width: f64) -> f64 {
    if width < NARROW { 34.0 } else { 20.0 }
}

/// Width below which a picture is drawn for a phone.
const NARROW: f64 = 500.0;

/// What the script needs to show values under the pointer.
#[derive(Serialize)]
struct Hover {
    /// Values at both ends of the horizontal axis.
    domain: [f64; 2],
    /// Pixels at both ends and the width of the whole, for the wide and the narrow picture.
    frames: [[f64; 3]; 2],
    unit: &'static str,
    series: Vec<(usize, String, Vec<f64>, Vec<f64>)>,
}

/// The section with its views.
pub(super) fn race(page: &str, workload: &WorkloadResult, verdict: &Verdict, palette: &Palette) -> String {
    if verdict.best.is_empty() {
        return String::new();
    }
    let name = |view: View| {
        format!("{} over {}", view.what(workload), if view.seconds { "seconds" } else { "steps" })
    };
    let mut controls = String::from("<fieldset class=\"segments\"><legend>Show</legend>");
    let mut views = String::new();
    for (i, view) in VIEWS.into_iter().enumerate() {
        let checked = if i == 0 { " checked" } else { "" };
        controls += &format!(
            "<label><input type=\"radio\" name=\"{page}-view\" class=\"p{i}\"{checked}>{}</label>",
            text(&name(view))
        );
        views +=
            &format!("<div class=\"view v{i}\">{}</div>", picture(page, i, workload, verdict, view, palette));
    }
    controls += "</fieldset>";
    if workload.arms.len() > verdict.best.len() {
        controls += "<label class=\"check\"><input type=\"checkbox\" class=\"all\">other schedules as thin lines</label>";
    }
    let mut chips = String::from("<div class=\"chips\">");
    for &arm in &verdict.best {
        let Arm { optimizer, schedule, lr: rate, .. } = &workload.arms[arm];
        chips += &format!(
            "<button type=\"button\" class=\"chip\" data-n=\"{}\" aria-pressed=\"true\">{}<span>{} <i>{}, lr {}</i></span></button>",
            palette.number(optimizer),
            key::swatch(palette.optimizer(optimizer)),
            text(optimizer),
            text(schedule),
            text(&lr(*rate))
        );
    }
    chips += "</div>";
    let lead = format!(
        "Each optimizer with its best schedule at the learning rate found for it: median of {}, band from the \
         10 % to the 90 % quantile, failed runs counted as worst. Below: the steps or seconds to the target ({}), \
         median with 95 % interval; an open mark at the edge means that half of the runs did not get there.",
        count(verdict.best.iter().map(|arm| verdict.arms[*arm].runs).max().unwrap_or(0), "seed"),
        workload.target_reason.trim_end_matches('.'),
    );
    let body = format!("<div class=\"controls\">{controls}</div>{chips}{views}");
    section("race", "The race to the target", &lead, &body)
}

fn picture(
    page: &str,
    number: usize,
    workload: &WorkloadResult,
    verdict: &Verdict,
    view: View,
    palette: &Palette,
) -> String {
    let curves = curves(workload, verdict, view, palette);
    let (wide, wide_frame) = draw(&format!("{page}{number}w"), workload, verdict, view, &curves, 1000.0);
    let (narrow, narrow_frame) = draw(&format!("{page}{number}n"), workload, verdict, view, &curves, 350.0);
    let short = |x: f64| (x * 1e5).round() / 1e5;
    let hover = Hover {
        domain: x_domain(&curves),
        frames: [wide_frame, narrow_frame],
        unit: if view.seconds { "s" } else { "steps" },
        series: curves
            .iter()
            .filter(|curve| curve.best)
            .map(|curve| {
                let seen = || curve.samples.iter().filter(|s| s.mid.is_finite());
                (
                    curve.number,
                    workload.arms[curve.arm].optimizer.clone(),
                    seen().map(|s| short(s.x)).collect(),
                    seen().map(|s| short(s.mid)).collect(),
                )
            })
            .collect(),
    };
    // `<` would end the script element early if a name held `</script>`.
    let hover = serde_json::to_string(&hover).unwrap_or_default().replace('<', "\\u003c");
    format!(
        "{}{}<script type=\"application/json\" class=\"hover\">{hover}</script>",
        wide.inline("plot wide"),
        narrow.inline("plot narrow")
    )
}

fn draw(
    id: &str,
    workload: &WorkloadResult,
    verdict: &Verdict,
    view: View,
    curves: &[Curve],
    width: f64,
) -> (Svg, [f64; 3]) {
    let narrow = width < NARROW;
    let strip = line_height(width) * verdict.best.len() as f64;
    let height = if narrow { 250.0 } else { 330.0 };
    let margins = Margins { left: 48.0, right: if narrow { 100.0 } else { 210.0 }, top: 34.0, bottom: 10.0 };
    let (across, down) = Plot::frame(width, height, margins);
    let what = view.what(workload);
    let label = format!("{what} of {} optimizers over {}", verdict.best.len(), workload.name);
    let svg = Svg::new(width, height + strip + 80.0, &label);
    let (y, cut) = y_scale(workload, view, curves, down);
    let x = Scale::linear(x_domain(curves), across);
    let mut plot = Plot::new(svg, x, y);
    let title = match cut {
        Some(cut) if !narrow => format!("{what}, {cut}"),
        _ => what,
    };
    plot.y_axis(if narrow { 5 } else { 6 }, &title);
    if !view.loss {
        plot.target(workload.target, &format!("target {}", significant(workload.target, 4)));
    }
    plot.open_frame(id);
    for curve in curves {
        let class = if curve.best { "best" } else { "others" };
        plot.svg.open_group(class, Some(curve.number));
        plot.series(curve.series, &curve.samples, curve.best);
        plot.svg.close_group();
    }
    plot.svg.close_group();
    end_labels(&mut plot, workload, curves, margins.right);
    let unit = if view.seconds { "seconds" } else { "steps" };
    let head = format!("{unit} to the target");
    plot.svg.text("soft small", width - 2.0, height + 16.0, Anchor::End, &head);
    let bottom = times(&mut plot, workload, verdict, view, curves, height + 24.0, margins.right);
    let unit = if view.seconds { "seconds of training" } else { "optimizer steps" };
    plot.x_axis(bottom + 4.0, if narrow { 4 } else { 8 }, unit);
    (plot.svg, [across[0], across[1], width])
}

/// The names of the best arms beside the ends of their lines.
fn end_labels(plot: &mut Plot, workload: &WorkloadResult, curves: &[Curve], room: f64) {
    let [bottom, top] = plot.y.range();
    let ends: Vec<(&Curve, Sample)> = curves
        .iter()
        .filter(|curve| curve.best)
        .filter_map(|curve| Some((curve, *curve.samples.iter().rev().find(|s| s.mid.is_finite())?)))
        .collect();
    let wanted: Vec<f64> = ends.iter().map(|(_, end)| plot.y.clamp(end.mid)).collect();
    let places = labels::spread(&wanted, 16.0, top + 4.0, bottom - 2.0);
    let right = plot.x.range()[1];
    for (((curve, end), from), to) in ends.iter().zip(&wanted).zip(&places) {
        plot.svg.open_group("best", Some(curve.number));
        let (x, name) = (plot.x.at(end.x), &workload.arms[curve.arm].optimizer);
        plot.svg.line("leader", x + 6.0, *from, right + 16.0, *to);
        plot.svg.marker(curve.series, false, x, *from, name);
        let class = format!("strong tint {}", curve.series.class());
        plot.svg.text(
            &class,
            right + 20.0,
            to + 4.0,
            Anchor::Start,
            &labels::fit(name, 0.88 * (room - 20.0)),
        );
        plot.svg.close_group();
    }
}

/// One line for each best arm with its time to target; gives back the pixel below the last.
fn times(
    plot: &mut Plot,
    workload: &WorkloadResult,
    verdict: &Verdict,
    view: View,
    curves: &[Curve],
    top: f64,
    room: f64,
) -> f64 {
    let [left, right] = plot.x.range();
    let x = plot.x;
    let (narrow, line) = (plot.svg.width() < NARROW, line_height(plot.svg.width()));
    for (i, arm) in verdict.best.iter().enumerate() {
        let Some(curve) = curves.iter().find(|curve| curve.arm == *arm) else { continue };
        let time = if view.seconds { &verdict.arms[*arm].seconds } else { &verdict.arms[*arm].steps };
        let y = top + line * (i as f64 + 0.5) + if narrow { 7.0 } else { 0.0 };
        plot.svg.open_group("best", Some(curve.number));
        plot.svg.line("grid", left, y, right, y);
        let name = &workload.arms[*arm].optimizer;
        if let Some(low) = time.low {
            let class = format!("bar {}", curve.series.class());
            plot.svg.line(&class, x.clamp(low), y, time.high.map_or(right, |high| x.clamp(high)), y);
        }
        let hover = format!("{name}: {}", in_words(time));
        match time.median {
            Some(median) => plot.svg.marker(curve.series, false, x.clamp(median), y, &hover),
            None => plot.svg.marker(curve.series, true, right, y, &hover),
        }
        let value = match time.median {
            Some(median) if view.seconds => number::seconds(median),
            Some(median) => number::steps(median),
            None => format!("{}/{}", time.reached, time.runs),
        };
        let class = format!("tint {}", curve.series.class());
        if narrow {
            plot.svg.text(&class, left, y - 9.0, Anchor::Start, &labels::fit(name, right - left));
        } else {
            let name = labels::fit(name, room - 30.0 - labels::width(&value));
            plot.svg.text(&class, right + 20.0, y + 4.0, Anchor::Start, &name);
        }
        plot.svg.text("", plot.svg.width() - 2.0, y + 4.0, Anchor::End, &value);
        plot.svg.close_group();
    }
    top + line * verdict.best.len() as f64
}

fn in_words(time: &TimeToTarget) -> String {
    match time.median {
        Some(median) => format!("{} ({} of {} runs)", significant(median, 3), time.reached, time.runs),
        None => format!("not reached by half ({} of {} runs)", time.reached, time.runs),
    }
}
