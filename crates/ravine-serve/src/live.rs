//! A comparison as it runs, in the few numbers that a page shows.

use crate::refusal::Refusal;
use ravine_lab::comparison::End;
use ravine_lab::store::{Store, Stored, Watched};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Trials read at once; of a long comparison the rest follows with the next look.
const AT_ONCE: usize = 2000;

/// What was seen of a comparison so far.
pub(crate) struct Live {
    /// Trials before this one have all ended and been counted.
    from: i64,
    /// Trials from there on that have been counted.
    counted: BTreeSet<i64>,
    arms: BTreeMap<[String; 3], Arm>,
}

/// The trials of an optimizer with a schedule on a workload, by learning rate.
#[derive(Default)]
struct Arm {
    tuning: Vec<Group>,
    report: Vec<Group>,
}

/// The ended trials of one learning rate.
#[derive(Clone)]
struct Group {
    lr: f64,
    trials: u64,
    failed: u64,
    /// Sum of the validation metrics at the end.
    validation: f64,
    /// Count and sum of the validation metrics at each step.
    curve: BTreeMap<u64, (u64, f64)>,
}

/// What a page is told.
#[derive(Clone, PartialEq, Serialize)]
pub(crate) struct News {
    pub(crate) finished: bool,
    running: bool,
    /// `tuning` until the first reported run.
    phase: &'static str,
    /// Trials that have ended, and those there are at most.
    ended: u64,
    trials: u64,
    seconds: f64,
    arms: Vec<ArmNews>,
    /// Trials under way.
    current: Vec<Current>,
}

#[derive(Clone, PartialEq, Serialize)]
struct ArmNews {
    workload: String,
    optimizer: String,
    schedule: String,
    /// Learning rates tried, and reported runs ended.
    tried: usize,
    runs: u64,
    failed: u64,
    /// The best learning rate so far.
    lr: Option<f64>,
    /// Its mean validation metric, over the reported runs once there are some.
    validation: Option<f64>,
    curve: Vec<(u64, f64)>,
}

#[derive(Clone, PartialEq, Serialize)]
struct Current {
    workload: String,
    optimizer: String,
    schedule: String,
    tuning: bool,
    lr: f64,
    seed: u64,
    curve: Vec<(u64, f64)>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { from: 0, counted: BTreeSet::new(), arms: BTreeMap::new() }
    }

    /// Looks at what is new in the store.
    pub(crate) fn look(&mut self, store: &Store, id: i64) -> Result<Option<News>, Refusal> {
        let Some(stored) = store.comparisons()?.into_iter().find(|stored| stored.id == id) else {
            return Ok(None);
        };
        let mut current = Vec::new();
        loop {
            let trials = store.trials_from(id, self.from, AT_ONCE)?;
            let more = trials.len() == AT_ONCE;
            current.clear();
            for trial in trials {
                match trial.end {
                    Some(end) if self.counted.insert(trial.id) => self.count(&trial, end),
                    Some(_) => {}
                    None => current.push(trial),
                }
            }
            let first_open = current.first().map(|trial| trial.id);
            let next = first_open.or_else(|| self.counted.last().map(|last| last + 1)).unwrap_or(self.from);
            let moved = next > self.from;
            self.from = next;
            self.counted = self.counted.split_off(&next);
            if !more || !moved {
                break;
            }
        }
        Ok(Some(self.news(store, &stored, current)))
    }

    fn count(&mut self, trial: &Watched, end: End) {
        let key = [&trial.workload, &trial.optimizer, &trial.schedule].map(String::clone);
        let arm = self.arms.entry(key).or_default();
        let groups = if trial.tuning { &mut arm.tuning } else { &mut arm.report };
        let at = groups.iter().position(|group| group.lr == trial.lr).unwrap_or_else(|| {
            let curve = BTreeMap::new();
            groups.push(Group { lr: trial.lr, trials: 0, failed: 0, validation: 0.0, curve });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.trials += 1;
        match trial.validation.filter(|validation| end == End::Finished && validation.is_finite()) {
            Some(validation) => group.validation += validation,
            None => group.failed += 1,
        }
        for (step, validation) in trial.curve.iter().filter(|point| point.1.is_finite()) {
            let (count, sum) = group.curve.entry(*step).or_default();
            *count += 1;
            *sum += validation;
        }
    }

    fn news(&self, store: &Store, stored: &Stored, current: Vec<Watched>) -> News {
        let reporting =
            self.arms.values().any(|arm| !arm.report.is_empty()) || current.iter().any(|trial| !trial.tuning);
        let arms = stored.workloads.iter().flat_map(|workload| {
            let sign = if workload.higher_is_better { 1.0 } else { -1.0 };
            stored.plan.arms().map(move |(optimizer, schedule)| {
                let key = [&workload.name, optimizer, schedule].map(String::from);
                self.arms.get(&key).unwrap_or(&Arm::NONE).news(key, sign)
            })
        });
        News {
            finished: stored.finished,
            running: store.is_claimed(stored.id),
            phase: if reporting { "report" } else { "tuning" },
            ended: store.ended(stored.id).unwrap_or(0),
            trials: stored.plan.trials(),
            seconds: stored.seconds,
            arms: arms.collect(),
            current: current.into_iter().map(Current::from).collect(),
        }
    }
}

impl Arm {
    const NONE: Self = Self { tuning: Vec::new(), report: Vec::new() };

    fn news(&self, [workload, optimizer, schedule]: [String; 3], sign: f64) -> ArmNews {
        let score = |group: &Group| sign * group.mean().unwrap_or(-sign * f64::INFINITY);
        let best = |groups: &[Group]| groups.iter().max_by(|a, b| score(a).total_cmp(&score(b))).cloned();
        let best = best(&self.report).or_else(|| best(&self.tuning));
        let report = self.report.iter();
        ArmNews {
            workload,
            optimizer,
            schedule,
            tried: self.tuning.len(),
            runs: report.clone().map(|group| group.trials).sum(),
            failed: report.map(|group| group.failed).sum(),
            lr: best.as_ref().map(|group| group.lr),
            validation: best.as_ref().and_then(Group::mean),
            curve: best.map_or_else(Vec::new, |group| group.means()),
        }
    }
}

impl Group {
    /// Of those that did not fail.
    fn mean(&self) -> Option<f64> {
        let good = self.trials - self.failed;
        (good > 0).then(|| self.validation / good as f64)
    }

    fn means(&self) -> Vec<(u64, f64)> {
        self.curve.iter().map(|(step, (count, sum))| (*step, sum / *count as f64)).collect()
    }
}

impl From<Watched> for Current {
    fn from(trial: Watched) -> Self {
        let Watched { workload, optimizer, schedule, tuning, lr, seed, mut curve, .. } = trial;
        curve.retain(|point| point.1.is_finite());
        Self { workload, optimizer, schedule, tuning, lr, seed, curve }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(id: i64, tuning: bool, lr: f64, validation: Option<f64>) -> Watched {
        let names = ["iris-softmax", "sgd", "constant"].map(String::from);
        let [workload, optimizer, schedule] = names;
        let end = Some(if validation.is_some() { End::Finished } else { End::Diverged });
        let curve = vec![(0, 0.3), (10, validation.unwrap_or(f64::NAN))];
        Watched { id, tuning, workload, optimizer, schedule, lr, seed: 1, end, validation, curve }
    }

    #[test]
    fn the_best_learning_rate_so_far_is_shown_until_there_are_reported_runs() {
        let mut live = Live::new();
        let news = |live: &Live| {
            let (key, arm) = live.arms.first_key_value().unwrap();
            arm.news(key.clone(), 1.0)
        };
        for (id, lr, validation) in
            [(1, 0.1, Some(0.5)), (2, 0.1, Some(0.7)), (3, 1.0, None), (4, 0.3, Some(0.9))]
        {
            let trial = trial(id, true, lr, validation);
            live.count(&trial, trial.end.unwrap());
        }
        let tuned = news(&live);
        assert_eq!((tuned.tried, tuned.lr, tuned.validation, tuned.runs), (3, Some(0.3), Some(0.9), 0));
        for (id, validation) in [(5, 0.8), (6, 0.6)] {
            let trial = trial(id, false, 0.3, Some(validation));
            live.count(&trial, trial.end.unwrap());
        }
        let reported = news(&live);
        assert_eq!((reported.runs, reported.failed, reported.validation), (2, 0, Some(0.7)));
        assert_eq!(reported.curve, [(0, 0.3), (10, 0.7)]);
    }
}
