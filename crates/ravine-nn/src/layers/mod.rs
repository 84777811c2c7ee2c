//! The layers, one file each.

mod activation;
mod attention;
mod dropout;
mod embedding;
mod embedding_bag;
mod last_step;
mod layer_norm;
mod linear;
mod lookup;
mod lstm;
mod positions;
mod residual;
mod sequential;

pub use activation::Activation;
pub use attention::CausalSelfAttention;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use embedding_bag::EmbeddingBag;
pub use last_step::LastStep;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use lstm::Lstm;
pub use positions::Positions;
pub use residual::Residual;
pub use sequential::Sequential;
