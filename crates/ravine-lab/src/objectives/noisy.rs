//! A bowl seen through noise.

use super::{Family, Parts};
use crate::Result;
use ravine::{Entry, Range};

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "noisy",
    presets: &[],
    title: "Bowl seen through noise",
    formula: "x^2 + 2 y^2, with N(0, noise^2) added to each coordinate of its gradient",
    advice: "With a constant learning rate the iterates hover: the standard deviation is noise sqrt(lr / (L (2 - lr L))) for curvature L.",
    source: "Zhang, Lipton, Li, Smola, Dive into Deep Learning, chapter Optimization Algorithms",
    make: || Box::new(Noisy::default()),
};

ravine::hyper! {
    /// A bowl whose gradient is noisy.
    struct Noisy {
        /// Standard deviation of the noise.
        noise: f64 = 1.0, Range::NonNegative;
    }
}

impl Family for Noisy {
    fn parts(&self) -> Result<Parts> {
        Ok(Parts {
            expression: "x^2 + 2*y^2".into(),
            domain: vec![[-5.5, 2.0], [-3.0, 2.0]],
            start: vec![-5.0, -2.0],
            minima: vec![vec![0.0, 0.0]],
            noise: self.noise,
        })
    }
}
