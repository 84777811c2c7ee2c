//! Documents as the words they hold, each with a class.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Split;

/// Documents with a class each, as weighted words: rows of a matrix in which nearly all is zero.
///
/// The weight of a word in a document is
///
/// count x (ln((1 + n) / (1 + d)) + 1)
///
/// for the n documents to train on, d of which hold the word; each row is then divided by its length (Euclidean norm).
#[derive(Clone, Debug, PartialEq)]
pub struct Documents {
    /// Its name in the catalogue.
    pub name: String,
    /// The words, by number.
    pub words: Vec<String>,
    /// The class of each document, from 0.
    pub y: Vec<u32>,
    /// Number of classes.
    pub classes: usize,
    /// Documents to train on.
    pub train: Range<usize>,
    /// Documents to validate on.
    pub validation: Range<usize>,
    /// Documents to test on.
    pub test: Range<usize>,
    /// SHA-256 of the published files, one after the other, or of what the generator drew, in hexadecimal.
    pub sha256: String,
    /// Where each document's words begin in the next two, and the end.
    starts: Vec<usize>,
    ids: Vec<u32>,
    weights: Vec<f32>,
}

impl Documents {
    /// Documents of these counts of words, in the order of the splits.
    pub(super) fn new(
        name: &str,
        words: Vec<String>,
        counts: &[BTreeMap<u32, u32>],
        y: Vec<u32>,
        [train, validation]: [usize; 2],
        sha256: String,
    ) -> Self {
        let mut holding = vec![0u32; words.len()];
        counts[..train].iter().flat_map(BTreeMap::keys).for_each(|&word| holding[word as usize] += 1);
        let rarity: Vec<f64> =
            holding.iter().map(|&d| ((1 + train) as f64 / f64::from(1 + d)).ln() + 1.0).collect();
        let (mut starts, mut ids, mut weights) = (vec![0], Vec::new(), Vec::new());
        for counts in counts {
            let raw = |(&word, &count): (&u32, &u32)| f64::from(count) * rarity[word as usize];
            let length = counts.iter().map(raw).map(|weight| weight * weight).sum::<f64>().sqrt();
            ids.extend(counts.keys());
            weights.extend(counts.iter().map(raw).map(|weight| (weight / length) as f32));
            starts.push(ids.len());
        }
        Self {
            name: name.into(),
            words,
            classes: y.iter().max().map_or(0, |&class| class as usize + 1),
            train: 0..train,
            validation: train..validation,
            test: validation..y.len(),
            y,
            sha256,
            starts,
            ids,
            weights,
        }
    }

    /// The words of a document, in rising order, and their weights.
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let range = self.starts[i]..self.starts[i + 1];
        (&self.ids[range.clone()], &self.weights[range])
    }

    /// The documents of a split.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_counts_times_rarity_over_the_rows_length() {
        let words = ["in", "all", "few"].map(String::from).to_vec();
        let counts =
            [BTreeMap::from([(0, 1), (1, 2)]), BTreeMap::from([(1, 1)]), BTreeMap::from([(1, 1), (2, 1)])];
        let documents = Documents::new("three", words, &counts, vec![0, 1, 1], [2, 2], String::new());
        // Of two documents to train on, one holds word 0, both word 1, none word 2.
        let rarity = [(3.0f64 / 2.0).ln() + 1.0, 1.0, 3.0f64.ln() + 1.0];
        let length = (rarity[0].powi(2) + 4.0).sqrt();
        let (ids, weights) = documents.row(0);
        assert_eq!(ids, [0, 1]);
        assert!((f64::from(weights[0]) - rarity[0] / length).abs() < 1e-7);
        assert!((f64::from(weights[1]) - 2.0 / length).abs() < 1e-7);
        let length = (rarity[2].powi(2) + 1.0).sqrt();
        assert!((f64::from(documents.row(2).1[1]) - rarity[2] / length).abs() < 1e-7);
        assert_eq!((documents.classes, documents.split()), (2, [2, 0, 1]));
    }
}
