//! Sharpness-aware minimisation, and steps that ask for their gradients.

use crate::element::Element;
use crate::error::{Kind, Result};
use crate::optimizer::{Look, Optimizer, Outcome, gather};
use crate::real::Real;
use rayon::prelude::*;

/// Elements of one piece of work.
const PIECE: usize = 1 << 15;

/// Sharpness-aware minimisation: the gradient of a step is that at the worst weights within `rho`, not at the weights
/// themselves, so that it leads to flat minima. It needs two gradients a step: see [`Optimizer::step_with`].
///
/// - SAM (Foret et al., ICLR 2021, arXiv 2010.01412, equation 2): the worst weights are w + rho g / |g|.
/// - ASAM, adaptive (Kwon et al., ICML 2021, arXiv 2102.11600, equation 6 and section 4): w + rho t^2 g / |t g|, where
///   t = |w| + eta. With eta = 0 it does not see how the weights of a network without biases are scaled.
///
/// |g| is the 2-norm over all parameters, and 1e-12 is added to it. With `maximize` the worst weights lie down the
/// gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sam {
    /// How far the worst weights are sought: 0 or more. With `adaptive` about ten times as large.
    pub rho: f64,
    /// Measure distances relative to |w| + eta of each weight w, with this eta: 0 or more.
    pub adaptive: Option<f64>,
}

impl Default for Sam {
    /// rho 0.05, not adaptive: the paper's.
    fn default() -> Self {
        Self { rho: 0.05, adaptive: None }
    }
}

/// What [`Optimizer::climb`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Climb {
    /// Nothing, without [`Sam`]: the step is made with the gradient that is there.
    Unneeded,
    /// The weights are the worst ones nearby, and the gradients 0: the step needs the gradient there.
    Climbed,
    /// Nothing: the step is left out, as the gradient of this tensor is not finite.
    Skipped {
        /// The tensor's name.
        tensor: String,
    },
}

impl<T: Element> Optimizer<T> {
    /// Makes one step with gradients that `closure` computes, and gives the loss at the weights before it with what
    /// came of the step. `closure` is given the weights, writes their gradients, and returns the loss. The gradients
    /// are 0 when it is called, but for those of earlier micro-batches.
    ///
    /// Without [`Sam`] the closure is called once. With it, twice: at the weights, and at the worst weights near
    /// them. Then the weights are put back, bit for bit, and the step is made with the second gradient. A closure with
    /// batch statistics or dropout sees the same batch twice. [`climb`](Self::climb) and [`step`](Self::step) are the
    /// same in two calls.
    ///
    /// ```
    /// use ravine::{Optimizer, ParamSpec, Sam, rules::Sgd};
    ///
    /// let mut optimizer = Optimizer::builder(Sgd { lr: 0.1, ..Sgd::default() })
    ///     .sam(Sam { rho: 0.5, adaptive: None })
    ///     .build::<f64>(&[ParamSpec::new("weight", [1])])?;
    /// let (mut weight, mut grad) = ([1.0], [0.0]);
    /// // The loss w^2: its gradient at the worst weight near 1, which is 1.5, is 3.
    /// let (loss, _) = optimizer.step_with(&mut [&mut weight], &mut [&mut grad], |w, g| {
    ///     g[0][0] = 2.0 * w[0][0];
    ///     w[0][0] * w[0][0]
    /// })?;
    /// assert_eq!(loss, 1.0);
    /// assert!((weight[0] - 0.7f64).abs() < 1e-11);
    /// # Ok::<(), ravine::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`step`](Self::step); then weights and state are as they were, whichever gradient was at fault.
    pub fn step_with(
        &mut self,
        values: &mut [&mut [T]],
        grads: &mut [&mut [T]],
        mut closure: impl FnMut(&[&mut [T]], &mut [&mut [T]]) -> f64,
    ) -> Result<(f64, Outcome)> {
        self.check_pairs(values, grads)?;
        if self.micro == 0 {
            zero(grads);
        }
        let loss = closure(values, grads);
        match self.climb(values, grads)? {
            Climb::Unneeded => {}
            Climb::Climbed => {
                let _ = closure(values, grads);
            }
            Climb::Skipped { tensor } => return Ok((loss, Outcome::Skipped { tensor })),
        }
        Ok((loss, self.step(values, grads)?))
    }

    /// The first half of a step with [`Sam`]: moves the weights along their gradients to the worst ones nearby, and
    /// sets the gradients to 0. The next step puts the weights back, bit for bit, and steps with the gradients that it
    /// is given. Without [`Sam`] nothing is done, so that a training loop may call it for any optimizer:
    ///
    /// ```
    /// use ravine::{Climb, Optimizer, ParamSpec, rules};
    ///
    /// let rule = rules::parse("sgd:lr=0.1 + sam:0.5")?;
    /// let mut optimizer = Optimizer::builder_boxed(rule).build::<f64>(&[ParamSpec::new("weight", [1])])?;
    /// let mut weight = [1.0];
    /// let mut grad = [2.0 * weight[0]];
    /// if optimizer.climb(&mut [&mut weight], &mut [&mut grad])? == Climb::Climbed {
    ///     grad = [2.0 * weight[0]];
    /// }
    /// let _ = optimizer.step(&mut [&mut weight], &mut [&mut grad])?;
    /// assert!((weight[0] - 0.7f64).abs() < 1e-11);
    /// # Ok::<(), ravine::Error>(())
    /// ```
    ///
    /// # Errors
    /// A number or length of tensors that does not fit; under [`Guard::Error`](crate::Guard::Error) a gradient that is
    /// not finite. Then nothing has changed.
    pub fn climb(&mut self, values: &mut [&mut [T]], grads: &mut [&mut [T]]) -> Result<Climb> {
        self.check_pairs(values, grads)?;
        let Some(sam) = self.options.sam else { return Ok(Climb::Unneeded) };
        if let Look::Skip(tensor) = self.look(&mut gather(&mut Vec::new(), values, grads))? {
            return Ok(Climb::Skipped { tensor });
        }
        if !self.climbed {
            self.origin.clear();
            values.iter().for_each(|values| self.origin.extend_from_slice(values));
            self.climbed = true;
        }
        self.ascend(sam, values, grads);
        zero(grads);
        Ok(Climb::Climbed)
    }

    /// The same for parameters that lie end to end in one buffer, and their gradients in another.
    ///
    /// # Errors
    /// As [`climb`](Self::climb).
    pub fn climb_flat(&mut self, values: &mut [T], grads: &mut [T]) -> Result<Climb> {
        self.check_flat(values.len(), grads.len())?;
        let (mut values, mut grads) = (values, grads);
        let (mut these, mut those) = (Vec::new(), Vec::new());
        for param in &self.params {
            these.extend(values.split_off_mut(..param.len()));
            those.extend(grads.split_off_mut(..param.len()));
        }
        self.climb(&mut these, &mut those)
    }

    /// Puts weights back from where they were climbed to.
    pub(crate) fn come_back<'a>(&mut self, values: impl Iterator<Item = &'a mut [T]>) -> Result<()> {
        if self.options.sam.is_none() {
            return Ok(());
        }
        if !std::mem::take(&mut self.climbed) {
            return Err(Kind::NeedsClosure.into());
        }
        let mut kept = &self.origin[..];
        for values in values {
            let (these, rest) = kept.split_at(values.len());
            values.copy_from_slice(these);
            kept = rest;
        }
        Ok(())
    }

    /// Moves the weights to the worst ones near them. The gradients are used up.
    fn ascend(&mut self, sam: Sam, values: &mut [&mut [T]], grads: &mut [&mut [T]]) {
        let eta = sam.adaptive.map(T::Math::from_f64);
        if let Some(eta) = eta {
            each(values, grads, |w, g| {
                for (w, g) in w.iter().zip(g) {
                    *g = narrow((w.widen().abs() + eta) * g.widen());
                }
            });
        }
        let norm = self.norm(&gather(&mut Vec::new(), values, grads));
        // The norm of the gradient that was not multiplied by the scale of the loss.
        let unscale = 1.0 / self.options.loss_scale;
        let size = sam.rho * unscale / (norm * unscale + 1e-12);
        let mut sizes = vec![0.0; values.len()];
        for group in self.groups.iter().filter(|group| !group.frozen) {
            group.indices.iter().for_each(|&index| sizes[index] = size * group.uphill());
        }
        for ((values, grads), size) in values.iter_mut().zip(grads).zip(sizes) {
            let size = T::Math::from_f64(size);
            each(std::slice::from_mut(values), std::slice::from_mut(grads), |w, g| {
                for (w, g) in w.iter_mut().zip(g) {
                    let (x, g) = (w.widen(), g.widen());
                    *w = narrow(x + size * eta.map_or(g, |eta| (x.abs() + eta) * g));
                }
            });
        }
    }
}

fn narrow<T: Element>(x: T::Math) -> T {
    T::nearest(x.into())
}

fn zero<T: Element>(grads: &mut [&mut [T]]) {
    grads.iter_mut().for_each(|grads| grads.fill(T::default()));
}

/// Calls `work` with all pieces of values and gradients, each once.
fn each<T: Element>(
    values: &mut [&mut [T]],
    grads: &mut [&mut [T]],
    work: impl Fn(&mut [T], &mut [T]) + Sync,
) {
    for (values, grads) in values.iter_mut().zip(grads) {
        values.par_chunks_mut(PIECE).zip(grads.par_chunks_mut(PIECE)).for_each(|(w, g)| work(w, g));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Sgd;
    use crate::{Builder, Guard, ParamSpec};

    fn builder(lr: f64) -> Builder {
        Optimizer::builder(Sgd { lr, momentum: 0.5, ..Sgd::default() })
    }

    fn params() -> [ParamSpec; 2] {
        [ParamSpec::new("a", [2]), ParamSpec::new("b", [1])]
    }

    /// The gradients of w^4 / 4, and the loss.
    fn quartic(w: &[&mut [f64]], g: &mut [&mut [f64]]) -> f64 {
        for (w, g) in w.iter().zip(g) {
            g.iter_mut().zip(w.iter()).for_each(|(g, w)| *g = w * w * w);
        }
        w.iter().flat_map(|w| w.iter()).map(|w| w.powi(4) / 4.0).sum()
    }

    #[test]
    fn the_gradient_is_asked_for_at_the_weights_and_at_distance_rho_uphill() {
        for (maximize, sign) in [(false, 1.0), (true, -1.0)] {
            let mut optimizer = builder(0.0)
                .sam(Sam { rho: 0.5, adaptive: None })
                .maximize(maximize)
                .build(&params())
                .unwrap();
            let (mut a, mut b) = ([1.0, -2.0], [0.3]);
            let mut seen = Vec::new();
            let _ = optimizer
                .step_with(&mut [&mut a, &mut b], &mut [&mut [9.0, 9.0], &mut [9.0]], |w, g| {
                    assert_eq!([g[0][0], g[0][1], g[1][0]], [0.0; 3], "gradients are zeroed");
                    seen.push([w[0][0], w[0][1], w[1][0]]);
                    quartic(w, g)
                })
                .unwrap();
            let moved: Vec<f64> = seen[1].iter().zip(seen[0]).map(|(x, w)| x - w).collect();
            assert_eq!(seen.len(), 2);
            assert!((moved.iter().map(|x| x * x).sum::<f64>().sqrt() - 0.5).abs() < 1e-12);
            assert!(sign * moved[0] > 0.0 && sign * moved[1] < 0.0);
            assert_eq!(
                (a, b),
                ([1.0, -2.0], [0.3]),
                "at learning rate 0 the weights are put back bit for bit"
            );
        }
    }

    #[test]
    fn distances_are_relative_to_each_weight_and_eta_moves_those_at_0() {
        for (eta, expected) in [(0.0, 0.0), (0.5, 0.5)] {
            let sam = Sam { rho: 0.5, adaptive: Some(eta) };
            let params = [ParamSpec::new("w", [2])];
            let mut optimizer = builder(0.0).sam(sam).build::<f64>(&params).unwrap();
            let (mut w, mut g) = ([0.0, -2.0], [3.0, 1.0]);
            let _ = optimizer.climb_flat(&mut w, &mut g).unwrap();
            // In the metric 1 / t^2 the distance is rho.
            let t = [expected, 2.0 + eta];
            let along = (t[0] * 3.0f64).hypot(t[1]);
            let worst = [0.5 * t[0] * t[0] * 3.0 / along, -2.0 + 0.5 * t[1] * t[1] / along];
            assert!((w[0] - worst[0]).abs() < 1e-12 && (w[1] - worst[1]).abs() < 1e-12, "{w:?} {worst:?}");
        }
    }

    #[test]
    fn without_it_and_with_no_radius_a_step_is_a_step() {
        let run = |builder: Builder| {
            let mut optimizer = builder.build(&params()).unwrap();
            let (mut a, mut b) = ([1.0, -2.0], [0.3]);
            let mut grads = ([0.0; 2], [0.0]);
            for _ in 0..5 {
                let mut grads: [&mut [f64]; 2] = [&mut grads.0, &mut grads.1];
                let _ = optimizer.step_with(&mut [&mut a, &mut b], &mut grads, quartic).unwrap();
            }
            [a[0], a[1], b[0]]
        };
        let plain = run(builder(0.1));
        assert_eq!(plain, run(builder(0.1).sam(Sam { rho: 0.0, adaptive: None })));
        assert_ne!(plain, run(builder(0.1).sam(Sam { rho: 0.1, adaptive: None })));
        assert_ne!(plain, run(builder(0.1).sam(Sam { rho: 0.1, adaptive: Some(0.0) })));
    }

    #[test]
    fn the_scale_of_the_loss_does_not_change_the_step() {
        let run = |scale: f64| {
            let sam = Sam { rho: 0.5, adaptive: Some(0.0) };
            let mut optimizer = builder(0.1).sam(sam).loss_scale(scale).build(&params()).unwrap();
            let (mut a, mut b) = ([1.0, -2.0], [0.3]);
            let _ = optimizer
                .step_with(&mut [&mut a, &mut b], &mut [&mut [0.0; 2], &mut [0.0]], |w, g| {
                    let loss = quartic(w, g);
                    g.iter_mut().flat_map(|g| g.iter_mut()).for_each(|g| *g *= scale);
                    loss
                })
                .unwrap();
            [a[0], a[1], b[0]]
        };
        assert_eq!(run(1.0), run(1024.0));
    }

    #[test]
    fn either_gradient_that_is_not_finite_changes_nothing_and_is_named() {
        for bad_call in [0, 1] {
            for guard in [Guard::Error, Guard::Skip] {
                let mut optimizer = builder(0.1).sam(Sam::default()).guard(guard).build(&params()).unwrap();
                let (mut a, mut b) = ([1.0, -2.0], [0.3]);
                let mut calls = 0;
                let result =
                    optimizer.step_with(&mut [&mut a, &mut b], &mut [&mut [0.0; 2], &mut [0.0]], |w, g| {
                        let loss = quartic(w, g);
                        g[1][0] = if calls == bad_call { f64::NAN } else { g[1][0] };
                        calls += 1;
                        loss
                    });
                match (guard, result) {
                    (Guard::Error, Err(error)) => assert!(error.to_string().contains("'b'"), "{error}"),
                    (_, Ok((_, outcome))) => assert_eq!(outcome, Outcome::Skipped { tensor: "b".into() }),
                    (_, Err(error)) => panic!("{error}"),
                }
                assert_eq!((a, b, optimizer.steps()), ([1.0, -2.0], [0.3], 0));
            }
        }
    }

    #[test]
    fn frozen_weights_are_not_climbed_with() {
        let mut optimizer =
            builder(0.1).sam(Sam { rho: 0.5, adaptive: None }).freeze("b").build(&params()).unwrap();
        let mut places = Vec::new();
        let _ = optimizer.step_with(
            &mut [&mut [1.0, -2.0], &mut [0.3]],
            &mut [&mut [0.0; 2], &mut [0.0]],
            |w, g| {
                places.push(w[1][0]);
                quartic(w, g)
            },
        );
        assert_eq!(places, [0.3, 0.3]);
    }

    #[test]
    fn in_two_calls_over_flat_buffers_it_is_the_same_step() {
        let build =
            || builder(0.1).sam(Sam { rho: 0.5, adaptive: Some(0.0) }).build::<f64>(&params()).unwrap();
        let (mut whole, mut halves) = (build(), build());
        let (mut a, mut b, mut flat) = ([1.0, -2.0], [0.3], [1.0, -2.0, 0.3]);
        let slope = |w: &[f64; 3]| w.map(|w| w * w * w);
        for _ in 0..4 {
            let mut grads: [&mut [f64]; 2] = [&mut [0.0; 2], &mut [0.0]];
            let _ = whole.step_with(&mut [&mut a, &mut b], &mut grads, quartic).unwrap();
            let mut g = slope(&flat);
            assert_eq!(halves.climb_flat(&mut flat, &mut g).unwrap(), Climb::Climbed);
            assert_eq!(g, [0.0; 3]);
            g = slope(&flat);
            let _ = halves.step_flat(&mut flat, &mut g).unwrap();
            assert_eq!([a[0], a[1], b[0]], flat);
        }
    }

    #[test]
    fn what_has_one_gradient_or_a_wrong_radius_is_refused() {
        let mut optimizer = builder(0.1).sam(Sam::default()).build::<f64>(&params()).unwrap();
        let error = optimizer.step_flat(&mut [0.0; 3], &mut [0.0; 3]).unwrap_err().to_string();
        assert!(error.contains("step_with"), "{error}");
        let (a, b) = (&mut [0.0; 2], &mut [0.0]);
        let error = optimizer.step(&mut [a, b], &mut [&mut [0.0; 2], &mut [0.0]]).unwrap_err().to_string();
        assert!(error.contains("step_with"), "{error}");
        for (builder, expected) in [
            (builder(0.1).sam(Sam { rho: -1.0, adaptive: None }), "the rho of sam must be 0 or more, not -1"),
            (builder(0.1).sam(Sam { rho: f64::NAN, adaptive: None }), "not NaN"),
            (
                builder(0.1).sam(Sam { rho: 0.5, adaptive: Some(-1.0) }),
                "the eta of sam must be 0 or more, not -1",
            ),
            (builder(0.1).sam(Sam::default()).accumulate(2), "accumulate must be 1 with sam"),
        ] {
            let error = builder.build::<f64>(&params()).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
