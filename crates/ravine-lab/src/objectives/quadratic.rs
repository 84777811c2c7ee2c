//! Quadratics of a chosen spectrum.

use super::{Family, Parts, variables};
use crate::Result;
use ravine::{Entry, Range};

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "quadratic",
    presets: &[],
    title: "Quadratic of a chosen spectrum",
    formula: "half the sum of lambda_i x_i^2",
    advice: "The condition number decides how many steps gradient descent needs; momentum needs its square root.",
    source: "Nocedal, Wright, Numerical Optimization, 2006, section 3.3",
    make: || Box::new(Quadratic::default()),
};

ravine::hyper! {
    /// A quadratic with a curvature for each coordinate.
    struct Quadratic {
        /// Number of coordinates, at most 200, if no spectrum is given.
        n: u64 = 2, Range::AtLeastOne;
        /// Largest curvature over smallest; the largest is 1, the others in equal ratios.
        condition: f64 = 100.0, Range::AtLeastOne;
        /// The curvatures themselves, such as 0.1/1/10, in place of n and condition.
        spectrum: Vec<f64> = Vec::new(), Range::Finite;
    }
}

impl Family for Quadratic {
    fn parts(&self) -> Result<Parts> {
        let spectrum = match &self.spectrum[..] {
            [] => {
                let n = variables(self.n, 1)?.len();
                let place = |i: usize| if n == 1 { 1.0 } else { i as f64 / (n - 1) as f64 };
                (0..n).map(|i| self.condition.powf(place(i) - 1.0)).collect()
            }
            given => given.to_vec(),
        };
        let n = spectrum.len();
        let terms = variables(n as u64, 1)?.into_iter().zip(&spectrum).map(|(x, l)| format!("({l})*{x}^2"));
        Ok(Parts {
            expression: format!("0.5*({})", terms.collect::<Vec<_>>().join(" + ")),
            domain: vec![[-5.0, 5.0]; n],
            start: vec![-4.0; n],
            // A direction that does not rise has no minimum.
            minima: if spectrum.iter().all(|l| *l > 0.0) { vec![vec![0.0; n]] } else { Vec::new() },
            noise: 0.0,
        })
    }
}
