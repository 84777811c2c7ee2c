//! Sums and maxima of a row in sixteen lanes: an order of its own that fits every vector width.

use crate::Float;

pub(crate) const LANES: usize = 16;

/// Joins `f(0), f(1), ..` by `join`: lane i takes f(i), f(i + 16), ..; then the lanes are joined by halves.
#[inline(always)]
fn fold<T: Float>(count: usize, start: T, f: impl Fn(usize) -> T, join: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; LANES];
    let even = count / LANES * LANES;
    for block in (0..even).step_by(LANES) {
        for (lane, i) in lanes.iter_mut().zip(block..) {
            *lane = join(*lane, f(i));
        }
    }
    for (lane, i) in lanes.iter_mut().zip(even..count) {
        *lane = join(*lane, f(i));
    }
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = join(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// Replaces each value by `f` of it.
#[inline(always)]
pub(crate) fn each<T: Float>(values: &mut [T], f: impl Fn(T) -> T) {
    let mut blocks = values.chunks_exact_mut(LANES);
    for block in &mut blocks {
        for value in block {
            *value = f(*value);
        }
    }
    for value in blocks.into_remainder() {
        *value = f(*value);
    }
}

/// The sum of `f(i)` for i below `count`.
#[inline(always)]
pub(crate) fn sum<T: Float>(count: usize, f: impl Fn(usize) -> T) -> T {
    fold(count, T::ZERO, f, |a, b| a + b)
}

/// The largest value; that of none is minus infinity, and NaN may be passed over.
#[inline(always)]
pub(crate) fn largest<T: Float>(values: &[T]) -> T {
    fold(values.len(), T::from_f64(f64::NEG_INFINITY), |i| values[i], |a, b| a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_counts_once_whatever_the_length() {
        for count in 0..70usize {
            let values: Vec<f64> = (0..count).map(|i| (i * 37 % 101) as f64).collect();
            assert_eq!(sum(count, |i| values[i]), values.iter().sum::<f64>());
            assert_eq!(largest(&values), values.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b)));
        }
    }
}
