//! Texts to model: what they are made of, and how they are split.

use std::ops::Range;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Bpe, Split, Tokens, files, hex};
use crate::error::{Kind, Result};

/// A text, cut into three stretches: the first 90 % of its characters train, the next 5 % validate, the rest test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
    name: String,
    text: String,
    sha256: String,
    /// The distinct characters, in the order of their code points.
    alphabet: Vec<char>,
    /// Bytes of each stretch.
    splits: [Range<usize>; 3],
}

/// The shortest text, in characters: each of its held-out stretches has 50.
pub const SHORTEST: usize = 1000;

/// Reads a text file. Its name becomes the text's.
///
/// A file that is not UTF-8 is refused with the line and the column of the first byte that is not; so is one of fewer
/// than [`SHORTEST`] characters.
pub fn read(path: &Path) -> Result<Corpus> {
    let bytes = files::read(path)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let (good, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = 1 + good.iter().filter(|&&byte| byte == b'\n').count();
        let start = good.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        // A line of this kind is good, so it is made of whole characters.
        let column = 1 + String::from_utf8_lossy(&good[start..]).chars().count();
        bad(path, format!("line {line}, column {column}: byte {:#04x} is not UTF-8 text", rest[0]))
    })?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Corpus::new(name, text).map_err(|short| match short.into_kind() {
        Kind::BadData { reason, .. } => bad(path, reason),
        other => other.into(),
    })
}

fn bad(path: &Path, reason: String) -> crate::Error {
    Kind::BadData { place: path.display().to_string(), reason }.into()
}

impl Corpus {
    /// A corpus of this text. Fewer than [`SHORTEST`] characters are an error.
    pub fn new(name: impl Into<String>, text: String) -> Result<Self> {
        let name = name.into();
        let length = text.chars().count();
        if length < SHORTEST {
            let reason = format!("a text needs at least {SHORTEST} characters, this one has {length}");
            return Err(Kind::BadData { place: name, reason }.into());
        }
        let mut alphabet: Vec<char> = text.chars().collect();
        alphabet.sort_unstable();
        alphabet.dedup();
        let mut starts = text.char_indices().map(|(at, _)| at);
        // Counted apart, so that a cut never falls inside of a character.
        let (train, validation) = (length * 18 / 20, length * 19 / 20);
        let first = starts.nth(train).unwrap_or(text.len());
        let second = starts.nth(validation - train - 1).unwrap_or(text.len());
        let splits = [0..first, first..second, second..text.len()];
        let sha256 = hex(&Sha256::digest(&text));
        Ok(Self { name, text, sha256, alphabet, splits })
    }

    /// Its name in the catalogue, or that of the file it comes from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the whole text as UTF-8, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The distinct characters, in the order of their code points.
    pub fn alphabet(&self) -> &[char] {
        &self.alphabet
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One of its stretches.
    pub fn split(&self, split: Split) -> &str {
        &self.text[self.splits[split as usize].clone()]
    }

    /// The text as characters: a token each.
    pub fn characters(&self) -> Tokens {
        Tokens::new(self, Bpe::characters(self.alphabet.clone()))
    }

    /// The text in tokens of byte-pair encoding, learned on the training stretch alone: the characters of the whole
    /// text and at most `merges` longer tokens.
    pub fn pairs(&self, merges: usize) -> Tokens {
        Tokens::new(self, Bpe::train(self.alphabet.clone(), self.split(Split::Train), merges))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPLITS: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    fn read_bytes(bytes: &[u8]) -> Result<Corpus> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    }

    #[test]
    fn stretches_are_cut_between_characters_and_make_up_the_text() {
        let text = "Größe 1 ∂x. ".repeat(100);
        let corpus = read_bytes(text.as_bytes()).unwrap();
        assert_eq!(SPLITS.map(|split| corpus.split(split)).concat(), text);
        assert_eq!(SPLITS.map(|split| corpus.split(split).chars().count()), [1080, 60, 60]);
        assert_eq!(corpus.alphabet().iter().collect::<String>(), " .1Gerxßö∂");
        assert_eq!(corpus.name(), "notes.txt");
        assert_eq!(corpus.sha256(), hex(&Sha256::digest(&text)));
    }

    #[test]
    fn bytes_that_are_no_text_are_found_by_line_and_column() {
        let mut bytes = "one line\nGrö".repeat(200).into_bytes();
        bytes.truncate(9);
        bytes.extend("Grö".as_bytes());
        bytes.push(0xff);
        let message = read_bytes(&bytes).unwrap_err().to_string();
        assert!(message.contains("notes.txt: line 2, column 4: byte 0xff"), "{message}");
    }

    #[test]
    fn short_and_missing_texts_are_refused() {
        for (bytes, count) in
            [(&b""[..], "has 0"), (&[b'a'; 999], "at least 1000 characters, this one has 999")]
        {
            let message = read_bytes(bytes).unwrap_err().to_string();
            assert!(message.contains("notes.txt") && message.contains(count), "{message}");
        }
        assert!(read_bytes(&[b'a'; 1000]).is_ok());
        let message = read(Path::new("no/such.txt")).unwrap_err().to_string();
        assert!(message.contains("cannot read no/such.txt"), "{message}");
    }
}
