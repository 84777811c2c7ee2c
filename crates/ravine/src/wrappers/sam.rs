//! Sharpness-aware minimisation in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::hyper::Range;
use crate::sam::Sam;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "sam",
    presets: &[],
    title: "SAM: the gradient at the worst weights nearby, for flat minima",
    formula: "g = gradient at w + rho g / |g|",
    advice: "Better generalisation, of image models above all, for two gradients a step: compare with twice the steps. \
             rho 0.05 to 0.2.",
    source: "Foret et al., ICLR 2021, arXiv 2010.01412, equation 2",
    make: || Box::new(Sharpness::default()),
};

crate::hyper! {
    /// Sharpness-aware minimisation: see [`Builder::sam`].
    pub struct Sharpness {
        /// How far the worst weights are sought.
        rho: f64 = 0.05, Range::NonNegative;
    }
}

impl Wrapper for Sharpness {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.sam(Sam { rho: self.rho, adaptive: None })
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(self.clone())
    }
}
