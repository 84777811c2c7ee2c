//! Running a comparison. [`results`](crate::results) reads it back.

use crate::comparison::{Point, WorkloadResult};
use crate::error::{Kind, Result};
use crate::plan::Plan;
use crate::results::score;
use crate::search::Search;
use crate::store::{Key, Store, StoredTrial};
use crate::trial::{self, Done, Settings};
use crate::workload::Workload;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// What the one who watches a comparison is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// It begins, and has this many trials at most.
    Begin(u64),
    /// A phase begins: `tuning` or `report`.
    Phase(&'static str),
    /// A trial is done.
    Done,
    /// This many trials need not be run: the store has them, or nothing would come of them.
    Spared(u64),
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

/// Trains a trial of the workload of this number, hands every evaluation to the function as it is made, and gives what came of
/// it. It is called from several threads.
pub type Train<'a> =
    dyn Fn(usize, &Settings, &mut dyn FnMut(&Point) -> Result<()>) -> Result<Done> + Sync + 'a;

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
        name: info.name.clone(),
        title: info.title.clone(),
        metric: info.metric.into(),
        higher_is_better: info.higher_is_better,
        target: info.target,
        target_reason: info.target_reason.clone(),
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
/// An interruption, after which it can be taken up again; the store cannot be written; another process runs it.
pub fn run(
    store: &Store,
    comparison: i64,
    plan: &Plan,
    workloads: &[Box<dyn Workload>],
    execution: &Execution<'_>,
) -> Result<()> {
    let described: Vec<WorkloadResult> =
        workloads.iter().map(|workload| describe(plan, &**workload)).collect();
    run_outside(store, comparison, plan, &described, execution, &|workload, settings, record| {
        trial::run(&*workloads[workload], settings, execution.stop, record)
    })
}

/// The same where trials are trained by a function, such as one of another language. Workloads are known by what
/// [`Store::begin`] was told of them.
///
/// # Errors
/// As [`run`], and those of the function.
pub fn run_outside(
    store: &Store,
    comparison: i64,
    plan: &Plan,
    workloads: &[WorkloadResult],
    execution: &Execution<'_>,
    train: &Train<'_>,
) -> Result<()> {
    let _claim = store.claim(comparison)?;
    store.drop_unfinished(comparison)?;
    let (before, start) = (store.seconds(comparison)?, Instant::now());
    let seconds = || before + start.elapsed().as_secs_f64();
    let arms: Vec<(usize, &str, &str)> = (0..workloads.len())
        .flat_map(|workload| plan.arms().map(move |(optimizer, schedule)| (workload, optimizer, schedule)))
        .collect();
    let runner = |number: usize, optimizer, schedule| Runner {
        store,
        comparison,
        plan,
        execution,
        train,
        seconds: &seconds,
        number,
        workload: &workloads[number],
        optimizer,
        schedule,
    };
    let watch = execution.watch;

    watch(Event::Begin(plan.trials()));
    watch(Event::Phase("tuning"));
    // Jobs that find no arm of their own take part in another's seeds.
    let side_by_side = (execution.jobs / arms.len().max(1)).max(1);
    let lrs = parallel(execution.jobs, &arms, |&(workload, optimizer, schedule)| {
        runner(workload, optimizer, schedule).tune(side_by_side)
    })?;
    let without = lrs.iter().filter(|lr| lr.is_none()).count();
    watch(Event::Spared((without * plan.seeds) as u64));

    watch(Event::Phase("report"));
    let runs: Vec<_> = arms
        .iter()
        .zip(lrs)
        .filter_map(|(arm, lr)| Some((*arm, lr?)))
        .flat_map(|(arm, lr)| plan.report_seeds().into_iter().map(move |seed| (arm, lr, seed)))
        .collect();
    parallel(execution.jobs, &runs, |&((workload, optimizer, schedule), lr, seed)| {
        runner(workload, optimizer, schedule).trial(lr, seed, false)
    })?;
    store.finish(comparison)
}

/// Trials of one arm.
struct Runner<'a> {
    store: &'a Store,
    comparison: i64,
    plan: &'a Plan,
    execution: &'a Execution<'a>,
    train: &'a Train<'a>,
    /// How long the comparison has been running, all sessions together.
    seconds: &'a (dyn Fn() -> f64 + Sync),
    number: usize,
    workload: &'a WorkloadResult,
    optimizer: &'a str,
    schedule: &'a str,
}

impl Runner<'_> {
    /// The best learning rate within the budget; `None` if all failed. Seeds run `side_by_side`.
    fn tune(&self, side_by_side: usize) -> Result<Option<f64>> {
        let mut search = Search::default();
        let seeds = self.plan.tuning_seeds();
        for trial in 0..self.plan.budget {
            let Some(lr) = search.next() else {
                // The grid has no better value left.
                (self.execution.watch)(Event::Spared(((self.plan.budget - trial) * seeds.len()) as u64));
                break;
            };
            let one = |seed: &u64| self.trial(lr, *seed, true);
            let trials: Vec<StoredTrial> = match side_by_side {
                1 => seeds.iter().map(one).collect::<Result<_>>()?,
                jobs => parallel(jobs, &seeds, one)?,
            };
            search.tell(score(&trials, self.workload.higher_is_better));
        }
        Ok(search.best())
    }

    /// Runs a trial, unless the store has it.
    fn trial(&self, lr: f64, seed: u64, tuning: bool) -> Result<StoredTrial> {
        let key = Key {
            comparison: self.comparison,
            tuning,
            workload: &self.workload.name,
            optimizer: self.optimizer,
            schedule: self.schedule,
            lr,
            seed,
        };
        if let Some(trial) = self.store.trial(key)? {
            (self.execution.watch)(Event::Spared(1));
            return Ok(trial);
        }
        let id = self.store.begin_trial(key)?;
        let settings = Settings {
            optimizer: self.optimizer.into(),
            schedule: self.schedule.into(),
            lr,
            seed,
            order: self.plan.order(),
            steps: self.workload.steps,
            tuning,
        };
        let done = (self.train)(self.number, &settings, &mut |point| self.store.record(id, point))?;
        self.store.end_trial(id, &done, (self.seconds)())?;
        (self.execution.watch)(Event::Done);
        Ok(StoredTrial { id, lr, seed, done })
    }
}

/// Works through `items` on as many threads as there are jobs, each with a compute pool of its own of one thread. The
/// results come in the order of the items. After an error no new item is begun.
fn parallel<T: Sync, R: Send>(
    jobs: usize,
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
    let threads = jobs.clamp(1, items.len().max(1));
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(worker))));
    let results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    // Results after an error may be missing; the error comes first.
    let (done, errors): (Vec<_>, Vec<_>) = results.into_iter().flatten().partition(Result::is_ok);
    match errors.into_iter().next() {
        Some(error) => Err(error.err().expect("partitioned by being an error")),
        None => done.into_iter().collect(),
    }
}

/// Processor, cores and system, in a line.
pub fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map(|(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (model, system) = (model.unwrap_or("unknown processor"), std::env::consts::OS);
    format!("{model} ({}), {cores} cores, {system}", std::env::consts::ARCH)
}
