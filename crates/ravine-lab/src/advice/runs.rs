//! What the runs say.

use super::{Basis, Sentence, Subject};
use crate::comparison::{Arm, Point, Run, WorkloadResult};
use crate::convergence::{self, Losses};
use crate::report::sentence_of;
use crate::stats::number::{count, fixed, lower_first, lr, lr_range, significant, steps};
use crate::stats::score::{self, Split};
use crate::stats::{Outcome, bootstrap, summary, welch};
use crate::verdict::{Topic, Verdict, verdict};

/// The share of a run after which the early winner is looked at.
const EARLY: f64 = 0.1;

/// A gradient norm this many times its neighbours is a spike.
const SPIKE: f64 = 10.0;

/// All sentences on the workload; `evidence` may hold variants of it.
pub(super) fn sentences(
    result: &WorkloadResult,
    verdict: &Verdict,
    evidence: &[&WorkloadResult],
) -> Vec<Sentence> {
    let Some(arm) = verdict.recommended else {
        let all = 0..result.arms.len();
        let text = verdict.sentence.clone();
        return vec![Sentence { subject: Subject::Optimizer, text, basis: trials(result, all) }];
    };
    let voice = Voice { result, verdict, arm };
    let mut all = voice.optimizer();
    all.extend([voice.learning_rate()]);
    all.extend(voice.schedule());
    all.extend(voice.length());
    all.extend(voice.variants(Subject::Batch, "batch", evidence));
    all.extend(voice.clipping());
    all.extend(voice.initialisation());
    all.extend(voice.variants(Subject::Initialisation, "init", evidence));
    all
}

struct Voice<'a> {
    result: &'a WorkloadResult,
    verdict: &'a Verdict,
    /// The recommended arm.
    arm: usize,
}

impl Voice<'_> {
    fn own(&self) -> &Arm {
        &self.result.arms[self.arm]
    }

    fn sentence(&self, subject: Subject, text: String, arms: impl IntoIterator<Item = usize>) -> Sentence {
        Sentence { subject, text, basis: trials(self.result, arms) }
    }

    /// What wins at the end, against the others, and what wins early.
    fn optimizer(&self) -> Vec<Sentence> {
        let arm = self.own();
        let test = self.verdict.arms[self.arm].test.map_or(String::new(), |test| {
            format!(": test {} {}", self.result.metric, self.verdict.unit.estimate(&test))
        });
        let head = format!("Use {} with {}{test}.", arm.optimizer, arm.schedule);
        let mut all = vec![self.sentence(Subject::Optimizer, head, [self.arm])];
        let claims = self.verdict.claims.iter();
        all.extend(claims.filter(|claim| claim.topic == Topic::Optimizers).map(|claim| Sentence {
            subject: Subject::Optimizer,
            text: claim.text.clone(),
            basis: Basis::Runs { trials: claim.trials.clone() },
        }));
        all.extend(self.early());
        all
    }

    /// Which optimizer leads after a tenth of the steps, each with the schedule that is best there.
    fn early(&self) -> Option<Sentence> {
        let at = (EARLY * self.result.steps as f64) as u64;
        let sign = if self.result.higher_is_better { 1.0 } else { -1.0 };
        let values = |arm: usize| self.early_values(arm, at);
        let mean = |arm: usize| summary::mean(&values(arm)).map_or(f64::NEG_INFINITY, |mean| sign * mean);
        let with_runs = (0..self.result.arms.len()).filter(|arm| !self.result.arms[*arm].runs.is_empty());
        let mut order: Vec<usize> = with_runs.collect();
        order.sort_by(|a, b| mean(*b).total_cmp(&mean(*a)));
        let &leader = order.first()?;
        let name = |arm: usize| &self.result.arms[arm].optimizer;
        let next = order.iter().copied().find(|arm| name(*arm) != name(leader))?;
        let unit = self.verdict.unit;
        let value = |arm: usize| match bootstrap::mean_interval(&values(arm)) {
            Some(i) => {
                format!("{} [{}, {}]", unit.value(sign * mean(arm)), unit.value(i.low), unit.value(i.high))
            }
            None => unit.value(sign * mean(arm)),
        };
        let apart = welch::test(&values(leader), &values(next)).is_some_and(|test| test.p < 0.05);
        let leads = if apart {
            format!(
                "{} leads: {}, the next is {} with {}",
                name(leader),
                value(leader),
                name(next),
                value(next)
            )
        } else {
            format!(
                "{} and {} lead, and these runs do not tell them apart: {} and {}",
                name(leader),
                name(next),
                value(leader),
                value(next)
            )
        };
        let end = match (name(leader) == name(self.arm), apart) {
            (true, true) => "It leads at the end too.".into(),
            (false, true) if self.beats(name(leader)) => {
                format!("At the end it is {}: who stops early chooses otherwise.", name(self.arm))
            }
            (false, true) => {
                format!("At the end it is {} by validation; the test does not confirm it.", name(self.arm))
            }
            (_, false) => format!("At the end it is {}.", name(self.arm)),
        };
        let percent = fixed(100.0 * EARLY, 0);
        let text =
            format!("After {percent} % of the steps ({}), by validation, {leads}. {end}", steps(at as f64));
        Some(self.sentence(Subject::Optimizer, text, [leader, next]))
    }

    /// Whether the recommended arm is better than the best of this optimizer, by the family of tests.
    fn beats(&self, optimizer: &str) -> bool {
        let other = self.verdict.best.iter().find(|arm| self.result.arms[**arm].optimizer == optimizer);
        let pair = other.and_then(|other| self.verdict.pair(self.arm, *other));
        pair.is_some_and(|pair| pair.outcome == Outcome::Better)
    }

    /// The validation metric of every run near step `at`, failed runs as what they count for.
    fn early_values(&self, arm: usize, at: u64) -> Vec<f64> {
        let worst = score::worst(self.result, Split::Validation).unwrap_or(f64::NAN);
        let value = |run: &Run| {
            let point = run.curve.iter().min_by_key(|point| point.step.abs_diff(at))?;
            // A run that broke before has no point there.
            let near = point.step.abs_diff(at) <= at.max(1);
            (near && point.step > 0).then_some(point.validation).filter(|x| x.is_finite())
        };
        self.result.arms[arm].runs.iter().map(|run| value(run).unwrap_or(worst)).collect()
    }

    fn learning_rate(&self) -> Sentence {
        let arm = self.own();
        let edge = match arm.lr_on_boundary {
            true => " It is the lowest or highest tried: search further.",
            false => "",
        };
        let others: Vec<String> = self
            .verdict
            .best
            .iter()
            .filter(|other| **other != self.arm)
            .map(|other| &self.result.arms[*other])
            .map(|other| {
                let edge = if other.lr_on_boundary { ", at the edge of those tried" } else { "" };
                format!("{} {} ({}{edge})", other.optimizer, lr(other.lr), lr_range(other.lr_works))
            })
            .collect();
        let others = match others.is_empty() {
            true => String::new(),
            false => format!(" For the others: {}.", others.join(", ")),
        };
        let trials: Vec<f64> = arm.tuning.iter().map(|run| run.lr).collect();
        let tried = {
            let mut distinct = trials.clone();
            distinct.sort_by(f64::total_cmp);
            distinct.dedup();
            distinct.len()
        };
        let range = match arm.lr_works {
            [low, high] if low == high => "none of the others does as well".to_owned(),
            range => format!("{} does about as well", lr_range(range)),
        };
        let text = format!(
            "{} for {} with {}; {range} ({tried} tried, {} each).{edge}{others}",
            lr(arm.lr),
            arm.optimizer,
            arm.schedule,
            count(trials.len() / tried.max(1), "seed"),
        );
        self.sentence(Subject::LearningRate, text, self.verdict.best.iter().copied())
    }

    fn schedule(&self) -> Option<Sentence> {
        let claim = self.verdict.claims.iter().find(|claim| claim.topic == Topic::Schedules)?;
        let basis = Basis::Runs { trials: claim.trials.clone() };
        Some(Sentence { subject: Subject::Schedule, text: claim.text.clone(), basis })
    }

    /// Whether it overfits, still falls, or has ended: judged from the mean over the runs, which has less noise.
    fn length(&self) -> Option<Sentence> {
        let runs: Vec<&Run> = self.own().runs.iter().filter(|run| !score::failed(run)).collect();
        let shortest = runs.iter().map(|run| run.curve.len()).min()?;
        let mean = |part: fn(&Point) -> f64, i: usize| {
            runs.iter().map(|run| part(&run.curve[i])).sum::<f64>() / runs.len() as f64
        };
        let at = |i: usize| Losses {
            step: runs[0].curve[i].step,
            train: mean(|point| point.train_loss, i),
            validation: mean(|point| point.validation_loss, i),
        };
        let outlook = convergence::outlook(&(0..shortest).map(at).collect::<Vec<_>>());
        let text = format!("After {} steps: {}", self.result.steps, lower_first(&outlook.sentence()));
        Some(self.sentence(Subject::Length, text, [self.arm]))
    }

    /// Whether gradients have spikes that clipping would cut. A norm is held against those before and after it in its
    /// run: from the first steps to the last it falls by itself.
    fn clipping(&self) -> Option<Sentence> {
        let (mut seen, mut usual, mut spike) = (0, 0.0f64, (0.0f64, 0.0));
        for run in &self.own().runs {
            let points = run.curve.iter().filter(|point| point.step > 0 && point.grad_norm.is_finite());
            let norms: Vec<f64> = points.map(|point| point.grad_norm).collect();
            seen += norms.len();
            for i in 1..norms.len().saturating_sub(1) {
                let [before, after] = [&norms[i.saturating_sub(2)..i], &norms[i + 1..norms.len().min(i + 3)]];
                // The least of two on each side, so that a spike is no measure for its neighbours.
                let least = |norms: &[f64]| norms.iter().copied().fold(f64::INFINITY, f64::min);
                let beside = least(before).max(least(after));
                usual = usual.max(beside);
                if norms[i] > spike.0 * beside {
                    spike = (norms[i] / beside, beside);
                }
            }
        }
        let (ratio, beside) = spike;
        if !(ratio.is_finite() && usual > 0.0) {
            return None;
        }
        let largest = format!(
            "the gradient norm that stands out most, of {seen} looked at, is {}, {} times those beside it",
            significant(ratio * beside, 2),
            significant(ratio, 2)
        );
        let limit = significant(2.0 * usual, 1);
        let failed = self.verdict.arms[self.arm].failed;
        let text = if failed > 0 {
            format!("{} failed, and {largest}: clip the norm to {limit}.", count(failed, "run"))
        } else if ratio > SPIKE {
            format!("Clip the norm to {limit}: {largest}.")
        } else {
            format!("None needed: no run failed, and {largest}.")
        };
        Some(self.sentence(Subject::Clipping, text, [self.arm]))
    }

    /// Whether the gradient reaches every layer with the initialisation used.
    fn initialisation(&self) -> Option<Sentence> {
        let text = sentence_of(self.own())?;
        Some(self.sentence(Subject::Initialisation, format!("As it is. {text}"), [self.arm]))
    }

    /// Variants of the workload that differ in one option, by their best arm.
    fn variants(&self, subject: Subject, option: &str, evidence: &[&WorkloadResult]) -> Option<Sentence> {
        let same = |result: &&&WorkloadResult| {
            result.name != self.result.name
                && without(&result.name, option) == without(&self.result.name, option)
        };
        let mut best: Vec<(String, f64, &str, Vec<i64>)> = Vec::new();
        for result in [self.result].iter().chain(evidence.iter().filter(same)) {
            // The first comparison of a variant is the most telling.
            if best.iter().any(|variant| variant.2 == result.name) {
                continue;
            }
            let verdict = verdict(result);
            let Some(arm) = verdict.recommended else { continue };
            let Some(validation) = verdict.arms[arm].validation else { continue };
            let chosen = &result.arms[arm];
            let text = format!(
                "{}: {} ({} at lr {}, {} steps)",
                result.name,
                self.verdict.unit.estimate(&validation),
                chosen.optimizer,
                lr(chosen.lr),
                result.steps
            );
            best.push((
                text,
                validation.mean,
                &result.name,
                chosen.runs.iter().map(|run| run.trial).collect(),
            ));
        }
        if best.len() < 2 {
            return None;
        }
        let sign = if self.result.higher_is_better { -1.0 } else { 1.0 };
        best.sort_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)));
        let texts: Vec<&str> = best.iter().map(|variant| variant.0.as_str()).collect();
        let text = format!(
            "By validation {}, each with its own best optimizer and learning rate: {}.",
            self.result.metric,
            texts.join("; ")
        );
        let mut trials: Vec<i64> = best.iter().flat_map(|variant| variant.3.clone()).collect();
        trials.sort_unstable();
        Some(Sentence { subject, text, basis: Basis::Runs { trials } })
    }
}

/// A workload's spec without one of its options.
fn without(spec: &str, option: &str) -> String {
    let (name, pairs) = spec.split_once(':').unwrap_or((spec, ""));
    let other = |pair: &&str| pair.split_once('=').is_none_or(|(key, _)| key != option);
    let kept: Vec<&str> = pairs.split(',').filter(|pair| !pair.is_empty()).filter(other).collect();
    format!("{name}:{}", kept.join(","))
}

fn trials(result: &WorkloadResult, arms: impl IntoIterator<Item = usize>) -> Basis {
    let runs = arms.into_iter().flat_map(|arm| &result.arms[arm].runs);
    let mut trials: Vec<i64> = runs.map(|run| run.trial).collect();
    trials.sort_unstable();
    trials.dedup();
    Basis::Runs { trials }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_taken_out_of_a_spec() {
        assert_eq!(without("digits-mlp:batch=64,depth=2", "batch"), "digits-mlp:depth=2");
        assert_eq!(without("digits-mlp:batch=64", "batch"), without("digits-mlp", "batch"));
    }
}
