//! What a network is trained for, one loss a file.

mod binary_cross_entropy;
mod cross_entropy;
mod ctc;
mod mean_squared;

pub use binary_cross_entropy::BinaryCrossEntropy;
pub use cross_entropy::{CrossEntropy, SmoothedCrossEntropy, accuracy};
pub use ctc::{Ctc, Transcript};
pub use mean_squared::MeanSquared;

use crate::{Error, Float};

/// A number to make small, from the results of a batch and what they should be.
///
/// Sums are taken in f64, in an order that does not depend on the number of threads.
pub trait Loss<T: Float> {
    /// One element of what the results are compared with: a class for a row, a value for a value.
    type Target;

    /// The loss.
    fn forward(&self, output: &[T], target: &[Self::Target]) -> Result<f64, Error>;

    /// The loss, and its gradient by `output` in `grad`, which is made as long and overwritten.
    fn forward_backward(
        &self,
        output: &[T],
        target: &[Self::Target],
        grad: &mut Vec<T>,
    ) -> Result<f64, Error>;
}
