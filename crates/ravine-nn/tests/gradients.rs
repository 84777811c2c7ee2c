//! Every backward against central differences, in f64.

use proptest::prelude::*;
use ravine::random::Random;
use ravine_nn::{
    Activation, Backward, CrossEntropy, Error, Forward, Layer, Linear, Loss, MeanSquared, Mode, Network,
    NetworkBuilder, Scope, Sequential, Shape, gradcheck, l2,
};

const TRAIN: Mode = Mode::Train { step: 3 };
const BOUND: f64 = 1e-6;

fn normals(n: usize, seed: u64) -> Vec<f64> {
    (0..n as u64).map(|i| Random::new(seed).normal(i)).collect()
}

fn start() -> NetworkBuilder<f64> {
    Network::builder(4)
}

/// The error under cross-entropy with 5 examples.
fn classify(mut net: Network<f64>) -> gradcheck::Report {
    let classes = net.output_shape().size() as u32;
    let labels: Vec<u32> = (0..5).map(|i| i * 7 % classes).collect();
    let x = normals(5 * net.input_shape().size(), 8);
    gradcheck::network(&mut net, &x, 5, TRAIN, |z, dz| CrossEntropy.forward_backward(z, &labels, dz)).unwrap()
}

fn assert_right(net: Result<Network<f64>, Error>) {
    let report = classify(net.unwrap());
    assert!(report.error < BOUND, "{report:?}");
}

#[test]
fn linear() {
    assert_right(start().linear(3).build(1));
    assert_right(start().linear(6).linear(3).build(1));
    assert_right(start().layer(Linear::new(6).no_bias()).layer(Linear::new(3).no_bias()).build(1));
}

#[test]
fn linear_acts_on_the_innermost_extent() {
    let net = || Network::builder([3, 4]).linear(5).tanh().linear(2);
    assert_eq!(net().build(1).unwrap().output_shape().dims(), [3, 2]);
    assert_right(net().build(1));
}

#[test]
fn activations_inside_of_linear() {
    for activation in [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu] {
        assert_right(
            start().linear(8).activation(activation).linear(6).activation(activation).linear(3).build(2),
        );
    }
}

#[test]
fn activations_as_layers() {
    for activation in [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu] {
        assert_right(start().linear(8).dropout(0.0).activation(activation).linear(3).build(2));
        assert_right(start().activation(activation).linear(3).build(2));
    }
}

#[test]
fn dropout() {
    assert_right(start().linear(16).dropout(0.3).linear(8).tanh().dropout(0.5).linear(3).build(3));
}

#[test]
fn dropout_in_evaluation() {
    let (mut net, x) = (start().linear(8).dropout(0.5).linear(1).build(3).unwrap(), normals(8, 1));
    let report = gradcheck::network(&mut net, &x, 2, Mode::Eval, |y, dy| {
        MeanSquared.forward_backward(y, &[1.0, 2.0], dy)
    });
    assert!(report.unwrap().error < BOUND);
}

#[test]
fn mean_squared() {
    let (mut net, x, target) =
        (start().linear(6).tanh().linear(3).build(4).unwrap(), normals(20, 1), normals(15, 2));
    let report =
        gradcheck::network(&mut net, &x, 5, TRAIN, |y, dy| MeanSquared.forward_backward(y, &target, dy));
    assert!(report.unwrap().error < BOUND);
}

#[test]
fn losses_by_their_inputs() {
    let (z, target, mut grad) = (normals(12, 5), normals(12, 6), vec![]);
    CrossEntropy.forward_backward(&z, &[0, 2, 1, 2], &mut grad).unwrap();
    assert!(gradcheck::check(&z, &grad, |z| CrossEntropy.forward(z, &[0, 2, 1, 2])).unwrap().error < BOUND);
    MeanSquared.forward_backward(&z, &target, &mut grad).unwrap();
    assert!(gradcheck::check(&z, &grad, |z| MeanSquared.forward(z, &target)).unwrap().error < BOUND);
    let mut grad = vec![0.0; 12];
    l2(0.3, &z, &mut grad).unwrap();
    assert!(gradcheck::check(&z, &grad, |z| l2(0.3, z, &mut [0.0; 12])).unwrap().error < BOUND);
}

/// x + body(x): layers hold layers.
#[derive(Debug)]
struct Residual {
    body: Sequential<f64>,
    branch: Vec<f64>,
    /// What the test spoils the input's gradient by.
    spoil: f64,
}

impl Layer<f64> for Residual {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, f64>) -> Result<Shape, Error> {
        self.body.build(input, &mut scope.child("body"))
    }

    fn forward(&mut self, pass: &Forward<'_, f64>, x: &[f64], y: &mut [f64]) {
        self.branch.resize(x.len(), 0.0);
        self.body.forward(pass, x, &mut self.branch);
        for ((y, x), branch) in y.iter_mut().zip(x).zip(&self.branch) {
            *y = x + branch;
        }
    }

    fn backward(
        &mut self,
        pass: &mut Backward<'_, f64>,
        x: &[f64],
        _: &[f64],
        dy: &[f64],
        dx: Option<&mut [f64]>,
    ) {
        let Some(dx) = dx else { return self.body.backward(pass, x, &self.branch, dy, None) };
        self.body.backward(pass, x, &self.branch, dy, Some(dx));
        for (dx, dy) in dx.iter_mut().zip(dy) {
            *dx += dy * (1.0 + self.spoil);
        }
    }
}

fn residual(spoil: f64) -> Network<f64> {
    let mut body = Sequential::new();
    body.push(Linear::new(6));
    body.push_activation(Activation::Tanh);
    start().linear(6).layer(Residual { body, branch: vec![], spoil }).linear(3).build(5).unwrap()
}

#[test]
fn a_layer_of_layers() {
    let net = residual(0.0);
    let names: Vec<_> = net.params().specs().iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["0.weight", "0.bias", "1.body.0.weight", "1.body.0.bias", "2.weight", "2.bias"]);
    let report = classify(net);
    assert!(report.error < BOUND, "{report:?}");
}

#[test]
fn the_check_sees_a_gradient_that_is_slightly_wrong() {
    assert!(classify(residual(1e-4)).error > 10.0 * BOUND);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn deep_networks_of_any_width(widths in prop::collection::vec(1usize..9, 1..4), seed in 0u64..1000) {
        let net = widths.iter().fold(start(), |net, &width| net.linear(width).gelu()).linear(3).build(seed).unwrap();
        let report = classify(net);
        prop_assert!(report.error < BOUND, "{:?}", report);
    }
}
