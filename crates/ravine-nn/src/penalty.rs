//! The lasso and ridge penalties.

use crate::error::check_length;
use crate::{Error, Float};

/// The lasso or L1 penalty `strength * sum |w|`; adds its gradient, `strength * sign(w)` and 0 at 0, to `grads`.
///
/// Give it the buffers of a whole network, or the range of one tensor ([`ParamSpec::range`](crate::ParamSpec)).
pub fn l1<T: Float>(strength: f64, values: &[T], grads: &mut [T]) -> Result<f64, Error> {
    check_length("the gradients", values.len(), grads.len())?;
    let scale = T::from_f64(strength);
    let mut sum = 0.0;
    for (grad, &value) in grads.iter_mut().zip(values) {
        let slope = T::select(value == T::ZERO, T::ZERO, scale * T::ONE.copysign(value));
        *grad = *grad + slope;
        sum += value.to_f64().abs();
    }
    Ok(strength * sum)
}

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
        let mut grads = [1.0f32; 3];
        assert_eq!(l1(0.5, &[2.0, -4.0, 0.0], &mut grads).unwrap(), 3.0);
        assert_eq!(grads, [1.5, 0.5, 1.0]);
    }
}
