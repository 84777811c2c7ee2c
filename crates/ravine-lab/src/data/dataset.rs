//! Rows of numbers with a class each, and how they are split and scaled.

use std::ops::Range;

use ravine::random::Random;

/// The seed of every split. It is part of what the data sets are: change it and all results change.
pub const SPLIT_SEED: u64 = 20_170_828;

/// Which examples to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// Those the gradients come from.
    Train,
    /// Those that choose hyper-parameters.
    Validation,
    /// Those looked at once, at the end.
    Test,
}

/// A data set as it was published: unscaled, in its own order.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// `examples x features`, row after row.
    pub x: Vec<f64>,
    /// The class of each example, from 0.
    pub y: Vec<u32>,
    /// Numbers in an example.
    pub features: usize,
    /// Number of classes.
    pub classes: usize,
}

/// Replaces each feature by `(x - mean) / sd`, the mean and the population's standard deviation (divisor n) taken
/// over `rows`. A feature that is constant there is only centred.
pub fn standardise(x: &mut [f64], features: usize, rows: Range<usize>) {
    let count = rows.len() as f64;
    for j in 0..features {
        let column = || x[rows.start * features..rows.end * features][j..].iter().step_by(features);
        let mean = column().sum::<f64>() / count;
        let sd = (column().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        let divisor = if sd > 0.0 { sd } else { 1.0 };
        x.iter_mut().skip(j).step_by(features).for_each(|x| *x = (*x - mean) / divisor);
    }
}

/// A data set ready to train on: scaled, its splits one after the other. `Y` is the class of an example, or the number
/// to be told (`f32`).
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset<Y = u32> {
    /// Its name in the catalogue, or that of the file it comes from.
    pub name: String,
    /// `examples x features`, row after row.
    pub x: Vec<f32>,
    /// The class of each example, from 0, or its number.
    pub y: Vec<Y>,
    /// Numbers in an example.
    pub features: usize,
    /// What these numbers are: `[channels, height, width]` of a picture, else `[features]`.
    pub shape: Vec<usize>,
    /// Number of classes; 0 where numbers are to be told.
    pub classes: usize,
    /// Rows to train on.
    pub train: Range<usize>,
    /// Rows to validate on.
    pub validation: Range<usize>,
    /// Rows to test on.
    pub test: Range<usize>,
    /// SHA-256 of the published file or files, uncompressed and one after the other, in hexadecimal.
    pub sha256: String,
}

impl<Y> Dataset<Y> {
    /// The rows of a split.
    pub fn range(&self, split: Split) -> Range<usize> {
        match split {
            Split::Train => self.train.clone(),
            Split::Validation => self.validation.clone(),
            Split::Test => self.test.clone(),
        }
    }

    /// Sizes of the three splits.
    pub fn split(&self) -> [usize; 3] {
        [self.train.len(), self.validation.len(), self.test.len()]
    }

    /// One example.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.x[i * self.features..][..self.features]
    }
}

/// Where the validation and the test part of `n` ordered examples begin: 60 % train, 20 % validate, 20 % test.
pub(super) const fn cuts(n: usize) -> [usize; 2] {
    [(n * 3 + 2) / 5, (n * 4 + 2) / 5]
}

/// What each of the 256 values of a pixel becomes: less the mean of these pixels, over their population's standard
/// deviation. Pixels that are all alike are only centred.
pub(super) fn scale<'a>(pixels: impl Iterator<Item = &'a u8>) -> [f32; 256] {
    // Sums of whole numbers, so exact.
    let (mut count, mut sum, mut squares) = (0u64, 0u64, 0u64);
    for &pixel in pixels {
        count += 1;
        sum += u64::from(pixel);
        squares += u64::from(pixel).pow(2);
    }
    let mean = sum as f64 / count as f64;
    let sd = (squares as f64 / count as f64 - mean * mean).sqrt();
    let divisor = if sd > 0.0 { sd } else { 1.0 };
    std::array::from_fn(|pixel| ((pixel as f64 - mean) / divisor) as f32)
}

impl Dataset {
    /// The share of each class in the examples to train on.
    pub fn shares(&self) -> Vec<f64> {
        let train = &self.y[self.train.clone()];
        let mut counts = vec![0usize; self.classes];
        train.iter().for_each(|&class| counts[class as usize] += 1);
        counts.into_iter().map(|count| count as f64 / train.len() as f64).collect()
    }
}

/// An order of the examples in which every stretch holds the classes in their overall proportions, as near as can be.
///
/// Each class is shuffled by its own random stream; its k-th of n examples gets the place (k + 1/2) / n, and all
/// examples are sorted by place. So any prefix is a stratified sample.
pub fn stratified_order(y: &[u32], seed: u64) -> Vec<usize> {
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (i, &class) in y.iter().enumerate() {
        members.resize(members.len().max(class as usize + 1), Vec::new());
        members[class as usize].push(i);
    }
    let mut placed: Vec<(f64, usize)> = Vec::with_capacity(y.len());
    for (class, members) in members.iter().enumerate() {
        let order = Random::new(seed).stream(class as u64).permutation(members.len());
        let place = |k: usize| (k as f64 + 0.5) / members.len() as f64;
        placed.extend(order.iter().enumerate().map(|(k, &member)| (place(k), members[member])));
    }
    // Stable: equal places stay in the order of the classes.
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    placed.into_iter().map(|(_, example)| example).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_of_the_order_is_stratified() {
        let y: Vec<u32> = (0..1000).map(|i| [0, 0, 0, 1, 2, 2, 0, 0, 1, 0][i % 10]).collect();
        let order = stratified_order(&y, 1);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        for cut in [100, 333, 600, 800] {
            for (class, share) in [(0, 0.6), (1, 0.2), (2, 0.2)] {
                let count = order[..cut].iter().filter(|&&i| y[i] == class).count();
                assert!((count as f64 - share * cut as f64).abs() <= 1.0, "class {class} in the first {cut}");
            }
        }
        assert_ne!(order, stratified_order(&y, 2));
    }

    #[test]
    fn standardisation_takes_mean_and_population_sd_of_the_rows_given() {
        let x = vec![1.0, 7.0, 3.0, 7.0, 100.0, 9.0];
        let mut table = Table { x, y: vec![0, 1, 0], features: 2, classes: 2 };
        standardise(&mut table.x, table.features, 0..2);
        // Mean 2, sd 1; the second feature is constant in the rows given.
        assert_eq!(table.x, [-1.0, 0.0, 1.0, 0.0, 98.0, 2.0]);
    }
}
