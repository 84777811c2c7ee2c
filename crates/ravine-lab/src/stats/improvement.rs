//! Probability of improvement.

/// The chance that a run of `a` is above a run of `b`, ties counted half: the mean over all pairs (x, y) of
/// 1 if x > y, 1/2 if x = y, 0 otherwise (Agarwal et al., arXiv 2108.13264, section 4.3). `None` of nothing.
pub fn probability(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let wins: f64 = a
        .iter()
        .flat_map(|x| {
            b.iter().map(move |y| {
                if x > y {
                    1.0
                } else if x == y {
                    0.5
                } else {
                    0.0
                }
            })
        })
        .sum();
    Some(wins / (a.len() * b.len()) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_even_and_mixed() {
        assert_eq!(probability(&[2.0, 3.0], &[1.0]), Some(1.0));
        assert_eq!(probability(&[1.0, 1.0], &[1.0, 1.0]), Some(0.5));
        assert_eq!(probability(&[1.0, 3.0], &[2.0, 2.0]), Some(0.5));
        assert_eq!(probability(&[], &[1.0]), None);
    }
}
