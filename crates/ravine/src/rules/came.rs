//! CAME.

use super::factors::{self, Roots};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::rule::{At, Buffer, Decay, Rule, Slot};
use crate::sums;
use crate::whole::{TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "came",
    presets: &[],
    title: "CAME: Adafactor with momentum, slower where an update strays from it",
    formula: "R, C = means of g^2 + eps1; u = g / sqrt(R C / mean(R)); u /= max(1, RMS(u) / d); m = b1 m + (1 - b1) u; \
             P, Q = means of (u - m)^2 + eps2; w -= lr m / sqrt(P Q / mean(P))",
    advice: "Language models where Adam's memory is too much and Adafactor is not stable: one slot, and rows and \
             columns. Learning rates are somewhat below Adam's.",
    source: "Luo et al., ACL 2023, arXiv 2307.02047, algorithm 2; the authors' came-pytorch; pytorch_optimizer.CAME",
    make: || Box::new(Came::default()),
};

crate::hyper! {
    /// CAME, confidence-guided adaptive memory-efficient optimization (Luo et al., arXiv 2307.02047, algorithm 2).
    ///
    /// With R the mean of g^2 + eps1 over each row, kept with b2, and C likewise over each column:
    /// u = g / sqrt(R C / mean(R)); u /= max(1, RMS(u) / d); m = b1 m + (1 - b1) u. Then P and Q like R and C, of
    /// (u - m)^2 + eps2 and kept with b3, and w -= lr m / sqrt(P Q / mean(P)).
    ///
    /// Rows and columns are those of the last two dimensions; each matrix of the dimensions before has its own. A
    /// tensor of less than 2 dimensions keeps its mean squares in full, and has w -= lr m. RMS is the root of the mean
    /// square over the whole tensor.
    ///
    /// State: `exp_avg`, and `row_var`, `col_var`, `row_res`, `col_res`, or `variance`. Defaults are the authors', with
    /// pytorch_optimizer's learning rate.
    pub struct Came {
        /// Learning rate.
        lr: f64 = 2e-4, Range::NonNegative;
        /// How much each step keeps of the mean of updates, of mean squares and of the mean squares of what strays.
        betas: [f64; 3] = [0.9, 0.999, 0.9999], Range::UnitOpen;
        /// eps1 and eps2: added to squares of gradients, and of what strays.
        eps: [f64; 2] = [1e-30, 1e-16], Range::Positive;
        /// The largest root mean square of an update, before momentum; 1e300 for no limit.
        d: f64 = 1.0, Range::Positive;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Step<'a> {
    rule: &'a Came,
    at: At,
}

impl TensorUpdate<1> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 1>) {
        let TensorStep { shape, w, g, s: [m], buffers, work, level, .. } = tensor;
        let Came { betas: [beta1, beta2, beta3], eps: [eps1, eps2], d, .. } = *self.rule;
        let rest1 = R::from_f64(1.0 - self.at.momentum.unwrap_or(beta1));
        let mut u = work.take_any(g.len());
        let matrix = factors::matrix(shape);
        match (matrix, &mut *buffers) {
            (Some(matrix), [row, col, ..]) => {
                factors::follow(matrix, g, [row, col], 1.0 - beta2, eps1, work, level);
                let roots = Roots::new(matrix, [row, col], 0.0, work, level);
                roots.map(&mut u, [g], level, |_, [g], root| g / root);
                roots.give_back(work);
            }
            (_, buffers) => {
                let (rest2, eps1) = (R::from_f64(1.0 - beta2), R::from_f64(eps1));
                map(level, &mut buffers[0], [g], |v, [g]| v + (g * g + eps1 - v) * rest2);
                map(level, &mut u, [g, &buffers[0]], |_, [g, v]| g / v.sqrt());
            }
        }
        let rms = (sums::over(&u, level, |u| u * u) / g.len().max(1) as f64).sqrt();
        let share = R::from_f64(1.0 / (rms / d).max(1.0));
        map(level, m, [&u], |m, [u]| m + (u * share - m) * rest1);

        let lr = R::from_f64(self.at.lr);
        match (matrix, buffers) {
            (Some(matrix), [_, _, row, col]) => {
                map(level, &mut u, [m], |u, [m]| u * share - m);
                factors::follow(matrix, &u, [row, col], 1.0 - beta3, eps2, work, level);
                let roots = Roots::new(matrix, [row, col], 0.0, work, level);
                roots.map(w, [m], level, |w, [m], root| w - lr * (m / root));
                roots.give_back(work);
            }
            _ => map(level, w, [m], |w, [m]| w - lr * m),
        }
        work.give(u);
    }
}

impl Rule for Came {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg")]
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        let Some(matrix) = factors::matrix(shape) else {
            return vec![Buffer::new("variance", shape, 0.0)];
        };
        [["row_var", "col_var"], ["row_res", "col_res"]]
            .into_iter()
            .flat_map(|names| matrix.buffers(shape, names))
            .collect()
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        pass.each(&Step { rule: self, at })
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
    fn what_strays_from_the_mean_is_stepped_less() {
        // Two rows of gradients of one size: the first keeps its sign, the second turns each time.
        let rule = Came { lr: 0.01, betas: [0.5, 0.9, 0.9], ..Came::default() };
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [2, 2])]).unwrap();
        let mut w = [0.0; 4];
        let mut largest = [0.0f64; 2];
        for step in 0..40 {
            let before = w;
            let turned = if step % 2 == 0 { 1.0 } else { -1.0 };
            let _ = optimizer.step_flat(&mut w, &mut [1.0, 1.0, turned, turned]).unwrap();
            if step >= 30 {
                largest = [0, 2].map(|i| largest[i / 2].max((w[i] - before[i]).abs()));
            }
        }
        // The mean of the second row is a third of its updates, and its steps less than that.
        assert!(largest[1] < 0.2 * largest[0], "{largest:?}");
    }

    #[test]
    fn beside_one_slot_the_state_of_a_matrix_is_two_rows_and_two_columns() {
        let params = [ParamSpec::new("w", [300, 500])];
        let bytes = Optimizer::builder(Came::default()).build::<f32>(&params).unwrap().state_bytes();
        assert_eq!(bytes, 4 * (300 * 500 + 2 * 800));
    }
}
