//! Softmax regression with ridge: the convex problem that the `*-softmax` workloads share.
//!
//! One linear layer from the features to the classes, started at zero, so the first loss is ln(classes). With the
//! penalty (1/100) / 2 ||w||^2 on weights and biases the minimum is unique, and any method that converges must find
//! it. So these workloads ask about optimisation alone: the data is the whole set, scaled by all of it, in every split,
//! and the metric is the gap, the loss less its minimum. The minima were found by Newton's method in double precision.

use ravine_nn::{Init, Network, NetworkBuilder};

use super::Setup;
use crate::data::Dataset;
use crate::error::Result;

/// Strength of the penalty.
pub(super) const RIDGE: f64 = 1e-2;

/// Where each target comes from.
pub(super) const TARGET_REASON: &str = "a thousandth of the gap at the start, ln(classes) less the minimum";

/// One linear layer, all zero.
pub(super) fn layers(_setup: &Setup, data: &Dataset) -> Result<NetworkBuilder<f32>> {
    Ok(Network::builder(data.features).init(Init::zeros(), Init::zeros()).linear(data.classes))
}
