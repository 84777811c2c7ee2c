//! Pictures changed at random while a model trains on them.

use std::fmt;
use std::str::FromStr;

use ravine::random::Random;
use rayon::prelude::*;

use crate::error::{Error, Kind};

/// One way to change a picture. As text: `shift=2`, `crop=4`, `flip`, `noise=0.1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Augmentation {
    /// Moved by up to so many pixels along each axis; zeros come in.
    Shift(usize),
    /// Widened by so many pixels on each side, which repeat those of the border, and cut to its size again anywhere.
    Crop(usize),
    /// Left and right changed over, for one picture of two.
    Flip,
    /// Gaussian noise of this standard deviation on each number.
    Noise(f64),
}

impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shift(by) => write!(f, "shift={by}"),
            Self::Crop(by) => write!(f, "crop={by}"),
            Self::Flip => f.write_str("flip"),
            Self::Noise(sd) => write!(f, "noise={sd}"),
        }
    }
}

impl FromStr for Augmentation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let pixels = |by: &str| by.parse().ok().filter(|&by| by > 0);
        let sd = |sd: &str| sd.parse().ok().filter(|sd: &f64| sd.is_finite() && *sd > 0.0);
        let read = match text.split_once('=') {
            Some(("shift", by)) => pixels(by).map(Self::Shift),
            Some(("crop", by)) => pixels(by).map(Self::Crop),
            Some(("noise", by)) => sd(by).map(Self::Noise),
            None if text == "flip" => Some(Self::Flip),
            _ => None,
        };
        read.ok_or_else(|| {
            let expected = "shift=PIXELS, crop=PIXELS, flip or noise=SD, above 0".into();
            Kind::BadOption { option: "an augmentation", expected, got: format!("'{text}'") }.into()
        })
    }
}

/// Augmentations of pictures of one shape, each after the other.
#[derive(Clone, Debug)]
pub struct Augment {
    /// Channels, height, width.
    shape: [usize; 3],
    all: Vec<Augmentation>,
    random: Random,
}

/// Models number their streams upwards from 1; the order of examples and the windows of texts have the last two.
const STREAM: u64 = u64::MAX - 2;

impl Augment {
    /// These augmentations for pictures of `[channels, height, width]`, drawn from `seed`. A picture cannot be moved by
    /// its own size or more: that is an error.
    pub fn new(shape: [usize; 3], all: Vec<Augmentation>, seed: u64) -> Result<Self, Error> {
        let [_, height, width] = shape;
        for augmentation in &all {
            if let Augmentation::Shift(by) | Augmentation::Crop(by) = augmentation
                && *by >= height.min(width)
            {
                let expected = format!("fewer pixels than pictures of {height} x {width} have");
                let got = augmentation.to_string();
                return Err(Kind::BadOption { option: "an augmentation", expected, got }.into());
            }
        }
        Ok(Self { shape, all, random: Random::new(seed).stream(STREAM) })
    }

    /// Changes a batch in place, one picture after another, each a row of channel after channel. What becomes of a picture
    /// depends on (seed, step, its place in the batch) alone.
    ///
    /// # Panics
    /// If the batch is not made of whole pictures.
    pub fn apply(&self, step: u64, batch: &mut [f32]) {
        let size = self.shape.iter().product();
        assert_eq!(batch.len() % size, 0, "a batch of whole pictures of {size} numbers");
        if self.all.is_empty() {
            return;
        }
        batch.par_chunks_exact_mut(size).enumerate().for_each(|(place, picture)| {
            let random = self.random.stream(step).stream(place as u64);
            for (number, augmentation) in self.all.iter().enumerate() {
                self.change(picture, *augmentation, random.stream(number as u64));
            }
        });
    }

    fn change(&self, picture: &mut [f32], augmentation: Augmentation, random: Random) {
        let [_, _, width] = self.shape;
        match augmentation {
            Augmentation::Shift(by) => self.shift(picture, offsets(by, random), |at, length| {
                (0..length as isize).contains(&at).then_some(at as usize)
            }),
            Augmentation::Crop(by) => self.shift(picture, offsets(by, random), |at, length| {
                Some(at.clamp(0, length as isize - 1) as usize)
            }),
            Augmentation::Flip => {
                if random.bits(0) & 1 == 1 {
                    picture.chunks_exact_mut(width).for_each(<[f32]>::reverse);
                }
            }
            Augmentation::Noise(sd) => {
                for (i, x) in picture.iter_mut().enumerate() {
                    *x += (sd * random.normal(i as u64)) as f32;
                }
            }
        }
    }

    /// Moves each channel; `source` says which row or column a place takes its pixel from, if any.
    fn shift(
        &self,
        picture: &mut [f32],
        [down, right]: [isize; 2],
        source: impl Fn(isize, usize) -> Option<usize>,
    ) {
        let [_, height, width] = self.shape;
        for channel in picture.chunks_exact_mut(height * width) {
            let before = channel.to_vec();
            for (i, row) in channel.chunks_exact_mut(width).enumerate() {
                let from = source(i as isize - down, height);
                for (j, x) in row.iter_mut().enumerate() {
                    let from = from.zip(source(j as isize - right, width));
                    *x = from.map_or(0.0, |(i, j)| before[i * width + j]);
                }
            }
        }
    }
}

/// How far down and to the right, from -by to by.
fn offsets(by: usize, random: Random) -> [isize; 2] {
    [0, 1].map(|axis| random.below(axis, 2 * by as u64 + 1) as isize - by as isize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [2, 3, 4];

    fn pictures(count: usize) -> Vec<f32> {
        (0..count * 24).map(|i| (i % 24) as f32 + 1.0).collect()
    }

    fn augmented(text: &str, step: u64, count: usize) -> Vec<f32> {
        let all = text.split(',').map(|one| one.parse().unwrap()).collect();
        let mut batch = pictures(count);
        Augment::new(SHAPE, all, 5).unwrap().apply(step, &mut batch);
        batch
    }

    #[test]
    fn the_same_step_gives_the_same_pictures_wherever_the_batch_ends() {
        for text in ["shift=1", "crop=2", "flip", "noise=0.5", "crop=1,flip,noise=0.1"] {
            let batch = augmented(text, 7, 40);
            assert_eq!(batch, augmented(text, 7, 40), "{text}");
            assert_eq!(batch[..240], augmented(text, 7, 10), "{text}");
            assert_ne!(batch, augmented(text, 8, 40), "{text}");
            assert_ne!(batch, pictures(40), "{text}");
        }
    }

    #[test]
    fn threads_make_no_difference() {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let text = "shift=1,flip,noise=0.1";
        assert_eq!(one.install(|| augmented(text, 3, 64)), augmented(text, 3, 64));
    }

    #[test]
    fn a_shift_moves_all_channels_alike_and_fills_with_zeros() {
        let augment = Augment::new(SHAPE, vec![], 0).unwrap();
        let mut picture = pictures(1);
        augment.shift(&mut picture, [1, -1], |at, length| {
            (0..length as isize).contains(&at).then_some(at as usize)
        });
        let channel = [0., 0., 0., 0., 2., 3., 4., 0., 6., 7., 8., 0.];
        let second = channel.map(|x| if x > 0.0 { x + 12.0 } else { 0.0 });
        assert_eq!(picture, [channel, second].concat());
        // Every offset from -1 to 1 comes: 9 of them, seen by where the zeros are.
        let mut seen: Vec<Vec<bool>> =
            augmented("shift=1", 0, 200).chunks(24).map(|x| x.iter().map(|x| *x == 0.0).collect()).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 9);
    }

    #[test]
    fn a_crop_repeats_the_border() {
        for picture in augmented("crop=2", 1, 50).chunks(24) {
            assert!(picture[..12].iter().all(|x| (1.0..=12.0).contains(x)));
            assert!(picture[12..].iter().all(|x| (13.0..=24.0).contains(x)));
        }
    }

    #[test]
    fn a_flip_reverses_rows_of_about_half_of_the_pictures() {
        let flipped: Vec<f32> =
            pictures(1).chunks(4).flat_map(|row| row.iter().rev().copied().collect::<Vec<_>>()).collect();
        let batch = augmented("flip", 2, 400);
        let count = batch.chunks(24).filter(|picture| *picture == flipped).count();
        assert!((150..250).contains(&count), "{count}");
        assert!(batch.chunks(24).all(|picture| picture == flipped || picture == pictures(1)));
    }

    #[test]
    fn noise_has_the_spread_asked_for() {
        let noise: Vec<f64> =
            augmented("noise=0.5", 0, 500).iter().zip(pictures(500)).map(|(a, b)| f64::from(a - b)).collect();
        let mean = noise.iter().sum::<f64>() / noise.len() as f64;
        let sd = (noise.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / noise.len() as f64).sqrt();
        assert!(mean.abs() < 0.02 && (sd - 0.5).abs() < 0.02, "{mean} {sd}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in ["", "flip=1", "shift", "shift=0", "shift=-1", "noise=0", "noise=nan", "turn=3"] {
            let error = text.parse::<Augmentation>().unwrap_err();
            assert!(error.is_usage() && error.to_string().contains(text), "{error}");
        }
        let error = Augment::new([3, 32, 28], vec![Augmentation::Crop(28)], 0).unwrap_err();
        assert!(error.to_string().contains("32 x 28") && error.to_string().contains("crop=28"), "{error}");
        for one in ["shift=2", "crop=4", "flip", "noise=0.25"] {
            assert_eq!(one.parse::<Augmentation>().unwrap().to_string(), one);
        }
    }
}
