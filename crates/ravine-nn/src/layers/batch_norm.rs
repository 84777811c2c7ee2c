//! Batch normalisation.

use crate::layer::join;
use crate::sums::{moments, total_and_product};
use crate::{Activation, Backward, Error, Float, Forward, Init, Layer, Mode, Param, Scope, Shape, parallel};

/// `y = weight (x - mean) / sqrt(var + eps) + bias` for each channel, the outermost extent: `[channels, height, width]`,
/// `[features]` (Ioffe and Szegedy, ICML 2015).
///
/// In training mean and variance (biased) are those of the batch, over its examples and all inner extents, and the running
/// ones move towards them: `running = (1 - momentum) running + momentum batch`, with the unbiased variance. In evaluation
/// the running ones are used. Parameters `weight` and `bias` `[channels]` start at 1 and 0, `running_mean` and `running_var`
/// at 0 and 1. Defaults and names are PyTorch's; a channel with a single value in the batch has variance 0 here. An
/// activation that follows is done here.
#[derive(Clone, Debug)]
pub struct BatchNorm<T> {
    momentum: f64,
    eps: f64,
    activation: Option<Activation>,
    weight: Param,
    bias: Param,
    running_mean: Vec<T>,
    running_var: Vec<T>,
    /// Values in a channel of an example.
    inner: usize,
    /// Of the last forward pass: whether it was training, and for each channel mean and 1 / sqrt(var + eps).
    train: bool,
    mean: Vec<f64>,
    inverse: Vec<f64>,
    /// Two sums for each channel and group of examples.
    partial: Vec<[f64; 2]>,
    sums: Vec<[f64; 2]>,
    /// The gradient before the activation, where nobody wants the gradient by the input.
    dz: Vec<T>,
}

/// The most groups of examples whose sums are taken apart.
const GROUPS: usize = 64;

impl<T: Float> BatchNorm<T> {
    /// With PyTorch's momentum 0.1 and eps 1e-5.
    pub fn new() -> Self {
        Self {
            momentum: 0.1,
            eps: 1e-5,
            activation: None,
            weight: Param::default(),
            bias: Param::default(),
            running_mean: Vec::new(),
            running_var: Vec::new(),
            inner: 1,
            train: false,
            mean: Vec::new(),
            inverse: Vec::new(),
            partial: Vec::new(),
            sums: Vec::new(),
            dz: Vec::new(),
        }
    }

    /// The share of the batch in the running statistics, from 0 to 1.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// What is added to the variance, above 0.
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Fills `sums` from `sum(example, channel)`-wise sums of groups of examples.
    fn reduce(
        &mut self,
        batch: usize,
        group: impl Fn(std::ops::Range<usize>, &mut [[f64; 2]]) + Send + Sync,
    ) {
        let channels = self.running_mean.len();
        let examples = (parallel::CHUNK / (channels * self.inner)).max(batch.div_ceil(GROUPS)).max(1);
        self.partial.clear();
        self.partial.resize(batch.div_ceil(examples) * channels, [0.0; 2]);
        parallel::pieces(&mut self.partial, channels, |i, sums| {
            group(i * examples..batch.min((i + 1) * examples), sums);
        });
        self.sums.clear();
        self.sums.resize(channels, [0.0; 2]);
        for partial in self.partial.chunks_exact(channels) {
            add_pairs(partial, &mut self.sums);
        }
    }

    fn take_statistics(&mut self, batch: usize, x: &[T]) {
        let (channels, inner) = (self.running_mean.len(), self.inner);
        // Around a value of each channel, so that a mean far from 0 takes no digits from the variance.
        self.mean.clear();
        self.mean.extend(x[..channels * inner].iter().step_by(inner).map(|x| x.to_f64()));
        let shift = std::mem::take(&mut self.mean);
        self.reduce(batch, |examples, sums| {
            for x in x.chunks_exact(channels * inner).take(examples.end).skip(examples.start) {
                if inner == 1 {
                    feature_moments(x, &shift, sums);
                    continue;
                }
                for ((x, &shift), sum) in x.chunks_exact(inner).zip(&shift).zip(&mut *sums) {
                    let [first, second] = moments(x, shift);
                    *sum = [sum[0] + first, sum[1] + second];
                }
            }
        });
        self.mean = shift;
        let count = (batch * inner) as f64;
        let keep = 1.0 - self.momentum;
        self.inverse.clear();
        for (c, &[first, second]) in self.sums.iter().enumerate() {
            let squares = (second - first * first / count).max(0.0);
            let mean = self.mean[c] + first / count;
            self.mean[c] = mean;
            self.inverse.push(1.0 / (squares / count + self.eps).sqrt());
            let unbiased = squares / (count - 1.0).max(1.0);
            let (running_mean, running_var) = (&mut self.running_mean[c], &mut self.running_var[c]);
            *running_mean = T::from_f64(keep * running_mean.to_f64() + self.momentum * mean);
            *running_var = T::from_f64(keep * running_var.to_f64() + self.momentum * unbiased);
        }
    }
}

impl<T: Float> Default for BatchNorm<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> Layer<T> for BatchNorm<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        let Some(&channels) = input.dims().first() else {
            let problem = "batch normalisation needs an example with channels, got a single number";
            return Err(Error::layer(scope.path(), problem));
        };
        if !(self.eps > 0.0 && (0.0..=1.0).contains(&self.momentum)) {
            let (eps, momentum) = (self.eps, self.momentum);
            let problem = format!("eps must be above 0 and momentum in [0, 1], got {eps} and {momentum}");
            return Err(Error::layer(scope.path(), problem));
        }
        self.inner = input.size() / channels;
        (self.running_mean, self.running_var) = (vec![T::ZERO; channels], vec![T::ONE; channels]);
        self.weight = scope.param("weight", channels, Init::constant(1.0), (channels, channels))?;
        self.bias = scope.param("bias", channels, Init::zeros(), (channels, channels))?;
        Ok(input.clone())
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        self.train = pass.mode != Mode::Eval;
        if self.train {
            self.take_statistics(pass.batch, x);
        } else {
            self.mean.clear();
            self.mean.extend(self.running_mean.iter().map(|mean| mean.to_f64()));
            self.inverse.clear();
            self.inverse.extend(self.running_var.iter().map(|var| 1.0 / (var.to_f64() + self.eps).sqrt()));
        }
        let (weight, bias) = (self.weight.of(pass.values), self.bias.of(pass.values));
        let (channels, inner) = (self.mean.len(), self.inner);
        // y = slope (x - mean) + bias.
        let line = |c: usize| [T::from_f64(self.mean[c]), T::from_f64(self.inverse[c]) * weight[c], bias[c]];
        each(y, channels * inner, |start, y| {
            let x = x[start..].chunks_exact(channels * inner);
            for (x, y) in x.zip(y.chunks_exact_mut(channels * inner)) {
                if inner == 1 {
                    for (c, (x, y)) in x.iter().zip(&mut *y).enumerate() {
                        let [mean, slope, bias] = line(c);
                        *y = (*x - mean) * slope + bias;
                    }
                } else {
                    for (c, (x, y)) in x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)).enumerate() {
                        normalise(x, line(c), y);
                    }
                }
                if let Some(activation) = self.activation {
                    activation.apply(y);
                }
            }
        });
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let mut own = std::mem::take(&mut self.dz);
        let wanted = dx.is_some();
        let dz = dx.unwrap_or_else(|| {
            own.resize(dy.len(), T::ZERO);
            &mut own
        });
        match self.activation {
            Some(activation) => activation.backward(y, dy, dz),
            None => parallel::chunks(dz, |start, dz| dz.copy_from_slice(&dy[start..][..dz.len()])),
        }
        let (channels, inner) = (self.mean.len(), self.inner);
        let size = channels * inner;
        // The sums of dz and of dz (x - mean).
        let mean = std::mem::take(&mut self.mean);
        self.reduce(pass.batch, |examples, sums| {
            let pairs = dz.chunks_exact(size).zip(x.chunks_exact(size));
            for (dz, x) in pairs.take(examples.end).skip(examples.start) {
                if inner == 1 {
                    feature_products(dz, x, &mean, sums);
                    continue;
                }
                let planes = dz.chunks_exact(inner).zip(x.chunks_exact(inner));
                for (((dz, x), &mean), sum) in planes.zip(&mean).zip(&mut *sums) {
                    let [first, second] = total_and_product(dz, x, mean);
                    *sum = [sum[0] + first, sum[1] + second];
                }
            }
        });
        self.mean = mean;
        let d_weight = self.weight.of_mut(pass.grads);
        for ((d, sum), inverse) in d_weight.iter_mut().zip(&self.sums).zip(&self.inverse) {
            *d = *d + T::from_f64(sum[1] * inverse);
        }
        for (d, sum) in self.bias.of_mut(pass.grads).iter_mut().zip(&self.sums) {
            *d = *d + T::from_f64(sum[0]);
        }
        if wanted {
            let weight = self.weight.of(pass.values);
            // dx = slope (dz - level - tilt (x - mean)); the statistics depend on x in training alone.
            let count = if self.train { (pass.batch * inner) as f64 } else { f64::INFINITY };
            let line = |c: usize| {
                let (inverse, [first, second]) = (self.inverse[c], self.sums[c]);
                let tilt = inverse * inverse * second / count;
                [self.mean[c], inverse * weight[c].to_f64(), first / count, tilt].map(T::from_f64)
            };
            each(dz, size, |start, dx| {
                for (x, dx) in x[start..].chunks_exact(size).zip(dx.chunks_exact_mut(size)) {
                    if inner == 1 {
                        for (c, (x, dx)) in x.iter().zip(dx).enumerate() {
                            let [mean, slope, level, tilt] = line(c);
                            *dx = slope * (*dx - level - tilt * (*x - mean));
                        }
                        continue;
                    }
                    for (c, (x, dx)) in x.chunks_exact(inner).zip(dx.chunks_exact_mut(inner)).enumerate() {
                        normalise_backward(x, line(c), dx);
                    }
                }
            });
        }
        self.dz = own;
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

    fn state(&mut self, path: &str, see: &mut dyn FnMut(&str, &mut [T])) {
        see(&join(path, "running_mean"), &mut self.running_mean);
        see(&join(path, "running_var"), &mut self.running_var);
    }
}

/// Writes `y` in pieces of whole examples of this size: `f` gets where a piece starts and the piece.
fn each<T: Float>(y: &mut [T], size: usize, f: impl Fn(usize, &mut [T]) + Send + Sync) {
    let len = (parallel::CHUNK / size).max(1) * size;
    parallel::pieces(y, len, |i, y| f(i * len, y));
}

ravine::simd! {
    fn normalise<T: Float>(x: &[T], line: [T; 3], y: &mut [T]) {
        let [mean, slope, bias] = line;
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - mean) * slope + bias;
        }
    }

    fn normalise_backward<T: Float>(x: &[T], line: [T; 4], dx: &mut [T]) {
        let [mean, slope, level, tilt] = line;
        for (dx, &x) in dx.iter_mut().zip(x) {
            *dx = slope * (*dx - level - tilt * (x - mean));
        }
    }

    fn feature_moments<T: Float>(x: &[T], shift: &[f64], sums: &mut [[f64; 2]]) {
        for ((x, shift), sum) in x.iter().zip(shift).zip(sums) {
            let x = x.to_f64() - shift;
            sum[0] += x;
            sum[1] += x * x;
        }
    }

    fn feature_products<T: Float>(dz: &[T], x: &[T], mean: &[f64], sums: &mut [[f64; 2]]) {
        for (((dz, x), mean), sum) in dz.iter().zip(x).zip(mean).zip(sums) {
            let dz = dz.to_f64();
            sum[0] += dz;
            sum[1] += dz * (x.to_f64() - mean);
        }
    }

}

fn add_pairs(x: &[[f64; 2]], sums: &mut [[f64; 2]]) {
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum = [sum[0] + x[0], sum[1] + x[1]];
    }
}
