//! tanh(x).

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "tanh",
    presets: &[],
    title: "Plateau",
    formula: "tanh(x)",
    advice: "Far from 0 the gradient all but vanishes: at 4 it is 0.0013.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || Box::new(Fixed { expression: "tanh(x)", domain: &[[-2.0, 5.0]], start: &[4.0], minima: &[] }),
};
