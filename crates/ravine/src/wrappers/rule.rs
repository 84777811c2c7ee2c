//! A rule with its wrappers, on the way from text to a builder.

use super::Wrapper;
use crate::error::Result;
use crate::hyper::{Hyper, Param, Value};
use crate::pass::Pass;
use crate::rule::{At, Decay, Rule, Slot};

/// A rule and what a step is to do around it. A builder takes it apart: steps are made by the rule alone.
pub(crate) struct Wrapped {
    rule: Box<dyn Rule>,
    wrappers: Vec<Box<dyn Wrapper>>,
}

impl Wrapped {
    pub(crate) fn new(rule: Box<dyn Rule>, wrappers: Vec<Box<dyn Wrapper>>) -> Self {
        Self { rule, wrappers }
    }
}

impl Hyper for Wrapped {
    fn params(&self) -> &'static [Param] {
        self.rule.params()
    }
    fn get(&self, name: &str) -> Option<Value> {
        self.rule.get(name)
    }
    fn put(&mut self, name: &str, value: Value) -> bool {
        self.rule.put(name, value)
    }
}

impl Rule for Wrapped {
    fn name(&self) -> &'static str {
        self.rule.name()
    }
    fn lr(&self) -> f64 {
        self.rule.lr()
    }
    fn slots(&self) -> Vec<Slot> {
        self.rule.slots()
    }
    fn decay(&self) -> Decay {
        self.rule.decay()
    }
    fn check(&self) -> Result<()> {
        self.rule.check()
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        self.rule.step(at, pass)
    }
    fn wrapped(&self) -> Option<crate::rule::Unwrapped<'_>> {
        Some((&*self.rule, &self.wrappers))
    }
    fn boxed(&self) -> Box<dyn Rule> {
        let wrappers = self.wrappers.iter().map(|wrapper| wrapper.boxed()).collect();
        Box::new(Self { rule: self.rule.boxed(), wrappers })
    }
}
