//! Weighted sums of rows looked up by number.

use crate::layers::lookup::Lookup;
use crate::{Backward, Error, Float, Forward, Init, Layer, Scope, Shape, SparseRows, lanes};

/// The weighted sum of rows of a table, for sparse features: `[..., slots, 2]` to `[..., dim]`.
///
/// A slot is the number of a row and its weight, such as a word and how often it occurs; an unused slot is `[0, 0]`.
/// What a dense `x W` gives, without the zeros of x. Parameter `weight` `[rows, dim]`, normal with standard deviation 1
/// by default, as in PyTorch. A number that is not that of a row makes the network's `forward` fail. The gradient touches
/// only the rows with a weight other than 0 ([`Layer::sparse_rows`]); by the input it is that of the weights.
#[derive(Clone, Debug)]
pub struct EmbeddingBag {
    lookup: Lookup,
    slots: usize,
}

impl EmbeddingBag {
    /// A table of `rows` rows with `dim` values each.
    pub fn new(rows: usize, dim: usize) -> Self {
        Self { lookup: Lookup::new(rows, dim), slots: 0 }
    }

    /// How the table starts.
    pub fn init(mut self, init: Init) -> Self {
        self.lookup.init = init;
        self
    }
}

impl<T: Float> Layer<T> for EmbeddingBag {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        let [outer @ .., slots, 2] = input.dims() else {
            let problem = format!("a bag of rows needs examples of shape [.., slots, 2], got {input}");
            return Err(Error::layer(scope.path(), problem));
        };
        self.slots = *slots;
        self.lookup.build(scope)?;
        let dims: Vec<usize> = outer.iter().copied().chain([self.lookup.dim]).collect();
        Ok(Shape::from(&dims[..]))
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        self.lookup.find(pass, x.iter().copied().step_by(2));
        y.fill(T::ZERO);
        for (bag, y) in y.chunks_exact_mut(self.lookup.dim).enumerate() {
            for place in bag * self.slots..(bag + 1) * self.slots {
                add_scaled(x[2 * place + 1], self.lookup.row(pass.values, place), y);
            }
        }
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let (dim, slots) = (self.lookup.dim, self.slots);
        let of_bag = |place: usize| &dy[place / slots * dim..][..dim];
        let weight = |place: usize| x[2 * place + 1];
        let used = |place: usize| weight(place) != T::ZERO;
        self.lookup.scatter(pass.grads, used, |place, row| add_scaled(weight(place), of_bag(place), row));
        for (place, dx) in dx.into_iter().flat_map(|dx| dx.chunks_exact_mut(2)).enumerate() {
            dx[0] = T::ZERO;
            dx[1] = dot(self.lookup.row(pass.values, place), of_bag(place));
        }
    }

    fn sparse_rows(&self, see: &mut dyn FnMut(&SparseRows<'_>)) {
        see(&self.lookup.touched());
    }
}

ravine::simd! {
    fn add_scaled<T: Float>(scale: T, x: &[T], y: &mut [T]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = *y + scale * x;
        }
    }

    fn dot<T: Float>(a: &[T], b: &[T]) -> T {
        let b = &b[..a.len()];
        lanes::sum(a.len(), |i| a[i] * b[i])
    }
}
