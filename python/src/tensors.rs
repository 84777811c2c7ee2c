//! The tensors of a parameter group of PyTorch, with their addresses gathered once and looked after.
//!
//! At each step `Group::gather` asks every parameter for its gradient, and parameter and gradient for what can change
//! unseen: address, size, layout, type. What is as it was is taken up here; all else is given back for the Python side to
//! examine at leisure and to `bind` anew. The state's tensors are looked up in their dictionary, which holds for as long as
//! these are the ones that are bound.

use crate::rule::{Rule, error};
use crate::table::{Tensors, copy, dtype, with};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use pyo3::{ffi, intern};
use ravine::{At, Dtype, ForeignStep};

/// A parameter as it was bound.
struct Row {
    param: Py<PyAny>,
    /// Its state, and the tensors bound from it with their names, steps first.
    state: Py<PyDict>,
    tensors: Vec<(Py<PyString>, Py<PyAny>)>,
    torch_dtype: Py<PyAny>,
    dtype: Dtype,
    shape: Vec<usize>,
    numel: usize,
    values: usize,
    slots: Vec<(usize, Dtype)>,
    buffers: Vec<usize>,
    numbers: Vec<usize>,
    /// Whether gradients may be taken up here: those of a parameter in another order of its elements are examined.
    plain: bool,
    step: Step,
}

/// Where the number of steps made on a parameter stands.
#[derive(Clone, Copy)]
enum Step {
    F32(usize),
    F64(usize),
    /// PyTorch's class keeps none: all that matters is whether this is the first.
    First(bool),
}

impl Step {
    fn get(self) -> u64 {
        match self {
            // SAFETY: `bind` was given the address of a number that the row's tensor keeps alive.
            Self::F32(address) => unsafe { (address as *const f32).read() as u64 },
            // SAFETY: as above.
            Self::F64(address) => unsafe { (address as *const f64).read() as u64 },
            Self::First(first) => u64::from(!first),
        }
    }

    fn count(&mut self) {
        match self {
            // SAFETY: as in `get`; the GIL is held.
            Self::F32(address) => unsafe { *(*address as *mut f32) += 1.0 },
            // SAFETY: as above.
            Self::F64(address) => unsafe { *(*address as *mut f64) += 1.0 },
            Self::First(first) => *first = false,
        }
    }
}

/// A parameter that has a gradient in the step at hand.
struct Active {
    row: usize,
    /// Held so that it stays alive.
    #[allow(dead_code)]
    grad: Py<PyAny>,
    address: usize,
}

/// The parameters of one group.
#[pyclass(module = "ravine._native")]
pub(crate) struct Group {
    rows: Vec<Option<Row>>,
    active: Vec<Active>,
    /// The rows that were last stepped together, and what is kept for them.
    tensors: Vec<(Vec<usize>, Tensors)>,
    memory: Vec<f64>,
    data_ptr: Py<PyAny>,
    numel: Py<PyAny>,
    is_contiguous: Py<PyAny>,
}

/// Calls a method that takes nothing but its object.
fn call<'py>(method: &Py<PyAny>, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: both are live objects, and the list of arguments ends with a null pointer. It builds no tuple, as a call
    // through PyO3's safe functions would under the stable ABI.
    unsafe {
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let result = ffi::PyObject_CallFunctionObjArgs(method.as_ptr(), object.as_ptr(), null);
        Bound::from_owned_ptr_or_err(object.py(), result)
    }
}

impl Row {
    /// The gradient's address, if the parameter, its state and the gradient are as they were bound.
    fn check(&self, group: &Group, param: &Bound<'_, PyAny>, grad: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
        let py = param.py();
        let holds = self.plain
            && self.param.is(param)
            && call(&group.data_ptr, param)?.extract::<usize>()? == self.values
            && call(&group.numel, param)?.extract::<usize>()? == self.numel
            && call(&group.is_contiguous, param)?.is_truthy()?
            && call(&group.is_contiguous, grad)?.is_truthy()?
            && call(&group.numel, grad)?.extract::<usize>()? == self.numel
            && grad.getattr(intern!(py, "dtype"))?.is(&self.torch_dtype)
            && self.state_is_bound(py)?;
        if !holds {
            return Ok(None);
        }
        Ok(Some(call(&group.data_ptr, grad)?.extract()?))
    }

    fn state_is_bound(&self, py: Python<'_>) -> PyResult<bool> {
        let state = self.state.bind(py);
        for (name, tensor) in &self.tensors {
            if !state.get_item(name)?.is_some_and(|there| there.is(tensor)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[pymethods]
impl Group {
    /// For parameters that are tensors of this class, such as `torch._C.TensorBase`.
    #[new]
    fn new(tensor: &Bound<'_, PyAny>) -> PyResult<Self> {
        let method = |name: &str| Ok::<_, PyErr>(tensor.getattr(name)?.unbind());
        Ok(Self {
            rows: Vec::new(),
            active: Vec::new(),
            tensors: Vec::new(),
            memory: Vec::new(),
            data_ptr: method("data_ptr")?,
            numel: method("numel")?,
            is_contiguous: method("is_contiguous")?,
        })
    }

    /// Finds the parameters that have a gradient, and gives the places of those that are not as they were bound.
    fn gather(&mut self, py: Python<'_>, params: &Bound<'_, PyList>) -> PyResult<Vec<usize>> {
        self.active.clear();
        if self.rows.len() != params.len() {
            self.tensors.clear();
            self.rows.resize_with(params.len(), || None);
        }
        let mut unknown = Vec::new();
        for (index, param) in params.iter().enumerate() {
            let grad = param.getattr(intern!(py, "grad"))?;
            if grad.is_none() {
                continue;
            }
            let address = match self.rows.get(index) {
                Some(Some(row)) => row.check(self, &param, &grad)?,
                _ => None,
            };
            match address {
                Some(address) => self.active.push(Active { row: index, grad: grad.unbind(), address }),
                None => unknown.push(index),
            }
        }
        Ok(unknown)
    }

    /// Takes up a parameter that was examined. `tensors` are those of its state by name, the first being the step count's
    /// if the class keeps one; `slots`, `buffers` and `numbers` hold addresses, `step` is (address, type) or whether this is
    /// the first.
    #[allow(clippy::too_many_arguments)]
    fn bind(
        &mut self,
        py: Python<'_>,
        index: usize,
        param: Py<PyAny>,
        state: Py<PyDict>,
        tensors: Vec<(Py<PyString>, Py<PyAny>)>,
        shape: Vec<usize>,
        values: usize,
        dtype_name: &str,
        slots: Vec<(usize, String)>,
        buffers: Vec<usize>,
        numbers: Vec<usize>,
        plain: bool,
        step: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let step = if let Ok(first) = step.extract::<bool>() {
            Step::First(first)
        } else {
            let pair = step.cast::<PyTuple>()?;
            let address = pair.get_item(0)?.extract()?;
            match pair.get_item(1)?.extract::<String>()?.as_str() {
                "float32" => Step::F32(address),
                "float64" => Step::F64(address),
                other => return Err(PyValueError::new_err(format!("a step count of type {other}"))),
            }
        };
        let numel = call(&self.numel, param.bind(py))?.extract()?;
        let torch_dtype = param.getattr(py, intern!(py, "dtype"))?;
        let slots =
            slots.into_iter().map(|(at, name)| Ok((at, dtype(&name)?))).collect::<PyResult<Vec<_>>>()?;
        let dtype = dtype(dtype_name)?;
        let row = Row {
            param, state, tensors, torch_dtype, dtype, shape, numel, values, slots, buffers, numbers, plain, step,
        };
        let place = self.rows.get_mut(index).ok_or_else(|| PyIndexError::new_err("no such parameter"))?;
        // What was kept for rows that were stepped together goes by their shapes.
        if place.as_ref().is_none_or(|old| (&old.shape, old.dtype) != (&row.shape, row.dtype)) {
            self.tensors.clear();
        }
        *place = Some(row);
        Ok(())
    }

    /// Takes up the gradient of a parameter that was examined: its address must be that of as many numbers of the
    /// parameter's type, in the order of the parameter's.
    fn activate(&mut self, index: usize, grad: Py<PyAny>, address: usize) -> PyResult<()> {
        if !matches!(self.rows.get(index), Some(Some(_))) {
            return Err(PyIndexError::new_err("the parameter is not bound"));
        }
        let place = self.active.partition_point(|active| active.row < index);
        self.active.insert(place, Active { row: index, grad, address });
        Ok(())
    }

    /// Forgets all parameters, as is due when the state was replaced.
    fn clear(&mut self) {
        self.rows.clear();
        self.active.clear();
        self.tensors.clear();
    }

    /// The places of the parameters that have a gradient.
    fn active(&self) -> Vec<usize> {
        self.active.iter().map(|active| active.row).collect()
    }

    /// Whether memory of the parameters and states of this step overlaps.
    fn overlaps(&self) -> bool {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for active in &self.active {
            let row = self.rows[active.row].as_ref().expect("active rows are bound");
            let len: usize = row.shape.iter().product();
            ranges.push((row.values, row.values + len * row.dtype.size()));
            ranges.extend(row.slots.iter().map(|(at, dtype)| (*at, at + len * dtype.size())));
        }
        ranges.retain(|(start, end)| start < end);
        ranges.sort_unstable();
        ranges.windows(2).any(|pair| pair[1].0 < pair[0].1)
    }

    /// The rule's numbers for the whole group.
    #[getter]
    fn memory(&self) -> Vec<f64> {
        self.memory.clone()
    }

    #[setter]
    fn set_memory(&mut self, memory: Vec<f64>) {
        self.memory = memory;
    }

    /// Makes a step on the parameters that have a gradient, without holding the GIL. Those of other step counts or types are
    /// stepped apart.
    #[pyo3(signature = (rule, lr, scale = 1.0, clip_value = f64::INFINITY, zero_grad = false, cautious = false, seed = 0))]
    #[allow(clippy::too_many_arguments)]
    fn step(
        &mut self,
        py: Python<'_>,
        rule: &Rule,
        lr: f64,
        scale: f64,
        clip_value: f64,
        zero_grad: bool,
        cautious: bool,
        seed: u64,
    ) -> PyResult<()> {
        let rule = &*rule.rule;
        let initial: Vec<f64> = rule.memory().iter().map(|(_, init)| *init).collect();
        if self.memory.len() != initial.len() {
            self.memory = initial;
        }
        // Rows of one type and step count, in order.
        let mut parts: Vec<((Dtype, u64), Vec<usize>)> = Vec::new();
        for (place, active) in self.active.iter().enumerate() {
            let row = self.rows[active.row].as_ref().expect("active rows are bound");
            let key = (row.dtype, row.step.get());
            match parts.iter_mut().find(|part| part.0 == key) {
                Some(part) => part.1.push(place),
                None => parts.push((key, vec![place])),
            }
        }
        for ((dtype, steps), places) in parts {
            let rows: Vec<usize> = places.iter().map(|&place| self.active[place].row).collect();
            let kept = self.tensors.iter().position(|(kept, _)| *kept == rows);
            let mut tensors = match kept {
                Some(kept) => self.tensors.swap_remove(kept).1,
                None => {
                    let shape = |&row: &usize| self.rows[row].as_ref().expect("bound").shape.clone();
                    Tensors::new(rule, dtype, rows.iter().map(shape).collect())
                }
            };
            let first = self.rows[rows[0]].as_ref().expect("bound");
            let columns: Vec<Dtype> =
                [dtype; 2].into_iter().chain(first.slots.iter().map(|(_, dtype)| *dtype)).collect();
            let mut table = Vec::with_capacity(columns.len() * rows.len());
            for &place in &places {
                let active = &self.active[place];
                let row = self.rows[active.row].as_ref().expect("bound");
                if row.slots.len() + 2 != columns.len() || !row.slots.iter().map(|slot| slot.1).eq(columns[2..].iter().copied()) {
                    return Err(PyValueError::new_err("parameters of one group keep state of different types"));
                }
                table.extend([row.values, active.address].map(|address| address as *mut u8));
                table.extend(row.slots.iter().map(|(address, _)| *address as *mut u8));
            }
            let at = At { step: steps, lr, momentum: None };
            let step = ForeignStep { scale, clip_value, zero_grad, cautious, seed, ..ForeignStep::new(at) };
            let numbers = rule.tensor_memory().len();
            let exchange = |tensors: &mut Tensors, out: bool| {
                for (member, &row) in rows.iter().enumerate() {
                    let row = self.rows[row].as_ref().expect("bound");
                    with!(&mut *tensors, foreign => {
                        for (buffer, &address) in foreign.buffers[member].iter_mut().zip(&row.buffers) {
                            // SAFETY: `bind` was given the addresses of buffers of these shapes and this type.
                            unsafe { copy(buffer, address, out) };
                        }
                        let each = &mut foreign.tensor_memory[member * numbers..][..numbers];
                        for (number, &address) in each.iter_mut().zip(&row.numbers) {
                            // SAFETY: `bind` was given the address of an f64.
                            unsafe { copy(std::slice::from_mut(number), address, out) };
                        }
                    });
                }
            };
            exchange(&mut tensors, false);
            with!(&mut tensors, foreign => foreign.memory.clone_from(&self.memory));
            struct Addresses(Vec<*mut u8>);
            // SAFETY: they are used by one thread at a time, while this one waits.
            unsafe impl Sync for Addresses {}
            let table = Addresses(table);
            let result = py.detach(|| {
                let table = &table;
                // SAFETY: gradients are held by `active`, parameters and states by the rows; types, sizes and layout were
                // checked when they were bound and since; overlaps by the caller.
                with!(&mut tensors, foreign => unsafe { foreign.step(rule, &step, &columns, &table.0) })
            });
            result.map_err(error)?;
            exchange(&mut tensors, true);
            with!(&tensors, foreign => self.memory.clone_from(&foreign.memory));
            self.tensors.push((rows, tensors));
        }
        for active in &self.active {
            self.rows[active.row].as_mut().expect("bound").step.count();
        }
        Ok(())
    }
}
