//! Laws of compact storage: of parameters in 16 bits, and of state in 16, 8 and 4.

mod common;

use common::{VARIANTS, builder, normal, params};
use proptest::prelude::*;
use ravine::simd::Level;
use ravine::{Builder, Element, Ema, Optimizer, Rounding, Storage, bf16, f16};

/// More than one task of the engine, and no round number.
const MANY: usize = 40_003;
const LENS: [usize; 3] = [257, 39_000, MANY - 257 - 39_000];

fn numbers<T: Element>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&x| T::nearest(x)).collect()
}

/// Steps with gradients of the weights plus noise that follows from the step.
fn train<T: Element>(optimizer: &mut Optimizer<T>, values: &mut [T], steps: std::ops::Range<u64>) {
    for step in steps {
        let noise = normal::<f64>(1000 + step, values.len());
        let mut grads: Vec<T> = values.iter().zip(noise).map(|(&w, x)| T::nearest(w.into() + x)).collect();
        let _ = optimizer.step_flat(values, &mut grads).unwrap();
    }
}

fn bits<T: Element>(values: &[T]) -> Vec<u64> {
    values.iter().map(|&x| Into::<f64>::into(x).to_bits()).collect()
}

/// Every way to keep numbers of type `T`.
fn ways<T: Element>() -> impl Iterator<Item = (String, impl Fn(&str) -> Builder)> {
    let all = Storage::ALL.into_iter().flat_map(|storage| Rounding::ALL.map(|rounding| (storage, rounding)));
    let compact = size_of::<T>() == 2;
    all.filter(move |(_, (_, rounding))| compact || *rounding == Rounding::Nearest).map(
        |((storage, kept), (rounding, rounds))| {
            let name = format!("{storage} {rounding} {}", std::any::type_name::<T>());
            (name, move |spec: &str| builder(spec).storage(kept).rounding(rounds).seed(7))
        },
    )
}

fn resumes_and_counts_no_threads<T: Element>() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for (name, build) in ways::<T>() {
        let build = |level| build("adam:lr=0.01").simd(level).build::<T>(&params(&LENS)).unwrap();
        let first = numbers::<T>(&normal::<f64>(1, MANY));
        let whole = pool(1).install(|| {
            let (mut optimizer, mut values) = (build(Level::Baseline), first.clone());
            train(&mut optimizer, &mut values, 0..4);
            values
        });
        let broken = pool(3).install(|| {
            let (mut optimizer, mut values) = (build(Level::widest()), first);
            train(&mut optimizer, &mut values, 0..2);
            let file = tempfile::NamedTempFile::new().unwrap();
            optimizer.save(file.path()).unwrap();
            let mut resumed = build(Level::widest());
            resumed.load(file.path()).unwrap();
            train(&mut resumed, &mut values, 2..4);
            values
        });
        assert!(bits(&whole) == bits(&broken), "{name}");
    }
}

#[test]
fn every_storage_and_rounding_resumes_to_the_bit_on_any_threads_and_width() {
    resumes_and_counts_no_threads::<f32>();
    resumes_and_counts_no_threads::<f64>();
    resumes_and_counts_no_threads::<bf16>();
    resumes_and_counts_no_threads::<f16>();
}

#[test]
fn state_of_another_storage_is_refused_by_name_and_converted_when_asked() {
    let lens = [300, 5];
    let values = || normal::<f32>(1, 305);
    let build = |storage| builder("adam:lr=0.01").storage(storage).build::<f32>(&params(&lens)).unwrap();
    for (from_name, from) in Storage::ALL {
        let (mut optimizer, mut before) = (build(from), values());
        train(&mut optimizer, &mut before, 0..5);
        let file = tempfile::NamedTempFile::new().unwrap();
        optimizer.save(file.path()).unwrap();
        for (to_name, to) in Storage::ALL.into_iter().filter(|(_, to)| *to != from) {
            let mut other = build(to);
            let error = other.load(file.path()).unwrap_err().to_string();
            // The slot of squares has no sign, and is kept in 8 bits by both.
            assert!(
                error.contains("p0/exp_avg") && error.contains("load_converted"),
                "{from_name} {to_name}: {error}"
            );
            assert_eq!(other.steps(), 0, "nothing was taken of it");
            other.load_converted(file.path()).unwrap();
            let (mut a, mut b) = (before.clone(), before.clone());
            train(&mut optimizer_of(&file, from), &mut a, 5..6);
            train(&mut other, &mut b, 5..6);
            let stray = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            // A step is 0.01 long. The least of squares are lost in 4 and 8 bits, so some steps are longer.
            assert!(stray < 0.05, "{from_name} {to_name}: {stray}");
        }
    }
    fn optimizer_of(file: &tempfile::NamedTempFile, storage: Storage) -> Optimizer<f32> {
        let mut optimizer = builder("adam:lr=0.01").storage(storage).build(&params(&[300, 5])).unwrap();
        optimizer.load(file.path()).unwrap();
        optimizer
    }
}

/// The mean of weights of 1 after 100 steps of AdamW at 1e-4 with gradients of 1: each is to be 0.99.
fn walked(rounding: Rounding) -> f64 {
    let mut optimizer =
        builder("adamw:lr=1e-4,weight_decay=0").rounding(rounding).build::<bf16>(&params(&[4096])).unwrap();
    let mut values = vec![bf16::ONE; 4096];
    for _ in 0..100 {
        let _ = optimizer.step_flat(&mut values, &mut [bf16::ONE; 4096]).unwrap();
    }
    values.iter().map(|w| w.to_f64()).sum::<f64>() / 4096.0
}

#[test]
fn small_steps_on_bf16_weights_are_lost_to_the_nearest_and_to_nothing_else() {
    assert_eq!(walked(Rounding::Nearest), 1.0);
    // bf16 has nothing nearer to 0.99 than half of 2^-8.
    for rounding in [Rounding::Kahan, Rounding::Master] {
        assert!((walked(rounding) - 0.99).abs() <= 0.5 / 256.0, "{rounding:?}");
    }
    // The mean of 4096 walks, each of some 2.6 falls of 2^-8: their standard deviation is below 0.0063.
    assert!((walked(Rounding::Stochastic) - 0.99).abs() < 5.0 * 0.0063 / 64.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn stochastic_rounding_of_a_step_is_unbiased(w in 0.5..2.0f64, step in -0.02..0.02f64, seed: u64, half: bool) {
        /// How far the mean is off, and its standard deviation; `unit` is that of the last place of numbers from 1 on.
        fn mean<T: Element>(w: f64, step: f64, seed: u64, unit: f64) -> (f64, f64) {
            const COUNT: usize = 20_000;
            let builder = builder("sgd:lr=1").rounding(Rounding::Stochastic).seed(seed);
            let mut optimizer = builder.build::<T>(&params(&[COUNT])).unwrap();
            let (w, g) = (T::nearest(w), T::nearest(step));
            let mut values = vec![w; COUNT];
            let _ = optimizer.step_flat(&mut values, &mut [g; COUNT]).unwrap();
            let mean = values.iter().map(|&w| Into::<f64>::into(w)).sum::<f64>() / COUNT as f64;
            let exact: f64 = Into::<f64>::into(w) - Into::<f64>::into(g);
            // One is up or down a unit at most, which deviates by half of that at most.
            let deviation = 0.5 * unit * exact.abs().log2().floor().exp2();
            (mean - exact, deviation / (COUNT as f64).sqrt())
        }
        let (stray, deviation) = match half {
            true => mean::<f16>(w, step, seed, 1.0 / 1024.0),
            false => mean::<bf16>(w, step, seed, 1.0 / 128.0),
        };
        // One in 1.7 million runs is farther off than 5 standard deviations.
        prop_assert!(stray.abs() <= 5.0 * deviation, "{} {}", stray, deviation);
    }

    #[test]
    fn what_is_kept_beside_the_weights_brings_them_nearer_to_full_precision(seed in 0..1000u64, lr in 1e-4..1e-3f64) {
        let spec = format!("adamw:lr={lr},weight_decay=0");
        let stray = |rounding| {
            let mut compact = builder(&spec).rounding(rounding).build::<bf16>(&params(&[512])).unwrap();
            let mut full = builder(&spec).build::<f64>(&params(&[512])).unwrap();
            let mut values: Vec<bf16> = numbers(&normal::<f64>(seed, 512));
            let mut others: Vec<f64> = values.iter().map(|w| w.to_f64()).collect();
            for step in 0..60 {
                let mut grads: Vec<bf16> = numbers(&normal::<f64>(seed + step + 1, 512).iter().map(|g| g + 0.5).collect::<Vec<_>>());
                let _ = full.step_flat(&mut others, &mut grads.iter().map(|g| g.to_f64()).collect::<Vec<_>>()).unwrap();
                let _ = compact.step_flat(&mut values, &mut grads).unwrap();
            }
            values.iter().zip(&others).map(|(w, x)| (w.to_f64() - x).powi(2)).sum::<f64>()
        };
        let nearest = stray(Rounding::Nearest);
        for rounding in [Rounding::Kahan, Rounding::Master] {
            prop_assert!(stray(rounding) < 0.5 * nearest, "{:?}", rounding);
        }
    }
}

#[test]
fn every_rule_takes_every_storage() {
    let mut failed = Vec::new();
    for spec in VARIANTS {
        for (name, storage) in Storage::ALL {
            let mut optimizer = builder(spec).storage(storage).build::<f32>(&params(&[300])).unwrap();
            let mut values = normal::<f32>(1, 300);
            let holds = (0..5).all(|step| {
                let mut grads: Vec<f32> = normal(1000 + step, 300);
                grads.iter_mut().zip(&values).for_each(|(g, w)| *g += w);
                optimizer.step_flat(&mut values, &mut grads).is_ok()
            });
            // Its variance is 0 after one gradient, so that its momentum is g / eps, beyond the largest f16.
            let beyond = spec.contains("centered=true,bias_correction=true") && storage == Storage::F16;
            if (!holds || values.iter().any(|w| !w.is_finite())) && !beyond {
                failed.push(format!("{spec} {name}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

/// An average of the weights, which is kept beside them, keeps a rule from working on the weights where they lie.
#[test]
fn bf16_has_the_same_bits_where_it_lies_as_by_way_of_f32() {
    for spec in VARIANTS {
        for rounding in [Rounding::Nearest, Rounding::Stochastic] {
            let [in_place, by_way] = [None, Some(Ema::new(0.9))].map(|average| {
                let mut builder = builder(spec).storage(Storage::Bf16).rounding(rounding).seed(7);
                if let Some(average) = average {
                    builder = builder.ema(average);
                }
                let mut optimizer = builder.build::<bf16>(&params(&[257, 1, 3000])).unwrap();
                let mut values = numbers::<bf16>(&normal::<f64>(1, 3258));
                train(&mut optimizer, &mut values, 0..4);
                bits(&values)
            });
            assert!(in_place == by_way, "{spec} {rounding:?}");
        }
    }
}

/// Where neither a row nor a column of a matrix has a gradient, the product of their mean squares is too small for f32.
#[test]
fn factored_mean_squares_stay_numbers_in_f32() {
    for spec in ["came", "came:weight_decay=0.1", "adafactor", "adafactor-paper", "adafactor-paper:beta1=0.9"]
    {
        let mut optimizer: Optimizer<f32> =
            builder(spec).build(&[ravine::ParamSpec::new("w", [3, 3])]).unwrap();
        let mut w = [1.0; 9];
        for step in 0..50 {
            let mut g = [0.0; 9];
            (g[0], g[1]) = (1.0 + (step as f32).sin(), -1e-3);
            let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        }
        assert!(w.iter().all(|w| w.is_finite()) && w[0] < 1.0, "{spec}: {w:?}");
    }
}
