//! Numbers that sum up a sample.

/// Arithmetic mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation, sqrt(sum (x - mean)^2 / (n - 1)); `None` below two values.
pub fn sd(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The quantile `q` in [0, 1], linear between order statistics (Hyndman and Fan's type 7); `None` of nothing.
///
/// Infinite values are allowed: between two of them, or beside one, the answer is infinite.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_sorted(&sorted, q)
}

/// [`quantile`] of values that are already in order.
pub fn quantile_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    // The product of 0 and an infinite distance would not be a number.
    Some(if part == 0.0 || low == high { low } else { low + part * (high - low) })
}

/// The median; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Interquartile mean: the mean of what is left after dropping floor(n/4) values at each end (Agarwal et al.,
/// NeurIPS 2021, arXiv 2108.13264, section 4.3); `None` of nothing.
pub fn iqm(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let x = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(mean(&x), Some(2.5));
        assert!((sd(&x).unwrap() - (5.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(median(&x), Some(2.5));
        assert_eq!(quantile(&x, 0.25), Some(1.75));
        assert_eq!(iqm(&[100.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn nothing_and_one_value() {
        assert_eq!((mean(&[]), sd(&[1.0]), median(&[]), iqm(&[])), (None, None, None, None));
        assert_eq!((quantile(&[7.0], 0.9), iqm(&[7.0])), (Some(7.0), Some(7.0)));
    }

    #[test]
    fn infinite_values_stay_numbers() {
        let x = [1.0, 2.0, f64::INFINITY, f64::INFINITY];
        assert_eq!(quantile(&x, 0.5), Some(f64::INFINITY));
        assert_eq!(quantile(&x, 1.0), Some(f64::INFINITY));
        assert_eq!(quantile(&x, 0.0), Some(1.0));
    }
}
