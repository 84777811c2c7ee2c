//! Softmax and cross-entropy.

use crate::error::Kind;
use crate::{Error, Float, Loss, parallel};

/// The mean over a batch of `log(sum_j e^(z_j)) - z_label`, for logits z and a class label.
///
/// `output` is `[examples, classes]`, `target` has one label below `classes` for each example. The largest logit of a
/// row is subtracted first, so nothing overflows. The gradient is (softmax(z) - onehot(label)) / examples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossEntropy;

/// Cross-entropy for targets that are not quite certain: `1 - smoothing` on the label and `smoothing` spread evenly over
/// all classes, as in PyTorch (Szegedy et al., CVPR 2016).
///
/// The value is the mean over the examples whose label is not `ignore`, such as padding; the others get no gradient.
/// It is an error if none is left, or if `smoothing` is not in [0, 1]. The default is [`CrossEntropy`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SmoothedCrossEntropy {
    /// The share of each target that is spread over all classes; 0.1 is usual.
    pub smoothing: f64,
    /// The label of what does not count; it need not be a class.
    pub ignore: Option<u32>,
}

/// Logits that one thread handles alone.
const LEAF: usize = 1 << 12;

/// Logits handled at once where no gradient is asked for.
const BLOCK: usize = 64;

impl<T: Float> Loss<T> for CrossEntropy {
    type Target = u32;

    fn forward(&self, output: &[T], target: &[u32]) -> Result<f64, Error> {
        SmoothedCrossEntropy::default().forward(output, target)
    }

    fn forward_backward(&self, output: &[T], target: &[u32], grad: &mut Vec<T>) -> Result<f64, Error> {
        SmoothedCrossEntropy::default().forward_backward(output, target, grad)
    }
}

impl<T: Float> Loss<T> for SmoothedCrossEntropy {
    type Target = u32;

    fn forward(&self, output: &[T], target: &[u32]) -> Result<f64, Error> {
        let (classes, examples) = self.check(output, target)?;
        Ok(sum(output, target, classes, *self) / examples)
    }

    fn forward_backward(&self, output: &[T], target: &[u32], grad: &mut Vec<T>) -> Result<f64, Error> {
        let (classes, examples) = self.check(output, target)?;
        grad.resize(output.len(), T::ZERO);
        Ok(sum_with_grad(output, target, classes, *self, 1.0 / examples, grad) / examples)
    }
}

impl SmoothedCrossEntropy {
    /// The number of classes and of examples that count, if all is right.
    fn check<T>(&self, output: &[T], target: &[u32]) -> Result<(usize, f64), Error> {
        if !(0.0..=1.0).contains(&self.smoothing) {
            return Err(Kind::Smoothing(self.smoothing).into());
        }
        let classes = check(output, target, self.ignore)?;
        let ignored = target.iter().filter(|&&label| Some(label) == self.ignore).count();
        match self.ignore {
            Some(label) if ignored == target.len() => Err(Kind::AllIgnored(label).into()),
            _ => Ok((classes, (target.len() - ignored) as f64)),
        }
    }
}

/// The share of the examples whose largest logit is that of their label; among equals the first counts.
pub fn accuracy<T: Float>(output: &[T], target: &[u32]) -> Result<f64, Error> {
    let classes = check(output, target, None)?;
    let hit = |(row, &label): (&[T], &u32)| {
        let own = row[label as usize];
        // The first of equals wins, as argmax does; NaN never does.
        let better = |(class, &z): (usize, &T)| z > own || (z == own && class < label as usize);
        !own.to_f64().is_nan() && !row.iter().enumerate().any(better)
    };
    let hits = output.chunks_exact(classes).zip(target).filter(|&pair| hit(pair)).count();
    Ok(hits as f64 / target.len() as f64)
}

/// The number of classes, if every label that is not ignored is below it.
fn check<T>(output: &[T], target: &[u32], ignore: Option<u32>) -> Result<usize, Error> {
    let examples = target.len();
    if examples == 0 {
        return Err(Kind::EmptyBatch.into());
    }
    if output.is_empty() || !output.len().is_multiple_of(examples) {
        return Err(Kind::Ragged { values: output.len(), examples }.into());
    }
    let classes = output.len() / examples;
    match target.iter().position(|&label| label as usize >= classes && Some(label) != ignore) {
        Some(example) => Err(Kind::Label { label: target[example], example, classes }.into()),
        None => Ok(classes),
    }
}

/// The sum over rows, halving down to leaves: a fixed tree.
fn sum<T: Float>(z: &[T], labels: &[u32], classes: usize, how: SmoothedCrossEntropy) -> f64 {
    if z.len() <= LEAF || labels.len() == 1 {
        return rows(z, labels, classes, how);
    }
    let half = labels.len() / 2;
    let ((z1, z2), (l1, l2)) = (z.split_at(half * classes), labels.split_at(half));
    let (a, b) = parallel::join(|| sum(z1, l1, classes, how), || sum(z2, l2, classes, how));
    a + b
}

fn sum_with_grad<T: Float>(
    z: &[T],
    labels: &[u32],
    classes: usize,
    how: SmoothedCrossEntropy,
    share: f64,
    grad: &mut [T],
) -> f64 {
    if z.len() <= LEAF || labels.len() == 1 {
        return rows_with_grad(z, labels, classes, how, share, grad);
    }
    let half = labels.len() / 2;
    let ((z1, z2), (l1, l2)) = (z.split_at(half * classes), labels.split_at(half));
    let (g1, g2) = grad.split_at_mut(half * classes);
    let (a, b) = parallel::join(
        || sum_with_grad(z1, l1, classes, how, share, g1),
        || sum_with_grad(z2, l2, classes, how, share, g2),
    );
    a + b
}

ravine::simd! {
    fn rows<T: Float>(z: &[T], labels: &[u32], classes: usize, how: SmoothedCrossEntropy) -> f64 {
        let (mut shifts, mut logs, mut scratch) = (0.0, 0.0, [T::ZERO; BLOCK]);
        for (z, &label) in z.chunks_exact(classes).zip(labels) {
            if Some(label) == how.ignore {
                continue;
            }
            let top = largest(z);
            let (mut sum, mut total) = (0.0, 0.0);
            for z in z.chunks(BLOCK) {
                let scratch = &mut scratch[..z.len()];
                subtract(z, top, scratch);
                if how.smoothing > 0.0 {
                    total = add_up(total, scratch);
                }
                exp(scratch);
                sum = add_up(sum, scratch);
            }
            shifts += expected(how, classes, (z[label as usize] - top).to_f64(), total);
            logs += sum.ln();
        }
        logs - shifts
    }

    /// Three loops, so that the exponentials of all rows fill the vectors however few the classes.
    fn rows_with_grad<T: Float>(
        z: &[T], labels: &[u32], classes: usize, how: SmoothedCrossEntropy, share: f64, grad: &mut [T],
    ) -> f64 {
        let (mut shifts, mut logs) = (0.0, 0.0);
        for ((z, grad), &label) in z.chunks_exact(classes).zip(grad.chunks_exact_mut(classes)).zip(labels) {
            subtract(z, largest(z), grad);
            if Some(label) != how.ignore {
                let total = if how.smoothing > 0.0 { add_up(0.0, grad) } else { 0.0 };
                shifts += expected(how, classes, grad[label as usize].to_f64(), total);
            }
        }
        exp(grad);
        let (own, even) = (share * (1.0 - how.smoothing), T::from_f64(share * how.smoothing / classes as f64));
        for (grad, &label) in grad.chunks_exact_mut(classes).zip(labels) {
            if Some(label) == how.ignore {
                grad.fill(T::ZERO);
                continue;
            }
            let sum = add_up(0.0, grad);
            logs += sum.ln();
            let scale = T::from_f64(share / sum);
            for grad in grad.iter_mut() {
                *grad = *grad * scale - even;
            }
            grad[label as usize] = grad[label as usize] - T::from_f64(own);
        }
        logs - shifts
    }
}

/// The mean of the shifted logits under the target, given that of the label and the sum of all.
#[inline(always)]
fn expected(how: SmoothedCrossEntropy, classes: usize, own: f64, total: f64) -> f64 {
    (1.0 - how.smoothing) * own + how.smoothing * total / classes as f64
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
        *value = Float::exp(*value);
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
    fn smoothing_and_ignored_labels_as_in_pytorch() {
        let z: Vec<f64> = (0..20).map(|i| 3.0 * (0.7 * f64::from(i) + 0.5).sin()).collect();
        let expected = [
            (0.1, None, [1.53843706518113, 0.019491371763639, -0.134782711738123, -0.223185799272694]),
            (0.0, Some(4), [1.80301001964177, 0.0326551623515187, -0.206376948984163, -0.324247732363591]),
            (0.2, Some(0), [1.83137764649686, 0.0193218290181854, -0.15304361565083, -0.270914399030258]),
        ];
        for (smoothing, ignore, expected) in expected {
            let (loss, labels) = (SmoothedCrossEntropy { smoothing, ignore }, [1, 4, 0, 2]);
            let mut grad = vec![];
            let value = loss.forward_backward(&z, &labels, &mut grad).unwrap();
            assert_eq!(value, loss.forward(&z, &labels).unwrap());
            for (got, expected) in [value, grad[0], grad[1], grad[17]].iter().zip(expected) {
                assert!((got - expected).abs() < 1e-13, "{got} {expected}");
            }
            let padding = labels.iter().position(|&label| Some(label) == ignore);
            assert!(padding.is_none_or(|row| grad[row * 5..][..5] == [0.0; 5]));
        }
        let far = SmoothedCrossEntropy { smoothing: 0.0, ignore: Some(u32::MAX) };
        assert_eq!(
            far.forward(&z[..10], &[1, u32::MAX]).unwrap(),
            CrossEntropy.forward(&z[..5], &[1]).unwrap()
        );
    }

    #[test]
    fn wrong_arguments_are_named() {
        let message = |z: &[f32], labels: &[u32]| CrossEntropy.forward(z, labels).unwrap_err().to_string();
        assert_eq!(message(&[0.0; 6], &[0, 3]), "label 3 of example 1 is out of range: there are 3 classes");
        assert_eq!(message(&[0.0; 5], &[0, 1]), "5 outputs cannot be split into 2 examples");
        assert_eq!(message(&[], &[]), "a batch needs at least one example, got none");
        let message = |smoothing: f64, ignore: Option<u32>| {
            SmoothedCrossEntropy { smoothing, ignore }.forward(&[0.0; 4], &[1, 1]).unwrap_err().to_string()
        };
        assert_eq!(message(1.5, None), "the smoothing of labels must be in [0, 1], got 1.5");
        assert_eq!(message(0.0, Some(1)), "every label is 1, the one that is ignored");
    }
}
