//! Proximal operators: `prox(v) = argmin over x of h(x) + 1/2 |x - v|^2`, for penalties and constraints h that have no
//! gradient (N. Parikh, S. Boyd, Proximal Algorithms, 2014; sections 6.1 to 6.7 have these).
//!
//! | h(x) | See |
//! |---|---|
//! | `l1 sum of abs(x) + l2/2 sum of x^2` | [`elastic_net`] |
//! | 0 between two bounds, else infinite | [`between`] |
//! | `strength abs(x)`, the 2-norm of a group | [`group_lasso`] |
//! | 0 where no x is negative and their sum is fixed | [`simplex`] |
//! | `strength` times the sum of the singular values | [`nuclear`] |
//!
//! The first two work element by element. Adaptive rules need the operator in their own metric, `sum of d (x - v)^2` in
//! place of `|x - v|^2`: for [`group_lasso`] and [`simplex`] it is an argument, and for the first two it is the
//! strengths divided by d. All are pure functions with the same bits for any number of threads.

mod elementwise;
mod group_lasso;
mod nuclear;
mod simplex;

pub use elementwise::{between, elastic_net};
pub use group_lasso::group_lasso;
pub use nuclear::nuclear;
pub use simplex::simplex;

use crate::element::Math;

/// The weights of the squares of the distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric<'a, R> {
    /// 1 for each element.
    Plain,
    /// One for each element, above 0.
    Diagonal(&'a [R]),
}

impl<R: Math> Metric<'_, R> {
    fn get(self, i: usize) -> f64 {
        match self {
            Self::Plain => 1.0,
            Self::Diagonal(d) => d[i].into(),
        }
    }
}

#[cfg(test)]
mod test {
    use crate::random::Random;

    /// Normal numbers, some of them equal, some of them 0.
    pub(super) fn vector(len: usize, seed: u64) -> Vec<f64> {
        let random = Random::new(seed);
        (0..len as u64).map(|i| if i % 5 == 4 { 0.0 } else { random.normal(i / 2) * 2.0 }).collect()
    }

    /// Numbers above 0 of several magnitudes.
    pub(super) fn weights(len: usize, seed: u64) -> Vec<f64> {
        (0..len as u64).map(|i| (2.0 * Random::new(seed).stream(1).normal(i)).exp()).collect()
    }
}
