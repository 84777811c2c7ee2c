//! Cautious updates in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::hyper::{Hyper, Param, Value};

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "cautious",
    presets: &[],
    title: "Cautious updates: only what goes down the gradient",
    formula: "u = w_new - w; u = u [u g < 0] n / max(count(u g < 0), n / 1000)",
    advice: "Rules with momentum, for faster training at no memory; costs a second look at gradient and state. No \
             gain for plain sgd, whose every update goes down.",
    source: "Liang et al., 2024, arXiv 2411.16085, algorithm 1",
    make: || Box::new(Cautious),
};

/// Cautious updates: see [`Builder::cautious`]. It has no hyper-parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cautious;

impl Hyper for Cautious {
    fn params(&self) -> &'static [Param] {
        &[]
    }
    fn get(&self, _: &str) -> Option<Value> {
        None
    }
    fn put(&mut self, _: &str, _: Value) -> bool {
        false
    }
}

impl Wrapper for Cautious {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.cautious(true)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(*self)
    }
}
