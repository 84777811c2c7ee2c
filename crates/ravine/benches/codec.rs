//! The storage codecs in first-level cache, at each vector width of this machine.
//!
//! For each codec and direction: nanoseconds per element on one thread, and how many copies of as many f32 that is,
//! measured in the same rounds. Chunks are those of the fused pass; the buffer stays in second-level cache.
//!
//! `cargo bench -p ravine --bench codec` runs all; with `-- bf16` those whose name holds the word.

use half::{bf16, f16};
use ravine::codec::{self, dynamic};
use ravine::random::Random;
use ravine::simd::{Level, Work, dispatch};
use std::time::Instant;

const LEN: usize = 1 << 15;
const CHUNK: usize = dynamic::BLOCK8;
const ROUNDS: usize = 401;

struct Buffers {
    values: Vec<f32>,
    out: Vec<f32>,
    bf16: Vec<bf16>,
    f16: Vec<f16>,
    bytes: Vec<u8>,
    scales: Vec<f32>,
}

macro_rules! cases {
    ($($name:literal, |$buffers:ident| $body:expr;)*) => {
        const CASES: &[(&str, fn(Level, &mut Buffers))] = &[$(($name, |level, buffers| {
            struct Case<'a>(&'a mut Buffers);
            impl Work for Case<'_> {
                type Output = ();
                #[inline(always)]
                fn run(self) {
                    let $buffers = self.0;
                    $body
                }
            }
            dispatch(level, Case(buffers));
        })),*];
    };
}

cases! {
    "copy", |b| for (from, to) in b.values.chunks(CHUNK).zip(b.out.chunks_mut(CHUNK)) {
        to.copy_from_slice(from);
    };
    "bf16 decode", |b| for (from, to) in b.bf16.chunks(CHUNK).zip(b.out.chunks_mut(CHUNK)) {
        codec::bf16::decode(from, to);
    };
    "bf16 nearest", |b| for (from, to) in b.values.chunks(CHUNK).zip(b.bf16.chunks_mut(CHUNK)) {
        codec::bf16::encode_nearest(from, to);
    };
    "bf16 stochastic", |b| for (i, (from, to)) in b.values.chunks(CHUNK).zip(b.bf16.chunks_mut(CHUNK)).enumerate() {
        codec::bf16::encode_stochastic(from, to, Random::new(1), (i * CHUNK) as u64);
    };
    "f16 decode", |b| for (from, to) in b.f16.chunks(CHUNK).zip(b.out.chunks_mut(CHUNK)) {
        codec::f16::decode(from, to);
    };
    "f16 nearest", |b| for (from, to) in b.values.chunks(CHUNK).zip(b.f16.chunks_mut(CHUNK)) {
        codec::f16::encode_nearest(from, to);
    };
    "f16 stochastic", |b| for (i, (from, to)) in b.values.chunks(CHUNK).zip(b.f16.chunks_mut(CHUNK)).enumerate() {
        codec::f16::encode_stochastic(from, to, Random::new(1), (i * CHUNK) as u64);
    };
    "signed 8-bit decode", |b| decode8(b, &dynamic::SIGNED8);
    "signed 8-bit encode", |b| encode8(b, &dynamic::SIGNED8);
    "unsigned 8-bit decode", |b| decode8(b, &dynamic::UNSIGNED8);
    "unsigned 8-bit encode", |b| encode8(b, &dynamic::UNSIGNED8);
    "signed 4-bit decode", |b| {
        let bytes = b.bytes.chunks(dynamic::BLOCK4 / 2);
        for ((from, scale), to) in bytes.zip(&b.scales).zip(b.out.chunks_mut(dynamic::BLOCK4)) {
            codec::packed::decode(from, *scale, to);
        }
    };
    "signed 4-bit encode", |b| {
        let bytes = b.bytes.chunks_mut(dynamic::BLOCK4 / 2);
        for ((from, scale), to) in b.values.chunks(dynamic::BLOCK4).zip(&mut b.scales).zip(bytes) {
            *scale = codec::packed::encode(from, to);
        }
    };
}

#[inline(always)]
fn decode8(b: &mut Buffers, map: &dynamic::Map<7>) {
    for ((from, scale), to) in b.bytes.chunks(CHUNK).zip(&b.scales).zip(b.out.chunks_mut(CHUNK)) {
        map.decode(from, *scale, to);
    }
}

#[inline(always)]
fn encode8(b: &mut Buffers, map: &dynamic::Map<7>) {
    for ((from, scale), to) in b.values.chunks(CHUNK).zip(&mut b.scales).zip(b.bytes.chunks_mut(CHUNK)) {
        *scale = map.encode(from, to);
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let random = Random::new(0);
    let mut buffers = Buffers {
        values: (0..LEN as u64).map(|i| random.normal(i) as f32).collect(),
        out: vec![0.0; LEN],
        bf16: vec![bf16::ZERO; LEN],
        f16: vec![f16::ZERO; LEN],
        bytes: (0..LEN as u64).map(|i| random.bits(i) as u8).collect(),
        scales: vec![1.0; LEN / dynamic::BLOCK4],
    };
    println!("{:<24} {:<10} {:>10} {:>8}", "codec", "width", "ns/element", "copies");
    for (name, run) in CASES {
        if !(wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()))) {
            continue;
        }
        for level in Level::available() {
            let (mut times, mut copies) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                times.push(time(*run, level, &mut buffers));
                copies.push(time(CASES[0].1, level, &mut buffers));
            }
            let (time, copy) = (median(times), median(copies));
            println!("{name:<24} {:<10} {time:>10.3} {:>8.1}", format!("{level:?}"), time / copy);
        }
    }
}

/// Nanoseconds per element.
fn time(run: fn(Level, &mut Buffers), level: Level, buffers: &mut Buffers) -> f64 {
    let start = Instant::now();
    run(level, std::hint::black_box(buffers));
    start.elapsed().as_secs_f64() * 1e9 / LEN as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
