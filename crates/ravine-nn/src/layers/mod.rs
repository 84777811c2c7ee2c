//! The layers, one file each.

mod activation;
mod attention;
mod avg_pool2d;
mod batch_norm;
mod conv2d;
mod correlation;
mod dropout;
mod embedding;
mod embedding_bag;
mod layer_norm;
mod linear;
mod lookup;
mod lstm;
mod max_pool2d;
mod positions;
mod residual;
mod sequential;
mod unfold;
mod window;

pub use activation::Activation;
pub use attention::CausalSelfAttention;
pub use avg_pool2d::AvgPool2d;
pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use embedding_bag::EmbeddingBag;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use lstm::Lstm;
pub use max_pool2d::MaxPool2d;
pub use positions::Positions;
pub use residual::Residual;
pub use sequential::Sequential;
pub use window::{Padding, Pair};
