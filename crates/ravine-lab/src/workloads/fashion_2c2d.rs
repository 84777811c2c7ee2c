//! `fashion-2c2d`: DeepOBS's convolutional network on Fashion-MNIST.

use ravine_nn::{Init, Network, NetworkBuilder, Padding};

use super::classification::{Metric, Recipe, augment, batch, epochs};
use super::{Entry, Field, Setup, fashion};
use crate::data::Dataset;
use crate::error::Result;

const RECIPE: Recipe = Recipe {
    name: "fashion-2c2d",
    title: "DeepOBS fmnist_2c2d: two convolutions and two dense layers on Fashion-MNIST",
    title_of: None,
    field: Field::Image,
    metric: Metric::Accuracy,
    target: Some((0.90, "what this network passes within a few epochs; DeepOBS reaches 0.92 in 100")),
    layers,
    ridge: 0.0,
    choices: &[augment("none"), batch("128"), epochs("5")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = RECIPE.entry(|setup| RECIPE.load(setup, fashion::unit(setup)?, Vec::new()));

/// The initialisation and the padding are DeepOBS's, so that its published curves hold.
fn layers(_: &Setup, data: &Dataset) -> Result<NetworkBuilder<f32>> {
    let network = Network::builder(&data.shape[..]).init(Init::truncated_normal(0.05), Init::constant(0.05));
    let network = network.conv2d(32, 5, 1, Padding::Same).relu().max_pool2d(2, 2);
    let network = network.conv2d(64, 5, 1, Padding::Same).relu().max_pool2d(2, 2);
    Ok(network.flatten().linear(1024).relu().linear(data.classes))
}
