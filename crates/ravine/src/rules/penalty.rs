//! What the proximal rules minimise beside the loss.

use crate::element::Math;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::prox::{self, Metric};
use crate::real::Real;
use crate::whole::unit;
use rayon::prelude::*;

/// The penalties and constraints that a proximal rule knows.
pub(super) const PROXES: Range =
    Range::Words(&["l1", "elastic-net", "box", "non-negative", "group-lasso", "simplex", "nuclear"]);

/// The hyper-parameters that say what the penalty is.
pub(super) struct Choice<'a> {
    pub(super) prox: &'a str,
    pub(super) strength: f64,
    pub(super) l2: f64,
    pub(super) bounds: [f64; 2],
    pub(super) sum: f64,
}

/// A penalty h.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Penalty {
    /// Each element for itself: `l1 abs(x) + l2/2 x^2` between the bounds.
    Elements { l1: f64, l2: f64, bounds: [f64; 2] },
    /// `strength |x|` of each unit of a tensor.
    Units(f64),
    /// Units without elements below 0, and with this sum.
    Simplex(f64),
    /// `strength` times the sum of the singular values of a tensor, its units as rows.
    Nuclear(f64),
}

impl Choice<'_> {
    /// The penalty of rule `owner`.
    pub(super) fn penalty(&self, owner: &str) -> Result<Penalty> {
        let [lower, upper] = self.bounds;
        let free = [f64::NEG_INFINITY, f64::INFINITY];
        Ok(match self.prox {
            "l1" => Penalty::Elements { l1: self.strength, l2: 0.0, bounds: free },
            "elastic-net" => Penalty::Elements { l1: self.strength, l2: self.l2, bounds: free },
            "box" if lower > upper => {
                let problem = format!(
                    "the lower of the bounds must not be above the upper, as {lower} is above {upper}"
                );
                return Err(Error::rule(owner, problem));
            }
            "box" => Penalty::Elements { l1: 0.0, l2: 0.0, bounds: self.bounds },
            "non-negative" => Penalty::Elements { l1: 0.0, l2: 0.0, bounds: [0.0, f64::INFINITY] },
            "group-lasso" => Penalty::Units(self.strength),
            "simplex" => Penalty::Simplex(self.sum),
            _ => Penalty::Nuclear(self.strength),
        })
    }
}

/// The prox of `lr` times the penalty on an element: lr l1, lr l2, lower, upper.
#[inline(always)]
pub(super) fn element<R: Real>(v: R, [l1, l2, lower, upper]: [R; 4]) -> R {
    prox::between(prox::elastic_net(v, l1, l2), lower, upper)
}

impl Penalty {
    /// Whether it is one of elements.
    pub(super) fn is_of_elements(self) -> bool {
        matches!(self, Self::Elements { .. })
    }

    /// The scalars of [`element`]; those of no penalty if it is not one of elements.
    pub(super) fn scalars(self, lr: f64) -> [f64; 4] {
        match self {
            Self::Elements { l1, l2, bounds: [lower, upper] } => [lr * l1, lr * l2, lower, upper],
            _ => [0.0, 0.0, f64::NEG_INFINITY, f64::INFINITY],
        }
    }

    /// Puts the prox of `lr` times a penalty on units or the whole in the place of a tensor of this shape. In a metric
    /// there is none of the nuclear norm.
    pub(super) fn apply<R: Math>(self, v: &mut [R], shape: &[usize], metric: Metric<'_, R>, lr: f64) {
        let unit = unit(shape);
        if unit == 0 {
            return;
        }
        let units = |v: &mut [R], prox: &(dyn Fn(&mut [R], Metric<'_, R>) + Sync)| {
            v.par_chunks_mut(unit).enumerate().for_each(|(i, v)| match metric {
                Metric::Plain => prox(v, metric),
                Metric::Diagonal(d) => prox(v, Metric::Diagonal(&d[i * unit..][..unit])),
            });
        };
        match self {
            Self::Elements { .. } => {}
            Self::Units(strength) => units(v, &|v, metric| prox::group_lasso(v, metric, lr * strength)),
            Self::Simplex(sum) => units(v, &|v, metric| prox::simplex(v, metric, sum)),
            Self::Nuclear(strength) => {
                // What is not finite stays so.
                let _ = prox::nuclear(v, v.len() / unit, unit, lr * strength);
            }
        }
    }
}
