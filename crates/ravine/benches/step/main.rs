//! The step of every rule against the streaming limit of this machine.
//!
//! For each case: the median time of a step, the bytes that it must move, and the time of an in-place pass over as
//! many bytes, measured in the same rounds. `ratio` is limit / step: 1 is the speed of memory.
//!
//! `cargo bench -p ravine` runs all; `cargo bench -p ravine -- adamw` those whose name holds the word.

use ravine::{Builder, Ema, Guard, Optimizer, Outcome, ParamSpec, rules};
use rayon::prelude::*;
use std::time::Instant;

const RULES: &[&str] = &[
    "sgd",
    "sgd:momentum=0.9",
    "sgd:momentum=0.9,nesterov=true",
    "adagrad",
    "rmsprop",
    "rmsprop:momentum=0.9",
    "rmsprop:centered=true",
    "rmsprop:centered=true,momentum=0.9",
    "adam",
    "adam:amsgrad=true",
    "adamw",
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    println!("{} threads, {:?}", rayon::current_num_threads(), ravine::simd::Level::widest());
    println!(
        "{:<36} {:<8} {:>9} {:>9} {:>8} {:>6}",
        "case", "tensors", "step ms", "limit ms", "GB/s", "ratio"
    );
    for (label, count, len, rounds) in
        [("20x1M", 20, 1_000_000, 11), ("1000x256", 1000, 256, 301), ("1x256k", 1, 256_000, 301)]
    {
        for rule in RULES.iter().filter(|rule| wanted(rule)) {
            // Without the guard a step is the fused pass alone.
            measure(rule, label, plain(rule), 0, &vec![len; count], rounds);
        }
        let tail = "unscale + clip + adamw + ema + zero";
        if wanted(tail) {
            let builder = plain("adamw").loss_scale(2.0).clip_norm(1.0).ema(Ema::new(0.999)).zero_grad(true);
            // Once more the gradient is read for its norm and written with zeros; the average is read and written.
            measure(tail, label, builder, 16, &vec![len; count], rounds);
        }
    }
}

fn plain(rule: &str) -> Builder {
    Optimizer::builder_boxed(rules::parse(rule).expect("a rule of the catalogue")).guard(Guard::Off)
}

/// Measures a case that moves `extra` bytes an element beyond parameter, gradient and state.
fn measure(name: &str, label: &str, builder: Builder, extra: usize, lens: &[usize], rounds: usize) {
    let params: Vec<ParamSpec> =
        lens.iter().enumerate().map(|(i, &len)| ParamSpec::new(format!("p{i}"), [len])).collect();
    let mut optimizer: Optimizer<f32> = builder.build(&params).expect("the case is valid");
    let elements: usize = lens.iter().sum();
    let mut values: Vec<Vec<f32>> = lens.iter().map(|&len| vec![0.1; len]).collect();
    let mut grads: Vec<Vec<f32>> =
        lens.iter().map(|&len| (0..len).map(|i| ((i % 101) as f32 - 50.0) * 0.01).collect()).collect();
    let slots = rules::parse(name).map_or(2, |rule| rule.slots().len());
    let bytes = elements * (12 + 8 * slots + extra);
    let mut stream = vec![1.0f32; bytes / 8];

    let (mut steps, mut limits) = (Vec::new(), Vec::new());
    for round in 0..rounds + 2 {
        let mut values: Vec<&mut [f32]> = values.iter_mut().map(|x| &mut x[..]).collect();
        let mut grads: Vec<&mut [f32]> = grads.iter_mut().map(|x| &mut x[..]).collect();
        let start = Instant::now();
        let outcome = optimizer.step(&mut values, &mut grads).expect("the case is valid");
        let step = start.elapsed();
        assert!(matches!(outcome, Outcome::Stepped { .. }));
        let start = Instant::now();
        stream.par_chunks_mut(1 << 15).for_each(scale);
        let limit = start.elapsed();
        // The first rounds touch fresh pages.
        if round >= 2 {
            steps.push(step.as_secs_f64());
            limits.push(limit.as_secs_f64());
        }
    }
    let (step, limit) = (median(steps), median(limits));
    println!(
        "{name:<36} {label:<8} {:>9.3} {:>9.3} {:>8.1} {:>6.2}",
        step * 1e3,
        limit * 1e3,
        bytes as f64 / step / 1e9,
        limit / step
    );
}

ravine::simd! {
    /// The streaming pass.
    fn scale(chunk: &mut [f32]) {
        for x in chunk {
            *x *= 1.000_000_1;
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
