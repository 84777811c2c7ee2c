//! Performance profiles over several workloads, and the AlgoPerf score.
//!
//! For submission s on workload w the ratio r is its time to target over the best time of any submission. The profile
//! rho(tau) is the share of workloads with r <= tau (Dolan and More, Mathematical Programming 91 (2002), 201). The
//! score is its mean over tau in [1, 4] (Dahl et al., arXiv 2306.07179, section 4.4). Ratios are to the best present:
//! adding or removing a submission can change the order of the others, so the times themselves belong beside a profile.

/// The largest ratio that counts; beyond it a workload is not solved.
pub const TAU_MAX: f64 = 4.0;

/// Points of the grid on [1, [`TAU_MAX`]].
const POINTS: usize = 100;

/// Times of one submission.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Time to target on each workload, infinite or not a number if it was not reached.
    pub base: Vec<f64>,
    /// The same on the held-out variant of each workload that has one.
    pub held_out: Vec<Option<f64>>,
}

/// Ratios of all submissions on all workloads.
///
/// A time above 4 times the best, or no time, is infinite. If there is a held-out variant of a workload, its own ratio
/// must be finite too, or that of the workload is infinite: a submission that fits one model only has not solved it.
pub fn ratios(submissions: &[Times]) -> Vec<Vec<f64>> {
    let workloads = submissions.iter().map(|times| times.base.len()).min().unwrap_or(0);
    let held_out = |times: &Times, w: usize| times.held_out.get(w).copied().flatten();
    let best = |pick: &dyn Fn(&Times) -> Option<f64>| {
        submissions.iter().filter_map(pick).filter(|t| !t.is_nan()).fold(f64::INFINITY, f64::min)
    };
    let best_base: Vec<f64> = (0..workloads).map(|w| best(&|times| Some(times.base[w]))).collect();
    let best_held_out: Vec<f64> = (0..workloads).map(|w| best(&|times| held_out(times, w))).collect();
    submissions
        .iter()
        .map(|times| {
            (0..workloads)
                .map(|w| {
                    let variant = held_out(times, w).map_or(1.0, |t| within(t, best_held_out[w]));
                    if variant.is_finite() { within(times.base[w], best_base[w]) } else { f64::INFINITY }
                })
                .collect()
        })
        .collect()
}

/// `time` over `best`, infinite above [`TAU_MAX`] or where there is no time.
fn within(time: f64, best: f64) -> f64 {
    let ratio = time / best;
    if ratio <= TAU_MAX { ratio } else { f64::INFINITY }
}

/// rho(tau): the share of workloads solved within `tau` times the best.
pub fn share_within(ratios: &[f64], tau: f64) -> f64 {
    ratios.iter().filter(|ratio| **ratio <= tau).count() as f64 / ratios.len().max(1) as f64
}

/// The score, between 0 and 1: the trapezoid rule for the integral of rho over 100 equal points of [1, 4], over 3.
pub fn score(ratios: &[f64]) -> f64 {
    let rho: Vec<f64> = grid().map(|tau| share_within(ratios, tau)).collect();
    rho.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).sum::<f64>() / (POINTS - 1) as f64
}

/// The points of tau at which profiles are taken.
pub fn grid() -> impl Iterator<Item = f64> {
    (0..POINTS).map(|i| 1.0 + (TAU_MAX - 1.0) * i as f64 / (POINTS - 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times of the AlgoPerf v0.5 external-tuning leaderboard, in seconds.
    const TIMES: &str = include_str!("../../tests/goldens/algoperf_v05_external_time_to_target.csv");

    #[test]
    fn recomputes_the_published_leaderboard() {
        let mut lines = TIMES.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
        let (base, variants) = names.split_at(8);
        let mut submissions = Vec::new();
        let mut times = Vec::new();
        for line in lines {
            let mut cells = line.split(',');
            submissions.push(cells.next().unwrap());
            let seconds: Vec<f64> = cells.map(|cell| cell.parse().unwrap()).collect();
            let held_out = base.iter().map(|workload| {
                let variant = variants.iter().position(|variant| variant.starts_with(workload))?;
                Some(seconds[8 + variant])
            });
            times.push(Times { held_out: held_out.collect(), base: seconds[..8].to_vec() });
        }
        let ratios = ratios(&times);
        let published = [
            ("shampoo_submission", 0.7784),
            ("schedule_free_adamw", 0.7077),
            ("generalized_adam", 0.6383),
            ("cyclic_lr", 0.6301),
            ("nadamp", 0.5909),
            ("baseline", 0.5707),
            ("amos", 0.4918),
            ("caspr_adaptive", 0.4722),
            ("lawa_queue", 0.3699),
            ("lawa_ema", 0.3384),
            ("schedule_free_prodigy", 0.0),
        ];
        assert_eq!(submissions.len(), published.len());
        for (name, expected) in published {
            let i = submissions.iter().position(|s| *s == name).unwrap();
            assert!((score(&ratios[i]) - expected).abs() < 5e-5, "{name}: {}", score(&ratios[i]));
        }
    }

    #[test]
    fn a_workload_nobody_solves_counts_against_all() {
        let nobody = Times { base: vec![f64::INFINITY, 1.0], held_out: vec![] };
        let ratios = ratios(&[nobody.clone(), nobody]);
        assert_eq!(ratios[0], [f64::INFINITY, 1.0]);
        assert!((score(&ratios[0]) - 0.5).abs() < 1e-12);
        assert_eq!(score(&[]), 0.0);
    }
}
