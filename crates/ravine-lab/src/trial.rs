//! One trial: a workload trained by an optimizer with a schedule, a learning rate and a seed.

use crate::comparison::{End, LayerHealth, Point};
use crate::data::{Order, Split};
use crate::error::{Kind, Result};
use crate::evaluated::evaluated;
use crate::health;
use crate::stepped::stepped;
use crate::workload::{Evaluation, Session, Workload};
use ravine::{Guard, Optimizer, Outcome, ParamSpec, rules, schedules};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Evaluations in a run, besides the one before the first step.
const EVALUATIONS: u64 = 20;
/// A validation loss above this multiple of the first is divergence.
pub(crate) const DIVERGED: f64 = 100.0;

/// What a trial is, in full: the same settings give the same numbers on any machine load.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Optimizer's spec.
    pub optimizer: String,
    /// Schedule's spec.
    pub schedule: String,
    /// Learning rate.
    pub lr: f64,
    /// Seed of initialisation and data order.
    pub seed: u64,
    /// Order of batches.
    pub order: Order,
    /// Optimizer steps.
    pub steps: u64,
    /// Whether this is for tuning: it may be given up early, and never sees the test split.
    pub tuning: bool,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// How it ended.
    pub end: End,
    /// Steps made.
    pub steps: u64,
    /// Seconds of training, evaluation not counted.
    pub seconds: f64,
    /// The last evaluation on the validation split, unless it diverged.
    pub validation: Option<Evaluation>,
    /// The one evaluation on the test split, for a finished run that is not for tuning.
    pub test: Option<Evaluation>,
    /// Steps and seconds at the first evaluation that reached the target.
    pub target: Option<(u64, f64)>,
}

/// Judges a trial by its evaluations as they come: whether it has failed, and when it reached its target.
pub struct Course {
    higher_is_better: bool,
    target: f64,
    steps: u64,
    tuning: bool,
    /// The first validation loss.
    first: Option<f64>,
    last: Option<Point>,
    reached: Option<(u64, f64)>,
}

impl Course {
    /// For a trial of so many steps.
    pub fn new(higher_is_better: bool, target: f64, steps: u64, tuning: bool) -> Self {
        Self { higher_is_better, target, steps, tuning, first: None, last: None, reached: None }
    }

    /// Takes note of an evaluation; how the trial ends, if it ends with this.
    pub fn take(&mut self, point: &Point) -> Option<End> {
        let first = *self.first.get_or_insert(point.validation_loss);
        let is_first = self.last.replace(point.clone()).is_none();
        if !point.validation_loss.is_finite() || point.validation_loss > DIVERGED * first.abs() {
            return Some(End::Diverged);
        }
        let reached = if self.higher_is_better {
            point.validation >= self.target
        } else {
            point.validation <= self.target
        };
        if self.reached.is_none() && point.step > 0 && reached {
            self.reached = Some((point.step, point.seconds));
        }
        let hopeless = 3 * point.step >= self.steps && point.validation_loss >= first;
        (self.tuning && !is_first && hopeless).then_some(End::Hopeless)
    }

    /// The last evaluation.
    pub fn last(&self) -> Option<&Point> {
        self.last.as_ref()
    }

    /// What came of the trial.
    pub fn done(self, end: End, steps: u64, seconds: f64, test: Option<Evaluation>) -> Done {
        let validation = self.last.filter(|_| end != End::Diverged);
        let validation =
            validation.map(|last| Evaluation { loss: last.validation_loss, metric: last.validation });
        Done { end, steps, seconds, validation, test, target: self.reached }
    }
}

/// Runs a trial. `record` is given every evaluation as it happens.
///
/// # Errors
/// What `record` returns; a spec that is not valid; an interruption, when `stop` is set.
pub fn run(
    workload: &dyn Workload,
    settings: &Settings,
    stop: &AtomicBool,
    mut record: impl FnMut(&Point) -> Result<()>,
) -> Result<Done> {
    let mut session = workload.start(settings.seed, settings.order);
    let mut trial = Trial::new(&mut *session, settings)?;
    let info = workload.info();
    let mut course = Course::new(info.higher_is_better, info.target, settings.steps, settings.tuning);
    let first = trial.evaluate()?;
    // Whatever it is: a model may start from a loss that is not finite, and recover.
    let _ = course.take(&first);
    record(&first)?;
    let mut end = End::Finished;
    while trial.step < settings.steps {
        let next = (1..=EVALUATIONS).map(|i| i * settings.steps / EVALUATIONS).find(|at| *at > trial.step);
        let next = next.unwrap_or(settings.steps);
        if !trial.train(next, stop)? {
            end = End::Diverged;
            break;
        }
        let point = trial.evaluate()?;
        record(&point)?;
        if let Some(early) = course.take(&point) {
            end = early;
            break;
        }
    }
    let test = (end == End::Finished && !settings.tuning).then(|| trial.look(Split::Test)).transpose()?;
    Ok(course.done(end, trial.step, trial.clock.as_secs_f64(), test))
}

/// A trial under way.
struct Trial<'a> {
    session: &'a mut dyn Session,
    params: Vec<ParamSpec>,
    optimizer: Optimizer<f32>,
    step: u64,
    clock: Duration,
    /// Sum and number of the training losses since the last evaluation.
    losses: (f64, u64),
    grad_norm: f64,
    layers: Vec<LayerHealth>,
}

impl<'a> Trial<'a> {
    fn new(session: &'a mut dyn Session, settings: &Settings) -> Result<Self> {
        let params = session.params().to_vec();
        let mut rule = rules::parse(&settings.optimizer)?;
        rule.set("lr", settings.lr)?;
        let optimizer = Optimizer::builder_boxed(rule)
            .schedule(schedules::parse(&settings.schedule, settings.steps)?)
            .guard(Guard::Skip)
            .zero_grad(true)
            .build(&params)?;
        let mut trial = Self {
            session,
            params,
            optimizer,
            step: 0,
            clock: Duration::ZERO,
            losses: (0.0, 0),
            grad_norm: 0.0,
            layers: Vec::new(),
        };
        // The first batch's loss and gradient, before any step.
        let loss = trial.session.backward(0);
        trial.losses = (loss, 1);
        let (values, grads) = trial.session.buffers();
        trial.grad_norm = health::norm(grads);
        trial.layers = health::layers(&trial.params, values, values, grads);
        grads.fill(0.0);
        Ok(trial)
    }

    /// Trains until `until` steps are made; false if the loss or the gradient left the finite numbers.
    fn train(&mut self, until: u64, stop: &AtomicBool) -> Result<bool> {
        let start = Instant::now();
        let finite = self.train_untimed(until, stop);
        self.clock += start.elapsed();
        finite
    }

    fn train_untimed(&mut self, until: u64, stop: &AtomicBool) -> Result<bool> {
        while self.step < until {
            if stop.load(Ordering::Relaxed) {
                return Err(Kind::Interrupted.into());
            }
            let loss = self.session.backward(self.step);
            if !loss.is_finite() {
                return Ok(false);
            }
            self.losses = (self.losses.0 + loss, self.losses.1 + 1);
            let (values, grads) = self.session.buffers();
            // The health of the layers is looked at in the last step before an evaluation.
            let looked_at = (self.step + 1 == until).then(|| (values.to_vec(), grads.to_vec()));
            match stepped(self.session, &mut self.optimizer, self.step)? {
                Outcome::Stepped { grad_norm, .. } => self.grad_norm = grad_norm.unwrap_or(f64::NAN),
                Outcome::Skipped { .. } | Outcome::Accumulated { .. } => return Ok(false),
            }
            if let Some((before, grads)) = looked_at {
                let after = self.session.buffers().0;
                self.layers = health::layers(&self.params, &before, after, &grads);
            }
            self.step += 1;
        }
        Ok(true)
    }

    fn look(&mut self, split: Split) -> Result<Evaluation> {
        evaluated(self.session, &self.optimizer, |session| session.evaluate(split))
    }

    fn evaluate(&mut self) -> Result<Point> {
        let validation = self.look(Split::Validation)?;
        let (sum, count) = std::mem::take(&mut self.losses);
        Ok(Point {
            step: self.step,
            seconds: self.clock.as_secs_f64(),
            train_loss: sum / count as f64,
            validation_loss: validation.loss,
            validation: validation.metric,
            lr: self.optimizer.lr("default")?,
            grad_norm: self.grad_norm,
            layers: self.layers.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads;

    fn settings(optimizer: &str, lr: f64) -> Settings {
        Settings {
            optimizer: optimizer.into(),
            schedule: "cosine".into(),
            lr,
            seed: 3,
            order: Order::Reshuffled,
            steps: 120,
            tuning: false,
        }
    }

    fn run_it(settings: &Settings) -> (Done, Vec<Point>) {
        let workload = workloads::load("digits-mlp", None).unwrap();
        let mut points = Vec::new();
        let done = run(&*workload, settings, &AtomicBool::new(false), |point| {
            points.push(point.clone());
            Ok(())
        });
        (done.unwrap(), points)
    }

    /// Everything but the clock.
    fn numbers((done, points): (Done, Vec<Point>)) -> (Option<Evaluation>, Option<Evaluation>, Vec<Point>) {
        let still = |point: Point| Point { seconds: 0.0, ..point };
        (done.validation, done.test, points.into_iter().map(still).collect())
    }

    #[test]
    fn a_trial_learns_and_is_the_same_beside_others() {
        let (done, points) = run_it(&settings("adam", 1e-2));
        assert_eq!((done.end, done.steps, points.len()), (End::Finished, 120, 21));
        assert!(done.test.unwrap().metric > 0.9, "{done:?}");
        assert!(points.iter().all(|point| !point.layers.is_empty()));
        let alone = numbers((done, points));
        let beside: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| run_it(&settings("adam", 1e-2)))).collect();
            threads.into_iter().map(|thread| numbers(thread.join().unwrap())).collect()
        });
        assert!(beside.iter().all(|other| *other == alone));
    }

    #[test]
    fn divergence_is_an_end_and_not_a_number() {
        let (done, _) = run_it(&settings("sgd", 1e6));
        assert_eq!((done.end, done.validation, done.test), (End::Diverged, None, None));
        assert!(done.steps < 120);
    }

    #[test]
    fn tuning_gives_up_what_is_hopeless_and_never_sees_the_test_split() {
        // Far too large: the loss stays above its start without leaving the numbers.
        let (done, _) = run_it(&Settings { tuning: true, ..settings("adam", 10.0) });
        assert!(matches!(done.end, End::Hopeless | End::Diverged), "{done:?}");
        assert!(done.steps < 120 && done.test.is_none());
        let (done, _) = run_it(&Settings { tuning: true, ..settings("adam", 1e-2) });
        assert_eq!((done.end, done.test), (End::Finished, None));
    }

    #[test]
    fn an_interruption_ends_it() {
        let workload = workloads::load("digits-mlp", None).unwrap();
        let error = run(&*workload, &settings("adam", 1e-2), &AtomicBool::new(true), |_| Ok(())).unwrap_err();
        assert!(error.is_interruption());
    }

    #[test]
    fn a_course_is_judged_by_its_evaluations() {
        let at = |step: u64, validation_loss, validation| Point {
            step,
            seconds: step as f64,
            train_loss: 1.0,
            validation_loss,
            validation,
            lr: 0.1,
            grad_norm: 1.0,
            layers: Vec::new(),
        };
        let mut course = Course::new(true, 0.9, 10, true);
        // The first evaluation is what the others are held against; before the first step nothing was reached.
        assert_eq!(course.take(&at(0, 1.0, 0.95)), None);
        assert_eq!(course.take(&at(3, 1.0, 0.95)), None);
        assert_eq!(course.take(&at(4, 1.0, 0.95)), Some(End::Hopeless));
        let done = course.done(End::Hopeless, 4, 4.0, None);
        assert_eq!((done.target, done.validation.map(|v| v.metric)), (Some((3, 3.0)), Some(0.95)));

        let mut reported = Course::new(false, 0.1, 10, false);
        for point in [at(0, 1.0, 1.0), at(9, 1.0, 1.0), at(10, 100.0, 0.1)] {
            assert_eq!(reported.take(&point), None);
        }
        assert_eq!(reported.done(End::Finished, 10, 1.0, None).target, Some((10, 10.0)));

        for bad in [f64::NAN, f64::INFINITY, 100.5] {
            let mut course = Course::new(true, 0.9, 10, false);
            assert_eq!(course.take(&at(0, 1.0, 0.5)), None);
            assert_eq!(course.take(&at(1, bad, 0.5)), Some(End::Diverged), "{bad}");
            assert_eq!(course.done(End::Diverged, 1, 1.0, None).validation, None);
        }
    }
}
