//! PSGD with Kronecker-factored preconditioners.

use super::modes::{MOST, Mode, dims, modes};
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::linalg::{Mat, Side, Triangle, matmul, solve_triangular};
use crate::pass::Pass;
use crate::random::Random;
use crate::rule::{At, Buffer, Decay, Rule, Slot, power};
use crate::simd::Level;
use crate::sums;
use crate::whole::{TensorStep, TensorUpdate, Workspace, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "kron",
    presets: &[("psgd", "")],
    title: "PSGD: gradients whitened by triangular factors that are themselves learned by descent",
    formula: "A = Q_L M Q_R^T; B = Q_L^-T V Q_R^-1, V normal; Q -= lr_Q triu(A A^T - B B^T) Q / |A A^T + B B^T|; \
              W -= lr Q_L^T Q_L M Q_R^T Q_R, at most 1.1 in root mean square",
    advice: "Transformers and recurrent networks where shampoo or soap would do but decompositions are too dear: products \
             and triangular solves alone. Start from a third of adamw's learning rate. For vectors and small networks \
             take adamw.",
    source: "Li, arXiv 1512.04202, sections IV and V; Pooladzandi, Li, arXiv 2402.04553; pytorch_optimizer.Kron",
    make: || Box::new(Kron::default()),
};

crate::hyper! {
    /// PSGD with Kronecker-factored preconditioners (Li, arXiv 1512.04202; Pooladzandi and Li, arXiv 2402.04553).
    ///
    /// Each dimension of a tensor has an upper triangular Q. M is the mean of the gradient, corrected for its start at 0; a
    /// Q with a tensor means its product along that dimension. The step goes down P M = Q^T Q M, in all dimensions, its root
    /// mean square limited to 1.1.
    ///
    /// Q descends on the criterion E[G^T P G + V^T P^-1 V], whose minimum whitens: P E[G G^T] P = I. With A = Q M, and
    /// B = Q^-T V for a normal V, and X the slices of a tensor along the dimension as rows:
    /// Q -= precondition_lr triu(A A^T - B B^T) Q / (a lower bound of the norm of A A^T + B B^T).
    ///
    /// - A dimension that is 1, longer than `max_size_triangular`, or chosen by `memory_save_mode`, and all of a tensor of
    ///   fewer than `min_ndim_triangular`, keeps a diagonal.
    /// - The factors are updated in the share of steps `precondition_update_probability`, evenly spread; 0 stands for
    ///   1 during 500 steps and then exp(-0.001 (t - 500)), no less than 0.03.
    /// - When they are, with `balance_prob` they are first multiplied so that their largest elements are equal.
    ///
    /// V and the dice are drawn from `seed` by the number of the step, so a run can be repeated and resumed. A triangular
    /// matrix that cannot be solved leaves the factors as they were. Dimensions after the eighth are taken together.
    ///
    /// State: `momentum_buffer`; `Q_0`, ... for each dimension. Defaults are pytorch_optimizer's; there weight decay
    /// leaves out vectors.
    pub struct Kron {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean of the gradient each step keeps.
        momentum: f64 = 0.9, Range::UnitOpen;
        /// Share of the steps that update the factors; 0 for all at first and fewer later.
        precondition_update_probability: f64 = 0.0, Range::Unit;
        /// Learning rate of the factors.
        precondition_lr: f64 = 0.1, Range::Positive;
        /// What the preconditioner is at first, times the identity, but for its square.
        precondition_init_scale: f64 = 1.0, Range::Positive;
        /// Let the factors see the mean of the gradient instead of the gradient.
        momentum_into_precondition_update: bool = true, Range::Bool;
        /// Longer dimensions have a diagonal.
        max_size_triangular: u64 = 8192, Range::NonNegative;
        /// Tensors of fewer dimensions have diagonals.
        min_ndim_triangular: u64 = 2, Range::NonNegative;
        /// Which dimensions have a diagonal too: none, the longest, the longest if it alone is, all.
        memory_save_mode: &'static str = "none", Range::Words(&["none", "one_diag", "smart_one_diag", "all_diag"]);
        /// How often an update begins with balancing the factors.
        balance_prob: f64 = 0.01, Range::Unit;
        /// The seed of V and of the dice.
        seed: u64 = 0, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

const NAMES: [&str; MOST] = ["Q_0", "Q_1", "Q_2", "Q_3", "Q_4", "Q_5", "Q_6", "Q_7"];

/// Added to the norm that an update of a factor is divided by: the smallest normal f32.
const EPS: f64 = f32::MIN_POSITIVE as f64;

impl Kron {
    /// Whether a dimension has a diagonal.
    fn is_diagonal(&self, dims: &[usize], i: usize) -> bool {
        // The last of the longest.
        let longest = (0..dims.len()).max_by_key(|&i| dims[i]).unwrap_or(0);
        let alone = dims.iter().filter(|&&dim| dim == dims[longest]).count() == 1;
        dims[i] == 1
            || dims[i] as u64 > self.max_size_triangular
            || (dims.len() as u64) < self.min_ndim_triangular
            || match self.memory_save_mode {
                "one_diag" => i == longest,
                "smart_one_diag" => i == longest && alone && dims.len() > 1,
                "all_diag" => true,
                _ => false,
            }
    }

    /// The share of steps that update the factors, at this one.
    fn probability(&self, step: u64) -> f64 {
        match self.precondition_update_probability {
            0.0 => (-0.001 * (step as f64 - 500.0)).exp().clamp(0.03, 1.0),
            fixed => fixed,
        }
    }
}

struct Step<'a> {
    rule: &'a Kron,
    at: At,
    /// Whether the factors are updated and balanced.
    updates: bool,
    balances: bool,
    /// A normal number for an element of a tensor.
    noise: &'a (dyn Fn(usize, u64) -> f64 + Sync),
}

/// Multiplies `x` by the factors in all dimensions, or by their transposed.
fn multiply<R: Math>(
    x: &mut [R],
    shape: &[usize],
    factors: &[Vec<R>],
    transposed: bool,
    work: &mut Workspace<R>,
) {
    let mut next = work.take(x.len());
    for (mode, q) in modes(shape).zip(factors) {
        if q.len() == mode.dim {
            mode.scale(x, |i| q[i]);
        } else {
            let q = Mat::new(q, mode.dim, mode.dim);
            mode.product(&mut next, if transposed { q.transposed() } else { q }, x);
            x.copy_from_slice(&next);
        }
    }
    work.give(next);
}

/// Multiplies `x` by the inverted and transposed factors in all dimensions.
fn divide<R: Math>(x: &mut [R], shape: &[usize], factors: &[Vec<R>]) -> Result<()> {
    for (mode, q) in modes(shape).zip(factors) {
        let Mode { dim, inner, .. } = mode;
        if q.len() == dim {
            mode.scale(x, |i| R::from_f64(1.0) / q[i]);
            continue;
        }
        let q = Mat::new(q, dim, dim);
        if inner == 1 {
            solve_triangular(q, Triangle::Upper, Side::Right, x)?;
            continue;
        }
        for x in x.chunks_exact_mut(dim * inner) {
            solve_triangular(q.transposed(), Triangle::Lower, Side::Left, x)?;
        }
    }
    Ok(())
}

/// A lower bound of the spectral norm of a symmetric matrix: `|a x|` for the x of length 1 along the product of a with its
/// largest row.
fn norm_bound<R: Math>(a: &[R], n: usize, work: &mut Workspace<R>, level: Level) -> f64 {
    let largest = a.iter().fold(0.0, |most: f64, &x| most.max(x.into().abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let norm = |x: &[R]| sums::over(x, level, |x| x / largest * (x / largest)).sqrt();
    let row = |i: usize| &a[i * n..(i + 1) * n];
    let lengths = (0..n).map(|i| norm(row(i)));
    let best = lengths.enumerate().fold((0, -1.0), |best, (i, x)| if x > best.1 { (i, x) } else { best }).0;
    let times = |x: &[R], y: &mut [R]| {
        for (i, y) in y.iter_mut().enumerate() {
            let sum: f64 = row(i).iter().zip(x).map(|(&a, &x)| a.into() / largest * x.into()).sum();
            *y = R::from_f64(sum);
        }
    };
    let [mut x, mut y] = [work.take(n), work.take(n)];
    times(row(best), &mut x);
    let length = norm(&x).max(f64::MIN_POSITIVE) * largest;
    x.iter_mut().for_each(|x| *x = R::from_f64((*x).into() / length));
    times(&x, &mut y);
    let bound = norm(&y) * largest * largest;
    work.give(x);
    work.give(y);
    bound
}

impl Step<'_> {
    /// Moves the factors towards those that whiten `m`, which is written over.
    fn learn<R: Math>(
        &self,
        m: &mut [R],
        shape: &[usize],
        index: usize,
        factors: &mut [Vec<R>],
        work: &mut Workspace<R>,
        level: Level,
    ) {
        let mut v = work.take(m.len());
        v.iter_mut().zip(0..).for_each(|(v, i)| *v = R::from_f64((self.noise)(index, i)));
        multiply(m, shape, factors, false, work);
        if divide(&mut v, shape, factors).is_ok() {
            let lr = self.rule.precondition_lr;
            for (mode, q) in modes(shape).zip(factors) {
                let n = mode.dim;
                let [mut a, mut b] = [work.take(q.len()), work.take(q.len())];
                if q.len() == n {
                    mode.squares(&mut a, m);
                    mode.squares(&mut b, &v);
                    let most =
                        a.iter().zip(&b).map(|(&a, &b)| (a.into() + b.into()).abs()).fold(0.0, f64::max);
                    let rate = R::from_f64(lr / (most + EPS));
                    map(level, q, [&a, &b], |q, [a, b]| q - (a - b) * rate * q);
                } else {
                    mode.gram(&mut a, m, work);
                    mode.gram(&mut b, &v, work);
                    let mut both = work.take(q.len());
                    map(level, &mut both, [&a, &b], |_, [a, b]| a + b);
                    let rate = R::from_f64(lr / (norm_bound(&both, n, work, level) + EPS));
                    for (i, (a, b)) in a.chunks_exact_mut(n).zip(b.chunks_exact(n)).enumerate() {
                        a[..i].fill(R::default());
                        a[i..].iter_mut().zip(&b[i..]).for_each(|(a, &b)| *a = (*a - b) * rate);
                    }
                    matmul(&mut both, false, Mat::new(&a, n, n), Mat::new(q, n, n), |_, _| {});
                    map(level, q, [&both], |q, [change]| q - change);
                    work.give(both);
                }
                work.give(a);
                work.give(b);
            }
        }
        work.give(v);
    }
}

/// Multiplies each factor so that their largest elements are equal, and the product of all is as it was.
fn balance<R: Math>(factors: &mut [Vec<R>]) {
    let largest = |q: &[R]| q.iter().fold(0.0, |most: f64, &x| most.max(x.into().abs()));
    let mean = factors.iter().map(|q| largest(q)).product::<f64>().powf(1.0 / factors.len() as f64);
    for q in factors {
        let factor = R::from_f64(mean / largest(q));
        q.iter_mut().for_each(|q| *q = *q * factor);
    }
}

impl TensorUpdate<1> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 1>) {
        let TensorStep { shape, index, w, g, s: [m], buffers, work, level, .. } = tensor;
        if w.is_empty() {
            return;
        }
        let momentum = self.at.momentum.unwrap_or(self.rule.momentum);
        let correction = 1.0 - power(momentum, self.at.step.saturating_add(1));
        let [keep, rest, correction] = [momentum, 1.0 - momentum, correction].map(R::from_f64);
        map(level, m, [g], |m, [g]| keep * m + rest * g);
        if self.balances && shape.len() > 1 {
            balance(buffers);
        }
        let mut mean = work.take(w.len());
        map(level, &mut mean, [m], |_, [m]| m / correction);
        if self.updates {
            let mut seen = work.take_any(w.len());
            seen.copy_from_slice(if self.rule.momentum_into_precondition_update { &mean } else { g });
            self.learn(&mut seen, shape, index, buffers, work, level);
            work.give(seen);
        }
        multiply(&mut mean, shape, buffers, false, work);
        multiply(&mut mean, shape, buffers, true, work);
        let rms = (sums::over(&mean, level, |u| u * u) / mean.len() as f64).sqrt();
        let size = R::from_f64(self.at.lr * (1.1 / (rms + 1e-6)).min(1.0));
        map(level, w, [&mean], |w, [u]| w - size * u);
        work.give(mean);
    }
}

impl Rule for Kron {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("momentum_buffer")]
    }
    fn buffers(&self, shape: &[usize]) -> Vec<Buffer> {
        let dims = dims(shape);
        let scale = self.precondition_init_scale.powf(1.0 / dims.len() as f64);
        let of = |(i, name)| match self.is_diagonal(&dims, i) {
            true => Buffer::new(name, [dims[i]], scale),
            false => Buffer::identity(name, dims[i], scale),
        };
        (0..dims.len()).zip(NAMES).map(of).collect()
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("update_counter", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let random = Random::new(self.seed).stream(at.step);
        let counter = &mut pass.memory()[0];
        *counter += 1.0;
        let updates = *counter >= 1.0 / self.probability(at.step);
        if updates {
            *counter = 0.0;
        }
        let balances = updates && random.uniform(0) < self.balance_prob;
        let noise = |tensor: usize, element: u64| random.stream(tensor as u64).normal(element);
        pass.each(&Step { rule: self, at, updates, balances, noise: &noise })
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hyper;
    use crate::{Optimizer, ParamSpec, rules};
    use safetensors::SafeTensors;

    const GOLDENS: &[u8] = include_bytes!("../../tests/goldens/rules-pytorch_optimizer.safetensors");
    const INPUTS: &[u8] = include_bytes!("../../tests/goldens/inputs.safetensors");
    const STEPS: usize = 50;

    fn read(file: &SafeTensors<'_>, name: &str) -> (Vec<f64>, Vec<usize>) {
        let tensor = file.tensor(name).unwrap();
        let values = tensor.data().as_chunks().0.iter().map(|x| f64::from_le_bytes(*x)).collect();
        (values, tensor.shape().to_vec())
    }

    /// With the random vectors of the reference, its numbers: the largest relative difference after 50 steps.
    fn stray(config: &str, text: &str) -> f64 {
        let rule = rules::parse(text).unwrap();
        let get = |name: &str| rule.get(name).unwrap();
        let mut kron = Kron::default();
        kron.params().iter().for_each(|param| assert!(kron.put(param.name, get(param.name))));
        let (goldens, inputs) =
            (SafeTensors::deserialize(GOLDENS).unwrap(), SafeTensors::deserialize(INPUTS).unwrap());
        let key = format!("pytorch_optimizer.Kron.{config}");
        let mut worst = 0.0f64;
        for index in 0..3 {
            let (mut w, shape) = read(&inputs, &format!("mat/p{index}"));
            let (grads, _) = read(&inputs, &format!("mat/g{index}"));
            let (probes, _) = read(&goldens, &format!("pytorch_optimizer.Kron.default/v{index}"));
            let len = w.len();
            let mut buffers: Vec<Vec<f64>> = kron.buffers(&shape).iter().map(Buffer::filled).collect();
            let (mut m, mut work) = (vec![0.0; len], Workspace::default());
            for step in 0..STEPS {
                let mut g = grads[step * len..][..len].to_vec();
                let noise = |_: usize, i: u64| probes[step * len + i as usize];
                let at = At { step: step as u64, lr: kron.lr, momentum: None };
                let balances = kron.balance_prob == 1.0;
                w.iter_mut().for_each(|w| *w *= 1.0 - kron.lr * kron.weight_decay);
                Step { rule: &kron, at, updates: true, balances, noise: &noise }.update(TensorStep {
                    shape: &shape,
                    index,
                    w: &mut w,
                    g: &mut g,
                    s: [&mut m],
                    buffers: &mut buffers,
                    memory: &mut [],
                    work: &mut work,
                    level: Level::widest(),
                });
            }
            let (theirs, _) = read(&goldens, &format!("{key}/p{index}"));
            let last = &theirs[theirs.len() - len..];
            worst = w.iter().zip(last).map(|(a, b)| (a - b).abs() / b.abs().max(1e-3)).fold(worst, f64::max);
        }
        worst
    }

    #[test]
    fn with_the_references_random_vectors_the_numbers_are_its() {
        for (config, text) in [
            ("default", "kron:lr=0.01,balance_prob=0"),
            ("wd", "kron:lr=0.01,balance_prob=0,weight_decay=0.05,momentum=0.8"),
            ("gradient", "kron:lr=0.01,balance_prob=0,momentum_into_precondition_update=false"),
            ("one_diag", "kron:lr=0.01,balance_prob=0,memory_save_mode=one_diag"),
            ("all_diag", "kron:lr=0.01,balance_prob=0,memory_save_mode=all_diag"),
        ] {
            let stray = stray(config, text);
            assert!(stray < 1e-11, "{config}: {stray:e}");
        }
    }

    /// Elements of the gradient are normal and of sizes from 0.006 to 50; in P G all are of about size 1.
    #[test]
    fn the_preconditioner_whitens_a_fixed_covariance() {
        let scale = |i: usize| [10.0, 1.0, 0.3, 0.03][i / 3] * [1.0, 5.0, 0.2][i % 3];
        let shape = [4, 3];
        let mut kron = Kron::default();
        let mut factors: Vec<Vec<f64>> = kron.buffers(&shape).iter().map(Buffer::filled).collect();
        let mut work = Workspace::default();
        for step in 0..8000 {
            // Coarse, then fine.
            kron.precondition_lr = if step < 3000 { 0.1 } else { 0.01 };
            let random = Random::new(7).stream(step);
            let mut g: Vec<f64> = (0..12).map(|i| scale(i) * random.stream(0).normal(i as u64)).collect();
            let noise = |_: usize, i: u64| random.stream(1).normal(i);
            let at = At { step, lr: 0.0, momentum: None };
            let rule = Step { rule: &kron, at, updates: true, balances: false, noise: &noise };
            rule.learn(&mut g, &shape, 0, &mut factors, &mut work, Level::widest());
        }
        let mut variances = [0.0; 12];
        for i in 0..12 {
            let mut column = [0.0; 12];
            column[i] = scale(i);
            multiply(&mut column, &shape, &factors, false, &mut work);
            multiply(&mut column, &shape, &factors, true, &mut work);
            variances.iter_mut().zip(column).for_each(|(sum, x)| *sum += x * x);
        }
        assert!(variances.iter().all(|x| (0.5..2.0).contains(x)), "{variances:?}");
    }

    #[test]
    fn updates_become_rarer_and_the_seed_decides_the_rest() {
        let kron = Kron::default();
        assert_eq!([kron.probability(0), kron.probability(500), kron.probability(100_000)], [1.0, 1.0, 0.03]);
        let run = |seed| {
            let params = [ParamSpec::new("w", [3, 3])];
            let rule = Kron { seed, ..Default::default() };
            let mut optimizer = Optimizer::builder(rule).build::<f64>(&params).unwrap();
            let mut w = [0.0; 9];
            for step in 0..5 {
                let mut g: Vec<f64> = (0..9).map(|i| Random::new(step).normal(i)).collect();
                let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
            }
            w
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn which_dimensions_have_a_diagonal() {
        let of = |memory_save_mode, dims: &[usize]| -> Vec<bool> {
            let kron = Kron { memory_save_mode, max_size_triangular: 100, ..Default::default() };
            (0..dims.len()).map(|i| kron.is_diagonal(dims, i)).collect()
        };
        assert_eq!(of("none", &[3, 101, 1]), [false, true, true]);
        assert_eq!(of("none", &[3]), [true]);
        assert_eq!(of("one_diag", &[5, 5, 3]), [false, true, false]);
        assert_eq!(of("smart_one_diag", &[5, 5, 3]), [false, false, false]);
        assert_eq!(of("smart_one_diag", &[5, 4]), [true, false]);
        assert_eq!(of("all_diag", &[5, 4]), [true, true]);
    }
}
