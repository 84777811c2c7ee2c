//! The parameters and gradients of one step.

use crate::element::Element;
use crate::state::Lane;
use std::marker::PhantomData;

/// A parameter tensor and its gradient, both of `len` elements. Valid only while a [`Tensors`] made of it lives.
pub(crate) struct Tensor<T> {
    pub(crate) values: *mut T,
    pub(crate) grads: *mut T,
    len: usize,
}

// SAFETY: used through `Tensors` only, which stands for exclusive borrows of what is pointed to.
unsafe impl<T: Send> Send for Tensor<T> {}
// SAFETY: threads that share it touch disjoint elements: see `Plan`.
unsafe impl<T: Send> Sync for Tensor<T> {}

/// The parameters and gradients of one step, borrowed exclusively for `'a`.
pub(crate) struct Tensors<'a, T> {
    list: &'a [Tensor<T>],
    borrow: PhantomData<&'a mut T>,
}

impl<'a, T: Element> Tensors<'a, T> {
    /// Gathers parameters and their gradients, pair by pair of the same length. `memory` is reused from step to step.
    pub(crate) fn gather(
        memory: &'a mut Vec<Tensor<T>>,
        pairs: impl Iterator<Item = (&'a mut [T], &'a mut [T])>,
    ) -> Self {
        memory.clear();
        memory.extend(pairs.map(|(values, grads)| {
            assert_eq!(values.len(), grads.len());
            Tensor { len: values.len(), values: values.as_mut_ptr(), grads: grads.as_mut_ptr() }
        }));
        Self { list: memory, borrow: PhantomData }
    }

    /// Number of elements of parameter `index`.
    pub(crate) fn len(&self, index: usize) -> usize {
        self.list[index].len
    }

    /// Where the values and the gradient of parameter `index` lie.
    pub(crate) fn lanes(&mut self, index: usize) -> [Lane; 2] {
        let tensor = &self.list[index];
        [Lane::new(tensor.values), Lane::new(tensor.grads)]
    }

    /// The values of parameter `index`.
    pub(crate) fn values(&self, index: usize) -> &[T] {
        let tensor = &self.list[index];
        // SAFETY: `gather` was given a slice of this length, borrowed for as long as `self` lives.
        unsafe { std::slice::from_raw_parts(tensor.values, tensor.len) }
    }

    /// The gradient of parameter `index`.
    pub(crate) fn grads(&self, index: usize) -> &[T] {
        let tensor = &self.list[index];
        // SAFETY: as in `values`.
        unsafe { std::slice::from_raw_parts(tensor.grads, tensor.len) }
    }

    /// The values of parameter `index` and its gradient, to be written.
    pub(crate) fn grads_mut(&mut self, index: usize) -> (&[T], &mut [T]) {
        let tensor = &self.list[index];
        // SAFETY: as in `values`; the borrow is exclusive, and values and gradient are slices of their own.
        let grads = unsafe { std::slice::from_raw_parts_mut(tensor.grads, tensor.len) };
        (self.values(index), grads)
    }

    /// The gradient of each parameter.
    pub(crate) fn all_grads(&self) -> impl Iterator<Item = &[T]> + Clone {
        (0..self.list.len()).map(|index| self.grads(index))
    }

    /// Sets all gradients to 0.
    pub(crate) fn zero_grads(&mut self) {
        (0..self.list.len()).for_each(|index| self.zero_grad(index));
    }

    /// Sets the gradient of parameter `index` to 0.
    pub(crate) fn zero_grad(&mut self, index: usize) {
        let tensor = &self.list[index];
        // SAFETY: as in `values`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(tensor.grads, tensor.len) }.fill(T::default());
    }
}
