//! Comparisons as a whole: their numbers depend on the plan alone, tuning never sees the test split, and an interrupted
//! one goes on as if nothing had been.

use ravine::ParamSpec;
use ravine_lab::compare::{self, Event, Execution};
use ravine_lab::comparison::{Arm, Comparison, End};
use ravine_lab::data::{Order, Split};
use ravine_lab::plan::Plan;
use ravine_lab::results;
use ravine_lab::store::Store;
use ravine_lab::workload::{Evaluation, Info, Session, Workload};
use ravine_lab::workloads;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What was asked of a workload.
#[derive(Default)]
struct Log {
    started: Vec<u64>,
    evaluated: Vec<(u64, Split)>,
}

/// A workload that notes what is asked of it, and raises a flag once a number of evaluations has been made.
struct Spy {
    inner: Box<dyn Workload>,
    log: Arc<Mutex<Log>>,
    stop: Arc<AtomicBool>,
    stop_after: usize,
}

struct SpySession {
    inner: Box<dyn Session>,
    seed: u64,
    log: Arc<Mutex<Log>>,
    stop: Arc<AtomicBool>,
    stop_after: usize,
}

impl Workload for Spy {
    fn info(&self) -> &Info {
        self.inner.info()
    }
    fn start(&self, seed: u64, order: Order) -> Box<dyn Session> {
        self.log.lock().unwrap().started.push(seed);
        let (log, stop) = (self.log.clone(), self.stop.clone());
        Box::new(SpySession {
            inner: self.inner.start(seed, order),
            seed,
            log,
            stop,
            stop_after: self.stop_after,
        })
    }
}

impl Session for SpySession {
    fn params(&self) -> &[ParamSpec] {
        self.inner.params()
    }
    fn buffers(&mut self) -> (&mut [f32], &mut [f32]) {
        self.inner.buffers()
    }
    fn backward(&mut self, step: u64) -> f64 {
        self.inner.backward(step)
    }
    fn evaluate(&mut self, split: Split) -> Evaluation {
        let mut log = self.log.lock().unwrap();
        log.evaluated.push((self.seed, split));
        if log.evaluated.len() >= self.stop_after {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.inner.evaluate(split)
    }
}

/// A plan of a fraction of a second.
fn plan() -> Plan {
    let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    Plan {
        workloads: list(&["iris-softmax"]),
        optimizers: list(&["sgd", "adam"]),
        schedules: list(&["constant", "cosine"]),
        budget: 4,
        tuning_seeds: 2,
        seeds: 3,
        epochs: Some(10),
        fixed_order: false,
    }
}

/// Runs a plan, or goes on with it, until it is done or `stop_after` evaluations were made. Gives what is in the store
/// then, whether it is all, and what was asked of the workloads.
fn session(
    plan: &Plan,
    path: &Path,
    jobs: usize,
    resume: bool,
    stop_after: usize,
) -> (Comparison, bool, Log, Vec<Event>) {
    let (log, stop) = (Arc::new(Mutex::new(Log::default())), Arc::new(AtomicBool::new(false)));
    let spy = |name: &String| -> Box<dyn Workload> {
        let inner = workloads::load(name, None).unwrap();
        Box::new(Spy { inner, log: log.clone(), stop: stop.clone(), stop_after })
    };
    let loaded: Vec<_> = plan.workloads.iter().map(spy).collect();
    let store = Store::open(path).unwrap();
    let id = compare::begin(&store, plan, &loaded, "a test", jobs, resume).unwrap();
    let events = Mutex::new(Vec::new());
    let watch = |event| events.lock().unwrap().push(event);
    let result = compare::run(&store, id, plan, &loaded, &Execution { jobs, stop: &stop, watch: &watch });
    assert!(result.as_ref().err().is_none_or(ravine_lab::Error::is_interruption), "{result:?}");
    let stored = store.comparisons().unwrap().into_iter().find(|stored| stored.id == id).unwrap();
    assert_eq!(stored.finished, result.is_ok());
    let comparison = results::load(&store, &stored).unwrap();
    drop(loaded);
    let log = Arc::into_inner(log).unwrap().into_inner().unwrap();
    (comparison, stored.finished, log, events.into_inner().unwrap())
}

fn straight(plan: &Plan, jobs: usize) -> (Comparison, Log, Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let (comparison, finished, log, events) =
        session(plan, &folder.path().join("runs.sqlite"), jobs, false, usize::MAX);
    assert!(finished);
    (comparison, log, events)
}

fn arms(comparison: &Comparison) -> impl Iterator<Item = &Arm> {
    comparison.workloads.iter().flat_map(|workload| &workload.arms)
}

fn trials(comparison: &Comparison) -> usize {
    arms(comparison).map(|arm| arm.tuning.len() + arm.runs.len()).sum()
}

/// Everything but the clock, the machine's load, and the numbers that the store gives to trials.
fn numbers(comparison: &Comparison) -> serde_json::Value {
    let mut still = comparison.clone();
    (still.seconds, still.jobs, still.started) = (0.0, 0, String::new());
    for arm in still.workloads.iter_mut().flat_map(|workload| &mut workload.arms) {
        arm.tuning.iter_mut().for_each(|run| run.seconds = 0.0);
        for run in &mut arm.runs {
            (run.trial, run.seconds) = (0, 0.0);
            run.seconds_to_target = run.seconds_to_target.map(|_| 0.0);
            run.curve.iter_mut().for_each(|point| point.seconds = 0.0);
        }
    }
    serde_json::to_value(still).unwrap()
}

#[test]
fn the_numbers_do_not_depend_on_the_jobs() {
    // One arm and many: jobs beyond the arms take part in the seeds of tuning.
    let one = Plan { optimizers: vec!["adam".into()], schedules: vec!["cosine".into()], ..plan() };
    let digits =
        Plan { workloads: vec!["digits-mlp".into()], epochs: Some(1), seeds: 2, budget: 3, ..plan() };
    for plan in [plan(), one, digits] {
        let alone = numbers(&straight(&plan, 1).0);
        for jobs in [2, 4, 50] {
            assert_eq!(numbers(&straight(&plan, jobs).0), alone, "{jobs} jobs, {plan:?}");
        }
    }
}

#[test]
fn what_is_interrupted_goes_on_and_nothing_is_run_twice() {
    let (expected, log, _) = straight(&plan(), 1);
    let expected = numbers(&expected);
    let all = log.started.len();
    for (stop_after, jobs) in [(9, 1), (40, 1), (100, 1), (333, 1), (30, 2), (211, 3)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.sqlite");
        let (mut finished_before, mut resume) = (0, false);
        let last = loop {
            // Every session gets a trial done, which takes 21 evaluations or 22.
            let reach = stop_after + 22 * jobs;
            let (comparison, done, log, events) = session(&plan(), &path, jobs, resume, reach);
            let finished = trials(&comparison);
            let given_up = log.started.len() - (finished - finished_before);
            assert!(given_up <= jobs, "{given_up} trials were begun for nothing");
            assert_eq!(
                events.iter().filter(|event| **event == Event::Done).count(),
                finished - finished_before
            );
            assert!(finished > finished_before);
            (finished_before, resume) = (finished, true);
            if done {
                break comparison;
            }
        };
        assert_eq!(trials(&last), all);
        assert_eq!(numbers(&last), expected, "stopped after {stop_after} evaluations, {jobs} jobs");
        // Nothing is left to do: nothing is done.
        let (again, done, log, _) = session(&plan(), &path, jobs, true, usize::MAX);
        assert!(done && log.started.is_empty());
        assert_eq!(numbers(&again), expected);
    }
}

#[test]
fn tuning_has_its_own_seeds_and_never_sees_the_test_split() {
    let (comparison, log, _) = straight(&plan(), 2);
    let tuning: BTreeSet<u64> = comparison.tuning.seeds.iter().copied().collect();
    let report: BTreeSet<u64> = comparison.seeds.iter().copied().collect();
    assert!(tuning.is_disjoint(&report));
    for arm in arms(&comparison) {
        assert!(arm.tuning.iter().all(|run| tuning.contains(&run.seed)));
        assert!(arm.runs.iter().map(|run| run.seed).eq(report.iter().copied()));
    }
    let tested: Vec<u64> =
        log.evaluated.iter().filter(|(_, split)| *split == Split::Test).map(|(seed, _)| *seed).collect();
    assert!(tested.iter().all(|seed| report.contains(seed)));
    let finished = arms(&comparison).flat_map(|arm| &arm.runs).filter(|run| run.end == End::Finished).count();
    assert_eq!(tested.len(), finished, "each reported run is tested once");
    assert!(log.evaluated.iter().all(|(_, split)| *split != Split::Train));

    let most = Plan { tuning_seeds: 1000, seeds: 100_000, ..plan() };
    let tuning: BTreeSet<u64> = most.tuning_seeds().into_iter().collect();
    assert_eq!(tuning.len(), 1000);
    assert!(most.report_seeds().iter().all(|seed| !tuning.contains(seed)));
}

#[test]
fn every_arm_gets_the_same_budget() {
    let (comparison, _, events) = straight(&plan(), 2);
    for arm in arms(&comparison) {
        let lrs: BTreeSet<u64> = arm.tuning.iter().map(|run| run.lr.to_bits()).collect();
        assert_eq!((lrs.len(), arm.tuning.len()), (4, 8), "{} {}", arm.optimizer, arm.schedule);
    }
    assert_eq!(events.first(), Some(&Event::Begin(plan().trials())));
    assert_eq!(trials(&comparison) as u64, plan().trials());
}

#[test]
fn an_arm_that_always_fails_has_no_runs_and_the_rest_goes_on() {
    let plan = Plan { schedules: vec!["constant:scale=1e35".into(), "constant".into()], ..plan() };
    let (comparison, _, events) = straight(&plan, 2);
    for arm in arms(&comparison) {
        let fails = arm.schedule != "constant";
        assert_eq!(arm.runs.is_empty(), fails);
        assert_eq!(arm.lr.is_nan(), fails);
        assert_eq!(arm.tuning.len(), 8, "the budget is spent on it all the same");
        assert!(!fails || (!arm.lr_on_boundary && arm.tuning.iter().all(|run| run.end != End::Finished)));
    }
    let spared: u64 = events.iter().map(|event| if let Event::Spared(n) = event { *n } else { 0 }).sum();
    assert_eq!(spared, 2 * plan.seeds as u64, "the runs that the failed arms do not make");
    // The report and the verdict can be made of it.
    assert!(ravine_lab::report::html(&comparison).contains("</html>"));
    // And where no arm is left.
    let none = Plan { schedules: vec!["constant:scale=1e35".into()], ..plan };
    let (comparison, ..) = straight(&none, 2);
    assert!(arms(&comparison).all(|arm| arm.runs.is_empty()));
    assert!(ravine_lab::report::html(&comparison).contains("</html>"));
}

#[test]
fn the_boundary_and_the_learning_rates_that_work_follow_from_the_tuning_runs() {
    let digits =
        Plan { workloads: vec!["digits-mlp".into()], epochs: Some(1), seeds: 1, budget: 6, ..plan() };
    for plan in [plan(), digits, Plan { budget: 1, ..plan() }, Plan { budget: 3, ..plan() }] {
        let (comparison, ..) = straight(&plan, 2);
        let workload = &comparison.workloads[0];
        for arm in &workload.arms {
            let mut lrs: Vec<f64> = arm.tuning.iter().map(|run| run.lr).collect();
            lrs.sort_by(f64::total_cmp);
            lrs.dedup();
            // The mean of a learning rate, larger is better; none where a run failed.
            let mean = |lr: f64| {
                let runs: Vec<_> = arm.tuning.iter().filter(|run| run.lr == lr).collect();
                let finished = runs.iter().all(|run| run.end == End::Finished);
                let sum: f64 = runs.iter().filter_map(|run| run.validation).sum();
                let sign = if workload.higher_is_better { 1.0 } else { -1.0 };
                finished.then(|| sign * sum / runs.len() as f64)
            };
            let best = lrs.iter().filter_map(|lr| mean(*lr)).fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(mean(arm.lr), Some(best));
            assert_eq!(arm.lr_on_boundary, arm.lr == lrs[0] || arm.lr == lrs[lrs.len() - 1]);
            let at = lrs.iter().position(|lr| *lr == arm.lr).unwrap();
            let slack = 0.01 * best.abs().max(workload.target.abs());
            let works = |lr: &f64| mean(*lr).is_some_and(|mean| mean >= best - slack);
            let low = lrs[..at].iter().rev().take_while(|lr| works(lr)).last().unwrap_or(&arm.lr);
            let high = lrs[at..].iter().take_while(|lr| works(lr)).last().unwrap_or(&arm.lr);
            assert_eq!(arm.lr_works, [*low, *high], "{} {}", arm.optimizer, arm.schedule);
            assert!(arm.runs.iter().all(|run| run.curve.last().unwrap().step > 0));
        }
    }
}

#[test]
fn nobody_else_can_run_it_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.sqlite");
    session(&plan(), &path, 1, false, 100);
    let store = Store::open(&path).unwrap();
    let claim = store.claim(1).unwrap();
    let message = Store::open(&path).unwrap().claim(1).err().unwrap().to_string();
    assert!(message.contains("runs.sqlite is being run by another process"), "{message}");
    assert!(store.claim(2).is_ok(), "another comparison may be run");
    drop(claim);
    assert!(session(&plan(), &path, 1, true, usize::MAX).1);
    assert!(
        std::fs::read_dir(&folder)
            .unwrap()
            .all(|file| file.unwrap().path().extension() != Some("lock".as_ref()))
    );
}

#[test]
fn time_is_counted_over_all_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.sqlite");
    let (first, ..) = session(&plan(), &path, 1, false, 200);
    let (second, ..) = session(&plan(), &path, 1, true, usize::MAX);
    assert!(0.0 < first.seconds && first.seconds < second.seconds);
}
