//! A loss scale that follows the gradients.

use crate::hyper::Range;

crate::hyper! {
    /// Dynamic loss scaling, for gradients in f16 (Micikevicius et al., arXiv 1710.03740, section 3.2), by the rule of
    /// torch.amp.GradScaler: a step whose gradient is not finite is left out and the scale multiplied by
    /// `backoff_factor`; after `growth_interval` steps in a row without one it is multiplied by `growth_factor`, as far as
    /// f32 can hold it. Defaults are PyTorch's.
    ///
    /// The caller multiplies each loss by [`Optimizer::loss_scale`](crate::Optimizer::loss_scale). Checkpoints hold the
    /// scale and the steps counted.
    ///
    /// ```
    /// use ravine::{Guard, LossScaler, Optimizer, ParamSpec, f16, rules::Sgd};
    ///
    /// let mut optimizer = Optimizer::builder(Sgd { lr: 1.0, ..Sgd::default() })
    ///     .guard(Guard::Skip)
    ///     .loss_scaler(LossScaler { growth_interval: 2, ..LossScaler::default() })
    ///     .build::<f16>(&[ParamSpec::new("w", [1])])?;
    /// let mut w = [f16::ONE];
    /// let mut scales = Vec::new();
    /// for gradient in [0.5, 0.25, 0.75, 0.25] {
    ///     scales.push(optimizer.loss_scale());
    ///     let mut scaled = [f16::from_f64(gradient * optimizer.loss_scale())]; // by a backward pass
    ///     let _ = optimizer.step(&mut [&mut w], &mut [&mut scaled])?;
    /// }
    /// // Two steps without trouble double it; 0.75 * 131072 is infinite in f16.
    /// assert_eq!(scales, [65536.0, 65536.0, 131072.0, 65536.0]);
    /// # Ok::<(), ravine::Error>(())
    /// ```
    #[derive(Copy)]
    pub struct LossScaler {
        /// The scale of the first step.
        init_scale: f64 = 65536.0, Range::Positive;
        /// Factor after `growth_interval` steps without trouble.
        growth_factor: f64 = 2.0, Range::AtLeastOne;
        /// Factor after a step that is left out.
        backoff_factor: f64 = 0.5, Range::UnitAboveZero;
        /// Steps without trouble before the scale grows.
        growth_interval: u64 = 2000, Range::AtLeastOne;
    }
}

/// A loss scaler at work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaling {
    pub(crate) scaler: LossScaler,
    /// Steps without trouble since the scale last changed.
    pub(crate) good: u64,
}

impl Scaling {
    /// The scale after a step at `scale` that was made or skipped.
    pub(crate) fn next(&mut self, scale: f64, skipped: bool) -> f64 {
        let LossScaler { growth_factor, backoff_factor, growth_interval, .. } = self.scaler;
        if skipped {
            self.good = 0;
            return scale * backoff_factor;
        }
        self.good += 1;
        if self.good < growth_interval {
            return scale;
        }
        self.good = 0;
        let grown = scale * growth_factor;
        if (grown as f32).is_finite() { grown } else { scale }
    }
}
