//! `wine-softmax`: softmax regression on wines.

use std::sync::Arc;

use super::classification::{Metric, Recipe, batch, epochs};
use super::{Entry, Field, softmax};
use crate::data::wine;

const RECIPE: Recipe = Recipe {
    name: "wine-softmax",
    title: "softmax regression with ridge on all wines; gap: loss less its minimum",
    title_of: None,
    field: Field::Convex,
    metric: Metric::Gap { minimum: 0.095140842125 },
    target: Some((1.00e-3, softmax::TARGET_REASON)),
    layers: softmax::layers,
    ridge: softmax::RIDGE,
    choices: &[batch("16"), epochs("40")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry =
    RECIPE.entry(|setup| RECIPE.load(setup, Arc::new(wine::DATA.whole()), Vec::new()));
