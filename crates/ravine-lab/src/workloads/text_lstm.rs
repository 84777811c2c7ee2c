//! `text-lstm`: a recurrent network that tells the next character, or the next pair-encoded token, of a text.

use ravine_nn::{Dropout, Embedding, Linear, Lstm, NetworkBuilder};

use super::text::{self, Recipe};
use super::{Choice, Entry, Field, Setup};
use crate::error::Result;

const SHARED: [Choice; 5] = text::choices("64", "32", "6");

const CHOICES: &[Choice] = &[
    SHARED[0],
    SHARED[1],
    SHARED[2],
    Choice::new("dim", "128", "features of a token"),
    Choice::new("hidden", "256", "units of each recurrent layer"),
    Choice::new("depth", "1", "recurrent layers"),
    Choice::new("dropout", "0", "share of features dropped after each recurrent layer"),
    SHARED[3],
    SHARED[4],
];

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = Entry {
    name: "text-lstm",
    title: "LSTM that tells the next character of a text",
    field: Field::Language,
    choices: CHOICES,
    load: |setup| {
        let recipe = Recipe {
            title: "LSTM",
            target: 2.2,
            target_reason: "between what a table of pairs of characters reaches, about 3.3, and what this model does \
                            when trained for long",
            layers,
        };
        recipe.load(setup)
    },
};

fn layers(network: NetworkBuilder<f32>, setup: &Setup, vocabulary: usize) -> Result<NetworkBuilder<f32>> {
    let dim = setup.number("dim", 1..=65536)?;
    let hidden = setup.number("hidden", 1..=65536)?;
    let dropout = setup.number("dropout", 0.0..=0.99)?;
    let mut network = network.layer(Embedding::new(vocabulary, dim));
    for _ in 0..setup.number("depth", 1..=100)? {
        network = network.layer(Lstm::new(hidden));
        if dropout > 0.0 {
            network = network.layer(Dropout::new(dropout));
        }
    }
    Ok(network.layer(Linear::new(vocabulary)))
}
