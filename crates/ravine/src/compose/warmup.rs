//! Warmup.

use crate::hyper::Value;
use crate::schedule::Schedule;
use crate::schedules::text;

/// The way from the start factor to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ramp {
    /// Equal differences.
    #[default]
    Linear,
    /// Equal ratios.
    Exponential,
}

/// Rises to the inner schedule's first learning rate, then follows it from its step 0. Made by [`Schedule::warmup`].
///
/// With p = (t + 1) / steps, step t < steps runs at
/// - linear: (from (1 - p) + p) inner(0), which is (t + 1) / steps of it for the default `from` of 0
///   (Goyal et al., arXiv 1706.02677, section 2.2);
/// - exponential: from^(1 - p) inner(0).
///
/// So the last step of the warmup runs at the inner schedule's first learning rate, no step runs at 0, and the
/// schedule is `steps` longer than the inner one. PyTorch's `LinearLR`, whose first step is at the start factor
/// itself, is [`Linear`](crate::schedules::Linear). Text keys: `warmup`, `warmup_from`, `warmup_shape`.
#[derive(Clone, Debug, PartialEq)]
pub struct Warmup<S> {
    inner: S,
    steps: u64,
    from: f64,
    ramp: Ramp,
}

impl<S: Schedule> Warmup<S> {
    pub(crate) fn new(inner: S, steps: u64) -> Self {
        Self { inner, steps, from: 0.0, ramp: Ramp::Linear }
    }

    /// Rises from this share of the first learning rate (default 0) instead.
    pub fn from(self, factor: f64) -> Self {
        Self { from: factor, ..self }
    }

    /// Rises by equal ratios from this share of the first learning rate, which has to be above 0.
    pub fn exponential(self, from: f64) -> Self {
        Self { from, ramp: Ramp::Exponential, ..self }
    }

    fn factor(&self, step: u64) -> f64 {
        let progress = (step + 1) as f64 / self.steps as f64;
        match self.ramp {
            // This form is exact at both ends.
            Ramp::Linear => self.from * (1.0 - progress) + progress,
            Ramp::Exponential => self.from.powf(1.0 - progress),
        }
    }
}

impl<S: Schedule> Schedule for Warmup<S> {
    fn lr(&self, base: f64, step: u64) -> f64 {
        match step.checked_sub(self.steps) {
            None => self.factor(step) * self.inner.lr(base, 0),
            Some(step) => self.inner.lr(base, step),
        }
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        self.inner.momentum(step.saturating_sub(self.steps))
    }
    fn length(&self) -> Option<u64> {
        self.inner.length().map(|inner| inner.saturating_add(self.steps))
    }
    fn spec(&self) -> String {
        let mut keys = format!("warmup={}", self.steps);
        if self.from != 0.0 {
            keys += &format!(",warmup_from={}", Value::Float(self.from));
        }
        if self.ramp == Ramp::Exponential {
            keys += ",warmup_shape=exponential";
        }
        text::with_key(self.inner.spec(), "warmup", &keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::{Constant, Cosine, OneCycle};

    #[test]
    fn linear_warmup_is_goyals() {
        let schedule = Cosine::new(100).warmup(5);
        for step in 0..5 {
            assert_eq!(schedule.lr(0.5, step), 0.5 * ((step + 1) as f64 / 5.0));
        }
        assert_eq!(schedule.lr(0.5, 4), 0.5);
        assert_eq!(schedule.lr(0.5, 5), 0.5);
        assert_eq!(schedule.lr(0.5, 55), Cosine::new(100).lr(0.5, 50));
    }

    #[test]
    fn it_rises_from_the_start_factor_and_ends_exactly_at_the_first_lr() {
        for schedule in [Constant.warmup(3).from(0.1), Constant.warmup(3).exponential(0.1)] {
            assert!(schedule.lr(1.0, 0) > 0.1 && schedule.lr(1.0, 1) > schedule.lr(1.0, 0));
            assert_eq!(schedule.lr(1.0, 2), 1.0);
        }
        let ratio = Constant.warmup(3).exponential(0.001);
        assert!((ratio.lr(1.0, 0) - 0.01).abs() < 1e-15 && (ratio.lr(1.0, 1) - 0.1).abs() < 1e-15);
    }

    #[test]
    fn no_steps_change_nothing() {
        assert_eq!(Cosine::new(10).warmup(0).lr(0.5, 3), Cosine::new(10).lr(0.5, 3));
    }

    #[test]
    fn momentum_waits_at_its_first_value() {
        let schedule = OneCycle::new(10).warmup(4);
        assert_eq!(schedule.momentum(2), OneCycle::new(10).momentum(0));
        assert_eq!(schedule.momentum(7), OneCycle::new(10).momentum(3));
    }

    #[test]
    fn text() {
        assert_eq!(Constant.warmup(50).spec(), "constant:warmup=50");
        assert_eq!(
            Cosine::new(9).scale(2.0).warmup(50).exponential(0.1).spec(),
            "cosine:steps=9,scale=2,warmup=50,warmup_from=0.1,warmup_shape=exponential"
        );
    }
}
