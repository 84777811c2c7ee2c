//! A text as numbers, and the windows of it that a model trains on.

use std::ops::Range;

use ravine::random::Random;

use super::{Bpe, Corpus, Split};
use crate::error::{Kind, Result};

/// A corpus as tokens, its stretches one after the other. No token reaches over the border of two.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The corpus's.
    name: String,
    encoding: Bpe,
    ids: Vec<u32>,
    splits: [Range<usize>; 3],
    /// Characters of each stretch.
    characters: [usize; 3],
}

/// A window of a text: what a model reads, and for each token the one that comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window<'a> {
    /// The tokens read.
    pub inputs: &'a [u32],
    /// The token after each.
    pub targets: &'a [u32],
    /// How many of the last targets no window before held.
    pub fresh: usize,
}

impl Tokens {
    pub(super) fn new(corpus: &Corpus, encoding: Bpe) -> Self {
        let mut ids = Vec::new();
        let all = [Split::Train, Split::Validation, Split::Test];
        let splits = all.map(|split| {
            let start = ids.len();
            ids.extend(encoding.encode(corpus.split(split)).expect("the alphabet is that of the whole text"));
            start..ids.len()
        });
        let characters = all.map(|split| corpus.split(split).chars().count());
        Self { name: corpus.name().into(), encoding, ids, splits, characters }
    }

    /// How text becomes tokens and back.
    pub fn encoding(&self) -> &Bpe {
        &self.encoding
    }

    /// Different tokens there are: ids are 0 to one less.
    pub fn vocabulary(&self) -> usize {
        self.encoding.len()
    }

    /// The tokens of a stretch.
    pub fn ids(&self, split: Split) -> &[u32] {
        &self.ids[self.splits[split as usize].clone()]
    }

    /// Tokens in each stretch.
    pub fn split(&self) -> [usize; 3] {
        self.splits.clone().map(|split| split.len())
    }

    /// Characters a token stands for on average over a stretch. A loss in nats a token is
    /// loss / (ln 2 x this) bits a character.
    pub fn characters_per_token(&self, split: Split) -> f64 {
        self.characters[split as usize] as f64 / self.ids(split).len() as f64
    }

    /// Refuses a context that is 0, or too long for one of the stretches.
    pub fn check(&self, context: usize) -> Result<()> {
        let [train, validation, test] = self.split();
        let shortest = train.min(validation).min(test);
        if context > 0 && context < shortest {
            return Ok(());
        }
        let reason = format!(
            "a context must be 1 to {} tokens, not {context}: the stretches of the text have {train}, {validation} and \
             {test}",
            shortest.saturating_sub(1)
        );
        Err(Kind::BadData { place: self.name.clone(), reason }.into())
    }

    /// Windows that cover a stretch in order. Each has `context` inputs and as many targets; every token but the first is
    /// a fresh target once. The last window is moved back to be full, so fewer of its targets are fresh.
    ///
    /// # Panics
    /// If `context` is 0, or the stretch has not at least one token more: see [`check`](Self::check).
    pub fn windows(&self, split: Split, context: usize) -> impl ExactSizeIterator<Item = Window<'_>> {
        let ids = self.ids(split);
        assert!(context > 0 && context < ids.len(), "no window of {context} in {} tokens", ids.len());
        let targets = ids.len() - 1;
        (0..targets.div_ceil(context)).map(move |window| {
            let start = (window * context).min(targets - context);
            let fresh = context - (window * context - start);
            Window { inputs: &ids[start..][..context], targets: &ids[start + 1..][..context], fresh }
        })
    }

    /// Batch number `step` of a training run with this seed: appends to `inputs` and `targets`, each
    /// `size x context` tokens, one window after another. The windows begin anywhere in the training stretch, drawn from
    /// (seed, step, place in the batch) alone.
    ///
    /// # Panics
    /// If `context` is 0, or the training stretch has not at least one token more: see [`check`](Self::check).
    pub fn batch(
        &self,
        seed: u64,
        step: u64,
        [size, context]: [usize; 2],
        inputs: &mut Vec<u32>,
        targets: &mut Vec<u32>,
    ) {
        let ids = self.ids(Split::Train);
        assert!(context > 0 && context < ids.len(), "no window of {context} in {} tokens", ids.len());
        let random = Random::new(seed).stream(STREAM).stream(step);
        for place in 0..size {
            let start = random.below(place as u64, (ids.len() - context) as u64) as usize;
            inputs.extend_from_slice(&ids[start..][..context]);
            targets.extend_from_slice(&ids[start + 1..][..context]);
        }
    }
}

/// Models number their streams upwards from 1; the order of examples has the last one.
const STREAM: u64 = u64::MAX - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> Corpus {
        // Each window of four is unlike the others near it.
        let text: String = (0..1200).map(|i: u32| char::from(b'a' + (i * i % 26) as u8)).collect();
        Corpus::new("letters", text).unwrap()
    }

    #[test]
    fn windows_cover_a_stretch_and_each_target_is_fresh_once() {
        let (corpus, tokens) = (corpus(), corpus().characters());
        for (split, context) in
            [(Split::Validation, 7), (Split::Validation, 59), (Split::Test, 1), (Split::Train, 64)]
        {
            let mut covered: Vec<u32> = tokens.ids(split)[..1].to_vec();
            for window in tokens.windows(split, context) {
                assert_eq!((window.inputs.len(), window.targets.len()), (context, context));
                assert_eq!(window.inputs[1..], window.targets[..context - 1]);
                covered.extend(&window.targets[context - window.fresh..]);
            }
            assert_eq!(tokens.encoding().decode(&covered), corpus.split(split), "{split:?} {context}");
        }
    }

    #[test]
    fn a_batch_is_a_function_of_seed_and_step_and_lies_in_the_training_stretch() {
        let tokens = corpus().characters();
        let batch = |seed, step| {
            let (mut inputs, mut targets) = (Vec::new(), Vec::new());
            tokens.batch(seed, step, [5, 8], &mut inputs, &mut targets);
            (inputs, targets)
        };
        let (inputs, targets) = batch(3, 17);
        assert_eq!((inputs.len(), targets.len()), (40, 40));
        for (inputs, targets) in inputs.chunks(8).zip(targets.chunks(8)) {
            assert_eq!(inputs[1..], targets[..7]);
            assert!(tokens.ids(Split::Train).windows(8).any(|window| window == inputs));
        }
        assert_eq!(batch(3, 17), batch(3, 17));
        assert_ne!(batch(3, 17), batch(3, 18));
        assert_ne!(batch(3, 17), batch(4, 17));
        // The longest window there can be has one place.
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        tokens.batch(0, 0, [1, 1079], &mut inputs, &mut targets);
        assert_eq!((inputs[0], targets[1078]), (tokens.ids(Split::Train)[0], tokens.ids(Split::Train)[1079]));
    }

    #[test]
    fn a_context_that_does_not_fit_is_refused() {
        let tokens = corpus().characters();
        assert!(tokens.check(1).is_ok() && tokens.check(59).is_ok());
        for context in [0, 60] {
            let message = tokens.check(context).unwrap_err().to_string();
            for word in ["letters", "1 to 59 tokens", &format!("not {context}"), "1080, 60 and 60"] {
                assert!(message.contains(word), "{message}");
            }
        }
    }

    #[test]
    fn tokens_know_how_many_characters_they_stand_for() {
        let corpus = Corpus::new("ab", "ab".repeat(1000)).unwrap();
        assert_eq!(corpus.characters().characters_per_token(Split::Test), 1.0);
        let pairs = corpus.pairs(1);
        assert_eq!((pairs.vocabulary(), pairs.characters_per_token(Split::Test)), (3, 2.0));
    }
}
