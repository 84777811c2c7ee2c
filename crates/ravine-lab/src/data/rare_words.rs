//! Documents in which a few rare words tell the class and all frequent ones are noise.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use ravine::random::Random;
use sha2::{Digest, Sha256};

use super::dataset::{cuts, stratified_order};
use super::low_rank_ratings::{pick, power_law};
use super::{Documents, Entry, SPLIT_SEED, hex};

/// What the catalogue says of it.
pub const ENTRY: Entry<Documents> = Entry {
    name: "rare-words",
    title: "documents whose class only rare words tell, drawn by a generator",
    size: "3000 documents, 5000 words, 2 classes",
    license: "MIT OR Apache-2.0",
    origin: "Ravine",
    files: None,
    load: |_| Ok(DOCUMENTS.clone()),
};

static DOCUMENTS: LazyLock<Arc<Documents>> = LazyLock::new(|| {
    let model = RareWords { documents: 3000, common: 4600, clues: 400, length: 50, wrong: 0.1 };
    Arc::new(generate(ENTRY.name, &model, 1))
});

/// A model of documents. Each holds `length` common words by Zipf's law (word k with weight 1 / (k + 1)) and three rare
/// ones: half of these are clues of class 0, half of class 1; each is of the document's class but with probability
/// `wrong`.
///
/// Two of three clues say the right class with probability (1 - w)^3 + 3 w (1 - w)^2: about what a model that knows all
/// clues reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RareWords {
    /// Number of documents, half of each class.
    pub documents: usize,
    /// Words that say nothing.
    pub common: usize,
    /// Words that tell the class, half for each.
    pub clues: usize,
    /// Common words in a document.
    pub length: usize,
    /// Probability that a clue is of the other class.
    pub wrong: f64,
}

const CLUES: u64 = 3;

/// Documents of this model, drawn from `seed`.
///
/// # Panics
/// If there are fewer than ten documents, two clues, or no common words.
pub fn generate(name: &str, model: &RareWords, seed: u64) -> Documents {
    let &RareWords { documents, common, clues, length, wrong } = model;
    assert!(documents >= 10 && clues >= 2 && common > 0, "{model:?}");
    let law = power_law(common, -1.0);
    let drawn: Vec<(BTreeMap<u32, u32>, u32)> = (0..documents)
        .map(|document| {
            let random = Random::new(seed).stream(document as u64);
            let class = (document % 2) as u32;
            let mut counts = BTreeMap::new();
            for i in 0..length as u64 {
                *counts.entry(pick(&law, random.stream(1).uniform(i)) as u32).or_default() += 1;
            }
            for i in 0..CLUES {
                let of = if random.stream(2).uniform(i) < wrong { 1 - class } else { class };
                let half = clues as u64 / 2;
                let clue = u64::from(of) * half + random.stream(3).below(i, half);
                *counts.entry(common as u32 + clue as u32).or_default() += 1;
            }
            (counts, class)
        })
        .collect();
    let classes: Vec<u32> = drawn.iter().map(|(_, class)| *class).collect();
    let order = stratified_order(&classes, SPLIT_SEED);
    let mut hash = Sha256::new();
    for (counts, class) in &drawn {
        hash.update(class.to_le_bytes());
        counts.iter().for_each(|(word, count)| {
            hash.update(word.to_le_bytes());
            hash.update(count.to_le_bytes());
        });
    }
    let words =
        (0..common).map(|k| format!("common{k}")).chain((0..clues).map(|k| format!("clue{k}"))).collect();
    let (counts, y): (Vec<_>, Vec<_>) = order.iter().map(|&i| drawn[i].clone()).unzip();
    Documents::new(name, words, &counts, y, cuts(documents), hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clues_are_rare_and_tell_the_class() {
        let documents = (ENTRY.load)(None).unwrap();
        assert_eq!((documents.words.len(), documents.split()), (5000, [1800, 600, 600]));
        assert_eq!(documents.sha256, "cf6e4af5e77692b382000e3e1c8ebdcb4877b9d90c165f7ff1395d6814d4579f");
        let mut holding = vec![0; 5000];
        let mut right = 0;
        for (i, &class) in documents.y.iter().enumerate() {
            let (ids, weights) = documents.row(i);
            assert!(ids.is_sorted_by(|a, b| a < b) && weights.iter().all(|weight| *weight > 0.0));
            ids.iter().for_each(|&id| holding[id as usize] += 1);
            let clues: Vec<u32> =
                ids.iter().filter(|&&id| id >= 4600).map(|&id| u32::from(id >= 4800)).collect();
            let ones = clues.iter().sum::<u32>() as usize;
            right += usize::from((2 * ones > clues.len()) == (class == 1));
        }
        assert!(
            holding[4600..].iter().all(|&count| count < 60),
            "each clue in fewer than 2 % of the documents"
        );
        assert!(holding[0] > 2900, "the most common word is nearly everywhere: {}", holding[0]);
        // 0.9^3 + 3 x 0.1 x 0.9^2 = 0.972
        assert!((right as f64 / 3000.0 - 0.972).abs() < 0.02, "{right}");
    }

    #[test]
    fn a_seed_says_it_all() {
        let model = RareWords { documents: 40, common: 30, clues: 10, length: 8, wrong: 0.0 };
        assert_eq!(generate("small", &model, 2), generate("small", &model, 2));
        assert_ne!(generate("small", &model, 2).sha256, generate("small", &model, 3).sha256);
    }
}
