//! The end of a sequence.

use crate::{Backward, Error, Float, Forward, Layer, Scope, Shape};

/// The last row of `[.., time, features]`: `[.., features]`. What a classifier of sequences reads off an LSTM.
#[derive(Clone, Debug, Default)]
pub struct LastStep {
    time: usize,
    features: usize,
}

impl LastStep {
    /// A layer for any length.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: Float> Layer<T> for LastStep {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        let [outer @ .., time, features] = input.dims() else {
            let problem = format!("a last step needs examples of shape [.., time, features], got {input}");
            return Err(Error::layer(scope.path(), problem));
        };
        (self.time, self.features) = (*time, *features);
        let dims: Vec<usize> = outer.iter().chain([features]).copied().collect();
        Ok(Shape::from(&dims[..]))
    }

    fn forward(&mut self, _pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        for (x, y) in x.chunks_exact(self.time * self.features).zip(y.chunks_exact_mut(self.features)) {
            y.copy_from_slice(&x[x.len() - self.features..]);
        }
    }

    fn backward(&mut self, _pass: &mut Backward<'_, T>, _x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let Some(dx) = dx else { return };
        for (dx, dy) in dx.chunks_exact_mut(self.time * self.features).zip(dy.chunks_exact(self.features)) {
            let (earlier, last) = dx.split_at_mut(dx.len() - self.features);
            earlier.fill(T::ZERO);
            last.copy_from_slice(dy);
        }
    }
}
