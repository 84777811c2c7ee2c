//! SGDP.

use super::projection::Projection;
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::rule::{At, Decay, Rule, Slot};
use crate::simd::Level;
use crate::whole::{TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "sgdp",
    presets: &[],
    title: "SGDP: SGD with momentum that does not lengthen weights whose length does not matter",
    formula: "m = momentum m + (1 - dampening) g; where |cos(w, g)| < delta / sqrt(n): u = m - (w, m) w / |w|^2, decay \
             times wd_ratio; w -= lr (u + weight_decay w / (1 - momentum))",
    advice: "Convolutional networks with batch norm, in the place of sgd with momentum: momentum lengthens such \
             weights, and so shortens the steps relative to them. Without normalisation it is sgd.",
    source: "Heo et al., ICLR 2021, arXiv 2006.08217, algorithm 2; the authors' adamp; timm.optim.SGDP",
    make: || Box::new(Sgdp::default()),
};

crate::hyper! {
    /// SGDP (Heo et al., arXiv 2006.08217, algorithm 2).
    ///
    /// m = momentum m + (1 - dampening) g, and u = m, or g + momentum m with nesterov. Where gradient and weights are
    /// at a right angle but for delta, as [`AdamP`](super::AdamP) says, the part of u along the weights is taken out
    /// and weight decay multiplied by wd_ratio. Then w -= lr weight_decay / (1 - momentum) w and w -= lr u.
    ///
    /// State: `momentum_buffer`, where momentum is not 0. Defaults are the authors', with torch.optim.SGD's learning
    /// rate.
    pub struct Sgdp {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the velocity each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::UnitOpen;
        /// How much of the gradient the velocity leaves out.
        dampening: f64 = 0.0, Range::Unit;
        /// Look one step of momentum ahead.
        nesterov: bool = false, Range::Bool;
        /// The cosine below which a gradient counts as at a right angle, times sqrt(n).
        delta: f64 = 0.1, Range::NonNegative;
        /// What weight decay is multiplied by there.
        wd_ratio: f64 = 0.1, Range::Unit;
        /// Keeps the division by the length of the weights finite.
        eps: f64 = 1e-8, Range::Positive;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

struct Step<'a> {
    rule: &'a Sgdp,
    at: At,
    momentum: f64,
}

impl Step<'_> {
    /// Moves the weights along `on_g` g + `on_m` m.
    fn walk<R: Math>(&self, shape: &[usize], w: &mut [R], [g, m]: [&[R]; 2], on: [f64; 2], level: Level) {
        let Sgdp { delta, wd_ratio, eps, weight_decay, .. } = *self.rule;
        let [on_g, on_m] = on.map(R::from_f64);
        let sizes = [self.at.lr * weight_decay / (1.0 - self.momentum), self.at.lr];
        let direction = move |[g, m, _]: [R; 3]| on_g * g + on_m * m;
        Projection { delta, wd_ratio, eps }.step(shape, w, [g, m, m], direction, sizes, level);
    }
}

impl TensorUpdate<0> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 0>) {
        let TensorStep { shape, w, g, level, .. } = tensor;
        let on_g = if self.rule.nesterov { 1.0 } else { 1.0 - self.rule.dampening };
        self.walk(shape, w, [g, g], [on_g, 0.0], level);
    }
}

impl TensorUpdate<1> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 1>) {
        let TensorStep { shape, w, g, s: [m], level, .. } = tensor;
        let [momentum, rest] = [self.momentum, 1.0 - self.rule.dampening].map(R::from_f64);
        map(level, m, [g], |m, [g]| momentum * m + rest * g);
        let on = if self.rule.nesterov { [1.0, self.momentum] } else { [0.0, 1.0] };
        self.walk(shape, w, [g, m], on, level);
    }
}

impl Rule for Sgdp {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        if self.momentum == 0.0 { Vec::new() } else { vec![Slot::zero("momentum_buffer")] }
    }
    fn decay(&self) -> Decay {
        // How strong it is depends on the tensor: it is part of the step.
        Decay::L2(0.0)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        if self.momentum == 0.0 {
            return pass.each::<_, 0>(&Step { rule: self, at, momentum: 0.0 });
        }
        pass.each::<_, 1>(&Step { rule: self, at, momentum: at.momentum.unwrap_or(self.momentum) })
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec};

    /// The loss depends on the angle of the weights alone: the length of plain SGD's weights grows, that of SGDP's
    /// less.
    #[test]
    fn the_length_of_scale_invariant_weights_grows_less_than_with_momentum_alone() {
        let length = |delta: f64| {
            let rule = Sgdp { lr: 0.3, momentum: 0.9, delta, ..Sgdp::default() };
            let mut optimizer =
                Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [1, 2])]).unwrap();
            let mut w = [1.0, 0.0];
            for _ in 0..20 {
                // The gradient of -sin(angle).
                let [x, y]: [f64; 2] = w;
                let cube = x.hypot(y).powi(3);
                let _ = optimizer.step_flat(&mut w, &mut [x * y / cube, -x * x / cube]).unwrap();
            }
            w[0].hypot(w[1])
        };
        let (plain, projected) = (length(0.0), length(0.1));
        assert!(1.0 < projected && projected - 1.0 < 0.5 * (plain - 1.0), "{plain} {projected}");
    }
}
