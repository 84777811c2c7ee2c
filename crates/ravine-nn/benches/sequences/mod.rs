//! The models over sequences of token ids.

use ravine_nn::{
    Activation, CausalSelfAttention, Embedding, Error, LayerNorm, Linear, Lstm, Network, Positions, Residual,
    Sequential,
};

pub(crate) const VOCAB: u64 = 96;
const DIM: usize = 128;

/// Four pre-norm blocks, 128 features, 4 heads, context 128, exact GELU, a head of its own.
pub(crate) fn gpt() -> Result<Network<f32>, Error> {
    let mut net = Network::builder(128).layer(Embedding::new(VOCAB as usize, DIM)).layer(Positions::new());
    for _ in 0..4 {
        let (mut attend, mut think) = (Sequential::new(), Sequential::new());
        attend.push(LayerNorm::new());
        attend.push(CausalSelfAttention::new(4));
        think.push(LayerNorm::new());
        think.push(Linear::new(4 * DIM));
        think.push_activation(Activation::Gelu);
        think.push(Linear::new(DIM));
        net = net.layer(Residual::new(attend)).layer(Residual::new(think));
    }
    net.layer(LayerNorm::new()).layer(Linear::new(VOCAB as usize).no_bias()).build(0)
}

/// One LSTM layer of 128 over 100 steps.
pub(crate) fn lstm() -> Result<Network<f32>, Error> {
    Network::builder(100)
        .layer(Embedding::new(VOCAB as usize, DIM))
        .layer(Lstm::new(DIM))
        .linear(VOCAB as usize)
        .build(0)
}
