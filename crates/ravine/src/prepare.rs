//! What is done to gradients, unit by unit, before the fused pass.

use crate::element::Element;
use crate::params::ParamSpec;
use crate::plan::TASK;
use crate::simd::Level;
use crate::sums;
use crate::tensors::Tensors;
use crate::whole::unit;
use rayon::prelude::*;

/// See [`Builder::agc`](crate::Builder::agc).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agc {
    pub(crate) clip: f64,
    pub(crate) eps: f64,
}

/// Clipping, then centralisation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Prepare {
    pub(crate) agc: Option<Agc>,
    pub(crate) centralize: bool,
}

impl Prepare {
    /// Changes the gradients of the tensors that are `moving` in their buffers. `scale` is the factor that is still due
    /// on them.
    pub(crate) fn apply<T: Element>(
        self,
        tensors: &mut Tensors<'_, T>,
        params: &[ParamSpec],
        moving: &[bool],
        scale: f64,
        level: Level,
    ) {
        if self.agc.is_none() && !self.centralize {
            return;
        }
        for (index, param) in params.iter().enumerate() {
            let unit = unit(&param.shape);
            if unit == 0 || !moving[index] {
                continue;
            }
            let (values, grads) = tensors.grads_mut(index);
            let matrix = param.shape.len() > 1;
            grads
                .par_chunks_mut(unit)
                .zip(values.par_chunks(unit))
                .with_min_len(TASK.div_ceil(unit))
                .for_each(|(grads, values)| {
                    if let Some(agc) = self.agc {
                        agc.clip(values, grads, scale, level);
                    }
                    if self.centralize && matrix {
                        let mean = sums::over(grads, level, |g| g) / unit as f64;
                        grads.iter_mut().for_each(|g| *g = T::nearest((*g).into() - mean));
                    }
                });
        }
    }
}

impl Agc {
    fn clip<T: Element>(self, values: &[T], grads: &mut [T], scale: f64, level: Level) {
        let norm = |values: &[T]| sums::over(values, level, |x| x * x).sqrt();
        let (most, norm) = (self.clip * norm(values).max(self.eps), norm(grads) * scale);
        if norm > most {
            let factor = most / norm;
            grads.iter_mut().for_each(|g| *g = T::nearest((*g).into() * factor));
        }
    }
}
