//! The live view.

use super::chart::{self, Curve};
use super::screen::Screen;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use ravine_lab::comparison::LayerHealth;
use ravine_lab::health;
use ravine_lab::stats::number::{fixed, lr, seconds, significant};

/// Cells of a layer's bar.
const BAR: usize = 8;
/// Columns of what stands beside a layer's name.
const BESIDE: usize = BAR + 30;

/// Blue, vermilion and purple in shades that all kinds of colour vision tell apart, with contrast on black and on white.
pub(super) struct Ink {
    pub(super) training: Style,
    pub(super) validation: Style,
    pub(super) rate: Style,
}

impl Ink {
    /// Colours, or none.
    pub(super) fn new(colours: bool) -> Self {
        let style = |color| if colours { Style::new().fg(Color::Indexed(color)) } else { Style::new() };
        Self { training: style(32), validation: style(166), rate: style(133) }
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, screen: &mut Screen, ink: &Ink) {
    let area = frame.area();
    let events = (area.height / 6).clamp(2, 8);
    let [head, progress, upper, lower, below, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(2),
        Constraint::Fill(5),
        Constraint::Fill(4),
        Constraint::Length(events + 1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Line::from(vec!["ravine train  ".bold(), screen.title.clone().into()]), head);
    draw_progress(frame, progress, screen, ink);
    let columns = |[left, right]: [u16; 2], area| {
        Layout::horizontal([Constraint::Fill(left), Constraint::Fill(right)]).spacing(2).areas::<2>(area)
    };
    let [left, right] = columns([3, 2], upper);
    draw_losses(frame, left, screen, ink);
    draw_metric(frame, right, screen, ink);
    let [left, right] = columns([2, 3], lower);
    draw_rate(frame, left, screen, ink);
    draw_layers(frame, right, screen, ink);
    let shown = screen.events.iter().rev().take(events.into()).rev();
    let lines: Vec<Line<'_>> = shown.map(|event| Line::from(event.as_str())).collect();
    frame.render_widget(Paragraph::new(lines).block(block("events ".bold().into())), below);
    let keys_line = match screen.stopping {
        true => Line::from("stopping after this step; Ctrl-C again ends at once").bold(),
        false => Line::from(vec![
            "+ -".bold(),
            " learning rate   ".into(),
            "e".bold(),
            " evaluate   ".into(),
            "c".bold(),
            " checkpoint   ".into(),
            "q".bold(),
            " stop".into(),
        ]),
    };
    frame.render_widget(keys_line, keys);
}

fn block(title: Line<'_>) -> Block<'_> {
    Block::new()
        .borders(Borders::TOP)
        .border_style(Style::new().dim())
        .title_style(Style::new().not_dim())
        .title(title)
}

fn draw_progress(frame: &mut Frame<'_>, area: Rect, screen: &mut Screen, ink: &Ink) {
    let share = (screen.step as f64 / screen.steps.max(1) as f64).clamp(0.0, 1.0);
    let width = usize::from(area.width).saturating_sub(6);
    let full = (share * width as f64) as usize;
    let speed = screen.speed();
    let to_go = screen.steps.saturating_sub(screen.step) as f64;
    let left = speed.map(|speed| format!("{} left", seconds((to_go / speed).max(1.0))));
    let bar = Line::from(vec![
        Span::styled("\u{2501}".repeat(full), ink.training),
        Span::styled("\u{2500}".repeat(width - full), Style::new().dim()),
        format!(" {:>3} %", (100.0 * share).floor()).bold(),
    ]);
    // Those that have no room are left out, the last first.
    let parts = [
        Some(format!("step {} of {}", screen.step, screen.steps)),
        left,
        Some(format!("{} gone", seconds(screen.gone().max(1.0).round()))),
        speed.map(|speed| format!("{} steps/s", significant(speed, 3))),
        Some(format!("epoch {} of {}", fixed(screen.epoch(), 1), significant(screen.epochs(), 3))),
    ];
    let mut text = String::new();
    for part in parts.into_iter().flatten() {
        if text.chars().count() + 3 + part.chars().count() > usize::from(area.width) {
            break;
        }
        text.push_str(if text.is_empty() { "" } else { "   " });
        text.push_str(&part);
    }
    frame.render_widget(Paragraph::new(vec![bar, Line::from(text)]), area);
}

fn number(points: &[[f64; 2]]) -> String {
    points.last().map_or(String::new(), |[_, y]| significant(*y, 4))
}

fn draw_losses(frame: &mut Frame<'_>, area: Rect, screen: &Screen, ink: &Ink) {
    let smooth = screen.losses.smooth();
    let title = Line::from(vec![
        "loss ".bold(),
        Span::styled(format!(" \u{2501} training {} ", number(&smooth)), ink.training),
        Span::styled(format!(" \u{2022} validation {} ", number(&screen.validation)), ink.validation),
    ]);
    let curves = [
        Curve { points: &smooth, style: ink.training, dots: false },
        Curve { points: &screen.validation, style: ink.validation, dots: true },
    ];
    chart::draw(frame, area, title, screen.steps, true, &curves);
}

fn draw_metric(frame: &mut Frame<'_>, area: Rect, screen: &Screen, ink: &Ink) {
    let best = screen.best.map_or(String::new(), |(step, metric)| match area.width {
        0..40 => format!(" best {} ", significant(metric, 4)),
        _ => format!(" best {} at step {step} ", significant(metric, 4)),
    });
    let title = Line::from(vec![
        format!("{} ", screen.metric).bold(),
        Span::styled(format!("{} ", number(&screen.metrics)), ink.validation),
        best.into(),
    ]);
    let curves = [
        Curve { points: &screen.metrics, style: ink.validation, dots: false },
        Curve { points: &screen.metrics, style: ink.validation, dots: true },
    ];
    chart::draw(frame, area, title, screen.steps, true, &curves);
}

fn draw_rate(frame: &mut Frame<'_>, area: Rect, screen: &Screen, ink: &Ink) {
    let title =
        Line::from(vec!["learning rate ".bold(), Span::styled(format!("{} ", lr(screen.rate)), ink.rate)]);
    let curves = [
        Curve { points: &screen.plan, style: Style::new().dim(), dots: false },
        Curve { points: screen.rates.points(), style: ink.rate, dots: false },
    ];
    chart::draw(frame, area, title, screen.steps, false, &curves);
}

/// Which of `count` things are shown in `room` lines: the first, the last, and some between.
fn chosen(count: usize, room: usize) -> Vec<usize> {
    match room {
        0 => Vec::new(),
        1 => (0..count.min(1)).collect(),
        room if count <= room => (0..count).collect(),
        room => (0..room).map(|i| i * (count - 1) / (room - 1)).collect(),
    }
}

fn draw_layers(frame: &mut Frame<'_>, area: Rect, screen: &Screen, ink: &Ink) {
    let layers = &screen.layers;
    let shown = chosen(layers.len(), usize::from(area.height).saturating_sub(1));
    let some = match shown.len() < layers.len() {
        true => format!(" {} of {} ", shown.len(), layers.len()),
        false => " ".into(),
    };
    let title = Line::from(vec![
        "gradient ".bold(),
        format!("norm {} ", significant(screen.grad_norm, 3)).into(),
        " update/weights".bold(),
        some.into(),
    ]);
    let norms = || layers.iter().map(|layer| layer.grad_norm).filter(|x| *x > 0.0 && x.is_finite());
    let most = norms().fold(0.0, f64::max);
    // At least three decades, so that like looks alike.
    let least = norms().fold(most, f64::min).min(most * 1e-3);
    let longest = layers.iter().map(|layer| layer.name.chars().count()).max().unwrap_or(0);
    let name = usize::from(area.width).saturating_sub(BESIDE).clamp(6, longest.max(6));
    let line = |index: usize| layer_line(&layers[index], [least, most], name, ink);
    let lines: Vec<Line<'_>> = shown.into_iter().map(line).collect();
    frame.render_widget(Paragraph::new(lines).block(block(title)), area);
}

fn layer_line<'a>(layer: &'a LayerHealth, [least, most]: [f64; 2], room: usize, ink: &Ink) -> Line<'a> {
    let name = match layer.name.chars().count() {
        length if length > room => {
            let tail: String = layer.name.chars().skip(length + 1 - room).collect();
            format!("\u{2026}{tail}")
        }
        _ => layer.name.clone(),
    };
    let share = match layer.grad_norm > 0.0 && most > least {
        true => ((layer.grad_norm / least).ln() / (most / least).ln()).clamp(0.0, 1.0),
        false => 0.0,
    };
    let word = health::word(layer.update_ratio);
    let style = match word {
        "healthy" => ink.training,
        "none" => Style::new().dim(),
        _ => ink.validation.bold(),
    };
    Line::from(vec![
        format!("{name:<room$} ").into(),
        Span::styled(bar(share), ink.training),
        format!(" {:>8}  {:>8} ", significant(layer.grad_norm, 2), significant(layer.update_ratio, 2)).into(),
        Span::styled(word, style),
    ])
}

/// A bar of eighths of cells.
fn bar(share: f64) -> String {
    let eighths = (share * (BAR * 8) as f64).round() as usize;
    let part =
        ["", "\u{258f}", "\u{258e}", "\u{258d}", "\u{258c}", "\u{258b}", "\u{258a}", "\u{2589}"][eighths % 8];
    format!("{:<BAR$}", "\u{2588}".repeat(eighths / 8) + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_one_width() {
        for (share, text) in
            [(0.0, "        "), (0.5, "\u{2588}\u{2588}\u{2588}\u{2588}    "), (1.0, &*"\u{2588}".repeat(8))]
        {
            assert_eq!(bar(share), text);
        }
        assert_eq!(bar(0.26).chars().count(), BAR);
    }

    #[test]
    fn first_and_last_are_always_shown() {
        assert_eq!(chosen(3, 5), [0, 1, 2]);
        assert_eq!(chosen(40, 4), [0, 13, 26, 39]);
        assert_eq!((chosen(0, 4), chosen(3, 0), chosen(3, 1)), (vec![], vec![], vec![0]));
    }
}
