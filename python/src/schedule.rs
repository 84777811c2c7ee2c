//! A learning-rate schedule.

use crate::rule::error;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use ravine::schedules;
use std::sync::Arc;

/// A learning-rate schedule: a pure function of the step.
#[pyclass(module = "ravine._native", frozen)]
pub(crate) struct Schedule {
    pub(crate) schedule: Arc<dyn ravine::Schedule>,
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

    /// The learning rates of many steps: bytes of int64 to bytes of float64.
    fn lrs<'py>(&self, py: Python<'py>, base: f64, steps: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        each(py, steps, |step| self.schedule.lr(base, step))
    }

    /// The momentum of a step, where the schedule moves it.
    fn momentum(&self, step: u64) -> Option<f64> {
        self.schedule.momentum(step)
    }

    /// The momenta of many steps, NaN for none: bytes of int64 to bytes of float64.
    fn momenta<'py>(&self, py: Python<'py>, steps: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        each(py, steps, |step| self.schedule.momentum(step).unwrap_or(f64::NAN))
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

/// Bytes cross the border since arrays of NumPy have no safe form under the stable ABI.
fn each<'py>(
    py: Python<'py>,
    steps: &[u8],
    value: impl Fn(u64) -> f64 + Sync,
) -> PyResult<Bound<'py, PyBytes>> {
    let (steps, []) = steps.as_chunks::<8>() else {
        return Err(PyValueError::new_err("steps are no whole number of int64"));
    };
    let values: Result<Vec<[u8; 8]>, i64> = py.detach(|| {
        let one = |bytes: &[u8; 8]| {
            let step = i64::from_ne_bytes(*bytes);
            Ok(value(u64::try_from(step).map_err(|_| step)?).to_ne_bytes())
        };
        steps.iter().map(one).collect()
    });
    let values =
        values.map_err(|step| PyValueError::new_err(format!("a step must be 0 or more, not {step}")))?;
    Ok(PyBytes::new(py, values.as_flattened()))
}
