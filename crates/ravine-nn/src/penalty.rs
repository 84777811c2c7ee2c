//! The ridge penalty.

use crate::error::check_length;
use crate::{Error, Float};

/// The ridge or L2 penalty `strength / 2 * sum w^2`; adds its gradient, `strength * w`, to `grads`.
///
/// Give it the buffers of a whole network, or the range of one tensor ([`ParamSpec::range`](crate::ParamSpec)).
pub fn l2<T: Float>(strength: f64, values: &[T], grads: &mut [T]) -> Result<f64, Error> {
    check_length("the gradients", values.len(), grads.len())?;
    let scale = T::from_f64(strength);
    let mut sum = 0.0;
    for (grad, &value) in grads.iter_mut().zip(values) {
        *grad = *grad + scale * value;
        sum += value.to_f64() * value.to_f64();
    }
    Ok(0.5 * strength * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_and_gradient_by_hand() {
        let mut grads = [1.0f32, 1.0];
        assert_eq!(l2(0.5, &[2.0, -4.0], &mut grads).unwrap(), 5.0);
        assert_eq!(grads, [2.0, -1.0]);
    }
}
