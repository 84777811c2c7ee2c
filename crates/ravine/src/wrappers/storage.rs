//! How the state is kept, in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::hyper::Range;
use crate::state::Storage;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "storage",
    presets: &[],
    title: "How the state of the rule is kept: full, bf16, f16, int8, int4",
    formula: "state of 4, 2, 2, 1.016 or 0.531 bytes an element",
    advice: "Large models whose state does not fit: int8 follows full state closely for Adam and momentum. Not where \
             the state fits, and not for tiny models: blocks of 256 share a scale.",
    source: "Dettmers et al., ICLR 2022, arXiv 2110.02861; int4: Li et al., NeurIPS 2023, arXiv 2309.01507",
    make: || Box::new(Stored::default()),
};

crate::hyper! {
    /// How the state is kept: see [`Storage`].
    pub struct Stored {
        /// The kind.
        kind: &'static str = "full", Range::Words(&["full", "bf16", "f16", "int8", "int4"]);
    }
}

impl Wrapper for Stored {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        let kind = Storage::ALL.iter().find(|(name, _)| *name == self.kind);
        builder.storage(kind.map_or_else(Storage::default, |(_, kind)| *kind))
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(self.clone())
    }
}
