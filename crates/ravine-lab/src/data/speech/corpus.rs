//! Utterances of all splits, and batches of them.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::mel::INPUTS;
use crate::data::{Split, hex};

/// What one utterance is: its features and its digits 0 to 9.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Utterance {
    /// `steps x INPUTS`.
    pub(super) steps: Vec<f32>,
    pub(super) digits: Vec<u32>,
}

/// Spoken digit strings, ready to train on: the utterances of one split after those of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Speech {
    /// `steps x inputs` of all utterances, end to end.
    pub features: Vec<f32>,
    /// Numbers in a step: [`INPUTS`].
    pub inputs: usize,
    /// Steps of each utterance.
    pub steps: Vec<usize>,
    /// The classes of all utterances, end to end: digit d is class d + 1, for 0 is CTC's blank.
    pub labels: Vec<u32>,
    /// Digits in each utterance.
    pub digits: Vec<usize>,
    /// Utterances to train on.
    pub train: Range<usize>,
    /// Utterances to validate on.
    pub validation: Range<usize>,
    /// Utterances to test on.
    pub test: Range<usize>,
    /// Who speaks in each split, in the order of the splits. No voice speaks in two.
    pub voices: [Vec<String>; 3],
    /// SHA-256 of steps, features, digits and labels as little-endian u32 and f32, in hexadecimal.
    pub sha256: String,
    /// Where the features and the labels of each utterance begin, and where the last ends.
    starts: Vec<[usize; 2]>,
}

impl Speech {
    /// Puts utterances together; the first `sizes[0]` are to train on, and so on.
    pub(super) fn new(utterances: &[Utterance], sizes: [usize; 3], voices: [Vec<String>; 3]) -> Self {
        let [train, validation, test] = sizes;
        let (mut features, mut labels) = (Vec::new(), Vec::new());
        let mut starts = vec![[0, 0]];
        for utterance in utterances {
            features.extend_from_slice(&utterance.steps);
            labels.extend(utterance.digits.iter().map(|digit| digit + 1));
            starts.push([features.len(), labels.len()]);
        }
        let mut speech = Self {
            features,
            inputs: INPUTS,
            steps: utterances.iter().map(|utterance| utterance.steps.len() / INPUTS).collect(),
            labels,
            digits: utterances.iter().map(|utterance| utterance.digits.len()).collect(),
            train: 0..train,
            validation: train..train + validation,
            test: train + validation..train + validation + test,
            voices,
            sha256: String::new(),
            starts,
        };
        speech.sha256 = speech.digest();
        speech
    }

    fn digest(&self) -> String {
        let mut sha = Sha256::new();
        let numbers = |numbers: &[usize]| -> Vec<u8> {
            numbers.iter().flat_map(|&number| (number as u32).to_le_bytes()).collect()
        };
        sha.update(numbers(&self.steps));
        for features in self.features.chunks(4096) {
            sha.update(features.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>());
        }
        sha.update(numbers(&self.digits));
        sha.update(self.labels.iter().flat_map(|label| label.to_le_bytes()).collect::<Vec<u8>>());
        hex(&sha.finalize())
    }

    /// The utterances of a split.
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

    /// Features of utterance `i`: `steps x inputs`.
    pub fn features(&self, i: usize) -> &[f32] {
        &self.features[self.starts[i][0]..self.starts[i + 1][0]]
    }

    /// Classes of utterance `i`.
    pub fn labels(&self, i: usize) -> &[u32] {
        &self.labels[self.starts[i][1]..self.starts[i + 1][1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech() -> Speech {
        let utterance = |steps: usize, digits: &[u32]| Utterance {
            steps: vec![steps as f32; steps * INPUTS],
            digits: digits.to_vec(),
        };
        let utterances = [utterance(4, &[0, 9, 9]), utterance(2, &[3]), utterance(3, &[1, 2])];
        Speech::new(&utterances, [1, 1, 1], Default::default())
    }

    #[test]
    fn utterances_are_found_again() {
        let speech = speech();
        assert_eq!((speech.labels(0), speech.labels(2)), (&[1, 10, 10][..], &[2, 3][..]));
        assert_eq!(speech.features(1), vec![2.0; 2 * INPUTS]);
        assert_eq!(speech.range(Split::Test), 2..3);
        assert_eq!(speech.split(), [1, 1, 1]);
    }

    #[test]
    fn the_checksum_covers_everything() {
        let speech = speech();
        let changed = |change: fn(&mut Speech)| {
            let mut other = speech.clone();
            change(&mut other);
            assert_ne!(other.digest(), speech.sha256);
        };
        changed(|speech| speech.features[700] = 1.0);
        changed(|speech| speech.labels[5] = 1);
        changed(|speech| speech.steps.swap(0, 1));
        changed(|speech| speech.digits.swap(0, 1));
        assert_eq!(speech.digest(), speech.sha256);
    }
}
