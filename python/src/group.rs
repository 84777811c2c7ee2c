//! The tensors of a parameter group of PyTorch, with their addresses gathered once and looked after.
//!
//! At each step `Group::gather` asks every parameter for its gradient, and looks at parameter, gradient and state
//! ([`Exchange`]). What is as it was when it was bound is taken up; all else is given back for the Python side to
//! examine at leisure and to `bind` anew.

use crate::entries::pairs;
use crate::exchange::{Exchange, Held, Raw, View, fetch, view};
use crate::rule::{Rule, error};
use crate::table::{Tensors, copy, with};
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};
use ravine::{At, Dtype, ForeignStep, Pool, Threads};

/// The names of types of rows of bytes.
const STORED: [(&str, Dtype); 3] =
    [("int8", Dtype::Int8 { signed: true }), ("uint8", Dtype::Int8 { signed: false }), ("int4", Dtype::Int4)];

/// The name of a type, and whether it is that of a row of bytes.
pub(crate) fn name(dtype: Dtype) -> (&'static str, bool) {
    match dtype {
        Dtype::F64 => ("float64", false),
        Dtype::F32 => ("float32", false),
        Dtype::Bf16 => ("bfloat16", false),
        Dtype::F16 => ("float16", false),
        Dtype::Int8 { signed: true } => ("int8", true),
        Dtype::Int8 { signed: false } => ("uint8", true),
        Dtype::Int4 => ("int4", true),
    }
}

fn stored(name: &str) -> PyResult<Dtype> {
    let found = STORED.iter().find(|(known, _)| *known == name);
    Ok(found.ok_or_else(|| PyValueError::new_err(format!("there is no storage '{name}'")))?.1)
}

/// What is computed in.
fn computed(dtype: Dtype) -> Dtype {
    if dtype == Dtype::F64 { Dtype::F64 } else { Dtype::F32 }
}

/// A tensor of a parameter's state as it was bound, and its key.
struct Kept {
    key: Py<PyAny>,
    tensor: Py<PyAny>,
    view: View,
    /// None where PyTorch has no way to.
    _held: Option<Held>,
}

/// A parameter as it was bound.
struct Row {
    param: Py<PyAny>,
    values: View,
    state: Option<Py<PyDict>>,
    /// In the order of the state.
    kept: Vec<Kept>,
    dtype: Dtype,
    shape: Vec<usize>,
    slots: Vec<(usize, Dtype)>,
    buffers: Vec<usize>,
    /// Numbers for this tensor, and those that are the group's but kept here.
    numbers: Vec<Number>,
    memory: Vec<Number>,
    count: Count,
    /// An average of the parameter, as it was when it was last moved.
    average: Option<(Py<PyAny>, View)>,
    /// Whether the rule sees the tensor as a whole.
    whole: bool,
}

/// Where a number of the state stands.
#[derive(Clone, Copy)]
enum Number {
    F32(usize),
    F64(usize),
}

impl Number {
    fn get(self) -> f64 {
        match self {
            // SAFETY: `bind` has looked at the tensor that holds it, and the row keeps that alive.
            Self::F32(address) => unsafe { (address as *const f32).read() }.into(),
            // SAFETY: as above.
            Self::F64(address) => unsafe { (address as *const f64).read() },
        }
    }

    fn set(self, value: f64) {
        match self {
            // SAFETY: as in `get`; the GIL is held.
            Self::F32(address) => unsafe { (address as *mut f32).write(value as f32) },
            // SAFETY: as above.
            Self::F64(address) => unsafe { (address as *mut f64).write(value) },
        }
    }
}

/// The number of steps made on a parameter.
#[derive(Clone, Copy)]
enum Count {
    Kept(Number),
    /// PyTorch's class keeps none: all that matters is whether this is the first.
    First(bool),
    /// It is the group's.
    Group,
}

impl Count {
    fn get(self, group: u64) -> u64 {
        match self {
            Self::Kept(number) => number.get() as u64,
            Self::First(first) => u64::from(!first),
            Self::Group => group,
        }
    }

    fn count(&mut self) {
        match self {
            Self::Kept(number) => number.set(number.get() + 1.0),
            Self::First(first) => *first = false,
            Self::Group => {}
        }
    }
}

impl Row {
    fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The gradient's address, if the parameter, its state and the layout of its gradient are as they were bound.
    fn check(
        &self,
        exchange: &Exchange,
        param: &Bound<'_, PyAny>,
        grad: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Raw>> {
        let py = param.py();
        if !self.param.is(param) || !self.is_as_bound(exchange, py) {
            return Ok(None);
        }
        let Some(raw) = exchange.look(grad.as_borrowed()) else { return Ok(None) };
        let holds =
            self.values.fits(&raw) && !exchange.is_turned(grad.as_borrowed(), self.values.is_complex())?;
        Ok(holds.then_some(raw))
    }

    /// Asks for the memory that `check` will read.
    fn expect(&self) {
        self.values.expect(&self.param);
        if let Some(state) = &self.state {
            fetch(state.as_ptr() as usize);
        }
        for kept in &self.kept {
            kept.view.expect(&kept.tensor);
            fetch(kept.view.address());
        }
    }

    fn is_as_bound(&self, exchange: &Exchange, py: Python<'_>) -> bool {
        let holds = |tensor: &Py<PyAny>, view: &View| {
            exchange.look(tensor.bind_borrowed(py)).is_some_and(|raw| view.holds(&raw))
        };
        let mut kept = self.kept.iter().peekable();
        if let Some(state) = &self.state {
            for entry in pairs(state.bind_borrowed(py)) {
                kept.next_if(|kept| entry == (kept.key.as_ptr() as usize, kept.tensor.as_ptr() as usize));
            }
        }
        kept.next().is_none()
            && holds(&self.param, &self.values)
            && self.kept.iter().all(|kept| holds(&kept.tensor, &kept.view))
    }

    /// Whether both can be stepped in one go.
    fn goes_with(&self, other: &Self, steps: u64) -> bool {
        let bits = |row: &'_ Self| row.memory.first().map(|number| number.get().to_bits());
        self.dtype == other.dtype
            && self.count.get(steps) == other.count.get(steps)
            && self.slots.len() == other.slots.len()
            && self.slots.iter().zip(&other.slots).all(|(a, b)| a.1 == b.1)
            && bits(self) == bits(other)
    }
}

/// A parameter that has a gradient in the step at hand.
struct Active {
    row: usize,
    /// Held so that it stays alive.
    grad: Py<PyAny>,
    address: usize,
}

fn at(step: u64, lr: f64) -> PyResult<At> {
    match lr.is_finite() && lr >= 0.0 {
        true => Ok(At { step, lr, momentum: None }),
        false => Err(PyValueError::new_err(format!("lr is {lr}: it must be finite, and 0 or more"))),
    }
}

/// How many rows ahead memory is asked for.
const AHEAD: usize = 4;

/// How many sets of rows that were stepped together are remembered.
const SETS: usize = 8;

/// The parameters of one group.
#[pyclass(module = "ravine._native")]
pub(crate) struct Group {
    exchange: Py<Exchange>,
    rows: Vec<Option<Row>>,
    active: Vec<Active>,
    /// Memory of parameters and states, in order; None when rows have changed.
    ranges: Option<Vec<(usize, usize)>>,
    /// Rows that were stepped together, and what is kept for them.
    tensors: Vec<(Vec<usize>, Tensors)>,
    /// Whether rows have averages.
    averaged: bool,
    /// The rule's numbers for the whole group, where rows do not keep them.
    #[pyo3(get, set)]
    memory: Vec<f64>,
    /// Steps made, where rows do not count them.
    #[pyo3(get, set)]
    steps: u64,
}

impl Group {
    fn row(&self, index: usize) -> &Row {
        self.rows[index].as_ref().expect("active rows are bound")
    }

    fn overlap(&mut self, mut others: Vec<(usize, usize)>) -> bool {
        let rows = &self.rows;
        let ranges = self.ranges.get_or_insert_with(|| {
            let mut ranges = Vec::new();
            for row in rows.iter().flatten() {
                let len = row.len();
                ranges.push((row.values.address(), row.values.address() + row.dtype.bytes(len)));
                ranges.extend(row.slots.iter().map(|(at, dtype)| (*at, at + dtype.bytes(len))));
            }
            ranges.retain(|(start, end)| start < end);
            ranges.sort_unstable();
            ranges
        });
        let overlap = |list: &[(usize, usize)]| list.windows(2).any(|pair| pair[1].0 < pair[0].1);
        others.retain(|(start, end)| start < end);
        others.sort_unstable();
        if overlap(ranges) || overlap(&others) {
            return true;
        }
        let mut rest = ranges.as_slice();
        others.into_iter().any(|(start, end)| {
            while let [(_, before), after @ ..] = rest
                && *before <= start
            {
                rest = after;
            }
            rest.first().is_some_and(|range| range.0 < end)
        })
    }
}

#[pymethods]
impl Group {
    #[new]
    fn new(exchange: Py<Exchange>) -> Self {
        Self {
            exchange,
            rows: Vec::new(),
            active: Vec::new(),
            ranges: None,
            tensors: Vec::new(),
            averaged: false,
            memory: Vec::new(),
            steps: 0,
        }
    }

    /// Finds the parameters that have a gradient, and gives the places of those that are not as they were bound.
    fn gather(&mut self, py: Python<'_>, params: &Bound<'_, PyList>) -> PyResult<Vec<usize>> {
        self.active.clear();
        if self.rows.len() != params.len() {
            self.clear();
            self.rows.resize_with(params.len(), || None);
        }
        let mut unknown = Vec::new();
        for (index, param) in params.iter().enumerate() {
            if let Some(Some(row)) = self.rows.get(index + AHEAD) {
                row.expect();
            }
            let grad = param.getattr(intern!(py, "grad"))?;
            if grad.is_none() {
                continue;
            }
            let raw = match self.rows.get(index) {
                Some(Some(row)) => row.check(self.exchange.get(), &param, &grad)?,
                _ => None,
            };
            match raw {
                Some(raw) => {
                    self.active.push(Active { row: index, grad: grad.unbind(), address: raw.address() });
                }
                None => unknown.push(index),
            }
        }
        Ok(unknown)
    }

    /// Takes up a parameter, its gradient and its state: the names of the slots, with their storage where it is a row
    /// of bytes, of buffers and of numbers for the tensor and of those for the group, and of the count of steps; in
    /// its place whether this is the first, or None if the group counts. `whole` says that the rule goes by the
    /// tensor's shape.
    #[pyo3(signature = (index, param, grad, state, slots, buffers, numbers, memory, count, whole))]
    #[allow(clippy::too_many_arguments)]
    fn bind(
        &mut self,
        py: Python<'_>,
        index: usize,
        param: &Bound<'_, PyAny>,
        grad: &Bound<'_, PyAny>,
        state: Option<Bound<'_, PyDict>>,
        slots: Vec<(Bound<'_, PyString>, Option<String>)>,
        buffers: Vec<Bound<'_, PyString>>,
        numbers: Vec<Bound<'_, PyString>>,
        memory: Vec<Bound<'_, PyString>>,
        count: Option<Bound<'_, PyAny>>,
        whole: bool,
    ) -> PyResult<()> {
        let exchange = self.exchange.clone_ref(py);
        let exchange = exchange.get();
        let values = view(exchange, "the parameter", param)?;
        let dtype = values.dtype().ok_or_else(|| {
            let dtype = param.getattr("dtype").map_or("?".into(), |dtype| dtype.to_string());
            PyTypeError::new_err(format!("the parameter is of type {dtype}"))
        })?;
        if !values.is_dense() {
            return Err(PyValueError::new_err("the parameter has gaps or overlaps itself"));
        }
        if whole && (values.is_complex() || !values.is_contiguous()) {
            return Err(PyValueError::new_err("the parameter is complex or not in row-major order"));
        }
        let found = view(exchange, "the gradient", grad)?;
        let raw = exchange.look(grad.as_borrowed()).expect("it was just looked at");
        if found.dtype() != Some(dtype) || !values.fits(&raw) {
            return Err(PyValueError::new_err(
                "the gradient is of another type, shape or layout than the parameter",
            ));
        }
        let (shape, len) = (values.shape(), values.shape().iter().product());
        let mut kept = Vec::new();
        let mut keep = |name: &Bound<'_, PyString>| {
            let mut entries = state.iter().flatten().enumerate();
            let found = entries.find(|(_, (key, _))| key.eq(name).unwrap_or(false));
            let (place, (key, tensor)) =
                found.ok_or_else(|| PyValueError::new_err(format!("there is no {name} in the state")))?;
            let view = view(exchange, &name.to_string(), &tensor)?;
            let raw = exchange.look(tensor.as_borrowed()).expect("it was just looked at");
            let _held = exchange.hold(tensor.as_borrowed());
            let (key, tensor) = (key.unbind(), tensor.unbind());
            kept.push((place, Kept { key, tensor, view: View::new(&raw), _held }));
            Ok::<_, PyErr>((view, raw))
        };
        let mut number = |name: &Bound<'_, PyString>| {
            let (view, _) = keep(name)?;
            match (view.dtype(), view.is_complex(), view.shape().iter().product::<usize>()) {
                (Some(Dtype::F32), false, 1) => Ok(Number::F32(view.address())),
                (Some(Dtype::F64), false, 1) => Ok(Number::F64(view.address())),
                _ => {
                    Err(PyTypeError::new_err(format!("{name} is not one number of type float32 or float64")))
                }
            }
        };
        let count = match count {
            None => Count::Group,
            Some(count) => match count.cast::<PyString>() {
                Ok(name) => Count::Kept(number(name)?),
                Err(_) => Count::First(count.extract()?),
            },
        };
        let numbers = numbers.iter().map(&mut number).collect::<PyResult<_>>()?;
        let memory = memory.iter().map(&mut number).collect::<PyResult<_>>()?;
        let mut bound = Vec::with_capacity(slots.len());
        for (name, storage) in slots {
            let (view, raw) = keep(&name)?;
            let dtype = match storage {
                Some(storage) => stored(&storage)?,
                None => {
                    view.dtype().ok_or_else(|| PyTypeError::new_err(format!("{name} is of another type")))?
                }
            };
            let fits = match dtype {
                Dtype::Int8 { .. } | Dtype::Int4 => view.is_bytes() && view.shape() == [dtype.bytes(len)],
                _ => view.is_complex() == values.is_complex() && values.lies(&raw),
            };
            if !fits {
                return Err(PyValueError::new_err(format!("{name} is not laid out as its parameter")));
            }
            bound.push((view.address(), dtype));
        }
        let mut addresses = Vec::with_capacity(buffers.len());
        for name in buffers {
            let (view, _) = keep(&name)?;
            if view.dtype() != Some(computed(dtype)) || view.is_complex() || !view.is_contiguous() {
                return Err(PyValueError::new_err(format!("{name} is of another type or layout")));
            }
            addresses.push(view.address());
        }
        kept.sort_unstable_by_key(|(place, _)| *place);
        let row = Row {
            param: param.clone().unbind(),
            values,
            state: state.map(Bound::unbind),
            kept: kept.into_iter().map(|(_, kept)| kept).collect(),
            dtype,
            shape,
            slots: bound,
            buffers: addresses,
            numbers,
            memory,
            count,
            average: None,
            whole,
        };
        let place = self.rows.get_mut(index).ok_or_else(|| PyIndexError::new_err("no such parameter"))?;
        // What was kept for rows that were stepped together goes by their shapes.
        if place.as_ref().is_none_or(|old| (&old.shape, old.dtype) != (&row.shape, row.dtype)) {
            self.tensors.clear();
        }
        *place = Some(row);
        self.ranges = None;
        let active = Active { row: index, grad: grad.clone().unbind(), address: raw.address() };
        let place = self.active.partition_point(|active| active.row < index);
        self.active.insert(place, active);
        Ok(())
    }

    /// Forgets all parameters, as is due when the state was replaced.
    fn clear(&mut self) {
        self.rows.clear();
        self.active.clear();
        self.tensors.clear();
        self.ranges = None;
    }

    /// The places of the parameters that have a gradient; None for all of them.
    fn active(&self) -> Option<Vec<usize>> {
        (self.active.len() < self.rows.len()).then(|| self.active.iter().map(|active| active.row).collect())
    }

    /// Whether memory of the parameters, states and gradients of this step overlaps.
    fn overlaps(&mut self) -> bool {
        let range = |active: &Active| {
            let row = self.row(active.row);
            (active.address, active.address + row.dtype.bytes(row.len()))
        };
        let grads = self.active.iter().map(range).collect();
        self.overlap(grads)
    }

    /// How many kinds of parameters there are that cannot be stepped in one go: of other types or step counts.
    fn kinds(&self) -> usize {
        let mut kinds: Vec<&Row> = Vec::new();
        for active in &self.active {
            let row = self.row(active.row);
            if !kinds.iter().any(|kind| row.goes_with(kind, self.steps)) {
                kinds.push(row);
            }
        }
        kinds.len()
    }

    /// The sum of the squares of the gradients.
    fn sum_of_squares(&self, py: Python<'_>) -> PyResult<f64> {
        let team = self.exchange.get().team(py)?;
        let list: Vec<_> = self
            .active
            .iter()
            .map(|active| {
                let row = self.row(active.row);
                (row.dtype, active.address, row.len())
            })
            .collect();
        Ok(py.detach(|| {
            let list: Vec<_> = list.iter().map(|&(dtype, at, len)| (dtype, at as *const u8, len)).collect();
            // SAFETY: as in `step`.
            unsafe { ravine::sum_of_squares(&list, &team) }
        }))
    }

    /// Makes a step on the parameters that have a gradient, without holding the GIL. Those of other step counts or
    /// types are stepped apart. `average` is how far averages of the weights move, and these, one for each parameter
    /// of the group.
    #[pyo3(signature = (rule, lr, scale = 1.0, *, clip_value = f64::INFINITY, zero_grad = false, cautious = false,
        average = None, seed = 0))]
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
        average: Option<(f64, Vec<Bound<'_, PyAny>>)>,
        seed: u64,
    ) -> PyResult<()> {
        let average = match average {
            Some((weight, tensors)) => Some((weight, self.averages(py, &tensors)?)),
            None => {
                // Nobody but us may want them any more.
                if std::mem::take(&mut self.averaged) {
                    self.rows.iter_mut().flatten().for_each(|row| row.average = None);
                }
                None
            }
        };
        let step =
            ForeignStep { scale, clip_value, zero_grad, cautious, seed, ..ForeignStep::new(at(0, lr)?) };
        self.over(py, &*rule.rule, step, average, false)?;
        self.steps += 1;
        for active in std::mem::take(&mut self.active) {
            self.rows[active.row].as_mut().expect("bound").count.count();
        }
        Ok(())
    }

    /// Shows the rule the gradients as an estimate of curvature. False if it takes none.
    fn observe(&mut self, py: Python<'_>, rule: &Rule, lr: f64, scale: f64) -> PyResult<bool> {
        let step = ForeignStep { scale, ..ForeignStep::new(at(0, lr)?) };
        let taken = self.over(py, &*rule.rule, step, None, true);
        self.active.clear();
        taken
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.exchange)?;
        self.active.iter().try_for_each(|active| visit.call(&active.grad))?;
        for row in self.rows.iter().flatten() {
            visit.call(&row.param)?;
            row.state.iter().try_for_each(|state| visit.call(state))?;
            row.kept.iter().try_for_each(|kept| visit.call(&kept.tensor))?;
            row.average.iter().try_for_each(|(average, _)| visit.call(average))?;
        }
        Ok(())
    }

    fn __clear__(&mut self) {
        self.clear();
    }
}

impl Group {
    /// Lets the rule go over the parameters that have a gradient, without holding the GIL: for a step, or to `observe`
    /// curvature. `step` is for parameters that were never stepped; `average` is how far averages move, and their
    /// addresses by the number of the row. False if the rule took nothing.
    fn over(
        &mut self,
        py: Python<'_>,
        rule: &dyn ravine::Rule,
        step: ForeignStep,
        average: Option<(f64, Vec<usize>)>,
        observe: bool,
    ) -> PyResult<bool> {
        let initial: Vec<f64> = rule.memory().iter().map(|(_, init)| *init).collect();
        if self.memory.len() != initial.len() {
            self.memory = initial;
        }
        let team = self.exchange.get().team(py)?;
        let mut taken = false;
        let mut parts: Vec<Vec<usize>> = Vec::new();
        for (place, active) in self.active.iter().enumerate() {
            let row = self.row(active.row);
            match parts.iter_mut().find(|part| row.goes_with(self.row(self.active[part[0]].row), self.steps))
            {
                Some(part) => part.push(place),
                None => parts.push(vec![place]),
            }
        }
        for places in parts {
            let rows: Vec<usize> = places.iter().map(|&place| self.active[place].row).collect();
            let kept = self.tensors.iter().position(|(kept, _)| *kept == rows);
            let kept = kept.map(|kept| self.tensors.remove(kept).1);
            let first = self.row(rows[0]);
            let whole = first.whole;
            let mut tensors = kept.unwrap_or_else(|| {
                let shapes = rows.iter().map(|&row| self.row(row).shape.clone()).collect();
                Tensors::new(rule, first.dtype, shapes)
            });
            let mut columns: Vec<Dtype> =
                [first.dtype; 2].into_iter().chain(first.slots.iter().map(|(_, dtype)| *dtype)).collect();
            columns.extend(average.as_ref().map(|_| computed(first.dtype)));
            let mut table = Vec::with_capacity(columns.len() * rows.len());
            for &place in &places {
                let active = &self.active[place];
                let row = self.row(active.row);
                table.extend([row.values.address(), active.address].map(|address| address as *mut u8));
                table.extend(row.slots.iter().map(|(address, _)| *address as *mut u8));
                table.extend(average.iter().map(|(_, addresses)| addresses[active.row] as *mut u8));
            }
            let step = ForeignStep {
                at: At { step: first.count.get(self.steps), ..step.at },
                average: average.as_ref().map(|(weight, _)| *weight),
                ..step
            };
            let numbers = rule.tensor_memory().len();
            let exchange = |tensors: &mut Tensors, out: bool| {
                for (member, &row) in rows.iter().enumerate() {
                    let row = self.row(row);
                    with!(&mut *tensors, foreign => {
                        for (buffer, &address) in foreign.buffers[member].iter_mut().zip(&row.buffers) {
                            // SAFETY: `bind` was given buffers of these shapes and this type.
                            unsafe { copy(buffer, address, out) };
                        }
                        let each = &mut foreign.tensor_memory[member * numbers..][..numbers];
                        for (number, at) in each.iter_mut().zip(&row.numbers) {
                            if out { at.set(*number) } else { *number = at.get() }
                        }
                    });
                }
            };
            exchange(&mut tensors, false);
            let own: Vec<f64> = first.memory.iter().map(|number| number.get()).collect();
            let memory = if first.memory.is_empty() { &self.memory } else { &own };
            with!(&mut tensors, foreign => foreign.memory.clone_from(memory));
            struct Addresses(Vec<*mut u8>);
            // SAFETY: they are used by one thread at a time, while this one waits.
            unsafe impl Sync for Addresses {}
            let table = Addresses(table);
            let result = py.detach(|| {
                let table = &table;
                let tensors = &mut tensors;
                let mut go = |threads: &dyn Threads| {
                    // SAFETY: gradients are held by `active`, parameters and states by the rows; types, sizes and
                    // layout were checked when they were bound and since; overlaps by the caller.
                    with!(tensors, foreign => unsafe {
                        match observe {
                            true => foreign.observe(rule, step.at, step.scale, &columns, &table.0, threads),
                            false => foreign.step(rule, &step, &columns, &table.0, threads).map(|()| true),
                        }
                    })
                };
                // What is done to tensors as a whole the engine's own threads do.
                if whole { team.aside(|| go(&Pool)) } else { go(&team) }
            });
            taken |= result.map_err(error)?;
            exchange(&mut tensors, true);
            with!(&tensors, foreign => {
                for &row in &rows {
                    self.row(row).memory.iter().zip(&foreign.memory).for_each(|(at, x)| at.set(*x));
                }
                if self.row(rows[0]).memory.is_empty() {
                    self.memory.clone_from(&foreign.memory);
                }
            });
            if self.tensors.len() == SETS {
                self.tensors.remove(0);
            }
            self.tensors.push((rows, tensors));
        }
        Ok(taken)
    }

    /// Addresses of averages by the number of the row: 0 where the row has no gradient.
    fn averages(&mut self, py: Python<'_>, tensors: &[Bound<'_, PyAny>]) -> PyResult<Vec<usize>> {
        let exchange = self.exchange.clone_ref(py);
        let exchange = exchange.get();
        if tensors.len() != self.rows.len() {
            return Err(PyValueError::new_err("there must be one average for each parameter of the group"));
        }
        self.averaged = true;
        let mut found = vec![0; tensors.len()];
        let mut ranges = Vec::new();
        for active in &self.active {
            let tensor = &tensors[active.row];
            let row = self.rows[active.row].as_mut().expect("active rows are bound");
            let dtype = computed(row.dtype);
            let known = row.average.as_ref().is_some_and(|(average, view)| {
                average.is(tensor) && exchange.look(tensor.as_borrowed()).is_some_and(|raw| view.holds(&raw))
            });
            if !known {
                let average = view(exchange, "an average", tensor)?;
                let raw = exchange.look(tensor.as_borrowed()).expect("it was just looked at");
                if average.dtype() != Some(dtype) || !row.values.lies(&raw) {
                    return Err(PyValueError::new_err(
                        "an average is of another type, shape or layout than its parameter",
                    ));
                }
                row.average = Some((tensor.clone().unbind(), average));
            }
            let address = row.average.as_ref().expect("it was just taken up").1.address();
            found[active.row] = address;
            ranges.push((address, address + dtype.bytes(row.len())));
        }
        match self.overlap(ranges) {
            true => Err(PyValueError::new_err("averages share memory with parameters or their state")),
            false => Ok(found),
        }
    }
}
