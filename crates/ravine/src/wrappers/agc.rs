//! Adaptive clipping in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::hyper::Range;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "agc",
    presets: &[],
    title: "Adaptive gradient clipping: relative to the weights, unit by unit",
    formula: "g *= min(1, clip max(|w|, eps) / |g|) for what feeds one output",
    advice: "Networks without normalisation, and large batches; 0.01, or less for larger batches. The paper leaves the \
             last layer out. Costs a reading and a writing of the gradients.",
    source: "Brock et al., ICML 2021, arXiv 2102.06171, section 4",
    make: || Box::new(AdaptiveClip::default()),
};

crate::hyper! {
    /// Adaptive gradient clipping: see [`Builder::agc`].
    pub struct AdaptiveClip {
        /// The largest norm of a gradient over that of its weights.
        clip: f64 = 0.01, Range::Positive;
        /// What norms of weights count as at least.
        eps: f64 = 1e-3, Range::Positive;
    }
}

impl Wrapper for AdaptiveClip {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.agc(self.clip, self.eps)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(self.clone())
    }
}
