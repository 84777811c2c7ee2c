//! How parameters start.

use ravine::random::Random;

use crate::Float;

/// The law a parameter's first values are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Normal with mean 0.
    Normal,
    /// Uniform on `[-b, b)`, where b is sqrt(3) times the standard deviation.
    Uniform,
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

/// An initialisation: independent draws with mean 0 and standard deviation `gain / sqrt(fan)`.
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
        Self::normal(0.0)
    }

    /// Normal with this standard deviation, whatever the shape.
    pub const fn normal(std: f64) -> Self {
        Self::new(Distribution::Normal, Fan::One, std)
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

    /// What `torch.nn.Linear` does by default for weight and bias: uniform with bound 1 / sqrt(in).
    pub fn torch_linear() -> Self {
        Self::new(Distribution::Uniform, Fan::In, 1.0 / 3f64.sqrt())
    }

    /// The same with another gain: 5/3 is usual before tanh, 1 before sigmoid or nothing, sqrt(2) before ReLU.
    pub const fn gain(self, gain: f64) -> Self {
        Self { gain, ..self }
    }

    /// The standard deviation for a unit with so many inputs and outputs.
    pub fn std(&self, fan_in: usize, fan_out: usize) -> f64 {
        let fan = match self.fan {
            Fan::One => 1.0,
            Fan::In => fan_in as f64,
            Fan::Average => (fan_in + fan_out) as f64 / 2.0,
        };
        self.gain / fan.sqrt()
    }

    /// Fills `values` with the draws `0..` of `random`.
    pub fn fill<T: Float>(&self, values: &mut [T], fan_in: usize, fan_out: usize, random: Random) {
        let std = self.std(fan_in, fan_out);
        let bound = std * 3f64.sqrt();
        for (index, value) in (0..).zip(values) {
            *value = T::from_f64(match self.distribution {
                Distribution::Normal => std * random.normal(index),
                Distribution::Uniform => bound * (2.0 * random.uniform(index) - 1.0),
            });
        }
    }
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
            (Init::torch_linear(), 0.05 / 3f64.sqrt(), 0.05),
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
}
