//! The weights to evaluate a model with.

use crate::element::Element;
use crate::error::Result;
use crate::group::GroupState;
use crate::optimizer::Optimizer;

/// Weights to evaluate a model with, which are not always those that are trained: an average of them, the slow weights of
/// Lookahead, the sequence x of schedule-free rules. A type of its own, so that nobody trains on from them by mistake.
///
/// ```
/// use ravine::{Ema, Optimizer, ParamSpec, rules::Sgd};
///
/// let mut optimizer = Optimizer::builder(Sgd { lr: 1.0, ..Sgd::default() })
///     .ema(Ema::new(0.5))
///     .build::<f32>(&[ParamSpec::new("weight", [1])])?;
/// let mut weight = [0.0];
/// let _ = optimizer.step(&mut [&mut weight], &mut [&mut [-4.0]])?;
/// let evaluation = optimizer.evaluation(&[&weight])?;
/// assert_eq!((weight, evaluation.tensor(0)), ([4.0], &[2.0][..]));
/// # Ok::<(), ravine::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Evaluation<T> {
    tensors: Vec<Vec<T>>,
}

impl<T> Evaluation<T> {
    /// The weights in place of parameter `index`.
    ///
    /// # Panics
    /// If there is no such parameter.
    pub fn tensor(&self, index: usize) -> &[T] {
        &self.tensors[index]
    }

    /// The weights in place of each parameter, in order.
    pub fn tensors(&self) -> impl Iterator<Item = &[T]> {
        self.tensors.iter().map(|tensor| &tensor[..])
    }

    /// The same, to be kept.
    pub fn into_tensors(self) -> Vec<Vec<T>> {
        self.tensors
    }
}

impl<T: Element> Optimizer<T> {
    /// Whether the weights to evaluate with are the trained ones as they are.
    pub fn evaluates_trained(&self) -> bool {
        let extras = &self.options.extras;
        let apart = |group: &GroupState<T>| group.rule.evaluation().is_some();
        extras.average.is_none() && extras.lookahead.is_none() && !self.groups.iter().any(apart)
    }

    /// The weights to evaluate with, where `values` are those that are trained: the average, if one is kept and has begun;
    /// else what the rule says ([`Rule::evaluation`](crate::Rule::evaluation)); else the slow weights of Lookahead; else the
    /// trained weights themselves.
    ///
    /// # Errors
    /// A number or length of tensors that does not fit.
    pub fn evaluation(&self, values: &[&[T]]) -> Result<Evaluation<T>> {
        self.check_tensors("parameters", "parameter", values.len(), |i| values[i].len())?;
        let mut tensors: Vec<Vec<T>> = values.iter().map(|values| values.to_vec()).collect();
        let level = self.options.extras.level;
        let averaged = self.options.extras.average.filter(|average| average.is_there(self.step));
        for group in self.groups.iter().filter(|_| self.step > 0) {
            let mix = match (group.rule.evaluation(), &group.slow) {
                (Some((slot, weight)), _) if !group.stateless => Some((&group.slots[slot], weight)),
                (_, Some(slow)) => Some((slow, 1.0)),
                _ => None,
            };
            for (member, &index) in group.indices.iter().enumerate() {
                if let Some(average) = averaged {
                    if let Some(mean) = group.averaged(average, member, self.step, level) {
                        tensors[index].iter_mut().zip(mean).for_each(|(w, x)| *w = T::nearest(x));
                    }
                } else if let Some((state, weight)) = mix {
                    for (w, x) in tensors[index].iter_mut().zip(state.read::<T::Math>(member, level)) {
                        let (from, to): (f64, f64) = ((*w).into(), x.into());
                        *w = T::nearest(if weight == 1.0 { to } else { (1.0 - weight) * from + weight * to });
                    }
                }
            }
        }
        Ok(Evaluation { tensors })
    }
}
