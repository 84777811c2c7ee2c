//! Gradient centralisation in text.

use super::Wrapper;
use crate::builder::Builder;
use crate::catalogue::Entry;
use crate::hyper::{Hyper, Param, Value};

pub(super) const ENTRY: Entry<Box<dyn Wrapper>> = Entry {
    name: "centralize",
    presets: &[],
    title: "Gradient centralisation: gradients without their mean, unit by unit",
    formula: "g -= mean(g) over what feeds one output, for tensors of 2 dimensions or more",
    advice: "Convolutional and other dense layers, with sgd or adam, for somewhat better generalisation. Costs a \
             reading and a writing of the gradients. Not for embeddings, whose rows are no filters.",
    source: "Yong et al., ECCV 2020, arXiv 2004.01461, equation 1",
    make: || Box::new(Centralize),
};

/// Gradient centralisation: see [`Builder::centralize`]. It has no hyper-parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Centralize;

impl Hyper for Centralize {
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

impl Wrapper for Centralize {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn wrap(&self, builder: Builder) -> Builder {
        builder.centralize(true)
    }
    fn boxed(&self) -> Box<dyn Wrapper> {
        Box::new(*self)
    }
}
