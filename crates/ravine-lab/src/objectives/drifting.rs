//! A bowl that moves.

use super::{Family, Parts};
use crate::Result;
use ravine::{Entry, Range};

pub(super) const ENTRY: Entry<Box<dyn Family>> = Entry {
    name: "drifting",
    presets: &[],
    title: "Bowl whose minimum moves",
    formula: "(x - speed t)^2 + (y - sin(speed t))^2 in step t",
    advice: "The past misleads: rules that remember all gradients fall behind.",
    source: "The non-stationary setting of Tieleman, Hinton, lecture 6.5 of Neural Networks for Machine Learning, 2012",
    make: || Box::new(Drifting::default()),
};

ravine::hyper! {
    /// A quadratic whose minimum moves along a wave.
    struct Drifting {
        /// Distance by which the minimum moves in a step.
        speed: f64 = 0.01, Range::NonNegative;
    }
}

impl Family for Drifting {
    fn parts(&self) -> Result<Parts> {
        let speed = self.speed;
        Ok(Parts {
            expression: format!("(x - {speed}*t)^2 + (y - sin({speed}*t))^2"),
            domain: vec![[-2.0, 6.0], [-2.5, 2.5]],
            start: vec![-1.0, 2.0],
            minima: vec![vec![0.0, 0.0]],
            noise: 0.0,
        })
    }
}
