//! Tensors dimension by dimension: for rules that keep something for each of them.

use crate::element::Math;
use crate::linalg::{Mat, gram, matmul};
use crate::whole::Workspace;

/// The most dimensions that are seen; those after it are taken together with the last.
pub(super) const MOST: usize = 8;

/// The dimensions of a tensor: at least one, at most [`MOST`].
pub(super) fn dims(shape: &[usize]) -> Vec<usize> {
    let (head, tail) = shape.split_at(shape.len().min(MOST - 1));
    let mut dims = head.to_vec();
    if dims.is_empty() || !tail.is_empty() {
        dims.push(tail.iter().product());
    }
    dims
}

/// A tensor as seen from one of its dimensions: `outer` parts of `dim` slices of `inner` elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mode {
    pub(super) outer: usize,
    pub(super) dim: usize,
    pub(super) inner: usize,
}

/// The dimensions of a tensor, one after the other.
pub(super) fn modes(shape: &[usize]) -> impl Iterator<Item = Mode> {
    let mut dims = [1; MOST];
    let count = shape.len().clamp(1, MOST);
    for (i, &dim) in shape.iter().enumerate() {
        dims[i.min(MOST - 1)] *= dim;
    }
    (0..count).map(move |i| Mode {
        outer: dims[..i].iter().product(),
        dim: dims[i],
        inner: dims[i + 1..].iter().product(),
    })
}

impl Mode {
    /// `c = X X^T`, where X has the slices of `x` as rows: dim x dim, symmetric to the bit.
    pub(super) fn gram<R: Math>(self, c: &mut [R], x: &[R], work: &mut Workspace<R>) {
        let Self { outer, dim, inner } = self;
        if outer == 1 {
            return gram(c, Mat::new(x, dim, inner), |_, _, _| {});
        }
        if inner == 1 {
            return gram(c, Mat::new(x, outer, dim).transposed(), |_, _, _| {});
        }
        let mut rows = work.take(x.len());
        for (i, slice) in x.chunks_exact(inner.max(1)).enumerate() {
            let at = (i % dim * outer + i / dim) * inner;
            rows[at..at + inner].copy_from_slice(slice);
        }
        gram(c, Mat::new(&rows, dim, outer * inner), |_, _, _| {});
        work.give(rows);
    }

    /// The sums of the squares of the slices of `x`: the diagonal of [`gram`](Self::gram).
    pub(super) fn squares<R: Math>(self, c: &mut [R], x: &[R]) {
        let mut sums = [0.0; 64];
        for (part, c) in c.chunks_mut(sums.len()).enumerate() {
            sums.fill(0.0);
            for outer in 0..self.outer {
                for (i, sum) in sums.iter_mut().enumerate().take(c.len()) {
                    let at = (outer * self.dim + part * 64 + i) * self.inner;
                    for &x in &x[at..at + self.inner] {
                        let x: f64 = x.into();
                        *sum += x * x;
                    }
                }
            }
            c.iter_mut().zip(sums).for_each(|(c, sum)| *c = R::from_f64(sum));
        }
    }

    /// `y = a x` along this dimension: slice i of y is the sum of `a[i][j]` times slice j of x.
    pub(super) fn product<R: Math>(self, y: &mut [R], a: Mat<'_, R>, x: &[R]) {
        let Self { outer, dim, inner } = self;
        if y.is_empty() {
            return;
        }
        if inner == 1 {
            return matmul(y, false, Mat::new(x, outer, dim), a.transposed(), |_, _| {});
        }
        for (y, x) in y.chunks_exact_mut(dim * inner).zip(x.chunks_exact(dim * inner)) {
            matmul(y, false, a, Mat::new(x, dim, inner), |_, _| {});
        }
    }

    /// Multiplies slice i by `factor(i)`.
    pub(super) fn scale<R: Math>(self, x: &mut [R], factor: impl Fn(usize) -> R) {
        for (i, slice) in x.chunks_exact_mut(self.inner.max(1)).enumerate() {
            let factor = factor(i % self.dim);
            slice.iter_mut().for_each(|x| *x = *x * factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn dimensions_are_counted_from_one_to_the_most() {
        assert_eq!(dims(&[]), [1]);
        assert_eq!(dims(&[3]), [3]);
        assert_eq!(dims(&[2, 3, 4]), [2, 3, 4]);
        assert_eq!(dims(&[2; 10]), [2, 2, 2, 2, 2, 2, 2, 8]);
        for shape in [vec![], vec![3], vec![2, 3, 4], vec![2; 10], vec![0, 3]] {
            assert_eq!(modes(&shape).map(|mode| mode.dim).collect::<Vec<_>>(), dims(&shape));
            let len: usize = shape.iter().product();
            assert!(modes(&shape).all(|mode| mode.outer * mode.dim * mode.inner == len));
        }
    }

    #[test]
    fn products_along_each_dimension_are_the_definitions() {
        let shape = [3, 4, 5];
        let x: Vec<f64> = (0..60).map(|i| Random::new(1).normal(i)).collect();
        let mut work = Workspace::default();
        for mode in modes(&shape) {
            let Mode { outer, dim, inner } = mode;
            let a: Vec<f64> = (0..(dim * dim) as u64).map(|i| Random::new(2).normal(i)).collect();
            let at = |o: usize, i: usize, j: usize| x[(o * dim + i) * inner + j];
            let (mut c, mut y, mut d) = (vec![0.0; dim * dim], vec![0.0; 60], vec![0.0; dim]);
            mode.gram(&mut c, &x, &mut work);
            mode.squares(&mut d, &x);
            mode.product(&mut y, Mat::new(&a, dim, dim), &x);
            let mut scaled = x.clone();
            mode.scale(&mut scaled, |i| i as f64);
            for i in 0..dim {
                for k in 0..dim {
                    let sum: f64 = (0..outer * inner)
                        .map(|p| at(p / inner, i, p % inner) * at(p / inner, k, p % inner))
                        .sum();
                    assert!((c[i * dim + k] - sum).abs() < 1e-12);
                }
                assert!((d[i] - c[i * dim + i]).abs() < 1e-12);
                for p in 0..outer * inner {
                    let (o, j) = (p / inner, p % inner);
                    let sum: f64 = (0..dim).map(|k| a[i * dim + k] * at(o, k, j)).sum();
                    assert!((y[(o * dim + i) * inner + j] - sum).abs() < 1e-12);
                    assert_eq!(scaled[(o * dim + i) * inner + j], at(o, i, j) * i as f64);
                }
            }
        }
    }
}
