//! The picture of a range test.

use super::sweep::together;
use super::{Answer, Found};
use crate::pictures::lines::{Axis, AxisKind, Line, Lines, Look, Reference};
use crate::stats::number::lr as rate;
use crate::svg::Series;

/// The smoothed loss over the learning rate: a thin line for each seed, their mean, the runs at constant rates, what works,
/// what to take, and the limit of stability.
pub fn lines(workload: &str, found: &Found) -> Lines {
    let finite = |points: Vec<[f64; 2]>| points.into_iter().filter(|p| p[1].is_finite()).collect::<Vec<_>>();
    // What lies above is cut: the blow-up has no end.
    let firsts = found.curves.iter().map(|curve| curve.first).filter(|x| x.is_finite());
    let start = firsts.fold(f64::NEG_INFINITY, f64::max);
    let mean = together(&found.curves);
    let lowest = mean.iter().map(|p| p[1]).fold(f64::INFINITY, f64::min);
    let top = start + 0.35 * (start - lowest).abs().max(1e-3 * start.abs());
    let log = lowest > 0.0 && top / lowest > 30.0;
    let trimmed = |points: Vec<[f64; 2]>| {
        // From where it does not come back.
        let end = points.iter().rposition(|p| p[1] <= top).map_or(0, |i| (i + 2).min(points.len()));
        points[..end].iter().map(|p| [p[0], p[1].min(top)]).collect::<Vec<_>>()
    };
    let y =
        Axis { kind: if log { AxisKind::Log } else { AxisKind::Linear }, ..Axis::linear("smoothed loss") };
    let tint = if matches!(found.answer, Answer::Take { .. }) { ", tinted where it works" } else { "" };
    let title = format!("{workload}, {}: learning rate{tint}", found.optimizer);
    let mut lines = Lines::new(&title, Axis::log("learning rate"), y);
    for curve in &found.curves {
        let points = curve.lrs.iter().zip(&curve.smooth).map(|(x, y)| [*x, *y]).collect();
        let thin = Line { series: Series::new(0), ..Line::new(0, "", Look::Thin, trimmed(finite(points))) };
        lines.lines.push(thin);
    }
    let seeds = found.curves.len();
    let name =
        if seeds == 1 { "growing rate".into() } else { format!("growing rate, mean of {seeds} seeds") };
    lines.lines.push(Line::new(0, &name, Look::Line, trimmed(mean)));
    let tried = found.tried.iter().filter_map(|tried| Some([tried.lr, tried.mean()?.min(top)])).collect();
    lines.lines.push(Line::new(1, "constant rate, at the end", Look::Both, tried));
    let upright = |at: f64, label: String| Reference { at, upright: true, label };
    if let Answer::Take { lr, works, .. } = &found.answer {
        lines.zones.push(*works);
        lines.references.push(upright(*lr, format!("take {}", rate(*lr))));
    }
    if let Some(wall) = &found.wall {
        lines.references.push(upright(wall.lr, format!("limit {}", rate(wall.lr))));
    }
    lines
}
