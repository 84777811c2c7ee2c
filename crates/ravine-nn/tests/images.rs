//! Layers of images: against central differences, the definition, and PyTorch's numbers; laws and errors.

use proptest::prelude::*;
use ravine::random::Random;
use ravine_nn::{
    Activation, AvgPool2d, Backward, BatchNorm, Conv2d, Error, Float, Forward, Init, Layer, MaxPool2d, Mode,
    Network, NetworkBuilder, Padding, Param, Scope, Seen, Sequential, Shape, gradcheck,
};

const TRAIN: Mode = Mode::Train { step: 0 };
const BOUND: f64 = 1e-6;

/// Gives the batch that is its parameter: so the gradient by the input of the layer after it is a parameter's.
#[derive(Debug)]
struct Given(usize, Param);

impl<T: Float> Layer<T> for Given {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        self.1 = scope.param("x", self.0 * input.size(), Init::normal(1.0), (1, 1))?;
        Ok(input.clone())
    }

    fn forward(&mut self, pass: &Forward<'_, T>, _: &[T], y: &mut [T]) {
        y.copy_from_slice(self.1.of(pass.values));
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, _: &[T], _: &[T], dy: &[T], _: Option<&mut [T]>) {
        for (grad, &dy) in self.1.of_mut(pass.grads).iter_mut().zip(dy) {
            *grad = *grad + dy;
        }
    }
}

/// A chain for a batch of this size that is a parameter.
fn given<T: Float>(batch: usize, input: impl Into<Shape>) -> NetworkBuilder<T> {
    Network::builder(input).layer(Given(batch, Param::default()))
}

fn ramp(n: usize, a: f64, b: f64) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * a + b).sin()).collect()
}

/// Fails unless the gradients by the input and by all parameters are those of `sum(sin(i) y_i) + sum(y_i^2) / 2`.
fn assert_right(mut net: Network<f64>, batch: usize, mode: Mode) {
    let x = vec![0.0; batch * net.input_shape().size()];
    let report = gradcheck::network(&mut net, &x, batch, mode, |y, dy| {
        let slope = |i: usize| (i as f64 + 1.0).sin();
        dy.clear();
        dy.extend(y.iter().enumerate().map(|(i, y)| slope(i) + y));
        Ok(y.iter().enumerate().map(|(i, y)| slope(i) * y + 0.5 * y * y).sum())
    });
    let report = report.unwrap();
    assert!(report.error < BOUND, "{report:?}");
}

fn check(batch: usize, input: impl Into<Shape>, layer: impl Layer<f64> + 'static) {
    assert_right(given(batch, input).layer(layer).build(3).unwrap(), batch, TRAIN);
}

#[test]
fn convolutions() {
    check(3, [2, 5, 6], Conv2d::new(3, 3));
    check(2, [2, 5, 6], Conv2d::new(3, [3, 2]).padding([1, 0]).no_bias());
    check(2, [3, 5, 7], Conv2d::new(2, 3).stride(2).padding(1));
    check(2, [1, 7, 8], Conv2d::new(2, [2, 3]).stride([1, 3]).padding([2, 1]).dilation([3, 2]));
    check(2, [4, 5, 5], Conv2d::new(6, 3).groups(2).padding(1));
    check(2, [3, 4, 5], Conv2d::new(6, 3).groups(3).padding(Padding::Same));
    check(2, [4, 3, 5], Conv2d::new(3, 1));
    check(2, [4, 3, 5], Conv2d::new(4, 1).groups(2));
    check(2, [4, 5, 5], Conv2d::new(3, 1).stride(2));
    check(2, [2, 4, 5], Conv2d::new(2, 5).padding(4));
}

#[test]
fn the_same_padding_with_a_stride_and_an_even_kernel() {
    for (kernel, stride) in [(4, 2), (3, 2), (2, 1), (1, 3), (5, 3)] {
        check(2, [2, 7, 6], Conv2d::new(2, kernel).stride(stride).padding(Padding::Same));
        check(2, [2, 3, 2], Conv2d::transposed(2, kernel).stride(stride).padding(Padding::Same));
    }
}

#[test]
fn transposed_convolutions() {
    check(3, [2, 4, 3], Conv2d::transposed(3, 3));
    check(2, [2, 4, 3], Conv2d::transposed(3, 4).stride(2).padding(1));
    check(
        2,
        [4, 3, 4],
        Conv2d::transposed(2, [2, 3]).stride([3, 2]).groups(2).output_padding([2, 1]).no_bias(),
    );
    check(2, [3, 4, 4], Conv2d::transposed(3, 3).groups(3).padding(1).dilation([1, 2]));
    check(2, [3, 4, 4], Conv2d::transposed(2, 1));
}

#[test]
fn activations_inside_of_convolutions() {
    for activation in [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu] {
        let net = given(2, [2, 6, 5]).conv2d(3, 3, 1, 1).activation(activation);
        let net = net.conv_transpose2d(2, 2, 2, 0).activation(activation).flatten().linear(2);
        assert_right(net.build(4).unwrap(), 2, TRAIN);
    }
}

#[test]
fn pooling() {
    check(2, [3, 6, 4], MaxPool2d::new(2));
    check(2, [3, 7, 5], MaxPool2d::new(2));
    check(2, [2, 7, 6], MaxPool2d::new(3).stride(2).padding(1));
    check(2, [2, 5, 6], MaxPool2d::new([3, 2]).stride(1));
    check(2, [2, 7, 8], MaxPool2d::new(3).stride(2).padding(Padding::Same));
    check(2, [2, 7, 5], MaxPool2d::new(2).padding(Padding::Same));
    check(2, [2, 7, 6], AvgPool2d::new(2));
    check(2, [2, 7, 6], AvgPool2d::new([3, 2]).stride([2, 1]).padding(1));
    check(2, [2, 5, 6], AvgPool2d::new(4).stride(3).padding(2));
    check(2, [3, 5, 4], AvgPool2d::global());
}

#[test]
fn batch_norms() {
    for mode in [TRAIN, Mode::Eval] {
        assert_right(given(3, [2, 3, 4]).batch_norm().build(1).unwrap(), 3, mode);
        assert_right(given(5, 4).batch_norm().build(1).unwrap(), 5, mode);
        let deep =
            given(4, [2, 4, 4]).conv2d(3, 3, 1, 1).batch_norm().tanh().flatten().linear(5).batch_norm();
        assert_right(deep.sigmoid().build(2).unwrap(), 4, mode);
        // First of all layers: nobody wants its gradient by the input.
        let mut net = Network::<f64>::builder(3).batch_norm().tanh().build(2).unwrap();
        let x = ramp(12, 1.3, 0.2);
        let report = gradcheck::network(&mut net, &x, 4, mode, |y, dy| {
            *dy = y.iter().map(|y| 2.0 * y).collect();
            Ok(y.iter().map(|y| y * y).sum())
        });
        assert!(report.unwrap().error < BOUND);
    }
}

#[test]
fn residual_blocks() {
    let body = |body: NetworkBuilder<f64>| body.conv2d(2, 3, 1, 1).batch_norm().tanh().conv2d(2, 3, 1, 1);
    assert_right(given(2, [2, 4, 5]).residual(body).tanh().build(1).unwrap(), 2, TRAIN);
    assert_right(given(2, [2, 4, 5]).residual(body).gelu().build(1).unwrap(), 2, TRAIN);
    let net = given(3, [2, 5, 4]).residual_with(
        |body| body.conv2d(3, 3, 2, 1).batch_norm().tanh().conv2d(3, 3, 1, 1).batch_norm().sigmoid(),
        |shortcut| shortcut.conv2d(3, 1, 2, 0).batch_norm(),
    );
    assert_right(net.sigmoid().flatten().linear(2).build(1).unwrap(), 3, TRAIN);
    // First of all layers.
    let mut net = Network::<f64>::builder(3)
        .residual_with(|body| body.linear(2), |shortcut| shortcut.linear(2))
        .build(1)
        .unwrap();
    let report = gradcheck::network(&mut net, &ramp(6, 0.9, 0.1), 2, TRAIN, |y, dy| {
        *dy = y.iter().map(|y| 2.0 * y).collect();
        Ok(y.iter().map(|y| y * y).sum())
    });
    assert!(report.unwrap().error < BOUND);
}

/// y[o, i, j] = sum of W[o, c, u, v] x[c, i s + u d - p, j s + v d - p] over c, u, v, as it stands.
#[allow(clippy::too_many_arguments)]
fn directly(
    x: &[f64],
    [channels, height, width]: [usize; 3],
    weight: &[f64],
    [outputs, down, across]: [usize; 3],
    groups: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> Vec<f64> {
    let extent = |size: usize, kernel: usize| (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    let (own, mut y) = (channels / groups, Vec::new());
    for o in 0..outputs {
        for (i, j) in (0..extent(height, down)).flat_map(|i| (0..extent(width, across)).map(move |j| (i, j)))
        {
            let mut sum = 0.0;
            for (c, u, v) in
                (0..own * down * across).map(|k| (k / (down * across), k / across % down, k % across))
            {
                let (row, col) = (i * stride + u * dilation, j * stride + v * dilation);
                if row >= padding && row < height + padding && col >= padding && col < width + padding {
                    let channel = o / (outputs / groups) * own + c;
                    let pixel = x[(channel * height + row - padding) * width + col - padding];
                    sum += weight[((o * own + c) * down + u) * across + v] * pixel;
                }
            }
            y.push(sum);
        }
    }
    y
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_convolution_is_its_definition(
        (height, width, down, across) in (1usize..9, 1usize..9, 1usize..5, 1usize..5),
        (groups, own, out) in (1usize..4, 1usize..4, 1usize..4),
        (stride, padding, dilation) in (1usize..4, 0usize..4, 1usize..4),
        seed: u64,
    ) {
        let (shape, outputs) = ([groups * own, height, width], groups * out);
        let layer = || Conv2d::new(outputs, [down, across]).stride(stride).padding(padding).dilation(dilation);
        let fits = dilation * (down - 1) < height + 2 * padding && dilation * (across - 1) < width + 2 * padding;
        let net = Network::<f64>::builder(shape).layer(layer().groups(groups).no_bias()).build(seed);
        prop_assert_eq!(net.is_ok(), fits);
        if let Ok(mut net) = net {
            let x = ramp(shape.iter().product(), 0.77, seed as f64 % 7.0);
            let y = net.forward(&x, 1, Mode::Eval).unwrap().to_vec();
            let weight = net.params().get("0.weight").unwrap().1;
            let expected = directly(&x, shape, weight, [outputs, down, across], groups, stride, padding, dilation);
            prop_assert_eq!(y.len(), expected.len());
            prop_assert!(y.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}

#[test]
fn large_images_are_cut_into_rows() {
    // Columns of several tiles, the last one smaller, with padding on every side.
    let shape = [24, 61, 67];
    let x = ramp(shape.iter().product(), 0.77, 0.3);
    for (stride, padding) in [(1, 1), (1, 0), (2, 1)] {
        let layer = Conv2d::new(5, 3).stride(stride).padding(padding).no_bias();
        let mut net = Network::<f64>::builder(shape).layer(layer).build(1).unwrap();
        let y = net.forward(&x, 1, Mode::Eval).unwrap().to_vec();
        let weight = net.params().get("0.weight").unwrap().1.to_vec();
        let expected = directly(&x, shape, &weight, [5, 3, 3], 1, stride, padding, 1);
        assert!(y.len() == expected.len() && y.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-11));
        // The map is linear, so <dy, W(x)> is <dW, W>, and <dx, x>.
        let dy = ramp(y.len(), 0.31, 0.7);
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let layer = Conv2d::new(5, 3).stride(stride).padding(padding).no_bias();
        let mut net = given::<f64>(1, shape).layer(layer).build(1).unwrap();
        let start = x.len();
        net.params_mut().values_mut()[..start].copy_from_slice(&x);
        net.params_mut().values_mut()[start..].copy_from_slice(&weight);
        net.forward(&x, 1, TRAIN).unwrap();
        net.backward(&dy).unwrap();
        let (expected, grads) = (product(&dy, &y), net.params().grads());
        assert!((product(&grads[..start], &x) - expected).abs() < 1e-9 * expected.abs());
        assert!((product(&grads[start..], &weight) - expected).abs() < 1e-9 * expected.abs());
    }
}

/// The sum of the values, and that weighted by cos(0.7 i).
fn digest(x: &[f64]) -> [f64; 2] {
    [x.iter().sum(), x.iter().enumerate().map(|(i, x)| x * (i as f64 * 0.7).cos()).sum()]
}

fn assert_digest(what: &str, x: &[f64], expected: [f64; 2]) {
    let got = digest(x);
    assert!(
        got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-11),
        "{what}: {got:?}, not {expected:?}"
    );
}

/// Parameter number k starts as sin((0.53 + 0.1 k) i + 0.2), the gradient by the result is sin(0.29 i + 0.5). The numbers are
/// those of torch 2.x in f64 for y, dx and the parameters' gradients.
fn like_torch(
    name: &str,
    x: &[f64],
    shape: [usize; 3],
    layer: impl Layer<f64> + 'static,
    expected: &[[f64; 2]],
) -> Network<f64> {
    let batch = x.len() / shape.iter().product::<usize>();
    let mut net = given::<f64>(batch, shape).layer(layer).build(1).unwrap();
    let ranges: Vec<_> = net.params().specs().iter().map(|spec| spec.range.clone()).collect();
    net.params_mut().values_mut()[ranges[0].clone()].copy_from_slice(x);
    for (k, range) in ranges[1..].iter().enumerate() {
        let values = ramp(range.len(), 0.53 + 0.1 * k as f64, 0.2);
        net.params_mut().values_mut()[range.clone()].copy_from_slice(&values);
    }
    let y = net.forward(x, batch, TRAIN).unwrap().to_vec();
    net.backward(&ramp(y.len(), 0.29, 0.5)).unwrap();
    assert_digest(&format!("{name}: y"), &y, expected[0]);
    assert_eq!(ranges.len(), expected.len() - 1);
    for (spec, &expected) in net.params().specs().iter().zip(&expected[1..]) {
        assert_digest(&format!("{name}: {}", spec.name), &net.params().grads()[spec.range.clone()], expected);
    }
    net
}

#[test]
fn values_of_pytorch() {
    let x = |n| ramp(n, 0.37, 0.11);
    let ties = |n| x(n).iter().map(|x| (x * 4.0).round_ties_even()).collect::<Vec<_>>();
    let conv = Conv2d::new(6, [3, 2]).stride([2, 1]).padding([1, 2]).dilation([1, 2]).groups(2);
    let expected = [
        [358.069516010048, 0.169534425407288],
        [0.0285497815787398, -15.3570467946404],
        [0.00688647238632356, 24.6083254902224],
        [2.59632744005544, 9.1366496404814],
    ];
    like_torch("conv", &x(336), [4, 7, 6], conv, &expected);
    let conv = Conv2d::transposed(6, [3, 4]).stride([2, 3]).padding([1, 2]).output_padding([1, 2]);
    let expected = [
        [588.491328494273, -6.27415584759627],
        [-2.69031026055991, 1.5786049171459],
        [73.1638627675338, -67.2720588676935],
        [2.74593088051643, -0.204752412301716],
    ];
    like_torch("transposed", &x(120), [4, 5, 3], conv.dilation([2, 1]).groups(2), &expected);
    let expected = [[250.0, -1.01927487617156], [5.76199891445315, -2.92978310195783]];
    like_torch("max", &ties(252), [3, 7, 6], MaxPool2d::new(3).stride(2).padding(1), &expected);
    let expected = [[149.0, -21.7064245421223], [6.54317963388539, -0.509700902832867]];
    like_torch("max of 2 x 2", &ties(252), [3, 7, 6], MaxPool2d::new(2), &expected);
    let expected = [[0.67744192333962, 0.202439686477607], [0.50720047200152, 0.0215069228447218]];
    like_torch("avg", &x(252), [3, 7, 6], AvgPool2d::new([3, 2]).stride([2, 1]).padding(1), &expected);
}

#[test]
fn batch_norm_of_pytorch() {
    let states = |net: &mut Network<f64>| {
        let mut states = Vec::new();
        net.state(&mut |name, values| states.push((name.to_owned(), values.to_vec())));
        states
    };
    let close =
        |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-14);
    let x = ramp(120, 0.37, 0.11);
    let expected = [
        [77.2187626126668, -1.07096255673718],
        [0.0, 1.58572234878895],
        [6.96897893994979, 8.74534181710308],
        [6.1055168365006, 1.74177389380407],
    ];
    let mut net = like_torch("batch norm", &x, [3, 2, 5], BatchNorm::new(), &expected);
    let state = states(&mut net);
    assert_eq!([&*state[0].0, &*state[1].0], ["1.running_mean", "1.running_var"]);
    assert!(close(&state[0].1, &[-0.00166724252144767, -0.000540151198664331, 0.00258344701887894]));
    assert!(close(&state[1].1, &[0.950747358049987, 0.950540159728409, 0.951071697017425]));

    // In evaluation nothing moves.
    net.state(&mut |name, values| {
        let set = if name == "1.running_mean" { [0.1, -0.2, 0.3] } else { [0.5, 2.0, 1.5] };
        values.copy_from_slice(&set);
    });
    net.params_mut().zero_grads();
    let y = net.forward(&x, 4, Mode::Eval).unwrap().to_vec();
    net.backward(&ramp(120, 0.29, 0.5)).unwrap();
    assert_digest("evaluation: y", &y, [71.0528653644192, -0.574670426676137]);
    let grads = net.params().grads();
    assert_digest("evaluation: dx", &grads[..120], [4.00145508062748, -0.00394593073705424]);
    assert_digest("evaluation: weight", &grads[120..123], [3.35967354568504, 5.96444322370004]);
    assert_eq!(states(&mut net)[0].1, [0.1, -0.2, 0.3]);

    let expected = [
        [22.4552847290401, -1.55793182659638],
        [0.0, 1.55518062899487],
        [11.4220700412369, 1.38547270669063],
        [4.87492325710615, 1.81998038308261],
    ];
    let mut net = like_torch("of features", &x[..35], [5, 1, 1], BatchNorm::new(), &expected);
    let var = [0.957252817730342, 0.955487276805527, 0.955174919087621, 0.956479127304935, 0.958717718547889];
    assert!(close(&states(&mut net)[1].1, &var));
}

#[test]
fn batch_norm_keeps_its_digits_far_from_zero() {
    let mut net = Network::<f64>::builder([1, 4, 4]).batch_norm().build(1).unwrap();
    let x = ramp(48, 0.9, 0.3);
    let near = net.forward(&x, 3, TRAIN).unwrap().to_vec();
    let far: Vec<_> = x.iter().map(|x| x + 1e6).collect();
    let far = net.forward(&far, 3, TRAIN).unwrap();
    assert!(near.iter().zip(far).all(|(a, b)| (a - b).abs() < 1e-8));
    // One value in all: its variance is 0, and the running one goes there.
    let mut net = Network::<f32>::builder(1).batch_norm().build(1).unwrap();
    assert_eq!(net.forward(&[3.0], 1, TRAIN).unwrap(), [0.0]);
    net.state(&mut |_, values| assert!(values == [0.3] || values == [0.9], "{values:?}"));
}

#[test]
fn a_window_with_nan_gives_nan() {
    for pool in [MaxPool2d::new(2), MaxPool2d::new(2).stride(1)] {
        for at in [0, 1, 4, 5] {
            let mut net = given::<f64>(1, [1, 4, 4]).layer(pool.clone()).build(1).unwrap();
            let mut x = ramp(16, 0.4, 0.1);
            x[at] = f64::NAN;
            net.params_mut().values_mut().copy_from_slice(&x);
            let y = net.forward(&x, 1, TRAIN).unwrap().to_vec();
            assert!(y[0].is_nan() && y[y.len() - 1] == x[10].max(x[11]).max(x[14]).max(x[15]));
            let mut dy = vec![0.0; y.len()];
            dy[0] = 2.0;
            net.backward(&dy).unwrap();
            let expected: Vec<_> = (0..16).map(|i| if i == at { 2.0 } else { 0.0 }).collect();
            assert_eq!(net.params().grads(), expected);
        }
    }
}

/// Results, gradients and running statistics of two passes, as bits.
fn bits<T: Float>(threads: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        // Large enough that every parallel path splits, with sizes that divide by nothing.
        let net = given::<T>(37, [3, 19, 23]).conv2d(13, 3, 1, 1).batch_norm().relu().max_pool2d(2, 2);
        let net = net.residual_with(
            |body| {
                body.conv2d(17, 3, 2, 1).batch_norm().relu().layer(Conv2d::new(17, 3).groups(17).padding(1))
            },
            |shortcut| shortcut.conv2d(17, 1, 2, 0),
        );
        let net = net.relu().conv_transpose2d(5, 4, 2, 1).tanh().avg_pool2d(3, 2).flatten().linear(101);
        let mut net = net.batch_norm().linear(7).build(9).unwrap();
        let x = vec![T::ZERO; 37 * 3 * 19 * 23];
        let mut all = Vec::new();
        for step in 0..2 {
            let y = net.forward(&x, 37, Mode::Train { step }).unwrap().to_vec();
            let dy: Vec<T> = (0..y.len()).map(|i| T::from_f64((i as f64).sin())).collect();
            net.backward(&dy).unwrap();
            all.extend(y.iter().map(|y| y.to_f64().to_bits()));
        }
        all.extend(net.params().grads().iter().map(|g| g.to_f64().to_bits()));
        net.state(&mut |_, values| all.extend(values.iter().map(|v| v.to_f64().to_bits())));
        all
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
fn names_shapes_and_starts_are_pytorchs() {
    let net = Network::<f64>::builder([4, 9, 9])
        .layer(Conv2d::new(6, [3, 2]).groups(2))
        .batch_norm()
        .relu()
        .residual_with(
            |body| body.conv2d(8, 3, 1, 1).relu().batch_norm(),
            |shortcut| shortcut.conv2d(8, 1, 1, 0),
        )
        .relu()
        .layer(Conv2d::transposed(6, 2).groups(2).stride(2))
        .flatten()
        .linear(3);
    let mut net = net.build(1).unwrap();
    let named = |net: &Network<f64>| -> Vec<_> {
        net.params().specs().iter().map(|spec| (spec.name.clone(), spec.shape.to_string())).collect()
    };
    let expected = [
        ("0.weight", "[6, 2, 3, 2]"),
        ("0.bias", "[6]"),
        ("1.weight", "[6]"),
        ("1.bias", "[6]"),
        ("3.body.0.weight", "[8, 6, 3, 3]"),
        ("3.body.0.bias", "[8]"),
        ("3.body.2.weight", "[8]"),
        ("3.body.2.bias", "[8]"),
        ("3.shortcut.0.weight", "[8, 6, 1, 1]"),
        ("3.shortcut.0.bias", "[8]"),
        ("5.weight", "[8, 3, 2, 2]"),
        ("5.bias", "[6]"),
        ("7.weight", "[3, 1344]"),
        ("7.bias", "[3]"),
    ];
    assert!(named(&net).iter().map(|(name, shape)| (&**name, &**shape)).eq(expected));
    // Uniform within 1 / sqrt(second extent x kernel).
    for (name, bound) in
        [("0.weight", 12f64), ("0.bias", 12.0), ("3.body.0.weight", 54.0), ("5.weight", 12.0)]
    {
        let top = net.params().get(name).unwrap().1.iter().fold(0.0, |top: f64, w| top.max(w.abs()));
        assert!(top <= bound.powf(-0.5) && top > 0.6 * bound.powf(-0.5), "{name}: {top}");
    }
    assert_eq!(net.params().get("1.weight").unwrap().1, [1.0; 6]);
    assert_eq!(net.params().get("1.bias").unwrap().1, [0.0; 6]);

    let mut states = Vec::new();
    net.state(&mut |name, values| states.push((name.to_owned(), values.len())));
    let names = ["1.running_mean", "1.running_var", "3.body.2.running_mean", "3.body.2.running_var"];
    assert!(states.iter().map(|(name, len)| (&**name, *len)).eq(names.into_iter().zip([6, 6, 8, 8])));

    net.forward(&ramp(2 * 324, 0.3, 0.1), 2, TRAIN).unwrap();
    let mut seen = Vec::new();
    net.inspect(&mut |layer: &Seen<'_, f64>| {
        assert_eq!(layer.output.len(), 2 * layer.shape.size(), "{}", layer.path);
        seen.push((layer.path.to_owned(), layer.activation));
    });
    let relu = Some(Activation::Relu);
    let expected = [
        ("0", None),
        ("1", relu),
        ("3.body.0", relu),
        ("3.body.2", None),
        ("3.shortcut.0", None),
        ("3", relu),
        ("5", None),
        ("7", None),
    ];
    assert!(seen.iter().map(|(path, activation)| (&**path, *activation)).eq(expected));
}

#[test]
fn views_cost_a_number_and_nothing_else() {
    let net = || Network::<f64>::builder(12).reshape([3, 2, 2]).conv2d(2, 1, 1, 0).reshape([4, 2]).flatten();
    let mut net = net().linear(2).reshape([2, 1]).build(1).unwrap();
    assert_eq!(net.output_shape().dims(), [2, 1]);
    let names: Vec<_> = net.params().specs().iter().map(|spec| &*spec.name).collect();
    assert_eq!(names, ["1.weight", "1.bias", "4.weight", "4.bias"]);
    assert_eq!(net.forward(&ramp(24, 0.1, 0.0), 2, TRAIN).unwrap().len(), 4);
}

#[test]
fn the_builders_init_applies_to_convolutions() {
    let init = || Network::<f64>::builder([1, 4, 4]).init(Init::constant(0.5), Init::constant(2.0));
    let mut net =
        init().residual(|body| body.conv2d(1, 1, 1, 0)).conv_transpose2d(1, 1, 1, 0).build(1).unwrap();
    assert_eq!(net.forward(&[1.0; 16], 1, TRAIN).unwrap(), [3.75; 16]);
}

#[test]
fn impossible_layers_are_named() {
    let error = |net: NetworkBuilder<f32>| net.build(1).unwrap_err().to_string();
    let start = || Network::<f32>::builder([4, 6, 5]);
    let cases = [
        (
            start().flatten().conv2d(2, 3, 1, 0),
            "layer 1: a convolution needs an example of shape [channels, height, width], got [120]",
        ),
        (start().conv2d(0, 3, 1, 0), "layer 0: a convolution needs at least one output channel, got 0"),
        (
            start().conv2d(2, [7, 3], 1, 0),
            "layer 0: a kernel of 7 x 3 with dilation 1 x 1 does not fit into an image of 6 x 5 with padding 0 x 0",
        ),
        (start().conv2d(2, 0, 1, 0), "layer 0: the kernel must be at least 1 x 1, got 0 x 0"),
        (start().conv2d(2, 1, [1, 0], 0), "layer 0: the stride must be at least 1 x 1, got 1 x 0"),
        (
            start().layer(Conv2d::new(2, 1).dilation(0)),
            "layer 0: the dilation must be at least 1 x 1, got 0 x 0",
        ),
        (start().layer(Conv2d::new(6, 1).groups(3)), "layer 0: 4 channels to 6 cannot be cut into 3 groups"),
        (start().layer(Conv2d::new(6, 1).groups(0)), "layer 0: 4 channels to 6 cannot be cut into 0 groups"),
        (
            start().layer(Conv2d::transposed(2, 3).output_padding(1)),
            "layer 0: output padding 1 x 1 needs a transposed convolution with padding of its own and a larger stride, got stride 1 x 1",
        ),
        (
            start().conv_transpose2d(2, 1, 1, 3),
            "layer 0: the padding leaves nothing of the result of an image of 6 x 5",
        ),
        (
            start().layer(MaxPool2d::new(2).padding(2)),
            "layer 0: padding must be at most half of the kernel of 2 x 2, got 2 x 2",
        ),
        (
            start().max_pool2d(7, 1),
            "layer 0: a kernel of 7 x 7 with dilation 1 x 1 does not fit into an image of 6 x 5 with padding 0 x 0",
        ),
        (
            start().layer(BatchNorm::new().eps(0.0)),
            "layer 0: eps must be above 0 and momentum in [0, 1], got 0 and 0.1",
        ),
        (
            start().reshape([4, 6]).linear(1),
            "layer 0: 120 values of shape [4, 6, 5] cannot be read as 24 of shape [4, 6]",
        ),
        (
            start().linear(5).reshape([7]),
            "layer 1: 120 values of shape [4, 6, 5] cannot be read as 7 of shape [7]",
        ),
        (
            start().relu().residual(|body| body.conv2d(3, 1, 1, 0)),
            "layer 1: the body gives shape [3, 6, 5], the input, as there is no shortcut gives [4, 6, 5]; they must be alike",
        ),
        (start().residual(|body| body), "layer 0.body: a sequence needs at least one layer, got none"),
    ];
    for (net, expected) in cases {
        assert_eq!(error(net), expected);
    }
    let huge = Conv2d::transposed(usize::MAX / 2, usize::MAX / 2).padding(Padding::Same);
    assert!(Network::<f32>::builder([4, 6, 5]).layer(huge).build(1).is_err());
}

#[test]
fn a_pool_of_buffers_serves_any_batch() {
    let mut net = Network::<f32>::builder([1, 8, 8])
        .conv2d(4, 3, 1, 1)
        .relu()
        .batch_norm()
        .max_pool2d(2, 2)
        .build(1)
        .unwrap();
    let random = Random::new(4);
    let x: Vec<f32> = (0..64 * 9).map(|i| random.normal(i) as f32).collect();
    let fresh = net.forward(&x[..128], 2, TRAIN).unwrap().to_vec();
    net.backward(&vec![1.0; fresh.len()]).unwrap();
    let grads = net.params().grads().to_vec();
    let y = net.forward(&x, 9, TRAIN).unwrap().to_vec();
    net.backward(&y).unwrap();
    net.params_mut().zero_grads();
    assert_eq!(net.forward(&x[..128], 2, TRAIN).unwrap(), fresh);
    net.backward(&vec![1.0; fresh.len()]).unwrap();
    assert_eq!(net.params().grads(), grads);
    // A sequence with a view alone has nothing to do.
    let mut body = Sequential::<f32>::new();
    body.push_flatten();
    assert!(Network::new([1, 8, 8], body, 1).is_err());
}
