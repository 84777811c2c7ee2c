//! Reads data frames out of the lazy-load data base of an R package: `Rdata.rdx`, an index, and `Rdata.rdb`, the objects,
//! each compressed with zlib.
//!
//! Source: R Internals, "Serialization Formats" (XDR, versions 2 and 3), and R's `lazyload.R`. Only vectors of whole
//! numbers, numbers and texts, lists and attributes are read: what a data frame is made of.

use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::{GzDecoder, ZlibDecoder};

use super::files;
use crate::error::{Kind, Result};

/// A value of R, with its attributes.
#[derive(Debug, PartialEq)]
struct Value {
    content: Content,
    attributes: Vec<(String, Value)>,
}

#[derive(Debug, PartialEq)]
enum Content {
    Nothing,
    Integers(Vec<i32>),
    Reals(Vec<f64>),
    Texts(Vec<String>),
    List(Vec<Value>),
    /// A linked list, of which R makes calls, attributes and packed values: names and values.
    Pairs(Vec<(String, Value)>),
    Symbol(String),
}

/// A data frame: columns of one length.
#[derive(Debug)]
pub(super) struct Frame {
    path: PathBuf,
    columns: Vec<(String, Vec<i32>)>,
}

/// No object of a package's data is larger than this.
const LARGEST: u64 = 1 << 30;

impl Frame {
    /// The data frame `name` of the data base in `folder`, its columns of whole numbers and of factors.
    pub(super) fn read(folder: &Path, name: &str) -> Result<Self> {
        let index_path = folder.join("Rdata.rdx");
        let packed = files::read(&index_path)?;
        let index = unpack(&index_path, GzDecoder::new(&packed[..]))?;
        let index = Reader::new(&index_path, &index).value()?;
        let place = index.item("variables").and_then(|variables| variables.item(name));
        let Some(Content::Integers(place)) = place.map(|place| &place.content) else {
            return Err(damaged(&index_path, "index", format!("an object {name}"), "none"));
        };
        let path = folder.join("Rdata.rdb");
        let objects = files::read(&path)?;
        let stretch = match place[..] {
            [start, length] if start >= 0 && length >= 4 => {
                objects.get(start as usize..).and_then(|rest| rest.get(..length as usize))
            }
            _ => None,
        };
        let Some(stretch) = stretch else {
            let found = format!("{} bytes", objects.len());
            return Err(damaged(&path, name, format!("bytes at {place:?} (start, length)"), found));
        };
        // Four bytes of length come before the stream.
        let object = unpack(&path, ZlibDecoder::new(&stretch[4..]))?;
        let object = Reader::new(&path, &object).value()?;
        let (Content::List(values), Some(names)) = (&object.content, object.attribute("names")) else {
            return Err(damaged(&path, name, "a data frame", "something else"));
        };
        let Content::Texts(names) = &names.content else {
            return Err(damaged(&path, name, "names of columns", "something else"));
        };
        let integers = |(name, value): (&String, &Value)| match &value.content {
            Content::Integers(column) => Some((name.clone(), column.clone())),
            _ => None,
        };
        Ok(Self { path, columns: names.iter().zip(values).filter_map(integers).collect() })
    }

    /// A column of whole numbers, or a factor's codes from 1.
    pub(super) fn column(&self, name: &str) -> Result<&[i32]> {
        let column = self.columns.iter().find(|(known, _)| known == name);
        column.map(|(_, column)| &column[..]).ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().map(|(name, _)| &name[..]).collect();
            damaged(&self.path, "columns", format!("one named {name}"), names.join(", "))
        })
    }
}

fn unpack(path: &Path, decoder: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    decoder
        .take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(|error| damaged(path, "compressed content", "a whole stream", error))?;
    Ok(bytes)
}

fn damaged(path: &Path, what: &str, expected: impl Display, found: impl Display) -> crate::Error {
    let (expected, found) = (expected.to_string(), found.to_string());
    Kind::DamagedData { path: path.into(), what: what.into(), expected, found }.into()
}

impl Value {
    fn attribute(&self, name: &str) -> Option<&Self> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The item of a list that has this name.
    fn item(&self, name: &str) -> Option<&Self> {
        let (Content::List(items), Content::Texts(names)) =
            (&self.content, &self.attribute("names")?.content)
        else {
            return None;
        };
        names.iter().position(|known| known == name).and_then(|at| items.get(at))
    }
}

/// The types of values, as the last byte of a value's first word gives them.
mod kind {
    pub(super) const SYMBOL: u8 = 1;
    pub(super) const PAIRS: u8 = 2;
    pub(super) const TEXT: u8 = 9;
    pub(super) const LOGICALS: u8 = 10;
    pub(super) const INTEGERS: u8 = 13;
    pub(super) const REALS: u8 = 14;
    pub(super) const TEXTS: u8 = 16;
    pub(super) const LIST: u8 = 19;
    pub(super) const PACKED: u8 = 238;
    pub(super) const NOTHING: u8 = 254;
    pub(super) const SEEN_SYMBOL: u8 = 255;
}

/// Deeper nesting than any data has: what a hostile file cannot use to exhaust the stack.
const DEEPEST: usize = 64;

struct Reader<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// Symbols are written once, and referred to by number.
    symbols: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self { path, bytes, at: 0, depth: 0, symbols: Vec::new() }
    }

    /// The serialised value: a header, then the value.
    fn value(mut self) -> Result<Value> {
        if self.take(2)? != b"X\n" {
            return Err(damaged(self.path, "format", "X (XDR)", "another"));
        }
        let version = self.word()?;
        self.take(8)?;
        match version {
            2 => {}
            // The native encoding's name.
            3 => {
                let length = self.length()?;
                self.take(length)?;
            }
            _ => return Err(damaged(self.path, "version of the format", "2 or 3", version)),
        }
        self.item()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let taken = self.bytes[self.at..].get(..count).ok_or_else(|| {
            let expected = format!("{count} more bytes at {}", self.at);
            damaged(self.path, "object", expected, format!("{} bytes in all", self.bytes.len()))
        })?;
        self.at += count;
        Ok(taken)
    }

    fn word(&mut self) -> Result<i32> {
        let bytes = self.take(4)?;
        Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn length(&mut self) -> Result<usize> {
        let word = self.word()?;
        usize::try_from(word).map_err(|_| damaged(self.path, "length", "0 or more", word))
    }

    fn item(&mut self) -> Result<Value> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(damaged(self.path, "object", format!("at most {DEEPEST} levels"), "more"));
        }
        let flags = self.word()?;
        let value = self.content(flags as u8, flags);
        self.depth -= 1;
        value
    }

    fn content(&mut self, kind: u8, flags: i32) -> Result<Value> {
        let (has_attributes, has_tag) = (flags & 0x200 != 0, flags & 0x400 != 0);
        let content = match kind {
            kind::NOTHING => Content::Nothing,
            kind::SYMBOL => {
                let name = self.item()?.text();
                self.symbols.push(name.clone());
                Content::Symbol(name)
            }
            kind::SEEN_SYMBOL => {
                // The number is in the word itself, or in the next one.
                let number = if flags >> 8 == 0 { self.word()? } else { flags >> 8 };
                let known = usize::try_from(number - 1).ok().and_then(|at| self.symbols.get(at));
                let name = known.ok_or_else(|| damaged(self.path, "reference", "a known symbol", number))?;
                Content::Symbol(name.clone())
            }
            kind::PAIRS => return self.pairs(has_attributes, has_tag),
            kind::TEXT => {
                let bytes = match self.word()? {
                    // NA
                    -1 => &[],
                    length => self.take(usize::try_from(length).unwrap_or(usize::MAX))?,
                };
                Content::Texts(vec![String::from_utf8_lossy(bytes).into_owned()])
            }
            kind::LOGICALS | kind::INTEGERS => {
                let length = self.length()?;
                let words = self.take(length.saturating_mul(4))?.chunks_exact(4);
                Content::Integers(words.map(|b| i32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect())
            }
            kind::REALS => {
                let length = self.length()?;
                let words = self.take(length.saturating_mul(8))?.chunks_exact(8);
                let real = |b: &[u8]| f64::from_be_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
                Content::Reals(words.map(real).collect())
            }
            kind::TEXTS => {
                let length = self.length()?;
                let text = |_| Ok(self.item()?.text());
                Content::Texts((0..length).map(text).collect::<Result<_>>()?)
            }
            kind::LIST => {
                let length = self.length()?;
                Content::List((0..length).map(|_| self.item()).collect::<Result<_>>()?)
            }
            // A value in a form of its own: its class, its state, its attributes.
            kind::PACKED => {
                let parts = [self.item()?, self.item()?, self.item()?];
                Content::List(parts.into())
            }
            other => return Err(damaged(self.path, "type of a value", "one that data has", other)),
        };
        // The flags of symbols, references and texts say other things.
        let vector = matches!(content, Content::Integers(_) | Content::Reals(_))
            || matches!(kind, kind::TEXTS | kind::LIST);
        let attributes = match has_attributes && vector {
            true => self.item()?.into_pairs(),
            false => Vec::new(),
        };
        Ok(Value { content, attributes })
    }

    /// A linked list, in a loop: it may be long.
    fn pairs(&mut self, has_attributes: bool, has_tag: bool) -> Result<Value> {
        let (mut has_attributes, mut has_tag) = (has_attributes, has_tag);
        let mut pairs = Vec::new();
        loop {
            if has_attributes {
                self.item()?;
            }
            let name = if has_tag { self.item()?.text() } else { String::new() };
            pairs.push((name, self.item()?));
            let flags = self.word()?;
            match flags as u8 {
                kind::PAIRS => (has_attributes, has_tag) = (flags & 0x200 != 0, flags & 0x400 != 0),
                kind::NOTHING => {
                    return Ok(Value { content: Content::Pairs(pairs), attributes: Vec::new() });
                }
                other => return Err(damaged(self.path, "rest of a list", "a list or nothing", other)),
            }
        }
    }
}

impl Value {
    /// The text of a symbol or of a single text.
    fn text(self) -> String {
        match self.content {
            Content::Symbol(name) => name,
            Content::Texts(texts) => texts.into_iter().next().unwrap_or_default(),
            _ => String::new(),
        }
    }

    fn into_pairs(self) -> Vec<(String, Self)> {
        match self.content {
            Content::Pairs(pairs) => pairs,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn word(n: i32) -> [u8; 4] {
        n.to_be_bytes()
    }

    fn header() -> Vec<u8> {
        [b"X\n".as_slice(), &word(2), &word(0), &word(0)].concat()
    }

    fn text(text: &str) -> Vec<u8> {
        [&word(9)[..], &word(text.len() as i32), text.as_bytes()].concat()
    }

    fn integers(values: &[i32]) -> Vec<u8> {
        let words = values.iter().flat_map(|&value| word(value));
        [word(13), word(values.len() as i32)].concat().into_iter().chain(words).collect()
    }

    /// A list with names, as R writes it.
    fn list(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = [word(0x213), word(items.len() as i32)].concat();
        items.iter().for_each(|(_, value)| bytes.extend(value));
        bytes.extend([word(0x402), word(1)].concat());
        bytes.extend(text("names"));
        bytes.extend([word(16), word(items.len() as i32)].concat());
        items.iter().for_each(|(name, _)| bytes.extend(text(name)));
        bytes.extend(word(254));
        bytes
    }

    /// A data base of one frame.
    pub(in super::super) fn write(folder: &Path, name: &str, columns: &[(&str, &[i32])]) {
        let columns: Vec<_> = columns.iter().map(|(name, column)| (*name, integers(column))).collect();
        let object = [header(), list(&columns)].concat();
        let mut encoder = ZlibEncoder::new(word(object.len() as i32).to_vec(), Compression::default());
        encoder.write_all(&object).unwrap();
        let objects = encoder.finish().unwrap();
        let place = integers(&[0, objects.len() as i32]);
        let variables = list(&[(name, place)]);
        let index = [header(), list(&[("variables", variables), ("compressed", integers(&[1]))])].concat();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&index).unwrap();
        std::fs::write(folder.join("Rdata.rdx"), encoder.finish().unwrap()).unwrap();
        std::fs::write(folder.join("Rdata.rdb"), objects).unwrap();
    }

    #[test]
    fn columns_of_a_frame_come_back() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "Frame", &[("a", &[1, 2, 3]), ("b", &[-4, 5, 6])]);
        let frame = Frame::read(folder.path(), "Frame").unwrap();
        assert_eq!(frame.column("a").unwrap(), [1, 2, 3]);
        assert_eq!(frame.column("b").unwrap(), [-4, 5, 6]);
        let message = frame.column("c").unwrap_err().to_string();
        assert!(message.contains("one named c, found a, b"), "{message}");
        let message = Frame::read(folder.path(), "Other").unwrap_err().to_string();
        assert!(message.contains("an object Other"), "{message}");
    }

    #[test]
    fn a_symbol_that_comes_again_is_a_number() {
        // Three symbols, and the second again: the number in its flags looks like the mark of attributes.
        let symbol = |name: &str| [word(1).to_vec(), text(name)].concat();
        let pair = |name: Vec<u8>| [word(0x402).to_vec(), name, integers(&[7])].concat();
        let names = [symbol("levels"), symbol("class"), symbol("names"), word(0x2ff).to_vec()];
        let bytes = [header(), names.map(pair).concat(), word(254).to_vec()].concat();
        let pairs = Reader::new(Path::new("pairs"), &bytes).value().unwrap().into_pairs();
        let names: Vec<&str> = pairs.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names, ["levels", "class", "names", "class"]);
    }

    #[test]
    fn no_cut_or_changed_byte_makes_it_panic() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "Frame", &[("a", &[1, 2, 3])]);
        let whole = std::fs::read(folder.path().join("Rdata.rdb")).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(folder.path().join("Rdata.rdb"), &whole[..cut]).unwrap();
            let message = Frame::read(folder.path(), "Frame").unwrap_err().to_string();
            assert!(message.contains("Rdata.rdb"), "{message}");
        }
        let object = [header(), list(&[("a", integers(&[1, 2, 3]))])].concat();
        for at in 0..object.len() {
            for byte in [0, 1, 2, 9, 16, 19, 238, 254, 255, 128] {
                let mut changed = object.clone();
                changed[at] = byte;
                // Whatever it gives.
                let _ = Reader::new(Path::new("changed"), &changed).value();
            }
            assert!(Reader::new(Path::new("cut"), &object[..at]).value().is_err());
        }
        let nested: Vec<u8> =
            header().into_iter().chain([word(19), word(1)].concat().repeat(100_000)).collect();
        let message = Reader::new(Path::new("deep"), &nested).value().unwrap_err().to_string();
        assert!(message.contains("64 levels"), "{message}");
    }
}
