//! The dynamic maps.

use proptest::prelude::*;
use ravine::codec::Value;
use ravine::codec::dynamic::{BLOCK8, Map, SIGNED4, SIGNED8, UNSIGNED8};
use ravine::random::Random;
use serde::Deserialize;

/// See `tests/goldens/README.md`.
#[derive(Deserialize)]
struct Golden {
    signed8: Vec<f32>,
    unsigned8: Vec<f32>,
    signed4: Vec<f32>,
}

fn values<const D: usize>(map: &Map<D>) -> Vec<f32> {
    let codes: Vec<u8> = (0..=u8::MAX).take(if D == 3 { 16 } else { 256 }).collect();
    let mut values = vec![0.0; codes.len()];
    map.decode(&codes, 1.0, &mut values);
    values
}

fn encode<const D: usize, R: Value>(map: &Map<D>, block: &[R]) -> (f32, Vec<u8>) {
    let mut codes = vec![0; block.len()];
    (map.encode(block, &mut codes), codes)
}

fn both_ways<const D: usize, R: Value>(map: &Map<D>, block: &[R]) -> Vec<R> {
    let (scale, codes) = encode(map, block);
    let mut out = vec![R::from_f64(0.5); block.len()];
    map.decode(&codes, scale, &mut out);
    out
}

/// The values of the definition, rising, in f64.
fn definition(decades: i32, signed: bool) -> Vec<f64> {
    let mut values = vec![0.0, 1.0];
    for i in 0..decades {
        let cells = if signed { 1 << i } else { 2 << i };
        for k in 0..cells {
            let middle = 0.1 + 0.9 * (f64::from(k) + 0.5) / f64::from(cells);
            let value = middle * 10f64.powi(i - decades + 1);
            values.extend(if signed { vec![value, -value] } else { vec![value] });
        }
    }
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn the_values_are_those_of_the_definition_and_of_bitsandbytes() {
    let path = format!("{}/tests/goldens/dynamic_maps.json", env!("CARGO_MANIFEST_DIR"));
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = [
        (values(&SIGNED8), definition(7, true), golden.signed8),
        (values(&UNSIGNED8), definition(7, false), golden.unsigned8),
        (values(&SIGNED4), definition(3, true), golden.signed4),
    ];
    for (ours, exact, theirs) in cases {
        assert_eq!((ours.len(), ours.len()), (exact.len(), theirs.len()));
        for ((ours, exact), theirs) in ours.into_iter().zip(exact).zip(theirs) {
            let unit = f64::from(ours.abs().next_up() - ours.abs());
            assert!((f64::from(ours) - exact).abs() <= 2.0 * unit, "{ours:e} {exact:e}");
            // Theirs are computed in f32 too, and are up to two units off themselves.
            assert!((f64::from(ours) - f64::from(theirs)).abs() <= 4.0 * unit, "{ours:e} {theirs:e}");
        }
        // 0 and 1 have no error.
    }
    for map in [values(&SIGNED8), values(&UNSIGNED8), values(&SIGNED4)] {
        assert!(map.contains(&0.0) && map.last() == Some(&1.0));
    }
}

fn each_code_survives<const D: usize>(map: &Map<D>) {
    let values = values(map);
    for scale in [1.0, 3.7e-30, 1e-3, 0.1, 5.0, 8.1e37, f32::MAX] {
        // The first element sets the scale.
        let block: Vec<f32> = std::iter::once(scale).chain(values.iter().map(|x| x * scale)).collect();
        let (found, codes) = encode(map, &block);
        assert_eq!(found, scale);
        assert!(codes[1..].iter().copied().eq((0..=u8::MAX).take(values.len())), "{scale:e} {codes:?}");
    }
    assert_eq!(values[usize::from(map.zero())], 0.0);
}

#[test]
fn each_code_survives_decoding_and_encoding() {
    each_code_survives(&SIGNED8);
    each_code_survives(&UNSIGNED8);
    each_code_survives(&SIGNED4);
}

/// Checks the code of a number relative to a block's largest, 1, against a search of all values.
fn check_nearest<const D: usize>(map: &Map<D>, values: &[f32], x: f32) {
    let (_, codes) = encode(map, &[1.0, x]);
    let ours = f64::from(values[usize::from(codes[1])]);
    let x = f64::from(x);
    let distances = values.iter().map(|&v| (f64::from(v) - x).abs());
    let nearest = distances.fold(f64::INFINITY, f64::min);
    // Within 4e-5 of the gap from its middle, one distance may be this much more than the other.
    assert!((ours - x).abs() <= nearest * (1.0 + 1.7e-4), "{x:e}: {ours:e}");
}

fn around_every_middle<const D: usize>(map: &Map<D>) {
    let values = values(map);
    for pair in values.windows(2) {
        let (low, high) = (f64::from(pair[0]), f64::from(pair[1]));
        for share in [0.0, 0.25, 0.499_96, 0.5, 0.500_04, 0.75, 1.0] {
            let x = low + share * (high - low);
            check_nearest(map, &values, x as f32);
            // Off the middle there is no doubt.
            if share != 0.5 {
                let (_, codes) = encode(map, &[1.0, x as f32]);
                let expected = if share < 0.5 { pair[0] } else { pair[1] };
                assert_eq!(values[usize::from(codes[1])], expected, "{x:e}");
            }
        }
    }
}

#[test]
fn the_nearest_value_is_chosen_up_to_the_middle_between_two() {
    around_every_middle(&SIGNED8);
    around_every_middle(&UNSIGNED8);
    around_every_middle(&SIGNED4);
}

/// The largest error relative to the number, at least so far above the lowest value and as `bound` says for a decade.
fn check_error<const D: usize>(map: &Map<D>, cells: f64, x: f64) {
    let out = f64::from(both_ways(map, &[1.0f32, x as f32])[1]);
    let decade = (x.log10().floor() + 1.0).min(0.0);
    let width = 0.9 * 10f64.powf(decade) / (cells * 2f64.powf(D as f64 - 1.0 + decade));
    // Half a cell, but at the edge of a decade up to 0.6: the middle between cells of unequal width is not their edge.
    assert!((out - x).abs() <= 0.601 * width, "{x:e}: {out:e}, cell {width:e}");
}

proptest! {
    #[test]
    fn the_nearest_value_is_chosen(exponent in -8.0..0.0f64, negative in any::<bool>()) {
        let size = 10f64.powf(exponent) as f32;
        let x = if negative { -size } else { size };
        check_nearest(&SIGNED8, &values(&SIGNED8), x);
        check_nearest(&SIGNED4, &values(&SIGNED4), x);
        check_nearest(&UNSIGNED8, &values(&UNSIGNED8), size);
    }

    #[test]
    fn the_error_is_half_a_cell_of_the_decade(exponent in -7.0..-0.004f64) {
        let x = 10f64.powf(exponent);
        check_error(&SIGNED8, 1.0, x);
        check_error(&UNSIGNED8, 2.0, x);
        if exponent > -3.0 {
            check_error(&SIGNED4, 1.0, x);
        }
    }

    #[test]
    fn a_power_of_two_goes_into_the_scale(seed in any::<u64>(), power in -100..100i32) {
        let block: Vec<f32> = (0..BLOCK8 as u64).map(|i| Random::new(seed).normal(i) as f32).collect();
        let scaled: Vec<f32> = block.iter().map(|x| x * 2f32.powi(power)).collect();
        let ((scale, codes), (other_scale, other_codes)) = (encode(&SIGNED8, &block), encode(&SIGNED8, &scaled));
        prop_assert_eq!(codes, other_codes);
        prop_assert_eq!(scale * 2f32.powi(power), other_scale);
        let (out, other) = (both_ways(&SIGNED8, &block), both_ways(&SIGNED8, &scaled));
        prop_assert!(out.iter().zip(&other).all(|(a, b)| a * 2f32.powi(power) == *b));
    }

    #[test]
    fn codes_rise_with_the_numbers(mut block in prop::collection::vec(-1.0..1.0f32, 1..BLOCK8)) {
        block.sort_by(f32::total_cmp);
        for codes in [encode(&SIGNED8, &block).1, encode(&UNSIGNED8, &block).1, encode(&SIGNED4, &block).1] {
            prop_assert!(codes.is_sorted());
        }
    }

    #[test]
    fn f64_has_the_codes_of_f32(block in prop::collection::vec(any::<f32>(), 1..BLOCK8)) {
        let wide: Vec<f64> = block.iter().map(|&x| x.into()).collect();
        let ((scale, codes), (wide_scale, wide_codes)) = (encode(&SIGNED8, &block), encode(&SIGNED8, &wide));
        prop_assert_eq!(scale.to_bits(), wide_scale.to_bits());
        prop_assert_eq!(codes, wide_codes);
        let (out, wide_out) = (both_ways(&SIGNED8, &block), both_ways(&SIGNED8, &wide));
        prop_assert!(out.iter().zip(&wide_out).all(|(&a, &b)| f64::from(a) == b || a.is_nan() && b.is_nan()));
    }
}

#[test]
fn the_largest_of_a_block_is_exact() {
    for scale in [1.234_567e-37f32, 0.3, 7.7, f32::MAX, f32::MIN_POSITIVE] {
        assert_eq!(both_ways(&SIGNED8, &[0.0, scale, -scale / 3.0])[..2], [0.0, scale]);
        assert_eq!(both_ways(&UNSIGNED8, &[0.0, scale, scale / 3.0])[..2], [0.0, scale]);
        assert_eq!(both_ways(&SIGNED4, &[0.0, scale, scale / 3.0])[..2], [0.0, scale]);
        // There is no -1.
        let least = both_ways(&SIGNED8, &[-scale])[0];
        assert!((least / -scale - 0.992_968_75).abs() < 1e-6, "{least:e}");
    }
}

#[test]
fn blocks_of_nothing_are_zero() {
    for block in [&[0.0f32; 5][..], &[-0.0; 3], &[1.1e-38, -1.0e-45, 0.0], &[]] {
        assert_eq!(encode(&SIGNED8, block).0.to_bits(), 0);
        assert!(both_ways(&SIGNED8, block).iter().all(|x| x.to_bits() == 0));
        assert!(both_ways(&UNSIGNED8, block).iter().all(|x| x.to_bits() == 0));
        assert!(both_ways(&SIGNED4, block).iter().all(|x| x.to_bits() == 0));
    }
}

#[test]
fn a_number_that_is_not_finite_spoils_its_block_visibly() {
    for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let block = [1.0, bad, 0.0, -2.0];
        assert!(encode(&SIGNED8, &block).0.is_nan());
        assert!(both_ways(&SIGNED8, &block).iter().all(|x| x.is_nan()), "{bad}");
        assert!(both_ways(&UNSIGNED8, &block).iter().all(|x| x.is_nan()), "{bad}");
        assert!(both_ways(&SIGNED4, &block.map(f64::from)).iter().all(|x| x.is_nan()), "{bad}");
    }
}

#[test]
fn without_a_sign_what_is_negative_is_zero() {
    assert_eq!(both_ways(&UNSIGNED8, &[-0.5f32, 1.0, -4.0])[0], 0.0);
    assert_eq!(both_ways(&UNSIGNED8, &[-0.5f32, 1.0, -4.0])[2], 0.0);
}
