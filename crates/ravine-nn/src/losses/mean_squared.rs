//! Mean squared error.

use crate::error::{Kind, check_length};
use crate::{Error, Float, Loss, parallel};

/// The mean over all values of `(output - target)^2`, as in PyTorch; its gradient is 2 (output - target) / values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanSquared;

impl<T: Float> Loss<T> for MeanSquared {
    type Target = T;

    fn forward(&self, output: &[T], target: &[T]) -> Result<f64, Error> {
        check(output, target)?;
        Ok(sum(output, target) / output.len() as f64)
    }

    fn forward_backward(&self, output: &[T], target: &[T], grad: &mut Vec<T>) -> Result<f64, Error> {
        let loss = self.forward(output, target)?;
        let scale = T::from_f64(2.0 / output.len() as f64);
        grad.resize(output.len(), T::ZERO);
        parallel::chunks(grad, |start, grad| {
            scaled_difference(&output[start..][..grad.len()], &target[start..][..grad.len()], scale, grad);
        });
        Ok(loss)
    }
}

fn check<T>(output: &[T], target: &[T]) -> Result<(), Error> {
    if output.is_empty() {
        return Err(Kind::EmptyBatch.into());
    }
    check_length("the targets", output.len(), target.len())
}

/// The sum of squared differences, halving down to leaves: a fixed tree.
fn sum<T: Float>(x: &[T], t: &[T]) -> f64 {
    if x.len() <= parallel::CHUNK {
        return squared_difference(x, t);
    }
    let half = x.len() / 2;
    let ((x1, x2), (t1, t2)) = (x.split_at(half), t.split_at(half));
    let (a, b) = parallel::join(|| sum(x1, t1), || sum(x2, t2));
    a + b
}

ravine::simd! {
    fn squared_difference<T: Float>(x: &[T], t: &[T]) -> f64 {
        x.iter().zip(t).fold(0.0, |sum, (&x, &t)| {
            let d = (x - t).to_f64();
            sum + d * d
        })
    }

    fn scaled_difference<T: Float>(x: &[T], t: &[T], scale: T, grad: &mut [T]) {
        for ((grad, &x), &t) in grad.iter_mut().zip(x).zip(t) {
            *grad = scale * (x - t);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_and_gradient_by_hand() {
        let mut grad = vec![];
        let loss =
            MeanSquared.forward_backward(&[1.0, 2.0, 3.0, 4.0], &[1.0, 0.0, 3.0, 1.0], &mut grad).unwrap();
        assert_eq!(loss, 13.0 / 4.0);
        assert_eq!(grad, [0.0, 1.0, 0.0, 1.5]);
    }

    #[test]
    fn wrong_arguments_are_named() {
        let message = |x: &[f32], t: &[f32]| MeanSquared.forward(x, t).unwrap_err().to_string();
        assert_eq!(message(&[0.0; 4], &[0.0; 3]), "the targets: expected 4 values, got 3");
        assert_eq!(message(&[], &[]), "a batch needs at least one example, got none");
    }
}
