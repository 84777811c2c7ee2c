//! Cross-entropy of independent yes-or-no outputs.

use crate::error::{Kind, check_length};
use crate::{Error, Float, Loss, parallel};

/// `log(1 + e^z) - t z` for a logit z and a target t from 0 to 1: the cross-entropy of sigmoid(z), without overflow.
///
/// The value is the mean over groups of `outputs` values of their sum. With the default 1 that is the mean over all
/// values, PyTorch's default; with the values of an example it is the mean over the examples, as the evidence lower bound
/// of a variational autoencoder needs. The gradient is (sigmoid(z) - t) outputs / values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinaryCrossEntropy {
    /// The values whose losses are summed rather than averaged.
    pub outputs: usize,
}

impl Default for BinaryCrossEntropy {
    fn default() -> Self {
        Self { outputs: 1 }
    }
}

impl BinaryCrossEntropy {
    fn share(&self, values: usize) -> f64 {
        self.outputs as f64 / values as f64
    }
}

impl<T: Float> Loss<T> for BinaryCrossEntropy {
    type Target = T;

    fn forward(&self, output: &[T], target: &[T]) -> Result<f64, Error> {
        check(output, target)?;
        Ok(self.share(output.len()) * sum(output, target))
    }

    fn forward_backward(&self, output: &[T], target: &[T], grad: &mut Vec<T>) -> Result<f64, Error> {
        let loss = self.forward(output, target)?;
        let scale = T::from_f64(self.share(output.len()));
        grad.resize(output.len(), T::ZERO);
        parallel::chunks(grad, |start, grad| {
            slope(&output[start..][..grad.len()], &target[start..][..grad.len()], scale, grad);
        });
        Ok(loss)
    }
}

fn check<T: Float>(output: &[T], target: &[T]) -> Result<(), Error> {
    if output.is_empty() {
        return Err(Kind::EmptyBatch.into());
    }
    check_length("the targets", output.len(), target.len())?;
    match target.iter().position(|t| !(0.0..=1.0).contains(&t.to_f64())) {
        Some(index) => Err(Kind::Probability { value: target[index].to_f64(), index }.into()),
        None => Ok(()),
    }
}

/// The sum of the losses, halving down to leaves: a fixed tree.
fn sum<T: Float>(z: &[T], t: &[T]) -> f64 {
    if z.len() <= parallel::CHUNK {
        // log(1 + e^z) = max(z, 0) + log(1 + e^-|z|).
        return z.iter().zip(t).fold(0.0, |sum, (z, t)| {
            let (z, t) = (z.to_f64(), t.to_f64());
            let softplus = (if z < 0.0 { 0.0 } else { z }) + (-z.abs()).exp().ln_1p();
            sum + softplus - t * z
        });
    }
    let half = z.len() / 2;
    let ((z1, z2), (t1, t2)) = (z.split_at(half), t.split_at(half));
    let (a, b) = parallel::join(|| sum(z1, t1), || sum(z2, t2));
    a + b
}

ravine::simd! {
    fn slope<T: Float>(z: &[T], t: &[T], scale: T, grad: &mut [T]) {
        for ((grad, &z), &t) in grad.iter_mut().zip(z).zip(t) {
            *grad = scale * (z.sigmoid() - t);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_and_no_overflow() {
        let mut grad = vec![];
        let loss =
            BinaryCrossEntropy::default().forward_backward(&[0.0f64, 0.0], &[1.0, 0.0], &mut grad).unwrap();
        assert!((loss - 2f64.ln()).abs() < 1e-15);
        assert_eq!(grad, [-0.25, 0.25]);
        let summed = BinaryCrossEntropy { outputs: 2 };
        assert!((summed.forward(&[0.0f32; 4], &[1.0; 4]).unwrap() - 2.0 * 2f64.ln()).abs() < 1e-15);
        assert_eq!(summed.forward(&[1e4f32, -1e4], &[0.0, 0.0]).unwrap(), 1e4);
        assert!(summed.forward(&[f32::NAN, 0.0], &[0.0, 0.0]).unwrap().is_nan());
    }

    #[test]
    fn wrong_arguments_are_named() {
        let message =
            |z: &[f32], t: &[f32]| BinaryCrossEntropy::default().forward(z, t).unwrap_err().to_string();
        assert_eq!(message(&[0.0; 4], &[0.0; 3]), "the targets: expected 4 values, got 3");
        assert_eq!(message(&[0.0; 2], &[1.0, 1.5]), "target 1 must be from 0 to 1, got 1.5");
        assert_eq!(message(&[], &[]), "a batch needs at least one example, got none");
    }
}
