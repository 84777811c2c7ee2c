//! Random numbers from a counter: the value depends on (seed, stream, index) alone, never on who asks first.
//!
//! Every draw is a pure function, so it can be taken in any order, on any thread, and again after a resume.

use crate::functions::{cos_turns, ln};

/// A stream of random numbers addressed by index.
///
/// The generator is SplitMix64's output function (Steele, Lea, Flood, OOPSLA 2014) applied to a keyed counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
    key: u64,
}

impl Random {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { key: mix(seed ^ 0x9e37_79b9_7f4a_7c15) }
    }

    /// An independent stream below this one, for a purpose, a layer, an epoch.
    pub const fn stream(self, id: u64) -> Self {
        Self { key: mix(self.key ^ mix(id.wrapping_add(0xd1b5_4a32_d192_ed03))) }
    }

    /// 64 random bits at `index`.
    #[inline]
    pub const fn bits(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    #[inline]
    pub const fn uniform(self, index: u64) -> f64 {
        (self.bits(index) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in 0..n without bias worth naming (below n / 2^64). `n` must not be 0.
    pub const fn below(self, index: u64, n: u64) -> u64 {
        ((self.bits(index) as u128 * n as u128) >> 64) as u64
    }

    /// Standard normal, by the Box-Muller transform of two uniforms. Indices that differ by 2^63 give the same.
    ///
    /// It has neither branches nor calls: a loop over indices uses vectors, and the bits are the same on every platform.
    #[inline(always)]
    pub fn normal(self, index: u64) -> f64 {
        let first = index.wrapping_mul(2);
        let radius = (-2.0 * ln(1.0 - self.uniform(first))).sqrt();
        radius * cos_turns(self.uniform(first + 1))
    }

    /// A random order of 0..n (Fisher-Yates).
    pub fn permutation(self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i as u64, i as u64 + 1) as usize);
        }
        order
    }
}

#[inline]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Level, Work, dispatch};

    /// Asserts that the mean of `count` draws is at most four standard errors from that of their distribution.
    #[track_caller]
    fn assert_mean(count: u64, draw: impl Fn(u64) -> f64, mean: f64, variance: f64) {
        let found = (0..count).map(draw).sum::<f64>() / count as f64;
        assert!((found - mean).abs() < 4.0 * (variance / count as f64).sqrt(), "{found} instead of {mean}");
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let (u, n, count) = (Random::new(1), Random::new(2), 200_000);
        assert_mean(count, |i| u.uniform(i), 0.5, 1.0 / 12.0);
        // E x^2k = (2k - 1)!!, and the variance of x^k is E x^2k - (E x^k)^2.
        for (k, mean, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            assert_mean(count, |i| n.normal(i).powi(k), mean, variance);
        }
        // What one index gives says nothing of the next.
        assert_mean(count, |i| n.normal(i) * n.normal(i + 1), 0.0, 1.0);
    }

    #[test]
    fn tails_of_normal_numbers_have_their_share() {
        // erfc(x / sqrt(2)) / 2.
        let tails = [(1.0, 0.158_655_254), (2.0, 0.022_750_132), (3.0, 1.349_898e-3), (4.0, 3.167_124e-5)];
        for sign in [1.0, -1.0] {
            for (beyond, share) in tails {
                let is = |i| f64::from(sign * Random::new(6).normal(i) > beyond);
                assert_mean(500_000, is, share, share * (1.0 - share));
            }
        }
    }

    #[test]
    fn normal_numbers_are_those_of_the_library() {
        let random = Random::new(5);
        for i in 0..100_000 {
            let radius = (-2.0 * (1.0 - random.uniform(2 * i)).ln()).sqrt();
            let exact = radius * (std::f64::consts::TAU * random.uniform(2 * i + 1)).cos();
            assert!((random.normal(i) - exact).abs() < 1e-15 * (1.0 + radius), "{exact}");
        }
    }

    #[test]
    fn normal_numbers_are_the_same_one_by_one_and_at_any_width_from_anywhere() {
        struct Fill<'a>(&'a mut [f64], u64);
        impl Work for Fill<'_> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                let Self(to, from) = self;
                to.iter_mut().zip(from..).for_each(|(x, i)| *x = Random::new(7).normal(i));
            }
        }
        let one_by_one: Vec<u64> =
            (0..1000).map(|i| std::hint::black_box(Random::new(7)).normal(i).to_bits()).collect();
        for level in Level::available() {
            for from in [0, 1, 2, 3, 501] {
                let mut x = vec![0.0; 1000 - from];
                dispatch(level, Fill(&mut x, from as u64));
                let bits: Vec<u64> = x.iter().map(|x| x.to_bits()).collect();
                assert_eq!(bits, one_by_one[from..], "{level:?} {from}");
            }
        }
    }

    #[test]
    fn permutations_hold_each_index_once_and_depend_on_the_stream() {
        let (a, b) = (Random::new(3).permutation(100), Random::new(3).stream(1).permutation(100));
        assert_ne!(a, b);
        for mut order in [a, b] {
            order.sort_unstable();
            assert_eq!(order, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_bits_are_splitmix64s() {
        // The first outputs of the published generator for seed 1234567, which counts from 1.
        let random = Random { key: 1_234_567 };
        assert_eq!(
            [1, 2, 3].map(|i| random.bits(i)),
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
        assert_eq!(random.uniform(1), (6_457_827_717_110_365_317_u64 >> 11) as f64 / 2f64.powi(53));
        assert_eq!([1, 2, 3].map(|i| random.below(i, 100)), [35, 17, 53]);
    }

    #[test]
    fn every_index_has_a_number() {
        assert!(
            [0, u64::MAX / 2 + 1, u64::MAX].map(|i| Random::new(1).normal(i)).iter().all(|x| x.is_finite())
        );
    }

    #[test]
    fn streams_do_not_correlate() {
        let (a, b, count) = (Random::new(4).stream(0), Random::new(4).stream(1), 100_000);
        let covariance =
            (0..count).map(|i| (a.uniform(i) - 0.5) * (b.uniform(i) - 0.5)).sum::<f64>() / count as f64;
        assert!(covariance.abs() < 4.0 / 12.0 / (count as f64).sqrt());
    }
}
