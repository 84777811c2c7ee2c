//! Layers over sequences: gradients, PyTorch's values, the same bits for any number of threads, errors.

use proptest::prelude::*;
use ravine::random::Random;
use ravine_nn::{
    Activation, CausalSelfAttention, CrossEntropy, Embedding, EmbeddingBag, Float, LastStep, Layer,
    LayerNorm, Linear, Loss, Lstm, MeanSquared, Mode, Network, Positions, Residual, Sequential, gradcheck,
};

const TRAIN: Mode = Mode::Train { step: 3 };
const BOUND: f64 = 1e-6;

fn normals(n: usize, seed: u64) -> Vec<f64> {
    (0..n as u64).map(|i| Random::new(seed).normal(i)).collect()
}

/// sin(0.7 i + phase): what the reference values were computed from.
fn wave(n: usize, phase: f64) -> Vec<f64> {
    (0..n).map(|i| (0.7 * i as f64 + phase).sin()).collect()
}

fn assert_right(mut net: Network<f64>, x: &[f64]) {
    let batch = x.len() / net.input_shape().size();
    let target = normals(batch * net.output_shape().size(), 9);
    let report =
        gradcheck::network(&mut net, x, batch, TRAIN, |y, dy| MeanSquared.forward_backward(y, &target, dy))
            .unwrap();
    assert!(report.error < BOUND, "{report:?}");
}

/// A layer behind one with parameters, whose gradients are then those by its input.
fn assert_right_inside(time: usize, features: usize, batch: usize, layer: impl Layer<f64> + 'static) {
    let net = Network::builder([time, 3]).linear(features).layer(layer).build(1).unwrap();
    assert_right(net, &normals(batch * time * 3, 8));
}

#[test]
fn gradients_of_layer_norm() {
    for features in [1, 5, 16, 37] {
        assert_right_inside(4, features, 3, LayerNorm::new());
    }
    assert_right(Network::builder([2, 7]).layer(LayerNorm::new()).build(1).unwrap(), &normals(28, 2));
}

#[test]
fn gradients_of_positions() {
    assert_right_inside(5, 4, 3, Positions::new());
}

#[test]
fn gradients_of_the_last_step() {
    assert_right_inside(5, 4, 3, LastStep::new());
    let mut net = Network::builder([3, 2]).layer(LastStep::new()).build(1).unwrap();
    assert_eq!(
        net.forward(&wave(12, 0.0), 2, TRAIN).unwrap(),
        [wave(12, 0.0)[4..6].to_vec(), wave(12, 0.0)[10..].to_vec()].concat()
    );
}

#[test]
fn gradients_of_embeddings() {
    let ids: Vec<f64> = (0..24).map(|i| f64::from(i * i % 7)).collect();
    assert_right(Network::builder(6).layer(Embedding::new(9, 4)).linear(3).build(1).unwrap(), &ids);
    let pairs: Vec<f64> = ids.iter().zip(normals(24, 3)).flat_map(|(&id, weight)| [id, weight]).collect();
    assert_right(
        Network::builder([2, 6, 2]).layer(EmbeddingBag::new(9, 4)).linear(3).build(1).unwrap(),
        &pairs,
    );
}

/// Gives each slot the number of a row, and what it was given as the weight.
#[derive(Debug)]
struct Numbered;

impl Layer<f64> for Numbered {
    fn build(
        &mut self,
        input: &ravine_nn::Shape,
        _: &mut ravine_nn::Scope<'_, f64>,
    ) -> Result<ravine_nn::Shape, ravine_nn::Error> {
        Ok([input.size(), 2].into())
    }

    fn forward(&mut self, _: &ravine_nn::Forward<'_, f64>, x: &[f64], y: &mut [f64]) {
        for (i, (y, &x)) in y.chunks_exact_mut(2).zip(x).enumerate() {
            y.copy_from_slice(&[(i % 4) as f64, x]);
        }
    }

    fn backward(
        &mut self,
        _: &mut ravine_nn::Backward<'_, f64>,
        _: &[f64],
        _: &[f64],
        dy: &[f64],
        dx: Option<&mut [f64]>,
    ) {
        for (dx, dy) in dx.unwrap().iter_mut().zip(dy.chunks_exact(2)) {
            *dx = dy[1];
        }
    }
}

#[test]
fn gradients_of_a_bag_by_its_weights() {
    let net = Network::builder(3).linear(5).layer(Numbered).layer(EmbeddingBag::new(4, 6)).build(1).unwrap();
    assert_right(net, &normals(12, 4));
}

#[test]
fn gradients_of_attention() {
    // One block of queries; several, of which the last is not full.
    assert_right_inside(5, 6, 2, CausalSelfAttention::new(2));
    assert_right_inside(70, 2, 1, CausalSelfAttention::new(1));
    assert_right(
        Network::builder([1, 4]).layer(CausalSelfAttention::new(4)).build(1).unwrap(),
        &normals(8, 2),
    );
}

#[test]
fn gradients_of_the_lstm() {
    assert_right_inside(6, 4, 3, Lstm::new(5));
    assert_right_inside(4, 3, 18, Lstm::new(2).bidirectional());
    assert_right(Network::builder([1, 4]).layer(Lstm::new(3)).build(1).unwrap(), &normals(8, 2));
}

#[test]
fn gradients_of_a_small_gpt() {
    let (mut attend, mut think) = (Sequential::new(), Sequential::new());
    attend.push(LayerNorm::new());
    attend.push(CausalSelfAttention::new(2));
    think.push(LayerNorm::new());
    think.push(Linear::new(12));
    think.push_activation(Activation::Gelu);
    think.push(Linear::new(4));
    let net = Network::builder(6).layer(Embedding::new(7, 4)).layer(Positions::new());
    let net = net.layer(Residual::new(attend)).layer(Residual::new(think)).layer(LayerNorm::new()).linear(3);
    let ids: Vec<f64> = (0..12).map(|i| f64::from(i * 5 % 7)).collect();
    assert_right(net.build(1).unwrap(), &ids);
}

/// Loss, three results, the norm of the gradient and three of its values, as PyTorch 2.15 gives them.
fn assert_as_pytorch(
    layer: impl Layer<f64> + 'static,
    time: usize,
    features: usize,
    batch: usize,
    expected: [f64; 8],
) {
    let mut net = Network::builder([time, features]).layer(layer).build(1).unwrap();
    let start: Vec<f64> = wave(net.params().len(), 0.3).iter().map(|v| 0.5 * v).collect();
    net.params_mut().values_mut().copy_from_slice(&start);
    let y = net.forward(&wave(batch * time * features, 2.0), batch, TRAIN).unwrap().to_vec();
    let mut dy = vec![];
    let loss = MeanSquared.forward_backward(&y, &wave(y.len(), 1.1), &mut dy).unwrap();
    net.backward(&dy).unwrap();
    let g = net.params().grads();
    let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt();
    let got = [loss, y[0], y[y.len() / 2], y[y.len() - 1], norm, g[0], g[g.len() / 2], g[g.len() - 1]];
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
}

#[test]
fn values_of_pytorch() {
    let lstm = [0.524869879649347, 0.0314746980194631, 0.115746770795183, -0.353662488270851];
    let grads = [0.0679093528465532, -0.00108687366715407, 0.000217960446217232, 0.0122606424726546];
    assert_as_pytorch(Lstm::new(4), 5, 3, 2, join(lstm, grads));
    let lstm = [0.534184650640656, 0.0314746980194631, 0.115746770795183, -0.226667572886396];
    let grads = [0.0535102584805254, 3.16680154705592e-05, 0.000210212418396285, 0.00610622657287714];
    assert_as_pytorch(Lstm::new(4).bidirectional(), 5, 3, 2, join(lstm, grads));
    let norm = [0.549390246141876, -0.24409474254318, 0.508758795135922, 0.0224544124018498];
    let grads = [0.461312211193109, -0.177057677540173, -0.166275975593423, 0.184518728697568];
    assert_as_pytorch(LayerNorm::new(), 3, 6, 1, join(norm, grads));
    let attention = [0.833967245146435, -0.230430147022082, -0.0224783878321599, 0.244046921467622];
    let grads = [1.34055617233892, 0.00126055861515181, -0.131589332391115, 0.0874896726173417];
    assert_as_pytorch(CausalSelfAttention::new(2), 5, 6, 2, join(attention, grads));
}

fn join(values: [f64; 4], grads: [f64; 4]) -> [f64; 8] {
    std::array::from_fn(|i| if i < 4 { values[i] } else { grads[i - 4] })
}

/// Results and gradients of one pass, as bits.
fn bits<T: Float>(threads: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        // Sizes that split in every layer and divide by nothing.
        let mut attend = Sequential::new();
        attend.push(LayerNorm::new());
        attend.push(CausalSelfAttention::new(3));
        let net = Network::<T>::builder(67).layer(Embedding::new(29, 51)).layer(Positions::new());
        let net = net.layer(Residual::new(attend)).layer(Lstm::new(37).bidirectional()).linear(11);
        let mut net = net.build(9).unwrap();
        let ids: Vec<T> = (0..67 * 37).map(|i| T::from_f64(f64::from(i * i % 29))).collect();
        let labels: Vec<u32> = (0..67 * 37).map(|i| i * 7 % 11).collect();
        let mut dy = vec![];
        let y = net.forward(&ids, 37, TRAIN).unwrap();
        CrossEntropy.forward_backward(y, &labels, &mut dy).unwrap();
        let results: Vec<u64> = y.iter().map(|y| y.to_f64().to_bits()).collect();
        net.backward(&dy).unwrap();
        results.into_iter().chain(net.params().grads().iter().map(|g| g.to_f64().to_bits())).collect()
    })
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let (single, double) = (bits::<f32>(1), bits::<f64>(1));
    for threads in [2, 3, 8] {
        assert!(bits::<f32>(threads) == single, "f32, {threads} threads");
        assert!(bits::<f64>(threads) == double, "f64, {threads} threads");
    }
    let distance = single.iter().zip(&double).map(|(&a, &b)| (f64::from_bits(a) - f64::from_bits(b)).abs());
    assert!(distance.fold(0.0, f64::max) < 5e-6);
}

#[test]
fn the_future_does_not_change_the_past() {
    let mut net = Network::<f64>::builder([40, 6]).layer(CausalSelfAttention::new(2)).build(1).unwrap();
    let mut x = normals(240, 5);
    let before = net.forward(&x, 1, TRAIN).unwrap()[..6 * 35].to_vec();
    x[6 * 35..].iter_mut().for_each(|x| *x *= -30.0);
    assert_eq!(net.forward(&x, 1, TRAIN).unwrap()[..6 * 35], before);
}

#[test]
fn steps_reuse_buffers_whatever_the_batch() {
    let net = Network::<f32>::builder(9).layer(Embedding::new(7, 6)).layer(CausalSelfAttention::new(2));
    let mut net = net.layer(Lstm::new(4)).build(1).unwrap();
    let ids: Vec<f32> = (0..9 * 20).map(|i| (i % 7) as f32).collect();
    let mut pass = |batch: usize| {
        net.params_mut().zero_grads();
        let y = net.forward(&ids[..9 * batch], batch, TRAIN).unwrap().to_vec();
        net.backward(&y).unwrap();
        (y, net.params().grads().to_vec())
    };
    let fresh = pass(2);
    pass(20);
    pass(1);
    assert_eq!(pass(2), fresh);
}

#[test]
fn wrong_numbers_of_rows_are_named_and_nothing_panics() {
    let mut net = Network::<f32>::builder(3).linear(3).layer(Embedding::new(5, 2)).build(1).unwrap();
    assert!(net.forward(&[0.1, 0.2, 0.3], 1, TRAIN).is_err());
    assert_eq!(net.backward(&[0.0; 6]).unwrap_err().to_string(), "backward needs a forward pass before it");
    let mut net = Network::<f32>::builder(3).layer(Embedding::new(5, 2)).build(1).unwrap();
    for (bad, shown) in [(5.0, "5"), (-1.0, "-1"), (0.5, "0.5"), (f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let message = net.forward(&[0.0, 4.0, 1.0, 2.0, bad, bad], 2, TRAIN).unwrap_err().to_string();
        let expected =
            format!("layer 0: value 4 of the batch must be the number of a row, 0 to 4, got {shown}");
        assert_eq!(message, expected);
    }
    assert!(net.forward(&[0.0, 4.0, 1.0], 1, TRAIN).is_ok());
}

#[test]
fn layers_that_cannot_be_built_are_named() {
    fn message(input: &[usize], layer: impl Layer<f64> + 'static) -> String {
        Network::builder(input).layer(layer).build(1).unwrap_err().to_string()
    }
    let attention = message(&[4, 6], CausalSelfAttention::new(4));
    assert_eq!(attention, "layer 0: 6 features cannot be split into 4 heads");
    assert!(message(&[4, 6], CausalSelfAttention::new(0)).contains("0 heads"));
    let shape = "layer 0: attention needs examples of shape [time, features], got [6]";
    assert_eq!(message(&[6], CausalSelfAttention::new(2)), shape);
    assert_eq!(
        message(&[6], Lstm::new(2)),
        "layer 0: an LSTM needs examples of shape [time, features], got [6]"
    );
    assert_eq!(message(&[6, 2], Lstm::new(0)), "layer 0: an LSTM needs at least one hidden unit, got 0");
    let table = "layer 0: an embedding needs at least one row and one value in it, got 0 x 3";
    assert_eq!(message(&[6], Embedding::new(0, 3)), table);
    let bag = "layer 0: a bag of rows needs examples of shape [.., slots, 2], got [6, 3]";
    assert_eq!(message(&[6, 3], EmbeddingBag::new(4, 3)), bag);
}

fn rows_touched(net: &Network<f64>) -> Vec<(usize, usize, Vec<usize>)> {
    let mut rows = vec![];
    net.sparse_rows(&mut |sparse| rows.push((sparse.range.start, sparse.width, sparse.rows.to_vec())));
    rows
}

#[test]
fn sparse_rows_are_those_with_a_gradient() {
    let mut body = Sequential::new();
    body.push(EmbeddingBag::new(8, 3));
    let mut net = Network::builder([2, 2]).layer(body).linear(1).build(1).unwrap();
    net.forward(&[6.0, 0.5, 0.0, 0.0, 2.0, 1.0, 6.0, 2.0], 2, TRAIN).unwrap();
    net.backward(&[1.0, 1.0]).unwrap();
    assert_eq!(rows_touched(&net), [(0, 3, vec![2, 6])]);
    let moved = |row: &usize| net.params().grads()[row * 3..][..3].iter().any(|&g| g != 0.0);
    assert_eq!((0..8).filter(moved).collect::<Vec<_>>(), [2, 6]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_bag_is_a_product_with_a_dense_row(pairs in prop::collection::vec((0usize..7, -2.0f64..2.0), 5)) {
        let mut bag = Network::builder([5, 2]).layer(EmbeddingBag::new(7, 3)).build(1).unwrap();
        let mut dense = Network::builder(7).layer(Linear::new(3).no_bias()).build(1).unwrap();
        let mut x = [0.0; 7];
        pairs.iter().for_each(|&(row, weight)| x[row] += weight);
        for i in 0..21 {
            dense.params_mut().values_mut()[i] = bag.params().values()[i % 7 * 3 + i / 7];
        }
        let flat: Vec<f64> = pairs.iter().flat_map(|&(row, weight)| [row as f64, weight]).collect();
        let (a, b) = (bag.forward(&flat, 1, TRAIN).unwrap(), dense.forward(&x, 1, TRAIN).unwrap());
        prop_assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-13));
    }
}
