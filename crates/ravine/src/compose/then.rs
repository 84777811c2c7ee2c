//! One schedule after another.

use crate::schedule::Schedule;
use crate::schedules::text;

/// One schedule for some steps, then another from its own step 0. Made by [`Schedule::then`].
///
/// lr(t) = first(t) for t < steps, next(t - steps) from there on; PyTorch's `SequentialLR`. Its text form is
/// `first for steps then next`.
#[derive(Clone, Debug, PartialEq)]
pub struct Then<A, B> {
    first: A,
    steps: u64,
    next: B,
}

impl<A: Schedule, B: Schedule> Then<A, B> {
    pub(crate) fn new(first: A, steps: u64, next: B) -> Self {
        Self { first, steps, next }
    }
}

impl<A: Schedule, B: Schedule> Schedule for Then<A, B> {
    fn lr(&self, base: f64, step: u64) -> f64 {
        match step.checked_sub(self.steps) {
            None => self.first.lr(base, step),
            Some(step) => self.next.lr(base, step),
        }
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        match step.checked_sub(self.steps) {
            None => self.first.momentum(step),
            Some(step) => self.next.momentum(step),
        }
    }
    fn length(&self) -> Option<u64> {
        self.next.length().map(|next| next.saturating_add(self.steps))
    }
    fn spec(&self) -> String {
        format!("{} for {} then {}", text::operand(self.first.spec()), self.steps, self.next.spec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::{Constant, Cosine, OneCycle};

    #[test]
    fn the_boundary_belongs_to_the_next() {
        let schedule = Constant.then(10, Cosine::new(20));
        assert_eq!(schedule.lr(0.3, 9), 0.3);
        assert_eq!(schedule.lr(0.3, 10), Cosine::new(20).lr(0.3, 0));
        assert_eq!(schedule.lr(0.3, 17), Cosine::new(20).lr(0.3, 7));
        assert_eq!(schedule.spec(), "constant for 10 then cosine:steps=20");
    }

    #[test]
    fn momentum_follows_the_schedule_in_force() {
        let schedule = Constant.then(10, OneCycle::new(20));
        assert_eq!(schedule.momentum(9), None);
        assert_eq!(schedule.momentum(10), OneCycle::new(20).momentum(0));
        assert_eq!(schedule.momentum(13), OneCycle::new(20).momentum(3));
    }

    #[test]
    fn a_first_part_made_of_parts_keeps_its_brackets() {
        let inner = Constant.then(2, Cosine::new(3));
        assert_eq!(
            inner.then(4, Constant).spec(),
            "(constant for 2 then cosine:steps=3) for 4 then constant"
        );
    }
}
