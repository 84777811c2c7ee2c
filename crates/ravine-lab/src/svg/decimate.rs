//! Fewer points for long curves, without losing a spike.

/// Which points of a curve to draw, at most about `budget` of them: of each run of neighbours the first, lowest, highest
/// and last, so that the drawn line covers the same pixels. Of values that are not finite one in each run of
/// neighbours is kept, as a gap.
pub fn decimate(values: &[f64], budget: usize) -> Vec<usize> {
    if values.len() <= budget.max(4) {
        return (0..values.len()).collect();
    }
    let bucket = values.len().div_ceil((budget / 4).max(1));
    let mut kept = Vec::with_capacity(budget + 4);
    for start in (0..values.len()).step_by(bucket) {
        let end = (start + bucket).min(values.len());
        let finite = || (start..end).filter(|i| values[*i].is_finite());
        let low = finite().min_by(|a, b| values[*a].total_cmp(&values[*b]));
        let high = finite().max_by(|a, b| values[*a].total_cmp(&values[*b]));
        let gap = (start..end).find(|i| !values[*i].is_finite());
        let mut keep: Vec<usize> = [start, end - 1].into_iter().chain(low).chain(high).chain(gap).collect();
        keep.sort_unstable();
        keep.dedup();
        kept.extend(keep);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_and_ends_survive() {
        let mut values: Vec<f64> = (0..10_000).map(|i| (f64::from(i) * 0.01).sin()).collect();
        values[4321] = 50.0;
        values[7777] = -50.0;
        let few = decimate(&values, 400);
        assert!(few.len() <= 404, "{}", few.len());
        assert!([0, 4321, 7777, 9999].iter().all(|i| few.contains(i)));
        assert!(few.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn short_curves_stay_and_gaps_stay() {
        assert_eq!(decimate(&[1.0, f64::NAN, 3.0], 10), [0, 1, 2]);
        let long: Vec<f64> = (0..100).map(|i| if i == 50 { f64::NAN } else { 1.0 }).collect();
        assert!(decimate(&long, 20).contains(&50));
    }
}
