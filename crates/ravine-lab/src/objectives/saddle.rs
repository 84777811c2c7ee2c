//! x^2 - y^2.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "saddle",
    presets: &[],
    title: "Saddle",
    formula: "x^2 - y^2",
    advice: "From the ridge y = 0 gradient descent goes to the saddle, and stays unless noise or rounding pushes it off.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || {
        Box::new(Fixed {
            expression: "x^2 - y^2",
            domain: &[[-1.0, 1.0], [-1.0, 1.0]],
            start: &[1.0, 0.0],
            minima: &[],
        })
    },
};
