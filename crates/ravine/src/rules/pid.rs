//! PID control of gradient descent.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "pid",
    presets: &[],
    title: "PID: gradient descent steered by the gradient, its sum and its change",
    formula: "i = momentum i + (1 - dampening) g; d = momentum d + (1 - momentum) (g - last g); w -= lr (g + \
              integral i + derivative d)",
    advice: "Where momentum overshoots: the change of the gradient brakes it. Three states and two more \
             numbers to tune than sgd; seldom worth it beside adamw.",
    source: "An et al., CVPR 2018, equation 9; pytorch_optimizer.PID",
    make: || Box::new(Pid::default()),
};

crate::hyper! {
    /// PID control (An et al., CVPR 2018).
    ///
    /// i = momentum i + (1 - dampening) g; d = momentum d + (1 - momentum) (g - g_last), with d = 0 at the first step;
    /// w -= lr (g + integral i + derivative d). Without momentum it is plain gradient descent, as in the authors' code.
    ///
    /// State, where momentum is not 0: `grad_buffer` (g_last), `i_buffer` (i), `d_buffer` (d). integral and
    /// derivative are those of
    /// the authors' code; its examples take momentum 0.9.
    pub struct Pid {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the sum and of the change each step keeps.
        momentum: f64 = 0.9, Range::UnitOpen;
        /// How much of the gradient the sum leaves out.
        dampening: f64 = 0.0, Range::Unit;
        /// Weight of the change of the gradient.
        derivative: f64 = 10.0, Range::Finite;
        /// Weight of the sum of the gradients.
        integral: f64 = 5.0, Range::Finite;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Plain;

impl Update<0, 1> for Plain {
    #[inline(always)]
    fn update<R: Real>([lr]: [R; 1], w: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        (w - lr * g, [])
    }
}

struct Control;

impl Update<3, 6> for Control {
    #[inline(always)]
    fn update<R: Real>(k: [R; 6], w: R, g: R, [last, i, d]: [R; 3]) -> (R, [R; 3]) {
        let [lr, momentum, share, change, integral, derivative] = k;
        let i = momentum * i + share * g;
        let d = momentum * d + change * (g - last);
        (w - lr * (g + integral * i + derivative * d), [g, i, d])
    }
}

impl Rule for Pid {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let slots = ["grad_buffer", "i_buffer", "d_buffer"].map(Slot::zero);
        if self.momentum == 0.0 { Vec::new() } else { slots.to_vec() }
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        if self.momentum == 0.0 {
            return pass.run(Plain, [at.lr]);
        }
        let momentum = at.momentum.unwrap_or(self.momentum);
        // At the first step there is no change yet.
        let change = if at.step == 0 { 0.0 } else { 1.0 - momentum };
        pass.run(Control, [at.lr, momentum, 1.0 - self.dampening, change, self.integral, self.derivative])
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
    fn a_steady_gradient_has_no_change_and_a_jump_has() {
        let rule = Pid { lr: 1.0, momentum: 0.5, integral: 0.0, derivative: 4.0, ..Pid::default() };
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [1])]).unwrap();
        let mut w = [0.0];
        for (g, expected) in [(1.0, -1.0), (1.0, -2.0), (3.0, -9.0)] {
            let _ = optimizer.step(&mut [&mut w], &mut [&mut [g]]).unwrap();
            assert_eq!(w, [expected]);
        }
    }
}
