//! Elementary functions of nothing but + - * / and bits: no calls, no branches.
//!
//! So a loop over them uses vectors, and gives the same bits at every width and on every processor. The standard
//! library's functions are calls, and leave their last bits to the platform.

macro_rules! functions {
    ($(
        $name:ident, $t:ident, $bits:ident:
        ln 2 = $ln_2:literal + $rest:literal, $powers:literal powers, $odd:literal odd powers;
    )*) => {$(
        /// The functions of this type.
        pub(crate) mod $name {
            use std::$t::consts::{FRAC_1_SQRT_2, LN_2, LOG2_E};

            /// Bits of a number's digits, below those of its exponent.
            const DIGITS: u32 = $t::MANTISSA_DIGITS - 1;
            /// What the exponent of 1 is kept as.
            const BIAS: $bits = $t::MAX_EXP as $bits - 1;
            /// From here to its double numbers are whole, and their lowest bits count them.
            const WHOLE: $t = ((1 as $bits) << DIGITS) as $t;

            /// The nearest whole number to one of at most 2^20.
            #[inline(always)]
            fn round(x: $t) -> $t {
                (x + 1.5 * WHOLE) - 1.5 * WHOLE
            }

            /// `x` within these; NaN passes.
            #[inline(always)]
            fn clamp(low: $t, x: $t, high: $t) -> $t {
                let x = if high < x { high } else { x };
                if low > x { low } else { x }
            }

            /// m and e of a normal number m 2^e above 0, with m from sqrt(1/2) to sqrt(2).
            #[inline(always)]
            pub(super) fn split(x: $t) -> ($t, $t) {
                const LOW: $bits = FRAC_1_SQRT_2.to_bits();
                let above = x.to_bits().wrapping_sub(LOW).wrapping_add((BIAS + 1) << DIGITS);
                let m = $t::from_bits((above & ((1 << DIGITS) - 1)).wrapping_add(LOW));
                let e = $t::from_bits(WHOLE.to_bits() | (above >> DIGITS)) - (WHOLE + (BIAS + 1) as $t);
                (m, e)
            }

            /// ln m = 2 artanh((m - 1) / (m + 1)), by its series.
            #[inline(always)]
            pub(super) fn ln_of_split(m: $t) -> $t {
                let s = (m - 1.0) / (m + 1.0);
                let mut series = 0.0;
                for k in (0..$odd).rev() {
                    series = series * (s * s) + 2.0 / (2 * k + 1) as $t;
                }
                s * series
            }

            /// 2^n e^x of a whole n.
            #[inline(always)]
            fn scaled_exp(n: $t, x: $t) -> $t {
                const INVERSE_FACTORIALS: [$t; $powers] = {
                    let (mut inverse, mut factorial, mut k) = ([1.0; $powers], 1.0, 1);
                    while k < $powers {
                        factorial *= k as f64;
                        inverse[k] = (1.0 / factorial) as $t;
                        k += 1;
                    }
                    inverse
                };
                // Beyond this all is 0 or infinity.
                let x = clamp(-1e4, x, 1e4);
                let k = round(x * LOG2_E);
                // The first product is exact.
                let x = x - k * $ln_2 - k * $rest;
                let mut series = 0.0;
                for factor in INVERSE_FACTORIALS.into_iter().rev() {
                    series = series * x + factor;
                }
                // In two halves, as 2^n alone may be too small or too large for its type.
                let n = clamp(-((BIAS + DIGITS as $bits + 3) as $t), n + k, (BIAS + 2) as $t);
                let n = (n + (WHOLE + (2 * BIAS) as $t)).to_bits() & ((1 << DIGITS) - 1);
                let half = n >> 1;
                series * $t::from_bits(half << DIGITS) * $t::from_bits((n - half) << DIGITS)
            }

            /// e^x.
            #[inline(always)]
            pub(crate) fn exp(x: $t) -> $t {
                scaled_exp(0.0, x)
            }

            /// x^power of a power from -1000 to 1000; NaN for an x below 0.
            #[inline(always)]
            pub(crate) fn powf(x: $t, power: $t) -> $t {
                // As many digits of the power as leave its product with an exponent exact.
                const REST: $bits = (1 << (<$bits>::BITS - DIGITS)) - 1;
                let first = $t::from_bits(power.to_bits() & !REST);
                let tiny = x < $t::MIN_POSITIVE;
                let (m, e) = split(if tiny { x * WHOLE } else { x });
                let e = if tiny { e - DIGITS as $t } else { e };
                let exponent = first * e;
                let n = round(exponent);
                let rest = (exponent - n) + (power - first) * e;
                let general = scaled_exp(n, rest * LN_2 + power * ln_of_split(m));
                // What is left is 0, infinity, or no power of a real number.
                let edge = if (x > 0.0) == (power > 0.0) { $t::INFINITY } else { 0.0 };
                let edge = if x >= 0.0 { edge } else { $t::NAN };
                let edge = if power == 0.0 { 1.0 } else { edge };
                if x > 0.0 && x < $t::INFINITY { general } else { edge }
            }
        }
    )*};
}

functions! {
    single, f32, u32: ln 2 = 0.693_145_75 + 1.428_606_8e-6, 8 powers, 5 odd powers;
    double, f64, u64: ln 2 = 0.693_147_180_369_123_8 + 1.908_214_929_270_587_7e-10, 14 powers, 11 odd powers;
}

/// ln x of a normal number above 0.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    let (m, e) = double::split(x);
    e * std::f64::consts::LN_2 + double::ln_of_split(m)
}

/// cos(2 pi x) of an x from 0 to 1.
#[inline(always)]
pub(crate) fn cos_turns(x: f64) -> f64 {
    /// The factors of the sine's odd powers, (-1)^k / (2k + 1)!.
    const FACTORS: [f64; 11] = {
        let (mut factors, mut factorial, mut k) = ([1.0; 11], 1.0, 1);
        while k < 11 {
            factorial *= -((2 * k * (2 * k + 1)) as f64);
            factors[k] = 1.0 / factorial;
            k += 1;
        }
        factors
    };
    // As the sine of an angle up to a quarter turn.
    let angle = std::f64::consts::TAU * ((x - 0.5).abs() - 0.25);
    let mut series = 0.0;
    for factor in FACTORS.into_iter().rev() {
        series = series * (angle * angle) + factor;
    }
    angle * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::real::Real;
    use crate::simd::{Level, Work, dispatch};

    /// Any number of 0 or more that is finite, with each exponent as often as another.
    fn positive(i: u64) -> f64 {
        f64::from_bits(Random::new(1).below(i, f64::INFINITY.to_bits()))
    }

    /// Asserts that `x` is at most this many units of the last place from what is exact, and exact if that is not finite.
    #[track_caller]
    fn assert_near(x: f64, exact: f64, ulps: f64, of: f64) {
        let apart = x.to_bits().abs_diff(exact.to_bits()) as f64;
        assert!(x == exact || (exact.is_finite() && apart <= ulps), "{x} instead of {exact}, of {of}");
    }

    /// The same in f32; the exact result comes in f64.
    #[track_caller]
    fn assert_near_single(x: f32, exact: f64, ulps: f64, of: f32) {
        let exact = exact as f32;
        let apart = f64::from(x.to_bits().abs_diff(exact.to_bits()));
        assert!(x == exact || (exact.is_finite() && apart <= ulps), "{x} instead of {exact}, of {of}");
    }

    #[test]
    fn exponentials_are_those_of_the_library() {
        for i in 0..200_000 {
            let x = 1500.0 * (Random::new(2).uniform(i) - 0.5);
            for x in [x, x / 100.0, x / 1e6] {
                assert_near(double::exp(x), x.exp(), 1.0, x);
                let x = x as f32;
                assert_near_single(single::exp(x), f64::from(x).exp(), 1.0, x);
            }
        }
    }

    #[test]
    fn powers_are_those_of_the_library() {
        for i in 0..20_000 {
            for power in [0.0, 1e-3, 0.25, 0.3, 0.5, 1.0, 2.0, 7.7, 300.1] {
                for power in [power, -power] {
                    let ulps = 2.0 + 2.0 * f64::abs(power);
                    for x in [positive(i), 0.5 + Random::new(3).uniform(i)] {
                        assert_near(double::powf(x, power), x.powf(power), ulps, x);
                        let (x, power) = (x as f32, power as f32);
                        let exact = f64::from(x).powf(f64::from(power));
                        assert_near_single(single::powf(x, power), exact, ulps, x);
                    }
                }
            }
        }
    }

    #[test]
    fn logarithms_and_cosines_are_those_of_the_library() {
        for i in 0..200_000 {
            let x = Random::new(4).uniform(i);
            for x in [1.0 - x, (1.0 - x) * 0.5f64.powi((i % 53) as i32), 1.0, 0.5f64.powi(53)] {
                assert_near(ln(x), x.ln(), 4.0, x);
            }
            assert!((cos_turns(x) - (std::f64::consts::TAU * x).cos()).abs() < 1e-15, "{x}");
        }
    }

    #[test]
    fn the_ends_are_those_of_the_library() {
        let (nan, inf, tiny) = (f64::NAN, f64::INFINITY, 5e-324);
        let same = |x: f64, exact: f64| x == exact || (x.is_nan() && exact.is_nan());
        for x in [0.0, -0.0, inf, -inf, nan, tiny, 709.78, 709.79, -745.1, -745.2, f64::MAX, f64::MIN] {
            assert_near_or_nan(double::exp(x), x.exp());
            assert!(same(f64::from(single::exp(x as f32)), f64::from((x as f32).exp())), "exp {x}");
        }
        for power in [0.5, -0.5, 0.0, 1000.0, -1000.0] {
            for x in [0.0, -0.0, 1.0, inf, nan, tiny, f64::MAX, f64::MIN_POSITIVE] {
                assert_near_or_nan(double::powf(x, power), x.powf(power));
                let (x, power) = (x as f32, power as f32);
                assert!(
                    same(f64::from(single::powf(x, power)), f64::from(x.powf(power))),
                    "{x} to the {power}"
                );
            }
        }
        for x in [-tiny, -1.0, -inf] {
            assert!(double::powf(x, 0.5).is_nan() && double::powf(x, -2.0).is_nan(), "{x}");
        }
    }

    #[track_caller]
    fn assert_near_or_nan(x: f64, exact: f64) {
        assert!(x.is_nan() == exact.is_nan());
        if !exact.is_nan() {
            assert_near(x, exact, 2.0, exact);
        }
    }

    /// Makes all functions of each number.
    struct Fill<'a, R>(&'a [R], &'a mut [[R; 2]]);

    impl<R: Real> Work for Fill<'_, R> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            let Self(from, to) = self;
            to.iter_mut().zip(from).for_each(|(to, &x)| *to = [x.exp(), x.abs().powf(R::from_f64(0.3))]);
        }
    }

    #[test]
    fn bits_are_the_same_at_every_width() {
        let doubles: Vec<f64> = (0..999).map(|i| 200.0 * (Random::new(5).uniform(i) - 0.5)).collect();
        let singles: Vec<f32> = doubles.iter().map(|&x| x as f32).collect();
        for level in Level::available() {
            let (mut of_doubles, mut of_singles) = (vec![[0.0; 2]; 999], vec![[0.0; 2]; 999]);
            dispatch(level, Fill(&doubles, &mut of_doubles));
            dispatch(level, Fill(&singles, &mut of_singles));
            for i in 0..999 {
                let [x, y] = [doubles[i], doubles[i].abs()].map(std::hint::black_box);
                assert_eq!(of_doubles[i], [double::exp(x), double::powf(y, 0.3)], "{level:?}");
                let [x, y] = [singles[i], singles[i].abs()].map(std::hint::black_box);
                assert_eq!(of_singles[i], [single::exp(x), single::powf(y, 0.3)], "{level:?}");
            }
        }
    }
}
