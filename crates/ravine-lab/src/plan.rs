//! The plan of a comparison: what is to be run, fixed before the first trial.

use crate::data::Order;
use crate::error::{Kind, Result};
use crate::workload::Workload;
use crate::{data, workloads};
use ravine::{rules, schedules};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The first seed of tuning runs.
const TUNING_SEED: u64 = 1;
/// The first seed of reported runs, far from those of tuning.
const REPORT_SEED: u64 = 1001;

/// What to compare, and with which budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Names of workloads.
    pub workloads: Vec<String>,
    /// Specs of optimizers, without a learning rate: the search finds it.
    pub optimizers: Vec<String>,
    /// Specs of schedules.
    pub schedules: Vec<String>,
    /// Learning rates tried for each arm.
    pub budget: usize,
    /// Seeds of each tuning trial.
    pub tuning_seeds: usize,
    /// Seeds of each reported arm.
    pub seeds: usize,
    /// Epochs of a run, where they are not the workload's own.
    pub epochs: Option<u64>,
    /// Whether batches keep one order in all epochs.
    pub fixed_order: bool,
}

impl Default for Plan {
    /// The five optimizers of the textbooks with three schedules on the digits.
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Self {
            workloads: list(&["digits-mlp"]),
            optimizers: list(&["sgd", "momentum", "adagrad", "rmsprop", "adam"]),
            schedules: list(&["constant", "cosine", "step"]),
            budget: 9,
            tuning_seeds: 5,
            seeds: 50,
            epochs: None,
            fixed_order: false,
        }
    }
}

impl Plan {
    /// Takes the learning rates out of the optimizers, since the search finds them, and gives the specs that had one.
    ///
    /// # Errors
    /// A spec that is not valid.
    pub fn take_lrs(&mut self) -> Result<Vec<String>> {
        let mut had = Vec::new();
        for optimizer in &mut self.optimizers {
            rules::parse(optimizer)?;
            if let Some(without) = without_lr(optimizer) {
                had.push(std::mem::replace(optimizer, without));
            }
        }
        Ok(had)
    }

    /// Checks every name and number, and loads the workloads.
    ///
    /// # Errors
    /// The first thing that is unknown, out of range, given twice, or missing on this machine.
    pub fn check(&self, data: Option<&Path>) -> Result<Vec<Box<dyn Workload>>> {
        self.check_numbers()?;
        let rule = |spec: &String| {
            let mut rule = rules::parse(spec)?;
            rule.set("lr", 0.0)?;
            Ok(rules::spec(&*rule))
        };
        differ("optimizer", &self.optimizers, rule)?;
        self.check_schedules()?;
        let loaded: Vec<_> =
            self.workloads.iter().map(|name| workloads::load(name, data)).collect::<Result<_>>()?;
        let meant: Vec<String> = loaded.iter().map(|workload| workload.info().name.clone()).collect();
        if let Some(i) = (0..meant.len()).find(|&i| meant[..i].contains(&meant[i])) {
            return Err(Kind::Twice { what: "workload", name: meant[i].clone() }.into());
        }
        loaded.iter().try_for_each(|workload| self.check_lengths(self.steps(&**workload)))?;
        Ok(loaded)
    }

    /// Checks the plan of a comparison whose runs of `steps` steps are trained outside: names of workloads and optimizers may
    /// mean anything.
    ///
    /// # Errors
    /// The first thing that is out of range, missing, given twice, or no schedule.
    pub fn check_outside(&self, steps: u64) -> Result<()> {
        self.check_numbers()?;
        self.check_schedules()?;
        self.check_lengths(steps)
    }

    fn check_numbers(&self) -> Result<()> {
        for (what, list) in
            [("workload", &self.workloads), ("optimizer", &self.optimizers), ("schedule", &self.schedules)]
        {
            if list.is_empty() {
                return Err(Kind::EmptyPlan { what }.into());
            }
            if let Some(twice) = list.iter().enumerate().find(|(i, name)| list[..*i].contains(name)) {
                return Err(Kind::Twice { what, name: twice.1.clone() }.into());
            }
        }
        for (option, value, range) in [
            ("budget", self.budget as u64, 1..=1000),
            ("tuning seeds", self.tuning_seeds as u64, 1..=REPORT_SEED - TUNING_SEED),
            ("seeds", self.seeds as u64, 1..=100_000),
            ("epochs", self.epochs.unwrap_or(1), 1..=1_000_000),
        ] {
            if !range.contains(&value) {
                let expected = format!("between {} and {}", range.start(), range.end());
                return Err(Kind::BadOption { option, expected, got: value.to_string() }.into());
            }
        }
        Ok(())
    }

    fn check_schedules(&self) -> Result<()> {
        // A length that nobody writes, so that none given in steps looks like one that follows from the run.
        differ("schedule", &self.schedules, |spec| Ok(schedules::parse(spec, 1_000_003)?.spec()))
    }

    /// Checks the schedules for runs of `steps` steps.
    fn check_lengths(&self, steps: u64) -> Result<()> {
        for schedule in &self.schedules {
            schedules::parse(schedule, steps)?;
        }
        Ok(())
    }

    /// The seeds of tuning runs.
    pub fn tuning_seeds(&self) -> Vec<u64> {
        (TUNING_SEED..).take(self.tuning_seeds).collect()
    }

    /// The seeds of reported runs.
    pub fn report_seeds(&self) -> Vec<u64> {
        (REPORT_SEED..).take(self.seeds).collect()
    }

    /// The order of batches.
    pub fn order(&self) -> Order {
        if self.fixed_order { Order::Fixed } else { Order::Reshuffled }
    }

    /// Optimizer steps of a run on a workload.
    pub fn steps(&self, workload: &dyn Workload) -> u64 {
        let info = workload.info();
        self.epochs.unwrap_or(info.epochs) * info.steps_per_epoch()
    }

    /// All arms of a workload: each optimizer with each schedule.
    pub fn arms(&self) -> impl Iterator<Item = (&str, &str)> {
        self.optimizers.iter().flat_map(|optimizer| {
            self.schedules.iter().map(move |schedule| (optimizer.as_str(), schedule.as_str()))
        })
    }

    /// Trials in all, if every learning rate is tried and no arm fails.
    pub fn trials(&self) -> u64 {
        (self.workloads.len() * self.arms().count() * (self.budget * self.tuning_seeds + self.seeds)) as u64
    }

    /// A hash of the plan and of the data it runs on, in hexadecimal: two comparisons of one hash ran the same trials.
    pub fn hash(&self, workloads: &[Box<dyn Workload>]) -> String {
        self.hash_with(workloads.iter().map(|workload| workload.info().data_sha256.as_str()))
    }

    /// The same where the workloads are known by texts that tell them apart.
    pub fn hash_with<'a>(&self, workloads: impl IntoIterator<Item = &'a str>) -> String {
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        hash.update(serde_json::to_vec(self).expect("plain data has a JSON form"));
        workloads.into_iter().for_each(|workload| hash.update(workload));
        data::hex(&hash.finalize()[..8])
    }
}

/// An optimizer's spec less its learning rate, if it has one.
pub(crate) fn without_lr(spec: &str) -> Option<String> {
    let is_lr = |pair: &&str| pair.split_once('=').is_some_and(|(key, _)| key.trim() == "lr");
    let (own, wrappers) = rules::split(spec);
    let (name, keys) = own.split_once(':')?;
    let (lrs, kept): (Vec<&str>, Vec<&str>) = keys.split(',').partition(is_lr);
    match (lrs.is_empty(), kept.is_empty()) {
        (true, _) => None,
        (false, true) => Some(format!("{name}{wrappers}")),
        (false, false) => Some(format!("{name}:{}{wrappers}", kept.join(","))),
    }
}

/// Checks that no two specs mean the same, written out in full by `meaning`.
fn differ(what: &'static str, specs: &[String], meaning: impl Fn(&String) -> Result<String>) -> Result<()> {
    let meanings: Vec<String> = specs.iter().map(meaning).collect::<Result<_>>()?;
    for (i, meaning) in meanings.iter().enumerate() {
        if let Some(first) = meanings[..i].iter().position(|other| other == meaning) {
            let (first, second) = (specs[first].clone(), specs[i].clone());
            return Err(Kind::Same { what, first, second }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_is_the_rules_own() {
        for (spec, expected) in [
            ("adam", None),
            ("adam + sgd:lr=3", None),
            ("adam:lr=0.1", Some("adam")),
            ("adam:lr=0.1 + ema:0.9", Some("adam + ema:0.9")),
            (
                "adam:eps=1,lr=1e+0 + ema:decay=0.9,warmup=true",
                Some("adam:eps=1 + ema:decay=0.9,warmup=true"),
            ),
        ] {
            assert_eq!(without_lr(spec).as_deref(), expected, "{spec}");
        }
    }
}
