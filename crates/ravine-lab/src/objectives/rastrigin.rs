//! Rastrigin's function.

use super::{Family, Parts, sum, variables};
use crate::Result;
use ravine::{Entry, Range};

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "rastrigin",
    presets: &[],
    title: "Rastrigin's egg box",
    formula: "10 n + sum of x_i^2 - 10 cos(2 pi x_i)",
    advice: "Minima on a grid: a test of noise and restarts, hopeless for plain descent.",
    source: "Rastrigin, Systems of Extremal Control, 1974; Hoffmeister, Baeck, 1990",
    make: || Box::new(Rastrigin::default()),
};

ravine::hyper! {
    /// Rastrigin's function of n coordinates.
    struct Rastrigin {
        /// Number of coordinates, at most 200.
        n: u64 = 2, Range::AtLeastOne;
    }
}

impl Family for Rastrigin {
    fn parts(&self) -> Result<Parts> {
        let (n, x) = (self.n, variables(self.n, 1)?);
        Ok(Parts {
            expression: format!("10*{n} + {}", sum(&x, |x| format!("({x}^2 - 10*cos(2*pi*{x}))"))),
            domain: vec![[-5.12, 5.12]; n as usize],
            start: [-3.4, 2.6].into_iter().cycle().take(n as usize).collect(),
            minima: vec![vec![0.0; n as usize]],
            noise: 0.0,
        })
    }
}
