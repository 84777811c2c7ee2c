//! Holm's step-down correction for several tests.

/// Adjusted p-values, in the order given: compare each with 0.05 to keep the chance of any false claim in the family
/// below 5 % (Holm, Scandinavian Journal of Statistics 6 (1979), 65). No assumption on how the tests depend.
///
/// In rising order, p_(i) becomes max over j <= i of min(1, (m - j) p_(j)), j from 0, m tests in the family.
pub fn adjust(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let mut adjusted = vec![1.0; p.len()];
    let mut highest = 0.0f64;
    for (rank, &i) in order.iter().enumerate() {
        highest = highest.max((p[i] * (p.len() - rank) as f64).min(1.0));
        adjusted[i] = highest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_family() {
        // R: p.adjust(c(.01, .04, .03, .005), "holm")
        let adjusted = adjust(&[0.01, 0.04, 0.03, 0.005]);
        for (got, want) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((got - want).abs() < 1e-15);
        }
    }

    #[test]
    fn no_tests_and_large_values() {
        assert!(adjust(&[]).is_empty());
        assert_eq!(adjust(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
