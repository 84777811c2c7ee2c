//! Himmelblau's function.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "himmelblau",
    presets: &[],
    title: "Himmelblau's four minima",
    formula: "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    advice: "Four minima of the same value: which one is found depends on start, learning rate and noise.",
    source: "Himmelblau, Applied Nonlinear Programming, 1972; Jamil, Yang, A literature survey of benchmark functions, 2013, arXiv 1308.4008, function 65",
    make: || {
        Box::new(Fixed {
            expression: "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
            domain: &[[-5.0, 5.0], [-5.0, 5.0]],
            start: &[0.0, -1.0],
            minima: &[
                &[3.0, 2.0],
                &[-2.805118086952745, 3.131312518250573],
                &[-3.779310253377747, -3.28318599128617],
                &[3.584428340330492, -1.848126526964404],
            ],
        })
    },
};
