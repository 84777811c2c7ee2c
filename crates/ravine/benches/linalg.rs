//! Matrix products and the Newton-Schulz iteration against the `gemm` crate.
//!
//! `GFLOP/s` counts two operations for each multiply-add of the formula, also of those that symmetry spares. `gemm` is
//! the rate at which every thread multiplies such matrices for itself, alone and undivided, in the same rounds
//! (`matmul_serial` is a call of the crate and nothing else). `ratio` is the one by the other: more than 1 is what
//! symmetry spared. Decompositions have no such limit; their time stands alone.
//!
//! `cargo bench -p ravine --bench linalg` runs all; with `-- newton` those whose name holds the word.

use ravine::linalg::{
    Mat, MatMut, Scalar, gram, inverse_root, matmul, matmul_serial, newton_schulz, newton_schulz_scratch, qr,
    svd, symmetric_eigen,
};
use ravine::random::Random;
use rayon::prelude::*;
use std::time::Instant;

/// Rows of the result, columns of the result, inner extent.
const PRODUCTS: &[[usize; 3]] =
    &[[256, 256, 256], [1024, 1024, 1024], [1024, 4096, 1024], [4096, 1024, 1024], [128, 128, 8192]];

const SHAPES: &[[usize; 2]] = &[[64, 256], [256, 256], [256, 1024], [1024, 1024], [1024, 4096], [4096, 1024]];

/// Muon's.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];
const STEPS: usize = 5;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    println!("{} threads, {:?}", rayon::current_num_threads(), ravine::simd::Level::widest());
    println!("{:<36} {:>9} {:>9} {:>9} {:>6}", "case", "ms", "GFLOP/s", "gemm", "ratio");
    products::<f32>("f32", &wanted);
    products::<f64>("f64", &wanted);
    iterations::<f32>("f32", &wanted);
    iterations::<f64>("f64", &wanted);
    decompositions(&wanted);
}

fn products<T: Scalar>(precision: &str, wanted: &dyn Fn(&str) -> bool) {
    for &[m, n, k] in PRODUCTS {
        let name = format!("matmul {m} x {k} by {k} x {n} {precision}");
        let flops = 2.0 * (m * n * k) as f64;
        let (a, b, mut c) = (uniform::<T>(m * k), uniform::<T>(k * n), uniform::<T>(m * n));
        let (a, b) = (Mat::new(&a, m, k), Mat::new(&b, k, n));
        if wanted(&name) {
            measure::<T>(&name, flops, [m, n, k], || matmul(&mut c, false, a, b, |_, _| {}));
        }
        let name = format!("gram {m} x {k} {precision}");
        if m == n && wanted(&name) {
            measure::<T>(&name, flops, [m, n, k], || gram(&mut c, a, |_, _, _| {}));
        }
    }
}

fn iterations<T: Scalar>(precision: &str, wanted: &dyn Fn(&str) -> bool) {
    for &[rows, cols] in SHAPES {
        let name = format!("newton_schulz {rows} x {cols} {precision}");
        if !wanted(&name) {
            continue;
        }
        let (n, long) = (rows.min(cols), rows.max(cols));
        let flops = (STEPS * (4 * n * n * long + 2 * n * n * n)) as f64;
        let (mut x, mut scratch) =
            (uniform::<T>(rows * cols), vec![T::default(); newton_schulz_scratch(rows, cols)]);
        measure::<T>(&name, flops, [n, long, n], || {
            newton_schulz(&mut x, rows, cols, [COEFFICIENTS; STEPS], 1e-7, &mut scratch);
        });
    }
}

fn decompositions(wanted: &dyn Fn(&str) -> bool) {
    for n in [64, 256, 512] {
        let a = uniform::<f64>(n * n);
        let mut square = vec![0.0; n * n];
        gram(&mut square, Mat::new(&a, n, n), |_, _, _| {});
        let cases: [(&str, &dyn Fn()); 4] = [
            ("symmetric_eigen", &|| _ = symmetric_eigen(&square, n).expect("finite")),
            ("inverse_root", &|| _ = inverse_root(&square, n, 4.0, 1e-6).expect("positive")),
            ("qr", &|| _ = qr(&a, n, n).expect("finite")),
            ("svd", &|| _ = svd(&a, n, n).expect("finite")),
        ];
        for (name, run) in cases {
            let name = format!("{name} {n} f64");
            if wanted(&name) {
                println!("{name:<36} {:>9.3}", median((0..3).map(|_| seconds(run)).collect()) * 1e3);
            }
        }
    }
}

/// Measures `run`, which does `flops` operations, against products of these extents.
fn measure<T: Scalar>(name: &str, flops: f64, [m, n, k]: [usize; 3], mut run: impl FnMut()) {
    let threads = rayon::current_num_threads();
    let direct_flops = 2.0 * (m * n * k) as f64;
    let (a, b) = (uniform::<T>(m * k), uniform::<T>(k * n));
    let mut own: Vec<Vec<T>> = (0..threads).map(|_| vec![T::default(); m * n]).collect();
    // About a fifth of a second each, so that a round is longer than the scheduler's slices.
    let repeat = |flops: f64| (1e10 / flops).ceil() as usize;
    let (mut times, mut direct) = (Vec::new(), Vec::new());
    for round in 0..8 {
        let time = seconds(|| (0..repeat(flops)).for_each(|_| run())) / repeat(flops) as f64;
        let limit = seconds(|| {
            own.par_iter_mut().with_max_len(1).for_each(|c| {
                for _ in 0..repeat(direct_flops) {
                    let c = MatMut::strided(c, m, n, n);
                    matmul_serial(c, false, Mat::new(&a, m, k), Mat::new(&b, k, n));
                }
            });
        });
        // The first round touches fresh pages.
        if round > 0 {
            times.push(time);
            direct.push(limit / (repeat(direct_flops) * threads) as f64);
        }
    }
    let (time, direct) = (median(times), median(direct));
    let (rate, limit) = (flops / time / 1e9, direct_flops / direct / 1e9);
    println!("{name:<36} {:>9.3} {rate:>9.1} {limit:>9.1} {:>6.2}", time * 1e3, rate / limit);
}

fn uniform<T: Scalar>(n: usize) -> Vec<T> {
    (0..n as u64).map(|i| T::from_f64(Random::new(1).uniform(i) - 0.5)).collect()
}

fn seconds(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
