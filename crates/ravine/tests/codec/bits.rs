//! The same bits at every vector width and for any cut into chunks.

use half::{bf16, f16};
use ravine::codec::{self, Value, dynamic};
use ravine::random::Random;
use ravine::simd::{Level, Work, dispatch};

/// Numbers of all sizes, the special ones among them.
fn mixed<R: Value>(count: usize) -> Vec<R> {
    let random = Random::new(5);
    let special =
        [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-45, -3e-39, 65_519.9, 65_520.0, 3.4e38];
    (0..count)
        .map(|i| {
            let any = f32::from_bits(random.bits(i as u64) as u32);
            R::from_f64(if i % 17 == 3 { special[i / 17 % special.len()] } else { any.into() })
        })
        .collect()
}

/// All that the codecs make of some numbers, cut into chunks.
struct All<'a, R> {
    values: &'a [R],
    chunk: usize,
}

impl<R: Value> Work for All<'_, R> {
    type Output = Vec<u64>;

    #[inline(always)]
    fn run(self) -> Vec<u64> {
        let (count, stream) = (self.values.len(), Random::new(9).stream(4));
        let mut out = Vec::new();
        let (mut brain, mut half) = (vec![bf16::ZERO; count], vec![f16::ZERO; count]);
        let mut wide = vec![R::from_f64(0.0); count];
        for random in [false, true] {
            for (i, from) in self.values.chunks(self.chunk).enumerate() {
                let at = i * self.chunk;
                let (brain, half) = (&mut brain[at..at + from.len()], &mut half[at..at + from.len()]);
                // The stream's indices pass a multiple of 2^32.
                let first = (7 << 32) - 100 + at as u64;
                if random {
                    codec::bf16::encode_stochastic(from, brain, stream, first);
                    codec::f16::encode_stochastic(from, half, stream, first);
                } else {
                    codec::bf16::encode_nearest(from, brain);
                    codec::f16::encode_nearest(from, half);
                }
            }
            out.extend(brain.iter().map(|x| u64::from(x.to_bits())));
            out.extend(half.iter().map(|x| u64::from(x.to_bits())));
            codec::bf16::decode(&brain, &mut wide);
            out.extend(wide.iter().map(|x| u64::from(x.narrow().to_bits())));
            codec::f16::decode(&half, &mut wide);
            out.extend(wide.iter().map(|x| u64::from(x.narrow().to_bits())));
        }
        out
    }
}

/// All that the dynamic maps make of blocks of numbers.
struct Blocks<'a, R>(&'a [R]);

impl<R: Value> Work for Blocks<'_, R> {
    type Output = Vec<u64>;

    #[inline(always)]
    fn run(self) -> Vec<u64> {
        let mut out = Vec::new();
        let mut wide = [R::from_f64(0.0); dynamic::BLOCK8];
        for from in self.0.chunks(dynamic::BLOCK4) {
            let mut codes = [0; dynamic::BLOCK4];
            let (codes, wide) = (&mut codes[..from.len()], &mut wide[..from.len()]);
            for map in [&dynamic::SIGNED8, &dynamic::UNSIGNED8] {
                let scale = map.encode(from, codes);
                map.decode(codes, scale, wide);
                out.extend(codes.iter().map(|&code| u64::from(code)));
                out.extend(wide.iter().map(|x| u64::from(x.narrow().to_bits())));
            }
            let packed = &mut codes[..codec::packed::bytes(from.len())];
            let scale = codec::packed::encode(from, packed);
            codec::packed::decode(packed, scale, wide);
            out.extend(packed.iter().map(|&code| u64::from(code)));
            out.extend(wide.iter().map(|x| u64::from(x.narrow().to_bits())));
        }
        out
    }
}

fn check<R: Value>() {
    let values = mixed::<R>(5000);
    let reference = dispatch(Level::Baseline, All { values: &values, chunk: values.len() });
    for level in Level::available() {
        for chunk in [1, 7, 128, 256] {
            assert!(reference == dispatch(level, All { values: &values, chunk }), "{level:?} {chunk}");
        }
    }
    // Blocks of any scale, without the numbers that make a block NaN.
    let random = Random::new(6);
    let values: Vec<R> = (0..20_001u64)
        .map(|i| {
            let scale = 2f64.powi((random.bits(i / 128) % 250) as i32 - 126);
            R::from_f64(random.normal(i) * scale * 10f64.powf(-8.0 * random.uniform(i)))
        })
        .collect();
    let reference = dispatch(Level::Baseline, Blocks(&values));
    for level in Level::available() {
        assert!(reference == dispatch(level, Blocks(&values)), "{level:?}");
    }
}

#[test]
fn the_same_bits_at_every_width_and_for_any_chunk() {
    check::<f32>();
    check::<f64>();
}
