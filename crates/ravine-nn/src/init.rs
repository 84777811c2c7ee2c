//! How parameters start.

use std::str::FromStr;

use ravine::random::Random;

use crate::error::Kind;
use crate::{Error, Float, Mat, matmul};

/// The law a parameter's first values are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Normal with mean 0.
    Normal,
    /// Uniform on `[-b, b)`, where b is sqrt(3) times the standard deviation.
    Uniform,
    /// Normal with mean 0, drawn again until it is within two standard deviations, as in TensorFlow. The standard deviation
    /// is that before cutting; what is left has 0.8796 of it.
    TruncatedNormal,
    /// Rows, or columns if there are fewer, that are orthogonal and as long as the gain, whatever the fan; any such
    /// matrix is as likely as another (Saxe, McClelland and Ganguli, ICLR 2014).
    Orthogonal,
    /// All values are the gain.
    Constant,
}

/// The number of connections that the standard deviation is divided by the square root of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// None: the gain is the standard deviation.
    One,
    /// The inputs of a unit.
    In,
    /// The mean of the inputs and the outputs of a unit.
    Average,
}

/// An initialisation: mostly independent draws with mean 0 and standard deviation `gain / sqrt(fan)`.
///
/// ```
/// use ravine_nn::Init;
/// assert!((Init::kaiming_normal().std(50, 10) - 0.2).abs() < 1e-15);
/// assert!((Init::xavier_uniform().gain(5.0 / 3.0).std(50, 50) - 5.0 / 3.0 / 50f64.sqrt()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Init {
    distribution: Distribution,
    fan: Fan,
    gain: f64,
}

impl Init {
    /// An initialisation from its three parts.
    pub const fn new(distribution: Distribution, fan: Fan, gain: f64) -> Self {
        Self { distribution, fan, gain }
    }

    /// All zero.
    pub const fn zeros() -> Self {
        Self::constant(0.0)
    }

    /// All of this value.
    pub const fn constant(value: f64) -> Self {
        Self::new(Distribution::Constant, Fan::One, value)
    }

    /// Normal with this standard deviation, whatever the shape.
    pub const fn normal(std: f64) -> Self {
        Self::new(Distribution::Normal, Fan::One, std)
    }

    /// Normal with this standard deviation before cutting at two of it, whatever the shape: TensorFlow's
    /// `truncated_normal_initializer`.
    pub const fn truncated_normal(std: f64) -> Self {
        Self::new(Distribution::TruncatedNormal, Fan::One, std)
    }

    /// Orthogonal rows or columns of length 1 (Saxe, McClelland and Ganguli, ICLR 2014).
    pub const fn orthogonal() -> Self {
        Self::new(Distribution::Orthogonal, Fan::One, 1.0)
    }

    /// Xavier or Glorot, uniform: bound sqrt(6 / (in + out)) (Glorot and Bengio, AISTATS 2010).
    pub const fn xavier_uniform() -> Self {
        Self::new(Distribution::Uniform, Fan::Average, 1.0)
    }

    /// Xavier or Glorot, normal: variance 2 / (in + out) (Glorot and Bengio, AISTATS 2010).
    pub const fn xavier_normal() -> Self {
        Self::new(Distribution::Normal, Fan::Average, 1.0)
    }

    /// Kaiming or He, uniform, for ReLU: bound sqrt(6 / in) (He et al., ICCV 2015).
    pub const fn kaiming_uniform() -> Self {
        Self::new(Distribution::Uniform, Fan::In, std::f64::consts::SQRT_2)
    }

    /// Kaiming or He, normal, for ReLU: variance 2 / in (He et al., ICCV 2015).
    pub const fn kaiming_normal() -> Self {
        Self::new(Distribution::Normal, Fan::In, std::f64::consts::SQRT_2)
    }

    /// LeCun, normal: variance 1 / in (LeCun et al., Efficient BackProp, 1998).
    pub const fn lecun_normal() -> Self {
        Self::new(Distribution::Normal, Fan::In, 1.0)
    }

    /// LeCun, uniform: bound sqrt(3 / in) (LeCun et al., Efficient BackProp, 1998).
    pub const fn lecun_uniform() -> Self {
        Self::new(Distribution::Uniform, Fan::In, 1.0)
    }

    /// What PyTorch's linear and convolution layers do by default for weight and bias: uniform with bound 1 / sqrt(in).
    pub fn torch_linear() -> Self {
        Self::new(Distribution::Uniform, Fan::In, 1.0 / 3f64.sqrt())
    }

    /// The same with another gain: 5/3 is usual before tanh, 1 before sigmoid or nothing, sqrt(2) before ReLU.
    pub const fn gain(self, gain: f64) -> Self {
        Self { gain, ..self }
    }

    /// The standard deviation for a unit with so many inputs and outputs, where draws are independent.
    pub fn std(&self, fan_in: usize, fan_out: usize) -> f64 {
        let fan = match self.fan {
            Fan::One => 1.0,
            Fan::In => fan_in as f64,
            Fan::Average => (fan_in + fan_out) as f64 / 2.0,
        };
        self.gain / fan.sqrt()
    }

    /// Fills `values`, a row of `fan_in` for each unit, with the draws `0..` of `random`.
    pub fn fill<T: Float>(&self, values: &mut [T], fan_in: usize, fan_out: usize, random: Random) {
        let std = self.std(fan_in, fan_out);
        let bound = std * 3f64.sqrt();
        let draw: &dyn Fn(u64) -> f64 = match self.distribution {
            Distribution::Normal => &|index| std * random.normal(index),
            Distribution::Uniform => &|index| bound * (2.0 * random.uniform(index) - 1.0),
            Distribution::TruncatedNormal => &|index| {
                let draws = std::iter::once(random).chain((0..).map(|again| random.stream(again)));
                let mut draws = draws.map(|random| random.normal(index));
                std * draws.find(|z| z.abs() <= 2.0).expect("nineteen draws of twenty are")
            },
            Distribution::Constant => &|_| self.gain,
            Distribution::Orthogonal => {
                // A bias is one row.
                let cols = if values.len().is_multiple_of(fan_in.max(1)) { fan_in } else { values.len() };
                return orthogonal(values, cols, self.gain, random);
            }
        };
        for (index, value) in (0..).zip(values) {
            *value = T::from_f64(draw(index));
        }
    }
}

/// The names that an initialisation is parsed from, each with what it stands for; `None` where a number follows.
fn names() -> [(&'static str, Option<Init>); 14] {
    [
        ("he", Some(Init::kaiming_normal())),
        ("he-uniform", Some(Init::kaiming_uniform())),
        ("kaiming", Some(Init::kaiming_normal())),
        ("kaiming-uniform", Some(Init::kaiming_uniform())),
        ("xavier", Some(Init::xavier_uniform())),
        ("xavier-normal", Some(Init::xavier_normal())),
        ("lecun", Some(Init::lecun_normal())),
        ("lecun-uniform", Some(Init::lecun_uniform())),
        ("orthogonal", Some(Init::orthogonal())),
        ("torch", Some(Init::torch_linear())),
        ("zeros", Some(Init::zeros())),
        ("constant:VALUE", None),
        ("normal:STD", None),
        ("trunc-normal:STD", None),
    ]
}

/// From a name: `he`, `xavier`, `lecun`, `orthogonal`, `torch`, `zeros`, `he-uniform`, `xavier-normal`, `lecun-uniform`,
/// with a gain after a colon (`xavier:1.6667`) in place of the usual one; `normal:0.02`, `trunc-normal:0.02`, `constant:1`.
impl FromStr for Init {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            let names = names().map(|(name, _)| name).join(", ");
            Error::from(Kind::Init { text: text.into(), names })
        };
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => {
                let number: f64 = number.parse().map_err(|_| wrong())?;
                (name, Some(number).filter(|number| number.is_finite()))
            }
            None => (text, None),
        };
        if text.contains(':') && number.is_none() {
            return Err(wrong());
        }
        let known = names().into_iter().find_map(|(known, init)| init.filter(|_| known == name));
        match (name, known, number) {
            (_, Some(init), None) => Ok(init),
            ("zeros", ..) => Err(wrong()),
            (_, Some(init), Some(gain)) => Ok(init.gain(gain)),
            ("constant", _, Some(value)) => Ok(Self::constant(value)),
            ("normal", _, Some(std)) if std >= 0.0 => Ok(Self::normal(std)),
            ("trunc-normal", _, Some(std)) if std >= 0.0 => Ok(Self::truncated_normal(std)),
            _ => Err(wrong()),
        }
    }
}

/// Vectors that are made orthogonal at once.
const BLOCK: usize = 32;

/// Gram and Schmidt's orthogonal vectors from normal draws, block by block, each block twice: to rounding.
fn orthogonal<T: Float>(values: &mut [T], cols: usize, gain: f64, random: Random) {
    let rows = values.len() / cols.max(1);
    let (count, len) = (rows.min(cols), rows.max(cols));
    let mut vectors: Vec<f64> = (0..(count * len) as u64).map(|index| random.normal(index)).collect();
    for start in (0..count).step_by(BLOCK) {
        let (before, rest) = vectors.split_at_mut(start * len);
        let size = BLOCK.min(count - start);
        let block = &mut rest[..size * len];
        let before = Mat::new(before, start, len);
        let mut shares = vec![0.0; size * start];
        for _ in 0..2 {
            if start > 0 {
                matmul(&mut shares, false, Mat::new(block, size, len), before.transposed(), |_, row| {
                    row.iter_mut().for_each(|share| *share = -*share);
                });
                matmul(block, true, Mat::new(&shares, size, start), before, |_, _| {});
            }
            for i in 0..size {
                let (done, rest) = block.split_at_mut(i * len);
                let vector = &mut rest[..len];
                for done in done.chunks_exact(len) {
                    let share = dot(done, vector);
                    vector.iter_mut().zip(done).for_each(|(v, d)| *v -= share * d);
                }
                let norm = dot(vector, vector).sqrt();
                vector.iter_mut().for_each(|v| *v /= norm);
            }
        }
    }
    for (i, value) in values.iter_mut().enumerate() {
        let (row, col) = (i / cols, i % cols);
        let at = if rows <= cols { row * len + col } else { col * len + row };
        *value = T::from_f64(gain * vectors[at]);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            lanes[i] += a[i] * b[i];
        }
    }
    a_rest.iter().zip(b_rest).map(|(a, b)| a * b).chain(lanes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_bounds() {
        let all = [
            (Init::zeros(), 0.0, 0.0),
            (Init::normal(0.3), 0.3, f64::INFINITY),
            (Init::xavier_uniform(), (2.0f64 / 500.0).sqrt(), (6.0f64 / 500.0).sqrt()),
            (Init::xavier_normal(), (2.0f64 / 500.0).sqrt(), f64::INFINITY),
            (Init::kaiming_uniform(), (2.0f64 / 400.0).sqrt(), (6.0f64 / 400.0).sqrt()),
            (Init::kaiming_normal(), (2.0f64 / 400.0).sqrt(), f64::INFINITY),
            (Init::lecun_normal(), 0.05, f64::INFINITY),
            (Init::lecun_uniform(), 0.05, 0.05 * 3f64.sqrt()),
            (Init::torch_linear(), 0.05 / 3f64.sqrt(), 0.05),
            (Init::truncated_normal(0.3), 0.3 * 0.879_625_66, 0.6),
            (Init::orthogonal(), 0.05, 1.0),
        ];
        for (init, std, bound) in all {
            let mut values = vec![0f64; 40_000];
            init.fill(&mut values, 400, 100, Random::new(5));
            let mean = values.iter().sum::<f64>() / 40_000.0;
            let variance = values.iter().map(|v| v * v).sum::<f64>() / 40_000.0;
            assert!(mean.abs() <= 4.0 * std / 200.0, "{init:?}: mean {mean}");
            assert!((variance.sqrt() - std).abs() <= 0.02 * std, "{init:?}: std {}", variance.sqrt());
            assert!(values.iter().all(|v| v.abs() <= bound * (1.0 + 1e-12)), "{init:?}");
        }
    }

    #[test]
    fn orthogonal_both_ways_and_on_average_nothing() {
        for (rows, cols, gain) in [(70, 150, 1.0), (150, 70, 2.0), (1, 5, 3.0), (40, 40, 1.0)] {
            let mut q = vec![0f64; rows * cols];
            Init::orthogonal().gain(gain).fill(&mut q, cols, rows, Random::new(3));
            let q = Mat::new(&q, rows, cols);
            let n = rows.min(cols);
            let (a, b) = if rows <= cols { (q, q.transposed()) } else { (q.transposed(), q) };
            let mut gram = vec![0.0; n * n];
            matmul(&mut gram, false, a, b, |_, _| {});
            for (i, g) in gram.iter().enumerate() {
                let expected = if i / n == i % n { gain * gain } else { 0.0 };
                assert!((g - expected).abs() < 1e-12, "{rows} x {cols}: {g} at {i}");
            }
        }
        // The diagonal of R is positive, so signs are as random as the draws: the mean of an element is 0.
        let firsts = (0..400).map(|seed| {
            let mut q = [0f64; 9];
            Init::orthogonal().fill(&mut q, 3, 3, Random::new(seed));
            q[4]
        });
        assert!((firsts.sum::<f64>() / 400.0).abs() < 4.0 / (3.0 * 400f64).sqrt());
        let mut bias = [0f64; 7];
        Init::orthogonal().fill(&mut bias, 3, 7, Random::new(1));
        assert!((bias.iter().map(|b| b * b).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn names() {
        let parse = |text: &str| text.parse::<Init>().map_err(|error| error.to_string());
        assert_eq!(parse("he").unwrap(), Init::kaiming_normal());
        assert_eq!(parse("xavier:1.5").unwrap(), Init::xavier_uniform().gain(1.5));
        assert_eq!(parse("trunc-normal:0.02").unwrap(), Init::truncated_normal(0.02));
        assert_eq!(parse("constant:-1").unwrap(), Init::constant(-1.0));
        for text in
            ["", "hee", "normal", "normal:", "normal:-1", "normal:inf", "zeros:1", "constant:VALUE", "STD"]
        {
            assert!(parse(text).unwrap_err().contains("trunc-normal:STD"), "{text}");
        }
    }
}
