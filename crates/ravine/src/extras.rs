//! What a step does around the rule, whichever it is.

use crate::average::Average;
use crate::element::Element;
use crate::hyper::Range;
use crate::lookahead::Lookahead;
use crate::prepare::Prepare;
use crate::simd::Level;
use crate::spot::Residual;
use crate::state::Storage;

/// How new weights are brought to parameters of 16 bits. Weights of f32 and f64 are computed as they are stored, so that
/// nothing is left to round.
///
/// A step of size 1e-4 on a bf16 weight of 1 is lost when it is rounded to nearest: the next weight is 8e-3 away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest; half-way to even.
    #[default]
    Nearest,
    /// Up or down at random, so that the mean is what is rounded. No memory; the same seed gives the same bits. See
    /// [`Builder::seed`](crate::Builder::seed).
    Stochastic,
    /// To the nearest, and what is left over is kept beside the weight in another 16 bits (Kahan's compensation; Zamirai
    /// et al., arXiv 2010.06192).
    Kahan,
    /// To the nearest, with the weight in full kept beside it in 32 bits.
    Master,
}

crate::hyper! {
    /// Normal noise on the gradient, of variance eta / (1 + t)^gamma at step t (Neelakantan et al., arXiv 1511.06807,
    /// section 3). Defaults are the paper's.
    #[derive(Copy)]
    pub struct GradientNoise {
        /// Variance at step 0.
        eta: f64 = 0.3, Range::NonNegative;
        /// How fast it falls.
        gamma: f64 = 0.55, Range::NonNegative;
    }
}

impl Rounding {
    /// Every one there is, with its name in text.
    pub const ALL: [(&'static str, Self); 4] = [
        ("nearest", Self::Nearest),
        ("stochastic", Self::Stochastic),
        ("kahan", Self::Kahan),
        ("master", Self::Master),
    ];
}

impl GradientNoise {
    /// The standard deviation at a step.
    pub(crate) fn sd(self, step: u64) -> f64 {
        (self.eta / (1.0 + step as f64).powf(self.gamma)).sqrt()
    }
}

/// What the fused pass does around any rule.
#[derive(Clone, Debug)]
pub(crate) struct Extras {
    pub(crate) storage: Storage,
    pub(crate) rounding: Rounding,
    pub(crate) seed: u64,
    pub(crate) clip_value: f64,
    pub(crate) prepare: Prepare,
    pub(crate) noise: Option<GradientNoise>,
    pub(crate) cautious: bool,
    pub(crate) lookahead: Option<Lookahead>,
    pub(crate) average: Option<Average>,
    pub(crate) zero_grad: bool,
    pub(crate) level: Level,
}

impl Extras {
    /// What is kept beside a weight of this type.
    pub(crate) fn residual<T: Element>(&self) -> Option<Residual> {
        match self.rounding {
            Rounding::Kahan if T::FORMAT != <T::Math as Element>::FORMAT => Some(Residual::Kahan),
            Rounding::Master if T::FORMAT != <T::Math as Element>::FORMAT => Some(Residual::Master),
            _ => None,
        }
    }
}
