//! Background noise.

use ravine::random::Random;

/// From white to a hum.
pub(super) const COLOUR: [f64; 2] = [0.0, 0.95];

/// Adds noise of which the samples are `decibels` louder: 10 log10 of the ratio of their mean squares.
///
/// The noise is Gaussian, `y[t] = colour y[t - 1] + x[t]` of white x: white for colour 0, a hum for one near 1.
pub(super) fn add(samples: &mut [f32], decibels: f64, colour: f64, random: Random) {
    let mut last = 0.0;
    let noise: Vec<f64> = (0..samples.len() as u64)
        .map(|i| {
            last = colour * last + random.normal(i);
            last
        })
        .collect();
    let signal: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
    let power: f64 = noise.iter().map(|x| x * x).sum();
    if power > 0.0 {
        let gain = (signal / power / 10f64.powf(decibels / 10.0)).sqrt();
        samples.iter_mut().zip(noise).for_each(|(sample, noise)| *sample += (gain * noise) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_and_the_colour_are_those_asked_for() {
        let clean: Vec<f32> = (0..20_000).map(|i| (0.1 * i as f32).sin()).collect();
        for (decibels, colour) in [(20.0, 0.0), (10.0, 0.9)] {
            let mut noisy = clean.clone();
            add(&mut noisy, decibels, colour, Random::new(1));
            let noise: Vec<f64> = noisy.iter().zip(&clean).map(|(a, b)| f64::from(a - b)).collect();
            let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
            let signal = clean.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
            assert!((10.0 * (signal / square(&noise)).log10() - decibels).abs() < 0.01);
            let lag = noise.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / square(&noise);
            assert!((lag - colour).abs() < 0.03, "{lag}");
        }
        add(&mut [], 10.0, 0.5, Random::new(1));
    }
}
