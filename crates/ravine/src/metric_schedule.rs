//! Learning-rate schedules that listen to a metric.

/// A learning-rate schedule that depends on what a metric has done so far, such as [`Plateau`](crate::Plateau).
///
/// Unlike a [`Schedule`](crate::Schedule) it has state, which checkpoints of the optimizer hold.
pub trait MetricSchedule: Send + Sync {
    /// Takes the latest value of the metric. True if that changed the learning rate.
    fn observe(&mut self, metric: f64) -> bool;

    /// The learning rate now, where `base` is the one that it would be without this schedule.
    fn lr(&self, base: f64) -> f64;

    /// Its text form, such as `plateau:patience=5`.
    fn spec(&self) -> String;

    /// Its state, for a checkpoint.
    fn save(&self) -> serde_json::Value;

    /// Goes on from a saved state.
    ///
    /// # Errors
    /// What is wrong with a state that is not one of this schedule's. Then nothing has changed.
    fn load(&mut self, state: &serde_json::Value) -> Result<(), String>;
}
