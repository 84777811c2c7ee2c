use ravine_nn::*;
use std::time::Instant;
fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        for (o, i) in [(512usize, 128usize), (128, 512), (384, 128), (128, 128), (96, 128)] {
            let rows = 2048;
            let (x, w, dz) = (vec![0.5f32; rows * i], vec![0.25f32; o * i], vec![0.1f32; rows * o]);
            let (mut y, mut dx, mut dw) = (vec![0f32; rows * o], vec![0f32; rows * i], vec![0f32; o * i]);
            let mut t = [f64::MAX; 3];
            for _ in 0..40 {
                let s = Instant::now();
                matmul(&mut y, false, Mat::new(&x, rows, i), Mat::new(&w, o, i).transposed(), |_, _| {});
                t[0] = t[0].min(s.elapsed().as_secs_f64());
                let s = Instant::now();
                matmul(&mut dx, false, Mat::new(&dz, rows, o), Mat::new(&w, o, i), |_, _| {});
                t[1] = t[1].min(s.elapsed().as_secs_f64());
                let s = Instant::now();
                matmul(&mut dw, true, Mat::new(&dz, rows, o).transposed(), Mat::new(&x, rows, i), |_, _| {});
                t[2] = t[2].min(s.elapsed().as_secs_f64());
            }
            let f = (rows * o * i) as f64 * 2e-9;
            println!("{o}x{i}: fwd {:.0} dx {:.0} dw {:.0} GFLOP/s", f / t[0], f / t[1], f / t[2]);
        }
    });
}
