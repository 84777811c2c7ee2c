//! `fashion-vae`: DeepOBS's variational autoencoder on Fashion-MNIST.

use std::sync::Arc;

use ravine::random::Random;
use ravine_nn::{
    Backward, Error, Float, Forward, Init, Layer, Loss, MeanSquared, Mode, Network, Padding, Scope, Shape,
};

use super::classification::{batch, epochs};
use super::task::{self, Task};
use super::{Entry, Field, Setup, fashion};
use crate::data::{Batches, Dataset, Order, Split};
use crate::error::Result;
use crate::workload::{Evaluation, Info, Workload};

/// Numbers that a picture is told by.
const LATENT: usize = 8;

/// Share of values that dropout takes, and the slope of the rectifier below zero, as in DeepOBS.
const DROPOUT: f64 = 0.2;
const SLOPE: f64 = 0.3;

/// Pictures evaluated at once, and of a split that is not for testing in all.
const CHUNK: usize = 128;
const SAMPLE: usize = 2000;

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = Entry {
    name: "fashion-vae",
    title: "DeepOBS fmnist_vae: variational autoencoder on Fashion-MNIST",
    field: Field::Image,
    choices: &[batch("64"), epochs("2")],
    load,
};

fn load(setup: &Setup) -> Result<Box<dyn Workload>> {
    let data = fashion::unit(setup)?;
    let (split, sha256) = (data.split(), data.sha256.clone());
    let size = setup.number("batch", 1..=split[0])?;
    let model = Model { data, size };
    let info = Info {
        name: setup.spec(),
        title: ENTRY.title.into(),
        metric: "loss",
        higher_is_better: false,
        target: 40.0,
        target_reason: "a third of the loss of an untrained network; DeepOBS ends near 23 after 100 epochs"
            .into(),
        guess: None,
        split,
        data_sha256: sha256,
        batch: size,
        epochs: setup.number("epochs", 1..=1_000_000)?,
        parameters: task::parameters(&model)?,
    };
    Ok(task::workload(info, model))
}

struct Model {
    data: Arc<Dataset>,
    size: usize,
}

struct Feed {
    batches: Batches,
    /// The pictures, which the network is to give back.
    pictures: Vec<f32>,
}

impl Task for Model {
    type Feed = Feed;

    /// Encoder: three convolutions of 64 channels and the mean and the doubled log of the standard deviation of each latent
    /// number. Decoder: two dense layers, three transposed convolutions, and a dense one for the pixels. Dropout follows each
    /// convolution but the last, as in DeepOBS.
    fn network(&self, seed: u64) -> Result<Network<f32>> {
        let mut network = Network::builder(&self.data.shape[..]).init(Init::xavier_uniform(), Init::zeros());
        for stride in [2, 2, 1] {
            network = network.conv2d(64, 4, stride, Padding::Same).layer(Leaky).dropout(DROPOUT);
        }
        network = network.flatten().linear(2 * LATENT).layer(Sample::default());
        network = network.linear(24).layer(Leaky).linear(49).layer(Leaky).reshape([1, 7, 7]);
        for stride in [2, 1] {
            network = network.conv_transpose2d(64, 4, stride, Padding::Same).relu().dropout(DROPOUT);
        }
        network = network.conv_transpose2d(64, 4, 1, Padding::Same).relu();
        Ok(network.flatten().linear(self.data.features).sigmoid().build(seed)?)
    }

    fn feed(&self, seed: u64, order: Order) -> Feed {
        Feed { batches: Batches::new(self.data.train.len(), self.size, seed, order), pictures: Vec::new() }
    }

    fn batch(&self, feed: &mut Feed, step: u64, x: &mut Vec<f32>) -> usize {
        for row in feed.batches.rows(step) {
            x.extend_from_slice(self.data.row(self.data.train.start + row));
        }
        feed.pictures.clone_from(x);
        self.size
    }

    /// The squared error of a picture, summed over its pixels. What the latent numbers add, their layer adds.
    fn loss(&self, feed: &mut Feed, results: &[f32], grad: &mut Vec<f32>) -> Result<f64> {
        let mean = MeanSquared.forward_backward(results, &feed.pictures, grad)?;
        grad.iter_mut().for_each(|g| *g *= self.data.features as f32);
        Ok(mean * self.data.features as f64)
    }

    fn aside(&self, network: &Network<f32>) -> f64 {
        divergence(network, self.size)
    }

    fn evaluate(&self, network: &mut Network<f32>, split: Split) -> Result<Evaluation> {
        let rows = self.data.range(split);
        let rows = match split {
            Split::Test => rows,
            _ => rows.start..rows.end.min(rows.start + SAMPLE),
        };
        let features = self.data.features;
        let mut sum = 0.0;
        for x in self.data.x[rows.start * features..rows.end * features].chunks(CHUNK * features) {
            let count = x.len() / features;
            let results = network.forward(x, count, Mode::Eval)?;
            sum += MeanSquared.forward(results, x)? * x.len() as f64;
            sum += divergence(network, count) * count as f64;
        }
        let loss = sum / rows.len() as f64;
        Ok(Evaluation { loss, metric: loss })
    }
}

/// How far the latent numbers of the last batch are from standard normal ones: the Kullback-Leibler divergence, mean over
/// the examples.
fn divergence(network: &Network<f32>, batch: usize) -> f64 {
    let mut sum = 0.0;
    network.inspect(&mut |seen| {
        if seen.shape.dims() == [2 * LATENT] {
            for example in seen.output.chunks_exact(2 * LATENT) {
                let (mean, double) = example.split_at(LATENT);
                for (&mean, &double) in mean.iter().zip(double) {
                    let (mean, log_sd) = (f64::from(mean), 0.5 * f64::from(double));
                    sum -= 0.5 * (1.0 + 2.0 * log_sd - mean * mean - (2.0 * log_sd).exp());
                }
            }
        }
    });
    sum / batch as f64
}

/// `max(x, 0.3 x)`.
#[derive(Debug)]
struct Leaky;

impl<T: Float> Layer<T> for Leaky {
    fn build(&mut self, input: &Shape, _: &mut Scope<'_, T>) -> Result<Shape, Error> {
        Ok(input.clone())
    }

    fn forward(&mut self, _: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let slope = T::from_f64(SLOPE);
        for (y, &x) in y.iter_mut().zip(x) {
            *y = T::select(x.less(T::ZERO), slope * x, x);
        }
    }

    fn backward(&mut self, _: &mut Backward<'_, T>, x: &[T], _: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let (Some(dx), slope) = (dx, T::from_f64(SLOPE)) else { return };
        for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
            *dx = T::select(x.less(T::ZERO), slope * dy, dy);
        }
    }
}

/// Draws latent numbers: `z = mean + exp(s) e` for standard normal e, from means and doubled s; without noise the means
/// (Kingma and Welling, ICLR 2014). Its gradient holds that of the divergence, mean over the batch.
#[derive(Debug, Default)]
struct Sample<T> {
    random: Option<Random>,
    /// The noise of the last forward pass; zeros without.
    noise: Vec<T>,
}

impl<T: Float> Layer<T> for Sample<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        self.random = Some(scope.stream());
        Ok(input.with_last(input.last() / 2))
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        self.noise.clear();
        self.noise.resize(y.len(), T::ZERO);
        if let (Mode::Train { step }, Some(random)) = (pass.mode, self.random) {
            let random = random.stream(step);
            (0..).zip(&mut self.noise).for_each(|(i, noise)| *noise = T::from_f64(random.normal(i)));
        }
        let half = T::from_f64(0.5);
        let latent = y.len() / pass.batch;
        for ((x, y), noise) in x.chunks(2 * latent).zip(y.chunks_mut(latent)).zip(self.noise.chunks(latent)) {
            for i in 0..latent {
                y[i] = x[i] + Float::exp(half * x[latent + i]) * noise[i];
            }
        }
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], _: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let Some(dx) = dx else { return };
        let (half, share) = (T::from_f64(0.5), T::from_f64(1.0 / pass.batch as f64));
        let latent = dy.len() / pass.batch;
        let rows = x.chunks(2 * latent).zip(dx.chunks_mut(2 * latent));
        for ((x, dx), (dy, noise)) in rows.zip(dy.chunks(latent).zip(self.noise.chunks(latent))) {
            for i in 0..latent {
                let sd = Float::exp(half * x[latent + i]);
                dx[i] = dy[i] + share * x[i];
                dx[latent + i] = half * (dy[i] * noise[i] * sd + share * (sd * sd - T::ONE));
            }
        }
    }
}
