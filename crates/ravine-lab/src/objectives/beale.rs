//! Beale's function.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "beale",
    presets: &[],
    title: "Beale's function",
    formula: "(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2",
    advice: "Flat almost everywhere, steep at the corners: gradients of very different sizes on one path.",
    source: "Beale, On an iterative method for finding a local minimum of a function of more than one variable, 1958; Jamil, Yang, A literature survey of benchmark functions, 2013, arXiv 1308.4008, function 10",
    make: || {
        Box::new(Fixed {
            expression: "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
            domain: &[[-4.5, 4.5], [-4.5, 4.5]],
            start: &[1.0, 1.5],
            minima: &[&[3.0, 0.5]],
        })
    },
};
