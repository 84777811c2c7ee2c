//! A schedule times a number.

use crate::hyper::Value;
use crate::schedule::Schedule;
use crate::schedules::text;

/// The learning rate of the inner schedule times a factor. Made by [`Schedule::scale`].
///
/// lr(t) = factor * inner(t), the lowest learning rate included. Text key: `scale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale<S> {
    inner: S,
    factor: f64,
}

impl<S: Schedule> Scale<S> {
    pub(crate) fn new(inner: S, factor: f64) -> Self {
        Self { inner, factor }
    }
}

impl<S: Schedule> Schedule for Scale<S> {
    fn lr(&self, base: f64, step: u64) -> f64 {
        self.factor * self.inner.lr(base, step)
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        self.inner.momentum(step)
    }
    fn length(&self) -> Option<u64> {
        self.inner.length()
    }
    fn spec(&self) -> String {
        text::with_key(self.inner.spec(), "scale", &format!("scale={}", Value::Float(self.factor)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::{Cosine, OneCycle};

    #[test]
    fn every_step_is_scaled() {
        let (plain, scaled) = (Cosine::new(9), Cosine::new(9).scale(0.5));
        for step in 0..12 {
            assert_eq!(scaled.lr(0.3, step), 0.5 * plain.lr(0.3, step));
            assert_eq!(OneCycle::new(9).scale(0.5).momentum(step), OneCycle::new(9).momentum(step));
        }
        assert_eq!(scaled.spec(), "cosine:steps=9,scale=0.5");
    }
}
