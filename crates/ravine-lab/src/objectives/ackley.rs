//! Ackley's function.

use super::{Family, Parts, sum, variables};
use crate::Result;
use ravine::{Entry, Range};

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "ackley",
    presets: &[],
    title: "Ackley's funnel",
    formula: "20 + e - 20 exp(-0.2 sqrt(mean of x_i^2)) - exp(mean of cos(2 pi x_i))",
    advice: "A funnel with ripples; at its minimum there is a kink, where the gradient does not exist.",
    source: "Ackley, A Connectionist Machine for Genetic Hillclimbing, 1987",
    make: || Box::new(Ackley::default()),
};

ravine::hyper! {
    /// Ackley's function of n coordinates.
    struct Ackley {
        /// Number of coordinates, at most 200.
        n: u64 = 2, Range::AtLeastOne;
    }
}

impl Family for Ackley {
    fn parts(&self) -> Result<Parts> {
        let (n, x) = (self.n, variables(self.n, 1)?);
        let squares = sum(&x, |x| format!("{x}^2"));
        let waves = sum(&x, |x| format!("cos(2*pi*{x})"));
        Ok(Parts {
            expression: format!("20 + e - 20*exp(-0.2*sqrt(({squares})/{n})) - exp(({waves})/{n})"),
            domain: vec![[-5.0, 5.0]; n as usize],
            start: [-3.3, 2.2].into_iter().cycle().take(n as usize).collect(),
            minima: vec![vec![0.0; n as usize]],
            noise: 0.0,
        })
    }
}
