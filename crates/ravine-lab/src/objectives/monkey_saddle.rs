//! The monkey saddle.

use super::{Family, Fixed};
use ravine::Entry;

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "monkey-saddle",
    presets: &[],
    title: "Monkey saddle",
    formula: "x^3 - 3 x y^2",
    advice: "A saddle with three ways down; its Hessian at 0 is all zeros, so second derivatives do not tell.",
    source: "Hilbert, Cohn-Vossen, Anschauliche Geometrie, 1932",
    make: || {
        Box::new(Fixed {
            expression: "x^3 - 3*x*y^2",
            domain: &[[-1.0, 1.0], [-1.0, 1.0]],
            start: &[0.9, 0.02],
            minima: &[],
        })
    },
};
