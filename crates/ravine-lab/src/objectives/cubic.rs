//! x^3.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "cubic",
    presets: &[],
    title: "Degenerate stationary point",
    formula: "x^3",
    advice: "The derivative vanishes at 0, which is no minimum; steps shorten before it, and beyond it the function falls for ever.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || Box::new(Fixed { expression: "x^3", domain: &[[-2.0, 2.0]], start: &[1.5], minima: &[] }),
};
