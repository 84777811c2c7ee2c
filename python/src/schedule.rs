//! A learning-rate schedule.

use crate::rule::error;
use pyo3::prelude::*;
use ravine::schedules;
use std::sync::Arc;

/// A learning-rate schedule: a pure function of the step.
#[pyclass(module = "ravine._native", frozen)]
pub(crate) struct Schedule {
    schedule: Arc<dyn ravine::Schedule>,
}

#[pymethods]
impl Schedule {
    /// The schedule that a text such as `cosine:steps=1000,warmup=50` stands for, in a run of `steps` steps: 0 where the text
    /// gives all lengths itself.
    #[new]
    #[pyo3(signature = (spec, steps = 0))]
    fn new(spec: &str, steps: u64) -> PyResult<Self> {
        Ok(Self { schedule: schedules::parse(spec, steps).map_err(error)? })
    }

    /// The learning rate of a step, counted from 0, where `base` is that of the optimizer.
    fn lr(&self, base: f64, step: u64) -> f64 {
        self.schedule.lr(base, step)
    }

    /// The momentum of a step, where the schedule moves it.
    fn momentum(&self, step: u64) -> Option<f64> {
        self.schedule.momentum(step)
    }

    /// The steps of a run that it fills, if its settings say so.
    fn length(&self) -> Option<u64> {
        self.schedule.length()
    }

    /// The text that gives the same schedule.
    fn spec(&self) -> String {
        self.schedule.spec()
    }
}
