//! A tone code: digits as pairs of tones, for a machine without a speech program.
//!
//! Four tones a third of an octave and more apart; a digit is one of them and then another. A voice has its pitch,
//! speed and timbre; each utterance has its own gaps and noise. What makes it a task of speech is there: the same
//! symbol sounds different each time, lengths are unknown, and only the order of sounds tells 0 from 3.

use std::f64::consts::{PI, TAU};

use ravine::random::Random;

use super::corpus::Utterance;
use super::mel::LogMel;
use super::{SEED, noise, uniform};

/// Samples a second.
const RATE: u32 = 8000;

/// The tones of a voice of pitch 1, in Hz. No pitch reaches from one to the next.
const TONES: [f64; 4] = [400.0, 540.0, 729.0, 984.0];

/// First and second tone of each digit.
const CODE: [[usize; 2]; 10] =
    [[0, 1], [0, 2], [0, 3], [1, 0], [1, 2], [1, 3], [2, 0], [2, 1], [2, 3], [3, 0]];

/// Voices to train, validate and test on.
const VOICES: [usize; 3] = [60, 6, 12];

const PITCH: [f64; 2] = [0.89, 1.13];
/// Factor on all lengths.
const SLOWNESS: [f64; 2] = [0.75, 1.35];
/// Amplitudes of the second and third harmonic, the first having 1.
const HARMONIC: [f64; 2] = [0.0, 0.6];
/// Seconds.
const TONE: [f64; 2] = [0.06, 0.11];
const GAP: [f64; 2] = [0.02, 0.12];
/// A tone's own factor on the pitch.
const DETUNE: [f64; 2] = [0.985, 1.015];
/// Of tones over noise.
const DECIBELS: [f64; 2] = [8.0, 25.0];

/// Tones rise and fall in this time, in seconds: a sudden start would be heard in all bands.
const RAMP: f64 = 0.005;

/// Who speaks: drawn once for all utterances.
struct Voice {
    pitch: f64,
    slowness: f64,
    harmonics: [f64; 2],
}

impl Voice {
    /// Voice number `i` of split number `split`: no two splits share one.
    fn draw(split: usize, i: usize) -> Self {
        let random = Random::new(SEED).stream(split as u64).stream(i as u64);
        Self {
            pitch: uniform(random, 0, PITCH),
            slowness: uniform(random, 1, SLOWNESS),
            harmonics: [2, 3].map(|index| uniform(random, index, HARMONIC)),
        }
    }

    /// Adds a tone to the samples.
    fn sing(&self, hz: f64, seconds: f64, samples: &mut Vec<f32>) {
        let length = (seconds * f64::from(RATE)) as usize;
        let ramp = RAMP * f64::from(RATE);
        samples.extend((0..length).map(|i| {
            let phase = TAU * hz * i as f64 / f64::from(RATE);
            let [second, third] = self.harmonics;
            let edge = (i.min(length - i) as f64 / ramp).min(1.0);
            let envelope = 0.5 - 0.5 * (PI * edge).cos();
            (envelope * (phase.sin() + second * (2.0 * phase).sin() + third * (3.0 * phase).sin())) as f32
        }));
    }
}

/// The names of the voices of each split: what they are.
pub(super) fn voices() -> [Vec<String>; 3] {
    std::array::from_fn(|split| {
        let name = |voice: Voice| format!("pitch {:.2}, length {:.2}", voice.pitch, voice.slowness);
        (0..VOICES[split]).map(|i| name(Voice::draw(split, i))).collect()
    })
}

/// The digits sung by a voice of a split.
pub(super) fn utterance(split: usize, digits: Vec<u32>, random: Random) -> Utterance {
    let samples = samples(split, &digits, random);
    Utterance { steps: LogMel::new(RATE).steps(&samples), digits }
}

fn samples(split: usize, digits: &[u32], random: Random) -> Vec<f32> {
    let voice = Voice::draw(split, random.below(0, VOICES[split] as u64) as usize);
    let (tones, gaps) = (random.stream(1), random.stream(2));
    let mut samples = Vec::new();
    let pause = |gap: usize, samples: &mut Vec<f32>| {
        let seconds = uniform(gaps, gap as u64, GAP) * voice.slowness;
        samples.resize(samples.len() + (seconds * f64::from(RATE)) as usize, 0.0);
    };
    pause(0, &mut samples);
    for (i, &digit) in digits.iter().enumerate() {
        for (half, tone) in CODE[digit as usize].into_iter().enumerate() {
            let index = (4 * i + 2 * half) as u64;
            let hz = TONES[tone] * voice.pitch * uniform(tones, index, DETUNE);
            voice.sing(hz, uniform(tones, index + 1, TONE) * voice.slowness, &mut samples);
        }
        pause(i + 1, &mut samples);
    }
    noise::add(
        &mut samples,
        uniform(random, 1, DECIBELS),
        uniform(random, 2, noise::COLOUR),
        random.stream(3),
    );
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_pitches_do_not_reach_the_next_tone() {
        for (i, code) in CODE.iter().enumerate() {
            assert!(code[0] != code[1] && !CODE[..i].contains(code));
        }
        let spread = PITCH[1] * DETUNE[1] / (PITCH[0] * DETUNE[0]);
        assert!(TONES.windows(2).all(|pair| pair[1] / pair[0] > 0.99 * spread), "{spread}");
    }

    #[test]
    fn voices_of_the_splits_are_apart() {
        let [train, validation, test] = voices();
        assert_eq!([train.len(), validation.len(), test.len()], VOICES);
        let pitch = |split, i| Voice::draw(split, i).pitch;
        for i in 0..VOICES[2] {
            assert!((0..VOICES[0]).all(|other| pitch(0, other) != pitch(2, i)));
        }
    }

    #[test]
    fn an_utterance_has_the_length_of_its_digits_and_depends_on_its_stream_alone() {
        let say = |digits: &[u32], seed| samples(0, digits, Random::new(seed));
        let seconds = |digits: &[u32], seed| say(digits, seed).len() as f64 / f64::from(RATE);
        for seed in 0..20 {
            let bounds = |n: f64, k: usize| (2.0 * n * TONE[k] + (n + 1.0) * GAP[k]) * SLOWNESS[k];
            assert!((bounds(5.0, 0)..bounds(5.0, 1)).contains(&seconds(&[1, 2, 3, 4, 5], seed)));
        }
        assert_eq!(say(&[7, 7, 7], 3), say(&[7, 7, 7], 3));
        assert_ne!(say(&[7, 7, 7], 3), say(&[7, 7, 7], 4));
        assert!(say(&[0, 9], 1).iter().all(|x| x.is_finite()));
    }
}
