//! The engine's catalogues, for classes and documentation to be made from.

use crate::rule::object;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use ravine::Hyper;

fn describe<'py, T>(
    py: Python<'py>,
    entry: &ravine::Entry<T>,
    hyper: &dyn Fn(&T) -> PyResult<Vec<Bound<'py, PyDict>>>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", entry.name)?;
    dict.set_item("presets", entry.presets.to_vec())?;
    dict.set_item("title", entry.title)?;
    dict.set_item("formula", entry.formula)?;
    dict.set_item("advice", entry.advice)?;
    dict.set_item("source", entry.source)?;
    dict.set_item("hyper", hyper(&(entry.make)())?)?;
    Ok(dict)
}

fn params<'py>(py: Python<'py>, hyper: &(impl Hyper + ?Sized)) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let mut list = Vec::new();
    for param in hyper.params() {
        let dict = PyDict::new(py);
        dict.set_item("name", param.name)?;
        dict.set_item("doc", param.doc)?;
        dict.set_item("range", param.range.to_string())?;
        let default = hyper.get(param.name).expect("every hyper-parameter has a value");
        dict.set_item("default", object(py, default)?)?;
        list.push(dict);
    }
    Ok(list)
}

/// Every update rule: name, title, formula, advice, source, hyper-parameters.
#[pyfunction]
pub(crate) fn rules(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    ravine::rules::CATALOGUE.iter().map(|entry| describe(py, entry, &|rule| params(py, &**rule))).collect()
}

/// Every schedule: name, title, formula, advice, source, hyper-parameters.
#[pyfunction]
pub(crate) fn schedules(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    ravine::schedules::CATALOGUE
        .iter()
        .map(|entry| describe(py, entry, &|shape| params(py, &**shape)))
        .collect()
}
