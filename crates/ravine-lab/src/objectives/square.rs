//! x^2.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "square",
    presets: &[],
    title: "Parabola",
    formula: "x^2",
    advice: "The simplest: below the stable learning rate it converges, above it diverges.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || {
        Box::new(Fixed { expression: "x^2", domain: &[[-11.0, 11.0]], start: &[10.0], minima: &[&[0.0]] })
    },
};
