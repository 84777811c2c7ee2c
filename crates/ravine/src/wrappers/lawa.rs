//! Latest weight averaging in text.

use super::Wrapper;
use crate::average::Lawa;
use crate::builder::Builder;
use crate::catalogue::Entry;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "lawa",
    presets: &[],
    title: "Latest weight averaging: mean of the latest few weights, to evaluate with",
    formula: "average = mean of w after the latest `latest` of steps every, 2 every, ...",
    advice: "As swa, but forgets the past: good from early in a run on, to see where it will end. As many copies of \
             the weights in memory as it averages.",
    source: "Kaddour, 2022, arXiv 2209.14981, section 2",
    make: || Box::new(Lawa::default()),
};

impl Wrapper for Lawa {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.lawa(*self)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(*self)
    }
}
