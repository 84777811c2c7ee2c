//! `fashion-softmax`: DeepOBS's logistic regression on Fashion-MNIST.

use super::classification::{Metric, Recipe, batch, epochs};
use super::{Entry, Field, fashion, softmax};

const RECIPE: Recipe = Recipe {
    name: "fashion-softmax",
    title: "DeepOBS fmnist_logreg: softmax regression on Fashion-MNIST",
    title_of: None,
    field: Field::Image,
    metric: Metric::Accuracy,
    target: Some((
        0.83,
        "a point below what logistic regression reaches in Fashion-MNIST's own table, 0.842",
    )),
    layers: softmax::layers,
    ridge: 0.0,
    choices: &[batch("128"), epochs("5")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = RECIPE.entry(|setup| RECIPE.load(setup, fashion::unit(setup)?, Vec::new()));
