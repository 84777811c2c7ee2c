//! A schedule from a closure.

use crate::schedule::Schedule;
use std::fmt;

/// lr(t) = base * factor(t) for any function of the step; PyTorch's `LambdaLR`.
///
/// It has no text form: [`spec`](Schedule::spec) says `lambda`, which cannot be read back.
///
/// ```
/// use ravine::{Schedule, compose::Lambda};
///
/// let halved_on_odd_steps = Lambda::new(|step| if step % 2 == 0 { 1.0 } else { 0.5 });
/// assert_eq!(halved_on_odd_steps.lr(0.1, 3), 0.05);
/// ```
#[derive(Clone)]
pub struct Lambda<F> {
    factor: F,
}

impl<F: Fn(u64) -> f64 + Send + Sync> Lambda<F> {
    /// From the factor of each step.
    pub fn new(factor: F) -> Self {
        Self { factor }
    }
}

impl<F> fmt::Debug for Lambda<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lambda")
    }
}

impl<F: Fn(u64) -> f64 + Send + Sync> Schedule for Lambda<F> {
    fn lr(&self, base: f64, step: u64) -> f64 {
        base * (self.factor)(step)
    }
    fn spec(&self) -> String {
        "lambda".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closure_is_a_schedule_without_a_text_form() {
        let schedule = Lambda::new(|step| 1.0 / (1.0 + step as f64));
        assert_eq!(schedule.lr(0.5, 4), 0.1);
        let error = crate::schedules::parse(&schedule.spec(), 10).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("unknown schedule 'lambda'"), "{error}");
    }
}
