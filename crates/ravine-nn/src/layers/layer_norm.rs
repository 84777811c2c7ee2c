//! Layer normalisation.

use rayon::prelude::*;

use crate::{Backward, Error, Float, Forward, Init, Layer, Param, Scope, Shape, lanes, parallel};

/// `y = (x - mean) / sqrt(variance + 1e-5) * weight + bias`, with mean and (biased) variance over the innermost extent
/// (Ba et al., 2016).
///
/// Parameters `weight`, which starts as ones, and `bias`, which starts as zeros, both `[features]`, as in PyTorch.
#[derive(Clone, Debug, Default)]
pub struct LayerNorm<T> {
    features: usize,
    weight: Param,
    bias: Param,
    /// Mean and 1 / sqrt(variance + eps) of each row.
    moments: Vec<[T; 2]>,
    /// The gradients of weight and bias over each group of rows.
    partial: Vec<T>,
    /// The gradient by the input where nobody else keeps it.
    dx: Vec<T>,
}

const EPS: f64 = 1e-5;

impl<T: Float> LayerNorm<T> {
    /// A layer for any number of features.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows that are one task: some microseconds of work.
    fn group(&self) -> usize {
        (parallel::CHUNK / self.features).max(1)
    }
}

impl<T: Float> Layer<T> for LayerNorm<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        *self = Self { features: input.last(), ..Self::default() };
        let fan = (1, 1);
        self.weight = scope.param("weight", self.features, Init::zeros(), fan)?;
        self.weight.of_mut(scope.params.values_mut()).fill(T::ONE);
        self.bias = scope.param("bias", self.features, Init::zeros(), fan)?;
        Ok(input.clone())
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let (features, group) = (self.features, self.group());
        let (weight, bias) = (self.weight.of(pass.values), self.bias.of(pass.values));
        self.moments.resize(x.len() / features, [T::ZERO; 2]);
        let parts = y.par_chunks_mut(group * features).zip(x.par_chunks(group * features));
        parts
            .zip(self.moments.par_chunks_mut(group))
            .for_each(|((y, x), moments)| normalise(x, weight, bias, y, moments));
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], _y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let (features, group) = (self.features, self.group());
        let weight = self.weight.of(pass.values);
        let dx = dx.unwrap_or_else(|| {
            self.dx.resize(x.len(), T::ZERO);
            &mut self.dx
        });
        self.partial.clear();
        self.partial.resize(self.moments.len().div_ceil(group) * 2 * features, T::ZERO);
        let size = group * features;
        let parts = dx.par_chunks_mut(size).zip(x.par_chunks(size)).zip(dy.par_chunks(size));
        parts.zip(self.moments.par_chunks(group)).zip(self.partial.par_chunks_mut(2 * features)).for_each(
            |((((dx, x), dy), moments), sums)| normalise_backward(x, weight, moments, dy, dx, sums),
        );
        for sums in self.partial.chunks_exact(2 * features) {
            let (weight, bias) = sums.split_at(features);
            parallel::add(weight, self.weight.of_mut(pass.grads));
            parallel::add(bias, self.bias.of_mut(pass.grads));
        }
    }
}

ravine::simd! {
    fn normalise<T: Float>(x: &[T], weight: &[T], bias: &[T], y: &mut [T], moments: &mut [[T; 2]]) {
        let features = weight.len();
        let (share, eps) = (T::from_f64(1.0 / features as f64), T::from_f64(EPS));
        let rows = x.chunks_exact(features).zip(y.chunks_exact_mut(features));
        for ((x, y), moments) in rows.zip(moments) {
            let mean = lanes::sum(features, |i| x[i]) * share;
            let variance = share * lanes::sum(features, |i| {
                let d = x[i] - mean;
                d * d
            });
            let scale = T::ONE / (variance + eps).sqrt();
            *moments = [mean, scale];
            for i in 0..features {
                y[i] = (x[i] - mean) * scale * weight[i] + bias[i];
            }
        }
    }

    /// With n = (x - mean) scale and g = dy weight: dx = scale (g - mean(g) - n mean(g n)).
    /// `sums` are the gradients of the weight, then of the bias.
    fn normalise_backward<T: Float>(
        x: &[T], weight: &[T], moments: &[[T; 2]], dy: &[T], dx: &mut [T], sums: &mut [T],
    ) {
        let features = weight.len();
        let share = T::from_f64(1.0 / features as f64);
        let (weights, biases) = sums.split_at_mut(features);
        let rows = x.chunks_exact(features).zip(dy.chunks_exact(features)).zip(dx.chunks_exact_mut(features));
        for (((x, dy), dx), &[mean, scale]) in rows.zip(moments) {
            for i in 0..features {
                let n = (x[i] - mean) * scale;
                dx[i] = n;
                weights[i] = weights[i] + dy[i] * n;
                biases[i] = biases[i] + dy[i];
            }
            let g = share * lanes::sum(features, |i| dy[i] * weight[i]);
            let gn = share * lanes::sum(features, |i| dy[i] * weight[i] * dx[i]);
            for i in 0..features {
                dx[i] = scale * (dy[i] * weight[i] - g - dx[i] * gn);
            }
        }
    }
}
