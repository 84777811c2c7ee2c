//! An exponential moving average of the weights in text.

use super::Wrapper;
use crate::average::Ema;
use crate::builder::Builder;
use crate::catalogue::Entry;

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "ema",
    presets: &[],
    title: "Exponential moving average of the weights, to evaluate with",
    formula: "average += (1 - decay) (w - average)",
    advice: "Nearly free accuracy at the end of a run, most of all at a learning rate that does not fall to 0; a \
             copy of the weights in memory. In runs of fewer than some 1 / (1 - decay) steps switch warmup on.",
    source: "Polyak, Juditsky 1992; Tarvainen, Valpola, NeurIPS 2017, arXiv 1703.01780",
    make: || Box::new(Ema::default()),
};

impl Wrapper for Ema {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.ema(*self)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(*self)
    }
}
