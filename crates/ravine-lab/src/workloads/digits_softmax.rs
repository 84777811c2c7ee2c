//! `digits-softmax`: softmax regression on handwritten digits.

use std::sync::Arc;

use super::classification::{Metric, Recipe, batch, epochs};
use super::{Entry, Field, softmax};
use crate::data::digits;

const RECIPE: Recipe = Recipe {
    name: "digits-softmax",
    title: "softmax regression with ridge on all handwritten digits; gap: loss less its minimum",
    title_of: None,
    field: Field::Convex,
    metric: Metric::Gap { minimum: 0.741056933831 },
    target: Some((1.56e-3, softmax::TARGET_REASON)),
    layers: softmax::layers,
    ridge: softmax::RIDGE,
    choices: &[batch("64"), epochs("40")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry =
    RECIPE.entry(|setup| RECIPE.load(setup, Arc::new(digits::DATA.whole()), Vec::new()));
