//! `digits-mlp`: a small network on handwritten digits; a run takes a fraction of a second.

use super::classification::{Metric, Recipe, batch, epochs};
use super::{Choice, Entry, Field, mlp};
use crate::data::digits;

const CHOICES: [Choice; 4] = mlp::choices("1", "64");

const RECIPE: Recipe = Recipe {
    name: "digits-mlp",
    title: "MLP 64-64-10 with ReLU on handwritten digits",
    title_of: Some(mlp::title),
    field: Field::Image,
    metric: Metric::Accuracy,
    target: Some((
        0.975,
        "a little below what SGD, momentum 0.9 and Adam reach on average over five seeds, each at its best \
                    constant learning rate: 0.983, 0.983, 0.979",
    )),
    layers: |setup, data| mlp::layers(setup, data.features, data.classes),
    ridge: 0.0,
    choices: &[CHOICES[0], CHOICES[1], CHOICES[2], CHOICES[3], batch("32"), epochs("20")],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry =
    RECIPE.entry(|setup| RECIPE.load(setup, (digits::ENTRY.load)(setup.data())?, Vec::new()));
