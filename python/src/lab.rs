//! Comparisons of the laboratory, trained by a function of Python.

use pyo3::exceptions::{PyKeyError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator};
use ravine_lab::compare::{self, Event, Execution};
use ravine_lab::comparison::{End, Point, WorkloadResult};
use ravine_lab::plan::Plan;
use ravine_lab::store::{Store, Stored};
use ravine_lab::trial::{Course, Done, Settings};
use ravine_lab::verdict::verdict;
use ravine_lab::workload::Evaluation;
use ravine_lab::{Error, report, results, rows};
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A run store, and the comparisons in it.
#[pyclass(module = "ravine._native", frozen)]
pub(crate) struct Lab {
    store: Store,
    stop: AtomicBool,
}

fn error(error: Error) -> PyErr {
    match error.is_usage() {
        true => PyValueError::new_err(error.to_string()),
        false => PyRuntimeError::new_err(error.to_string()),
    }
}

fn json<T: DeserializeOwned>(what: &str, text: &str) -> PyResult<T> {
    serde_json::from_str(text).map_err(|error| PyValueError::new_err(format!("{what}: {error}")))
}

/// A number of a dictionary, NaN where there is none.
fn number(dict: &Bound<'_, PyDict>, name: &str) -> PyResult<f64> {
    match dict.get_item(name)? {
        Some(value) if !value.is_none() => value.extract(),
        _ => Ok(f64::NAN),
    }
}

fn point(dict: &Bound<'_, PyDict>, lr: f64) -> PyResult<Point> {
    let step = dict.get_item("step")?.ok_or_else(|| PyKeyError::new_err("step"))?.extract()?;
    Ok(Point {
        step,
        seconds: number(dict, "seconds")?,
        train_loss: number(dict, "train_loss")?,
        validation_loss: number(dict, "loss")?,
        validation: number(dict, "metric")?,
        lr: Some(number(dict, "lr")?).filter(|lr| lr.is_finite()).unwrap_or(lr),
        grad_norm: number(dict, "grad_norm")?,
        layers: Vec::new(),
    })
}

/// What a trial in Python says.
enum Said {
    Point(Point),
    Failed,
    /// It ended, with a look at the test split if there is one.
    Finished(Option<Evaluation>),
}

/// The next word of a trial, an iterator over dictionaries.
fn next(trial: &Bound<'_, PyIterator>, lr: f64) -> PyResult<Said> {
    let Some(item) = trial.clone().next() else {
        return Err(PyRuntimeError::new_err("a trial ended without a word"));
    };
    let item = item?.cast_into::<PyDict>()?;
    let Some(end) = item.get_item("end")? else { return Ok(Said::Point(point(&item, lr)?)) };
    if end.extract::<String>()? != "finished" {
        return Ok(Said::Failed);
    }
    let test = Evaluation { loss: number(&item, "loss")?, metric: number(&item, "metric")? };
    let has_test = item.get_item("test")?.is_some_and(|test| test.is_truthy().unwrap_or(false));
    Ok(Said::Finished(has_test.then_some(test)))
}

/// Runs a trial through what Python gives for its settings.
fn run_trial(
    train: &Py<PyAny>,
    workload: &WorkloadResult,
    settings: &Settings,
    record: &mut dyn FnMut(&Point) -> ravine_lab::Result<()>,
) -> PyResult<Done> {
    let trial = Python::attach(|py| {
        let told = PyDict::new(py);
        told.set_item("optimizer", &settings.optimizer)?;
        told.set_item("schedule", &settings.schedule)?;
        told.set_item("lr", settings.lr)?;
        told.set_item("seed", settings.seed)?;
        told.set_item("steps", settings.steps)?;
        told.set_item("tuning", settings.tuning)?;
        train.bind(py).call1((told,))?.try_iter().map(Bound::unbind)
    })?;
    let mut course = Course::new(workload.higher_is_better, workload.target, settings.steps, settings.tuning);
    let (mut steps, mut seconds) = (0, 0.0);
    loop {
        match Python::attach(|py| next(trial.bind(py), settings.lr))? {
            Said::Point(point) => {
                (steps, seconds) = (point.step, point.seconds);
                record(&point).map_err(error)?;
                if let Some(early) = course.take(&point) {
                    // The process that trains is told to stop.
                    Python::attach(|py| trial.bind(py).call_method0("close").map(drop))?;
                    return Ok(course.done(early, steps, seconds, None));
                }
            }
            Said::Failed => return Ok(course.done(End::Diverged, steps, seconds, None)),
            Said::Finished(test) => {
                // Without a test split, fresh seeds are all that reported runs are judged by.
                let last = course
                    .last()
                    .map(|last| Evaluation { loss: last.validation_loss, metric: last.validation });
                let test = test.or(last);
                let end = match test.is_some_and(|test| test.metric.is_finite()) {
                    true => End::Finished,
                    false => End::Diverged,
                };
                let test = test.filter(|_| !settings.tuning && end == End::Finished);
                return Ok(course.done(end, steps, seconds, test));
            }
        }
    }
}

#[pymethods]
impl Lab {
    /// Opens a run store, or makes one.
    #[new]
    fn new(path: PathBuf) -> PyResult<Self> {
        Ok(Self { store: Store::open(&path).map_err(error)?, stop: AtomicBool::new(false) })
    }

    /// Takes up the newest comparison of this plan, given as JSON, or begins one. Gives its id, and whether it is
    /// finished.
    fn begin(&self, plan: &str, workload: &str, command: &str, jobs: usize) -> PyResult<(i64, bool)> {
        let (plan, workload): (Plan, WorkloadResult) =
            (json("the plan", plan)?, json("the workload", workload)?);
        plan.check_outside(workload.steps).map_err(error)?;
        let settings = serde_json::to_string(&workload).expect("plain data has a JSON form");
        let hash = plan.hash_with([settings.as_str()]);
        let known = self
            .store
            .comparisons()
            .map_err(error)?
            .into_iter()
            .rev()
            .find(|stored| stored.plan_hash == hash);
        if let Some(stored) = known {
            return Ok((stored.id, stored.finished));
        }
        let machine = compare::machine();
        let id = self.store.begin(&plan, &hash, &[workload], command, &machine, jobs).map_err(error)?;
        Ok((id, false))
    }

    /// Runs what is not yet run. `train` gives an iterator for a trial, and `watch` is told of the progress, both from
    /// any thread.
    fn run(
        &self,
        py: Python<'_>,
        comparison: i64,
        jobs: usize,
        train: Py<PyAny>,
        watch: Py<PyAny>,
    ) -> PyResult<()> {
        let stored = self.stored(comparison)?;
        let failed: Mutex<Option<PyErr>> = Mutex::new(None);
        let keep = |error: PyErr| {
            let text = error.to_string();
            failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert(error);
            self.stop.store(true, Ordering::Relaxed);
            Error::outside(text)
        };
        let watch = |event: Event| {
            let (word, count) = match event {
                Event::Begin(trials) => ("begin", trials),
                Event::Phase(phase) => (phase, 0),
                Event::Done => ("done", 1),
                Event::Spared(trials) => ("spared", trials),
            };
            let told = Python::attach(|py| watch.call1(py, (word, count)).map(drop));
            let _ = told.map_err(keep);
        };
        let execution = Execution { jobs, stop: &self.stop, watch: &watch };
        let result = py.detach(|| {
            compare::run_outside(
                &self.store,
                comparison,
                &stored.plan,
                &stored.workloads,
                &execution,
                &|number, settings, record| {
                    run_trial(&train, &stored.workloads[number], settings, record).map_err(keep)
                },
            )
        });
        match failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
            Some(error) => Err(error),
            None => result.map_err(error),
        }
    }

    /// Asks a run under way to end.
    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to.
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// What a comparison says: the report as a page, and as JSON verdict, rows, cells of the table with their headings,
    /// and all that was read from the store.
    fn results(&self, comparison: i64) -> PyResult<(String, String)> {
        let read = results::load(&self.store, &self.stored(comparison)?).map_err(error)?;
        let verdicts: Vec<_> = read.workloads.iter().map(verdict).collect();
        let page = report::html_of(&read, &verdicts);
        let rows: Vec<_> = read
            .workloads
            .iter()
            .zip(&verdicts)
            .flat_map(|(workload, verdict)| rows::rows_of(workload, verdict))
            .collect();
        let cells: Vec<_> = rows.iter().map(rows::Row::cells).collect();
        let data = serde_json::json!({
            "verdict": verdicts.first(),
            "rows": rows,
            "cells": cells,
            "headings": rows::HEADINGS,
            "comparison": read,
        });
        Ok((page, data.to_string()))
    }
}

impl Lab {
    fn stored(&self, comparison: i64) -> PyResult<Stored> {
        let all = self.store.comparisons().map_err(error)?;
        let found = all.into_iter().find(|stored| stored.id == comparison);
        found.ok_or_else(|| PyKeyError::new_err(format!("there is no comparison {comparison}")))
    }
}
