//! A rule with its hyper-parameters.

use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{Borrowed, IntoPyObjectExt};
use ravine::{Dtype, Foreign, Range, Storage, Value, rules};

/// An update rule of the engine's catalogue with its hyper-parameters.
#[pyclass(module = "ravine._native")]
pub(crate) struct Rule {
    pub(crate) rule: Box<dyn ravine::Rule>,
}

pub(crate) fn error(error: ravine::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A Python object as the kind of value that a hyper-parameter has now.
fn value(name: &str, now: &Value, given: &Bound<'_, PyAny>) -> PyResult<Value> {
    let wrong = |expected: &str| {
        let got = given.get_type().name().map_or("?".into(), |name| name.to_string());
        PyTypeError::new_err(format!("{name} must be {expected}, not {got}"))
    };
    Ok(match now {
        // Flags of PyTorch's groups may be whole numbers.
        Value::Bool(_) => match given.extract::<i64>() {
            Ok(number @ 0..=1) => Value::Bool(number == 1),
            _ => Value::Bool(given.extract().map_err(|_| wrong("True or False"))?),
        },
        Value::Int(_) => Value::Int(given.extract().map_err(|_| wrong("a whole number, 0 or more"))?),
        Value::Float(_) => Value::Float(given.extract().map_err(|_| wrong("a number"))?),
        Value::Pair(_) => Value::Pair(given.extract().map_err(|_| wrong("two numbers"))?),
        Value::Ints(_) => Value::Ints(given.extract().map_err(|_| wrong("whole numbers"))?),
        Value::Floats(_) => Value::Floats(given.extract().map_err(|_| wrong("numbers"))?),
        Value::Word(_) => return Err(wrong("a word of the engine")),
    })
}

pub(crate) fn object<'py>(py: Python<'py>, value: Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Bool(x) => x.into_bound_py_any(py),
        Value::Int(x) => x.into_bound_py_any(py),
        Value::Float(x) => x.into_bound_py_any(py),
        Value::Pair([a, b]) => PyTuple::new(py, [a, b])?.into_bound_py_any(py),
        Value::Ints(list) => PyTuple::new(py, list)?.into_bound_py_any(py),
        Value::Floats(list) => PyTuple::new(py, list)?.into_bound_py_any(py),
        Value::Word(word) => word.into_bound_py_any(py),
    }
}

/// A Python object as the value of a hyper-parameter of this rule.
pub(crate) fn hyper_value(
    rule: &dyn ravine::Rule,
    name: &str,
    given: Borrowed<'_, '_, PyAny>,
) -> PyResult<Value> {
    let Some(now) = rule.get(name) else {
        let known = rule.params().iter().map(|param| param.name).collect::<Vec<_>>().join(", ");
        return Err(PyKeyError::new_err(format!("{} has no '{name}'; it has: {known}", rule.name())));
    };
    if let Value::Word(_) = now
        && let Some(Range::Words(words)) =
            rule.params().iter().find(|param| param.name == name).map(|param| param.range)
    {
        // The engine's words live as long as the program.
        let word: String = given.extract()?;
        let known = words.iter().find(|known| **known == word).ok_or_else(|| {
            let (rule, words) = (rule.name(), words.join(" or "));
            PyValueError::new_err(format!("{rule}: {name} must be {words}, not '{word}'"))
        });
        return Ok(Value::Word(known?));
    }
    value(name, &now, &given)
}

/// How a slot is kept: the name of its type; for rows of bytes how many, and what fresh ones are full of.
type Kept = (&'static str, Option<(usize, u8)>);

impl Rule {
    /// Sets one hyper-parameter.
    fn put(&mut self, name: &str, given: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
        let value = hyper_value(&*self.rule, name, given)?;
        self.rule.set(name, value).map_err(error)
    }
}

#[pymethods]
impl Rule {
    /// The rule that a text such as `adam:lr=3e-4` stands for, with some hyper-parameters changed.
    #[new]
    #[pyo3(signature = (spec, **hyper))]
    fn new(spec: &str, hyper: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut rule = Self { rule: rules::parse(spec).map_err(error)? };
        if let Some(hyper) = hyper {
            rule.update(hyper)?;
        }
        Ok(rule)
    }

    /// Changes hyper-parameters. On an error none is changed.
    fn update(&mut self, hyper: &Bound<'_, PyDict>) -> PyResult<()> {
        let mut changed = Self { rule: self.rule.boxed() };
        for (name, given) in hyper {
            changed.put(&name.extract::<String>()?, given.as_borrowed())?;
        }
        changed.rule.check().map_err(error)?;
        *self = changed;
        Ok(())
    }

    /// The value of a hyper-parameter.
    fn get<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let value = self.rule.get(name).ok_or_else(|| PyKeyError::new_err(name.to_string()))?;
        object(py, value)
    }

    /// The hyper-parameters by name.
    fn hyper<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for param in self.rule.params() {
            dict.set_item(param.name, self.get(py, param.name)?)?;
        }
        Ok(dict)
    }

    /// What is kept for each element: names and what they start from.
    fn slots(&self) -> Vec<(&'static str, f64)> {
        self.rule.slots().iter().map(|slot| (slot.name(), slot.init())).collect()
    }

    /// What is kept for a tensor of this shape in buffers of shapes of their own: names and shapes.
    fn buffers(&self, shape: Vec<usize>) -> Vec<(&'static str, Vec<usize>)> {
        self.rule.buffers(&shape).iter().map(|buffer| (buffer.name(), buffer.shape().to_vec())).collect()
    }

    /// The values of these before the first step.
    fn fresh_buffers(&self, shape: Vec<usize>) -> Vec<Vec<f64>> {
        Foreign::<f64>::new(&*self.rule, vec![shape]).buffers.remove(0)
    }

    /// The numbers kept for all tensors of a group: names and what they start from.
    fn memory(&self) -> Vec<(&'static str, f64)> {
        self.rule.memory()
    }

    /// The numbers kept for each tensor.
    fn tensor_memory(&self) -> Vec<(&'static str, f64)> {
        self.rule.tensor_memory()
    }

    /// How the slots of a tensor of `len` numbers are kept where `storage` is asked for, and f64 is computed in or
    /// f32: the name of the type, and for rows of bytes how many and what fresh ones are full of.
    fn storage(&self, storage: &str, double: bool, len: usize) -> PyResult<Vec<Kept>> {
        let known = Storage::ALL.iter().find(|(name, _)| *name == storage).ok_or_else(|| {
            let names = Storage::ALL.map(|(name, _)| name).join(", ");
            PyValueError::new_err(format!("there is no storage '{storage}'; there is: {names}"))
        })?;
        let describe = |slot: &ravine::Slot| {
            let dtype = Dtype::of(known.1, slot, double);
            let (name, bytes) = crate::group::name(dtype);
            match bytes && slot.init() != 0.0 {
                true => Err(PyValueError::new_err(format!(
                    "{}: {} starts at {} and cannot be kept as {storage}",
                    self.rule.name(),
                    slot.name(),
                    slot.init()
                ))),
                false => Ok((name, bytes.then(|| (dtype.bytes(len), dtype.zero())))),
            }
        };
        self.rule.slots().iter().map(describe).collect()
    }

    /// Whether it goes by the shapes of tensors, and not by their elements alone.
    fn whole(&self) -> PyResult<bool> {
        Ok(self.rule.traffic().map_err(error)?.whole)
    }

    /// The slot that weights to evaluate with are mixed from, and its weight; or None.
    fn evaluation(&self) -> Option<(&'static str, f64)> {
        let (slot, weight) = self.rule.evaluation()?;
        Some((self.rule.slots()[slot].name(), weight))
    }

    /// The shortest text that gives the same rule.
    fn spec(&self) -> String {
        rules::spec(&*self.rule)
    }

    fn __repr__(&self) -> String {
        format!("Rule('{}')", self.spec())
    }
}
