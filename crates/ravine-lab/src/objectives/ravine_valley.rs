//! 0.1 x^2 + 2 y^2.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "ravine",
    presets: &[],
    title: "Ravine, twenty times as steep one way",
    formula: "0.1 x^2 + 2 y^2",
    advice: "A learning rate that the steep side bears is too small along the floor: where momentum and per-coordinate rates help.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || {
        Box::new(Fixed {
            expression: "0.1*x^2 + 2*y^2",
            domain: &[[-5.5, 2.0], [-3.0, 2.0]],
            start: &[-5.0, -2.0],
            minima: &[&[0.0, 0.0]],
        })
    },
};
