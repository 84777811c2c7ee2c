//! Times training steps of the models in the comparison with PyTorch: one JSON line.
//!
//! `cargo bench -p ravine-nn --bench models -- mlp --seconds 4 --threads 2`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ravine::random::Random;
use ravine::rules::AdamW;
use ravine::{Guard, Optimizer, Outcome, ParamSpec};
use ravine_nn::{
    CausalSelfAttention, CrossEntropy, Embedding, LayerNorm, Linear, Loss, Lstm, Mode, Network,
    NetworkBuilder, Padding, Positions,
};

struct Options {
    model: &'static Model,
    seconds: f64,
    threads: usize,
}

/// A model and what it is given. Its results are logits over the innermost extent, with a target for each row.
struct Model {
    name: &'static str,
    network: fn() -> NetworkBuilder<f32>,
    /// The examples are token ids below this; without it they are numbers in [0, 1).
    vocabulary: Option<u64>,
    batch: usize,
}

const MODELS: [Model; 5] = [
    Model { name: "mlp", network: mlp, vocabulary: None, batch: 128 },
    Model { name: "cnn", network: cnn, vocabulary: None, batch: 64 },
    Model { name: "gpt", network: gpt, vocabulary: Some(VOCABULARY), batch: 16 },
    Model { name: "lstm", network: lstm, vocabulary: Some(VOCABULARY), batch: 32 },
    // What the laboratory trains by the thousand: shows the cost of a step beside its arithmetic.
    Model { name: "tiny", network: tiny, vocabulary: None, batch: 32 },
];

fn mlp() -> NetworkBuilder<f32> {
    Network::builder(784).linear(512).relu().linear(256).relu().linear(10)
}

fn tiny() -> NetworkBuilder<f32> {
    Network::builder(64).linear(32).relu().linear(10)
}

fn cnn() -> NetworkBuilder<f32> {
    let net = Network::builder([1, 28, 28]).conv2d(32, 3, 1, Padding::Same).relu().max_pool2d(2, 2);
    let net = net.conv2d(64, 3, 1, Padding::Same).relu().max_pool2d(2, 2);
    net.flatten().linear(128).relu().linear(10)
}

const VOCABULARY: u64 = 96;
const FEATURES: usize = 128;

/// Four pre-norm blocks, 128 features, 4 heads, context 128, exact GELU, a head of its own.
fn gpt() -> NetworkBuilder<f32> {
    let mut net =
        Network::builder(128).layer(Embedding::new(VOCABULARY as usize, FEATURES)).layer(Positions::new());
    for _ in 0..4 {
        let attend =
            |body: NetworkBuilder<f32>| body.layer(LayerNorm::new()).layer(CausalSelfAttention::new(4));
        let think = |body: NetworkBuilder<f32>| {
            body.layer(LayerNorm::new()).linear(4 * FEATURES).gelu().linear(FEATURES)
        };
        net = net.residual(attend).residual(think);
    }
    net.layer(LayerNorm::new()).layer(Linear::new(VOCABULARY as usize).no_bias())
}

/// One LSTM layer of 128 over 100 steps.
fn lstm() -> NetworkBuilder<f32> {
    let net = Network::builder(100).layer(Embedding::new(VOCABULARY as usize, FEATURES));
    net.layer(Lstm::new(FEATURES)).linear(VOCABULARY as usize)
}

/// Milliseconds of each part of each step.
#[derive(Default)]
struct Times {
    forward: Vec<f64>,
    backward: Vec<f64>,
    step: Vec<f64>,
    total: Vec<f64>,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\nusage: models [mlp|cnn|gpt|lstm|tiny] [--seconds 4] [--threads 2]");
            return ExitCode::from(2);
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().expect("threads");
    report(&options, pool.install(|| train(options.model, options.seconds)));
    ExitCode::SUCCESS
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { model: &MODELS[0], seconds: 4.0, threads: 2 };
    while let Some(arg) = args.next() {
        let mut value = || args.next().and_then(|v| v.parse::<f64>().ok()).filter(|v| *v > 0.0);
        match arg.as_str() {
            // Cargo passes this.
            "--bench" => {}
            "--seconds" => options.seconds = value().ok_or("--seconds needs a positive number")?,
            "--threads" => options.threads = value().ok_or("--threads needs a positive number")? as usize,
            name => {
                let found = MODELS.iter().find(|model| model.name == name);
                options.model = found.ok_or_else(|| format!("unknown argument {name}"))?;
            }
        }
    }
    Ok(options)
}

fn train(model: &Model, seconds: f64) -> Times {
    let mut net = (model.network)().build(0).expect("sizes");
    let specs = net.params().specs().iter().map(ParamSpec::from);
    let mut optimizer: Optimizer<f32> = Optimizer::builder(AdamW::default())
        .guard(Guard::Off)
        .zero_grad(true)
        .build(&specs.collect::<Vec<_>>())
        .expect("parameters");
    let (input, output) = (net.input_shape(), net.output_shape());
    let (size, rows, classes) = (input.size(), output.size() / output.last(), output.last());
    let random = Random::new(1);
    let x = (0..(model.batch * size) as u64).map(|i| match model.vocabulary {
        Some(vocabulary) => random.below(i, vocabulary) as f32,
        None => random.uniform(i) as f32,
    });
    let x: Vec<f32> = x.collect();
    let targets = (0..(model.batch * rows) as u64).map(|i| random.stream(1).below(i, classes as u64) as u32);
    let labels: Vec<u32> = targets.collect();
    let (mut times, mut grad) = (Times::default(), Vec::new());
    let warm_until = Instant::now() + Duration::from_secs_f64((seconds / 3.0).min(1.0));
    let mut stop = None;
    let mut step = 0;
    while stop.is_none_or(|stop| Instant::now() < stop) {
        let start = Instant::now();
        let logits = net.forward(&x, model.batch, Mode::Train { step }).expect("a batch");
        std::hint::black_box(CrossEntropy.forward_backward(logits, &labels, &mut grad).expect("labels"));
        let forward = Instant::now();
        net.backward(&grad).expect("gradients");
        let backward = Instant::now();
        let (values, grads) = net.params_mut().split_mut();
        let outcome = optimizer.step_flat(values, grads).expect("finite gradients");
        assert!(matches!(outcome, Outcome::Stepped { .. }));
        let end = Instant::now();
        step += 1;
        if stop.is_none() {
            if end > warm_until {
                stop = Some(end + Duration::from_secs_f64(seconds));
            }
            continue;
        }
        let ms = |from, to: Instant| to.duration_since(from).as_secs_f64() * 1e3;
        times.forward.push(ms(start, forward));
        times.backward.push(ms(forward, backward));
        times.step.push(ms(backward, end));
        times.total.push(ms(start, end));
    }
    times
}

fn report(options: &Options, times: Times) {
    let Times { forward, backward, step, total } = times;
    let mut line = format!(
        r#"{{"lib": "ravine", "model": "{}", "threads": {}, "steps": {}"#,
        options.model.name,
        options.threads,
        total.len()
    );
    let mut median = f64::NAN;
    for (name, mut values) in [("forward", forward), ("backward", backward), ("step", step), ("total", total)]
    {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[(values.len() as f64 * share) as usize];
        median = at(0.5);
        line += &format!(r#", "{name}_ms": {median:.4}, "{name}_ms_p10": {:.4}"#, at(0.1));
    }
    let rate = options.model.batch as f64 / median * 1e3;
    println!(r#"{line}, "samples_per_s": {rate:.1}, "peak_mib": {}}}"#, peak_mib());
}

/// The largest resident memory so far; 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
