//! Sums in an order fixed by the length alone.

use crate::Float;

/// Sums that grow side by side, so that they fill vectors.
const LANES: usize = 16;

ravine::simd! {
    /// The sum of the values.
    pub(crate) fn total<T: Float>(x: &[T]) -> f64 {
        let mut lanes = [0.0; LANES];
        let (chunks, rest) = x.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane += x.to_f64();
            }
        }
        rest.iter().map(|x| x.to_f64()).chain(lanes).sum()
    }

    /// The sums of `a` and of `a (b - shift)`.
    pub(crate) fn total_and_product<T: Float>(a: &[T], b: &[T], shift: f64) -> [f64; 2] {
        let mut lanes = [[0.0; LANES]; 2];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for i in 0..LANES {
                let a = a[i].to_f64();
                lanes[0][i] += a;
                lanes[1][i] += a * (b[i].to_f64() - shift);
            }
        }
        let mut sums = lanes.map(|lanes| lanes.iter().sum());
        for (a, b) in a_rest.iter().zip(b_rest) {
            sums[0] += a.to_f64();
            sums[1] += a.to_f64() * (b.to_f64() - shift);
        }
        sums
    }

    /// The sums of `x - shift` and of its square.
    pub(crate) fn moments<T: Float>(x: &[T], shift: f64) -> [f64; 2] {
        let mut lanes = [[0.0; LANES]; 2];
        let (chunks, rest) = x.as_chunks::<LANES>();
        for chunk in chunks {
            for i in 0..LANES {
                let x = chunk[i].to_f64() - shift;
                lanes[0][i] += x;
                lanes[1][i] += x * x;
            }
        }
        let mut sums = lanes.map(|lanes| lanes.iter().sum());
        for x in rest {
            let x = x.to_f64() - shift;
            sums[0] += x;
            sums[1] += x * x;
        }
        sums
    }
}
