//! The layers, one file each.

mod activation;
mod dropout;
mod linear;
mod sequential;

pub use activation::Activation;
pub use dropout::Dropout;
pub use linear::Linear;
pub use sequential::Sequential;
