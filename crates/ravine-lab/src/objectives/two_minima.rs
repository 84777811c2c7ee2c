//! x cos(pi x) on [-1, 2].

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "two-minima",
    presets: &[],
    title: "Two minima, one of them the lower",
    formula: "x cos(pi x)",
    advice: "Gradient descent finds the minimum of the valley it starts in, which need not be the lowest.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || {
        Box::new(Fixed {
            expression: "x*cos(pi*x)",
            domain: &[[-1.0, 2.0]],
            start: &[0.0],
            minima: &[&[1.0904076499120987]],
        })
    },
};
