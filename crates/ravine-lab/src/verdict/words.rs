//! The verdict in plain English. Every number in it comes from the structured fields.

use super::{Claim, Topic, Verdict};
use crate::comparison::{Arm, End, WorkloadResult};
use crate::stats::number::{self, count, lower_first, significant};
use crate::stats::{Interval, Outcome, Pair, TimeToTarget, score, survival};

/// All claims, most important first.
pub(super) fn claims(workload: &WorkloadResult, verdict: &Verdict) -> Vec<Claim> {
    let Some(arm) = verdict.recommended else {
        let runs: usize = verdict.arms.iter().map(|arm| arm.runs).sum();
        let why = if runs == 0 { "there are no runs".into() } else { format!("all {runs} runs failed") };
        let mut text = format!("For {}: {why}, so nothing can be recommended.", workload.name);
        text.extend(verdict.without_runs.iter().map(|arm| format!(" {}", untuned(&workload.arms[*arm]))));
        return vec![claim(Topic::Recommendation, text, trials(workload, 0..workload.arms.len()))];
    };
    let voice = Voice { workload, verdict, arm };
    let mut claims = vec![voice.recommendation(), voice.test(), voice.target()];
    claims.extend(voice.optimizers());
    claims.extend(voice.schedules());
    claims.extend(voice.warnings());
    claims
}

struct Voice<'a> {
    workload: &'a WorkloadResult,
    verdict: &'a Verdict,
    /// The recommended arm.
    arm: usize,
}

impl Voice<'_> {
    fn recommendation(&self) -> Claim {
        let arm = &self.workload.arms[self.arm];
        let [low, high] = arm.lr_works;
        // One that works alone is the one that is named.
        let works =
            if low == high { String::new() } else { format!(" (works {})", number::lr_range(arm.lr_works)) };
        let text = format!(
            "For {}: use {} at lr {}{works} with {}.",
            self.workload.name,
            arm.optimizer,
            number::lr(arm.lr),
            arm.schedule,
        );
        claim(Topic::Recommendation, text, trials(self.workload, 0..self.workload.arms.len()))
    }

    fn test(&self) -> Claim {
        let (summary, metric) = (&self.verdict.arms[self.arm], &self.workload.metric);
        let value = summary.test.map_or("unknown".into(), |test| self.verdict.unit.estimate(&test));
        let mut text = format!("Test {metric} {value} over {}", count(summary.runs, "seed"));
        if summary.runs == 1 {
            text += ": one run gives no interval, and no claim against others";
        }
        text += ".";
        if summary.failed > 0 {
            let worst =
                self.verdict.failure_counts_as.map_or("the worst".into(), |x| self.verdict.unit.value(x));
            text += &format!(" {} of its {} runs failed and count as {worst}.", summary.failed, summary.runs);
        }
        claim(Topic::Test, text, trials(self.workload, [self.arm]))
    }

    fn target(&self) -> Claim {
        let workload = self.workload;
        let summary = &self.verdict.arms[self.arm];
        let target = format!("validation {} {}", workload.metric, significant(workload.target, 4));
        let others: Vec<usize> = self.verdict.best.iter().copied().filter(|i| *i != self.arm).collect();
        let fastest = others
            .iter()
            .copied()
            .filter_map(|i| Some((i, self.verdict.arms[i].steps.median?)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let mut text = match summary.steps.median {
            Some(_) => {
                let seconds = match summary.seconds.median {
                    Some(median) => format!(" ({})", number::seconds(median)),
                    None => String::new(),
                };
                format!("It reaches {target} in {}{seconds}", steps(&summary.steps))
            }
            None if summary.steps.reached == 0 => {
                format!("It does not reach {target} in {} steps", workload.steps)
            }
            None => format!(
                "Only {} of its {} runs reach {target} in {} steps",
                summary.steps.reached, summary.steps.runs, workload.steps
            ),
        };
        text += &match (summary.steps.median, fastest) {
            (Some(own), Some((other, theirs))) => self.against_fastest(own, other, theirs),
            (Some(_), None) if !others.is_empty() => "; no other optimizer does in half of its runs".into(),
            (None, Some((other, _))) => format!(
                "; {} does in {}",
                workload.arms[other].optimizer,
                steps(&self.verdict.arms[other].steps)
            ),
            _ => String::new(),
        };
        text += ".";
        claim(Topic::Target, text, trials(workload, fastest.map(|f| f.0).into_iter().chain([self.arm])))
    }

    /// How the steps to the target compare with those of the fastest other optimizer.
    fn against_fastest(&self, own: f64, other: usize, theirs: f64) -> String {
        let watches = |arm: usize| score::steps(self.workload, &self.workload.arms[arm]);
        let name = &self.workload.arms[other].optimizer;
        let (slow, fast) = if own <= theirs { (other, self.arm) } else { (self.arm, other) };
        match survival::ratio(&watches(slow), &watches(fast)) {
            Some((ratio, interval)) if interval.low > 1.0 => {
                let upper = if interval.high.is_finite() { times(interval.high) } else { "more".into() };
                let ratio = format!("{}x [{}, {upper}]", times(ratio), times(interval.low));
                if own <= theirs {
                    format!(", {ratio} fewer than {name}, the next")
                } else {
                    format!("; {name} gets there sooner, in {ratio} fewer steps")
                }
            }
            Some(_) => format!(
                "; {name} is about as fast ({} steps): the runs do not separate them",
                number::steps(theirs)
            ),
            None => format!("; {name} takes {} steps", number::steps(theirs)),
        }
    }

    fn optimizers(&self) -> Option<Claim> {
        let best = &self.verdict.best;
        let pairs: Vec<&Pair> = best
            .iter()
            .filter_map(|other| self.verdict.pair(self.arm, *other))
            .filter(|pair| best.contains(&pair.b))
            .collect();
        let text = self.against(&pairs, |arm| self.workload.arms[arm].optimizer.clone(), "On test it is");
        Some(claim(Topic::Optimizers, text?, trials(self.workload, best.iter().copied())))
    }

    fn schedules(&self) -> Option<Claim> {
        let arms = &self.workload.arms;
        let own = &arms[self.arm];
        let pairs: Vec<&Pair> = self
            .verdict
            .pairs
            .iter()
            .filter(|pair| pair.a == self.arm && arms[pair.b].optimizer == own.optimizer)
            .collect();
        let opening = format!("{} is", own.schedule);
        let text = self.against(&pairs, |arm| arms[arm].schedule.clone(), &opening)?;
        let text = format!("Schedules of {}: {}", own.optimizer, lower_first(&text));
        let involved = pairs.iter().map(|pair| pair.b).chain([self.arm]);
        Some(claim(Topic::Schedules, text, trials(self.workload, involved)))
    }

    /// The outcomes of `pairs`, all with the recommended arm first.
    fn against(&self, pairs: &[&Pair], name: impl Fn(usize) -> String, opening: &str) -> Option<String> {
        if pairs.is_empty() {
            return None;
        }
        let unit = &self.verdict.unit;
        let sign = if self.workload.higher_is_better { 1.0 } else { -1.0 };
        let by = |pair: &&&Pair, sign: f64| {
            let (Some(difference), Some(interval)) = (pair.difference, pair.interval) else {
                return name(pair.b);
            };
            let bounds = [sign * interval.low, sign * interval.high];
            let interval = Interval { low: bounds[0].min(bounds[1]), high: bounds[0].max(bounds[1]) };
            format!("{} by {}", name(pair.b), unit.difference_with_interval(sign * difference, interval))
        };
        let select = |outcome: Outcome| pairs.iter().filter(move |pair| pair.outcome == outcome);
        let margin = unit.difference(self.verdict.margin);
        let mut parts = Vec::new();
        let better: Vec<String> = select(Outcome::Better).map(|pair| by(&pair, sign)).collect();
        if !better.is_empty() {
            parts.push(format!("{opening} better than {}.", list(&better)));
        }
        let worse: Vec<String> = select(Outcome::Worse).map(|pair| by(&pair, -sign)).collect();
        if !worse.is_empty() {
            let stays = "the choice by validation stands, but look at it";
            parts.push(format!("{opening} worse than {}; {stays}.", list(&worse)));
        }
        let tie: Vec<String> = select(Outcome::Tie).map(|pair| name(pair.b)).collect();
        if !tie.is_empty() {
            parts.push(format!("Tie with {}: the difference is less than {margin}.", list(&tie)));
        }
        let unknown: Vec<&&Pair> =
            pairs.iter().filter(|pair| matches!(pair.outcome, Outcome::NotEnoughRuns { .. })).collect();
        if !unknown.is_empty() {
            let names: Vec<String> = unknown.iter().map(|pair| name(pair.b)).collect();
            parts.push(format!(
                "Against {}: not enough runs to tell{}.",
                list(&names),
                self.limits(&unknown)
            ));
        }
        Some(parts.join(" "))
    }

    /// What the runs could not have shown, in brackets.
    fn limits(&self, unknown: &[&&Pair]) -> String {
        let (mut seen, mut asked): (Vec<f64>, Vec<usize>) = (Vec::new(), Vec::new());
        for pair in unknown {
            if let Outcome::NotEnoughRuns { detectable, seeds } = pair.outcome {
                seen.extend(detectable);
                asked.extend(seeds);
            }
        }
        seen.sort_by(f64::total_cmp);
        asked.sort_unstable();
        let (Some(smallest), Some(largest)) = (seen.first(), seen.last()) else {
            return String::new();
        };
        let unit = &self.verdict.unit;
        let (low, high) = (unit.bare_difference(*smallest), unit.difference(*largest));
        let below = if unit.bare_difference(*largest) == low { high } else { format!("{low} to {high}") };
        let seeds = match (asked.first(), asked.last()) {
            (Some(a), Some(b)) if a == b => format!("about {a} seeds would tell"),
            (Some(a), Some(b)) => format!("about {a} to {b} seeds would tell"),
            _ => return format!(" (a difference below {below} could not be seen)"),
        };
        let margin = unit.difference(self.verdict.margin);
        format!(" (a difference below {below} could not be seen; {seeds} {margin})")
    }

    fn warnings(&self) -> Vec<Claim> {
        let untuned: Vec<Claim> = self
            .verdict
            .without_runs
            .iter()
            .map(|arm| claim(Topic::Warning, untuned(&self.workload.arms[*arm]), Vec::new()))
            .collect();
        let boundary: Vec<usize> =
            self.verdict.best.iter().copied().filter(|arm| self.workload.arms[*arm].lr_on_boundary).collect();
        if boundary.is_empty() {
            return untuned;
        }
        let names: Vec<String> = boundary
            .iter()
            .map(|arm| &self.workload.arms[*arm])
            .map(|arm| format!("{} ({})", arm.optimizer, number::lr(arm.lr)))
            .collect();
        let text = format!(
            "Tuning stopped at the edge of the learning rates tried for {}: a wider search may do better.",
            list(&names)
        );
        let edge = claim(Topic::Warning, text, trials(self.workload, boundary));
        std::iter::once(edge).chain(untuned).collect()
    }
}

/// Why an arm has no reported run.
fn untuned(arm: &Arm) -> String {
    let ended = |end: End| arm.tuning.iter().filter(|run| run.end == end).count();
    let name = format!("{} with {}", arm.optimizer, arm.schedule);
    if arm.tuning.is_empty() {
        return format!("{name} has not been run.");
    }
    format!(
        "{name} has no reported run: no learning rate got through tuning with every seed. Of {}, {} diverged and {} were \
         given up, no better than at their start after a third of the steps.",
        count(arm.tuning.len(), "tuning run"),
        ended(End::Diverged),
        ended(End::Hopeless)
    )
}

fn claim(topic: Topic, text: String, trials: Vec<i64>) -> Claim {
    Claim { topic, text, trials }
}

fn trials(workload: &WorkloadResult, arms: impl IntoIterator<Item = usize>) -> Vec<i64> {
    let runs = arms.into_iter().flat_map(|arm| &workload.arms[arm].runs);
    let mut ids: Vec<i64> = runs.map(|run| run.trial).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// `210 steps [190, 230]`.
fn steps(time: &TimeToTarget) -> String {
    let Some(median) = time.median else { return "no number of steps".into() };
    let bound = |x: Option<f64>| x.map_or("not reached".into(), number::steps);
    match (time.low, time.runs) {
        (Some(_), 2..) => {
            format!("{} steps [{}, {}]", number::steps(median), bound(time.low), bound(time.high))
        }
        _ => format!("{} steps", number::steps(median)),
    }
}

/// A ratio such as `1.6`.
fn times(x: f64) -> String {
    if x < 10.0 { number::fixed(x, 1) } else { number::fixed(x, 0) }
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
