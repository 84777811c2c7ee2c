//! One schedule on top of another.

use crate::schedule::Schedule;
use crate::schedules::text;

/// The learning rate of the first schedule is the base of the next. Made by [`Schedule::chain`].
///
/// lr(base, t) = next(first(base, t), t). For schedules that multiply the base by a factor this is the product of the
/// factors, as in PyTorch's `ChainedScheduler`. The momentum is the next one's, or the first's if it has none. Its
/// text form is `first * next`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain<A, B> {
    first: A,
    next: B,
}

impl<A: Schedule, B: Schedule> Chain<A, B> {
    pub(crate) fn new(first: A, next: B) -> Self {
        Self { first, next }
    }
}

impl<A: Schedule, B: Schedule> Schedule for Chain<A, B> {
    fn lr(&self, base: f64, step: u64) -> f64 {
        self.next.lr(self.first.lr(base, step), step)
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        self.next.momentum(step).or_else(|| self.first.momentum(step))
    }
    fn length(&self) -> Option<u64> {
        self.first.length().max(self.next.length())
    }
    fn spec(&self) -> String {
        format!("{} * {}", text::operand(self.first.spec()), text::operand(self.next.spec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::{Constant, Exponential, OneCycle};

    #[test]
    fn factors_multiply() {
        let both = Exponential::new(0.5).chain(Exponential::new(0.25));
        assert_eq!(both.lr(2.0, 3), 2.0 * 0.125 * 0.015625);
        assert_eq!(both.spec(), "exponential:gamma=0.5 * exponential:gamma=0.25");
    }

    #[test]
    fn momentum_comes_from_whichever_has_one() {
        let cycle = OneCycle::new(10);
        let expected = cycle.momentum(4);
        assert_eq!(cycle.clone().chain(Constant).momentum(4), expected);
        assert_eq!(Constant.chain(cycle).momentum(4), expected);
    }
}
