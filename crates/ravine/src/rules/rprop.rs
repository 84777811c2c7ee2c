//! Rprop.

use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "rprop",
    presets: &[],
    title: "Rprop: step sizes for each weight that follow the sign of the gradient alone",
    formula: "eta *= etas+ where g and the last g agree, etas- where they do not, within step_sizes; w -= \
              eta sign(g), but no step where they do not",
    advice: "Full batches, small networks, noiseless losses: needs no learning rate and does not see the \
             scale of the gradient. Not for mini-batches, whose noise it takes for changes of sign: take \
             rmsprop.",
    source: "Riedmiller, Braun, ICNN 1993; variant without backtracking, iRprop-: Igel, Huesken, 2000; \
             torch.optim.Rprop",
    make: || Box::new(Rprop::default()),
};

crate::hyper! {
    /// Rprop (Riedmiller and Braun, ICNN 1993), in the form of torch.optim.Rprop, which is iRprop- (Igel and Huesken,
    /// 2000).
    ///
    /// Where g prev > 0: eta grows by the second of `etas`. Where g prev < 0: eta shrinks by the first, and g = 0 for this step
    /// and as the next prev. eta stays within `step_sizes`. w -= eta sign(g); prev = g.
    ///
    /// The learning rate is where every eta starts. A schedule scales the steps by what it makes of the learning rate
    /// over it, and leaves eta alone.
    ///
    /// State: `prev`, `step_size` (eta); neither is ever rounded to fewer bits. Defaults are torch.optim.Rprop's.
    pub struct Rprop {
        /// Where the step sizes start.
        lr: f64 = 1e-2, Range::NonNegative;
        /// Factors on a step size whose gradient changed its sign, and kept it.
        etas: [f64; 2] = [0.5, 1.2], Range::Positive;
        /// The smallest and the largest step size.
        step_sizes: [f64; 2] = [1e-6, 50.0], Range::NonNegative;
    }
}

struct Step;

impl Update<2, 5> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 5], w: R, g: R, [prev, size]: [R; 2]) -> (R, [R; 2]) {
        let [scale, fall, rise, least, most] = k;
        let (zero, turn) = (R::from_f64(0.0), g * prev);
        let factor = R::select(zero.less(turn), rise, R::select(turn.less(zero), fall, R::from_f64(1.0)));
        let size = (size * factor).max(least).min(most);
        let g = R::select(turn.less(zero), zero, g);
        (w - scale * size * g.sign(), [g, size])
    }
}

impl Rule for Rprop {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("prev").exact(), Slot::new("step_size", self.lr).non_negative().exact()]
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn check(&self) -> Result<()> {
        let ([fall, rise], [least, most]) = (self.etas, self.step_sizes);
        let problem = if !(fall < 1.0 && rise > 1.0) {
            "etas must be a factor below 1 and one above 1"
        } else if least > most {
            "step_sizes must be the smallest and the largest"
        } else {
            return Ok(());
        };
        Err(Error::rule(ENTRY.name, problem))
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let scale = if self.lr > 0.0 { at.lr / self.lr } else { 1.0 };
        let ([fall, rise], [least, most]) = (self.etas, self.step_sizes);
        pass.run(Step, [scale, fall, rise, least, most])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec};

    #[test]
    fn step_sizes_grow_shrink_and_wait_as_the_sign_says() {
        let rule = Rprop { lr: 1.0, ..Rprop::default() };
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [1])]).unwrap();
        let mut w = [0.0];
        // Start; agrees; turns, and no step; after a turn the next counts as no change; agrees.
        for (g, expected) in [(5.0, -1.0), (0.1, -2.2), (-9.0, -2.2), (-1.0, -1.6), (-3.0, -0.88)] {
            let _ = optimizer.step(&mut [&mut w], &mut [&mut [g]]).unwrap();
            assert!((w[0] - expected).abs() < 1e-15, "{w:?} {expected}");
        }
    }

    #[test]
    fn wrong_factors_are_refused() {
        assert!(Rprop { etas: [1.2, 0.5], ..Rprop::default() }.check().is_err());
        assert!(Rprop { step_sizes: [1.0, 0.5], ..Rprop::default() }.check().is_err());
    }
}
