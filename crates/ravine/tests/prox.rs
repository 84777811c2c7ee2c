//! Proximal rules on problems whose minima are known.

mod common;

use common::{builder, normal, shaped};
use proptest::prelude::*;
use ravine::{Optimizer, linalg};

/// 1/2 x A x - b x + 0.3 |x|_1, with its minimum at (1, -0.6).
const A: [[f64; 2]; 2] = [[1.0, 0.5], [0.5, 2.0]];
const B: [f64; 2] = [1.0, -1.0];
const STRENGTH: f64 = 0.3;
const MINIMUM: [f64; 2] = [1.0, -0.6];

fn gradient(x: &[f64]) -> [f64; 2] {
    [0, 1].map(|i| A[i][0] * x[0] + A[i][1] * x[1] - B[i])
}

fn objective(x: &[f64]) -> f64 {
    let g = gradient(x);
    (0..2).map(|i| 0.5 * x[i] * (g[i] - B[i]) + STRENGTH * x[i].abs()).sum()
}

/// The larger eigenvalue of A.
fn largest() -> f64 {
    (3.0 + 2f64.sqrt()) / 2.0
}

/// The weights to evaluate with after each step from `start`.
fn path(spec: &str, start: [f64; 2], steps: usize) -> Vec<[f64; 2]> {
    let mut optimizer: Optimizer<f64> = builder(spec).build(&shaped(&[&[2]])).unwrap();
    let mut w = start;
    let mut step = || {
        let mut g = gradient(&w);
        let _ = optimizer.step(&mut [&mut w], &mut [&mut g]).unwrap();
        let evaluation = optimizer.evaluation(&[&w]).unwrap();
        [evaluation.tensor(0)[0], evaluation.tensor(0)[1]]
    };
    (0..steps).map(|_| step()).collect()
}

#[test]
fn the_lasso_of_two_is_solved_and_its_residual_is_the_strength() {
    let lr = 1.0 / largest();
    for (spec, steps, tolerance) in [
        (format!("ista:lr={lr},strength={STRENGTH}"), 200, 1e-15),
        (format!("fista:lr={lr},strength={STRENGTH}"), 2000, 1e-12),
        (format!("fista-restart:lr={lr},strength={STRENGTH}"), 200, 1e-15),
        (format!("prox-adam:lr=0.01,betas=0/0.999,strength={STRENGTH}"), 20_000, 1e-9),
    ] {
        let x = *path(&spec, [0.0; 2], steps).last().unwrap();
        for i in 0..2 {
            assert!((x[i] - MINIMUM[i]).abs() <= tolerance, "{spec}: {x:?}");
            assert!((gradient(&x)[i] + STRENGTH * MINIMUM[i].signum()).abs() <= 3.0 * tolerance, "{spec}");
        }
    }
}

proptest! {
    /// Beck and Teboulle, theorems 3.1 and 4.4.
    #[test]
    fn objectives_fall_at_least_as_fast_as_the_theorems_say(a in -9.0..9.0f64, b in -9.0..9.0f64) {
        let (start, l) = ([a, b], largest());
        let distance = (a - MINIMUM[0]).powi(2) + (b - MINIMUM[1]).powi(2);
        let above = |x: &[f64; 2]| objective(x) - objective(&MINIMUM);
        let lr = 1.0 / l;
        for (k, x) in (1..).zip(path(&format!("ista:lr={lr},strength={STRENGTH}"), start, 60)) {
            prop_assert!(above(&x) <= l * distance / (2.0 * f64::from(k)) + 1e-12);
        }
        for (k, x) in (1..).zip(path(&format!("fista:lr={lr},strength={STRENGTH}"), start, 60)) {
            prop_assert!(above(&x) <= 2.0 * l * distance / f64::from(k + 1).powi(2) + 1e-12);
        }
    }
}

/// After any step of any gradient.
#[test]
fn constraints_hold_and_structure_appears() {
    let shapes: [&[usize]; 2] = [&[4, 5], &[6]];
    for rule in ["prox-sgd", "fista", "prox-adam"] {
        let after = |options: &str| {
            let mut optimizer: Optimizer<f64> =
                builder(&format!("{rule}:lr=0.1,{options}")).build(&shaped(&shapes)).unwrap();
            let (mut a, mut b) = (normal::<f64>(1, 20), normal::<f64>(2, 6));
            for step in 0..5 {
                let (mut g, mut h) = (normal::<f64>(10 + step, 20), normal::<f64>(20 + step, 6));
                let _ = optimizer.step(&mut [&mut a, &mut b], &mut [&mut g, &mut h]).unwrap();
            }
            let evaluation = optimizer.evaluation(&[&a, &b]).unwrap();
            [evaluation.tensor(0).to_vec(), evaluation.tensor(1).to_vec()]
        };
        let zeros = |x: &[f64]| x.iter().filter(|&&x| x == 0.0).count();
        let [a, b] = after("prox=box,bounds=-0.5/0.25");
        assert!(a.iter().chain(&b).all(|x| (-0.5..=0.25).contains(x)), "{rule}");
        let [a, b] = after("prox=non-negative");
        assert!(a.iter().chain(&b).all(|&x| x >= 0.0) && zeros(&a) > 0, "{rule}");
        let [a, b] = after("prox=simplex,sum=2");
        for unit in a.chunks(5).chain([&b[..]]) {
            assert!(
                (unit.iter().sum::<f64>() - 2.0).abs() < 1e-12 && unit.iter().all(|&x| x >= 0.0),
                "{rule}"
            );
        }
        let [a, _] = after("prox=l1,strength=2");
        assert!(zeros(&a) > 0 && zeros(&a) < 20, "{rule}: {a:?}");
        let [a, b] = after("prox=group-lasso,strength=100");
        assert_eq!((zeros(&a), zeros(&b)), (20, 6), "{rule}");
        if rule != "prox-adam" {
            let [a, _] = after("prox=nuclear,strength=5");
            let s = linalg::svd(&a, 4, 5).unwrap().1;
            assert!(s[0] > 0.1 && s[3] < 1e-12, "{rule}: {s:?}");
        }
    }
}

#[test]
fn penalties_that_cannot_be_are_refused() {
    let error = |text: &str| ravine::rules::parse(text).err().unwrap().to_string();
    assert!(
        error("prox-adam:prox=nuclear").contains("no closed form in its metric"),
        "{}",
        error("prox-adam:prox=nuclear")
    );
    assert!(error("fista:prox=box,bounds=1/0").contains("must not be above the upper"));
    assert!(error("prox-sgd:prox=l3").contains("l1 or elastic-net"));
}
