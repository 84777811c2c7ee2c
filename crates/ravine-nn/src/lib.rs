//! Layers with forward and backward on the CPU, over flat parameter and gradient buffers.
//!
//! A [`Network`] is a static chain of [`Layer`]s, built once for an input shape and a seed. Its parameters lie in one
//! flat buffer and their gradients in another of the same layout ([`Params`]), so that an optimizer steps over both
//! without a copy. `backward` *adds* to the gradients; whoever steps sets them back to zero.
//!
//! ```
//! use ravine::{Optimizer, ParamSpec, rules::Sgd};
//! use ravine_nn::{CrossEntropy, Loss, Mode, Network};
//!
//! let mut net = Network::<f32>::builder(4).linear(8).relu().linear(3).build(1)?;
//! let params: Vec<ParamSpec> = net.params().specs().iter().map(Into::into).collect();
//! let mut optimizer: Optimizer<f32> =
//!     Optimizer::builder(Sgd { lr: 0.5, ..Sgd::default() }).zero_grad(true).build(&params)?;
//! let (x, labels) = ([0.1f32, 0.2, 0.3, 0.4, -0.1, -0.2, -0.3, -0.4], [0u32, 2]);
//! let mut grad = Vec::new();
//! let mut losses = Vec::new();
//! for step in 0..50 {
//!     let logits = net.forward(&x, 2, Mode::Train { step })?;
//!     losses.push(CrossEntropy.forward_backward(logits, &labels, &mut grad)?);
//!     net.backward(&grad)?;
//!     let (values, grads) = net.params_mut().split_mut();
//!     let _ = optimizer.step_flat(values, grads)?;
//! }
//! assert!(losses[49] < 0.2 * losses[0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same input gives the same bits for any number of threads: work is cut into pieces by its size alone, and sums
//! are taken in a fixed order. Parallel parts run in the rayon pool of the caller; small work never leaves its thread.

mod decode;
mod error;
mod float;
pub mod gradcheck;
mod init;
mod lanes;
mod layer;
pub mod layers;
mod losses;
mod network;
mod packed;
mod parallel;
mod params;
mod penalty;
mod shape;
mod special;
mod sums;

pub use decode::{beam_decode, edit_distance, error_rate, greedy_decode};
pub use error::Error;
pub use float::Float;
pub use init::{Distribution, Fan, Init};
pub use layer::{Backward, Forward, Layer, Mode, Scope, Seen, SparseRows};
pub use layers::{
    Activation, AvgPool2d, BatchNorm, CausalSelfAttention, Conv2d, Dropout, Embedding, EmbeddingBag,
    LastStep, LayerNorm, Linear, Lstm, MaxPool2d, Padding, Pair, Positions, Residual, Sequential,
};
pub use losses::{
    BinaryCrossEntropy, CrossEntropy, Ctc, Loss, MeanSquared, SmoothedCrossEntropy, Transcript, accuracy,
};
pub use network::{Network, NetworkBuilder};
pub use params::{Param, ParamSpec, Params};
pub use penalty::{l1, l2};
pub use ravine::linalg::{Mat, MatMut, matmul, matmul_serial};
pub use shape::Shape;
