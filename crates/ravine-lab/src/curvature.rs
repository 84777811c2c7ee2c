//! The largest and the smallest curvature of a training loss, from gradients alone.
//!
//! A product of the Hessian H with a unit vector v is a central difference of gradients over the same batches,
//!
//! ```text
//! H v = (g(w + e v) - g(w - e v)) / (2 e) + O(e^2)
//! ```
//!
//! In f32 rounding asks for a large e and the third derivative for a small one: e = u^(1/3) sqrt(1 + |w|), with u the
//! rounding unit, balances them for weights of any usual size. Lanczos' method with full reorthogonalisation
//! (Golub and Van Loan, Matrix Computations, 10.1) finds both ends of the spectrum from few products, so a negative
//! curvature that is larger in size hides nothing. What is measured is the curvature at the present weights: it moves
//! in training, usually upwards (Cohen et al., arXiv 2103.00065).

use crate::eigen;
use crate::error::{Kind, Result};
use crate::snapshot::Snapshot;
use crate::stats::{Interval, bootstrap};
use crate::workload::Session;
use ravine::random::Random;
use serde::Serialize;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most products with the Hessian.
const PRODUCTS: usize = 40;
/// The residual, relative to the eigenvalue, at which it is known well enough.
const ENOUGH: f64 = 1e-3;
/// The stream that the first vector is drawn from.
const STREAM: u64 = 0x4c;

/// The ends of the Hessian's spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Curvature {
    /// The largest eigenvalue.
    pub largest: f64,
    /// The smallest one found; below 0 where the loss also bends downwards.
    pub smallest: f64,
    /// Norm of H v - L v for the largest, relative to the largest size: how far it may be off.
    pub residual: f64,
    /// Products with the Hessian that it took.
    pub products: usize,
}

/// The curvature of the mean loss over batches number `batches`, at the session's values, which it leaves as they are.
///
/// # Errors
/// A gradient that is not finite; an interruption, when `stop` is set.
pub fn curvature(
    session: &mut dyn Session,
    batches: Range<u64>,
    seed: u64,
    stop: &AtomicBool,
) -> Result<Curvature> {
    let kept = Snapshot::of(session);
    let done = lanczos(session, &kept, batches, seed, stop);
    kept.restore(session);
    done
}

/// The mean of largest eigenvalues with its interval at 95 %; one value has none.
pub fn largest(curvatures: &[Curvature]) -> Option<(f64, Option<Interval>)> {
    let values: Vec<f64> = curvatures.iter().map(|curvature| curvature.largest).collect();
    let mean = crate::stats::summary::mean(&values)?;
    Some((mean, bootstrap::mean_interval(&values)))
}

fn lanczos(
    session: &mut dyn Session,
    kept: &Snapshot,
    batches: Range<u64>,
    seed: u64,
    stop: &AtomicBool,
) -> Result<Curvature> {
    let n = kept.values().len();
    let random = Random::new(seed).stream(STREAM);
    let mut v: Vec<f64> = (0..n as u64).map(|i| random.normal(i)).collect();
    let length = norm(&v);
    v.iter_mut().for_each(|x| *x /= length);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Kind::Interrupted.into());
        }
        let mut next = product(session, kept, batches.clone(), &v)?;
        diagonal.push(dot(&next, &v));
        basis.push(std::mem::take(&mut v));
        // Twice is enough against rounding.
        for _ in 0..2 {
            for known in &basis {
                let share = dot(&next, known);
                next.iter_mut().zip(known).for_each(|(x, k)| *x -= share * k);
            }
        }
        let left = norm(&next);
        let m = diagonal.len();
        let mut matrix = vec![0.0; m * m];
        for i in 0..m {
            matrix[i * m + i] = diagonal[i];
            if i + 1 < m {
                (matrix[i * m + i + 1], matrix[(i + 1) * m + i]) = (beside[i], beside[i]);
            }
        }
        let found = eigen::symmetric(&matrix, m);
        let (largest, smallest) = (found.values[0], found.values[m - 1]);
        let size = largest.abs().max(smallest.abs());
        let residual = left * found.vectors[0][m - 1].abs() / size.max(f64::MIN_POSITIVE);
        let small = largest > 0.0 && residual * size < ENOUGH * largest;
        if m == n.min(PRODUCTS) || left <= 1e-12 * size || (m > 3 && small) {
            return Ok(Curvature { largest, smallest, residual, products: m });
        }
        beside.push(left);
        next.iter_mut().for_each(|x| *x /= left);
        v = next;
    }
}

/// The Hessian by a unit vector.
fn product(session: &mut dyn Session, kept: &Snapshot, batches: Range<u64>, v: &[f64]) -> Result<Vec<f64>> {
    let size = kept.values().iter().map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt();
    let reach = f64::from(f32::EPSILON).cbrt() * (1.0 + size).sqrt();
    let mut sum = vec![0.0; v.len()];
    for sign in [1.0, -1.0] {
        for batch in batches.clone() {
            kept.restore(session);
            let (values, grads) = session.buffers();
            values.iter_mut().zip(v).for_each(|(w, v)| *w = (f64::from(*w) + sign * reach * v) as f32);
            grads.fill(0.0);
            session.backward(batch);
            let (_, grads) = session.buffers();
            sum.iter_mut().zip(&*grads).for_each(|(sum, g)| *sum += sign * f64::from(*g));
        }
    }
    let share = 1.0 / (2.0 * reach * (batches.end - batches.start).max(1) as f64);
    sum.iter_mut().for_each(|x| *x *= share);
    match sum.iter().all(|x| x.is_finite()) {
        true => Ok(sum),
        false => Err(Kind::NoCurvature.into()),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Order, Split};
    use crate::workload::Evaluation;
    use crate::workloads;
    use ravine::ParamSpec;

    static GO: AtomicBool = AtomicBool::new(false);

    /// The sum of c w^2 / 2.
    struct Bowl {
        curvatures: Vec<f32>,
        specs: [ParamSpec; 1],
        values: Vec<f32>,
        grads: Vec<f32>,
    }

    impl Bowl {
        fn new(curvatures: &[f32]) -> Self {
            let n = curvatures.len();
            Self {
                curvatures: curvatures.to_vec(),
                specs: [ParamSpec::new("w", [n])],
                values: vec![1.0; n],
                grads: vec![0.5; n],
            }
        }
    }

    impl Session for Bowl {
        fn params(&self) -> &[ParamSpec] {
            &self.specs
        }

        fn buffers(&mut self) -> (&mut [f32], &mut [f32]) {
            (&mut self.values, &mut self.grads)
        }

        fn backward(&mut self, _: u64) -> f64 {
            for ((g, w), c) in self.grads.iter_mut().zip(&self.values).zip(&self.curvatures) {
                *g += c * w;
            }
            self.values.iter().zip(&self.curvatures).map(|(w, c)| f64::from(0.5 * c * w * w)).sum()
        }

        fn evaluate(&mut self, _: Split) -> Evaluation {
            Evaluation { loss: 0.0, metric: 0.0 }
        }
    }

    #[test]
    fn both_ends_are_found_and_a_larger_negative_one_hides_nothing() {
        let mut bowl = Bowl::new(&[3.0, -10.0, 1.0, 0.0, 0.5]);
        let found = curvature(&mut bowl, 0..1, 1, &GO).unwrap();
        assert!((found.largest - 3.0).abs() < 1e-3 && (found.smallest + 10.0).abs() < 1e-2, "{found:?}");
        assert_eq!((bowl.values, bowl.grads), (vec![1.0; 5], vec![0.5; 5]));
        let flat = curvature(&mut Bowl::new(&[0.0; 3]), 0..1, 1, &GO).unwrap();
        assert_eq!((flat.largest, flat.smallest), (0.0, 0.0));
        let error = curvature(&mut Bowl::new(&[f32::NAN; 3]), 0..1, 1, &GO).unwrap_err();
        assert!(error.to_string().contains("not finite"), "{error}");
    }

    #[test]
    fn the_published_curvature_of_quadratic_deep() {
        let workload = workloads::load("quadratic-deep", None).unwrap();
        for seed in 0..3 {
            let mut session = workload.start(seed, Order::Reshuffled);
            let found = curvature(&mut *session, 0..1, seed, &GO).unwrap();
            assert!((found.largest / 53.129 - 1.0).abs() < 2e-3, "{found:?}");
        }
    }

    #[test]
    fn softmax_agrees_with_its_hessian() {
        // At zero weights all probabilities are 1/C. The Hessian over the classes and the features with a 1 for the bias is
        // (I/C - 1/C^2) x mean(x x^T) + ridge, so its largest eigenvalue is that of mean(x x^T) / C + ridge.
        let workload = workloads::load("iris-softmax:batch=150", None).unwrap();
        let mut session = workload.start(0, Order::Reshuffled);
        let before = Snapshot::of(&mut *session);
        let found = curvature(&mut *session, 0..1, 7, &GO).unwrap();
        let data = crate::data::iris::DATA.whole();
        let (rows, n) = (data.train.len(), data.features + 1);
        let mut moments = vec![0.0; n * n];
        for row in data.train.clone() {
            let x: Vec<f64> = data.row(row).iter().map(|&x| x.into()).chain([1.0]).collect();
            (0..n * n).for_each(|k| moments[k] += x[k / n] * x[k % n] / rows as f64);
        }
        let expected = eigen::symmetric(&moments, n).values[0] / data.classes as f64 + 1e-2;
        assert!((found.largest / expected - 1.0).abs() < 2e-3, "{found:?} {expected}");
        let after = Snapshot::of(&mut *session);
        assert!(before.values().iter().zip(after.values()).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
