//! Log-mel features: how strong a sound is in bands as wide as the ear's, a hundred times a second.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

/// Bands of the filter bank.
pub const BANDS: usize = 26;

/// Frames side by side in one step of a sequence: short sequences train faster, and nothing is lost.
pub const STACK: usize = 3;

/// Numbers in a step: the bands of its frames, frame after frame.
pub const INPUTS: usize = BANDS * STACK;

/// Length of a window, and from one window to the next, in seconds.
const WINDOW: f64 = 0.025;
const HOP: f64 = 0.010;

/// From where to where the bands reach, in Hz. No band goes beyond half the sample rate.
const LOW: f64 = 60.0;
const HIGH: f64 = 7600.0;

/// Below any noise: so that the logarithm of silence is finite.
const FLOOR: f32 = 1e-10;

/// The filter bank at one sample rate.
///
/// A Hann window of 25 ms every 10 ms, its power spectrum divided by the square of the window's sum (a full-scale sine
/// has 1/4), 26 triangles that overlap by half and are evenly spaced on the mel scale, the natural logarithm of what
/// each lets through, at least of 1e-10. Sizes are in seconds and Hz, so that recordings of any rate give like
/// features without being resampled. Source: Young et al., The HTK Book 3.4, section 5.4 (filter bank analysis).
pub struct LogMel {
    window: Vec<f32>,
    hop: usize,
    fft: Arc<dyn RealToComplex<f32>>,
    /// 1 / (sum of the window)^2.
    scale: f32,
    bands: Vec<Band>,
}

/// A triangle: the first bin of the spectrum that it lets through, and the weights from there.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

/// HTK's mel scale: 2595 log10(1 + f / 700).
fn mel(hz: f64) -> f64 {
    2595.0 * (1.0 + hz / 700.0).log10()
}

/// What the features depend on.
pub(super) fn recipe() -> String {
    format!("{BANDS} {STACK} {WINDOW} {HOP} {LOW} {HIGH} {FLOOR}")
}

impl LogMel {
    /// The bank for `rate` samples a second.
    ///
    /// # Panics
    /// If `rate` is below 4000: there would be bands without a bin.
    pub fn new(rate: u32) -> Self {
        assert!(rate >= 4000, "{rate} samples a second are too few for {BANDS} bands");
        let length = (WINDOW * f64::from(rate)).round() as usize;
        // The periodic window: its period is its length.
        let hann = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / length as f64).cos();
        let size = length.next_power_of_two();
        let sum: f64 = (0..length).map(hann).sum();
        Self {
            window: (0..length).map(|i| hann(i) as f32).collect(),
            hop: (HOP * f64::from(rate)).round() as usize,
            // Its crate is built without SIMD: features have the same bits on every processor.
            fft: RealFftPlanner::new().plan_fft_forward(size),
            scale: (1.0 / (sum * sum)) as f32,
            bands: bands(f64::from(rate), size),
        }
    }

    /// One row of [`BANDS`] for each window that fits into the samples.
    pub fn frames(&self, samples: &[f32]) -> Vec<f32> {
        let mut input = self.fft.make_input_vec();
        let mut spectrum = self.fft.make_output_vec();
        let mut scratch = self.fft.make_scratch_vec();
        let mut frames = Vec::with_capacity(samples.len() / self.hop * BANDS);
        for windowed in samples.windows(self.window.len()).step_by(self.hop) {
            input.fill(0.0);
            for ((input, sample), window) in input.iter_mut().zip(windowed).zip(&self.window) {
                *input = sample * window;
            }
            self.fft
                .process_with_scratch(&mut input, &mut spectrum, &mut scratch)
                .expect("the buffers are the plan's own");
            frames.extend(self.bands.iter().map(|band| {
                let bins = &spectrum[band.first..][..band.weights.len()];
                let energy: f32 = bins.iter().zip(&band.weights).map(|(bin, w)| bin.norm_sqr() * w).sum();
                (energy * self.scale).max(FLOOR).ln()
            }));
        }
        frames
    }

    /// The steps of an utterance, [`INPUTS`] numbers each: its frames, normalised and stacked. Frames that fill no
    /// step are left out.
    pub fn steps(&self, samples: &[f32]) -> Vec<f32> {
        let mut frames = self.frames(samples);
        normalise(&mut frames);
        frames.truncate(frames.len() / INPUTS * INPUTS);
        frames
    }
}

/// The triangles over the bins of a spectrum of `size` samples. They are straight on the mel scale.
fn bands(rate: f64, size: usize) -> Vec<Band> {
    let (low, high) = (mel(LOW), mel(HIGH.min(rate / 2.0)));
    let width = (high - low) / (BANDS + 1) as f64;
    let at = |bin: usize| mel(bin as f64 * rate / size as f64);
    let weight = |bin: usize, centre: f64| 1.0 - (at(bin) - centre).abs() / width;
    let band = |k: usize| {
        let centre = low + (k + 1) as f64 * width;
        let within = |bin: &usize| weight(*bin, centre) > 0.0;
        let bins: Vec<usize> = (0..=size / 2).filter(within).collect();
        Band { first: bins[0], weights: bins.iter().map(|&bin| weight(bin, centre) as f32).collect() }
    };
    (0..BANDS).map(band).collect()
}

/// `(x - mean) / sd` of each band over the utterance (divisor n): takes out how loud and through what microphone. A
/// band that is constant is only centred.
fn normalise(frames: &mut [f32]) {
    let count = (frames.len() / BANDS) as f64;
    for band in 0..BANDS {
        let column = || frames.iter().skip(band).step_by(BANDS).map(|&x| f64::from(x));
        let mean = column().sum::<f64>() / count;
        let sd = (column().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        // What rounding leaves of a constant is no deviation.
        let divisor = if sd > 1e-6 { sd } else { 1.0 };
        let scaled = |x: f32| ((f64::from(x) - mean) / divisor) as f32;
        frames.iter_mut().skip(band).step_by(BANDS).for_each(|x| *x = scaled(*x));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, hz: f64, seconds: f64) -> Vec<f32> {
        let samples = (seconds * f64::from(rate)) as usize;
        (0..samples).map(|i| (TAU * hz * i as f64 / f64::from(rate)).sin() as f32).collect()
    }

    #[test]
    fn a_pure_tone_lights_the_band_around_it() {
        for rate in [8000, 16_000, 22_050, 44_100] {
            let bank = LogMel::new(rate);
            let (low, high) = (mel(LOW), mel(HIGH.min(f64::from(rate) / 2.0)));
            for band in 2..BANDS - 1 {
                let centre = low + (high - low) * (band + 1) as f64 / (BANDS + 1) as f64;
                let hz = 700.0 * (10f64.powf(centre / 2595.0) - 1.0);
                let frames = bank.frames(&sine(rate, hz, 0.2));
                // 200 ms hold 18 windows of 25 ms, 10 ms apart.
                assert_eq!(frames.len(), 18 * BANDS);
                for frame in frames.chunks(BANDS) {
                    let strongest = (0..BANDS).max_by(|&a, &b| frame[a].total_cmp(&frame[b])).unwrap();
                    assert_eq!(strongest, band, "{hz} Hz at {rate}");
                }
            }
        }
    }

    #[test]
    fn energies_are_those_that_numpy_finds() {
        // Two sines and a sawtooth-like remainder, third window; numpy 2 in f64, with rfft and interp on the mel scale.
        let expected = [
            -17.0588, -14.7312, -9.3862, -2.9789, -2.6802, -8.1027, -14.7844, -16.2733, -15.6088, -16.9306,
            -16.7857, -16.0998, -16.7279, -15.9671, -16.0584, -15.0047, -5.5907, -3.651, -10.6955, -14.0368,
            -15.152, -15.488, -15.2745, -14.1058, -11.2494, -11.7017,
        ];
        let sample = |i: i32| {
            let sine = |hz: f64| (TAU * hz * f64::from(i) / 16_000.0).sin();
            let rest = 0.01 * f64::from(i * 7919 % 101 - 50) / 50.0;
            (0.5 * sine(440.0) + 0.25 * sine(3000.0) + rest) as f32
        };
        let samples: Vec<f32> = (0..1000).map(sample).collect();
        let frames = LogMel::new(16_000).frames(&samples);
        assert_eq!(frames.len(), 4 * BANDS);
        for (found, expected) in frames[2 * BANDS..].iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-3, "{found} for {expected}");
        }
    }

    #[test]
    fn silence_and_a_click_are_finite() {
        let bank = LogMel::new(16_000);
        assert!(bank.frames(&[0.0; 4000]).iter().all(|&x| x == FLOOR.ln()));
        assert!(bank.steps(&[0.0; 4000]).iter().all(|x| x.abs() < 1e-5));
        let mut click = vec![0.0; 4000];
        click[2000] = 1.0;
        assert!(bank.steps(&click).iter().all(|x| x.is_finite()));
        assert!(bank.steps(&[0.1; 300]).is_empty() && bank.steps(&[]).is_empty());
    }

    #[test]
    fn steps_are_normalised_band_by_band_and_do_not_hear_the_gain() {
        let bank = LogMel::new(8000);
        // 96 windows, which make 32 steps; a little of everything keeps each band off the floor.
        let sample =
            |i: i32| (2e-4 * f64::from(i).powi(2)).sin() as f32 + 0.01 * (i * 7919 % 101 - 50) as f32 / 50.0;
        let chirp: Vec<f32> = (0..7800).map(sample).collect();
        let steps = bank.steps(&chirp);
        assert_eq!(steps.len(), 32 * INPUTS);
        for band in 0..BANDS {
            let column: Vec<f32> = steps.iter().skip(band).step_by(BANDS).copied().collect();
            let mean = column.iter().sum::<f32>() / column.len() as f32;
            let square = column.iter().map(|x| x * x).sum::<f32>() / column.len() as f32;
            assert!(mean.abs() < 1e-4 && (square - 1.0).abs() < 1e-4, "band {band}: {mean}, {square}");
        }
        // Frames that fill no step are left out.
        assert_eq!(bank.steps(&chirp[..7799]).len(), 31 * INPUTS);
        let quiet: Vec<f32> = chirp.iter().map(|x| 0.125 * x).collect();
        let difference = steps.iter().zip(bank.steps(&quiet)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference < 2e-3, "{difference}");
    }
}
