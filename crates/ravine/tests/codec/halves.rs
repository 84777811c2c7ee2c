//! bf16 and f16.

use half::{bf16, f16};
use proptest::prelude::*;
use ravine::codec::{self, Value};
use ravine::random::Random;

/// A 16-bit format under test, by its patterns.
trait Format: Copy {
    const NAN: u16;
    const INFINITY: u16;
    fn decode<R: Value>(pattern: u16) -> R;
    fn nearest<R: Value>(x: R) -> u16;
    fn stochastic<R: Value>(x: R, count: usize, stream: Random) -> Vec<u16>;
    /// What the `half` crate makes of a pattern and of a number.
    fn reference(pattern: u16) -> f32;
    fn reference_nearest(x: f32) -> u16;
}

macro_rules! format {
    ($t:ident, $nan:literal, $infinity:literal) => {
        impl Format for $t {
            const NAN: u16 = $nan;
            const INFINITY: u16 = $infinity;
            fn decode<R: Value>(pattern: u16) -> R {
                let mut out = [R::from_f64(0.5)];
                codec::$t::decode(&[$t::from_bits(pattern)], &mut out);
                out[0]
            }
            fn nearest<R: Value>(x: R) -> u16 {
                let mut out = [$t::ONE];
                codec::$t::encode_nearest(&[x], &mut out);
                out[0].to_bits()
            }
            fn stochastic<R: Value>(x: R, count: usize, stream: Random) -> Vec<u16> {
                let mut out = vec![$t::ONE; count];
                codec::$t::encode_stochastic(&vec![x; count], &mut out, stream, 0);
                out.into_iter().map($t::to_bits).collect()
            }
            fn reference(pattern: u16) -> f32 {
                $t::from_bits(pattern).to_f32()
            }
            fn reference_nearest(x: f32) -> u16 {
                $t::from_f32(x).to_bits()
            }
        }
    };
}
format!(bf16, 0x7fc0, 0x7f80);
format!(f16, 0x7e00, 0x7c00);

fn every_pattern<F: Format>() {
    for pattern in 0..=u16::MAX {
        let (x, wide) = (F::decode::<f32>(pattern), F::decode::<f64>(pattern));
        if F::reference(pattern).is_nan() {
            assert!(x.is_nan() && wide.is_nan(), "{pattern:04x}");
            assert_eq!((F::nearest(x), F::nearest(wide)), (F::NAN, F::NAN), "{pattern:04x}");
            assert_eq!(F::stochastic(x, 1, Random::new(0)), [F::NAN], "{pattern:04x}");
        } else {
            assert_eq!(x.to_bits(), F::reference(pattern).to_bits(), "{pattern:04x}");
            assert_eq!(wide, f64::from(x), "{pattern:04x}");
            assert_eq!((F::nearest(x), F::nearest(wide)), (pattern, pattern), "{pattern:04x}");
            for stream in (0..8).map(Random::new) {
                assert_eq!(F::stochastic(x, 1, stream), [pattern], "{pattern:04x}");
                assert_eq!(F::stochastic(wide, 1, stream), [pattern], "{pattern:04x}");
            }
        }
    }
}

#[test]
fn every_pattern_survives() {
    every_pattern::<bf16>();
    every_pattern::<f16>();
}

/// The pattern of the finite number nearest to a positive one below the largest, the even one of two.
fn by_definition<F: Format>(x: f64) -> u16 {
    let below =
        (0..F::INFINITY).collect::<Vec<_>>().partition_point(|&p| F::decode::<f64>(p) <= x) as u16 - 1;
    let (low, high) = (F::decode::<f64>(below), F::decode::<f64>(below + 1));
    let even = below + (below & 1);
    match (x - low).total_cmp(&(high - x)) {
        std::cmp::Ordering::Less => below,
        std::cmp::Ordering::Greater => below + 1,
        std::cmp::Ordering::Equal => even,
    }
}

/// Around each number and each middle between two.
fn nearest_everywhere<F: Format>() {
    for pattern in 0..F::INFINITY - 1 {
        let (low, high) = (F::decode::<f64>(pattern), F::decode::<f64>(pattern + 1));
        let (middle, even) = (f64::midpoint(low, high), pattern + (pattern & 1));
        // Rounding to f32 on the way would lose what tells these from the middle.
        for (x, nearest) in [(middle.next_down(), pattern), (middle, even), (middle.next_up(), pattern + 1)] {
            assert_eq!(F::nearest(x), nearest, "{x:e}");
            assert_eq!(F::nearest(-x), nearest | 0x8000, "{x:e}");
        }
        let middle = middle as f32;
        for x in [middle.next_down(), middle, middle.next_up(), -middle] {
            assert_eq!(F::nearest(x), F::reference_nearest(x), "{x:e}");
        }
    }
    let largest = F::decode::<f64>(F::INFINITY - 1);
    let limit = largest + (largest - F::decode::<f64>(F::INFINITY - 2)) / 2.0;
    assert_eq!(F::nearest(limit.next_down()), F::INFINITY - 1);
    for x in [limit, 1e39, f64::MAX, f64::INFINITY] {
        assert_eq!(F::nearest(x), F::INFINITY, "{x:e}");
        assert_eq!(F::nearest(-x), F::INFINITY | 0x8000, "{x:e}");
    }
    assert_eq!(F::nearest(f64::from_bits(1)), 0);
    assert_eq!(F::nearest(-f64::from_bits(1)), 0x8000);
}

#[test]
fn nearest_is_nearest() {
    nearest_everywhere::<bf16>();
    nearest_everywhere::<f16>();
}

proptest! {
    #[test]
    fn any_f32_rounds_as_the_half_crate_says(bits in any::<u32>()) {
        let x = f32::from_bits(bits);
        if !x.is_nan() {
            prop_assert_eq!(<bf16 as Format>::nearest(x), bf16::from_f32(x).to_bits());
            prop_assert_eq!(<f16 as Format>::nearest(x), f16::from_f32(x).to_bits());
        }
    }

    #[test]
    fn any_f64_rounds_once(x in 1e-9..65_000.0f64) {
        prop_assert_eq!(<f16 as Format>::nearest(x), by_definition::<f16>(x));
        prop_assert_eq!(<bf16 as Format>::nearest(x), by_definition::<bf16>(x));
    }
}

/// Draws between two neighbours: only they come, the upper one as often as its distance says, to 4.5 standard errors.
fn unbiased<F: Format>(low: u16, seed: u64) {
    const COUNT: usize = 200_000;
    let (a, b) = (F::decode::<f64>(low), F::decode::<f64>(low + 1));
    for (i, share) in [1.0 / 4096.0, 0.0625, 0.3, 0.5, 0.51, 0.9, 4095.0 / 4096.0].into_iter().enumerate() {
        // Both signs, both widths; the share is that of the f32, which for subnormals is exact enough.
        let x = ((b - a).mul_add(share, a)) as f32;
        let exact = (f64::from(x) - a) / (b - a);
        for (sign, bit) in [(1.0, 0), (-1.0, 0x8000)] {
            let stream = Random::new(seed).stream(i as u64);
            let drawn = F::stochastic(sign * x, COUNT, stream);
            assert_eq!(drawn, F::stochastic(f64::from(sign * x), COUNT, stream), "{x:e}");
            let up = drawn.iter().filter(|&&p| p == (low + 1) | bit).count();
            assert_eq!(up + drawn.iter().filter(|&&p| p == low | bit).count(), COUNT, "{x:e}");
            let error = (exact * (1.0 - exact) / COUNT as f64).sqrt();
            let measured = up as f64 / COUNT as f64;
            assert!((measured - exact).abs() < 4.5 * error, "{x:e}: {measured} for {exact}");
        }
    }
}

#[test]
fn stochastic_rounding_is_right_on_average() {
    for (seed, low) in [0x3f80, 0x3fff, 0x0080, 0x0000, 0x0033, 0x007f, 0x7f7e].into_iter().enumerate() {
        unbiased::<bf16>(low, seed as u64);
    }
    for (seed, low) in
        [0x3c00, 0x3fff, 0x0400, 0x03ff, 0x0000, 0x0001, 0x0155, 0x7bfe].into_iter().enumerate()
    {
        unbiased::<f16>(low, 100 + seed as u64);
    }
}

fn limits<F: Format>() {
    let largest = F::decode::<f64>(F::INFINITY - 1);
    for x in [largest.next_up(), largest * 1.5, 3e38, f64::MAX] {
        if x > largest {
            assert!(F::stochastic(x, 1000, Random::new(1)).iter().all(|&p| p == F::INFINITY - 1), "{x:e}");
            assert!(F::stochastic(-x, 1000, Random::new(1)).iter().all(|&p| p == 0x8000 | (F::INFINITY - 1)));
        }
    }
    assert_eq!(F::stochastic(f64::INFINITY, 9, Random::new(1)), [F::INFINITY; 9]);
    assert_eq!(F::stochastic(f32::NEG_INFINITY, 9, Random::new(1)), [F::INFINITY | 0x8000; 9]);
    assert_eq!(F::stochastic(-f64::NAN, 9, Random::new(1)), [F::NAN; 9]);
}

#[test]
fn what_is_finite_stays_finite() {
    limits::<bf16>();
    limits::<f16>();
}
