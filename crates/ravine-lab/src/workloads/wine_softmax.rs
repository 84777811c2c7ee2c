//! `wine-softmax`: softmax regression on wines.

use std::sync::Arc;

use super::classification::{Metric, Recipe, batch, epochs};
use super::{Entry, Field, softmax};
use crate::data::wine;

const RECIPE: Recipe = Recipe {
    name: "wine-softmax",
    title: "softmax regression with ridge on all wines; gap: loss less its minimum",
    field: Field::Convex,
    metric: Metric::Gap { minimum: 0.095140842125 },
    target: 1.00e-3,
    target_reason: softmax::TARGET_REASON,
    data: |_| Ok(Arc::new(wine::DATA.whole())),
    layers: softmax::layers,
    ridge: softmax::RIDGE,
    choices: &[batch("16"), epochs("40")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = RECIPE.entry(|setup| RECIPE.load(setup));
