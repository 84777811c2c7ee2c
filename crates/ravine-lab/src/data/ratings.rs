//! Ratings that users gave to items: a matrix of which few places are known.

use std::ops::Range;

use ravine::random::Random;
use sha2::{Digest, Sha256};

use super::{SPLIT_SEED, Split, hex};

/// Known ratings in a random order, the same for everyone: the first 80 % train, the next 10 % validate, the rest test.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratings {
    /// Its name in the catalogue.
    pub name: String,
    /// Who rated, from 0.
    pub user: Vec<u32>,
    /// What was rated, from 0.
    pub item: Vec<u32>,
    /// How it was rated.
    pub value: Vec<f32>,
    /// Number of users.
    pub users: usize,
    /// Number of items.
    pub items: usize,
    /// Ratings to train on.
    pub train: Range<usize>,
    /// Ratings to validate on.
    pub validation: Range<usize>,
    /// Ratings to test on.
    pub test: Range<usize>,
    /// SHA-256 of the users, the items and the ratings in the published order, each number as four bytes, in
    /// hexadecimal.
    pub sha256: String,
}

impl Ratings {
    /// Ratings in their published order: (user, item, rating).
    pub(super) fn new(name: &str, [users, items]: [usize; 2], published: &[(u32, u32, f32)]) -> Self {
        let mut hash = Sha256::new();
        published.iter().for_each(|(user, _, _)| hash.update(user.to_le_bytes()));
        published.iter().for_each(|(_, item, _)| hash.update(item.to_le_bytes()));
        published.iter().for_each(|(_, _, value)| hash.update(value.to_le_bytes()));
        let n = published.len();
        let order = Random::new(SPLIT_SEED).permutation(n);
        let [train, validation] = [n * 8 / 10, n * 9 / 10];
        Self {
            name: name.into(),
            user: order.iter().map(|&i| published[i].0).collect(),
            item: order.iter().map(|&i| published[i].1).collect(),
            value: order.iter().map(|&i| published[i].2).collect(),
            users,
            items,
            train: 0..train,
            validation: train..validation,
            test: validation..n,
            sha256: hex(&hash.finalize()),
        }
    }

    /// The ratings of a split.
    pub fn range(&self, split: Split) -> Range<usize> {
        match split {
            Split::Train => self.train.clone(),
            Split::Validation => self.validation.clone(),
            Split::Test => self.test.clone(),
        }
    }

    /// Sizes of the three splits.
    pub fn split(&self) -> [usize; 3] {
        [self.train.len(), self.validation.len(), self.test.len()]
    }

    /// The mean of the ratings to train on.
    pub fn mean(&self) -> f64 {
        self.value[self.train.clone()].iter().map(|&value| f64::from(value)).sum::<f64>()
            / self.train.len() as f64
    }

    /// The root mean square error on a split of what needs no product of features: the mean plus how much above it an item
    /// is rated and how much above that the user rates, mean deviations in training as if there were five more
    /// ratings without any (Koren, Bell and Volinsky, Computer 42 (2009), 30, on biases).
    pub fn error_of_biases(&self, split: Split) -> f64 {
        let mean = self.mean();
        let train = self.train.clone();
        let of_items = mean_by(&self.item, train.clone(), self.items, |i| f64::from(self.value[i]) - mean);
        let rest = |i: usize| f64::from(self.value[i]) - mean - of_items[self.item[i] as usize];
        let of_users = mean_by(&self.user, train, self.users, rest);
        let range = self.range(split);
        let count = range.len() as f64;
        let squares = range.map(|i| (rest(i) - of_users[self.user[i] as usize]).powi(2));
        (squares.sum::<f64>() / count).sqrt()
    }
}

/// Ratings without deviation that a user or an item is credited with, so that few say little.
const DAMPING: f64 = 5.0;

/// The damped mean of the numbers of a range by key.
fn mean_by(keys: &[u32], range: Range<usize>, count: usize, number: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut sums = vec![(0.0, DAMPING); count];
    for i in range {
        let (sum, weight) = &mut sums[keys[i] as usize];
        *sum += number(i);
        *weight += 1.0;
    }
    sums.into_iter().map(|(sum, weight)| sum / weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_biases_is_that_of_damped_means() {
        let ratings = Ratings {
            name: "two".into(),
            user: vec![0, 1, 0],
            item: vec![0, 0, 0],
            value: vec![1.0, 3.0, 1.0],
            users: 2,
            items: 1,
            train: 0..2,
            validation: 2..3,
            test: 3..3,
            sha256: String::new(),
        };
        // The item is rated as the mean, 2. The first user deviates by -1, once in 1 + 5 ratings.
        assert!((ratings.error_of_biases(Split::Validation) - (1.0 - 1.0 / 6.0)).abs() < 1e-12);
    }
}
