//! The function of Styblinski and Tang.

use super::{Family, Parts, sum, variables};
use crate::Result;
use ravine::{Entry, Range};

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "styblinski-tang",
    presets: &[],
    title: "Styblinski and Tang's function",
    formula: "half the sum of x_i^4 - 16 x_i^2 + 5 x_i",
    advice: "Two valleys in every coordinate, one a little deeper: 2^n minima.",
    source: "Styblinski, Tang, Neural Networks 3(4), 1990",
    make: || Box::new(StyblinskiTang::default()),
};

ravine::hyper! {
    /// Styblinski and Tang's function of n coordinates.
    struct StyblinskiTang {
        /// Number of coordinates, at most 200.
        n: u64 = 2, Range::AtLeastOne;
    }
}

impl Family for StyblinskiTang {
    fn parts(&self) -> Result<Parts> {
        let (n, x) = (self.n, variables(self.n, 1)?);
        Ok(Parts {
            expression: format!("0.5*({})", sum(&x, |x| format!("({x}^4 - 16*{x}^2 + 5*{x})"))),
            domain: vec![[-5.0, 5.0]; n as usize],
            start: [0.3, 4.0].into_iter().cycle().take(n as usize).collect(),
            minima: vec![vec![-2.903534027771178; n as usize]],
            noise: 0.0,
        })
    }
}
