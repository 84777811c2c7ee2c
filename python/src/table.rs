//! Steps over arrays at their addresses.

use crate::rule::{Rule, error};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use ravine::{At, Dtype, Foreign, ForeignStep, Math, Pool};

/// Tensors that are stepped together, computed in f32 or f64.
pub(crate) enum Tensors {
    F32(Foreign<f32>),
    F64(Foreign<f64>),
}

/// What is done with the [`Foreign`], whichever it is.
macro_rules! with {
    ($tensors:expr, $foreign:ident => $then:expr) => {
        match $tensors {
            $crate::table::Tensors::F32($foreign) => $then,
            $crate::table::Tensors::F64($foreign) => $then,
        }
    };
}
pub(crate) use with;

impl Tensors {
    pub(crate) fn new(rule: &dyn ravine::Rule, dtype: Dtype, shapes: Vec<Vec<usize>>) -> Self {
        match dtype {
            Dtype::F64 => Self::F64(Foreign::new(rule, shapes)),
            _ => Self::F32(Foreign::new(rule, shapes)),
        }
    }
}

/// Copies numbers that are computed in from or to an address of numbers of that type.
///
/// # Safety
/// The address is that of as many numbers.
pub(crate) unsafe fn copy<R: Math>(values: &mut [R], address: usize, out: bool) {
    if values.is_empty() {
        return;
    }
    let there = address as *mut R;
    // SAFETY: as promised by the caller.
    unsafe {
        if out {
            std::ptr::copy_nonoverlapping(values.as_ptr(), there, values.len());
        } else {
            std::ptr::copy_nonoverlapping(there, values.as_mut_ptr(), values.len());
        }
    }
}

pub(crate) fn dtype(name: &str) -> PyResult<Dtype> {
    Ok(match name {
        "float64" => Dtype::F64,
        "float32" => Dtype::F32,
        "bfloat16" => Dtype::Bf16,
        "float16" => Dtype::F16,
        _ => return Err(PyValueError::new_err(format!("the engine has no numbers of type {name}"))),
    })
}

/// Arrays of one type and given shapes that are stepped together.
#[pyclass(module = "ravine._native")]
pub(crate) struct Table {
    tensors: Tensors,
    dtype: Dtype,
    count: usize,
    steps: u64,
}

#[pymethods]
impl Table {
    #[new]
    fn new(rule: &Rule, dtype: &str, shapes: Vec<Vec<usize>>) -> PyResult<Self> {
        let dtype = self::dtype(dtype)?;
        let count = shapes.len();
        Ok(Self { tensors: Tensors::new(&*rule.rule, dtype, shapes), dtype, count, steps: 0 })
    }

    /// Steps made.
    #[getter]
    fn steps(&self) -> u64 {
        self.steps
    }

    #[setter]
    fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// Makes a step. `addresses` holds, array by array, the addresses of the values, the gradient, and each slot of the rule,
    /// all C-contiguous and of this table's type; slots are of the type that is computed in. The caller answers for them.
    fn step(
        &mut self,
        py: Python<'_>,
        rule: &Rule,
        lr: f64,
        scale: f64,
        momentum: Option<f64>,
        addresses: Vec<usize>,
    ) -> PyResult<()> {
        let slots = rule.rule.slots().len();
        if addresses.len() != self.count * (2 + slots) {
            let expected = self.count * (2 + slots);
            let got = addresses.len();
            return Err(PyValueError::new_err(format!("expected {expected} addresses, got {got}")));
        }
        let computed = if self.dtype == Dtype::F64 { Dtype::F64 } else { Dtype::F32 };
        let columns: Vec<Dtype> =
            [self.dtype; 2].into_iter().chain(std::iter::repeat_n(computed, slots)).collect();
        let at = At { step: self.steps, lr, momentum };
        let step = ForeignStep { scale, ..ForeignStep::new(at) };
        let (rule, tensors) = (&*rule.rule, &mut self.tensors);
        py.detach(|| {
            let table: Vec<*mut u8> = addresses.into_iter().map(|address| address as *mut u8).collect();
            // SAFETY: the Python side has checked types, sizes and layout, and holds the arrays.
            with!(tensors, foreign => unsafe { foreign.step(rule, &step, &columns, &table, &Pool) })
        })
        .map_err(error)?;
        self.steps += 1;
        Ok(())
    }

    /// The rule's buffers, for each array in order, each as numbers.
    fn buffers(&self) -> Vec<Vec<Vec<f64>>> {
        let numbers = |list: &[Vec<f64>]| list.to_vec();
        match &self.tensors {
            Tensors::F64(foreign) => foreign.buffers.iter().map(|list| numbers(list)).collect(),
            Tensors::F32(foreign) => {
                let widen = |buffer: &Vec<f32>| buffer.iter().map(|&x| x.into()).collect();
                foreign.buffers.iter().map(|list| list.iter().map(widen).collect()).collect()
            }
        }
    }

    /// The rule's numbers for all arrays, and those for each.
    fn numbers(&self) -> (Vec<f64>, Vec<f64>) {
        with!(&self.tensors, foreign => (foreign.memory.clone(), foreign.tensor_memory.clone()))
    }

    /// Takes up what `buffers` and `numbers` gave.
    fn restore(&mut self, buffers: Vec<Vec<Vec<f64>>>, memory: Vec<f64>, each: Vec<f64>) -> PyResult<()> {
        let sizes = |list: &[Vec<Vec<f64>>]| list.iter().map(|b| b.iter().map(Vec::len).collect()).collect();
        let (theirs, ours): (Vec<Vec<usize>>, Vec<Vec<usize>>) = (sizes(&buffers), sizes(&self.buffers()));
        let (now, now_each) = self.numbers();
        if theirs != ours || memory.len() != now.len() || each.len() != now_each.len() {
            return Err(PyValueError::new_err("the state is one of another rule or of other shapes"));
        }
        with!(&mut self.tensors, foreign => {
            for (ours, theirs) in foreign.buffers.iter_mut().flatten().zip(buffers.into_iter().flatten()) {
                ours.iter_mut().zip(theirs).for_each(|(ours, x)| *ours = ravine::Real::from_f64(x));
            }
            (foreign.memory, foreign.tensor_memory) = (memory, each);
        });
        Ok(())
    }
}
