//! The layers, one file each.

mod activation;
mod avg_pool2d;
mod batch_norm;
mod conv2d;
mod correlation;
mod dropout;
mod linear;
mod max_pool2d;
mod residual;
mod sequential;
mod unfold;
mod window;

pub use activation::Activation;
pub use avg_pool2d::AvgPool2d;
pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use linear::Linear;
pub use max_pool2d::MaxPool2d;
pub use residual::Residual;
pub use sequential::Sequential;
pub use window::{Padding, Pair};
