//! Adaptive sharpness-aware minimisation in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::hyper::Range;
use crate::sam::Sam;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "asam",
    presets: &[],
    title: "ASAM: SAM with distances relative to each weight",
    formula: "g = gradient at w + rho t^2 g / |t g|, t = |w| + eta",
    advice: "As sam, where the scales of the weights differ; rho is about ten times as large: 0.5 to 2.",
    source: "Kwon et al., ICML 2021, arXiv 2102.11600, equation 6; the authors' asam",
    make: || Box::new(AdaptiveSharpness::default()),
};

crate::hyper! {
    /// Adaptive sharpness-aware minimisation: see [`Builder::sam`].
    pub struct AdaptiveSharpness {
        /// How far the worst weights are sought, relative to each.
        rho: f64 = 0.5, Range::NonNegative;
        /// What is added to the size of each weight, so that weights near 0 are moved too.
        eta: f64 = 0.01, Range::NonNegative;
    }
}

impl Wrapper for AdaptiveSharpness {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.sam(Sam { rho: self.rho, adaptive: Some(self.eta) })
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(self.clone())
    }
}
