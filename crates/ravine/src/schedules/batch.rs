//! What the learning rate becomes when the batch does.

use crate::error::{Kind, Result};

/// How the learning rate grows with the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchRule {
    /// lr ~ batch: k steps of batch b move about as far as one step of batch k b, while the gradient hardly changes in
    /// between (Goyal et al., arXiv 1706.02677, section 2.1). Needs warmup, and ends where noise no longer limits.
    Linear,
    /// lr ~ sqrt(batch): keeps the variance of a step (Krizhevsky, arXiv 1404.5997, section 5; Hoffer et al., arXiv
    /// 1705.08741). Also the rule for Adam (Malladi et al., arXiv 2205.10287).
    SquareRoot,
}

/// The learning rate for `batch` examples a step, where `lr` was found for `reference_batch`.
///
/// lr * batch / reference_batch, or lr * sqrt(batch / reference_batch). Both batches have to be above 0.
///
/// ```
/// use ravine::schedules::{BatchRule, scale_for_batch};
///
/// assert_eq!(scale_for_batch(0.1, 8192, 256, BatchRule::Linear)?, 3.2);
/// assert_eq!(scale_for_batch(1e-3, 1024, 256, BatchRule::SquareRoot)?, 2e-3);
/// # Ok::<(), ravine::Error>(())
/// ```
pub fn scale_for_batch(lr: f64, batch: u64, reference_batch: u64, rule: BatchRule) -> Result<f64> {
    for (option, value) in [("batch", batch), ("reference_batch", reference_batch)] {
        if value == 0 {
            return Err(Kind::BadOption { option, expected: "1 or more", got: "0".into() }.into());
        }
    }
    let ratio = batch as f64 / reference_batch as f64;
    Ok(match rule {
        BatchRule::Linear => lr * ratio,
        BatchRule::SquareRoot => lr * ratio.sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_batch_keeps_the_lr_and_a_smaller_one_lowers_it() {
        for rule in [BatchRule::Linear, BatchRule::SquareRoot] {
            assert_eq!(scale_for_batch(0.3, 32, 32, rule).unwrap(), 0.3);
            assert!(scale_for_batch(0.3, 16, 32, rule).unwrap() < 0.3);
        }
        assert_eq!(scale_for_batch(0.5, 64, 256, BatchRule::Linear).unwrap(), 0.125);
        assert_eq!(scale_for_batch(0.5, 64, 256, BatchRule::SquareRoot).unwrap(), 0.25);
    }

    #[test]
    fn no_batch_is_an_error_that_names_it() {
        let error = |batch, reference| {
            scale_for_batch(0.1, batch, reference, BatchRule::Linear).unwrap_err().to_string()
        };
        assert_eq!(error(0, 256), "batch must be 1 or more, not 0");
        assert_eq!(error(256, 0), "reference_batch must be 1 or more, not 0");
    }
}
