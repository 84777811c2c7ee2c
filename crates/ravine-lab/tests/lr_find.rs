//! The learning-rate finder, and what finders are known to get wrong.

use ravine::ParamSpec;
use ravine::random::Random;
use ravine_lab::data::{Order, Split};
use ravine_lab::lr_find::{self, Answer, Found, Settings};
use ravine_lab::workload::{Evaluation, Session};
use ravine_lab::workloads;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static GO: AtomicBool = AtomicBool::new(false);

fn settings(optimizer: &str) -> Settings {
    Settings { optimizer: optimizer.into(), ..Settings::default() }
}

fn sessions(spec: &str, seeds: u64) -> Vec<Box<dyn Session>> {
    let workload = workloads::load(spec, None).unwrap();
    (1..=seeds).map(|seed| workload.start(seed, Order::Reshuffled)).collect()
}

fn find(spec: &str, settings: &Settings) -> Found {
    lr_find::find(&mut sessions(spec, 5), settings, &GO, &|_| ()).unwrap()
}

#[track_caller]
fn taken(found: &Found) -> (f64, [f64; 2]) {
    match &found.answer {
        Answer::Take { lr, works, .. } => (*lr, *works),
        Answer::Refused { reason } => panic!("{reason}"),
    }
}

#[track_caller]
fn refused(found: &Found) -> &str {
    match &found.answer {
        Answer::Refused { reason } => reason,
        Answer::Take { sentence, .. } => panic!("{sentence}"),
    }
}

/// 10 + the sum of w^2 in many dimensions, or other losses, with noise and faults to order.
struct Toy {
    specs: [ParamSpec; 1],
    values: Vec<f32>,
    grads: Vec<f32>,
    random: Random,
    noise: f64,
    fault: fn(u64) -> f64,
    slope: f32,
    calls: Arc<AtomicU64>,
}

impl Toy {
    fn new(seed: u64) -> Self {
        Self {
            specs: [ParamSpec::new("w", [20])],
            values: vec![1.0; 20],
            grads: vec![0.0; 20],
            random: Random::new(seed),
            noise: 0.1,
            fault: |_| 0.0,
            slope: 1.0,
            calls: Arc::default(),
        }
    }
}

impl Session for Toy {
    fn params(&self) -> &[ParamSpec] {
        &self.specs
    }

    fn buffers(&mut self) -> (&mut [f32], &mut [f32]) {
        (&mut self.values, &mut self.grads)
    }

    fn backward(&mut self, step: u64) -> f64 {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.grads.iter_mut().zip(&self.values).for_each(|(g, w)| *g += 2.0 * self.slope * w);
        let square: f64 = self.values.iter().map(|w| f64::from(*w).powi(2)).sum();
        10.0 + f64::from(self.slope) * square + self.noise * self.random.normal(step) + (self.fault)(step)
    }

    fn evaluate(&mut self, _: Split) -> Evaluation {
        Evaluation { loss: 0.0, metric: 0.0 }
    }
}

fn toys(change: impl Fn(&mut Toy)) -> Vec<Box<dyn Session>> {
    let toy = |seed| {
        let mut toy = Toy::new(seed);
        change(&mut toy);
        Box::new(toy) as Box<dyn Session>
    };
    (1..=5).map(toy).collect()
}

fn find_toy(optimizer: &str, change: impl Fn(&mut Toy)) -> Found {
    lr_find::find(&mut toys(change), &settings(optimizer), &GO, &|_| ()).unwrap()
}

#[test]
fn the_rate_works_and_the_sentence_says_which_to_take() {
    // "Which learning rate do I take?": one sentence with one number, and the range.
    for (spec, optimizer, range) in [
        ("digits-mlp", "adam", [3e-3, 0.1]),
        ("digits-mlp", "sgd", [0.03, 1.5]),
        ("digits-mlp", "momentum", [3e-3, 0.2]),
        ("quadratic-deep", "sgd", [1e-3, 0.0376]),
    ] {
        let found = find(spec, &settings(optimizer));
        let (lr, works) = taken(&found);
        assert!((range[0]..range[1]).contains(&lr), "{spec} {optimizer}: {lr}");
        assert!(works[0] <= lr && lr <= works[1]);
        let Answer::Take { sentence, interval, low, high, .. } = &found.answer else { unreachable!() };
        assert!(sentence.starts_with("Take ") && sentence.contains("rates that work"), "{sentence}");
        let [interval, low, high] = [interval, low, high].map(|interval| interval.unwrap());
        assert!(low.low <= interval.low && interval.high <= high.high, "{low:?} {interval:?} {high:?}");
        // One quantity each: the answers lie in their intervals, and the middle is the middle.
        assert!(interval.contains(lr) && low.contains(works[0]) && high.contains(works[1]), "{found:?}");
        assert!(works[0] < lr && lr < works[1], "{works:?} {lr}");
        if sentence.contains("the middle of") {
            assert!((lr / (works[0] * works[1]).sqrt() - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn the_limit_of_stability_is_held_against_the_blow_up() {
    // Published curvature 53.129; momentum 0.9 bears 1.9 times as much, Nesterov's 2 * 1.9 / 2.8.
    for (optimizer, factor) in
        [("sgd", 2.0), ("momentum", 3.8), ("nesterov", 3.8 / 2.8), ("ema-momentum", 38.0)]
    {
        let found = find("quadratic-deep", &settings(optimizer));
        let wall = found.wall.as_ref().unwrap();
        assert!((wall.lr * 53.129 / factor - 1.0).abs() < 1e-2, "{optimizer}: {}", wall.lr);
        assert!(found.bound.contains("agree"), "{optimizer}: {}", found.bound);
        assert!(taken(&found).1[1] < 1.1 * wall.lr, "{optimizer}");
    }
    let adam = find("quadratic-deep", &settings("adam"));
    assert!(adam.wall.is_none() && adam.bound.contains("not shown for adam"), "{}", adam.bound);
}

#[test]
fn early_spikes_fool_nobody() {
    // pytorch-lightning 1767: a spike at the start makes the steepest fall of the raw curve, at a far too small rate.
    let (plain, _) = taken(&find_toy("sgd", |_| ()));
    let spiked = find_toy("sgd", |toy| toy.fault = |step| if step == 9 || step == 40 { 30.0 } else { 0.0 });
    let (lr, _) = taken(&spiked);
    assert!((plain / 3.2..plain * 3.2).contains(&lr), "{plain} {lr}");
    for curve in &spiked.curves {
        let shape = curve.shape.as_ref().unwrap();
        assert!(shape.steepest > 1e-3 && shape.onset > 1e-4, "{shape:?}");
    }
}

#[test]
fn other_seeds_give_much_the_same() {
    // fastai 3295, neural_prophet 892: another suggestion each time it is asked.
    let workload = workloads::load("digits-mlp", None).unwrap();
    let rates: Vec<f64> = (0..4)
        .map(|round| {
            let mut sessions: Vec<_> =
                (0..5).map(|seed| workload.start(100 * round + seed, Order::Reshuffled)).collect();
            taken(&lr_find::find(&mut sessions, &settings("adam"), &GO, &|_| ()).unwrap()).0
        })
        .collect();
    let ends = rates.iter().fold([f64::INFINITY, 0.0f64], |[low, high], x| [low.min(*x), high.max(*x)]);
    assert!(ends[1] / ends[0] < 4.0, "{rates:?}");
}

#[test]
fn nothing_absurd_and_never_nothing_without_a_reason() {
    // pytorch-lightning 6471 (a suggestion of 2e8) and 10557 (None, and no word why).
    let nan = find_toy("sgd", |toy| toy.fault = |_| f64::NAN);
    assert!(refused(&nan).contains("not finite before any step"), "{}", refused(&nan));
    let flat = find_toy("sgd", |toy| toy.slope = 0.0);
    assert!(refused(&flat).contains("never falls") || refused(&flat).contains("noise"), "{}", refused(&flat));
    let still = find_toy("sgd", |toy| (toy.slope, toy.noise) = (1e-9, 0.0));
    assert!(refused(&still).contains("never falls"), "{}", refused(&still));
    let noisy = find_toy("sgd", |toy| toy.noise = 100.0);
    assert!(refused(&noisy).contains("say nothing"), "{}", refused(&noisy));
    let falling = Settings { range: [1e-7, 1e-1], ..settings("sgd") };
    let falling = lr_find::find(&mut toys(|_| ()), &falling, &GO, &|_| ()).unwrap();
    assert!(refused(&falling).contains("raise --to"), "{}", refused(&falling));
    let tiny = Settings { range: [1e-9, 1e-7], ..settings("sgd") };
    let tiny = lr_find::find(&mut toys(|_| ()), &tiny, &GO, &|_| ()).unwrap();
    assert!(refused(&tiny).contains("raise --to"), "{}", refused(&tiny));
    let large = Settings { range: [100.0, 1e4], ..settings("sgd") };
    let large = lr_find::find(&mut toys(|_| ()), &large, &GO, &|_| ()).unwrap();
    assert!(refused(&large).contains("lower --from"), "{}", refused(&large));
    for found in [&nan, &flat, &still, &noisy] {
        assert!(found.tried.is_empty());
    }
}

#[test]
fn the_model_is_left_as_it_was_and_training_goes_on_the_same() {
    // pytorch-lightning 6675, torch-lr-finder 11: weights, optimizer or schedule not put back. 4846, fastai 3658: works
    // only before the first fit. Here weights are trained first, and their gradients are left half-summed.
    let workload = workloads::load("digits-mlp", None).unwrap();
    let bits = |session: &mut dyn Session| -> Vec<u32> {
        let (values, grads) = session.buffers();
        values.iter().chain(&*grads).map(|x| x.to_bits()).collect()
    };
    let train = |session: &mut dyn Session, steps: std::ops::Range<u64>| {
        for step in steps {
            session.backward(step);
            let (values, grads) = session.buffers();
            values.iter_mut().zip(&mut *grads).for_each(|(w, g)| (*w, *g) = (*w - 0.1 * *g, 0.0));
        }
    };
    let mut sessions: Vec<_> = (1..=3).map(|seed| workload.start(seed, Order::Reshuffled)).collect();
    let mut undisturbed = workload.start(1, Order::Reshuffled);
    for session in sessions.iter_mut().chain([&mut undisturbed]) {
        train(&mut **session, 0..30);
        session.backward(30);
    }
    let before = bits(&mut *sessions[0]);
    let found = lr_find::find(&mut sessions, &settings("sgd"), &GO, &|_| ()).unwrap();
    assert_eq!(before, bits(&mut *sessions[0]));
    assert!(taken(&found).0 > 1e-3);
    train(&mut *sessions[0], 30..40);
    train(&mut *undisturbed, 30..40);
    assert_eq!(bits(&mut *sessions[0]), bits(&mut *undisturbed));
    // After an interruption too.
    let stop = AtomicBool::new(true);
    let before = bits(&mut *sessions[1]);
    assert!(lr_find::find(&mut sessions, &settings("sgd"), &stop, &|_| ()).unwrap_err().is_interruption());
    assert_eq!(before, bits(&mut *sessions[1]));
}

#[test]
fn steps_are_optimizer_steps_whatever_the_batches() {
    // holocron 504 (the rate moves with every micro-batch), pytorch-lightning 1726 (accumulation crashes).
    let calls: Arc<AtomicU64> = Arc::default();
    let accumulate = Settings { accumulate: 4, ..settings("sgd") };
    let mut sessions = toys(|toy| toy.calls = calls.clone());
    let found = lr_find::find(&mut sessions, &accumulate, &GO, &|_| ()).unwrap();
    let single = find_toy("sgd", |_| ());
    let rates = |found: &Found| found.curves[0].lrs[..100].to_vec();
    assert_eq!(rates(&found), rates(&single));
    assert_eq!(calls.load(Ordering::Relaxed) % 4, 0);
    let (a, b) = (taken(&found).0, taken(&single).0);
    assert!((a / b).ln().abs() < 1.2, "{a} {b}");
}

#[test]
fn the_picture_has_equal_factors_and_everything_on_it() {
    // pytorch-lightning 14248: a linear axis for rates that grow by factors.
    let found = find("quadratic-deep", &settings("sgd"));
    let picture = lr_find::picture::lines("quadratic-deep", &found);
    assert_eq!(picture.x.kind, ravine_lab::pictures::lines::AxisKind::Log);
    assert_eq!((picture.zones.len(), picture.lines.len()), (1, 5 + 2));
    let text = picture.draw().standalone();
    for part in ["take ", "limit 3.8e-2", "class=\"zone\"", "class=\"thin", "learning rate"] {
        assert!(text.contains(part), "{part}");
    }
    // The rates of a sweep grow by one factor.
    let lrs = &found.curves[0].lrs;
    assert!(lrs.windows(2).all(|pair| (pair[1] / pair[0] / (lrs[1] / lrs[0]) - 1.0).abs() < 1e-9));
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let make = || find("digits-mlp", &Settings { verify: 40, ..settings("adam") });
    assert_eq!(format!("{:?}", pool(1).install(make)), format!("{:?}", pool(3).install(make)));
}

#[test]
fn settings_that_make_no_sense() {
    for (change, word) in [
        (Settings { range: [0.0, 1.0], ..Settings::default() }, "from must be"),
        (Settings { range: [1.0, 2.0], ..Settings::default() }, "to must be at least ten times"),
        (Settings { range: [1e-3, f64::NAN], ..Settings::default() }, "to must be"),
        (Settings { steps: 3, ..Settings::default() }, "steps must be"),
        (Settings { verify: 0, ..Settings::default() }, "verify must be"),
        (Settings { accumulate: 0, ..Settings::default() }, "accumulate must be"),
        (settings("adm"), "adm"),
    ] {
        let error = lr_find::find(&mut sessions("iris-softmax", 1), &change, &GO, &|_| ()).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(word), "{error}");
    }
    let none = lr_find::find(&mut [], &Settings::default(), &GO, &|_| ()).unwrap_err();
    assert!(none.to_string().contains("seeds"), "{none}");
}
