//! Ratings drawn from a known model, so that it is known how well they can be told.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use ravine::random::Random;

use super::{Entry, Ratings};

/// What the catalogue says of it.
pub const ENTRY: Entry<Ratings> = Entry {
    name: "low-rank-ratings",
    title: "ratings of known structure, drawn by a generator: rank 4, noise of standard deviation 0.5",
    size: "60000 ratings, 2000 users x 1000 items",
    license: "MIT OR Apache-2.0",
    origin: "Ravine",
    files: None,
    load: |_| Ok(RATINGS.clone()),
};

static RATINGS: LazyLock<Arc<Ratings>> = LazyLock::new(|| {
    Arc::new(generate(
        ENTRY.name,
        &LowRank { users: 2000, items: 1000, ratings: 60_000, rank: 4, noise: 0.5 },
        1,
    ))
});

/// A model of ratings:
///
/// rating of item i by user u = 3.5 + b_u + c_i + p_u . q_i + noise
///
/// with b and c normal of standard deviation 0.4, p and q of `rank` normal numbers each, such that their product has
/// standard deviation 0.6. Nothing is rounded, so no model's root mean square error is below `noise` but by chance.
/// Who rates what follows power laws: user k and item k are drawn with weights (k + 1)^-0.5 and (k + 1)^-0.9, each pair at
/// most once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LowRank {
    /// Number of users.
    pub users: usize,
    /// Number of items.
    pub items: usize,
    /// Number of ratings.
    pub ratings: usize,
    /// Numbers that describe a user, and an item.
    pub rank: usize,
    /// Standard deviation of what no model can tell.
    pub noise: f64,
}

const MEAN: f64 = 3.5;
const BIAS_SD: f64 = 0.4;
const PRODUCT_SD: f64 = 0.6;
const USER_EXPONENT: f64 = -0.5;
const ITEM_EXPONENT: f64 = -0.9;

/// Ratings of this model, drawn from `seed`.
///
/// # Panics
/// If more than half of all pairs are to be rated, or the rank is 0.
pub fn generate(name: &str, model: &LowRank, seed: u64) -> Ratings {
    let &LowRank { users, items, ratings, rank, noise } = model;
    assert!(rank > 0 && ratings <= users * items / 2, "{ratings} ratings of {users} x {items}, rank {rank}");
    let random = Random::new(seed);
    let normals = |stream: u64, count: usize, sd: f64| -> Vec<f64> {
        (0..count).map(|i| sd * random.stream(stream).normal(i as u64)).collect()
    };
    let (user_bias, item_bias) = (normals(1, users, BIAS_SD), normals(2, items, BIAS_SD));
    // A sum of `rank` products of two normals of variance v has variance rank v^2.
    let sd = (PRODUCT_SD / (rank as f64).sqrt()).sqrt();
    let (p, q) = (normals(3, users * rank, sd), normals(4, items * rank, sd));
    let [user_law, item_law] = [power_law(users, USER_EXPONENT), power_law(items, ITEM_EXPONENT)];
    let mut seen = HashSet::with_capacity(ratings);
    let mut published = Vec::with_capacity(ratings);
    for draw in 0.. {
        if published.len() == ratings {
            break;
        }
        let (user, item) = (
            pick(&user_law, random.stream(5).uniform(draw)),
            pick(&item_law, random.stream(6).uniform(draw)),
        );
        if !seen.insert((user, item)) {
            continue;
        }
        let product: f64 =
            p[user * rank..][..rank].iter().zip(&q[item * rank..][..rank]).map(|(p, q)| p * q).sum();
        let value =
            MEAN + user_bias[user] + item_bias[item] + product + noise * random.stream(7).normal(draw);
        published.push((user as u32, item as u32, value as f32));
    }
    Ratings::new(name, [users, items], &published)
}

/// Running sums of the weights (k + 1)^exponent, the last of them 1.
pub(super) fn power_law(count: usize, exponent: f64) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums: Vec<f64> = (0..count)
        .map(|k| {
            sum += ((k + 1) as f64).powf(exponent);
            sum
        })
        .collect();
    sums.iter_mut().for_each(|running| *running /= sum);
    sums
}

/// The number drawn by a uniform one, given running sums.
pub(super) fn pick(sums: &[f64], uniform: f64) -> usize {
    sums.partition_point(|&sum| sum <= uniform).min(sums.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: LowRank = LowRank { users: 60, items: 40, ratings: 1200, rank: 2, noise: 0.1 };

    #[test]
    fn the_same_seed_gives_the_same_ratings_and_no_pair_twice() {
        let ratings = generate("small", &SMALL, 3);
        assert_eq!(ratings, generate("small", &SMALL, 3));
        assert_ne!(ratings.sha256, generate("small", &SMALL, 4).sha256);
        assert_eq!(ratings.split(), [960, 120, 120]);
        let pairs: HashSet<(u32, u32)> =
            ratings.user.iter().copied().zip(ratings.item.iter().copied()).collect();
        assert_eq!(pairs.len(), 1200);
        assert!(pairs.iter().all(|&(user, item)| user < 60 && item < 40));
    }

    #[test]
    fn the_built_in_set_has_the_spread_and_the_popularity_of_its_model() {
        let ratings = (ENTRY.load)(None).unwrap();
        assert_eq!(ratings.split(), [48_000, 6000, 6000]);
        let mean = ratings.mean();
        let variance = ratings.value.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / 60_000.0;
        let expected = 2.0 * BIAS_SD.powi(2) + PRODUCT_SD.powi(2) + 0.25;
        assert!(
            (mean - MEAN).abs() < 0.1 && (variance / expected - 1.0).abs() < 0.2,
            "{mean} {variance} {expected}"
        );
        let count = |item: u32| ratings.item.iter().filter(|&&other| other == item).count();
        assert!(count(0) > 10 * count(200), "{} {}", count(0), count(200));
    }

    #[test]
    fn a_law_without_weight_differences_is_uniform() {
        let sums = power_law(4, 0.0);
        assert_eq!([0.0, 0.24, 0.25, 0.99].map(|uniform| pick(&sums, uniform)), [0, 0, 1, 3]);
    }
}
