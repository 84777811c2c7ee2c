//! How small a difference the runs could show, and how many runs would show a smaller one.

use super::welch::student_quantile;
use statrs::distribution::{ContinuousCDF, Normal};

/// The chance of seeing a difference that is there, on which all figures here rest.
pub const POWER: f64 = 0.8;

/// Seeds for each of two arms so that a true difference is found at level `alpha` (two-sided) with 80 % power:
///
/// n = 2 (z_{1-alpha/2} + z_{0.8})^2 sd^2 / difference^2, to the nearest whole number and at least 2
///
/// (two-sample normal approximation, Cohen 1988). Below about 5 seeds it is slightly too low. `None` if there is no
/// finite answer.
pub fn seeds_needed(sd: f64, difference: f64, alpha: f64) -> Option<usize> {
    let normal = Normal::standard();
    let z = normal.inverse_cdf(1.0 - alpha / 2.0) + normal.inverse_cdf(POWER);
    let n = 2.0 * (z * sd / difference).powi(2);
    (n.is_finite() && n < 1e9).then(|| (n.round() as usize).max(2))
}

/// The smallest true difference that `n` seeds for each of two arms show at level `alpha` with 80 % power:
///
/// (t_{1-alpha/2} + t_{0.8}) sd sqrt(2/n), with 2n - 2 degrees of freedom. `None` below two seeds.
pub fn detectable(sd: f64, n: usize, alpha: f64) -> Option<f64> {
    if n < 2 {
        return None;
    }
    let freedom = (2 * n - 2) as f64;
    let t = student_quantile(freedom, 1.0 - alpha / 2.0) + student_quantile(freedom, POWER);
    let difference = t * sd * (2.0 / n as f64).sqrt();
    difference.is_finite().then_some(difference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_figures() {
        let seeds = [0.001, 0.002, 0.003, 0.005].map(|d| seeds_needed(0.0025, d, 0.05).unwrap());
        assert_eq!(seeds, [98, 25, 11, 4]);
    }

    #[test]
    fn detectable_and_needed_agree_for_many_seeds() {
        let difference = detectable(0.0025, 98, 0.05).unwrap();
        assert!((difference - 0.001).abs() < 2e-5, "{difference}");
        // power.t.test(n = 10, sd = 0.0025, power = 0.8) in R: delta = 0.003307
        assert!((detectable(0.0025, 10, 0.05).unwrap() - 0.0033).abs() < 5e-5);
    }

    #[test]
    fn no_answer_rather_than_a_wrong_one() {
        assert_eq!(detectable(1.0, 1, 0.05), None);
        assert_eq!(seeds_needed(1.0, 0.0, 0.05), None);
        assert_eq!(seeds_needed(0.0, 0.1, 0.05), Some(2));
    }
}
