//! `text-gpt`: a small transformer that tells the next character, or the next pair-encoded token, of a text.

use ravine_nn::{
    Activation, CausalSelfAttention, Dropout, Embedding, Init, LayerNorm, Linear, NetworkBuilder, Positions,
    Residual, Sequential,
};

use super::text::{self, Recipe};
use super::{Choice, Entry, Field, Setup};
use crate::error::Result;

const SHARED: [Choice; 5] = text::choices("64", "32", "4");

const CHOICES: &[Choice] = &[
    SHARED[0],
    SHARED[1],
    SHARED[2],
    Choice::new("dim", "128", "features of a token"),
    Choice::new("depth", "4", "blocks of attention and feed-forward network"),
    Choice::new("heads", "4", "heads of attention"),
    Choice::new("dropout", "0", "share of features dropped at the end of each branch"),
    SHARED[3],
    SHARED[4],
];

/// How weights start, as in GPT-2.
const INIT: Init = Init::normal(0.02);

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = Entry {
    name: "text-gpt",
    title: "transformer of 4 pre-norm blocks that tells the next character of a text",
    field: Field::Language,
    choices: CHOICES,
    load: |setup| {
        let recipe = Recipe {
            title: "GPT-like transformer",
            target: 2.2,
            target_reason: "between what a table of pairs of characters reaches, about 3.3, and what this model does \
                            when trained for long",
            layers,
        };
        recipe.load(setup)
    },
};

fn layers(network: NetworkBuilder<f32>, setup: &Setup, vocabulary: usize) -> Result<NetworkBuilder<f32>> {
    let heads = setup.number("heads", 1..=1024)?;
    let dim = setup.number("dim", 1..=65536)?;
    let depth = setup.number("depth", 0..=1000)?;
    let dropout = setup.number("dropout", 0.0..=0.99)?;
    // Each block adds two branches to the stream; so they start smaller the more there are (GPT-2).
    let last = Init::normal(0.02 / (2.0 * depth.max(1) as f64).sqrt());
    let mut network =
        network.layer(Embedding::new(vocabulary, dim).init(INIT)).layer(Positions::new().init(INIT));
    for _ in 0..depth {
        let mut attend = Sequential::new();
        attend.push(LayerNorm::new());
        attend.push(CausalSelfAttention::new(heads).init(INIT, last));
        let mut think = Sequential::new();
        think.push(LayerNorm::new());
        think.push(Linear::new(4 * dim).weight_init(INIT).bias_init(Init::zeros()));
        think.push_activation(Activation::Gelu);
        think.push(Linear::new(dim).weight_init(last).bias_init(Init::zeros()));
        for mut branch in [attend, think] {
            if dropout > 0.0 {
                branch.push(Dropout::new(dropout));
            }
            network = network.layer(Residual::new(branch));
        }
    }
    Ok(network.layer(LayerNorm::new()).layer(Linear::new(vocabulary).weight_init(INIT).no_bias()))
}
