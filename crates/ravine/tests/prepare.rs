//! Gradients that are clipped and centralised unit by unit.

mod common;

use common::{bits, builder, normal, shaped};
use proptest::prelude::*;
use ravine::{Math, Optimizer};

const SHAPES: [&[usize]; 4] = [&[300, 200], &[40_000], &[2, 30_000], &[4, 3, 5]];
const LEN: usize = 60_000 + 40_000 + 60_000 + 60;

fn stepped<T: Math>(threads: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut optimizer: Optimizer<T> =
        builder("sgd:lr=0.1").agc(0.01, 1e-3).centralize(true).build(&shaped(&SHAPES)).unwrap();
    let (mut values, mut grads) = (normal(1, LEN), normal(2, LEN));
    pool.install(|| optimizer.step_flat(&mut values, &mut grads)).map(drop).unwrap();
    bits(&[values, grads].concat())
}

#[test]
fn the_same_bits_for_any_threads() {
    assert!(stepped::<f32>(1) == stepped::<f32>(3));
    assert!(stepped::<f64>(1) == stepped::<f64>(2));
}

proptest! {
    /// No unit's gradient is longer than its weights allow, those that were short enough are as they were, and the
    /// directions stay.
    #[test]
    fn clipping_bounds_each_unit(seed in 0u64..999, clip in 0.01..2.0f64, scale in 0.01..100.0f64) {
        let mut optimizer: Optimizer<f64> =
            builder("sgd:lr=1").agc(clip, 1e-3).loss_scale(scale).build(&shaped(&[&[5, 4]])).unwrap();
        let (mut w, g) = (normal::<f64>(seed, 20), normal::<f64>(seed + 1, 20));
        w[..4].fill(0.0);
        let (before, mut scaled) = (w.clone(), g.iter().map(|g| g * scale).collect::<Vec<_>>());
        let _ = optimizer.step_flat(&mut w, &mut scaled).unwrap();
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        for unit in 0..5 {
            let of = |x: &[f64]| x[unit * 4..][..4].to_vec();
            let moved: Vec<f64> = of(&before).iter().zip(of(&w)).map(|(a, b)| a - b).collect();
            let most = clip * norm(&of(&before)).max(1e-3);
            let factor = (most / norm(&of(&g))).min(1.0);
            for (moved, g) in moved.iter().zip(of(&g)) {
                prop_assert!((moved - g * factor).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn centralised_gradients_leave_the_sum_of_each_unit_alone(seed in 0u64..999) {
        let mut optimizer: Optimizer<f64> =
            builder("sgd:lr=1").centralize(true).build(&shaped(&[&[3, 2, 4], &[5]])).unwrap();
        let (mut w, mut g) = (normal::<f64>(seed, 29), normal::<f64>(seed + 1, 29));
        let before = w.clone();
        let expected: Vec<f64> = before[24..].iter().zip(&g[24..]).map(|(w, g)| w - g).collect();
        let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        for unit in 0..3 {
            let sum = |x: &[f64]| x[unit * 8..][..8].iter().sum::<f64>();
            prop_assert!((sum(&w) - sum(&before)).abs() < 1e-13);
        }
        prop_assert_eq!(&w[24..], &expected[..], "a vector is left alone");
    }
}

#[test]
fn the_gradient_of_what_is_frozen_is_left_alone() {
    let mut optimizer: Optimizer<f32> = builder("sgd:lr=1")
        .agc(0.01, 1e-3)
        .centralize(true)
        .freeze("p0")
        .build(&shaped(&[&[2, 2], &[2, 2]]))
        .unwrap();
    let (mut values, mut grads) = ([1.0; 8], [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);
    let _ = optimizer.step_flat(&mut values, &mut grads).unwrap();
    assert_eq!(grads[..4], [1.0, 2.0, 3.0, 4.0]);
    assert!(grads[4..] != [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_refused_step_leaves_the_gradient_as_it_was() {
    let mut optimizer: Optimizer<f32> =
        builder("sgd:lr=1").agc(0.01, 1e-3).centralize(true).build(&shaped(&[&[2, 2], &[1]])).unwrap();
    let mut grads = [1.0, 2.0, 3.0, 4.0, f32::NAN];
    let before = grads;
    assert!(optimizer.step_flat(&mut [1.0; 5], &mut grads).is_err());
    assert_eq!(bits(&grads), bits(&before));
}

#[test]
fn limits_that_are_none_are_refused() {
    for (clip, eps, expected) in [(0.0, 1e-3, "the clip of agc"), (0.01, f64::NAN, "the eps of agc")] {
        let error = builder("sgd").agc(clip, eps).build::<f32>(&shaped(&[&[1]])).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("above 0"), "{error}");
    }
}
