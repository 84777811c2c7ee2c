//! A small residual network with batch normalisation.

use ravine_nn::{Conv2d, Init, Network, NetworkBuilder};

use crate::data::Dataset;

/// Channels of the three stages.
const STAGES: [usize; 3] = [16, 32, 64];

/// One block for each stage, as He et al. (CVPR 2016) have for pictures of 32 x 32, with one block where they have three:
/// 3 x 3 convolutions without bias, the second and the third stage at half the resolution of the one before.
pub(super) fn layers(data: &Dataset) -> NetworkBuilder<f32> {
    let network = Network::builder(&data.shape[..]);
    let mut network = convolve(network, STAGES[0], 3, 1).batch_norm().relu();
    for (i, channels) in STAGES.into_iter().enumerate() {
        let stride = if i == 0 { 1 } else { 2 };
        let body = |body: NetworkBuilder<f32>| {
            let body = convolve(body, channels, 3, stride).batch_norm().relu();
            convolve(body, channels, 3, 1).batch_norm()
        };
        network = match stride {
            1 => network.residual(body),
            _ => network.residual_with(body, |side| convolve(side, channels, 1, stride).batch_norm()),
        };
        network = network.relu();
    }
    network.global_avg_pool2d().flatten().linear(data.classes)
}

/// A convolution without bias that keeps the resolution, or divides it by the stride.
fn convolve(
    network: NetworkBuilder<f32>,
    channels: usize,
    kernel: usize,
    stride: usize,
) -> NetworkBuilder<f32> {
    let layer = Conv2d::new(channels, kernel).stride(stride).padding(kernel / 2);
    network.layer(layer.no_bias().weight_init(Init::kaiming_normal()))
}
