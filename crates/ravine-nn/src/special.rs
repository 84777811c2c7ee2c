//! exp, tanh and erf without branches for f32, and erf for f64.
//!
//! Comparisons are written so that NaN passes through: a run that diverges must show it.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2};

/// Adding and subtracting 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// ln 2 in two parts; the first has 10 bits, so its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = (LN_2 - LN_2_HIGH as f64) as f32;

/// e^x = 2^n (1 + p): gives (n, p), for x between -104 and 89.
#[inline(always)]
fn split_exp(x: f32) -> (i32, f32) {
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    // The Taylor series of e^r - 1: the first term left out is below 6e-9 for |r| <= ln(2) / 2.
    let tail = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * tail);
    let tail = 0.5 + r * (1.0 / 6.0 + r * tail);
    (shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32, r + r * r * tail)
}

/// 2^n for n from -126 to 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32).wrapping_shl(23))
}

/// `x` held between `low` and `high`, NaN unchanged.
#[inline(always)]
fn hold(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Beyond these bounds the result is 0 and infinity.
    let (n, p) = split_exp(hold(x, -104.0, 89.0));
    // Two factors, as 2^n itself may lie outside of the normal range.
    let half = n >> 1;
    (1.0 + p) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// tanh x = e / (e + 2) with e = e^2x - 1, which keeps its digits near 0.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    // tanh 10 rounds to 1.
    let (n, p) = split_exp(hold(2.0 * x.abs(), 0.0, 20.0));
    let scale = power_of_two(n);
    let e = scale * p + (scale - 1.0);
    (e / (e + 2.0)).copysign(x)
}

/// Up to 1 the Taylor series; above, 1 - e^(-x^2) r(x), where r is a polynomial close to e^(x^2) erfc(x) on [1, 4],
/// fitted at Chebyshev nodes for the least absolute error of the product (1.4e-8). Beyond 4 the product is lost in 1.
#[inline(always)]
pub(crate) fn erf_and_gaussian(x: f32) -> (f32, f32) {
    const SMALL: [f32; 10] = erf_series();
    const LARGE: [f32; 8] = [
        0.255_396_13,
        -0.106_799_5,
        0.041_771_234,
        -0.015_492_148,
        0.005_571_963,
        -0.001_602_923_3,
        0.000_560_748_6,
        -0.000_388_883_4,
    ];
    let size = hold(x.abs(), 0.0, 4.0);
    let gaussian = exp(-x * x);
    let small = size * polynomial(&SMALL, size * size);
    let large = 1.0 - gaussian * polynomial(&LARGE, size - 2.0);
    ((if size < 1.0 { small } else { large }).copysign(x), gaussian)
}

/// The coefficients of erf(x) / x in powers of x^2: 2 / sqrt(pi) * (-1)^n / (n! (2n + 1)).
const fn erf_series() -> [f32; 10] {
    let (mut terms, mut n, mut factor) = ([0.0; 10], 0, FRAC_2_SQRT_PI);
    while n < terms.len() {
        terms[n] = (factor / (2 * n + 1) as f64) as f32;
        n += 1;
        factor /= -(n as f64);
    }
    terms
}

#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut sum = coefficients[N - 1];
    for i in (0..N - 1).rev() {
        sum = sum * x + coefficients[i];
    }
    sum
}

/// The series 2 / sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (1 * 3 * ... * (2n+1)): all its terms have one sign, so it
/// keeps its digits for every x. erf 6 rounds to 1.
pub(crate) fn erf_f64(x: f64) -> f64 {
    if x.abs() >= 6.0 {
        return 1f64.copysign(x);
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > 1e-17 * sum.abs() {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Float;

    /// The largest error over a sweep of all exponents and signs, in units of the last place of the true value.
    fn worst_ulp(low: f32, high: f32, f: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let count = 400_000;
        let ulp = |y: f64| {
            let y = (y.abs() as f32).max(f32::MIN_POSITIVE);
            f64::from(y.next_up()) - f64::from(y)
        };
        let even = (0..count).map(|i| low + (high - low) * i as f32 / count as f32);
        let near_zero = (0..count).map(|i| {
            let size = (-20.0 * f64::from(i) / f64::from(count)).exp2() as f32;
            if i % 2 == 0 { size } else { -size }
        });
        even.chain(near_zero)
            .filter(|x| (low..=high).contains(x))
            .map(|x| {
                let truth = exact(x.into());
                (f64::from(f(x)) - truth).abs() / ulp(truth)
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn errors_stay_within_what_the_documentation_says() {
        let errors = [
            worst_ulp(-87.0, 88.7, exp, f64::exp),
            worst_ulp(-12.0, 12.0, tanh, f64::tanh),
            worst_ulp(-6.0, 6.0, Float::erf, erf_f64),
            worst_ulp(-80.0, 80.0, Float::sigmoid, Float::sigmoid),
        ];
        for (error, bound) in errors.into_iter().zip([1.5, 3.0, 3.0, 3.0]) {
            assert!(error <= bound, "{error} ulp, bound {bound}");
        }
    }

    #[test]
    fn exp_at_the_edges() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(88.73), f32::INFINITY);
        let step = f64::from(f32::from_bits(1));
        for i in 0..1700 {
            let x = -87.0 - i as f32 * 0.01;
            assert!(
                (f64::from(exp(x)) - f64::from(x).exp()).abs() <= 1.5 * step.max(f64::from(x).exp() * 2e-7),
                "{x}"
            );
        }
    }

    #[test]
    fn limits_signs_and_nan() {
        for f in [tanh, Float::erf] {
            assert_eq!(f(0.0).to_bits(), 0);
            assert_eq!(f(-0.0).to_bits(), (-0.0f32).to_bits());
            assert_eq!(f(f32::INFINITY), 1.0);
            assert_eq!(f(-50.0), -1.0);
            assert!(f(f32::NAN).is_nan());
        }
        assert!(exp(f32::NAN).is_nan() && Float::sigmoid(f32::NAN).is_nan() && erf_f64(f64::NAN).is_nan());
        assert_eq!(Float::sigmoid(-1000.0f32), 0.0);
        assert_eq!(Float::sigmoid(1000.0f32), 1.0);
    }

    #[test]
    fn erf_in_f64_agrees_with_tabulated_values() {
        // Abramowitz and Stegun, table 7.1 (10 decimals).
        for (x, y) in
            [(0.1, 0.112_462_916_0), (0.5, 0.520_499_877_8), (1.0, 0.842_700_792_9), (2.0, 0.995_322_265_0)]
        {
            assert!((erf_f64(x) - y).abs() < 6e-11, "{x}");
        }
        assert_eq!(erf_f64(-7.0), -1.0);
        assert!((erf_f64(5.999) - 1.0).abs() < 2e-15);
    }
}
