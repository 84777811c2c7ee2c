//! `breast-cancer-softmax`: softmax regression on breast masses.

use std::sync::Arc;

use super::classification::{Metric, Recipe, batch, epochs};
use super::{Entry, Field, softmax};
use crate::data::breast_cancer;

const RECIPE: Recipe = Recipe {
    name: "breast-cancer-softmax",
    title: "softmax regression with ridge on all breast masses; gap: loss less its minimum",
    title_of: None,
    field: Field::Convex,
    metric: Metric::Gap { minimum: 0.083740022426 },
    target: Some((6.09e-4, softmax::TARGET_REASON)),
    layers: softmax::layers,
    ridge: softmax::RIDGE,
    choices: &[batch("32"), epochs("40")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry =
    RECIPE.entry(|setup| RECIPE.load(setup, Arc::new(breast_cancer::DATA.whole()), Vec::new()));
