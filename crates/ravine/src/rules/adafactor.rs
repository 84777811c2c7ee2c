//! Adafactor.

use super::factors::{self, Matrix, Roots};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::rule::{At, Buffer, Decay, Rule, Slot};
use crate::simd::Level;
use crate::sums;
use crate::whole::{TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adafactor",
    presets: &[("adafactor-paper", "eps_in_square=true,eps=1e-30/1e-3")],
    title: "Adafactor: mean squares kept as one number for each row and column",
    formula: "R, C = means of g^2 over columns, rows, kept with 1 - t^beta2_decay; V = R C / mean(R); u = g / sqrt(V); \
              w -= max(eps2, RMS(w)) min(lr, t^-1/2) u / max(1, RMS(u) / d)",
    advice: "Where adam's state does not fit into memory: its own is a row and a column for each matrix. Its steps follow \
             the size of the weights and the schedule is its own, so a learning rate from adam does not carry over. Where \
             memory is no question take adamw, which converges as fast or faster.",
    source: "Shazeer, Stern, ICML 2018, arXiv 1804.04235, algorithms 4 and 5; torch.optim.Adafactor",
    make: || Box::new(Adafactor::default()),
};

crate::hyper! {
    /// Adafactor (Shazeer and Stern, arXiv 1804.04235, algorithms 4 and 5).
    ///
    /// With the weight rho = t^beta2_decay, where t counts steps from 1: R = R + rho (mean of g^2 over a row - R), C
    /// likewise over a column, V = max(R C / max(mean(R), eps1), eps1^2); a tensor of less than 2 dimensions keeps V
    /// itself. Then u = g / sqrt(V), u /= max(1, RMS(u) / d), and w -= max(eps2, RMS(w)) min(lr, 1/sqrt(t)) u.
    ///
    /// Rows and columns are those of the last two dimensions; each matrix of the dimensions before has its own. RMS is the
    /// root of the mean square over the whole tensor.
    ///
    /// The paper adds eps1 to g^2 instead: see `eps_in_square`. optax's form is that with `relative_step` off; there
    /// `min_dim_size_to_factor` is 128, and the two largest dimensions are factored instead of the last two.
    ///
    /// State: `row_var` and `col_var`, or `variance`; `exp_avg` if beta1 is not 0. Defaults are torch.optim.Adafactor's.
    pub struct Adafactor {
        /// Learning rate: the largest relative step.
        lr: f64 = 1e-2, Range::NonNegative;
        /// The power of t that is the weight of the newest gradient: -0.8 means b2 = 1 - t^-0.8.
        beta2_decay: f64 = -0.8, Range::Finite;
        /// eps1, which keeps mean squares above 0; 0 for the rounding error of the type that is computed in. And eps2, the
        /// least size that weights count as.
        eps: [f64; 2] = [0.0, 1e-3], Range::NonNegative;
        /// Add eps1 to the squares of gradients, as the paper does, instead of limiting what is made of them.
        eps_in_square: bool = false, Range::Bool;
        /// The largest root mean square of an update; 1e300 for no limit.
        d: f64 = 1.0, Range::Positive;
        /// How much of the mean of its steps each step keeps; 0 for none.
        beta1: f64 = 0.0, Range::UnitOpen;
        /// Limit the learning rate to 1/sqrt(t).
        relative_step: bool = true, Range::Bool;
        /// Let 1e-6 t take the place of the learning rate.
        warmup_init: bool = false, Range::Bool;
        /// Multiply by the size of the weights.
        scale_parameter: bool = true, Range::Bool;
        /// Both of the last two dimensions must be at least this for a tensor to be factored.
        min_dim_size_to_factor: u64 = 0, Range::NonNegative;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

impl Adafactor {
    /// The matrices of a tensor that is factored.
    fn matrix(shape: &[usize], least: u64) -> Option<Matrix> {
        factors::matrix(shape).filter(|matrix| matrix.rows.min(matrix.cols) as u64 >= least)
    }
}

/// The numbers of a step.
struct Step {
    /// The weight of the newest gradient in mean squares, and of the newest step in their mean.
    rho: f64,
    rest1: f64,
    size: f64,
    /// What weight decay made of the weights, which shall not count in their size.
    keep: f64,
    scale_parameter: bool,
    eps: [f64; 2],
    eps_in_square: bool,
    d: f64,
    least: u64,
}

impl Step {
    /// What the update is multiplied by, from the sum of its squares.
    fn size<R: Math>(&self, w: &[R], squares: f64, level: Level) -> R {
        let rms = |squares: f64| (squares / w.len().max(1) as f64).sqrt();
        let size = match self.scale_parameter {
            true if self.keep == 0.0 => self.eps[1],
            true => (rms(sums::over(w, level, |w| w * w)) / self.keep.abs()).max(self.eps[1]),
            false => 1.0,
        };
        R::from_f64(size * self.size / (rms(squares) / self.d).max(1.0))
    }
}

impl<const N: usize> TensorUpdate<N> for Step {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, N>) {
        let TensorStep { shape, w, g, s, buffers, work, level, .. } = tensor;
        let rounding = if size_of::<R>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let eps = if self.eps[0] == 0.0 { rounding } else { self.eps[0] };
        let [added, least] = if self.eps_in_square { [eps, 0.0] } else { [0.0, eps] };
        let rest1 = R::from_f64(self.rest1);
        match (Adafactor::matrix(shape, self.least), buffers) {
            (Some(matrix), [row, col]) => {
                factors::follow(matrix, g, [row, col], self.rho, added, work, level);
                let roots = Roots::new(matrix, [row, col], least, work, level);
                let size = self.size(w, roots.squares_of_quotients(g, work, level), level);
                match s.into_iter().next() {
                    None => roots.map(w, [g], level, |w, [g], root| w - size * (g / root)),
                    Some(mean) => {
                        roots.map(mean, [g], level, |mean, [g], root| {
                            mean + (size * (g / root) - mean) * rest1
                        });
                        map(level, w, [mean], |w, [mean]| w - mean);
                    }
                }
                roots.give_back(work);
            }
            (_, buffers) => {
                let variance = &mut buffers[0];
                let [rho, added, least] = [self.rho, added, least * least].map(R::from_f64);
                map(level, variance, [g], |v, [g]| v + (g * g + added - v) * rho);
                let update = move |g: R, v: R| g / least.max(v).sqrt();
                let [squares] = sums::beside([g, variance], level, |[g, v]| {
                    let u: f64 = update(g, v).into();
                    [u * u]
                });
                let size = self.size(w, squares, level);
                match s.into_iter().next() {
                    None => map(level, w, [g, variance], |w, [g, v]| w - size * update(g, v)),
                    Some(mean) => {
                        map(level, mean, [g, variance], |mean, [g, v]| {
                            mean + (size * update(g, v) - mean) * rest1
                        });
                        map(level, w, [mean], |w, [mean]| w - mean);
                    }
                }
            }
        }
    }
}

impl Rule for Adafactor {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        if self.beta1 == 0.0 { Vec::new() } else { vec![Slot::zero("exp_avg")] }
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        match Self::matrix(shape, self.min_dim_size_to_factor) {
            Some(matrix) => matrix.buffers(shape, ["row_var", "col_var"]).into(),
            None => vec![Buffer::new("variance", shape, 0.0)],
        }
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let t = at.step as f64 + 1.0;
        let largest = if self.warmup_init { 1e-6 * t } else { at.lr };
        let step = Step {
            rho: t.powf(self.beta2_decay),
            rest1: 1.0 - at.momentum.unwrap_or(self.beta1),
            size: if self.relative_step { largest.min(1.0 / t.sqrt()) } else { largest },
            keep: 1.0 - at.lr * self.weight_decay,
            scale_parameter: self.scale_parameter,
            eps: self.eps,
            eps_in_square: self.eps_in_square,
            d: self.d,
            least: self.min_dim_size_to_factor,
        };
        if self.beta1 == 0.0 { pass.each::<_, 0>(&step) } else { pass.each::<_, 1>(&step) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec};

    /// What one step makes of a matrix of zeros, which counts as eps2 large.
    fn first(rule: Adafactor, shape: [usize; 2], g: &[f64]) -> Vec<f64> {
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", shape)]).unwrap();
        let mut w = vec![0.0; g.len()];
        let _ = optimizer.step_flat(&mut w, &mut g.to_vec()).unwrap();
        w
    }

    #[test]
    fn squares_of_rank_one_are_kept_exactly_so_the_first_step_is_the_sign() {
        let (rows, cols) = ([1.0, -2.0, 0.5], [3.0, -0.25, 7.0, 1.0]);
        let g: Vec<f64> = rows.iter().flat_map(|r| cols.map(|c| r * c)).collect();
        for (w, g) in first(Adafactor::default(), [3, 4], &g).iter().zip(&g) {
            assert!((w + 1e-3 * 1e-2 * g.signum()).abs() < 1e-18, "{w} {g}");
        }
    }

    #[test]
    fn no_update_is_larger_than_d() {
        // One large element among small ones: its row and column mean less than itself.
        let mut g = vec![1e-3; 400];
        g[7] = 100.0;
        for d in [0.1, 1.0] {
            let rule =
                Adafactor { d, relative_step: false, scale_parameter: false, lr: 1.0, ..Default::default() };
            let w = first(rule, [20, 20], &g);
            let rms = (w.iter().map(|w| w * w).sum::<f64>() / 400.0).sqrt();
            assert!(rms <= d * (1.0 + 1e-12), "{rms}");
        }
    }

    #[test]
    fn the_state_of_a_matrix_is_a_row_and_a_column() {
        let build = |shape: &[usize]| {
            let params = [ParamSpec::new("w", shape)];
            Optimizer::builder(Adafactor::default()).build::<f32>(&params).unwrap().state_bytes()
        };
        assert_eq!([build(&[300, 500]), build(&[2, 30, 50]), build(&[70])], [4 * 800, 2 * 4 * 80, 4 * 70]);
    }
}
