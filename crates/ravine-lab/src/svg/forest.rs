//! Differences with their intervals, one above the other.

use super::canvas::{Anchor, Svg};
use super::labels;
use super::plot::{Margins, Plot};
use super::scale::Scale;
use super::style::Series;
use crate::stats::Interval;

/// One line of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What is compared.
    pub name: String,
    /// The difference; `None` if there is none.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// The verdict, at the right.
    pub word: String,
    /// Look of the mark.
    pub series: Series,
    /// Whether the mark is open: nothing was found.
    pub open: bool,
}

/// Below this width names and verdicts stand above the intervals rather than beside them.
const NARROW: f64 = 500.0;

/// Draws the entries around 0 with a zone of `margin` to both sides. `title` names the axis, in two parts.
pub fn forest(label: &str, title: [&str; 2], entries: &[Entry], margin: f64, width: f64) -> Svg {
    let narrow = width < NARROW;
    let longest =
        |text: fn(&Entry) -> &str| entries.iter().map(|e| labels::width(text(e))).fold(0.0, f64::max);
    let (left, right, line) = if narrow {
        (4.0, 4.0, 44.0)
    } else {
        (
            (longest(|e| &e.name) + 20.0).min(width * 0.34),
            (longest(|e| &e.word) + 24.0).min(width * 0.3),
            28.0,
        )
    };
    let height = line * entries.len() as f64 + if narrow { 76.0 } else { 60.0 };
    let margins = Margins { left, right, top: 10.0, bottom: if narrow { 66.0 } else { 50.0 } };
    let (across, down) = Plot::frame(width, height, margins);
    let [bottom, top] = down;
    let x = Scale::linear(domain(entries, margin), across);
    let mut plot = Plot::new(Svg::new(width, height, label), x, Scale::linear([0.0, 1.0], down));
    let (from, to) = (x.clamp(-margin), x.clamp(margin));
    plot.svg.rect("zone", from, top, to - from, bottom - top);
    plot.svg.line("zero", x.at(0.0), top, x.at(0.0), bottom);
    let ticks = ((across[1] - across[0]) / 70.0) as usize;
    if narrow {
        plot.x_axis(bottom, ticks, title[0]);
        plot.svg.text("soft", across[1], bottom + 51.0, Anchor::End, title[1]);
    } else {
        plot.x_axis(bottom, ticks, &title.join("; "));
    }
    for (i, entry) in entries.iter().enumerate() {
        let y = top + line * (i as f64 + 0.5);
        if narrow {
            let room = width - labels::width(&entry.word) - 16.0;
            plot.svg.text("halo", left, y - 3.0, Anchor::Start, &labels::fit(&entry.name, room));
            plot.svg.text("soft", width - right, y - 3.0, Anchor::End, &entry.word);
            mark(&mut plot, entry, y + 11.0);
        } else {
            plot.svg.text("", left - 12.0, y + 4.0, Anchor::End, &labels::fit(&entry.name, left - 14.0));
            let word = labels::fit(&entry.word, right - 14.0);
            plot.svg.text("soft", width - right + 14.0, y + 4.0, Anchor::Start, &word);
            mark(&mut plot, entry, y);
        }
    }
    plot.svg
}

/// All intervals and the zone, with a little air.
fn domain(entries: &[Entry], margin: f64) -> [f64; 2] {
    let bounds = entries.iter().flat_map(|e| e.interval).flat_map(|i| [i.low, i.high]);
    let ends = bounds.chain(entries.iter().filter_map(|e| e.value)).filter(|x| x.is_finite());
    let ends = ends.chain([-1.3 * margin, 1.3 * margin]);
    let (low, high) = ends.fold((0.0, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)));
    let air = 0.03 * (high - low);
    [low - air, high + air]
}

fn mark(plot: &mut Plot, entry: &Entry, y: f64) {
    let Some(value) = entry.value else { return };
    let x = plot.x;
    if let Some(interval) = entry.interval {
        let class = format!("bar {}", entry.series.class());
        plot.svg.line(&class, x.clamp(interval.low), y, x.clamp(interval.high), y);
    }
    plot.svg.marker(entry.series, entry.open, x.clamp(value), y, "");
}
