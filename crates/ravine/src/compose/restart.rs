//! A schedule that begins again.

use crate::schedule::Schedule;
use crate::schedules::text;

/// The inner schedule from its step 0 again every `every` steps. Made by [`Schedule::restart`].
///
/// lr(t) = inner(t mod every); with `every` 0 the inner schedule is left alone. Text key: `restart`.
#[derive(Clone, Debug, PartialEq)]
pub struct Restart<S> {
    inner: S,
    every: u64,
}

impl<S: Schedule> Restart<S> {
    pub(crate) fn new(inner: S, every: u64) -> Self {
        Self { inner, every }
    }

    fn step(&self, step: u64) -> u64 {
        step.checked_rem(self.every).unwrap_or(step)
    }
}

impl<S: Schedule> Schedule for Restart<S> {
    fn lr(&self, base: f64, step: u64) -> f64 {
        self.inner.lr(base, self.step(step))
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        self.inner.momentum(self.step(step))
    }
    fn length(&self) -> Option<u64> {
        if self.every == 0 { self.inner.length() } else { Some(self.every.saturating_mul(3)) }
    }
    fn spec(&self) -> String {
        text::with_key(self.inner.spec(), "restart", &format!("restart={}", self.every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::{Cosine, CosineRestarts, OneCycle};

    #[test]
    fn cosine_with_restart_is_cosine_with_warm_restarts() {
        let (a, b) = (Cosine::new(7).restart(7), CosineRestarts::new(7));
        for step in [0, 1, 6, 7, 8, 13, 14, u64::MAX] {
            assert_eq!(a.lr(0.3, step), b.lr(0.3, step), "step {step}");
        }
    }

    #[test]
    fn momentum_begins_again_too() {
        let cycle = OneCycle::new(7).restart(7);
        assert_eq!(
            [0, 9, 700].map(|step| cycle.momentum(step)),
            [0, 2, 0].map(|step| OneCycle::new(7).momentum(step))
        );
    }

    #[test]
    fn zero_is_never() {
        assert_eq!(Cosine::new(7).restart(0).lr(0.3, 9), 0.0);
    }
}
