//! NumPy's legacy generator `RandomState`, for data that a published benchmark defines by it.

use rand_mt::Mt;

/// The stream of `numpy.random.RandomState(seed)`: the Mersenne Twister MT19937 (Matsumoto and Nishimura, ACM TOMACS
/// 1998) with NumPy's ways of making doubles and normals, which NumPy has frozen for good.
#[derive(Clone, Debug)]
pub struct RandomState {
    bits: Mt,
    /// The polar method makes two normals at once; the second waits here.
    spare: Option<f64>,
}

impl RandomState {
    /// The stream of a seed.
    pub fn new(seed: u32) -> Self {
        Self { bits: Mt::new(seed), spare: None }
    }

    /// Uniform in [0, 1) with 53 random bits: `rand`.
    pub fn uniform(&mut self) -> f64 {
        let (high, low) = (self.bits.next_u32() >> 5, self.bits.next_u32() >> 6);
        (f64::from(high) * (1u64 << 26) as f64 + f64::from(low)) / (1u64 << 53) as f64
    }

    /// Standard normal by Marsaglia's polar method: `randn`.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (a, b) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = a * a + b * b;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(factor * a);
                return factor * b;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_what_numpy_gives() {
        // numpy.random.RandomState(42): rand(3), then randn(4), then rand().
        let mut random = RandomState::new(42);
        assert_eq!(
            [random.uniform(), random.uniform(), random.uniform()],
            [0.3745401188473625, 0.9507143064099162, 0.7319939418114051]
        );
        let expected = [-1.1118801180469204, 0.31890218468938336, 0.2790412922001377, 1.0105152848065264];
        for expected in expected {
            let got = random.normal();
            assert!((got - expected).abs() <= 1e-15 * expected.abs() * 4.0, "{got} {expected}");
        }
        assert_eq!(random.uniform(), 0.7080725777960455);
    }
}
