//! RMSProp.

use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "rmsprop",
    presets: &[],
    title: "RMSProp: gradients divided by a running root mean square",
    formula: "s = alpha s + (1 - alpha) g^2; w -= lr g / (sqrt(s) + eps)",
    advice: "Recurrent networks and reinforcement learning; follows a moving optimum, as it forgets old \
             gradients.",
    source: "Tieleman, Hinton, Coursera lecture 6.5, 2012; centered: Graves, arXiv 1308.0850; \
             torch.optim.RMSprop",
    make: || Box::new(RmsProp::default()),
};

crate::hyper! {
    /// RMSProp (Tieleman and Hinton, Coursera lecture 6.5, 2012).
    ///
    /// s = alpha s + (1 - alpha) g^2; w -= lr g / (sqrt(s) + eps).
    ///
    /// - Centered: a = alpha a + (1 - alpha) g, and max(s - a^2, 0) in place of s (Graves, arXiv 1308.0850). PyTorch
    ///   has no max, so that rounding below 0 makes its weights NaN when gradients stay the same.
    /// - Momentum: v = momentum v + d, where d = g / (sqrt(s) + eps); w -= lr v, or lr (d + momentum v) with nesterov.
    ///
    /// State: `square_avg`, then `grad_avg` if centered, then `momentum_buffer` if momentum is not 0. Defaults are
    /// torch.optim.RMSprop's; the lecture's alpha is 0.9, Keras's learning rate 1e-3.
    pub struct RmsProp {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// How much of the mean square each step keeps.
        alpha: f64 = 0.99, Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Divide by sqrt(s + eps) instead of sqrt(s) + eps.
        eps_in_sqrt: bool = false, Range::Bool;
        /// How much of the velocity each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::NonNegative;
        /// Nesterov's momentum: look ahead along the velocity, as in optax.
        nesterov: bool = false, Range::Bool;
        /// Where the mean square starts.
        initial_scale: f64 = 0.0, Range::NonNegative;
        /// Correct the means for having started at 0, as in optax: s / (1 - alpha^t) in place of s.
        bias_correction: bool = false, Range::Bool;
        /// Divide by the standard deviation of the gradient instead of its root mean square.
        centered: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// The scalars: lr, alpha, 1 - alpha, correction of the means, eps inside the root, eps outside it, momentum.
type Scalars<R> = [R; 7];

#[inline(always)]
fn mean_square<R: Real>([_, alpha, rest, ..]: Scalars<R>, g: R, square: R) -> R {
    alpha * square + rest * g * g
}

#[inline(always)]
fn mean<R: Real>([_, _, rest, ..]: Scalars<R>, g: R, mean: R) -> R {
    mean + (g - mean) * rest
}

/// What NaN passes through, and rounding does not take below 0.
#[inline(always)]
fn variance<R: Real>([_, _, _, correction, ..]: Scalars<R>, square: R, average: R) -> R {
    let average = average * correction;
    R::from_f64(0.0).max(square * correction - average * average)
}

#[inline(always)]
fn normalised<R: Real>([.., inside, outside, _]: Scalars<R>, g: R, square: R) -> R {
    g / ((square + inside).sqrt() + outside)
}

/// The new weight and velocity.
#[inline(always)]
fn moved<R: Real, const NESTEROV: bool>(k: Scalars<R>, w: R, direction: R, v: R) -> (R, R) {
    let [lr, .., momentum] = k;
    let v = momentum * v + direction;
    (w - lr * if NESTEROV { direction + momentum * v } else { v }, v)
}

struct Plain;

impl Update<1, 7> for Plain {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [square]: [R; 1]) -> (R, [R; 1]) {
        let square = mean_square(k, g, square);
        (w - k[0] * normalised(k, g, square * k[3]), [square])
    }
}

struct Momentum<const NESTEROV: bool>;

impl<const NESTEROV: bool> Update<2, 7> for Momentum<NESTEROV> {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [square, v]: [R; 2]) -> (R, [R; 2]) {
        let square = mean_square(k, g, square);
        let (w, v) = moved::<R, NESTEROV>(k, w, normalised(k, g, square * k[3]), v);
        (w, [square, v])
    }
}

struct Centered;

impl Update<2, 7> for Centered {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [square, average]: [R; 2]) -> (R, [R; 2]) {
        let (square, average) = (mean_square(k, g, square), mean(k, g, average));
        (w - k[0] * normalised(k, g, variance(k, square, average)), [square, average])
    }
}

struct CenteredMomentum<const NESTEROV: bool>;

impl<const NESTEROV: bool> Update<3, 7> for CenteredMomentum<NESTEROV> {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [square, average, v]: [R; 3]) -> (R, [R; 3]) {
        let (square, average) = (mean_square(k, g, square), mean(k, g, average));
        let (w, v) = moved::<R, NESTEROV>(k, w, normalised(k, g, variance(k, square, average)), v);
        (w, [square, average, v])
    }
}

impl Rule for RmsProp {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::new("square_avg", self.initial_scale).non_negative()];
        if self.centered {
            // The variance is a small difference of the two, which rounding would make 0 or less.
            slots[0] = slots[0].exact();
            slots.push(Slot::zero("grad_avg").exact());
        }
        if self.momentum != 0.0 {
            slots.push(Slot::zero("momentum_buffer"));
        }
        slots
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn check(&self) -> Result<()> {
        match self.nesterov && self.momentum == 0.0 {
            true => Err(Error::rule(ENTRY.name, "nesterov needs momentum above 0")),
            false => Ok(()),
        }
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [inside, outside] = if self.eps_in_sqrt { [self.eps, 0.0] } else { [0.0, self.eps] };
        let momentum = at.momentum.unwrap_or(self.momentum);
        let correction = match self.bias_correction {
            true => 1.0 / (1.0 - power(self.alpha, at.step.saturating_add(1))),
            false => 1.0,
        };
        let scalars = [at.lr, self.alpha, 1.0 - self.alpha, correction, inside, outside, momentum];
        match (self.centered, self.momentum != 0.0, self.nesterov) {
            (false, false, _) => pass.run(Plain, scalars),
            (false, true, false) => pass.run(Momentum::<false>, scalars),
            (false, true, true) => pass.run(Momentum::<true>, scalars),
            (true, false, _) => pass.run(Centered, scalars),
            (true, true, false) => pass.run(CenteredMomentum::<false>, scalars),
            (true, true, true) => pass.run(CenteredMomentum::<true>, scalars),
        }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
