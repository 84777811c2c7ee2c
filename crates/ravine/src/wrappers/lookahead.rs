//! Lookahead in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::lookahead::Lookahead;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "lookahead",
    presets: &[],
    title: "Slow weights that follow fast ones",
    formula: "after every `steps` steps: slow += alpha (fast - slow); fast = slow",
    advice: "Steadies a rule that oscillates; a copy of the weights in memory. Not needed beside an average of the \
             weights.",
    source: "Zhang, Lucas, Hinton, Ba, NeurIPS 2019, arXiv 1907.08610, algorithm 1",
    make: || Box::new(Lookahead::default()),
};

impl Wrapper for Lookahead {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.lookahead(*self)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(*self)
    }
}
