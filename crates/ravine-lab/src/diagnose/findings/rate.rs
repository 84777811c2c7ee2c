//! Learning rates held against each other: too large, too small, or none that gets anywhere.

use super::{Advice, Finding, Trouble};
use crate::convergence::Motion;
use crate::diagnose::{Diagnosis, MOST_STEPS, Probe, TAIL};
use crate::plan::without_lr;
use crate::shell::quote;
use crate::stats::number::{count, lr, significant};

/// A run that comes less than this part of the way that another learning rate comes has the wrong one.
const BEHIND: f64 = 0.5;
/// A way shorter than this share of the loss it begins at, or than three times the noise of a mean, says nothing.
const WAY: f64 = 0.02;
/// A loss at the end above this share of a blind guess has not learnt.
const UNLEARNT: f64 = 0.5;

/// Compares with the runs at other learning rates.
pub(super) fn rate(diagnosis: &Diagnosis) -> Option<Finding> {
    let loss = &diagnosis.loss;
    let finding = |trouble, evidence: &str, best| {
        let evidence = evidence.to_string() + &probed(diagnosis);
        Some(Finding { trouble, evidence, advice: take(diagnosis, best) })
    };
    let Some(last) = loss.last else {
        let evidence = match loss.lost {
            Some((lost, step)) => format!(
                "{lost} of {} left the finite numbers, the first at step {step}.",
                count(diagnosis.seeds.len(), "seed")
            ),
            None => "The loss at the end is not finite.".into(),
        };
        return finding(Trouble::RateTooLarge, &evidence, best(diagnosis, |lr| lr < diagnosis.lr));
    };
    let above_start = last > loss.first + enough(diagnosis);
    let behind = |best: &Probe| way(diagnosis, loss.last) < BEHIND * way(diagnosis, best.last);
    // What threw the loss up is no reason for larger steps.
    match best(diagnosis, |lr| lr < diagnosis.lr || !above_start).filter(behind) {
        Some(best) if best.lr < diagnosis.lr => {
            let evidence = match way(diagnosis, loss.last) < -enough(diagnosis) {
                _ if above_start => "The loss ends above its start; a smaller learning rate brings it down.",
                true => "The loss ends above a blind guess; a smaller learning rate brings it below.",
                false => "A smaller learning rate comes further down.",
            };
            finding(Trouble::RateTooLarge, evidence, Some(best))
        }
        Some(best) => {
            let evidence = "A larger learning rate comes further down in the same steps.";
            finding(Trouble::RateTooSmall, evidence, Some(best))
        }
        // Above where it began, nothing was learnt but how to be wrong.
        None if above_start => finding(Trouble::RateTooLarge, "The loss ends above its start.", None),
        None => None,
    }
}

pub(super) fn plateau(diagnosis: &Diagnosis) -> Option<Finding> {
    let loss = &diagnosis.loss;
    let last = loss.last?;
    // A loss that stands where it should is at its goal.
    if loss.guess.is_some_and(|guess| last < UNLEARNT * guess) {
        return None;
    }
    let evidence = match (loss.motion, loss.trend, loss.guess) {
        (Motion::Flat, Some(trend), Some(guess)) => format!(
            "Over the last half of the steps the loss changes by {} % (95 %: {} to {} %), at {} of a \
             blind guess.",
            significant(100.0 * trend.change, 2),
            significant(100.0 * trend.interval.low, 2),
            significant(100.0 * trend.interval.high, 2),
            significant(last / guess, 2),
        ),
        _ if way(diagnosis, loss.last) <= enough(diagnosis) => format!(
            "The loss ends at {}, not clearly below {}, {}.",
            significant(last, 3),
            significant(level(diagnosis), 3),
            if level(diagnosis) < loss.first { "a blind guess" } else { "where it began" }
        ),
        _ => return None,
    };
    Some(Finding {
        trouble: Trouble::Plateau,
        evidence: evidence + &probed(diagnosis),
        advice: vec![
            Advice {
                change: "A learning rate from a range test: all that were tried here may be far too \
                        small."
                    .into(),
                attempt: Some(range_test(diagnosis)),
            },
            Advice {
                change: "More steps: some problems fall in stairs.".into(),
                attempt: Some(10 * diagnosis.steps)
                    .filter(|steps| *steps <= MOST_STEPS)
                    .map(|steps| format!("--steps {steps}")),
            },
            Advice {
                change: "A larger model or better inputs, if more steps change nothing.".into(),
                attempt: None,
            },
        ],
    })
}

/// The runs at all learning rates, this one's among them, by rising rate.
pub(super) fn measured(diagnosis: &Diagnosis) -> Vec<Probe> {
    let own = Probe { lr: diagnosis.lr, last: diagnosis.loss.last };
    let mut all: Vec<Probe> = diagnosis.loss.probes.iter().copied().chain([own]).collect();
    all.sort_by(|a, b| a.lr.total_cmp(&b.lr));
    all
}

/// What the learning rates came to.
pub(super) fn probed(diagnosis: &Diagnosis) -> String {
    let text = |probe: &Probe| {
        let last = probe.last.map_or("lost".into(), |last| significant(last, 3));
        format!("{last} at lr {}", lr(probe.lr))
    };
    let all: Vec<String> = measured(diagnosis).iter().map(text).collect();
    format!(" Loss after {} steps: {}.", diagnosis.steps, all.join(", "))
}

/// What a loss has to come below to have learnt: its start, or a blind guess where that is lower.
pub(super) fn level(diagnosis: &Diagnosis) -> f64 {
    let loss = &diagnosis.loss;
    loss.guess.map_or(loss.first, |guess| guess.min(loss.first))
}

/// How far a run came down from there; one that was lost came nowhere.
pub(super) fn way(diagnosis: &Diagnosis, last: Option<f64>) -> f64 {
    last.map_or(f64::NEG_INFINITY, |last| level(diagnosis) - last)
}

/// The way that noise does not make.
pub(super) fn enough(diagnosis: &Diagnosis) -> f64 {
    let batches = (TAIL * diagnosis.steps as f64 * diagnosis.seeds.len() as f64).max(1.0);
    (WAY * level(diagnosis).abs()).max(3.0 * diagnosis.loss.noise / batches.sqrt())
}

/// Of the other rates with the lowest loss at the end, if that is clearly below the start.
fn best(diagnosis: &Diagnosis, is_asked: impl Fn(f64) -> bool) -> Option<Probe> {
    let asked = diagnosis.loss.probes.iter().filter(|probe| is_asked(probe.lr));
    let best = asked.max_by(|a, b| way(diagnosis, a.last).total_cmp(&way(diagnosis, b.last)))?;
    (way(diagnosis, best.last) > enough(diagnosis)).then_some(*best)
}

/// The command that finds a rate for this run.
fn range_test(diagnosis: &Diagnosis) -> String {
    let optimizer = without_lr(&diagnosis.optimizer).unwrap_or_else(|| diagnosis.optimizer.clone());
    format!("ravine lr-find {} --optimizer {}", quote(&diagnosis.workload), quote(&optimizer))
}

/// Advice to take this rate, or to look for one where none of those tried is any good.
fn take(diagnosis: &Diagnosis, best: Option<Probe>) -> Vec<Advice> {
    let tried = measured(diagnosis);
    let [lowest, highest] = [tried[0].lr, tried[tried.len() - 1].lr];
    let Some(Probe { lr: rate, last }) = best else {
        let mut smaller = tried.iter().filter(|probe| probe.lr < diagnosis.lr);
        let what = match smaller.all(|probe| probe.last.is_none()) {
            true => "stays finite",
            false => "brings the loss clearly down",
        };
        let change = format!(
            "Let a range test find the learning rate: none of the smaller ones tried here, down to {}, {what}.",
            lr(lowest)
        );
        return vec![Advice { change, attempt: Some(range_test(diagnosis)) }];
    };
    let bound = match rate {
        _ if rate == lowest => "at most",
        _ if rate == highest => "at least",
        _ => "about",
    };
    vec![
        Advice {
            change: format!(
                "Set the learning rate to {bound} {}, with which the loss comes to {}.",
                lr(rate),
                last.map_or(String::new(), |last| significant(last, 3))
            ),
            attempt: Some(format!("--lr {}", lr(rate))),
        },
        Advice { change: "Or let a range test find it.".into(), attempt: Some(range_test(diagnosis)) },
    ]
}

/// Advice to make smaller steps, as far as one that was tried is any good.
pub(super) fn smaller(diagnosis: &Diagnosis, change: &str) -> Advice {
    let best = best(diagnosis, |lr| lr < diagnosis.lr);
    let attempt = best.map_or_else(|| range_test(diagnosis), |best| format!("--lr {}", lr(best.lr)));
    Advice { change: change.into(), attempt: Some(attempt) }
}
