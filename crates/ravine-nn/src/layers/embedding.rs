//! Rows looked up by number.

use crate::layers::lookup::Lookup;
use crate::{Backward, Error, Float, Forward, Init, Layer, Scope, Shape, SparseRows, parallel};

/// Each value of the input is the number of a row of a table, and gives that row: `[...]` to `[..., dim]`.
///
/// Parameter `weight` `[rows, dim]`, normal with standard deviation 1 by default, as in PyTorch. The input must be whole
/// numbers from 0 to below `rows`, else the network's `forward` gives an error. The gradient touches only the rows that
/// were looked up ([`Layer::sparse_rows`]); by the input it is zero.
#[derive(Clone, Debug)]
pub struct Embedding {
    lookup: Lookup,
}

impl Embedding {
    /// A table of `rows` rows with `dim` values each.
    pub fn new(rows: usize, dim: usize) -> Self {
        Self { lookup: Lookup::new(rows, dim) }
    }

    /// How the table starts.
    pub fn init(mut self, init: Init) -> Self {
        self.lookup.init = init;
        self
    }
}

impl<T: Float> Layer<T> for Embedding {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        self.lookup.build(scope)?;
        let dims: Vec<usize> = input.dims().iter().copied().chain([self.lookup.dim]).collect();
        Ok(Shape::from(&dims[..]))
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        self.lookup.find(pass, x.iter().copied());
        for (place, y) in y.chunks_exact_mut(self.lookup.dim).enumerate() {
            y.copy_from_slice(self.lookup.row(pass.values, place));
        }
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, _x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let dim = self.lookup.dim;
        self.lookup.scatter(pass.grads, |_| true, |place, row| parallel::add(&dy[place * dim..][..dim], row));
        if let Some(dx) = dx {
            dx.fill(T::ZERO);
        }
    }

    fn sparse_rows(&self, see: &mut dyn FnMut(&SparseRows<'_>)) {
        see(&self.lookup.touched());
    }
}
