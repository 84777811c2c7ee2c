//! Training: exact resume, what is refused, what ends a run.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ravine::ParamSpec;
use ravine::random::Random;
use ravine_lab::data::{Order as DataOrder, Split};
use ravine_lab::train::{
    self, Begin, Done, End, Entry, Execution, Folder, Identity, News, Order, Settings, Watch, Weights,
};
use ravine_lab::workload::{Evaluation, Info, Session, Workload};
use ravine_lab::workloads;

/// A workload with what others may have: noise of its own in every step, a running mean, and losses that are not finite.
struct Harder {
    inner: Box<dyn Workload>,
    /// Batches whose loss is NaN.
    broken: fn(u64) -> bool,
}

struct HarderSession {
    inner: Box<dyn Session>,
    random: Random,
    running: [f32; 2],
    broken: fn(u64) -> bool,
}

impl Workload for Harder {
    fn info(&self) -> &Info {
        self.inner.info()
    }

    fn start(&self, seed: u64, order: DataOrder) -> Box<dyn Session> {
        let (inner, random) = (self.inner.start(seed, order), Random::new(seed));
        Box::new(HarderSession { inner, random, running: [0.0, 1.0], broken: self.broken })
    }
}

impl Session for HarderSession {
    fn params(&self) -> &[ParamSpec] {
        self.inner.params()
    }

    fn buffers(&mut self) -> (&mut [f32], &mut [f32]) {
        self.inner.buffers()
    }

    fn backward(&mut self, step: u64) -> f64 {
        let loss = self.inner.backward(step);
        let noise = self.random.stream(step);
        for (i, grad) in self.inner.buffers().1.iter_mut().enumerate() {
            *grad += 1e-3 * (noise.uniform(i as u64) as f32 - 0.5) + 1e-3 * self.running[0];
        }
        if (self.broken)(step) {
            self.running = [f32::NAN; 2];
            self.inner.buffers().1[3] = f32::INFINITY;
            return f64::NAN;
        }
        self.running[0] = 0.9 * self.running[0] + 0.1 * loss as f32;
        loss
    }

    fn evaluate(&mut self, split: Split) -> Evaluation {
        let seen = self.inner.evaluate(split);
        Evaluation { loss: seen.loss + f64::from(self.running[0]), ..seen }
    }

    fn state(&mut self, see: &mut dyn FnMut(&str, &mut [f32])) {
        see("norm.running_mean", &mut self.running);
    }
}

fn workload(broken: fn(u64) -> bool) -> Harder {
    Harder { inner: workloads::load("digits-mlp", None).unwrap(), broken }
}

/// Everything that keeps a state.
fn settings(workload: &dyn Workload) -> Settings {
    let settings = Settings::new(workload, "sgd:momentum=0.9,lr=0.05", None, 3).unwrap();
    Settings {
        schedule: "cosine:warmup=10%".into(),
        steps: 90,
        seed: 4,
        clip_norm: Some(1.0),
        ema: Some(0.9),
        patience: Some(50),
        plateau: Some("plateau:patience=0,factor=0.7,threshold=0.05".into()),
        evaluate_every: 7,
        ..settings
    }
}

/// Stops or does other things at given steps, and keeps what it is told.
#[derive(Default)]
struct Script {
    orders: Vec<(u64, Order)>,
    step: u64,
    entries: Vec<Entry>,
    /// Called after every step.
    after: Option<Box<dyn FnMut(u64) + Send>>,
}

impl Script {
    fn stopping(step: u64) -> Self {
        Self { orders: vec![(step, Order::Stop)], ..Self::default() }
    }
}

impl Watch for Script {
    fn tell(&mut self, news: News) {
        match news {
            News::Begin(entries) => self.entries = entries,
            News::Noted(entry) => self.entries.push(entry),
            News::Step(step) => {
                self.step = step.step;
                if let Some(after) = &mut self.after {
                    after(step.step);
                }
            }
            News::Saved(_) | News::Refused(_) => {}
        }
    }

    fn order(&mut self) -> Option<Order> {
        let due = self.orders.iter().position(|(step, _)| *step == self.step)?;
        Some(self.orders.remove(due).1)
    }
}

fn train(
    path: &Path,
    workload: &dyn Workload,
    settings: &Settings,
    begin: Begin,
    every: Duration,
    watch: &mut Script,
) -> ravine_lab::Result<Done> {
    let mut folder = Folder::open(path, begin, Identity::new(workload.info(), settings), "ravine train")?;
    let stop = AtomicBool::new(false);
    let execution = Execution { checkpoint_every: every, stop: &stop };
    train::run(workload, settings, &mut folder, &execution, watch)
}

const SELDOM: Duration = Duration::from_secs(3600);

/// The log less the clock, as text: so NaN equals NaN.
fn log(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path.join("log.jsonl")).unwrap();
    let still = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        value.as_object_mut().unwrap().remove("seconds");
        value.to_string()
    };
    text.lines().map(still).collect()
}

/// What a file of tensors holds behind its header, whose words stand in any order.
fn tensors(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path.join("weights.safetensors")).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[8 + header..].to_vec()
}

fn still(done: Done) -> Done {
    Done { seconds: 0.0, ..done }
}

#[test]
fn a_run_that_is_stopped_goes_on_to_the_same_bits() {
    // One step is left out in between.
    let workload = workload(|batch| batch == 100);
    let settings = settings(&workload);
    let folder = tempfile::tempdir().unwrap();
    let [straight, broken] = ["straight", "broken"].map(|name| folder.path().join(name));
    let script = &mut Script::default();
    let done = train(&straight, &workload, &settings, Begin::New, SELDOM, script).unwrap();
    assert_eq!((done.end, done.steps, done.skipped), (End::Finished, 90, 1));
    let by_plateau = script.entries.iter().filter(|entry| matches!(entry, Entry::Rate { .. }));
    assert!(by_plateau.count() > 0, "the plateau took part");

    let mut begin = Begin::New;
    for stop in [0, 1, 14, 15, 33, 34, 62, 89] {
        let done = train(&broken, &workload, &settings, begin, SELDOM, &mut Script::stopping(stop)).unwrap();
        assert_eq!((done.end, done.steps), (End::Interrupted, stop));
        begin = Begin::Resume;
    }
    for _ in 0..2 {
        // The second time there is nothing left to do.
        let again = train(&broken, &workload, &settings, begin, SELDOM, &mut Script::default()).unwrap();
        assert_eq!(still(again), still(done.clone()));
        assert_eq!(log(&broken), log(&straight));
        assert!(tensors(&broken) == tensors(&straight));
    }
}

#[test]
fn a_run_that_is_killed_goes_on_from_its_last_checkpoint() {
    let workload = workload(|_| false);
    let settings = settings(&workload);
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    // A checkpoint at every step, and what a process killed then would leave, at some.
    let copies = folder.path().join("copies");
    let from = straight.clone();
    let (to, copied) = (copies.clone(), [0, 13, 14, 47]);
    let mut script = Script {
        after: Some(Box::new(move |step| {
            if copied.contains(&(step - 1)) {
                let to = to.join((step - 1).to_string());
                std::fs::create_dir_all(&to).unwrap();
                for file in std::fs::read_dir(&from).unwrap() {
                    let file = file.unwrap();
                    std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
                }
            }
        })),
        ..Script::default()
    };
    let done = train(&straight, &workload, &settings, Begin::New, Duration::ZERO, &mut script).unwrap();
    for step in copied {
        let path = copies.join(step.to_string());
        // What came after the checkpoint, the last line cut short.
        let mut text = std::fs::read(path.join("log.jsonl")).unwrap();
        text.extend(b"{\"kind\":\"look\",\"step\":3,\"loss\":1,\"metric\":1}\n{\"kind\":\"eval");
        std::fs::write(path.join("log.jsonl"), text).unwrap();
        let again = train(&path, &workload, &settings, Begin::Resume, SELDOM, &mut Script::default());
        assert_eq!(still(again.unwrap()), still(done.clone()), "killed after step {step}");
        assert_eq!(log(&path), log(&straight));
        assert!(tensors(&path) == tensors(&straight));
    }
    // Killed before the first checkpoint.
    let path = copies.join("0");
    std::fs::remove_file(path.join("checkpoint.safetensors")).unwrap();
    train(&path, &workload, &settings, Begin::Resume, SELDOM, &mut Script::default()).unwrap();
    assert_eq!(log(&path), log(&straight));
}

#[test]
fn a_rate_changed_by_hand_is_noted_and_kept() {
    let workload = workload(|_| false);
    let settings = Settings { plateau: None, ..settings(&workload) };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let orders = || vec![(20, Order::Scale(0.5)), (20, Order::Evaluate), (50, Order::Rate(0.01))];
    let mut script = Script { orders: orders(), ..Script::default() };
    train(&path("a"), &workload, &settings, Begin::New, SELDOM, &mut script).unwrap();
    let rates: Vec<_> = script
        .entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Rate { step, lr, .. } => Some((*step, *lr)),
            _ => None,
        })
        .collect();
    let schedule = ravine::schedules::parse(&settings.schedule, 90).unwrap();
    let at = |base, step| ravine::Schedule::lr(&schedule, base, step);
    assert_eq!(rates, [(20, at(0.025, 20)), (50, at(0.01, 50))]);
    assert!(script.entries.iter().any(|entry| matches!(entry, Entry::Look { step: 20, .. })));

    let mut orders = orders();
    orders.push((30, Order::Stop));
    let mut script = Script { orders, ..Script::default() };
    train(&path("b"), &workload, &settings, Begin::New, SELDOM, &mut script).unwrap();
    script.step = 0;
    train(&path("b"), &workload, &settings, Begin::Resume, SELDOM, &mut script).unwrap();
    assert_eq!(log(&path("a")), log(&path("b")));
    assert!(tensors(&path("a")) == tensors(&path("b")));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let workload = workload(|_| false);
    let settings = settings(&workload);
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: usize| {
        let path = folder.path().join(threads.to_string());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            train(&path, &workload, &settings, Begin::New, SELDOM, &mut Script::default()).unwrap()
        });
        (log(&path), tensors(&path))
    };
    assert!(run(1) == run(3));
}

#[test]
fn a_step_takes_the_mean_of_its_batches() {
    let workload = workloads::load("digits-mlp", None).unwrap();
    let mut session = workload.start(0, DataOrder::Reshuffled);
    let losses = [session.backward(0), session.backward(1)];
    let (values, grads) = session.buffers();
    let expected: Vec<f32> = values.iter().zip(&*grads).map(|(w, g)| w - 0.1 * (g / 2.0)).collect();
    let settings = Settings::new(&*workload, "sgd:lr=0.1", None, 2).unwrap();
    let settings = Settings { steps: 1, evaluate_every: 1, ..settings };
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::default();
    train(folder.path(), &*workload, &settings, Begin::New, SELDOM, &mut script).unwrap();
    let Some(Entry::Evaluation(record)) = script.entries.get(1) else { panic!("{:?}", script.entries) };
    assert_eq!(record.point.train_loss, (losses[0] + losses[1]) / 2.0);
    Weights::read(&folder.path().join("weights.safetensors")).unwrap().load(&mut *session).unwrap();
    let values = session.buffers().0;
    assert!(values.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-6), "not the mean");
}

#[test]
fn clipping_bounds_the_step_and_the_average_is_what_is_evaluated() {
    let workload = workloads::load("digits-mlp", None).unwrap();
    let mut session = workload.start(0, DataOrder::Reshuffled);
    let mut average = session.buffers().0.to_vec();
    for step in 0..3 {
        session.backward(step);
        let (values, grads) = session.buffers();
        let norm = grads.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
        assert!(norm > 0.2, "the limit is reached");
        // The average keeps (1 + t) / (10 + t) of itself in step t, counted from 0, as that is below 0.9.
        let keeps = (1.0 + step as f32) / (10.0 + step as f32);
        for ((w, g), mean) in values.iter_mut().zip(grads).zip(&mut average) {
            *w -= 0.1 * (0.2 / norm) as f32 * *g;
            *mean += (1.0 - keeps) * (*w - *mean);
            *g = 0.0;
        }
    }
    session.buffers().0.copy_from_slice(&average);
    let expected = session.evaluate(Split::Validation);

    let settings = Settings::new(&*workload, "sgd:lr=0.1", None, 1).unwrap();
    let settings = Settings { steps: 3, evaluate_every: 3, clip_norm: Some(0.2), ema: Some(0.9), ..settings };
    let folder = tempfile::tempdir().unwrap();
    let done =
        train(folder.path(), &*workload, &settings, Begin::New, SELDOM, &mut Script::default()).unwrap();
    let loss = done.validation.unwrap().loss;
    assert!((loss - expected.loss).abs() < 1e-6, "{loss}, not {}", expected.loss);
    Weights::read(&folder.path().join("weights.safetensors")).unwrap().load(&mut *session).unwrap();
    let saved = session.buffers().0;
    assert!(saved.iter().zip(&average).all(|(a, b)| (a - b).abs() <= 1e-6), "not the average");
}

#[test]
fn patience_ends_a_run_with_its_best_weights() {
    let workload = workloads::load("digits-mlp", None).unwrap();
    let settings = Settings::new(&*workload, "adam:lr=0.03", Some(60), 1).unwrap();
    let settings = Settings { patience: Some(4), evaluate_every: 10, ..settings };
    let folder = tempfile::tempdir().unwrap();
    let done =
        train(folder.path(), &*workload, &settings, Begin::New, SELDOM, &mut Script::default()).unwrap();
    let best = done.best.unwrap();
    assert_eq!((done.end, done.steps), (End::Stopped, best.step + 50), "four are borne, not five");
    assert_eq!((done.weights_step, done.validation), (Some(best.step), Some(best.validation)));
    let weights = Weights::read(&folder.path().join("weights.safetensors")).unwrap();
    assert_eq!((weights.workload(), weights.seed()), (Some("digits-mlp"), Some(0)));
    let mut session = workload.start(9, DataOrder::Reshuffled);
    weights.load(&mut *session).unwrap();
    assert_eq!(session.evaluate(Split::Validation), best.validation);
    assert_eq!(Some(session.evaluate(Split::Test)), done.test);
}

#[test]
fn ten_broken_steps_in_a_row_are_divergence() {
    let workload = workload(|batch| (30..60).contains(&batch));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let one = Settings { accumulate: 1, steps: 80, ..settings(&workload) };
    let mut script = Script::default();
    let done = train(&path("one"), &workload, &one, Begin::New, SELDOM, &mut script).unwrap();
    assert_eq!((done.end, done.steps, done.skipped), (End::Diverged, 40, 10));
    assert_eq!((done.weights_step, done.test), (None, None));
    assert!(script.entries.contains(&Entry::End { step: 40, end: End::Diverged, test: None }));
    assert!(!path("one").join("weights.safetensors").exists());
    let far = Settings { optimizer: "sgd".into(), lr: 1e4, clip_norm: None, ema: None, ..one };
    let done = train(&path("far"), &workload, &far, Begin::New, SELDOM, &mut Script::default()).unwrap();
    assert_eq!(done.end, End::Diverged);
}

#[test]
fn what_does_not_fit_is_refused() {
    let workload = workload(|_| false);
    let settings = settings(&workload);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let go = |settings: &Settings, begin| {
        train(&path, &workload, settings, begin, SELDOM, &mut Script::stopping(40))
            .map(|done| done.end)
            .map_err(|error| error.to_string())
    };
    let refused = |result: Result<End, String>, words: &[&str]| {
        let message = result.unwrap_err();
        words.iter().for_each(|word| assert!(message.contains(word), "'{message}' does not say '{word}'"));
    };
    refused(go(&settings, Begin::Resume), &["nothing to resume", "run"]);
    assert!(!path.exists(), "a refusal leaves nothing behind");
    go(&settings, Begin::New).unwrap();
    refused(go(&settings, Begin::New), &["holds a run already", "--resume", "--overwrite"]);
    let other = Settings { seed: 5, optimizer: "adam".into(), ema: None, ..settings.clone() };
    refused(
        go(&other, Begin::Resume),
        &["seed is 4 there and 5 here", "sgd:momentum=0.9 there and adam", "ema is 0.9 there and none here"],
    );

    let file = path.join("checkpoint.safetensors");
    let whole = std::fs::read(&file).unwrap();
    for length in (0..whole.len()).step_by(997).chain([7, 8, whole.len() - 1]) {
        std::fs::write(&file, &whole[..length]).unwrap();
        refused(go(&settings, Begin::Resume), &["checkpoint.safetensors", "not a whole safetensors file"]);
    }
    let text = String::from_utf8_lossy(&whole).into_owned();
    let at = text.find("\\\"format\\\":1").unwrap();
    let mut newer = whole.clone();
    newer[at + 11] = b'7';
    std::fs::write(&file, &newer).unwrap();
    refused(go(&settings, Begin::Resume), &["expected 1, found 7", "version"]);
    let optimizer = path.join("optimizer-1.safetensors");
    std::fs::write(&file, &whole).unwrap();
    std::fs::rename(&optimizer, path.join("away")).unwrap();
    refused(go(&settings, Begin::Resume), &["optimizer-1.safetensors"]);
    std::fs::rename(path.join("away"), &optimizer).unwrap();
    std::fs::write(path.join("log.jsonl"), "").unwrap();
    refused(go(&settings, Begin::Resume), &["log.jsonl", "0 bytes"]);
    assert_eq!(go(&settings, Begin::Overwrite), Ok(End::Interrupted));
    let files = std::fs::read_dir(&path).unwrap().count();
    assert_eq!(files, 5, "description, log, checkpoint, optimizer, weights");

    let identity = || Identity::new(workload.info(), &settings);
    let taken = Folder::open(&path, Begin::Resume, identity(), "").unwrap();
    refused(go(&settings, Begin::Resume), &["being trained by another process"]);
    drop(taken);
    go(&settings, Begin::Resume).unwrap();
}

#[test]
fn weights_of_another_model_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let workload = workload(|_| false);
    let settings = Settings { steps: 3, ..settings(&workload) };
    train(folder.path(), &workload, &settings, Begin::New, SELDOM, &mut Script::default()).unwrap();
    let path = folder.path().join("weights.safetensors");
    let message = |spec: &str| {
        let other = workloads::load(spec, None).unwrap();
        let mut session = other.start(0, DataOrder::Reshuffled);
        Weights::read(&path).unwrap().load(&mut *session).unwrap_err().to_string()
    };
    assert!(message("iris-softmax").contains("0.weight: expected shape"), "{}", message("iris-softmax"));
    assert!(message("digits-mlp").contains("norm.running_mean: expected no such tensor"));
    assert!(message("digits-mlp:depth=4").contains("expected"));
    std::fs::write(&path, "not tensors").unwrap();
    assert!(Weights::read(&path).is_err());
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let workload = workloads::load("digits-mlp", None).unwrap();
    let good = Settings::new(&*workload, "adamw", None, 1).unwrap();
    good.check().unwrap();
    for (bad, word) in [
        (Settings { lr: 0.0, ..good.clone() }, "lr"),
        (Settings { lr: f64::NAN, ..good.clone() }, "lr"),
        (Settings { lr: -1.0, ..good.clone() }, "lr"),
        (Settings { steps: 0, ..good.clone() }, "steps"),
        (Settings { evaluate_every: 0, ..good.clone() }, "evaluate-every"),
        (Settings { clip_norm: Some(-1.0), ..good.clone() }, "clip_norm"),
        (Settings { clip_value: Some(0.0), ..good.clone() }, "clip_value"),
        (Settings { ema: Some(1.0), ..good.clone() }, "ema"),
        (Settings { min_delta: f64::NAN, ..good.clone() }, "min-delta"),
        (Settings { plateau: Some("plateau:mode=max".into()), ..good.clone() }, "mode"),
        (Settings { plateau: Some("cosine".into()), ..good.clone() }, "cosine"),
        (Settings { schedule: "cosinus".into(), ..good.clone() }, "cosinus"),
        (Settings { optimizer: "adamx".into(), ..good.clone() }, "adamx"),
    ] {
        let error = bad.check().unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(word), "{error}");
    }
}
