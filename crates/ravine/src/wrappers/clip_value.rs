//! Clipping by value in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::hyper::Range;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "clip-value",
    presets: &[],
    title: "Clipping of each element of the gradient",
    formula: "g = max(-limit, min(limit, g))",
    advice: "Gradients with rare outliers in single elements; costs nothing. It turns the direction of the gradient: \
             prefer clip-norm unless norms are dominated by outliers.",
    source: "torch.nn.utils.clip_grad_value_",
    make: || Box::new(ClipValue::default()),
};

crate::hyper! {
    /// Clipping by value: see [`Builder::clip_value`].
    pub struct ClipValue {
        /// The largest magnitude.
        limit: f64 = 1.0, Range::Positive;
    }
}

impl Wrapper for ClipValue {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.clip_value(self.limit)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(self.clone())
    }
}
