//! A factor that moves with the step.

use super::transform::Transform;
use crate::hyper::{Hyper, Param, Value};
use crate::real::Real;
use crate::rule::{At, Slot};
use crate::schedule::Schedule;
use std::fmt;
use std::sync::Arc;

/// u = s(t) u, where s(t) is what the schedule makes of a base of 1; optax's `scale_by_schedule`.
///
/// The schedule of the learning rate is the optimizer's, [`Builder::schedule`](crate::Builder::schedule): this is for
/// another amid the chain, such as one for weight decay alone.
#[derive(Clone)]
pub struct ScaleBySchedule(Arc<dyn Schedule>);

impl ScaleBySchedule {
    /// Scales by this schedule.
    pub fn new(schedule: impl Schedule + 'static) -> Self {
        Self(Arc::new(schedule))
    }
}

impl fmt::Debug for ScaleBySchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScaleBySchedule").field(&self.0.spec()).finish()
    }
}

impl Hyper for ScaleBySchedule {
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

impl Transform for ScaleBySchedule {
    type Slots<T: Copy> = [T; 0];
    type Scalars<T: Copy> = [T; 1];
    fn name(&self) -> &'static str {
        "scale-by-schedule"
    }
    fn slots(&self) -> [Slot; 0] {
        []
    }
    fn scalars(&self, at: At) -> [f64; 1] {
        [self.0.lr(1.0, at.step)]
    }
    #[inline(always)]
    fn apply<R: Real>([factor]: [R; 1], _: R, u: R, s: [R; 0]) -> (R, [R; 0]) {
        (factor * u, s)
    }
}
