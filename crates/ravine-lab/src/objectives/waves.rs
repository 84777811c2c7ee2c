//! x cos(c x).

use super::{Family, Parts};
use crate::Result;
use ravine::{Entry, Range};

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "waves",
    presets: &[],
    title: "Waves that grow",
    formula: "x cos(c x)",
    advice: "A large learning rate jumps out of the near valley, and here into a worse one.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || Box::new(Waves::default()),
};

ravine::hyper! {
    /// x cos(c x).
    struct Waves {
        /// Frequency c; 0.15 pi unless said.
        c: f64 = 0.15 * std::f64::consts::PI, Range::Positive;
    }
}

impl Family for Waves {
    fn parts(&self) -> Result<Parts> {
        // The global minimum depends on where one stops to look: none is known for all x.
        let turns = (self.c / std::f64::consts::PI * 1e9).round() / 1e9;
        let exact = turns * std::f64::consts::PI == self.c;
        let c = if exact { format!("{turns}*pi") } else { self.c.to_string() };
        Ok(Parts {
            expression: format!("x*cos({c}*x)"),
            domain: vec![[-11.0, 11.0]],
            start: vec![10.0],
            minima: Vec::new(),
            noise: 0.0,
        })
    }
}
