//! Byte-pair encoding: the pairs of tokens that occur most often become tokens.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use crate::error::{Kind, Result};

/// An alphabet and the longer tokens made of it (Sennrich, Haddow and Birch, ACL 2016).
///
/// Tokens 0 to a - 1 are the a characters of the alphabet; token a + k joins the two tokens of merge k. A token never
/// holds the end of one word and the start of the next: the text is cut into words, each with the white space before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bpe {
    /// Sorted.
    alphabet: Vec<char>,
    merges: Vec<(u32, u32)>,
    /// The number of the merge that joins two tokens.
    ranks: HashMap<(u32, u32), u32>,
    /// What each token stands for.
    texts: Vec<String>,
}

type Pair = (u32, u32);

impl Bpe {
    /// The encoding in which each character is a token. `alphabet` is sorted, without repetition.
    pub fn characters(alphabet: Vec<char>) -> Self {
        debug_assert!(alphabet.is_sorted_by(|a, b| a < b));
        let texts = alphabet.iter().map(char::to_string).collect();
        Self { alphabet, merges: Vec::new(), ranks: HashMap::new(), texts }
    }

    /// Learns at most `merges` merges on a text over this alphabet, each time the pair that occurs most often; of equals,
    /// that of the smallest tokens. It ends early where no pair occurs twice.
    ///
    /// # Panics
    /// If the text has a character that the alphabet has not.
    pub fn train(alphabet: Vec<char>, text: &str, merges: usize) -> Self {
        let mut encoding = Self::characters(alphabet);
        let mut counts: HashMap<&str, i64> = HashMap::new();
        words(text).for_each(|word| *counts.entry(word).or_default() += 1);
        let mut counts: Vec<(&str, i64)> = counts.into_iter().collect();
        counts.sort_unstable();
        let mut words: Vec<(Vec<u32>, i64)> = counts
            .into_iter()
            .map(|(word, count)| (encoding.letters(word).expect("the alphabet is that of the text"), count))
            .collect();
        let mut pairs = Pairs::default();
        for (index, (word, count)) in words.iter().enumerate() {
            pairs.add(index, word, *count);
        }
        pairs.settle();
        while encoding.merges.len() < merges {
            let Some(pair) = pairs.most() else { break };
            let token = encoding.push(pair);
            // Only the words that hold the pair change, and so do their pairs alone.
            for index in pairs.words(pair) {
                let (word, count) = &mut words[index];
                pairs.add(index, word, -*count);
                join(word, pair, token);
                pairs.add(index, word, *count);
            }
            pairs.settle();
        }
        encoding
    }

    fn push(&mut self, pair: Pair) -> u32 {
        let token = self.texts.len() as u32;
        self.ranks.insert(pair, self.merges.len() as u32);
        self.merges.push(pair);
        self.texts.push(format!("{}{}", self.texts[pair.0 as usize], self.texts[pair.1 as usize]));
        token
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The merges, in the order they were learned.
    pub fn merges(&self) -> &[(u32, u32)] {
        &self.merges
    }

    /// What a token stands for.
    pub fn token(&self, id: u32) -> Option<&str> {
        self.texts.get(id as usize).map(String::as_str)
    }

    /// The tokens of a text. A character that is not in the alphabet is an error that names it and its place.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        if self.merges.is_empty() {
            return self.letters(text);
        }
        let mut known: HashMap<&str, Vec<u32>> = HashMap::new();
        let mut ids = Vec::new();
        let mut start = 0;
        for word in words(text) {
            if !known.contains_key(word) {
                let mut tokens = self.letters(word).map_err(|_| self.unknown(text, start))?;
                self.merge(&mut tokens);
                known.insert(word, tokens);
            }
            ids.extend_from_slice(&known[word]);
            start += word.len();
        }
        Ok(ids)
    }

    /// The text of tokens; those that there are not stand for nothing.
    pub fn decode(&self, ids: &[u32]) -> String {
        ids.iter().filter_map(|&id| self.token(id)).collect()
    }

    /// Applies the merges to one word, the earliest learned first.
    fn merge(&self, tokens: &mut Vec<u32>) {
        let rank = |tokens: &[u32]| {
            tokens.windows(2).filter_map(|pair| self.ranks.get(&(pair[0], pair[1])).copied()).min()
        };
        while let Some(rank) = rank(tokens) {
            join(tokens, self.merges[rank as usize], self.alphabet.len() as u32 + rank);
        }
    }

    /// A token for each character.
    fn letters(&self, text: &str) -> Result<Vec<u32>> {
        let letter = |letter: char| self.alphabet.binary_search(&letter).map(|id| id as u32);
        text.chars().map(letter).collect::<Result<_, _>>().map_err(|_| self.unknown(text, 0))
    }

    fn unknown(&self, text: &str, start: usize) -> crate::Error {
        let place = |(_, letter): &(usize, char)| self.alphabet.binary_search(letter).is_err();
        let (at, letter) = text[start..].char_indices().find(place).unwrap_or_default();
        let number = text[..start + at].chars().count() + 1;
        let reason = format!("character {number}, {letter:?}, does not occur in the text trained on");
        Kind::BadData { place: "prompt".into(), reason }.into()
    }
}

/// Words with the white space before each; what white space is left is a word too.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.find(|c: char| !c.is_whitespace())?;
        let end = rest[word..].find(char::is_whitespace).map_or(rest.len(), |length| word + length);
        let (first, after) = rest.split_at(end);
        rest = after;
        // White space at the very end belongs to the last word, so that nothing is lost.
        if !rest.is_empty() && rest.chars().all(char::is_whitespace) {
            let all = &text[text.len() - first.len() - rest.len()..];
            rest = "";
            return Some(all);
        }
        Some(first)
    })
    .chain((!text.is_empty() && text.chars().all(char::is_whitespace)).then_some(text))
}

/// Replaces each occurrence of the pair, from the left.
fn join(word: &mut Vec<u32>, pair: Pair, token: u32) {
    let mut to = 0;
    let mut from = 0;
    while from < word.len() {
        let joined = from + 1 < word.len() && (word[from], word[from + 1]) == pair;
        word[to] = if joined { token } else { word[from] };
        from += if joined { 2 } else { 1 };
        to += 1;
    }
    word.truncate(to);
}

/// How often each pair occurs, kept up to date as words change.
#[derive(Default)]
struct Pairs {
    counts: HashMap<Pair, i64>,
    /// The words a pair occurred in at some time.
    places: HashMap<Pair, BTreeSet<usize>>,
    /// The pairs whose count has changed since they were put in order.
    changed: HashSet<Pair>,
    /// Every count a pair had when it was put in order; all but the present ones are stale.
    order: BinaryHeap<(i64, Reverse<Pair>)>,
}

impl Pairs {
    fn add(&mut self, index: usize, word: &[u32], count: i64) {
        for pair in word.windows(2) {
            let pair = (pair[0], pair[1]);
            *self.counts.entry(pair).or_default() += count;
            self.changed.insert(pair);
            if count > 0 {
                self.places.entry(pair).or_default().insert(index);
            }
        }
    }

    /// Puts the pairs that have changed in order.
    fn settle(&mut self) {
        self.order.extend(self.changed.drain().map(|pair| (self.counts[&pair], Reverse(pair))));
    }

    /// The pair that occurs most often, at least twice.
    fn most(&mut self) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.order.pop() {
            if count < 2 {
                return None;
            }
            if self.counts[&pair] == count {
                return Some(pair);
            }
        }
        None
    }

    /// The words it may occur in; it occurs nowhere after they are joined.
    fn words(&mut self, pair: Pair) -> BTreeSet<usize> {
        self.places.remove(&pair).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alphabet(text: &str) -> Vec<char> {
        text.chars().collect::<BTreeSet<char>>().into_iter().collect()
    }

    fn train(text: &str, merges: usize) -> Bpe {
        Bpe::train(alphabet(text), text, merges)
    }

    /// Counts every pair anew for each merge.
    fn by_brute_force(text: &str, merges: usize) -> Vec<Pair> {
        let encoding = Bpe::characters(alphabet(text));
        let mut words: Vec<Vec<u32>> = words(text).map(|word| encoding.letters(word).unwrap()).collect();
        let mut learned = Vec::new();
        for merge in 0..merges {
            let mut counts: HashMap<Pair, i64> = HashMap::new();
            for pair in words.iter().flat_map(|word| word.windows(2)) {
                *counts.entry((pair[0], pair[1])).or_default() += 1;
            }
            let most = counts.into_iter().map(|(pair, count)| (count, Reverse(pair))).max();
            let Some((2.., Reverse(pair))) = most else { break };
            words.iter_mut().for_each(|word| join(word, pair, (encoding.len() + merge) as u32));
            learned.push(pair);
        }
        learned
    }

    #[test]
    fn it_learns_the_pairs_of_a_known_example() {
        // "ab" occurs three times; then " " and "ab" twice, as "ab" and "c", of which the first is the smaller pair.
        let encoding = train("abc abc ab", 10);
        let texts: Vec<&str> = (4..).map_while(|id| encoding.token(id)).collect();
        assert_eq!(texts, ["ab", " ab"]);
        let ids = encoding.encode("abc ab").unwrap();
        assert_eq!(ids.iter().map(|&id| encoding.token(id).unwrap()).collect::<Vec<_>>(), ["ab", "c", " ab"]);
    }

    #[test]
    fn words_hold_the_space_before_them_and_all_of_the_text() {
        let cut = |text| words(text).collect::<Vec<_>>();
        assert_eq!(cut("in the\n\nbeginning "), ["in", " the", "\n\nbeginning "]);
        assert_eq!(cut("  \n"), ["  \n"]);
        assert_eq!(cut("one"), ["one"]);
    }

    #[test]
    fn a_character_that_was_never_seen_is_named() {
        for encoding in [train("abab ab", 0), train("abab ab", 5)] {
            let message = encoding.encode("ab äb").unwrap_err().to_string();
            assert!(message.contains("character 4, 'ä'"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn counts_kept_up_to_date_learn_what_counting_anew_learns(text in "[abc ]{1,120}") {
            prop_assert_eq!(train(&text, 12).merges, by_brute_force(&text, 12));
        }

        #[test]
        fn decoding_gives_the_text_back(text in "[a-dä \n]{1,200}") {
            let encoding = train(&text, 20);
            prop_assert_eq!(encoding.decode(&encoding.encode(&text).unwrap()), text);
        }
    }
}
