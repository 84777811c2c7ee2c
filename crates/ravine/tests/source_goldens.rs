//! The numbers that textbook code for gradient descent and its kin prints, through the real engine.
//!
//! The functions and settings are those of the optimization chapter of "Dive into Deep Learning", which course notes
//! and slides reproduce; the digits were computed in f64.

use ravine::{Optimizer, Outcome, ParamSpec, random::Random, rules};

/// Where `steps` steps of a rule lead from `start` down a function of this gradient.
fn descend<const D: usize>(
    spec: &str,
    start: [f64; D],
    steps: usize,
    gradient: impl Fn([f64; D]) -> [f64; D],
) -> [f64; D] {
    let rule = rules::parse(spec).unwrap();
    let mut optimizer = Optimizer::builder_boxed(rule).build(&[ParamSpec::new("x", [D])]).unwrap();
    let mut x = start;
    for _ in 0..steps {
        let mut g = gradient(x);
        let outcome = optimizer.step(&mut [&mut x], &mut [&mut g]).unwrap();
        assert!(matches!(outcome, Outcome::Stepped { .. }));
    }
    x
}

#[track_caller]
fn assert_near<const D: usize>(x: [f64; D], golden: [f64; D]) {
    for (x, golden) in x.into_iter().zip(golden) {
        assert!((x - golden).abs() <= 6e-7 * (1.0 + golden.abs()), "{x} instead of {golden}");
    }
}

/// Of x1^2 + 2 x2^2.
fn bowl([x, y]: [f64; 2]) -> [f64; 2] {
    [2.0 * x, 4.0 * y]
}

/// Of 0.1 x1^2 + 2 x2^2.
fn ravine([x, y]: [f64; 2]) -> [f64; 2] {
    [0.2 * x, 4.0 * y]
}

/// Of x cos(0.15 pi x).
fn waves([x]: [f64; 1]) -> [f64; 1] {
    let c = 0.15 * std::f64::consts::PI;
    [(c * x).cos() - c * x * (c * x).sin()]
}

const START: [f64; 2] = [-5.0, -2.0];

#[test]
fn gradient_descent_in_one_dimension() {
    let square = |[x]: [f64; 1]| [2.0 * x];
    assert_near(descend("sgd:lr=0.2", [10.0], 10, square), [0.060466]);
    assert_near(descend("sgd:lr=0.05", [10.0], 10, square), [3.486784]);
    assert_near(descend("sgd:lr=1.1", [10.0], 10, square), [61.917364]);
    assert_near(descend("sgd:lr=2", [10.0], 10, waves), [-1.528166]);
}

#[test]
fn a_large_learning_rate_ends_in_a_worse_minimum_of_the_waves() {
    assert_near(descend("sgd:lr=2", [10.0], 100, waves), [-1.820831]);
    for lr in ["0.2", "0.5", "1"] {
        assert_near(descend(&format!("sgd:lr={lr}"), [10.0], 100, waves), [7.269388]);
    }
}

#[test]
fn local_and_global_minimum_of_x_cos_pi_x() {
    let f = |x: f64| x * (std::f64::consts::PI * x).cos();
    let gradient = |[x]: [f64; 1]| {
        let pi = std::f64::consts::PI;
        [(pi * x).cos() - pi * x * (pi * x).sin()]
    };
    for (start, x, value) in [(0.0, -0.273853, -0.178603), (1.5, 1.090408, -1.046721)] {
        let [end] = descend("sgd:lr=0.02", [start], 2000, gradient);
        assert_near([end, f(end)], [x, value]);
    }
}

#[test]
fn gradient_descent_in_two_dimensions() {
    assert_near(descend("sgd:lr=0.1", START, 20, bowl), [-0.057646, -0.000073]);
    assert_near(descend("sgd:lr=0.4", START, 20, ravine), [-0.943467, -0.000073]);
    assert_near(descend("sgd:lr=0.6", START, 20, ravine), [-0.387814, -1673.365109]);
}

#[test]
fn momentum_crosses_the_ravine() {
    assert_near(descend("sgd:lr=0.6,momentum=0.5", START, 20, ravine), [0.007188, 0.002553]);
    assert_near(descend("sgd:lr=0.6,momentum=0.25", START, 20, ravine), [-0.126340, -0.186632]);
}

/// The printed program has 4 v2 for the second derivative, which never moves that coordinate.
#[test]
fn the_printed_momentum_program_does_not_move_its_second_coordinate() {
    let (mut x, mut v) = (START, [0.0; 2]);
    for _ in 0..20 {
        v = [0.25 * v[0] + 0.2 * x[0], 0.25 * v[1] + 4.0 * v[1]];
        x = [x[0] - 0.6 * v[0], x[1] - 0.6 * v[1]];
    }
    assert_near(x, [-0.126340, -2.0]);
}

/// With curvature L the heavy ball converges for lr L < 2 (1 + b), Nesterov for lr L < 2 (1 + b) / (1 + 2 b). Here
/// lr L = 2.4, b = 0.5: the limits are 3 and 1.5.
#[test]
fn nesterov_diverges_where_the_heavy_ball_converges() {
    let [_, y] = descend("sgd:lr=0.6,momentum=0.5,nesterov=true", START, 20, ravine);
    assert!((y / -8.14e7 - 1.0).abs() < 1e-3, "{y}");
}

#[test]
fn adagrad() {
    assert_near(
        descend("adagrad:lr=0.4,eps=1e-6,eps_in_sqrt=true", START, 20, ravine),
        [-2.382563, -0.158591],
    );
    assert_near(descend("adagrad:lr=2,eps=1e-6,eps_in_sqrt=true", START, 20, ravine), [-0.002295, 0.0]);
    // Scaling a coordinate of the function changes nothing.
    assert_near(descend("adagrad:lr=0.4,eps=1e-6,eps_in_sqrt=true", START, 20, bowl), [-2.382562, -0.158591]);
}

#[test]
fn rmsprop() {
    let spec = "rmsprop:lr=0.4,alpha=0.9,eps=1e-6,eps_in_sqrt=true";
    assert_near(descend(spec, START, 20, ravine), [-0.010599, 0.0]);
}

#[test]
fn adam_with_and_without_bias_correction() {
    assert_near(descend("adam:lr=0.4,eps=1e-6", START, 20, ravine), [0.996029, -0.212750]);
    assert_near(
        descend("adam:lr=0.4,eps=1e-6,bias_correction=false", START, 20, ravine),
        [0.384875, -0.557979],
    );
}

/// "AdaGrad" written with the norm of the present gradient instead of the sum of all squares is a normalised gradient:
/// every step is as long as the learning rate.
#[test]
fn adagrad_without_its_sum_is_a_normalised_gradient() {
    let mut x = START;
    for _ in 0..20 {
        let g = ravine(x);
        let norm = (g[0] * g[0] + g[1] * g[1] + 1e-10f64).sqrt();
        x = [x[0] - 0.4 * g[0] / norm, x[1] - 0.4 * g[1] / norm];
    }
    assert!((x[0] + 0.8675).abs() < 5e-5 && (x[1] - 0.1948).abs() < 5e-5, "{x:?}");
}

/// With N(0, 1) on each gradient the iterates settle to a standard deviation of sqrt(lr / (L (2 - lr L))).
#[test]
fn noisy_descent_settles_to_the_stationary_variance() {
    let (lr, curvature, seeds) = (0.1, [2.0, 4.0], 2000);
    let noise = Random::new(0);
    let rule = rules::Sgd { lr, ..Default::default() };
    let mut optimizer = Optimizer::builder(rule).build(&[ParamSpec::new("x", [2 * seeds])]).unwrap();
    let mut x = [-5.0, -2.0].repeat(seeds);
    for step in 0..200 {
        let noise = noise.stream(step);
        let mut g: Vec<f64> =
            x.iter().enumerate().map(|(i, x)| curvature[i % 2] * x + noise.normal(i as u64)).collect();
        let _ = optimizer.step(&mut [&mut x], &mut [&mut g]).unwrap();
    }
    for (coordinate, curvature) in curvature.into_iter().enumerate() {
        let squares: f64 = x.iter().skip(coordinate).step_by(2).map(|x| x * x).sum();
        let theory = (lr / (curvature * (2.0 - lr * curvature))).sqrt();
        let measured = (squares / seeds as f64).sqrt();
        // Four standard errors of a standard deviation.
        let error = theory / (2.0 * seeds as f64).sqrt();
        assert!((measured - theory).abs() < 4.0 * error, "{measured} instead of {theory}");
    }
}

/// The first step of Adam is the learning rate, without bias correction (1 - b1) / sqrt(1 - b2) = 3.162 of it.
#[test]
fn adams_first_step() {
    for (spec, length) in [("adam:lr=1", 1.0), ("adam:lr=1,bias_correction=false", 0.1 / 0.001f64.sqrt())] {
        let [x] = descend(spec, [0.0], 1, |_| [1.0]);
        assert!((x + length).abs() < 1e-6, "{spec}: {x}");
    }
}

/// Kingma and Ba, section 2.1: a gradient after long silence moves by at most lr (1 - b1) / sqrt(1 - b2).
#[test]
fn adams_step_is_bounded() {
    let rule = rules::parse("adam:lr=1,eps=0").unwrap();
    let mut optimizer = Optimizer::builder_boxed(rule).build(&[ParamSpec::new("x", [1])]).unwrap();
    let mut x = [0.0f64];
    for step in 0..10_000 {
        let mut g = [if step == 9_999 { 1.0 } else { 1e-12 }];
        let before = x[0];
        let _ = optimizer.step(&mut [&mut x], &mut [&mut g]).unwrap();
        let bound = 0.1 / 0.001f64.sqrt();
        let length = (x[0] - before).abs();
        assert!(length <= bound * (1.0 + 1e-3), "step {step}: {length}");
        if step == 9_999 {
            assert!(length > 0.99 * bound, "the bound is reached: {length}");
        }
    }
}

/// Constant gradients: AdaGrad's step falls as 1 / sqrt(t).
#[test]
fn adagrad_stalls() {
    let distance = |steps| descend("adagrad:lr=1", [0.0], steps, |_| [3.0])[0];
    for t in [1, 10, 1000] {
        let step = distance(t - 1) - distance(t);
        assert!((step * (t as f64).sqrt() - 1.0).abs() < 1e-6, "{t}: {step}");
    }
}
