//! A layer with its parameters and buffers, checked on every call.

use std::sync::OnceLock;

use ravine::random::Random;

use crate::error::{Kind, check_length};
use crate::{
    Activation, AvgPool2d, Backward, BatchNorm, Conv2d, Dropout, Error, Float, Forward, Init, Layer, Linear,
    MaxPool2d, Mode, Padding, Pair, Params, Residual, Scope, Seen, Sequential, Shape, SparseRows,
};

/// A trainable model: layers, parameters, gradients, and the buffers between them, which are used again from step to
/// step.
#[derive(Debug)]
pub struct Network<T> {
    body: Box<dyn Layer<T>>,
    params: Params<T>,
    input: Shape,
    output: Shape,
    batch: usize,
    x: Vec<T>,
    y: Vec<T>,
}

impl<T: Float> Network<T> {
    /// Starts a chain of layers for examples of this shape.
    pub fn builder(input: impl Into<Shape>) -> NetworkBuilder<T> {
        NetworkBuilder { input: input.into(), layers: Sequential::new(), weight: None, bias: None }
    }

    /// A network of this layer for examples of this shape. Parameters and dropout are drawn from `seed`.
    pub fn new(input: impl Into<Shape>, body: impl Layer<T> + 'static, seed: u64) -> Result<Self, Error> {
        let (mut body, input) = (Box::new(body), input.into());
        if input.size() == 0 {
            return Err(Error::layer("", format!("an example needs at least one value, got shape {input}")));
        }
        let (mut params, mut streams) = (Params::default(), 0);
        let mut scope = Scope {
            params: &mut params,
            random: Random::new(seed),
            streams: &mut streams,
            path: String::new(),
        };
        let output = body.build(&input, &mut scope)?;
        Ok(Self { body, params, input, output, batch: 0, x: Vec::new(), y: Vec::new() })
    }

    /// The results of a batch: `x` holds `batch` examples, one after another, and so does what comes back.
    pub fn forward(&mut self, x: &[T], batch: usize, mode: Mode) -> Result<&[T], Error> {
        let size = self.input.size();
        if batch == 0 {
            return Err(Kind::EmptyBatch.into());
        }
        if batch.checked_mul(size) != Some(x.len()) {
            let expected = batch.saturating_mul(size);
            return Err(Kind::Input { batch, shape: self.input.clone(), expected, got: x.len() }.into());
        }
        self.batch = 0;
        self.x.clear();
        self.x.extend_from_slice(x);
        self.y.resize(batch * self.output.size(), T::ZERO);
        let refusal = OnceLock::new();
        let pass = Forward { values: self.params.values(), batch, mode, refusal: &refusal };
        self.body.forward(&pass, &self.x, &mut self.y);
        match refusal.into_inner() {
            Some(error) => Err(error),
            None => {
                self.batch = batch;
                Ok(&self.y)
            }
        }
    }

    /// Adds the gradients of the parameters for the last batch, given the loss's gradient by its results.
    ///
    /// The parameters must be those of that `forward`.
    pub fn backward(&mut self, dy: &[T]) -> Result<(), Error> {
        if self.batch == 0 {
            return Err(Kind::NoForward.into());
        }
        check_length("the gradient by the results", self.y.len(), dy.len())?;
        let (values, grads) = self.params.split_mut();
        let mut pass = Backward { values, grads, batch: self.batch };
        self.body.backward(&mut pass, &self.x, &self.y, dy, None);
        Ok(())
    }

    /// Shows what every layer gave in the last forward pass, from the first to the last.
    pub fn inspect(&self, see: &mut dyn FnMut(&Seen<'_, T>)) {
        let (activation, shape) = (self.body.activation(), &self.output);
        self.body.inspect(&Seen { path: "", activation, shape, output: &self.y }, see);
    }

    /// Shows what layers learn besides parameters, such as running means, with a name each.
    pub fn state(&mut self, see: &mut dyn FnMut(&str, &mut [T])) {
        self.body.state("", see);
    }

    /// Shows which rows the last `backward` gave a gradient, for each parameter where these are few.
    pub fn sparse_rows(&self, see: &mut dyn FnMut(&SparseRows<'_>)) {
        self.body.sparse_rows(see);
    }

    /// Parameters and gradients.
    pub fn params(&self) -> &Params<T> {
        &self.params
    }

    /// Parameters and gradients, to step on.
    pub fn params_mut(&mut self) -> &mut Params<T> {
        &mut self.params
    }

    /// The shape of an example.
    pub fn input_shape(&self) -> &Shape {
        &self.input
    }

    /// The shape of the result for an example.
    pub fn output_shape(&self) -> &Shape {
        &self.output
    }
}

/// A chain of layers being put together; got from [`Network::builder`].
#[derive(Debug)]
pub struct NetworkBuilder<T> {
    input: Shape,
    layers: Sequential<T>,
    weight: Option<Init>,
    bias: Option<Init>,
}

impl<T: Float> NetworkBuilder<T> {
    /// How the weights and biases of the linear and convolution layers after this start, in place of PyTorch's default.
    pub fn init(self, weight: Init, bias: Init) -> Self {
        Self { weight: Some(weight), bias: Some(bias), ..self }
    }

    /// A fully connected layer with so many outputs.
    pub fn linear(self, outputs: usize) -> Self {
        let mut layer = Linear::new(outputs);
        if let (Some(weight), Some(bias)) = (self.weight, self.bias) {
            layer = layer.weight_init(weight).bias_init(bias);
        }
        self.layer(layer)
    }

    /// A convolution with so many output channels; [`layer`](Self::layer) takes a [`Conv2d`] with more options.
    pub fn conv2d(
        self,
        outputs: usize,
        kernel: impl Into<Pair>,
        stride: impl Into<Pair>,
        padding: impl Into<Padding>,
    ) -> Self {
        self.convolution(Conv2d::new(outputs, kernel).stride(stride).padding(padding))
    }

    /// A transposed convolution with so many output channels: [`Conv2d::transposed`].
    pub fn conv_transpose2d(
        self,
        outputs: usize,
        kernel: impl Into<Pair>,
        stride: impl Into<Pair>,
        padding: impl Into<Padding>,
    ) -> Self {
        self.convolution(Conv2d::transposed(outputs, kernel).stride(stride).padding(padding))
    }

    fn convolution(self, mut layer: Conv2d<T>) -> Self {
        if let (Some(weight), Some(bias)) = (self.weight, self.bias) {
            layer = layer.weight_init(weight).bias_init(bias);
        }
        self.layer(layer)
    }

    /// The largest value of each window, without padding.
    pub fn max_pool2d(self, kernel: impl Into<Pair>, stride: impl Into<Pair>) -> Self {
        self.layer(MaxPool2d::new(kernel).stride(stride))
    }

    /// The mean of each window, without padding.
    pub fn avg_pool2d(self, kernel: impl Into<Pair>, stride: impl Into<Pair>) -> Self {
        self.layer(AvgPool2d::new(kernel).stride(stride))
    }

    /// The mean of each channel: [`AvgPool2d::global`].
    pub fn global_avg_pool2d(self) -> Self {
        self.layer(AvgPool2d::global())
    }

    /// Batch normalisation of each channel or feature.
    pub fn batch_norm(self) -> Self {
        self.layer(BatchNorm::new())
    }

    /// `x + body(x)`, where `body` adds layers to an empty chain.
    ///
    /// ```
    /// use ravine_nn::Network;
    ///
    /// let net = Network::<f32>::builder([8, 14, 14])
    ///     .residual(|body| body.conv2d(8, 3, 1, 1).batch_norm().relu().conv2d(8, 3, 1, 1).batch_norm())
    ///     .relu()
    ///     .build(1)?;
    /// assert_eq!(net.params().specs()[0].name, "0.body.0.weight");
    /// # Ok::<(), ravine_nn::Error>(())
    /// ```
    pub fn residual(self, body: impl FnOnce(Self) -> Self) -> Self {
        let body = body(self.branch()).layers;
        self.layer(Residual::new(body))
    }

    /// `shortcut(x) + body(x)`, where both add layers to an empty chain.
    pub fn residual_with(self, body: impl FnOnce(Self) -> Self, shortcut: impl FnOnce(Self) -> Self) -> Self {
        let (body, shortcut) = (body(self.branch()).layers, shortcut(self.branch()).layers);
        self.layer(Residual::new(body).shortcut(shortcut))
    }

    /// An empty chain whose layers start as those of this one.
    fn branch(&self) -> Self {
        Self { input: self.input.clone(), layers: Sequential::new(), weight: self.weight, bias: self.bias }
    }

    /// Reads each example as a flat list of values.
    pub fn flatten(mut self) -> Self {
        self.layers.push_flatten();
        self
    }

    /// Reads each example in another shape of as many values.
    pub fn reshape(mut self, shape: impl Into<Shape>) -> Self {
        self.layers.push_reshape(shape);
        self
    }

    /// [`Activation::Relu`].
    pub fn relu(self) -> Self {
        self.activation(Activation::Relu)
    }

    /// [`Activation::Tanh`].
    pub fn tanh(self) -> Self {
        self.activation(Activation::Tanh)
    }

    /// [`Activation::Sigmoid`].
    pub fn sigmoid(self) -> Self {
        self.activation(Activation::Sigmoid)
    }

    /// [`Activation::Gelu`].
    pub fn gelu(self) -> Self {
        self.activation(Activation::Gelu)
    }

    /// An activation.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.layers.push_activation(activation);
        self
    }

    /// Inverted dropout with probability `p`.
    pub fn dropout(self, p: f64) -> Self {
        self.layer(Dropout::new(p))
    }

    /// Any other layer.
    pub fn layer(mut self, layer: impl Layer<T> + 'static) -> Self {
        self.layers.push(layer);
        self
    }

    /// The network; its parameters and its dropout are drawn from `seed`.
    pub fn build(self, seed: u64) -> Result<Network<T>, Error> {
        Network::new(self.input, self.layers, seed)
    }
}
