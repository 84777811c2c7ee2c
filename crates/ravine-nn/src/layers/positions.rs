//! Learned positions.

use crate::{Backward, Error, Float, Forward, Init, Layer, Param, Scope, Shape, parallel};

/// `y = x + weight`: every place of an example has a learned value that is added, as the position embedding of GPT does
/// for `[time, features]`.
///
/// Parameter `weight`, of the shape of an example; normal with standard deviation 1 by default, as PyTorch's embedding.
#[derive(Clone, Debug)]
pub struct Positions {
    init: Init,
    weight: Param,
}

impl Positions {
    /// A layer for examples of any shape.
    pub fn new() -> Self {
        Self { init: Init::normal(1.0), weight: Param::default() }
    }

    /// How the positions start.
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }
}

impl Default for Positions {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> Layer<T> for Positions {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        self.weight = scope.param("weight", input.clone(), self.init, (input.last(), input.last()))?;
        Ok(input.clone())
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let weight = self.weight.of(pass.values);
        for (x, y) in x.chunks_exact(weight.len()).zip(y.chunks_exact_mut(weight.len())) {
            parallel::chunks(y, |start, y| {
                y.copy_from_slice(&x[start..][..y.len()]);
                parallel::add(&weight[start..][..y.len()], y);
            });
        }
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, _x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let grads = self.weight.of_mut(pass.grads);
        let size = grads.len();
        parallel::chunks(grads, |start, grads| {
            for dy in dy.chunks_exact(size) {
                parallel::add(&dy[start..][..grads.len()], grads);
            }
        });
        if let Some(dx) = dx {
            dx.copy_from_slice(dy);
        }
    }
}
