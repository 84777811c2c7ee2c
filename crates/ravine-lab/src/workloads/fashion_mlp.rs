//! `fashion-mlp`: a network of half a million parameters on Fashion-MNIST.

use super::classification::{Metric, Recipe, batch, epochs};
use super::{Choice, Entry, Field, mlp};
use crate::data::fashion_mnist;

const CHOICES: [Choice; 4] = mlp::choices("2", "512/256");

const RECIPE: Recipe = Recipe {
    name: "fashion-mlp",
    title: "MLP 784-512-256-10 with ReLU on Fashion-MNIST",
    title_of: Some(mlp::title),
    field: Field::Image,
    metric: Metric::Accuracy,
    target: Some((
        0.89,
        "a little below what SGD, momentum 0.9 and Adam reach on average over two seeds with a cosine \
                    schedule, each at its best learning rate: 0.892, 0.898, 0.900",
    )),
    layers: |setup, data| mlp::layers(setup, data.features, data.classes),
    ridge: 0.0,
    choices: &[CHOICES[0], CHOICES[1], CHOICES[2], CHOICES[3], batch("128"), epochs("5")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry =
    RECIPE.entry(|setup| RECIPE.load(setup, (fashion_mnist::ENTRY.load)(setup.data())?, Vec::new()));
