//! A chart of lines over the steps of a run.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Block, Borders, Chart, Dataset, GraphType};
use ravine_lab::stats::number::significant;

/// A line of a chart.
pub(super) struct Curve<'a> {
    pub(super) points: &'a [[f64; 2]],
    pub(super) style: Style,
    /// Whether its points are drawn, rather than a line through them.
    pub(super) dots: bool,
}

/// Draws curves under a title. Where `wide` says so, values that span more than a decade stand on a logarithmic axis.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    title: Line<'_>,
    steps: u64,
    wide: bool,
    curves: &[Curve<'_>],
) {
    let values = || curves.iter().flat_map(|curve| curve.points).map(|[_, y]| *y).filter(|y| y.is_finite());
    let [low, high] = values().fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], y| [a.min(y), b.max(y)]);
    let positive = values().filter(|y| *y > 0.0).fold(f64::INFINITY, f64::min);
    let log = wide && low >= 0.0 && high / positive > 10.0;
    // What has sunk to nothing is drawn along the bottom.
    let floor = positive.max(high * 1e-4);
    let place = |y: f64| if log { y.max(floor).log10() } else { y };
    let (bottom, top) = match (place(low), place(high)) {
        (low, high) if high > low => (low, high),
        (low, _) if low.is_finite() => (low - 0.5 * low.abs().max(1e-3), low + 0.5 * low.abs().max(1e-3)),
        _ => (0.0, 1.0),
    };
    let placed: Vec<Vec<(f64, f64)>> = curves
        .iter()
        .map(|curve| {
            let finite = curve.points.iter().filter(|[_, y]| y.is_finite());
            finite.map(|[x, y]| (*x, place(*y))).collect()
        })
        .collect();
    let datasets = curves.iter().zip(&placed).map(|(curve, points)| {
        let (marker, kind) = match curve.dots {
            true => (Marker::Dot, GraphType::Scatter),
            false => (Marker::Braille, GraphType::Line),
        };
        Dataset::default().data(points).style(curve.style).marker(marker).graph_type(kind)
    });
    let label = |y: f64| match log {
        true => significant(10f64.powf(y), 3),
        // Next to nothing beside the largest.
        false if y.abs() < 1e-3 * top.abs() => "0".into(),
        false => significant(y, 3),
    };
    let labels = match (values().next(), area.height) {
        (None, _) | (_, 0..5) => Vec::new(),
        (_, 5..8) => vec![label(bottom), label(top)],
        _ => vec![label(bottom), label((bottom + top) / 2.0), label(top)],
    };
    let dim = Style::new().dim();
    let chart = Chart::new(datasets.collect())
        .block(
            Block::new()
                .borders(Borders::TOP)
                .border_style(dim)
                .title_style(Style::new().not_dim())
                .title(title),
        )
        .x_axis(
            Axis::default()
                .bounds([0.0, steps.max(1) as f64])
                .labels([Line::from("0").style(dim), Line::from(steps.to_string()).style(dim)])
                .style(dim),
        )
        .y_axis(
            Axis::default()
                .bounds([bottom, top])
                .labels(labels.into_iter().map(|label| Line::from(label).style(dim)))
                .style(dim),
        )
        .legend_position(None);
    frame.render_widget(chart, area);
}
