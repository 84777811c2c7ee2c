//! Whether a dictionary still has the entries that it had.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{Borrowed, ffi};

/// The entries of a dictionary of states by parameter, told by the objects alone: parameters are costly to look up, and
/// what was bound is alive as long as this is asked.
#[pyclass(module = "ravine._native")]
#[derive(Default)]
pub(crate) struct Entries {
    pairs: Vec<(usize, usize)>,
}

/// Keys and values of a dictionary, in order, as the objects they are.
pub(crate) fn pairs(dict: Borrowed<'_, '_, PyDict>) -> impl Iterator<Item = (usize, usize)> {
    let (mut at, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the dictionary is alive and not changed meanwhile; what is borrowed from it is not used.
    std::iter::from_fn(move || unsafe {
        (ffi::PyDict_Next(dict.as_ptr(), &mut at, &mut key, &mut value) != 0)
            .then_some((key as usize, value as usize))
    })
}

#[pymethods]
impl Entries {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Takes up the entries that the dictionary has now.
    fn take(&mut self, dict: &Bound<'_, PyDict>) {
        self.pairs.clear();
        self.pairs.extend(pairs(dict.as_borrowed()));
    }

    /// Whether it has those, in the same order.
    fn hold(&self, dict: &Bound<'_, PyDict>) -> bool {
        pairs(dict.as_borrowed()).eq(self.pairs.iter().copied())
    }
}
