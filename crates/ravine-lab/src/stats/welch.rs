//! Welch's t-test: do two samples with unlike variances have the same mean?

use super::bootstrap::{Interval, LEVEL};
use super::summary::{mean, sd};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The outcome of Welch's test (Welch, Biometrika 34 (1947), 28).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// mean(a) - mean(b).
    pub difference: f64,
    /// sqrt(va/na + vb/nb).
    pub standard_error: f64,
    /// Welch-Satterthwaite degrees of freedom.
    pub freedom: f64,
    /// Two-sided p-value. With no spread in either sample it is 1 if the means agree and 0 otherwise.
    pub p: f64,
}

impl Welch {
    /// The 95 % interval of the difference.
    pub fn interval(&self) -> Interval {
        let half = if self.standard_error == 0.0 {
            0.0
        } else {
            student_quantile(self.freedom, (1.0 + LEVEL) / 2.0) * self.standard_error
        };
        Interval { low: self.difference - half, high: self.difference + half }
    }
}

/// Runs the test; `None` if a sample has less than two values or one that is not finite.
pub fn test(a: &[f64], b: &[f64]) -> Option<Welch> {
    if a.iter().chain(b).any(|x| !x.is_finite()) {
        return None;
    }
    let difference = mean(a)? - mean(b)?;
    let (va, vb) = (sd(a)?.powi(2) / a.len() as f64, sd(b)?.powi(2) / b.len() as f64);
    let standard_error = (va + vb).sqrt();
    if standard_error == 0.0 {
        let p = if difference == 0.0 { 1.0 } else { 0.0 };
        return Some(Welch { difference, standard_error, freedom: (a.len() + b.len() - 2) as f64, p });
    }
    let freedom = (va + vb).powi(2) / (va * va / (a.len() - 1) as f64 + vb * vb / (b.len() - 1) as f64);
    let t = difference / standard_error;
    let p = StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |student| 2.0 * student.cdf(-t.abs()));
    Some(Welch { difference, standard_error, freedom, p: p.min(1.0) })
}

/// The quantile `q` of Student's distribution; infinite where there is none.
pub(super) fn student_quantile(freedom: f64, q: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |student| student.inverse_cdf(q))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_numerical_integration() {
        // Expected values: Student's density integrated by Simpson's rule on 200,000 intervals.
        let a = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
        let b = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 31.3];
        let welch = test(&a, &b).unwrap();
        assert!((welch.p - 0.006460408027455178).abs() < 1e-9, "{}", welch.p);
        assert!((welch.freedom - 27.31161047222031).abs() < 1e-9, "{}", welch.freedom);
        let interval = welch.interval();
        assert!(
            (interval.low + 5.583334631976346).abs() < 1e-8
                && (interval.high + 1.0033320346903345).abs() < 1e-8
        );
    }

    #[test]
    fn samples_without_spread() {
        assert_eq!(test(&[1.0, 1.0], &[1.0, 1.0]).unwrap().p, 1.0);
        let apart = test(&[1.0, 1.0], &[2.0, 2.0]).unwrap();
        assert_eq!((apart.p, apart.interval()), (0.0, Interval { low: -1.0, high: -1.0 }));
    }

    #[test]
    fn too_few_or_broken_values_give_nothing() {
        assert_eq!(test(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(test(&[1.0, f64::NAN], &[1.0, 2.0]), None);
    }
}
