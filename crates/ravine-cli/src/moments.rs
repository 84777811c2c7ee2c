//! The steps of a run at which a schedule shows what it does.

/// How many moments are looked for.
const MOMENTS: usize = 12;
/// How many of them may be turns; the rest are spread between these.
const TURNS: usize = 9;
/// Points at which a function is looked at.
const SAMPLES: u64 = 1000;
/// The least change of direction that is a turn: from one sample to the next, as a share of the value there.
const BEND: f64 = 1e-3;
/// The least rise to a peak that is one, as a share of its height.
const RISE: f64 = 1e-12;

/// About a dozen steps of a run of `steps` steps, in order: the first, the last, those at which one of the functions jumps
/// or turns, and some between.
pub(crate) fn moments(steps: u64, functions: &[&dyn Fn(u64) -> f64]) -> Vec<u64> {
    let Some(last) = steps.checked_sub(1) else { return Vec::new() };
    if steps <= MOMENTS as u64 {
        return (0..steps).collect();
    }
    let mut turns: Vec<u64> = functions.iter().flat_map(|f| turns(f, last)).collect();
    turns.sort_unstable();
    turns.dedup();
    let mut chosen = vec![0, last];
    chosen.extend(spread(turns.len(), TURNS).map(|i| turns[i]));
    chosen.sort_unstable();
    chosen.dedup();
    while chosen.len() < MOMENTS {
        let widest = chosen.windows(2).max_by_key(|pair| pair[1] - pair[0]);
        let Some(&[a, b]) = widest.filter(|pair| pair[1] - pair[0] > 1) else { break };
        let at = chosen.partition_point(|&step| step <= a);
        chosen.insert(at, round_middle(a, b));
    }
    chosen
}

/// `most` of the numbers below `count`, evenly, the first and the last among them; all if there are no more.
fn spread(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(most);
    (0..taken).map(move |i| i * (count - 1) / (taken - 1).max(1))
}

/// A number near the middle of two, with few digits.
fn round_middle(a: u64, b: u64) -> u64 {
    let unit = 10_u64.pow(((b - a) / 4).checked_ilog10().unwrap_or(0));
    let middle = a + (b - a) / 2;
    let rounded = middle - middle % unit;
    if rounded > a { rounded } else { middle }
}

/// The steps, between 0 and `last`, at which a function jumps or turns.
fn turns(f: &dyn Fn(u64) -> f64, last: u64) -> Vec<u64> {
    let look = Look::new(f, 0, last, SAMPLES);
    let bends = look.bends();
    let around = |i: usize| look.y[i - 1..=i + 1].iter().fold(0.0, |most: f64, y| most.max(y.abs()));
    let sharp = |i: usize| {
        // A smooth curve bends as much a little to the side.
        let beside = [-3_isize, -2, 2, 3].map(|by| i.checked_add_signed(by).and_then(|j| bends.get(j)));
        let beside = beside.into_iter().flatten().fold(0.0, |most: f64, &bend| most.max(bend));
        bends[i] - beside > BEND * around(i)
    };
    let inner = 1..look.x.len() - 1;
    let flagged: Vec<usize> = inner.filter(|&i| sharp(i) || look.peaks(i, RISE * around(i))).collect();
    let groups = flagged.chunk_by(|a, b| b - a <= 1);
    groups.map(|group| locate(f, &look, strongest(&bends, group))).collect()
}

/// Of neighbours the one that bends most; of a jump's two the step after it.
fn strongest(bends: &[f64], group: &[usize]) -> usize {
    let most = group.iter().fold(0.0, |m: f64, &i| m.max(bends[i]));
    *group.iter().rfind(|&&i| bends[i] >= 0.75 * most).expect("the group has its strongest")
}

/// The very step of the turn near a sample.
fn locate(f: &dyn Fn(u64) -> f64, look: &Look, mut at: usize) -> u64 {
    let mut closer;
    let mut look = look;
    while look.x[at + 1] - look.x[at - 1] > 2 {
        let (low, high) = (look.x[at - 1], look.x[at + 1]);
        closer = Look::new(f, low, high, 64);
        let bends = closer.bends();
        let inner: Vec<usize> = (1..closer.x.len() - 1).collect();
        at = match inner.iter().find(|&&i| closer.peaks(i, 0.0)) {
            Some(&peak) => peak,
            None => strongest(&bends, &inner),
        };
        look = &closer;
    }
    look.x[at]
}

/// A function looked at from one step to another, at equal distances but for the last.
struct Look {
    x: Vec<u64>,
    y: Vec<f64>,
}

impl Look {
    fn new(f: &dyn Fn(u64) -> f64, low: u64, high: u64, samples: u64) -> Self {
        let stride = (high - low).div_ceil(samples).max(1);
        let x: Vec<u64> =
            (0..(high - low).div_ceil(stride)).map(|i| low + i * stride).chain([high]).collect();
        Self { y: x.iter().map(|&step| f(step)).collect(), x }
    }

    /// The second difference at each sample, as if the samples were one stride apart; none at the ends.
    fn bends(&self) -> Vec<f64> {
        let stride = (self.x[1] - self.x[0]) as f64;
        let apart = |i: usize| (self.x[i + 1] - self.x[i]) as f64 / stride;
        let slope = |i: usize| (self.y[i + 1] - self.y[i]) / apart(i);
        let bend = |i: usize| (slope(i) - slope(i - 1)).abs() * 2.0 / (apart(i) + apart(i - 1));
        std::iter::once(0.0).chain((1..self.x.len() - 1).map(bend)).chain([0.0]).collect()
    }

    /// Whether the function is higher or lower there than on both sides, by more than `least`.
    fn peaks(&self, i: usize, least: f64) -> bool {
        let (up, down) = (self.y[i] - self.y[i - 1], self.y[i] - self.y[i + 1]);
        up * down > 0.0 && up.abs().min(down.abs()) > least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, steps: u64) -> Vec<u64> {
        let schedule = ravine::schedules::parse(text, steps).unwrap();
        moments(steps, &[&|step| schedule.lr(0.1, step)])
    }

    #[test]
    fn turns_are_among_them() {
        for (text, steps, turns) in [
            ("cosine:warmup=50", 1000, vec![49]),
            ("constant:warmup=5%", 100_000, vec![4999]),
            ("cosine-restarts:t_0=100,t_mult=2", 700, vec![100, 300]),
            ("step:step_size=30", 120, vec![30, 60, 90]),
            ("multi-step:milestones=30000/80000", 100_000, vec![30_000, 80_000]),
            ("one-cycle", 1000, vec![299]),
            ("constant for 300 then linear", 500, vec![300]),
            ("wsd:warmup=2", 100, vec![1, 80]),
            ("multi-step:milestones=500000000000", 1_000_000_000_000, vec![500_000_000_000]),
            ("noam", 16_000, vec![3999]),
        ] {
            let moments = of(text, steps);
            for turn in turns {
                assert!(moments.contains(&turn), "{text}: {turn} is not in {moments:?}");
            }
            assert!(moments.len() == MOMENTS && moments.is_sorted_by(|a, b| a < b), "{moments:?}");
            assert_eq!((moments[0], moments[MOMENTS - 1]), (0, steps - 1));
        }
    }

    #[test]
    fn smooth_curves_have_no_turns() {
        for text in ["constant", "cosine", "exponential", "inverse-sqrt", "linear"] {
            let moments = of(text, 1000);
            assert_eq!(moments, [0, 100, 200, 300, 400, 500, 600, 690, 790, 890, 940, 999], "{text}");
        }
    }

    #[test]
    fn short_and_strange_runs() {
        assert!(of("cosine", 0).is_empty());
        assert_eq!(of("cosine", 1), [0]);
        assert_eq!(of("cosine", 5), [0, 1, 2, 3, 4]);
        assert_eq!(of("cosine", 13).len(), MOMENTS);
        for steps in [1001, 1 << 53, u64::MAX] {
            for text in ["cosine", "step:step_size=1", "cyclic:step_size_up=3", "constant:scale=1e308"] {
                assert_eq!(of(text, steps).len(), MOMENTS, "{text} {steps}");
            }
        }
        let noise = |step: u64| if step.is_multiple_of(3) { f64::NAN } else { f64::INFINITY };
        assert_eq!(moments(5000, &[&noise]).len(), MOMENTS);
    }
}
