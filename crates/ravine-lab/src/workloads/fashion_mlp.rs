//! `fashion-mlp`: a network of half a million parameters on Fashion-MNIST.

use super::Entry;
use super::classification::{Metric, Recipe};
use crate::data::fashion_mnist;

const RECIPE: Recipe = Recipe {
    name: "fashion-mlp",
    title: "MLP 784-512-256-10 with ReLU on Fashion-MNIST",
    metric: Metric::Accuracy,
    target: 0.89,
    target_reason: "a little below what SGD, momentum 0.9 and Adam reach on average over two seeds with a cosine \
                    schedule, each at its best learning rate: 0.892, 0.898, 0.900",
    data: fashion_mnist::ENTRY.load,
    layers: |network| network.linear(512).relu().linear(256).relu().linear(10),
    ridge: 0.0,
    batch: 128,
    epochs: 5,
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = RECIPE.entry(|dir| RECIPE.load(dir));
