//! Residual branches.

use crate::{
    Backward, Error, Float, Forward, Layer, Scope, Seen, Sequential, Shape, SparseRows, layer, parallel,
};

/// `y = x + body(x)`; the body keeps the shape.
#[derive(Debug)]
pub struct Residual<T> {
    body: Sequential<T>,
    shape: Shape,
    branch: Vec<T>,
}

impl<T: Float> Residual<T> {
    /// A branch through these layers beside the identity.
    pub fn new(body: Sequential<T>) -> Self {
        Self { body, shape: Shape::from(0), branch: Vec::new() }
    }
}

impl<T: Float> Layer<T> for Residual<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        self.shape = self.body.build(input, &mut scope.child("body"))?;
        if self.shape != *input {
            let problem = format!("the body must keep the shape {input}, it gives {}", self.shape);
            return Err(Error::layer(scope.path(), problem));
        }
        Ok(input.clone())
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        self.branch.resize(x.len(), T::ZERO);
        self.body.forward(pass, x, &mut self.branch);
        parallel::chunks(y, |start, y| {
            y.copy_from_slice(&x[start..][..y.len()]);
            parallel::add(&self.branch[start..][..y.len()], y);
        });
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let Some(dx) = dx else {
            return self.body.backward(pass, x, &self.branch, dy, None);
        };
        self.body.backward(pass, x, &self.branch, dy, Some(&mut *dx));
        parallel::chunks(dx, |start, dx| parallel::add(&dy[start..][..dx.len()], dx));
    }

    fn inspect(&self, own: &Seen<'_, T>, see: &mut dyn FnMut(&Seen<'_, T>)) {
        let path = layer::join(own.path, "body");
        self.body
            .inspect(&Seen { path: &path, activation: None, shape: &self.shape, output: &self.branch }, see);
        see(own);
    }

    fn state(&mut self, path: &str, see: &mut dyn FnMut(&str, &mut [T])) {
        self.body.state(&layer::join(path, "body"), see);
    }

    fn sparse_rows(&self, see: &mut dyn FnMut(&SparseRows<'_>)) {
        self.body.sparse_rows(see);
    }
}
