//! AdaGrad.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adagrad",
    presets: &[],
    title: "AdaGrad: learning rates that shrink with the squared gradients seen",
    formula: "s += g^2; w -= lr g / (sqrt(s) + eps)",
    advice: "Sparse features and embeddings, convex problems. Its learning rates only ever fall, about as 1/sqrt(t), \
             so long runs stall.",
    source: "Duchi, Hazan, Singer, JMLR 12:2121, 2011; torch.optim.Adagrad",
    make: || Box::new(Adagrad::default()),
};

crate::hyper! {
    /// AdaGrad (Duchi, Hazan and Singer, JMLR 12:2121, 2011).
    ///
    /// s += g^2; w -= lr / (1 + t lr_decay) g / (sqrt(s) + eps), where t counts steps from 0.
    ///
    /// State: `sum`. Defaults are torch.optim.Adagrad's; optax starts the sum at 0.1 and takes eps 1e-7.
    pub struct Adagrad {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// Falls the learning rate further, as 1 / (1 + t lr_decay).
        lr_decay: f64 = 0.0, Range::NonNegative;
        /// Where the sum of squares starts.
        initial_accumulator_value: f64 = 0.0, Range::NonNegative;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-10, Range::NonNegative;
        /// Divide by sqrt(s + eps) instead of sqrt(s) + eps.
        eps_in_sqrt: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<1, 3> for Step {
    #[inline(always)]
    fn update<R: Real>([lr, inside, outside]: [R; 3], w: R, g: R, [sum]: [R; 1]) -> (R, [R; 1]) {
        let sum = sum + g * g;
        (w - lr * (g / ((sum + inside).sqrt() + outside)), [sum])
    }
}

impl Rule for Adagrad {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::new("sum", self.initial_accumulator_value).non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let lr = at.lr / (1.0 + at.step as f64 * self.lr_decay);
        let [inside, outside] = if self.eps_in_sqrt { [self.eps, 0.0] } else { [0.0, self.eps] };
        pass.run(Step, [lr, inside, outside])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
