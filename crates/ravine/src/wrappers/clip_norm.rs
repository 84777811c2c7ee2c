//! Clipping by norm in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::hyper::Range;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "clip-norm",
    presets: &[],
    title: "Clipping by the global norm of the gradient",
    formula: "g *= min(1, max_norm / (|g| + 1e-6))",
    advice: "Transformers and recurrent networks, against rare large gradients; 1 is common. Costs a reading of the \
             gradients. Not the cure for a learning rate that is too large.",
    source: "Pascanu, Mikolov, Bengio, ICML 2013, arXiv 1211.5063, algorithm 1; torch.nn.utils.clip_grad_norm_",
    make: || Box::new(ClipNorm::default()),
};

crate::hyper! {
    /// Clipping by the global norm: see [`Builder::clip_norm`].
    pub struct ClipNorm {
        /// The largest norm.
        max_norm: f64 = 1.0, Range::Positive;
    }
}

impl Wrapper for ClipNorm {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.clip_norm(self.max_norm)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(self.clone())
    }
}
