//! Checks a gradient against central differences.

use crate::{Error, Mode, Network};

/// The worst disagreement that a check has met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// |gradient - difference|, relative to the larger of both, or to a thousandth of the largest gradient if both are
    /// smaller than that. Infinite if either is not a number.
    pub error: f64,
    /// The coordinate where it was.
    pub index: usize,
    /// The gradient there.
    pub gradient: f64,
    /// The central difference there.
    pub difference: f64,
}

/// Compares `gradient` with central differences of `f` around `point`, coordinate by coordinate.
///
/// The differences are of fourth order, (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h with h = 1e-4, so a right
/// gradient of a smooth function of order 1 shows an error of about 1e-9.
pub fn check<E>(
    point: &[f64],
    gradient: &[f64],
    mut f: impl FnMut(&[f64]) -> Result<f64, E>,
) -> Result<Report, E> {
    const H: f64 = 1e-4;
    let floor = 1e-3 * gradient.iter().fold(1e-6, |top: f64, g| top.max(g.abs()));
    let (mut x, mut worst) = (point.to_vec(), Report::default());
    for (index, &gradient) in gradient.iter().enumerate() {
        let mut at = |offset: f64| {
            x[index] = point[index] + offset;
            let value = f(&x);
            x[index] = point[index];
            value
        };
        let (near, far) = (at(H)? - at(-H)?, at(2.0 * H)? - at(-2.0 * H)?);
        let difference = (8.0 * near - far) / (12.0 * H);
        let scale = gradient.abs().max(difference.abs()).max(floor);
        let error = (gradient - difference).abs() / scale;
        let error = if error.is_nan() { f64::INFINITY } else { error };
        if error > worst.error {
            worst = Report { error, index, gradient, difference };
        }
    }
    Ok(worst)
}

/// Checks the gradients of all parameters of a network on a batch. `loss` is given the results and writes its gradient,
/// as [`Loss::forward_backward`](crate::Loss::forward_backward) does.
///
/// A layer's gradient by its input is checked by putting a layer with parameters before it. Parameters are left as they
/// were, gradients hold those of this batch.
pub fn network(
    net: &mut Network<f64>,
    x: &[f64],
    batch: usize,
    mode: Mode,
    mut loss: impl FnMut(&[f64], &mut Vec<f64>) -> Result<f64, Error>,
) -> Result<Report, Error> {
    let mut dy = Vec::new();
    net.params_mut().zero_grads();
    loss(net.forward(x, batch, mode)?, &mut dy)?;
    net.backward(&dy)?;
    let (point, gradient) = (net.params().values().to_vec(), net.params().grads().to_vec());
    let report = check(&point, &gradient, |values| {
        net.params_mut().values_mut().copy_from_slice(values);
        loss(net.forward(x, batch, mode)?, &mut dy)
    });
    net.params_mut().values_mut().copy_from_slice(&point);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(x: &[f64]) -> Result<f64, ()> {
        Ok(x[0].sin() * x[1] + x[1] * x[1])
    }

    #[test]
    fn a_right_gradient_passes_and_a_wrong_one_does_not() {
        let (x, right) = ([0.7f64, -1.3], [-1.3 * 0.7f64.cos(), 0.7f64.sin() - 2.6]);
        assert!(check(&x, &right, f).unwrap().error < 1e-9);
        let wrong = check(&x, &[right[0], right[1] * 1.00001], f).unwrap();
        assert!(wrong.error > 5e-6 && wrong.index == 1);
        assert_eq!(check(&x, &[f64::NAN, right[1]], f).unwrap().error, f64::INFINITY);
    }
}
