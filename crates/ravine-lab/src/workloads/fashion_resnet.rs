//! `fashion-resnet`: a small residual network with batch normalisation on Fashion-MNIST.

use super::classification::{Metric, Recipe, augment, batch, epochs};
use super::{Entry, Field, resnet};
use crate::data::fashion_mnist;

const RECIPE: Recipe = Recipe {
    name: "fashion-resnet",
    title: "ResNet of 3 blocks with batch normalisation on Fashion-MNIST",
    title_of: None,
    field: Field::Image,
    metric: Metric::Accuracy,
    target: Some((0.90, "what small networks of convolutions pass within a few epochs")),
    layers: |_, data| Ok(resnet::layers(data)),
    ridge: 0.0,
    choices: &[augment("none"), batch("128"), epochs("5")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry =
    RECIPE.entry(|setup| RECIPE.load(setup, (fashion_mnist::ENTRY.load)(setup.data())?, Vec::new()));
