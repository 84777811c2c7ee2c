//! Residual blocks.

use crate::layer::join;
use crate::{Activation, Backward, Error, Float, Forward, Layer, Scope, Seen, Shape, SparseRows, parallel};

/// `y = body(x) + x`, or `body(x) + shortcut(x)` where the shapes differ (He et al., CVPR 2016).
///
/// Parameters are named `body.*` and `shortcut.*`. An activation that follows is done here.
#[derive(Debug)]
pub struct Residual<T> {
    body: Branch<T>,
    shortcut: Option<Branch<T>>,
    activation: Option<Activation>,
    shape: Shape,
    /// The gradient before the activation.
    dz: Vec<T>,
    /// The shortcut's gradient by the input.
    dx: Vec<T>,
}

#[derive(Debug)]
struct Branch<T> {
    layer: Box<dyn Layer<T>>,
    y: Vec<T>,
}

impl<T: Float> Branch<T> {
    fn new(layer: impl Layer<T> + 'static) -> Self {
        Self { layer: Box::new(layer), y: Vec::new() }
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], len: usize) {
        self.y.resize(len, T::ZERO);
        self.layer.forward(pass, x, &mut self.y);
    }

    fn inspect(&self, path: &str, shape: &Shape, see: &mut dyn FnMut(&Seen<'_, T>)) {
        let activation = self.layer.activation();
        self.layer.inspect(&Seen { path, activation, shape, output: &self.y }, see);
    }
}

impl<T: Float> Residual<T> {
    /// `body(x) + x`.
    pub fn new(body: impl Layer<T> + 'static) -> Self {
        let body = Branch::new(body);
        Self { body, shortcut: None, activation: None, shape: Shape::from(0), dz: Vec::new(), dx: Vec::new() }
    }

    /// `body(x) + layer(x)`.
    pub fn shortcut(self, layer: impl Layer<T> + 'static) -> Self {
        Self { shortcut: Some(Branch::new(layer)), ..self }
    }
}

impl<T: Float> Layer<T> for Residual<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        self.shape = self.body.layer.build(input, &mut scope.child("body"))?;
        let (other, what) = match &mut self.shortcut {
            Some(shortcut) => (shortcut.layer.build(input, &mut scope.child("shortcut"))?, "the shortcut"),
            None => (input.clone(), "the input, as there is no shortcut"),
        };
        if other != self.shape {
            let problem =
                format!("the body gives shape {}, {what} gives {other}; they must be alike", self.shape);
            return Err(Error::layer(scope.path(), problem));
        }
        Ok(self.shape.clone())
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        self.body.forward(pass, x, y.len());
        if let Some(shortcut) = &mut self.shortcut {
            shortcut.forward(pass, x, y.len());
        }
        let (body, other) = (&self.body.y, self.shortcut.as_ref().map_or(x, |shortcut| &shortcut.y));
        parallel::chunks(y, |start, y| {
            sum(&body[start..][..y.len()], &other[start..][..y.len()], y);
            if let Some(activation) = self.activation {
                activation.apply(y);
            }
        });
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let dz = match self.activation {
            Some(activation) => {
                self.dz.resize(dy.len(), T::ZERO);
                activation.backward(y, dy, &mut self.dz);
                &self.dz
            }
            None => dy,
        };
        let Some(dx) = dx else {
            self.body.layer.backward(pass, x, &self.body.y, dz, None);
            if let Some(shortcut) = &mut self.shortcut {
                shortcut.layer.backward(pass, x, &shortcut.y, dz, None);
            }
            return;
        };
        self.body.layer.backward(pass, x, &self.body.y, dz, Some(dx));
        let other = match &mut self.shortcut {
            Some(shortcut) => {
                self.dx.resize(dx.len(), T::ZERO);
                shortcut.layer.backward(pass, x, &shortcut.y, dz, Some(&mut self.dx));
                &self.dx
            }
            None => dz,
        };
        parallel::chunks(dx, |start, dx| parallel::add(&other[start..][..dx.len()], dx));
    }

    fn absorb(&mut self, activation: Activation) -> bool {
        let take = self.activation.is_none() && activation.derivative_is_of_result();
        if take {
            self.activation = Some(activation);
        }
        take
    }

    fn activation(&self) -> Option<Activation> {
        self.activation
    }

    fn inspect(&self, own: &Seen<'_, T>, see: &mut dyn FnMut(&Seen<'_, T>)) {
        self.body.inspect(&join(own.path, "body"), &self.shape, see);
        if let Some(shortcut) = &self.shortcut {
            shortcut.inspect(&join(own.path, "shortcut"), &self.shape, see);
        }
        see(own);
    }

    fn state(&mut self, path: &str, see: &mut dyn FnMut(&str, &mut [T])) {
        self.body.layer.state(&join(path, "body"), see);
        if let Some(shortcut) = &mut self.shortcut {
            shortcut.layer.state(&join(path, "shortcut"), see);
        }
    }

    fn sparse_rows(&self, see: &mut dyn FnMut(&SparseRows<'_>)) {
        self.body.layer.sparse_rows(see);
        if let Some(shortcut) = &self.shortcut {
            shortcut.layer.sparse_rows(see);
        }
    }
}

ravine::simd! {
    fn sum<T: Float>(a: &[T], b: &[T], y: &mut [T]) {
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            *y = a + b;
        }
    }
}
