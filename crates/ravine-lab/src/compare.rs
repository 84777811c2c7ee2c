//! Running a comparison, and reading it back from the store.

use crate::comparison::{Arm, Comparison, Run, Tuning, TuningRun, WorkloadResult};
use crate::error::{Kind, Result};
use crate::plan::Plan;
use crate::search::{self, Score, Search};
use crate::store::{Key, Store, Stored, StoredTrial};
use crate::trial::{self, Settings};
use crate::workload::Workload;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// How far a learning rate may fall behind the best one in tuning and still count as one that works: this share of the
/// best metric.
const WORKS_WITHIN: f64 = 0.01;

/// What the one who watches a comparison is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A phase begins that has this many trials at most.
    Phase {
        /// `tuning` or `report`.
        name: &'static str,
        /// Its trials.
        trials: u64,
    },
    /// This many trials are done or not needed.
    Done(u64),
}

/// How a comparison is run; none of this changes a result.
pub struct Execution<'a> {
    /// Trials side by side.
    pub jobs: usize,
    /// Set from outside to stop: trials under way are given up, finished ones are kept.
    pub stop: &'a AtomicBool,
    /// Told of the progress, from any thread.
    pub watch: &'a (dyn Fn(Event) + Sync),
}

/// Begins a comparison in the store, or takes up the unfinished one of the same plan if `resume` says so.
///
/// # Errors
/// The store cannot be written; there is nothing to resume.
pub fn begin(
    store: &Store,
    plan: &Plan,
    workloads: &[Box<dyn Workload>],
    command: &str,
    jobs: usize,
    resume: bool,
) -> Result<i64> {
    let hash = plan.hash(workloads);
    if resume {
        let found = store.comparisons()?.into_iter().rev().find(|stored| stored.plan_hash == hash);
        let Some(stored) = found else {
            return Err(Kind::NothingToResume { path: store.path().into() }.into());
        };
        store.drop_unfinished(stored.id)?;
        return Ok(stored.id);
    }
    let described: Vec<WorkloadResult> =
        workloads.iter().map(|workload| describe(plan, &**workload)).collect();
    store.begin(plan, &hash, &described, command, &machine(), jobs)
}

/// What a report says of a workload before anything was run.
fn describe(plan: &Plan, workload: &dyn Workload) -> WorkloadResult {
    let info = workload.info();
    WorkloadResult {
        name: info.name.into(),
        title: info.title.into(),
        metric: info.metric.into(),
        higher_is_better: info.higher_is_better,
        target: info.target,
        target_reason: info.target_reason.into(),
        split: info.split,
        data_sha256: info.data_sha256.clone(),
        batch: info.batch,
        steps: plan.steps(workload),
        parameters: info.parameters,
        arms: Vec::new(),
    }
}

/// Runs what is not yet run of a comparison.
///
/// # Errors
/// An interruption, after which it can be taken up again; the store cannot be written.
pub fn run(
    store: &Store,
    comparison: i64,
    plan: &Plan,
    workloads: &[Box<dyn Workload>],
    execution: &Execution<'_>,
) -> Result<()> {
    let start = Instant::now();
    let result = run_phases(store, comparison, plan, workloads, execution);
    store.add_seconds(comparison, start.elapsed().as_secs_f64(), result.is_ok())?;
    result
}

fn run_phases(
    store: &Store,
    comparison: i64,
    plan: &Plan,
    workloads: &[Box<dyn Workload>],
    execution: &Execution<'_>,
) -> Result<()> {
    let arms: Vec<(&dyn Workload, &str, &str)> = workloads
        .iter()
        .flat_map(|workload| plan.arms().map(move |(optimizer, schedule)| (&**workload, optimizer, schedule)))
        .collect();
    let runner = |workload, optimizer, schedule| Runner {
        store,
        comparison,
        plan,
        execution,
        workload,
        optimizer,
        schedule,
    };
    let watch = execution.watch;

    watch(Event::Phase { name: "tuning", trials: (arms.len() * plan.budget * plan.tuning_seeds) as u64 });
    let lrs = parallel(execution, &arms, |&(workload, optimizer, schedule)| {
        runner(workload, optimizer, schedule).tune()
    })?;

    let runs: Vec<_> = arms
        .iter()
        .zip(lrs)
        .filter_map(|(arm, lr)| Some((*arm, lr?)))
        .flat_map(|(arm, lr)| plan.report_seeds().into_iter().map(move |seed| (arm, lr, seed)))
        .collect();
    watch(Event::Phase { name: "report", trials: runs.len() as u64 });
    parallel(execution, &runs, |&((workload, optimizer, schedule), lr, seed)| {
        runner(workload, optimizer, schedule).trial(lr, seed, false)?;
        watch(Event::Done(1));
        Ok(())
    })?;
    Ok(())
}

/// Trials of one arm.
struct Runner<'a> {
    store: &'a Store,
    comparison: i64,
    plan: &'a Plan,
    execution: &'a Execution<'a>,
    workload: &'a dyn Workload,
    optimizer: &'a str,
    schedule: &'a str,
}

impl Runner<'_> {
    /// The best learning rate within the budget; `None` if all failed.
    fn tune(&self) -> Result<Option<f64>> {
        let mut search = Search::default();
        let seeds = self.plan.tuning_seeds();
        for trial in 0..self.plan.budget {
            let Some(lr) = search.next() else {
                // The grid has no better value left.
                (self.execution.watch)(Event::Done(((self.plan.budget - trial) * seeds.len()) as u64));
                break;
            };
            let mut trials = Vec::new();
            for &seed in &seeds {
                trials.push(self.trial(lr, seed, true)?);
                (self.execution.watch)(Event::Done(1));
            }
            search.tell(score(&trials, self.workload.info().higher_is_better));
        }
        Ok(search.best())
    }

    /// Runs a trial, unless the store has it.
    fn trial(&self, lr: f64, seed: u64, tuning: bool) -> Result<StoredTrial> {
        let key = Key {
            comparison: self.comparison,
            tuning,
            workload: self.workload.info().name,
            optimizer: self.optimizer,
            schedule: self.schedule,
            lr,
            seed,
        };
        if let Some(trial) = self.store.trial(key)? {
            return Ok(trial);
        }
        let id = self.store.begin_trial(key)?;
        let settings = Settings {
            optimizer: self.optimizer.into(),
            schedule: self.schedule.into(),
            lr,
            seed,
            order: self.plan.order(),
            steps: self.plan.steps(self.workload),
            tuning,
        };
        let record = |point: &_| self.store.record(id, point);
        let done = trial::run(self.workload, &settings, self.execution.stop, record)?;
        self.store.end_trial(id, &done)?;
        Ok(StoredTrial { id, lr, seed, done })
    }
}

/// How good a learning rate is: the mean over its seeds, or a failure if one of them failed.
fn score(trials: &[StoredTrial], higher_is_better: bool) -> Score {
    let count = trials.len() as f64;
    let mean = |part: fn(&StoredTrial) -> Option<f64>| {
        let values: Option<Vec<f64>> = trials.iter().map(part).collect();
        values.map(|values| values.iter().sum::<f64>() / count).filter(|mean| mean.is_finite())
    };
    let finished = |trial: &StoredTrial| trial.done.end == crate::comparison::End::Finished;
    let metric = mean(|trial| trial.done.validation.map(|validation| validation.metric));
    let loss = mean(|trial| trial.done.validation.map(|validation| validation.loss));
    match (metric, loss) {
        (Some(metric), Some(loss)) if trials.iter().all(finished) => {
            Score { metric: if higher_is_better { metric } else { -metric }, loss }
        }
        _ => Score::FAILED,
    }
}

/// Works through `items` on as many threads as there are jobs, each with a compute pool of its own of one thread. The
/// results come in the order of the items. After an error no new item is begun.
fn parallel<T: Sync, R: Send>(
    execution: &Execution<'_>,
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<R>>>> = Mutex::new(items.iter().map(|_| None).collect());
    let failed = AtomicBool::new(false);
    let worker = || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            let result = match &pool {
                Ok(pool) => pool.install(|| work(item)),
                // Without a pool of its own the results are the same, only the clock is not.
                Err(_) => work(item),
            };
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            results.lock().unwrap_or_else(|poisoned| poisoned.into_inner())[index] = Some(result);
        }
    };
    std::thread::scope(|scope| (0..execution.jobs.max(1)).for_each(|_| drop(scope.spawn(worker))));
    let results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    // Results after an error may be missing; the error comes first.
    let (done, errors): (Vec<_>, Vec<_>) = results.into_iter().flatten().partition(Result::is_ok);
    match errors.into_iter().next() {
        Some(error) => Err(error.err().expect("partitioned by being an error")),
        None => done.into_iter().collect(),
    }
}

/// Reads a comparison from the store.
///
/// # Errors
/// The store cannot be read.
pub fn load(store: &Store, stored: &Stored) -> Result<Comparison> {
    let plan = &stored.plan;
    let with_arms = |workload: &WorkloadResult| -> Result<WorkloadResult> {
        let arms = plan.arms().map(|(optimizer, schedule)| {
            arm(store, stored.id, &workload.name, workload.higher_is_better, optimizer, schedule)
        });
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
    workload: &str,
    higher_is_better: bool,
    optimizer: &str,
    schedule: &str,
) -> Result<Arm> {
    let tuning = store.trials(comparison, true, workload, optimizer, schedule)?;
    let runs = store.trials(comparison, false, workload, optimizer, schedule)?;
    // The scores, by rising learning rate.
    let mut scores: Vec<(f64, Score)> = Vec::new();
    for trials in tuning.chunk_by(|a, b| a.lr == b.lr) {
        scores.push((trials[0].lr, score(trials, higher_is_better)));
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let lr = runs.first().map_or(f64::NAN, |run| run.lr);
    let best = scores.iter().position(|(tried, _)| *tried == lr);
    let works = |best: usize| {
        let top = scores[best].1.metric;
        let good = |i: &usize| scores[*i].1.metric >= top - WORKS_WITHIN * top.abs();
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

/// Processor, cores and system, in a line.
fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map(|(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (model, system) = (model.unwrap_or("unknown processor"), std::env::consts::OS);
    format!("{model} ({}), {cores} cores, {system}", std::env::consts::ARCH)
}
