//! Fashion-MNIST as some workloads take it.

use std::sync::Arc;

use super::Setup;
use crate::data::{Dataset, fashion_mnist};
use crate::error::Result;

/// With pixels from 0, black, to 1, white.
pub(super) fn unit(setup: &Setup) -> Result<Arc<Dataset>> {
    let mut data = fashion_mnist::load(setup.data())?;
    let low = data.x.iter().copied().fold(f32::INFINITY, f32::min);
    let high = data.x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    data.x.iter_mut().for_each(|x| *x = (*x - low) / (high - low));
    Ok(Arc::new(data))
}
