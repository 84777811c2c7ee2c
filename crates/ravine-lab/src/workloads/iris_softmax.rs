//! `iris-softmax`: softmax regression on Fisher's irises.

use std::sync::Arc;

use super::classification::{Metric, Recipe, batch, epochs};
use super::{Entry, Field, softmax};
use crate::data::iris;

const RECIPE: Recipe = Recipe {
    name: "iris-softmax",
    title: "softmax regression with ridge on all Fisher's irises; gap: loss less its minimum",
    title_of: None,
    field: Field::Convex,
    metric: Metric::Gap { minimum: 0.266201000802 },
    target: Some((8.32e-4, softmax::TARGET_REASON)),
    layers: softmax::layers,
    ridge: softmax::RIDGE,
    choices: &[batch("15"), epochs("40")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry =
    RECIPE.entry(|setup| RECIPE.load(setup, Arc::new(iris::DATA.whole()), Vec::new()));
