//! How weights of 16 bits are rounded, in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::extras::Rounding;
use crate::hyper::Range;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "rounding",
    presets: &[],
    title: "How weights of 16 bits are rounded: nearest, stochastic, kahan, master",
    formula: "w = round(w_new); kahan keeps w_new - w beside w, master w_new itself",
    advice: "Training in bf16 or f16, where steps smaller than half a unit in the last place are lost otherwise: \
             stochastic costs no memory, kahan 2 bytes, master 4. Nothing to round in f32 and f64.",
    source: "Zamirai et al., 2020, arXiv 2010.06192; master: Micikevicius et al., ICLR 2018, arXiv 1710.03740",
    make: || Box::new(Rounded::default()),
};

crate::hyper! {
    /// How weights of 16 bits are rounded: see [`Rounding`].
    pub struct Rounded {
        /// The kind.
        kind: &'static str = "nearest", Range::Words(&["nearest", "stochastic", "kahan", "master"]);
    }
}

impl Wrapper for Rounded {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        let kind = Rounding::ALL.iter().find(|(name, _)| *name == self.kind);
        builder.rounding(kind.map_or_else(Rounding::default, |(_, kind)| *kind))
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(self.clone())
    }
}
