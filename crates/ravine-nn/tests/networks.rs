//! Networks as a whole: laws, determinism, errors.

use proptest::prelude::*;
use ravine::random::Random;
use ravine_nn::{Activation, CrossEntropy, Float, Init, Linear, Loss, Mode, Network};

const TRAIN: Mode = Mode::Train { step: 0 };

fn uniforms<T: Float>(n: usize, seed: u64) -> Vec<T> {
    (0..n as u64).map(|i| T::from_f64(Random::new(seed).uniform(i))).collect()
}

/// Loss, results and gradients of one pass, as bits.
fn bits<T: Float>(threads: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        // Large enough that every parallel path splits, with sizes that divide by nothing.
        let net =
            Network::<T>::builder(301).linear(517).relu().dropout(0.2).linear(259).gelu().linear(83).tanh();
        let mut net = net.linear(11).build(9).unwrap();
        let (x, mut dy) = (uniforms::<T>(301 * 611, 1), vec![]);
        let labels: Vec<u32> = (0..611).map(|i| i * i % 11).collect();
        let y = net.forward(&x, 611, TRAIN).unwrap();
        let loss = CrossEntropy.forward_backward(y, &labels, &mut dy).unwrap();
        let results =
            [loss].into_iter().chain(y.iter().map(|y| y.to_f64())).map(f64::to_bits).collect::<Vec<_>>();
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
}

#[test]
fn f32_agrees_with_f64() {
    let (single, double) = (bits::<f32>(2), bits::<f64>(2));
    // Both draw the same parameters and masks, f32 rounded.
    let worst = single
        .iter()
        .zip(&double)
        .map(|(&a, &b)| (f64::from_bits(a) - f64::from_bits(b)).abs())
        .fold(0.0, f64::max);
    assert!(worst < 2e-5, "{worst}");
}

#[test]
fn steps_reuse_buffers_whatever_the_batch() {
    let mut net = Network::<f32>::builder(6).linear(5).gelu().dropout(0.5).linear(2).build(1).unwrap();
    let x = uniforms::<f32>(6 * 9, 2);
    let fresh = net.forward(&x[..12], 2, TRAIN).unwrap().to_vec();
    net.forward(&x, 9, TRAIN).unwrap();
    net.forward(&x[..6], 1, Mode::Eval).unwrap();
    assert_eq!(net.forward(&x[..12], 2, TRAIN).unwrap(), fresh);
}

#[test]
fn gradients_add_up() {
    let mut net = Network::<f64>::builder(3).linear(4).tanh().linear(2).build(1).unwrap();
    let x = uniforms::<f64>(6, 3);
    net.forward(&x, 2, TRAIN).unwrap();
    net.backward(&[1.0, -1.0, 0.5, 2.0]).unwrap();
    let once = net.params().grads().to_vec();
    net.backward(&[1.0, -1.0, 0.5, 2.0]).unwrap();
    for (twice, once) in net.params().grads().iter().zip(&once) {
        assert!((twice - 2.0 * once).abs() <= 1e-15 * once.abs().max(1.0));
    }
    net.params_mut().zero_grads();
    assert!(net.params().grads().iter().all(|&g| g == 0.0));
}

#[test]
fn parameters_are_named_as_in_pytorch_and_lie_side_by_side() {
    let net =
        Network::<f32>::builder(784).linear(32).relu().layer(Linear::new(16).no_bias()).gelu().linear(10);
    let net = net.build(1).unwrap();
    let specs = net.params().specs();
    let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["0.weight", "0.bias", "2.weight", "4.weight", "4.bias"]);
    assert_eq!(specs[0].shape.dims(), [32, 784]);
    assert!(specs.windows(2).all(|pair| pair[0].range.end == pair[1].range.start));
    assert_eq!(specs.last().unwrap().range.end, net.params().len());
    assert_eq!(net.params().get("4.bias").unwrap().1.len(), 10);
    assert!(net.params().get("1.weight").is_none());
}

#[test]
fn a_seed_fixes_the_parameters() {
    let draw =
        |seed| Network::<f32>::builder(5).linear(4).linear(4).build(seed).unwrap().params().values().to_vec();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert_ne!(draw(1)[..16], draw(1)[24..40], "layers draw from streams of their own");
}

#[test]
fn init_applies_to_the_layers_after_it() {
    let net = Network::<f64>::builder(500)
        .init(Init::kaiming_normal(), Init::zeros())
        .linear(200)
        .build(1)
        .unwrap();
    let (_, weight) = net.params().get("0.weight").unwrap();
    let variance = weight.iter().map(|w| w * w).sum::<f64>() / 1e5;
    assert!((variance - 2.0 / 500.0).abs() < 2e-4);
    assert!(net.params().get("0.bias").unwrap().1.iter().all(|&b| b == 0.0));
}

#[test]
fn dropout_draws_by_step_and_does_nothing_in_evaluation() {
    let mut net = Network::<f64>::builder(50).dropout(0.5).dropout(0.5).build(1).unwrap();
    let x = vec![1.0; 100];
    let mut at = |step| net.forward(&x, 2, Mode::Train { step }).unwrap().to_vec();
    let (zero, one) = (at(0), at(1));
    assert_ne!(zero, one);
    assert_eq!(zero, at(0));
    assert_ne!(zero[..50], zero[50..]);
    // Two layers with independent masks keep a quarter.
    let kept = zero.iter().filter(|&&v| v == 4.0).count();
    assert!(zero.iter().all(|&v| v == 0.0 || v == 4.0) && (10..45).contains(&kept), "{kept}");
    assert_eq!(net.forward(&x, 2, Mode::Eval).unwrap(), x);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn dropout_keeps_the_mean(p in 0.0f64..0.9, seed: u64) {
        let n = 20_000;
        let mut net = Network::<f64>::builder(n).dropout(p).build(seed).unwrap();
        let mean = net.forward(&vec![1.0; n], 1, TRAIN).unwrap().iter().sum::<f64>() / n as f64;
        prop_assert!((mean - 1.0).abs() <= 5.0 * (p / (1.0 - p) / n as f64).sqrt(), "{}", mean);
    }

    #[test]
    fn a_batch_is_its_examples(batch in 2usize..40, cut in 1usize..39, seed: u64) {
        let cut = cut.min(batch - 1);
        let mut net = Network::<f64>::builder(7).linear(20).relu().linear(9).gelu().linear(5).build(seed).unwrap();
        let x = uniforms::<f64>(7 * batch, seed);
        let whole = net.forward(&x, batch, Mode::Eval).unwrap().to_vec();
        let mut parts = net.forward(&x[..7 * cut], cut, Mode::Eval).unwrap().to_vec();
        parts.extend_from_slice(net.forward(&x[7 * cut..], batch - cut, Mode::Eval).unwrap());
        for (a, b) in whole.iter().zip(&parts) {
            prop_assert!((a - b).abs() < 1e-14);
        }
    }
}

#[test]
fn wrong_calls_are_named() {
    let mut net = Network::<f32>::builder(4).linear(3).build(1).unwrap();
    assert_eq!(net.backward(&[0.0; 3]).unwrap_err().to_string(), "backward needs a forward pass before it");
    let input = net.forward(&[0.0; 9], 2, TRAIN).unwrap_err().to_string();
    assert_eq!(input, "the input of a batch of 2 examples of shape [4] needs 8 values, got 9");
    let empty = net.forward(&[], 0, TRAIN).unwrap_err().to_string();
    assert_eq!(empty, "a batch needs at least one example, got none");
    assert!(net.forward(&[0.0; 4], usize::MAX, TRAIN).is_err());
    net.forward(&[0.0; 8], 2, TRAIN).unwrap();
    let length = net.backward(&[0.0; 5]).unwrap_err().to_string();
    assert_eq!(length, "the gradient by the results: expected 6 values, got 5");
}

#[test]
fn impossible_networks_are_named() {
    let builder = || Network::<f32>::builder(4).linear(3).relu();
    let message = |net: Result<Network<f32>, ravine_nn::Error>| net.unwrap_err().to_string();
    assert_eq!(
        message(builder().linear(0).build(1)),
        "layer 2: a linear layer needs at least one output, got 0"
    );
    let dropout = "layer 2: the probability of dropout must be in [0, 1), got 1";
    assert_eq!(message(builder().dropout(1.0).build(1)), dropout);
    assert!(builder().dropout(f64::NAN).build(1).is_err());
    assert_eq!(
        message(Network::builder(4).build(1)),
        "layer (root): a sequence needs at least one layer, got none"
    );
    let memory = format!("parameter 2.weight of shape [{}, 3] does not fit into memory", usize::MAX);
    assert_eq!(message(builder().linear(usize::MAX).build(1)), memory);
    let shape = "layer (root): an example needs at least one value, got shape [3, 0]";
    assert_eq!(message(Network::builder([3, 0]).linear(1).build(1)), shape);
}

#[test]
fn every_layer_shows_what_it_gave() {
    let mut net = Network::<f64>::builder(3).linear(4).tanh().linear(4).gelu().linear(2).build(1).unwrap();
    let results = net.forward(&[0.1, -0.2, 0.3, 0.5, 0.5, -1.0], 2, Mode::Eval).unwrap().to_vec();
    let mut seen = Vec::new();
    net.inspect(&mut |layer| seen.push((layer.path.to_owned(), layer.activation, layer.output.to_vec())));
    let names: Vec<_> = seen.iter().map(|(path, activation, _)| (path.as_str(), *activation)).collect();
    let gelu = Some(Activation::Gelu);
    assert_eq!(names, [("0", Some(Activation::Tanh)), ("2", None), ("3", gelu), ("4", None)]);
    assert!(seen[0].2.iter().all(|y| y.abs() < 1.0) && seen.iter().all(|layer| layer.2.len() % 2 == 0));
    assert_eq!(seen[3].2, results);
}
