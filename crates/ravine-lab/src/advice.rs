//! Advice on a workload: optimizer, learning rate, schedule, batch size, clipping, initialisation.
//!
//! Each sentence rests on runs in the store, which it names, or is marked as prior knowledge with its source. Where the runs
//! do not tell, that is what it says.

mod prior;
mod runs;

use crate::comparison::WorkloadResult;
use crate::configuration;
use crate::criteria::{Criterion, criteria};
use crate::error::Result;
use crate::results;
use crate::store::Store;
use crate::verdict::verdict;
use crate::workloads::Field;
use ravine::rules;
use serde::Serialize;

/// What a sentence is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Which optimizer.
    Optimizer,
    /// Which learning rate.
    LearningRate,
    /// Which schedule.
    Schedule,
    /// When to stop.
    Length,
    /// How many examples in a batch.
    Batch,
    /// Whether and where to clip the gradient.
    Clipping,
    /// How the weights start.
    Initialisation,
}

impl Subject {
    /// All, in the order they are given.
    pub const ALL: [Self; 7] = [
        Self::Optimizer,
        Self::LearningRate,
        Self::Schedule,
        Self::Length,
        Self::Batch,
        Self::Clipping,
        Self::Initialisation,
    ];

    /// Its name, for a heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Optimizer => "optimizer",
            Self::LearningRate => "learning rate",
            Self::Schedule => "schedule",
            Self::Length => "length",
            Self::Batch => "batch size",
            Self::Clipping => "clipping",
            Self::Initialisation => "initialisation",
        }
    }
}

/// What a sentence rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum Basis {
    /// Trials in the run store, by their ids, rising.
    Runs {
        /// The ids.
        trials: Vec<i64>,
    },
    /// What others found, elsewhere: not measured on this workload.
    Prior {
        /// Where they say so.
        source: &'static str,
    },
}

/// A piece of advice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sentence {
    /// What it is about.
    pub subject: Subject,
    /// The advice in plain English.
    pub text: String,
    /// What it rests on.
    #[serde(flatten)]
    pub basis: Basis,
}

/// The recommended arm as code to copy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Configuration {
    /// For a shell.
    pub command_line: String,
    /// Rust.
    pub rust: String,
    /// Python with PyTorch.
    pub pytorch: String,
}

/// Everything that can be advised on a workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// The workload's spec.
    pub workload: String,
    /// The advice, by subject.
    pub sentences: Vec<Sentence>,
    /// The four criteria for the recommended arm; empty without runs.
    pub criteria: Vec<Criterion>,
    /// The recommended arm as code; `None` if no run finished.
    pub configuration: Option<Configuration>,
}

/// What a comparison in the store holds on a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The runs so far.
    pub result: WorkloadResult,
    /// Whether all trials of the comparison are done.
    pub finished: bool,
}

/// What a store holds on the workload of this spec and on variants of it with other options: the newest comparison first,
/// finished ones before others.
///
/// # Errors
/// The store cannot be read.
pub fn evidence(store: &Store, workload: &str) -> Result<Vec<Evidence>> {
    let base = |spec: &str| spec.split(':').next().unwrap_or_default().to_owned();
    let mut comparisons = store.comparisons()?;
    comparisons.sort_by_key(|stored| std::cmp::Reverse((stored.finished, stored.id)));
    let mut found = Vec::new();
    for stored in comparisons {
        if stored.workloads.iter().any(|result| base(&result.name) == base(workload)) {
            let finished = stored.finished;
            let workloads = results::load(store, &stored)?.workloads.into_iter();
            let related = workloads.filter(|result| base(&result.name) == base(workload));
            found.extend(related.map(|result| Evidence { result, finished }));
        }
    }
    Ok(found)
}

impl Evidence {
    /// Whether it holds runs of this very workload. What does so first is what advice rests on.
    pub fn is_of(&self, workload: &str) -> bool {
        has_runs_of(&self.result, workload)
    }
}

fn has_runs_of(result: &WorkloadResult, workload: &str) -> bool {
    result.name == workload && result.arms.iter().any(|arm| !arm.runs.is_empty())
}

/// Advice on `workload`. `evidence` holds what was run on it, the most telling first, and on variants of it that differ in
/// options; `field` is what kind of problem it is. What has not a single run says nothing.
pub fn advise(workload: &str, field: Field, evidence: &[&WorkloadResult]) -> Advice {
    let own = evidence.iter().find(|result| has_runs_of(result, workload));
    let mut sentences = Vec::new();
    let (mut tiles, mut configuration) = (Vec::new(), None);
    if let Some(result) = own {
        let verdict = verdict(result);
        sentences = runs::sentences(result, &verdict, evidence);
        tiles = criteria(result, &verdict);
        configuration = verdict.recommended.map(|arm| {
            let arm = &result.arms[arm];
            Configuration {
                command_line: configuration::command_line(result, arm),
                rust: configuration::rust(result, arm),
                pytorch: configuration::pytorch(result, arm),
            }
        });
    }
    let tried = |name: &str| {
        own.is_some_and(|result| {
            result.arms.iter().any(|arm| rules::split(&arm.optimizer).0.split(':').next() == Some(name))
        })
    };
    let known: Vec<Subject> = sentences.iter().map(|sentence| sentence.subject).collect();
    sentences.extend(prior::sentences(field, &known, tried));
    sentences.sort_by_key(|sentence| sentence.subject as usize);
    Advice { workload: workload.into(), sentences, criteria: tiles, configuration }
}
