//! Softmax and cross-entropy.

use crate::error::Kind;
use crate::{Error, Float, Loss, parallel};

/// The mean over a batch of `log(sum_j e^(z_j)) - z_label`, for logits z and a class label.
///
/// `output` is `[examples, classes]`, `target` has one label below `classes` for each example. The largest logit of a
/// row is subtracted first, so nothing overflows. The gradient is (softmax(z) - onehot(label)) / examples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossEntropy;

/// Logits that one thread handles alone.
const LEAF: usize = 1 << 12;

/// Logits handled at once where no gradient is asked for.
const BLOCK: usize = 64;

impl<T: Float> Loss<T> for CrossEntropy {
    type Target = u32;

    fn forward(&self, output: &[T], target: &[u32]) -> Result<f64, Error> {
        let classes = check(output, target)?;
        Ok(sum(output, target, classes) / target.len() as f64)
    }

    fn forward_backward(&self, output: &[T], target: &[u32], grad: &mut Vec<T>) -> Result<f64, Error> {
        let classes = check(output, target)?;
        grad.resize(output.len(), T::ZERO);
        let examples = target.len() as f64;
        Ok(sum_with_grad(output, target, classes, 1.0 / examples, grad) / examples)
    }
}

/// The share of the examples whose largest logit is that of their label; among equals the first counts.
pub fn accuracy<T: Float>(output: &[T], target: &[u32]) -> Result<f64, Error> {
    let classes = check(output, target)?;
    let hit = |(row, &label): (&[T], &u32)| {
        let own = row[label as usize];
        // The first of equals wins, as argmax does; NaN never does.
        let better = |(class, &z): (usize, &T)| z > own || (z == own && class < label as usize);
        !own.to_f64().is_nan() && !row.iter().enumerate().any(better)
    };
    let hits = output.chunks_exact(classes).zip(target).filter(|&pair| hit(pair)).count();
    Ok(hits as f64 / target.len() as f64)
}

/// The number of classes, if every label is below it.
fn check<T>(output: &[T], target: &[u32]) -> Result<usize, Error> {
    let examples = target.len();
    if examples == 0 {
        return Err(Kind::EmptyBatch.into());
    }
    if output.is_empty() || !output.len().is_multiple_of(examples) {
        return Err(Kind::Ragged { values: output.len(), examples }.into());
    }
    let classes = output.len() / examples;
    match target.iter().position(|&label| label as usize >= classes) {
        Some(example) => Err(Kind::Label { label: target[example], example, classes }.into()),
        None => Ok(classes),
    }
}

/// The sum over rows, halving down to leaves: a fixed tree.
fn sum<T: Float>(z: &[T], labels: &[u32], classes: usize) -> f64 {
    if z.len() <= LEAF || labels.len() == 1 {
        return rows(z, labels, classes);
    }
    let half = labels.len() / 2;
    let ((z1, z2), (l1, l2)) = (z.split_at(half * classes), labels.split_at(half));
    let (a, b) = parallel::join(|| sum(z1, l1, classes), || sum(z2, l2, classes));
    a + b
}

fn sum_with_grad<T: Float>(z: &[T], labels: &[u32], classes: usize, share: f64, grad: &mut [T]) -> f64 {
    if z.len() <= LEAF || labels.len() == 1 {
        return rows_with_grad(z, labels, classes, share, grad);
    }
    let half = labels.len() / 2;
    let ((z1, z2), (l1, l2)) = (z.split_at(half * classes), labels.split_at(half));
    let (g1, g2) = grad.split_at_mut(half * classes);
    let (a, b) = parallel::join(
        || sum_with_grad(z1, l1, classes, share, g1),
        || sum_with_grad(z2, l2, classes, share, g2),
    );
    a + b
}

ravine::simd! {
    fn rows<T: Float>(z: &[T], labels: &[u32], classes: usize) -> f64 {
        let (mut shifts, mut logs, mut scratch) = (0.0, 0.0, [T::ZERO; BLOCK]);
        for (z, &label) in z.chunks_exact(classes).zip(labels) {
            let top = largest(z);
            shifts += (z[label as usize] - top).to_f64();
            let sum = z.chunks(BLOCK).fold(0.0, |sum, z| {
                let scratch = &mut scratch[..z.len()];
                subtract(z, top, scratch);
                exp(scratch);
                add_up(sum, scratch)
            });
            logs += sum.ln();
        }
        logs - shifts
    }

    /// Three loops, so that the exponentials of all rows fill the vectors however few the classes.
    fn rows_with_grad<T: Float>(z: &[T], labels: &[u32], classes: usize, share: f64, grad: &mut [T]) -> f64 {
        let (mut shifts, mut logs) = (0.0, 0.0);
        for ((z, grad), &label) in z.chunks_exact(classes).zip(grad.chunks_exact_mut(classes)).zip(labels) {
            subtract(z, largest(z), grad);
            shifts += grad[label as usize].to_f64();
        }
        exp(grad);
        for (grad, &label) in grad.chunks_exact_mut(classes).zip(labels) {
            let sum = add_up(0.0, grad);
            logs += sum.ln();
            let scale = T::from_f64(share / sum);
            for grad in grad.iter_mut() {
                *grad = *grad * scale;
            }
            grad[label as usize] = grad[label as usize] - T::from_f64(share);
        }
        logs - shifts
    }
}

#[inline(always)]
fn largest<T: Float>(z: &[T]) -> T {
    z[1..].iter().fold(z[0], |top, &z| top.max(z))
}

#[inline(always)]
fn subtract<T: Float>(z: &[T], top: T, out: &mut [T]) {
    for (out, &z) in out.iter_mut().zip(z) {
        *out = z - top;
    }
}

#[inline(always)]
fn exp<T: Float>(values: &mut [T]) {
    for value in values {
        *value = value.exp();
    }
}

#[inline(always)]
fn add_up<T: Float>(start: f64, values: &[T]) -> f64 {
    values.iter().fold(start, |sum, value| sum + value.to_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gradient_rows_sum_to_zero_and_both_forwards_agree(
            z in prop::collection::vec(-30.0f64..30.0, 12..=12 * 20),
            labels in prop::collection::vec(0u32..12, 20),
        ) {
            let examples = z.len() / 12;
            let (z, labels) = (&z[..examples * 12], &labels[..examples]);
            let mut grad = vec![];
            let loss = CrossEntropy.forward_backward(z, labels, &mut grad).unwrap();
            prop_assert_eq!(loss, CrossEntropy.forward(z, labels).unwrap());
            prop_assert!(loss >= 0.0);
            for (row, &label) in grad.chunks(12).zip(labels) {
                prop_assert!(row.iter().sum::<f64>().abs() < 1e-15);
                for (class, &g) in row.iter().enumerate() {
                    prop_assert!(if class == label as usize { g <= 1e-15 } else { g >= 0.0 }, "{} of {:?}", class, row);
                }
            }
        }

        #[test]
        fn a_constant_added_to_a_row_changes_nothing(z in prop::collection::vec(-5.0f64..5.0, 7), c in -1e3f64..1e3) {
            let moved: Vec<f64> = z.iter().map(|z| z + c).collect();
            let (a, b) = (CrossEntropy.forward(&z, &[3]).unwrap(), CrossEntropy.forward(&moved, &[3]).unwrap());
            prop_assert!((a - b).abs() < 1e-11);
        }
    }

    #[test]
    fn equal_logits_cost_the_log_of_the_classes() {
        let loss = CrossEntropy.forward(&[2.5f32; 20], &[0, 9]).unwrap();
        assert!((loss - 10f64.ln()).abs() < 1e-7);
    }

    #[test]
    fn huge_logits_stay_finite_and_nan_shows() {
        let mut grad = vec![];
        assert_eq!(CrossEntropy.forward_backward(&[1e38f32, -1e38], &[0], &mut grad).unwrap(), 0.0);
        assert_eq!(grad, [0.0, 0.0]);
        assert!(CrossEntropy.forward_backward(&[1e4f32, 0.0], &[1], &mut grad).unwrap() == 1e4);
        for z in [[f32::NAN, 0.0], [0.0, f32::NAN]] {
            assert!(CrossEntropy.forward(&z, &[0]).unwrap().is_nan());
        }
    }

    #[test]
    fn accuracy_counts_first_maxima() {
        let z = [1.0f32, 2.0, 0.0, 3.0, 3.0, 0.0, f32::NAN, 0.0, 0.0, 0.0, 0.0, 5.0];
        assert_eq!(accuracy(&z, &[1, 1, 0, 2]).unwrap(), 0.5);
    }

    #[test]
    fn wrong_arguments_are_named() {
        let message = |z: &[f32], labels: &[u32]| CrossEntropy.forward(z, labels).unwrap_err().to_string();
        assert_eq!(message(&[0.0; 6], &[0, 3]), "label 3 of example 1 is out of range: there are 3 classes");
        assert_eq!(message(&[0.0; 5], &[0, 1]), "5 outputs cannot be split into 2 examples");
        assert_eq!(message(&[], &[]), "a batch needs at least one example, got none");
    }
}
