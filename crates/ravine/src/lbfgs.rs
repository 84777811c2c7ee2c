//! L-BFGS: a minimiser for full batches, which asks for losses and gradients itself.

use crate::element::Math;
use crate::error::{Kind, Result};
use crate::params::ParamSpec;
use crate::wolfe::{self, Point, Search};
use std::collections::VecDeque;
use std::sync::Arc;

/// How far L-BFGS goes along a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineSearch {
    /// By the learning rate.
    #[default]
    None,
    /// To where the strong Wolfe conditions hold with c1 = 1e-4 and c2 = 0.9 (Nocedal and Wright, Numerical
    /// Optimization, 2nd
    /// edition, algorithms 3.5 and 3.6), beginning with the learning rate.
    StrongWolfe,
}

/// What [`Lbfgs`] does. Defaults and meaning are torch.optim.LBFGS's.
#[derive(Clone, Debug, PartialEq)]
pub struct LbfgsOptions {
    /// How far to go along a direction: 0 or more. The first step ever is at most this long in the 1-norm.
    pub lr: f64,
    /// Most iterations of a call of [`Lbfgs::step`]: 1 or more.
    pub max_iter: u64,
    /// Most evaluations of a call; by default 5/4 of `max_iter`.
    pub max_eval: Option<u64>,
    /// Stop where no element of the gradient is larger: 0 or more.
    pub tolerance_grad: f64,
    /// Stop where neither weights nor loss change by more: 0 or more.
    pub tolerance_change: f64,
    /// Pairs of steps and changes of the gradient that are kept: 1 or more. Memory is twice as many copies of the
    /// weights.
    pub history_size: usize,
    /// How far to go along a direction.
    pub line_search: LineSearch,
    /// Go up instead of down.
    pub maximize: bool,
}

impl Default for LbfgsOptions {
    fn default() -> Self {
        Self {
            lr: 1.0,
            max_iter: 20,
            max_eval: None,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            history_size: 100,
            line_search: LineSearch::None,
            maximize: false,
        }
    }
}

/// Minimises by L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4 and 7.5), as
/// torch.optim.LBFGS does.
///
/// d = -H g, where H is built of the last pairs s = w_new - w and y = g_new - g by the two-loop recursion, from
/// (s y / y y) times the identity. A pair with s y up to 1e-10 is left out.
///
/// When to use it: smooth losses over a full batch and up to some millions of weights, where it needs far fewer
/// evaluations
/// than first-order rules. Not for mini-batches: differences of gradients of two batches are not curvature.
///
/// ```
/// use ravine::{Lbfgs, LbfgsOptions, LineSearch, ParamSpec};
///
/// let options = LbfgsOptions { line_search: LineSearch::StrongWolfe, ..LbfgsOptions::default() };
/// let mut lbfgs = Lbfgs::new(&[ParamSpec::new("w", [2])], options)?;
/// let mut w = [-1.2, 1.0f64];
/// for _ in 0..2 {
///     lbfgs.step(&mut [&mut w], |w, g| {
///         let [x, y]: [f64; 2] = [w[0][0], w[0][1]];
///         g[0][0] = -2.0 * (1.0 - x) - 400.0 * x * (y - x * x);
///         g[0][1] = 200.0 * (y - x * x);
///         (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
///     })?;
/// }
/// // Where the loss changes by less than `tolerance_change`, as torch.optim.LBFGS.
/// assert!((w[0] - 1.0).abs() < 2e-5 && (w[1] - 1.0).abs() < 4e-5);
/// # Ok::<(), ravine::Error>(())
/// ```
#[derive(Debug)]
pub struct Lbfgs<T> {
    params: Vec<ParamSpec>,
    options: LbfgsOptions,
    state: State<T>,
}

/// What is carried from step to step. Cheap to copy, so that a step that fails is not seen.
#[derive(Clone, Debug)]
struct State<T> {
    iterations: u64,
    evaluations: u64,
    direction: Arc<Vec<T>>,
    length: f64,
    gradient: Arc<Vec<T>>,
    /// The last pairs, oldest first.
    pairs: VecDeque<Arc<Pair<T>>>,
    /// The diagonal of the first guess of H.
    scale: f64,
}

#[derive(Debug)]
struct Pair<T> {
    s: Vec<T>,
    y: Vec<T>,
    /// 1 / s y.
    rho: f64,
}

impl<T: Math> Lbfgs<T> {
    /// A minimiser of these parameters, which must be given to each step in this order.
    ///
    /// # Errors
    /// No parameters; an option out of its range.
    pub fn new(params: &[ParamSpec], options: LbfgsOptions) -> Result<Self> {
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        for (option, holds, expected, got) in [
            ("the lr of lbfgs", not_negative(options.lr), "0 or more", options.lr.to_string()),
            ("the max_iter of lbfgs", options.max_iter > 0, "1 or more", options.max_iter.to_string()),
            ("the max_eval of lbfgs", options.max_eval != Some(0), "1 or more", "0".into()),
            (
                "the tolerance_grad of lbfgs",
                not_negative(options.tolerance_grad),
                "0 or more",
                options.tolerance_grad.to_string(),
            ),
            (
                "the tolerance_change of lbfgs",
                not_negative(options.tolerance_change),
                "0 or more",
                options.tolerance_change.to_string(),
            ),
            (
                "the history_size of lbfgs",
                options.history_size > 0,
                "1 or more",
                options.history_size.to_string(),
            ),
        ] {
            if !holds {
                return Err(Kind::BadOption { option, expected, got }.into());
            }
        }
        if params.is_empty() {
            return Err(Kind::NoParameters.into());
        }
        let state = State {
            iterations: 0,
            evaluations: 0,
            direction: Arc::default(),
            length: 0.0,
            gradient: Arc::default(),
            pairs: VecDeque::new(),
            scale: 1.0,
        };
        Ok(Self { params: params.to_vec(), options, state })
    }

    /// Iterations made, over all steps.
    pub fn iterations(&self) -> u64 {
        self.state.iterations
    }

    /// Losses asked for, over all steps.
    pub fn evaluations(&self) -> u64 {
        self.state.evaluations
    }

    /// Makes up to `max_iter` iterations and gives the loss at the weights before them. `closure` is given weights,
    /// writes
    /// their gradients, which are 0 when it is called, and returns the loss.
    ///
    /// # Errors
    /// A number or length of tensors that does not fit; a loss or gradient that is not finite. Then weights and
    /// history are
    /// as they were. A line search that comes to a loss that is not finite goes back and fails only if it finds none
    /// that is.
    pub fn step(
        &mut self,
        values: &mut [&mut [T]],
        closure: impl FnMut(&[&mut [T]], &mut [&mut [T]]) -> f64,
    ) -> Result<f64> {
        self.check(values)?;
        let start = flat(values);
        let mut state = self.state.clone();
        let run =
            Run { params: &self.params, options: &self.options, closure, evaluated: 0, grads: Vec::new() };
        match run.iterate(&mut state, values) {
            Ok(loss) => {
                self.state = state;
                Ok(loss)
            }
            Err(error) => {
                put(&start, values);
                Err(error)
            }
        }
    }

    fn check(&self, values: &[&mut [T]]) -> Result<()> {
        if values.len() != self.params.len() {
            let (what, expected, got) = ("parameters", self.params.len(), values.len());
            return Err(Kind::TensorCount { what, expected, got }.into());
        }
        for (param, values) in self.params.iter().zip(values) {
            if param.len() != values.len() {
                let (what, name) = ("parameter", param.name.clone());
                return Err(
                    Kind::TensorLength { what, name, expected: param.len(), got: values.len() }.into()
                );
            }
        }
        Ok(())
    }
}

/// One call of [`Lbfgs::step`].
struct Run<'a, T, F> {
    params: &'a [ParamSpec],
    options: &'a LbfgsOptions,
    closure: F,
    evaluated: u64,
    grads: Vec<Vec<T>>,
}

impl<T: Math, F: FnMut(&[&mut [T]], &mut [&mut [T]]) -> f64> Run<'_, T, F> {
    fn iterate(mut self, state: &mut State<T>, values: &mut [&mut [T]]) -> Result<f64> {
        let LbfgsOptions { lr, max_iter, tolerance_grad, tolerance_change, .. } = *self.options;
        let max_eval = self.options.max_eval.unwrap_or(max_iter.saturating_mul(5) / 4);
        let mut now = self.evaluate(values);
        self.finite(&now)?;
        let first_loss = self.sign() * now.loss;
        if largest(&now.gradient) <= tolerance_grad {
            state.evaluations += self.evaluated;
            return Ok(first_loss);
        }
        for iteration in 1..=max_iter {
            state.iterations += 1;
            let direction = state.next_direction(&now.gradient, self.options.history_size);
            let last_loss = now.loss;
            let length = match state.iterations {
                1 => (1.0 / now.gradient.iter().map(|&g| wide(g).abs()).sum::<f64>()).min(1.0) * lr,
                _ => lr,
            };
            state.length = length;
            let slope = dot(&now.gradient, &direction);
            if slope > -tolerance_change {
                break;
            }
            let start = flat(values);
            match self.options.line_search {
                LineSearch::StrongWolfe => {
                    let search = Search {
                        loss: now.loss,
                        slope,
                        largest: largest(&direction),
                        tolerance_change,
                        most: max_eval.saturating_sub(self.evaluated),
                    };
                    let at_start = Point { length: 0.0, loss: now.loss, slope, what: now.gradient };
                    let found = wolfe::search(&search, at_start, length, |length| {
                        go(&start, length, &direction, values);
                        let there = self.evaluate(values);
                        let slope = dot(&there.gradient, &direction);
                        Point { length, loss: there.loss, slope, what: there.gradient }
                    });
                    state.length = found.length;
                    now = Evaluated { loss: found.loss, gradient: found.what };
                    go(&start, found.length, &direction, values);
                    self.finite(&now)?;
                }
                LineSearch::None => {
                    go(&start, length, &direction, values);
                    // After the last iteration nobody needs it.
                    if iteration != max_iter {
                        now = self.evaluate(values);
                        self.finite(&now)?;
                    }
                }
            }
            let done = iteration == max_iter
                || self.evaluated >= max_eval
                || largest(&now.gradient) <= tolerance_grad
                || largest(&direction) * state.length.abs() <= tolerance_change
                || (now.loss - last_loss).abs() < tolerance_change;
            if done {
                break;
            }
        }
        state.evaluations += self.evaluated;
        Ok(first_loss)
    }

    fn sign(&self) -> f64 {
        if self.options.maximize { -1.0 } else { 1.0 }
    }

    /// Loss and gradient at these weights, of what is minimised.
    fn evaluate(&mut self, values: &[&mut [T]]) -> Evaluated<T> {
        self.grads.clear();
        self.grads.extend(self.params.iter().map(|param| vec![T::default(); param.len()]));
        let mut grads: Vec<&mut [T]> = self.grads.iter_mut().map(|grads| &mut grads[..]).collect();
        self.evaluated += 1;
        let loss = (self.closure)(values, &mut grads);
        let mut gradient = self.grads.concat();
        if self.options.maximize {
            gradient.iter_mut().for_each(|g| *g = -*g);
        }
        Evaluated { loss: self.sign() * loss, gradient }
    }

    fn finite(&self, now: &Evaluated<T>) -> Result<()> {
        let mut rest = &now.gradient[..];
        for param in self.params {
            let (grads, others) = rest.split_at(param.len());
            rest = others;
            if let Some(index) = grads.iter().position(|&g| !wide(g).is_finite()) {
                let (name, value) = (param.name.clone(), wide(grads[index]));
                return Err(Kind::NonFiniteGradient { name, index, value }.into());
            }
        }
        if now.loss.is_finite() { Ok(()) } else { Err(Kind::NonFiniteLoss { loss: now.loss }.into()) }
    }
}

struct Evaluated<T> {
    loss: f64,
    gradient: Vec<T>,
}

impl<T: Math> State<T> {
    /// The direction at a gradient, after the pair that led there has joined the history.
    fn next_direction(&mut self, gradient: &[T], history_size: usize) -> Arc<Vec<T>> {
        if self.iterations > 1 {
            let y: Vec<T> = gradient.iter().zip(&*self.gradient).map(|(&g, &last)| g - last).collect();
            let length = T::from_f64(self.length);
            let s: Vec<T> = self.direction.iter().map(|&d| d * length).collect();
            let product = dot(&y, &s);
            if product > 1e-10 {
                if self.pairs.len() == history_size {
                    self.pairs.pop_front();
                }
                self.scale = product / dot(&y, &y);
                self.pairs.push_back(Arc::new(Pair { s, y, rho: 1.0 / product }));
            }
        }
        let mut d: Vec<T> = gradient.iter().map(|&g| -g).collect();
        let mut alphas = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let alpha = dot(&pair.s, &d) * pair.rho;
            add(&mut d, -alpha, &pair.y);
            alphas.push(alpha);
        }
        if !self.pairs.is_empty() {
            let scale = T::from_f64(self.scale);
            d.iter_mut().for_each(|d| *d = *d * scale);
        }
        for (pair, alpha) in self.pairs.iter().zip(alphas.into_iter().rev()) {
            let beta = dot(&pair.y, &d) * pair.rho;
            add(&mut d, alpha - beta, &pair.s);
        }
        self.gradient = Arc::new(gradient.to_vec());
        self.direction = Arc::new(d);
        self.direction.clone()
    }
}

fn wide<T: Math>(x: T) -> f64 {
    x.into()
}

/// The sum of products in f64, in lanes so that loops use whole vectors; the same bits on every machine.
fn dot<T: Math>(a: &[T], b: &[T]) -> f64 {
    const LANES: usize = 16;
    let mut lanes = [0.0; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (&a, &b))| *lane += wide(a) * wide(b));
    }
    lanes.iter().sum()
}

/// a += factor b.
fn add<T: Math>(a: &mut [T], factor: f64, b: &[T]) {
    let factor = T::from_f64(factor);
    a.iter_mut().zip(b).for_each(|(a, &b)| *a = *a + factor * b);
}

/// The largest magnitude; NaN if there is one.
fn largest<T: Math>(values: &[T]) -> f64 {
    values.iter().fold(0.0, |most, &x| {
        let x = wide(x).abs();
        if x <= most { most } else { x }
    })
}

/// All values end to end.
fn flat<T: Math>(values: &[&mut [T]]) -> Vec<T> {
    values.iter().flat_map(|values| values.iter().copied()).collect()
}

fn put<T: Math>(from: &[T], values: &mut [&mut [T]]) {
    values.iter_mut().flat_map(|values| values.iter_mut()).zip(from).for_each(|(w, &x)| *w = x);
}

/// Puts start + length direction in place.
fn go<T: Math>(start: &[T], length: f64, direction: &[T], values: &mut [&mut [T]]) {
    let length = T::from_f64(length);
    let path = start.iter().zip(direction);
    values.iter_mut().flat_map(|values| values.iter_mut()).zip(path).for_each(|(w, (&x, &d))| {
        *w = x + length * d;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line_search: LineSearch) -> LbfgsOptions {
        LbfgsOptions { line_search, ..LbfgsOptions::default() }
    }

    fn params() -> [ParamSpec; 2] {
        [ParamSpec::new("a", [2]), ParamSpec::new("b", [1])]
    }

    /// (x^2 + 10 y^2 + 100 z^2) / 2.
    fn bowl<T: Math>(w: &[&mut [T]], g: &mut [&mut [T]]) -> f64 {
        let mut loss = 0.0;
        for (tensor, i, c) in [(0, 0, 1.0), (0, 1, 10.0), (1, 0, 100.0)] {
            let w = w[tensor][i];
            g[tensor][i] = w * T::from_f64(c);
            loss += c * wide(w).powi(2) / 2.0;
        }
        loss
    }

    #[test]
    fn a_quadratic_is_solved_in_about_as_many_steps_as_it_has_dimensions() {
        for line_search in [LineSearch::None, LineSearch::StrongWolfe] {
            let mut lbfgs = Lbfgs::<f64>::new(&params(), options(line_search)).unwrap();
            let (mut a, mut b) = ([1.0, -2.0], [3.0]);
            let loss = lbfgs.step(&mut [&mut a, &mut b], bowl).unwrap();
            assert_eq!(loss, 470.5);
            assert!(a.iter().chain(&b).all(|x: &f64| x.abs() < 1e-6), "{line_search:?} {a:?} {b:?}");
            assert!(lbfgs.iterations() <= 20 && lbfgs.evaluations() <= 25);
        }
    }

    #[test]
    fn steps_of_a_wolfe_search_keep_its_conditions() {
        let mut lbfgs = Lbfgs::<f64>::new(
            &params(),
            LbfgsOptions { max_iter: 1, max_eval: Some(30), ..options(LineSearch::StrongWolfe) },
        )
        .unwrap();
        let (mut a, mut b) = ([1.0, -2.0], [3.0]);
        for _ in 0..6 {
            let before = [a[0], a[1], b[0]];
            let loss = lbfgs.step(&mut [&mut a, &mut b], bowl).unwrap();
            let c = [1.0, 10.0, 100.0];
            let step: Vec<f64> = [a[0], a[1], b[0]].iter().zip(before).map(|(x, w)| x - w).collect();
            let slope = |w: [f64; 3]| (0..3).map(|i| c[i] * w[i] * step[i]).sum::<f64>();
            let after: f64 = (0..3).map(|i| c[i] * [a[0], a[1], b[0]][i].powi(2) / 2.0).sum();
            if step.iter().all(|x| x.abs() < 1e-9) {
                break;
            }
            assert!(after <= loss + 1e-4 * slope(before) + 1e-12, "{after} {loss}");
            assert!(slope([a[0], a[1], b[0]]).abs() <= -0.9 * slope(before) + 1e-12);
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_leaves_weights_and_history() {
        for line_search in [LineSearch::None, LineSearch::StrongWolfe] {
            let run = |trouble: bool| {
                let mut lbfgs =
                    Lbfgs::<f64>::new(&params(), LbfgsOptions { max_iter: 2, ..options(line_search) })
                        .unwrap();
                let (mut a, mut b) = ([1.0, -2.0], [3.0]);
                lbfgs.step(&mut [&mut a, &mut b], bowl).unwrap();
                if trouble {
                    let before = (a, b);
                    let error = lbfgs.step(&mut [&mut a, &mut b], |_, _| f64::NAN).unwrap_err().to_string();
                    assert!(error.contains("the loss is not finite: NaN"), "{error}");
                    let error = lbfgs
                        .step(&mut [&mut a, &mut b], |w, g| {
                            let loss = bowl(w, g);
                            g[1][0] = f64::INFINITY;
                            loss
                        })
                        .unwrap_err()
                        .to_string();
                    assert!(error.contains("'b'"), "{error}");
                    assert_eq!((a, b), before);
                }
                lbfgs.step(&mut [&mut a, &mut b], bowl).unwrap();
                (a, b)
            };
            assert_eq!(run(false), run(true));
        }
    }

    #[test]
    fn up_is_down_mirrored() {
        let run = |maximize: bool| {
            let mut lbfgs =
                Lbfgs::<f32>::new(&params(), LbfgsOptions { maximize, ..options(LineSearch::StrongWolfe) })
                    .unwrap();
            let (mut a, mut b) = ([1.0, -2.0], [3.0]);
            let loss = lbfgs
                .step(&mut [&mut a, &mut b], |w, g| {
                    let loss = bowl(w, g);
                    let sign = if maximize { -1.0 } else { 1.0 };
                    g.iter_mut().flat_map(|g| g.iter_mut()).for_each(|g| *g *= sign);
                    loss * f64::from(sign)
                })
                .unwrap();
            (a, b, loss.abs())
        };
        assert_eq!(run(false), run(true));
    }

    #[test]
    fn wrong_options_and_tensors_are_refused() {
        for (options, expected) in [
            (
                LbfgsOptions { lr: f64::NAN, ..Default::default() },
                "the lr of lbfgs must be 0 or more, not NaN",
            ),
            (LbfgsOptions { max_iter: 0, ..Default::default() }, "max_iter of lbfgs must be 1 or more"),
            (LbfgsOptions { max_eval: Some(0), ..Default::default() }, "max_eval"),
            (LbfgsOptions { tolerance_grad: -1.0, ..Default::default() }, "tolerance_grad"),
            (LbfgsOptions { tolerance_change: -1.0, ..Default::default() }, "tolerance_change"),
            (LbfgsOptions { history_size: 0, ..Default::default() }, "history_size"),
        ] {
            let error = Lbfgs::<f64>::new(&params(), options).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(Lbfgs::<f64>::new(&[], LbfgsOptions::default()).is_err());
        let mut lbfgs = Lbfgs::<f64>::new(&params(), LbfgsOptions::default()).unwrap();
        assert!(
            lbfgs
                .step(&mut [&mut [0.0; 2]], |_, _| 0.0)
                .unwrap_err()
                .to_string()
                .contains("expected 2 tensors")
        );
        let error = lbfgs.step(&mut [&mut [0.0; 2], &mut [0.0; 2]], |_, _| 0.0).unwrap_err().to_string();
        assert!(error.contains("'b': expected 1 elements, got 2"), "{error}");
    }
}
