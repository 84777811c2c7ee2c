//! Rosenbrock's function.

use super::{Family, Parts, variables};
use crate::Result;
use ravine::{Entry, Range};

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "rosenbrock",
    presets: &[],
    title: "Rosenbrock's banana valley",
    formula: "sum over i < n of 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2",
    advice: "The valley is found at once; the way along its bent floor is long.",
    source: "Rosenbrock, The Computer Journal 3(3), 1960",
    make: || Box::new(Rosenbrock::default()),
};

ravine::hyper! {
    /// Rosenbrock's function of n >= 2 coordinates.
    struct Rosenbrock {
        /// Number of coordinates, 2 to 200.
        n: u64 = 2, Range::AtLeastOne;
    }
}

impl Family for Rosenbrock {
    fn parts(&self) -> Result<Parts> {
        let (n, x) = (self.n, variables(self.n, 2)?);
        let terms = x.windows(2).map(|pair| format!("100*({1} - {0}^2)^2 + (1 - {0})^2", pair[0], pair[1]));
        let start = [-1.2, 1.0].into_iter().cycle().take(n as usize).collect();
        let mut domain = vec![[-2.0, 2.0]; n as usize];
        domain[1] = [-1.0, 3.0];
        Ok(Parts {
            expression: terms.collect::<Vec<_>>().join(" + "),
            domain,
            start,
            minima: vec![vec![1.0; n as usize]],
            noise: 0.0,
        })
    }
}
