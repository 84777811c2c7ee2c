//! x^2 + 2 y^2.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "bowl",
    presets: &[],
    title: "Bowl, twice as steep one way",
    formula: "x^2 + 2 y^2",
    advice: "Well-conditioned: plain gradient descent does well.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || {
        Box::new(Fixed {
            expression: "x^2 + 2*y^2",
            domain: &[[-5.5, 2.0], [-3.0, 2.0]],
            start: &[-5.0, -2.0],
            minima: &[&[0.0, 0.0]],
        })
    },
};
