//! The random bits of stochastic rounding.
//!
//! Each statistic is compared with what independent uniform bits give, to 5 standard errors; the streams are fixed, so
//! a test passes always or never.

use ravine::codec::noise::Noise;
use ravine::random::Random;

const COUNT: usize = 1 << 20;

fn draw(stream: Random, first: u64) -> Vec<u32> {
    let mut noise = Noise::new(stream, first);
    std::iter::repeat_with(|| noise.draw()).take(COUNT).collect()
}

/// Pairs of streams that must not know of each other: seeds, steps, slots, and stretches of one stream.
fn pairs() -> Vec<(&'static str, Vec<u32>, Vec<u32>)> {
    let (at, base) = (|step| Random::new(1).stream(step), draw(Random::new(1).stream(0), 0));
    let mut pairs = vec![
        ("seeds", base.clone(), draw(Random::new(2).stream(0), 0)),
        ("steps", base.clone(), draw(at(1), 0)),
        ("slots", draw(at(0).stream(0), 0), draw(at(0).stream(1), 0)),
        ("stretches", base.clone(), draw(at(0), COUNT as u64)),
        ("far stretches", base.clone(), draw(at(0), 1 << 32)),
    ];
    for lag in [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536] {
        let mut later = base.clone();
        later.rotate_left(lag);
        pairs.push(("neighbours", base.clone(), later));
    }
    pairs
}

#[test]
fn each_bit_is_set_half_of_the_time() {
    for seed in 0..4 {
        let bits = draw(Random::new(seed), 0);
        for bit in 0..32 {
            let set = bits.iter().filter(|&&x| x >> bit & 1 == 1).count() as f64;
            assert!((set - COUNT as f64 / 2.0).abs() < 5.0 * (COUNT as f64).sqrt() / 2.0, "{seed} {bit}");
        }
    }
}

/// How far counts lie from even ones, in standard errors of chi-square.
fn unevenness(values: impl Iterator<Item = usize>, cells: usize) -> f64 {
    let mut counts = vec![0.0; cells];
    values.for_each(|value| counts[value] += 1.0);
    let mean = counts.iter().sum::<f64>() / cells as f64;
    let chi_square: f64 = counts.iter().map(|count| (count - mean) * (count - mean) / mean).sum();
    (chi_square - (cells - 1) as f64) / (2.0 * (cells - 1) as f64).sqrt()
}

#[test]
fn the_upper_bits_are_even() {
    for seed in 0..8 {
        let bits = draw(Random::new(seed), 0);
        for width in [4, 8, 13, 16] {
            let z = unevenness(bits.iter().map(|x| (x >> (32 - width)) as usize), 1 << width);
            assert!(z.abs() < 5.0, "{seed} {width}: {z}");
        }
    }
}

#[test]
fn streams_and_neighbours_are_independent() {
    for (name, a, b) in pairs() {
        // Of the upper bytes, all pairs are equally frequent.
        let z = unevenness(a.iter().zip(&b).map(|(a, b)| ((a >> 24) << 8 | b >> 24) as usize), 1 << 16);
        assert!(z.abs() < 5.0, "{name}: {z}");
        // No bit of one tells of the same bit of the other.
        for bit in 0..32 {
            let same = a.iter().zip(&b).filter(|(a, b)| (*a ^ *b) >> bit & 1 == 0).count() as f64;
            let z = (same - COUNT as f64 / 2.0) / ((COUNT as f64).sqrt() / 2.0);
            assert!(z.abs() < 5.0, "{name} {bit}: {z}");
        }
    }
}

#[test]
fn one_bit_of_the_index_changes_half_of_the_bits() {
    for seed in 0..4 {
        let stream = Random::new(seed);
        for bit in 0..34 {
            let changed: u32 = (0..4096u64)
                .map(|i| {
                    let index = i * 0x1234_5677;
                    (Noise::new(stream, index).draw() ^ Noise::new(stream, index ^ 1 << bit).draw())
                        .count_ones()
                })
                .sum();
            let share = f64::from(changed) / (4096.0 * 32.0);
            assert!((share - 0.5).abs() < 0.02, "{seed} {bit}: {share}");
        }
    }
}

#[test]
fn an_element_is_an_offset_from_any_start() {
    let stream = Random::new(3);
    let drawn = draw(stream, 1000);
    for i in [0, 1, 24, 777] {
        assert_eq!(Noise::new(stream, 1000 + i).draw(), drawn[i as usize]);
    }
}

#[test]
fn streams_whose_counters_meet_go_different_ways() {
    // The lower halves of the keys are where the counters start; they step by an odd number, which has an inverse.
    let (a, b) = (Random::new(1).stream(0), Random::new(1).stream(1));
    let inverse = (0..5).fold(1u32, |x, _| x.wrapping_mul(2u32.wrapping_sub(x.wrapping_mul(0x9e37_79b9))));
    let apart = (b.bits(0) as u32).wrapping_sub(a.bits(0) as u32).wrapping_mul(inverse);
    let (a, b) = (draw(a, apart.into()), draw(b, 0));
    let same = a.iter().zip(&b).filter(|(a, b)| *a >> 16 == *b >> 16).count();
    // 16 are expected by chance.
    assert!(same < 16 + 5 * 4, "{same}");
}
