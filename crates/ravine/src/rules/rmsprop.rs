//! RMSProp.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "rmsprop",
    presets: &[],
    title: "RMSProp: gradients divided by a running root mean square",
    formula: "s = alpha s + (1 - alpha) g^2; w -= lr g / (sqrt(s) + eps)",
    advice: "Recurrent networks and reinforcement learning; follows a moving optimum, as it forgets old gradients.",
    source: "Tieleman, Hinton, Coursera lecture 6.5, 2012; centered: Graves, arXiv 1308.0850; torch.optim.RMSprop",
    make: || Box::new(RmsProp::default()),
};

crate::hyper! {
    /// RMSProp (Tieleman and Hinton, Coursera lecture 6.5, 2012).
    ///
    /// s = alpha s + (1 - alpha) g^2; w -= lr g / (sqrt(s) + eps).
    ///
    /// - Centered: a = alpha a + (1 - alpha) g, and max(s - a^2, 0) in place of s (Graves, arXiv 1308.0850). PyTorch
    ///   has no max, so that rounding below 0 makes its weights NaN when gradients stay the same.
    /// - Momentum: v = momentum v + g / (sqrt(s) + eps); w -= lr v.
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
        /// Divide by the standard deviation of the gradient instead of its root mean square.
        centered: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// The scalars: lr, alpha, 1 - alpha, eps inside the root, eps outside it, momentum.
type Scalars<R> = [R; 6];

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
fn variance<R: Real>(square: R, average: R) -> R {
    R::from_f64(0.0).max(square - average * average)
}

#[inline(always)]
fn normalised<R: Real>([_, _, _, inside, outside, _]: Scalars<R>, g: R, square: R) -> R {
    g / ((square + inside).sqrt() + outside)
}

#[inline(always)]
fn velocity<R: Real>([.., momentum]: Scalars<R>, direction: R, v: R) -> R {
    momentum * v + direction
}

struct Plain;

impl Update<1, 6> for Plain {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [square]: [R; 1]) -> (R, [R; 1]) {
        let square = mean_square(k, g, square);
        (w - k[0] * normalised(k, g, square), [square])
    }
}

struct Momentum;

impl Update<2, 6> for Momentum {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [square, v]: [R; 2]) -> (R, [R; 2]) {
        let square = mean_square(k, g, square);
        let v = velocity(k, normalised(k, g, square), v);
        (w - k[0] * v, [square, v])
    }
}

struct Centered;

impl Update<2, 6> for Centered {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [square, average]: [R; 2]) -> (R, [R; 2]) {
        let (square, average) = (mean_square(k, g, square), mean(k, g, average));
        (w - k[0] * normalised(k, g, variance(square, average)), [square, average])
    }
}

struct CenteredMomentum;

impl Update<3, 6> for CenteredMomentum {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [square, average, v]: [R; 3]) -> (R, [R; 3]) {
        let (square, average) = (mean_square(k, g, square), mean(k, g, average));
        let v = velocity(k, normalised(k, g, variance(square, average)), v);
        (w - k[0] * v, [square, average, v])
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
        let mut slots = vec![Slot::zero("square_avg").non_negative()];
        if self.centered {
            slots.push(Slot::zero("grad_avg"));
        }
        if self.momentum != 0.0 {
            slots.push(Slot::zero("momentum_buffer"));
        }
        slots
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [inside, outside] = if self.eps_in_sqrt { [self.eps, 0.0] } else { [0.0, self.eps] };
        let momentum = at.momentum.unwrap_or(self.momentum);
        let scalars = [at.lr, self.alpha, 1.0 - self.alpha, inside, outside, momentum];
        match (self.centered, self.momentum != 0.0) {
            (false, false) => pass.run(Plain, scalars),
            (false, true) => pass.run(Momentum, scalars),
            (true, false) => pass.run(Centered, scalars),
            (true, true) => pass.run(CenteredMomentum, scalars),
        }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
