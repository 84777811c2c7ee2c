//! The picture of a run.

use super::log::Entry;
use crate::pictures::lines::{Axis, AxisKind, Line, Lines, Look, Reference};
use crate::svg::Svg;

/// Training and validation loss over the steps of a run, with its changes of the learning rate.
pub fn picture(title: &str, entries: &[Entry]) -> Svg {
    let mut lines = [Vec::new(), Vec::new()];
    let mut references = Vec::new();
    for entry in entries {
        match entry {
            Entry::Evaluation(record) => {
                let point = &record.point;
                lines[0].push([point.step as f64, point.train_loss]);
                lines[1].push([point.step as f64, point.validation_loss]);
            }
            Entry::Rate { step, .. } => {
                references.push(Reference { at: *step as f64, upright: true, label: String::new() });
            }
            Entry::Look { .. } | Entry::Skipped { .. } | Entry::End { .. } => {}
        }
    }
    let finite = || lines.iter().flatten().map(|[_, y]| *y).filter(|y| y.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let kind = if low > 0.0 && high / low > 10.0 { AxisKind::Log } else { AxisKind::Linear };
    let [train, validation] = lines;
    Lines {
        lines: vec![
            Line::new(0, "training", Look::Line, train),
            Line::new(1, "validation", Look::Line, validation),
        ],
        references,
        ..Lines::new(title, Axis::linear("step"), Axis { kind, ..Axis::linear("loss") })
    }
    .draw()
}
