//! The three-hump camel function.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "three-hump-camel",
    presets: &[],
    title: "Three-hump camel",
    formula: "2 x^2 - 1.05 x^4 + x^6 / 6 + x y + y^2",
    advice: "Three minima of which the middle one is the lowest.",
    source: "Jamil, Yang, A literature survey of benchmark functions, 2013, arXiv 1308.4008, function 29",
    make: || {
        Box::new(Fixed {
            expression: "2*x^2 - 1.05*x^4 + x^6/6 + x*y + y^2",
            domain: &[[-2.2, 2.2], [-2.2, 2.2]],
            start: &[-2.0, 1.5],
            minima: &[&[0.0, 0.0]],
        })
    },
};
