//! Layers one after another.

use crate::layer::join;
use crate::{Activation, Backward, Error, Float, Forward, Layer, Scope, Seen, Shape, SparseRows};

/// Layers one after another, numbered from 0 as in PyTorch's `nn.Sequential`. Needs at least one.
///
/// ```
/// use ravine_nn::{Activation, Linear, Network, Sequential};
///
/// let mut body = Sequential::new();
/// body.push(Linear::new(5));
/// body.push_activation(Activation::Tanh);
/// body.push(Linear::new(2));
/// let net = Network::<f64>::new(3, body, 1)?;
/// let names: Vec<_> = net.params().specs().iter().map(|spec| spec.name.as_str()).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
/// # Ok::<(), ravine_nn::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Sequential<T> {
    stages: Vec<Stage<T>>,
    /// The shapes that the result is read as.
    views: Vec<View>,
    /// Layers so far, with the activations that a stage took in.
    count: usize,
}

/// Another shape for the same values: nothing is done for it.
#[derive(Debug)]
struct View {
    number: usize,
    /// `None`: flat.
    shape: Option<Shape>,
}

impl View {
    fn of<T: Float>(&self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        match &self.shape {
            None => Ok(input.size().into()),
            Some(shape) if shape.size() == input.size() => Ok(shape.clone()),
            Some(shape) => {
                let (old, new) = (input.size(), shape.size());
                let problem =
                    format!("{old} values of shape {input} cannot be read as {new} of shape {shape}");
                Err(Error::layer(scope.child(&self.number.to_string()).path(), problem))
            }
        }
    }
}

/// A layer, the number it is known by, and its buffers. The last stage writes to the buffers of the caller.
#[derive(Debug)]
struct Stage<T> {
    layer: Box<dyn Layer<T>>,
    number: usize,
    /// The shapes that its input is read as, one after another.
    views: Vec<View>,
    /// Values in one example of the input.
    inputs: usize,
    /// The shape of the result for one example.
    output: Shape,
    y: Vec<T>,
    dx: Vec<T>,
}

impl<T: Float> Sequential<T> {
    /// No layers yet.
    pub fn new() -> Self {
        Self { stages: Vec::new(), views: Vec::new(), count: 0 }
    }

    /// Adds a layer.
    pub fn push(&mut self, layer: impl Layer<T> + 'static) {
        let number = self.count;
        self.count += 1;
        self.stages.push(Stage {
            layer: Box::new(layer),
            number,
            views: std::mem::take(&mut self.views),
            inputs: 0,
            output: Shape::from(0),
            y: Vec::new(),
            dx: Vec::new(),
        });
    }

    /// From here on an example is a flat list of values; no value moves.
    pub fn push_flatten(&mut self) {
        self.views.push(View { number: self.count, shape: None });
        self.count += 1;
    }

    /// From here on an example has this shape, which must hold as many values; no value moves.
    pub fn push_reshape(&mut self, shape: impl Into<Shape>) {
        self.views.push(View { number: self.count, shape: Some(shape.into()) });
        self.count += 1;
    }

    /// Adds an activation: inside of the layer before if that can do it faster, with the same result and the same names.
    pub fn push_activation(&mut self, activation: Activation) {
        if self.stages.last_mut().is_some_and(|stage| stage.layer.absorb(activation)) {
            self.count += 1;
        } else {
            self.push(activation);
        }
    }
}

impl<T: Float> Layer<T> for Sequential<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        if self.stages.is_empty() {
            return Err(Error::layer(scope.path(), "a sequence needs at least one layer, got none"));
        }
        let mut shape = input.clone();
        for stage in &mut self.stages {
            for view in &stage.views {
                shape = view.of(&shape, scope)?;
            }
            stage.inputs = shape.size();
            shape = stage.layer.build(&shape, &mut scope.child(&stage.number.to_string()))?;
            stage.output = shape.clone();
        }
        for view in &self.views {
            shape = view.of(&shape, scope)?;
        }
        Ok(shape)
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let last = self.stages.len() - 1;
        for i in 0..=last {
            let (before, rest) = self.stages.split_at_mut(i);
            let stage = &mut rest[0];
            let x = before.last().map_or(x, |stage| &stage.y);
            if i == last {
                stage.layer.forward(pass, x, y);
            } else {
                stage.y.resize(pass.batch * stage.output.size(), T::ZERO);
                stage.layer.forward(pass, x, &mut stage.y);
            }
        }
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], mut dx: Option<&mut [T]>) {
        for i in (0..self.stages.len()).rev() {
            let (before, rest) = self.stages.split_at_mut(i);
            let (stage, after) = rest.split_first_mut().expect("i is below the number of stages");
            let (y, dy) = after.first().map_or((y, dy), |next| (&stage.y, &next.dx));
            match before.last() {
                Some(previous) => {
                    stage.dx.resize(pass.batch * stage.inputs, T::ZERO);
                    stage.layer.backward(pass, &previous.y, y, dy, Some(&mut stage.dx));
                }
                None => stage.layer.backward(pass, x, y, dy, dx.take()),
            }
        }
    }

    fn inspect(&self, own: &Seen<'_, T>, see: &mut dyn FnMut(&Seen<'_, T>)) {
        let last = self.stages.len() - 1;
        for (i, stage) in self.stages.iter().enumerate() {
            let path = join(own.path, &stage.number.to_string());
            let output = if i == last { own.output } else { &stage.y };
            let (activation, shape) = (stage.layer.activation(), &stage.output);
            stage.layer.inspect(&Seen { path: &path, activation, shape, output }, see);
        }
    }

    fn state(&mut self, path: &str, see: &mut dyn FnMut(&str, &mut [T])) {
        for stage in &mut self.stages {
            stage.layer.state(&join(path, &stage.number.to_string()), see);
        }
    }

    fn sparse_rows(&self, see: &mut dyn FnMut(&SparseRows<'_>)) {
        for stage in &self.stages {
            stage.layer.sparse_rows(see);
        }
    }
}
