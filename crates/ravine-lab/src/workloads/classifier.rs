//! A network that tells classes apart, and its loss.

use ravine_nn::{CrossEntropy, Error, Float, Loss, Mode, Network, Params, accuracy, l2};

/// A network with the loss it is trained on:
///
/// loss = mean over examples of (log sum_c exp z_c - z_y) + ridge / 2 ||w||^2
///
/// for the network's results z and the true class y. The penalty takes in every parameter, biases too, so that a
/// network of one linear layer has a strongly convex loss with a unique minimum.
#[derive(Debug)]
pub struct Classifier<T> {
    network: Network<T>,
    ridge: f64,
    /// The loss's gradient by the results of the last batch.
    slope: Vec<T>,
}

/// Examples evaluated at once.
const CHUNK: usize = 512;

impl<T: Float> Classifier<T> {
    /// A classifier with as many classes as `network` has results.
    pub fn new(network: Network<T>, ridge: f64) -> Self {
        Self { network, ridge, slope: Vec::new() }
    }

    /// The network.
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The network, to change.
    pub fn network_mut(&mut self) -> &mut Network<T> {
        &mut self.network
    }

    /// Parameters and gradients.
    pub fn params(&self) -> &Params<T> {
        self.network.params()
    }

    /// Parameters and gradients, to step on.
    pub fn params_mut(&mut self) -> &mut Params<T> {
        self.network.params_mut()
    }

    /// The loss over a batch, `x` holding one example after another and `y` the class of each; its gradient is added
    /// to the gradients. `step` is the number of the step, from which dropout draws.
    pub fn backward(&mut self, x: &[T], y: &[u32], step: u64) -> Result<f64, Error> {
        let results = self.network.forward(x, y.len(), Mode::Train { step })?;
        let loss = CrossEntropy.forward_backward(results, y, &mut self.slope)?;
        self.network.backward(&self.slope)?;
        if self.ridge == 0.0 {
            return Ok(loss);
        }
        let (values, grads) = self.network.params_mut().split_mut();
        Ok(loss + l2(self.ridge, values, grads)?)
    }

    /// The loss over examples, penalty included, and the share of them whose class has the largest result.
    pub fn evaluate(&mut self, x: &[T], y: &[u32]) -> Result<(f64, f64), Error> {
        let features = self.network.input_shape().size();
        let (mut loss, mut correct) = (0.0, 0.0);
        for (x, y) in x.chunks(CHUNK * features).zip(y.chunks(CHUNK)) {
            let results = self.network.forward(x, y.len(), Mode::Eval)?;
            loss += CrossEntropy.forward(results, y)? * y.len() as f64;
            correct += (accuracy(results, y)? * y.len() as f64).round();
        }
        let square: f64 = self.params().values().iter().map(|w| w.to_f64() * w.to_f64()).sum();
        Ok((loss / y.len() as f64 + 0.5 * self.ridge * square, correct / y.len() as f64))
    }
}
