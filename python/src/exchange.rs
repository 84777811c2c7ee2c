//! What PyTorch says of a tensor in one call: address, type, shape and strides, by the table of C functions that DLPack
//! defines (`DLPackExchangeAPI`) and `torch.Tensor` publishes. No object is made, so that it can be asked at each step.

use crate::team::{self, Parallel, Team};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use pyo3::{Borrowed, PyTraverseError, PyVisit, ffi};
use ravine::Dtype;
use std::ffi::{c_int, c_void};

/// DLPack's `DLTensor`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Raw {
    data: *mut c_void,
    device: i32,
    _device_id: i32,
    ndim: i32,
    dtype: [u8; 2],
    lanes: u16,
    shape: *const i64,
    strides: *const i64,
    byte_offset: u64,
}

/// The start of DLPack's `DLManagedTensorVersioned`.
#[repr(C)]
struct Managed {
    _major: u32,
    _minor: u32,
    _context: *mut c_void,
    delete: Option<unsafe extern "C" fn(*mut Managed)>,
}

type Hold = unsafe extern "C" fn(*mut ffi::PyObject, *mut *mut Managed) -> c_int;
type Look = unsafe extern "C" fn(*mut ffi::PyObject, *mut Raw) -> c_int;

/// The start of DLPack's `DLPackExchangeAPI`, version 1.
#[repr(C)]
struct Api {
    major: u32,
    minor: u32,
    _prev: *const c_void,
    _allocate: *const c_void,
    hold: Option<Hold>,
    _object: *const c_void,
    look: Option<Look>,
}

/// No memory lies in the first page.
const LEAST: usize = 4096;

const CPU: i32 = 1;
const FLOAT: u8 = 2;
const BFLOAT: u8 = 4;
const COMPLEX: u8 = 5;
const UINT: u8 = 1;

impl Raw {
    /// The address of the first number.
    pub(crate) fn address(&self) -> usize {
        (self.data as usize).wrapping_add(self.byte_offset as usize)
    }

    fn list<'a>(&self, start: *const i64) -> &'a [i64] {
        if self.ndim <= 0 || start.is_null() {
            return &[];
        }
        // SAFETY: DLPack says that there are so many, and the tensor is not touched while it is looked at.
        unsafe { std::slice::from_raw_parts(start, self.ndim as usize) }
    }

    fn shape(&self) -> &[i64] {
        self.list(self.shape)
    }

    fn strides(&self) -> &[i64] {
        self.list(self.strides)
    }

    fn numbers(&self) -> usize {
        self.shape().iter().product::<i64>() as usize
    }

    /// Bytes of one number, or of one part of a complex one.
    fn size(&self) -> usize {
        usize::from(self.dtype[1]) / if self.dtype[0] == COMPLEX { 16 } else { 8 }
    }

    /// Whether it lies at an address that its type allows, and at one that can be: memory may have been given back.
    fn is_well_placed(&self) -> bool {
        self.size() != 0
            && self.address().is_multiple_of(self.size())
            && (self.address() >= LEAST || self.shape().contains(&0))
    }

    /// Whether the elements lie as those of the other do: in strides of dimensions that have more than one element.
    fn lies_like(&self, shape: &[i64], strides: &[i64]) -> bool {
        // Few numbers each: comparing them here is faster than a call to compare memory.
        self.shape().iter().eq(shape)
            && self.strides().iter().zip(strides).zip(shape).all(|((a, b), size)| a == b || *size <= 1)
    }
}

/// Sizes or strides, beside the rest of a view where they are few: looking elsewhere is what takes time.
enum Dims {
    Few(u8, [i64; 4]),
    Many(Box<[i64]>),
}

impl Dims {
    fn new(dims: &[i64]) -> Self {
        let mut few = [0; 4];
        match few.get_mut(..dims.len()) {
            Some(few) => few.copy_from_slice(dims),
            None => return Self::Many(dims.into()),
        }
        Self::Few(dims.len() as u8, few)
    }
}

impl std::ops::Deref for Dims {
    type Target = [i64];

    fn deref(&self) -> &[i64] {
        match self {
            Self::Few(len, dims) => &dims[..usize::from(*len)],
            Self::Many(dims) => dims,
        }
    }
}

/// A tensor that is held from beside Python. A look at one that Python alone holds is slower: PyTorch then counts its own
/// reference at the object, for which it takes the GIL. The garbage collector does not see this reference, so what is held
/// must not lead back to who holds it.
pub(crate) struct Held(*mut Managed);
// SAFETY: it is made and dropped by whoever has the GIL, and nothing else is done with it.
unsafe impl Send for Held {}
// SAFETY: as above.
unsafe impl Sync for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the pointer is the one that `Exchange::hold` was given, which nobody else has.
        unsafe {
            if let Some(delete) = (*self.0).delete {
                delete(self.0);
            }
        }
    }
}

/// Asks for memory ahead of its use.
#[inline(always)]
pub(crate) fn fetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing, whatever the address.
    unsafe {
        std::arch::x86_64::_mm_prefetch(address as *const i8, std::arch::x86_64::_MM_HINT_T0);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// How a tensor was when it was looked at.
pub(crate) struct View {
    address: usize,
    /// Where the tensor keeps its shape.
    place: usize,
    dtype: [u8; 2],
    shape: Dims,
    strides: Dims,
}

impl View {
    pub(crate) fn new(raw: &Raw) -> Self {
        Self {
            address: raw.address(),
            place: raw.shape as usize,
            dtype: raw.dtype,
            shape: Dims::new(raw.shape()),
            strides: Dims::new(raw.strides()),
        }
    }

    /// Asks for the memory that a look at the tensor will read.
    pub(crate) fn expect(&self, tensor: &Py<PyAny>) {
        fetch(tensor.as_ptr() as usize);
        // Small tensors keep their shape within, and all else around it.
        [self.place.wrapping_sub(64), self.place, self.place.wrapping_add(64)].into_iter().for_each(fetch);
    }

    /// Whether the tensor still is as it was, well placed if it was.
    pub(crate) fn holds(&self, raw: &Raw) -> bool {
        raw.address() == self.address && raw.dtype == self.dtype && raw.lies_like(&self.shape, &self.strides)
    }

    /// Whether the other has the type and the layout of this one.
    pub(crate) fn fits(&self, raw: &Raw) -> bool {
        raw.dtype == self.dtype && self.lies(raw)
    }

    /// Whether the other has the layout of this one.
    pub(crate) fn lies(&self, raw: &Raw) -> bool {
        raw.lies_like(&self.shape, &self.strides) && raw.is_well_placed()
    }

    pub(crate) fn address(&self) -> usize {
        self.address
    }

    pub(crate) fn is_complex(&self) -> bool {
        self.dtype[0] == COMPLEX
    }

    /// The type of its numbers, where the engine has it: complex ones are pairs.
    pub(crate) fn dtype(&self) -> Option<Dtype> {
        Some(match self.dtype {
            [FLOAT, 64] | [COMPLEX, 128] => Dtype::F64,
            [FLOAT, 32] | [COMPLEX, 64] => Dtype::F32,
            [FLOAT, 16] => Dtype::F16,
            [BFLOAT, 16] => Dtype::Bf16,
            _ => return None,
        })
    }

    /// Whether it is a row of bytes.
    pub(crate) fn is_bytes(&self) -> bool {
        self.dtype == [UINT, 8] && self.shape.len() == 1 && (self.strides[0] == 1 || self.shape[0] <= 1)
    }

    /// Its shape as one of real numbers.
    pub(crate) fn shape(&self) -> Vec<usize> {
        let pair = self.is_complex().then_some(2);
        self.shape.iter().map(|&size| size as usize).chain(pair).collect()
    }

    /// Whether its elements fill a piece of memory, in whatever order, each its own place.
    pub(crate) fn is_dense(&self) -> bool {
        let mut steps: Vec<_> =
            self.strides.iter().zip(self.shape.iter()).filter(|(_, size)| **size != 1).collect();
        steps.sort_unstable();
        let mut expected = 1;
        self.shape.contains(&0)
            || steps.into_iter().all(|(&stride, &size)| {
                let fits = stride == expected;
                expected *= size;
                fits
            })
    }

    /// Whether they do in row-major order.
    pub(crate) fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape.contains(&0)
            || self.shape.iter().zip(self.strides.iter()).rev().all(|(&size, &stride)| {
                let fits = size == 1 || stride == expected;
                expected *= size;
                fits
            })
    }
}

/// The way to tensors: `torch.Tensor.__dlpack_c_exchange_api__`, the types that are plain tensors, and the methods
/// `is_neg` and `is_conj` of tensors, whose answers DLPack does not know, the function that gives the number of PyTorch's
/// threads, and whether these are OpenMP's.
#[pyclass(module = "ravine._native", frozen)]
pub(crate) struct Exchange {
    hold: Option<Hold>,
    look: Look,
    types: Vec<Py<PyAny>>,
    is_neg: Py<PyAny>,
    is_conj: Py<PyAny>,
    threads: Py<PyAny>,
    parallel: Option<Parallel>,
}

impl Exchange {
    /// Whether an object is a tensor, and none of a subclass that may mean other numbers than its memory holds.
    pub(crate) fn is_plain(&self, object: Borrowed<'_, '_, PyAny>) -> bool {
        // SAFETY: the object is alive; the type is compared and not used.
        let kind = unsafe { ffi::Py_TYPE(object.as_ptr()) };
        self.types.iter().any(|known| std::ptr::eq(known.as_ptr(), kind.cast()))
    }

    /// Looks at a plain tensor; None if its numbers are not in this machine's memory.
    pub(crate) fn look(&self, tensor: Borrowed<'_, '_, PyAny>) -> Option<Raw> {
        if !self.is_plain(tensor) {
            return None;
        }
        let mut raw = std::mem::MaybeUninit::uninit();
        // SAFETY: the function is that of the tensor's type (`is_plain`), and fills in all if it answers 0.
        let raw = unsafe {
            if (self.look)(tensor.as_ptr(), raw.as_mut_ptr()) != 0 {
                ffi::PyErr_Clear();
                return None;
            }
            raw.assume_init()
        };
        (raw.device == CPU && raw.lanes == 1).then_some(raw)
    }

    /// Holds a plain tensor from beside Python, as PyTorch would if it had it in a list of its own.
    pub(crate) fn hold(&self, tensor: Borrowed<'_, '_, PyAny>) -> Option<Held> {
        let hold = self.hold.filter(|_| self.is_plain(tensor))?;
        let mut managed = std::ptr::null_mut();
        // SAFETY: the function is that of the tensor's type (`is_plain`), and gives a tensor if it answers 0.
        unsafe {
            if hold(tensor.as_ptr(), &mut managed) != 0 {
                ffi::PyErr_Clear();
                return None;
            }
        }
        Some(Held(managed))
    }

    /// The threads that PyTorch would work on.
    pub(crate) fn team(&self, py: Python<'_>) -> PyResult<Team> {
        let threads = self.threads.bind(py).call0()?.extract()?;
        Ok(Team { parallel: self.parallel, threads })
    }

    /// Whether a tensor stands for other numbers than its memory holds.
    pub(crate) fn is_turned(&self, tensor: Borrowed<'_, '_, PyAny>, complex: bool) -> PyResult<bool> {
        Ok(call(&self.is_neg, tensor)? || complex && call(&self.is_conj, tensor)?)
    }
}

/// Calls a method that takes nothing but its object and says yes or no.
fn call(method: &Py<PyAny>, object: Borrowed<'_, '_, PyAny>) -> PyResult<bool> {
    // SAFETY: both are live objects, and the list of arguments ends with a null pointer. It builds no tuple, as a call
    // through PyO3's safe functions would under the stable ABI.
    unsafe {
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let result = ffi::PyObject_CallFunctionObjArgs(method.as_ptr(), object.as_ptr(), null);
        Bound::from_owned_ptr_or_err(object.py(), result)?.is_truthy()
    }
}

#[pymethods]
impl Exchange {
    #[new]
    fn new(
        api: &Bound<'_, PyCapsule>,
        types: &Bound<'_, PyTuple>,
        is_neg: Py<PyAny>,
        is_conj: Py<PyAny>,
        threads: Py<PyAny>,
        openmp: bool,
    ) -> PyResult<Self> {
        // SAFETY: a capsule of this name holds such a table for as long as the process runs; none gives a null pointer.
        let api = unsafe {
            let api = ffi::PyCapsule_GetPointer(api.as_ptr(), c"dlpack_exchange_api".as_ptr()).cast::<Api>();
            api.as_ref().ok_or_else(|| PyErr::fetch(types.py()))?
        };
        let look = (api.major == 1).then_some(api.look).flatten().ok_or_else(|| {
            PyValueError::new_err(format!(
                "DLPack {}.{} without a way to look at tensors",
                api.major, api.minor
            ))
        })?;
        let types = types.iter().map(Bound::unbind).collect();
        let parallel = if openmp { team::parallel() } else { None };
        Ok(Self { hold: api.hold, look, types, is_neg, is_conj, threads, parallel })
    }

    /// The sum of the squares of all numbers of some tensors, in f64; None where one is not a plain dense tensor of
    /// floating-point numbers in this machine's memory.
    fn sum_of_squares(&self, py: Python<'_>, tensors: Vec<Bound<'_, PyAny>>) -> PyResult<Option<f64>> {
        let mut list = Vec::with_capacity(tensors.len());
        for tensor in &tensors {
            let Some(raw) = self.look(tensor.as_borrowed()) else { return Ok(None) };
            let view = View::new(&raw);
            match view.dtype() {
                Some(dtype) if view.is_dense() && raw.is_well_placed() => {
                    let numbers = raw.numbers() * if view.is_complex() { 2 } else { 1 };
                    list.push((dtype, raw.address(), numbers));
                }
                _ => return Ok(None),
            }
        }
        let team = self.team(py)?;
        Ok(Some(py.detach(|| {
            let list: Vec<_> = list.iter().map(|&(dtype, at, len)| (dtype, at as *const u8, len)).collect();
            // SAFETY: types and sizes are PyTorch's, and `tensors` are held.
            unsafe { ravine::sum_of_squares(&list, &team) }
        })))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let functions = [&self.is_neg, &self.is_conj, &self.threads];
        self.types.iter().chain(functions).try_for_each(|object| visit.call(object))
    }
}

/// Looks at a tensor at leisure; a message names it.
pub(crate) fn view(exchange: &Exchange, name: &str, tensor: &Bound<'_, PyAny>) -> PyResult<View> {
    if !exchange.is_plain(tensor.as_borrowed()) {
        let kind = tensor.get_type();
        return Err(PyTypeError::new_err(format!("{name} is a {}, not a plain tensor", kind.name()?)));
    }
    let Some(raw) = exchange.look(tensor.as_borrowed()) else {
        let device = tensor.getattr("device")?;
        let layout = tensor.getattr("layout")?;
        return Err(PyTypeError::new_err(format!("{name} is on device {device} with layout {layout}")));
    };
    let view = View::new(&raw);
    if exchange.is_turned(tensor.as_borrowed(), view.is_complex())? {
        return Err(PyTypeError::new_err(format!("{name} is a conjugate or negative view")));
    }
    if !raw.is_well_placed() {
        return Err(PyValueError::new_err(format!("{name} lies at an address that its type does not allow")));
    }
    let storage: usize = tensor.call_method0("untyped_storage")?.call_method0("nbytes")?.extract()?;
    let start: usize = tensor.call_method0("storage_offset")?.extract()?;
    let size: usize = tensor.call_method0("element_size")?.extract()?;
    match view.is_dense() && (start + raw.numbers()).saturating_mul(size) > storage {
        true => Err(PyValueError::new_err(format!("{name} has less memory than its shape needs"))),
        false => Ok(view),
    }
}
