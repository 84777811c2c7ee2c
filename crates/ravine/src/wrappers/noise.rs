//! Gradient noise in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::extras::GradientNoise;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "noise",
    presets: &[],
    title: "Normal noise on the gradient that fades",
    formula: "g += n, n normal of variance eta / (1 + t)^gamma",
    advice: "Very deep or badly initialised networks that do not start to learn. Not where gradients are small \
             against eta: 0.3 is large for most models.",
    source: "Neelakantan et al., 2015, arXiv 1511.06807, section 3",
    make: || Box::new(GradientNoise::default()),
};

impl Wrapper for GradientNoise {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.gradient_noise(*self)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(*self)
    }
}
