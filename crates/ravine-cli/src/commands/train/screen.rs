//! What the live view shows.

use super::plain;
use super::series::Series;
use ravine::{Schedule, schedules};
use ravine_lab::comparison::LayerHealth;
use ravine_lab::train::{Entry, News, Record, Settings};
use ravine_lab::workload::Info;
use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

/// Events that are kept.
const EVENTS: usize = 50;
const SAVED: &str = "checkpoint written";
/// Time over which the speed is taken.
const WINDOW: Duration = Duration::from_secs(5);
/// Points of the schedule's line.
const PLAN: u64 = 256;

/// All that is known of the run.
pub(super) struct Screen {
    pub(super) title: String,
    pub(super) metric: &'static str,
    pub(super) steps: u64,
    pub(super) step: u64,
    steps_per_epoch: f64,
    pub(super) losses: Series,
    pub(super) validation: Vec<[f64; 2]>,
    pub(super) metrics: Vec<[f64; 2]>,
    pub(super) rates: Series,
    /// The learning rate as the schedule alone would have it.
    pub(super) plan: Vec<[f64; 2]>,
    pub(super) rate: f64,
    pub(super) grad_norm: f64,
    pub(super) layers: Vec<LayerHealth>,
    /// Step and metric.
    pub(super) best: Option<(u64, f64)>,
    pub(super) events: VecDeque<String>,
    pub(super) stopping: bool,
    /// Time of training before this process.
    before: f64,
    begun: Instant,
    /// When how many steps were made, over the last seconds.
    pace: VecDeque<(Instant, u64)>,
}

impl Screen {
    pub(super) fn new(info: &Info, settings: &Settings, folder: &Path) -> Self {
        let schedule = schedules::parse(&settings.schedule, settings.steps).ok();
        let at = |i: u64| {
            let step = i * settings.steps.saturating_sub(1) / (PLAN - 1);
            Some([step as f64, schedule.as_ref()?.lr(settings.lr, step)])
        };
        Self {
            title: format!("{}  {}  {}", info.name, settings.optimizer, settings.schedule),
            metric: info.metric,
            steps: settings.steps,
            step: 0,
            steps_per_epoch: info.steps_per_epoch() as f64 / settings.accumulate as f64,
            losses: Series::default(),
            validation: Vec::new(),
            metrics: Vec::new(),
            rates: Series::default(),
            plan: (0..PLAN).filter_map(at).collect(),
            rate: settings.lr,
            grad_norm: f64::NAN,
            layers: Vec::new(),
            best: None,
            events: VecDeque::from([format!("files go to {}", folder.display())]),
            stopping: false,
            before: 0.0,
            begun: Instant::now(),
            pace: VecDeque::new(),
        }
    }

    pub(super) fn tell(&mut self, news: News) {
        match news {
            News::Begin(entries) => {
                for entry in entries {
                    if let Entry::Evaluation(Record { point, .. }) = &entry {
                        self.losses.push(point.step, point.train_loss);
                        self.rates.push(point.step, point.lr);
                        self.before = point.seconds;
                    }
                    self.note(&entry);
                }
                if self.step > 0 {
                    self.event("goes on from the last checkpoint".into());
                }
                self.begun = Instant::now();
            }
            News::Step(step) => {
                self.step = step.step;
                self.losses.push(step.step, step.loss);
                self.rates.push(step.step, step.lr);
                self.rate = step.lr;
                self.grad_norm = step.grad_norm;
            }
            News::Noted(entry) => self.note(&entry),
            News::Saved(step) => {
                // Of several in a row the last is enough.
                if self.events.back().is_some_and(|event| event.ends_with(SAVED)) {
                    self.events.pop_back();
                }
                self.event(format!("step {step}: {SAVED}"));
            }
            News::Refused(what) => self.event(what),
        }
    }

    fn note(&mut self, entry: &Entry) {
        if let Some(text) = plain::event(entry) {
            self.event(text);
        }
        match entry {
            Entry::Evaluation(Record { best, point, .. }) => {
                self.step = point.step;
                self.validation.push([point.step as f64, point.validation_loss]);
                self.metrics.push([point.step as f64, point.validation]);
                self.grad_norm = point.grad_norm;
                self.layers.clone_from(&point.layers);
                self.rate = point.lr;
                if *best {
                    self.best = Some((point.step, point.validation));
                }
            }
            Entry::Rate { lr, .. } => self.rate = *lr,
            Entry::Look { .. } | Entry::Skipped { .. } | Entry::End { .. } => {}
        }
    }

    pub(super) fn event(&mut self, text: String) {
        self.events.push_back(text);
        if self.events.len() > EVENTS {
            self.events.pop_front();
        }
    }

    pub(super) fn epoch(&self) -> f64 {
        self.step as f64 / self.steps_per_epoch
    }

    pub(super) fn epochs(&self) -> f64 {
        self.steps as f64 / self.steps_per_epoch
    }

    /// Seconds gone, in all.
    pub(super) fn gone(&self) -> f64 {
        self.before + self.begun.elapsed().as_secs_f64()
    }

    /// Steps in a second, over the last few seconds; none in the first moment.
    pub(super) fn speed(&mut self) -> Option<f64> {
        let now = Instant::now();
        self.pace.push_back((now, self.step));
        while self.pace.len() > 2 && self.pace.front().is_some_and(|(then, _)| now - *then > WINDOW) {
            self.pace.pop_front();
        }
        let (then, step) = self.pace.front()?;
        let seconds = (now - *then).as_secs_f64();
        let steps = self.step.saturating_sub(*step);
        (steps > 0 && seconds > 0.2).then(|| steps as f64 / seconds)
    }
}
