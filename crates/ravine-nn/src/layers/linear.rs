//! The fully connected layer.

use rayon::prelude::*;

use crate::{
    Activation, Backward, Error, Float, Forward, Init, Layer, Mat, Param, Scope, Shape, matmul, parallel,
};

/// `y = x W^T + b` over the innermost extent: `[..., in]` to `[..., out]`.
///
/// Parameters `weight` `[out, in]` and `bias` `[out]`; by default both start uniform within 1 / sqrt(in), as in
/// PyTorch. An activation that follows is done here, while the rows are in the cache.
#[derive(Clone, Debug)]
pub struct Linear<T> {
    inputs: usize,
    outputs: usize,
    weight_init: Init,
    bias_init: Option<Init>,
    activation: Option<Activation>,
    weight: Param,
    bias: Param,
    /// The gradient before the activation.
    dz: Vec<T>,
    /// The bias's gradient over each group of rows.
    partial: Vec<T>,
}

impl<T: Float> Linear<T> {
    /// A layer with so many outputs; the inputs are known when it is built.
    pub fn new(outputs: usize) -> Self {
        Self {
            inputs: 0,
            outputs,
            weight_init: Init::torch_linear(),
            bias_init: Some(Init::torch_linear()),
            activation: None,
            weight: Param::default(),
            bias: Param::default(),
            dz: Vec::new(),
            partial: Vec::new(),
        }
    }

    /// How the weight starts.
    pub fn weight_init(self, init: Init) -> Self {
        Self { weight_init: init, ..self }
    }

    /// How the bias starts.
    pub fn bias_init(self, init: Init) -> Self {
        Self { bias_init: Some(init), ..self }
    }

    /// Without a bias.
    pub fn no_bias(self) -> Self {
        Self { bias_init: None, ..self }
    }

    fn has_bias(&self) -> bool {
        self.bias_init.is_some()
    }
}

impl<T: Float> Layer<T> for Linear<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        if self.outputs == 0 {
            return Err(Error::layer(scope.path(), "a linear layer needs at least one output, got 0"));
        }
        (self.inputs, self.dz, self.partial) = (input.last(), Vec::new(), Vec::new());
        let fan = (self.inputs, self.outputs);
        self.weight = scope.param("weight", [self.outputs, self.inputs], self.weight_init, fan)?;
        if let Some(init) = self.bias_init {
            self.bias = scope.param("bias", self.outputs, init, fan)?;
        }
        Ok(input.with_last(self.outputs))
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let rows = x.len() / self.inputs;
        let weight = Mat::new(self.weight.of(pass.values), self.outputs, self.inputs);
        let bias = self.bias.of(pass.values);
        matmul(y, false, Mat::new(x, rows, self.inputs), weight.transposed(), |start, row| {
            if self.has_bias() {
                parallel::add(&bias[start..][..row.len()], row);
            }
            if let Some(activation) = self.activation {
                activation.apply(row);
            }
        });
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let rows = x.len() / self.inputs;
        let dz = match self.activation {
            Some(activation) => {
                self.dz.resize(dy.len(), T::ZERO);
                activation.backward(y, dy, &mut self.dz);
                &self.dz
            }
            None => dy,
        };
        if self.has_bias() {
            add_column_sums(dz, self.bias.of_mut(pass.grads), &mut self.partial);
        }
        let (x, dz) = (Mat::new(x, rows, self.inputs), Mat::new(dz, rows, self.outputs));
        matmul(self.weight.of_mut(pass.grads), true, dz.transposed(), x, |_, _| {});
        if let Some(dx) = dx {
            let weight = Mat::new(self.weight.of(pass.values), self.outputs, self.inputs);
            matmul(dx, false, dz, weight, |_, _| {});
        }
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
}

/// Adds the sum of the rows of `x` to `sums`: groups of rows first, then the groups in order.
pub(crate) fn add_column_sums<T: Float>(x: &[T], sums: &mut [T], partial: &mut Vec<T>) {
    let cols = sums.len();
    let group = (parallel::CHUNK / cols).max(1) * cols;
    if x.len() <= group {
        return column_sums(x, sums);
    }
    partial.clear();
    partial.resize(x.len().div_ceil(group) * cols, T::ZERO);
    if parallel::is_alone() {
        partial.chunks_mut(cols).zip(x.chunks(group)).for_each(|(sums, x)| column_sums(x, sums));
    } else {
        partial.par_chunks_mut(cols).zip(x.par_chunks(group)).for_each(|(sums, x)| column_sums(x, sums));
    }
    column_sums(partial, sums);
}

ravine::simd! {
    fn column_sums<T: Float>(x: &[T], sums: &mut [T]) {
        for row in x.chunks_exact(sums.len()) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum = *sum + x;
            }
        }
    }
}
