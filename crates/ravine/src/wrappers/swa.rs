//! Stochastic weight averaging in text.

use super::Wrapper;
use crate::average::Swa;
use crate::builder::Builder;
use crate::catalogue::Entry;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "swa",
    presets: &[],
    title: "Stochastic weight averaging: mean of the weights at some steps, to evaluate with",
    formula: "average = mean of w after steps start, start + every, start + 2 every, ...",
    advice: "The last quarter of a run at a constant or cyclic learning rate. Recompute the statistics of batch \
             normalisation before evaluating. Not with a schedule that ends at 0.",
    source: "Izmailov et al., UAI 2018, arXiv 1803.05407, algorithm 1",
    make: || Box::new(Swa::default()),
};

impl Wrapper for Swa {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.swa(*self)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(*self)
    }
}
