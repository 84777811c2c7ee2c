//! Reading a comparison back from the store.

use crate::comparison::{Arm, Comparison, End, Run, Tuning, TuningRun, WorkloadResult};
use crate::error::Result;
use crate::search::{self, Score};
use crate::store::{Store, Stored, StoredTrial};

/// How far a learning rate may fall behind the best one in tuning and still count as one that works: this share of the
/// best metric or of the target, whichever is more.
const WORKS_WITHIN: f64 = 0.01;

/// Reads a comparison from the store.
///
/// # Errors
/// The store cannot be read.
pub fn load(store: &Store, stored: &Stored) -> Result<Comparison> {
    let plan = &stored.plan;
    let with_arms = |workload: &WorkloadResult| -> Result<WorkloadResult> {
        let arms =
            plan.arms().map(|(optimizer, schedule)| arm(store, stored.id, workload, optimizer, schedule));
        Ok(WorkloadResult { arms: arms.collect::<Result<_>>()?, ..workload.clone() })
    };
    Ok(Comparison {
        command: stored.command.clone(),
        version: stored.version.clone(),
        plan_hash: stored.plan_hash.clone(),
        started: stored.started.clone(),
        machine: stored.machine.clone(),
        jobs: stored.jobs,
        seconds: stored.seconds,
        tuning: Tuning {
            trials: plan.budget,
            seeds: plan.tuning_seeds(),
            search: search::DESCRIPTION.into(),
        },
        seeds: plan.report_seeds(),
        fixed_order: plan.fixed_order,
        workloads: stored.workloads.iter().map(with_arms).collect::<Result<_>>()?,
    })
}

fn arm(
    store: &Store,
    comparison: i64,
    workload: &WorkloadResult,
    optimizer: &str,
    schedule: &str,
) -> Result<Arm> {
    let mut tuning = store.trials(comparison, true, &workload.name, optimizer, schedule)?;
    let mut runs = store.trials(comparison, false, &workload.name, optimizer, schedule)?;
    // Side by side, the seeds of a learning rate begin in any order.
    tuning.chunk_by_mut(|a, b| a.lr == b.lr).for_each(|trials| trials.sort_by_key(|trial| trial.seed));
    runs.sort_by_key(|run| run.seed);
    // The scores, by rising learning rate.
    let mut scores: Vec<(f64, Score)> = Vec::new();
    for trials in tuning.chunk_by(|a, b| a.lr == b.lr) {
        scores.push((trials[0].lr, score(trials, workload.higher_is_better)));
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let lr = runs.first().map_or(f64::NAN, |run| run.lr);
    let best = scores.iter().position(|(tried, _)| *tried == lr);
    let works = |best: usize| {
        let top = scores[best].1.metric;
        let slack = WORKS_WITHIN * top.abs().max(workload.target.abs());
        let good = |i: &usize| scores[*i].1.metric >= top - slack;
        let low = (0..=best).rev().take_while(good).last().unwrap_or(best);
        let high = (best..scores.len()).take_while(good).last().unwrap_or(best);
        [scores[low].0, scores[high].0]
    };
    Ok(Arm {
        optimizer: optimizer.into(),
        schedule: schedule.into(),
        tuning: tuning.iter().map(tuning_run).collect(),
        lr,
        lr_works: best.map_or([lr, lr], works),
        lr_on_boundary: best.is_some_and(|best| best == 0 || best + 1 == scores.len()),
        runs: runs.into_iter().map(|trial| report_run(store, trial)).collect::<Result<_>>()?,
    })
}

fn tuning_run(trial: &StoredTrial) -> TuningRun {
    TuningRun {
        lr: trial.lr,
        seed: trial.seed,
        end: trial.done.end,
        validation: trial.done.validation.map(|validation| validation.metric),
        loss: trial.done.validation.map(|validation| validation.loss),
        steps: trial.done.steps,
        seconds: trial.done.seconds,
    }
}

fn report_run(store: &Store, trial: StoredTrial) -> Result<Run> {
    Ok(Run {
        trial: trial.id,
        seed: trial.seed,
        end: trial.done.end,
        validation: trial.done.validation.map(|validation| validation.metric),
        test: trial.done.test.map(|test| test.metric),
        test_loss: trial.done.test.map(|test| test.loss),
        steps_to_target: trial.done.target.map(|(steps, _)| steps),
        seconds_to_target: trial.done.target.map(|(_, seconds)| seconds),
        seconds: trial.done.seconds,
        curve: store.points(trial.id)?,
    })
}

/// How good a learning rate is: the mean over its seeds, or a failure if one of them failed.
pub(crate) fn score(trials: &[StoredTrial], higher_is_better: bool) -> Score {
    let count = trials.len() as f64;
    let mean = |part: fn(&StoredTrial) -> Option<f64>| {
        let values: Option<Vec<f64>> = trials.iter().map(part).collect();
        values.map(|values| values.iter().sum::<f64>() / count).filter(|mean| mean.is_finite())
    };
    let finished = |trial: &StoredTrial| trial.done.end == End::Finished;
    let metric = mean(|trial| trial.done.validation.map(|validation| validation.metric));
    let loss = mean(|trial| trial.done.validation.map(|validation| validation.loss));
    match (metric, loss) {
        (Some(metric), Some(loss)) if trials.iter().all(finished) => {
            Score { metric: if higher_is_better { metric } else { -metric }, loss }
        }
        _ => Score::FAILED,
    }
}
