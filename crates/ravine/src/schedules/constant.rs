//! A learning rate that does not change.

use super::Shape;
use crate::catalogue::Entry;
use crate::hyper::{Hyper, Param, Value};
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "constant",
    presets: &[],
    title: "Constant",
    formula: "lr(t) = base",
    advice: "For first trials, or with iterate averaging; nearly every tuned recipe decays in the end.",
    source: "Robbins, Monro, A Stochastic Approximation Method, 1951, shows what a decay would add",
    make: || Box::new(Constant),
};

/// The base learning rate at every step: lr(t) = base. It has no hyper-parameters.
///
/// PyTorch's `ConstantLR`, a factor for some steps, is `Constant.scale(factor).then(steps, Constant)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constant;

impl Hyper for Constant {
    fn params(&self) -> &'static [Param] {
        &[]
    }
    fn get(&self, _name: &str) -> Option<Value> {
        None
    }
    fn put(&mut self, _name: &str, _value: Value) -> bool {
        false
    }
}

impl Schedule for Constant {
    fn lr(&self, base: f64, _step: u64) -> f64 {
        base
    }
    fn spec(&self) -> String {
        ENTRY.name.into()
    }
}

impl Shape for Constant {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_constant() {
        for step in [0, 1, 1000, u64::MAX] {
            assert_eq!(Constant.lr(0.3, step), 0.3);
        }
        assert_eq!(Constant.spec(), "constant");
    }
}
