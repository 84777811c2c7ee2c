//! Booth's function.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "booth",
    presets: &[],
    title: "Booth's function",
    formula: "(x + 2 y - 7)^2 + (2 x + y - 5)^2",
    advice: "A bowl whose axes are not those of the coordinates: per-coordinate rates cannot undo that.",
    source: "Jamil, Yang, A literature survey of benchmark functions, 2013, arXiv 1308.4008, function 17",
    make: || {
        Box::new(Fixed {
            expression: "(x + 2*y - 7)^2 + (2*x + y - 5)^2",
            domain: &[[-10.0, 10.0], [-10.0, 10.0]],
            start: &[-8.0, -6.0],
            minima: &[&[1.0, 3.0]],
        })
    },
};
