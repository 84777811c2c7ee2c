//! News of 1987, about corn or not: Reuters-21578's documents as the package weka has them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::dataset::{SPLIT_SEED, stratified_order};
use super::{Documents, Entry, Files, files, hex};
use crate::error::{Kind, Result};

const NAME: &str = "reuters-corn";
const COMMAND: &str = "apt-get install weka";
const TRAIN: &str = "ReutersCorn-train.arff";
const TEST: &str = "ReutersCorn-test.arff";
const TRAIN_SHA256: &str = "1855af1b69c21491a103ae414a1ffe5103c633aa5ad920abde2115aac9f55322";
const TEST_SHA256: &str = "e7b3cf0bc83bfa449abeacaef3083e3573f89b4fc2a36111fe59b18ff68e9e33";
/// Of the 1554 documents of the training file, those that stay for training.
const TRAINING: usize = 1243;

/// Where Debian's package puts the files.
pub const DEFAULT_FOLDER: &str = "/usr/share/doc/weka/examples";

/// What the catalogue says of it.
pub const ENTRY: Entry<Documents> = Entry {
    name: NAME,
    title: "news of 1987, about corn or not",
    size: "2158 documents, 4825 words, 2 classes",
    license: "GPL-2+ (as part of weka)",
    origin: "Lewis, Reuters-21578, 1997; a part of it, as files of Weka",
    files: Some(Files { command: COMMAND, folder, check: |dir| read(dir).map(drop) }),
    load: |dir| load(dir).map(Arc::new),
};

fn folder(dir: Option<&Path>) -> PathBuf {
    files::folder(dir, NAME, DEFAULT_FOLDER)
}

/// The two files, verified.
fn read(dir: Option<&Path>) -> Result<[String; 2]> {
    let folder = folder(dir);
    files::present(NAME, &folder, &[TRAIN, TEST], COMMAND)?;
    let text = |name: &str, sha256: &str| -> Result<String> {
        let path = folder.join(name);
        let bytes = files::read(&path)?;
        let found = hex(&Sha256::digest(&bytes));
        if found != sha256 {
            let (what, expected) = ("SHA-256".into(), sha256.into());
            return Err(Kind::DamagedData { path, what, expected, found }.into());
        }
        Ok(String::from_utf8(bytes).expect("a file of this SHA-256 is UTF-8"))
    };
    Ok([text(TRAIN, TRAIN_SHA256)?, text(TEST, TEST_SHA256)?])
}

/// The official test file tests; the other one is put in stratified order and cut at four fifths. Words are those that two
/// documents to train on hold.
fn load(dir: Option<&Path>) -> Result<Documents> {
    let [train, test] = read(dir)?;
    let sha256 = hex(&Sha256::digest([train.as_bytes(), test.as_bytes()].concat()));
    let (published, test): (Vec<_>, Vec<_>) = (documents(&train).collect(), documents(&test).collect());
    let classes: Vec<u32> = published.iter().map(|(_, class)| *class).collect();
    let order = stratified_order(&classes, SPLIT_SEED);
    let all: Vec<&(String, u32)> = order.iter().map(|&i| &published[i]).chain(&test).collect();
    let texts: Vec<HashMap<String, u32>> = all.iter().map(|(text, _)| count(text)).collect();
    let mut holding: BTreeMap<&str, u32> = BTreeMap::new();
    texts[..TRAINING].iter().flat_map(HashMap::keys).for_each(|word| *holding.entry(word).or_default() += 1);
    let words: Vec<&str> =
        holding.into_iter().filter(|(_, count)| *count >= 2).map(|(word, _)| word).collect();
    let known = |(word, &count): (&String, &u32)| Some((words.binary_search(&&word[..]).ok()? as u32, count));
    let counts: Vec<BTreeMap<u32, u32>> =
        texts.iter().map(|text| text.iter().filter_map(known).collect()).collect();
    let y = all.iter().map(|(_, class)| *class).collect();
    let words = words.into_iter().map(String::from).collect();
    Ok(Documents::new(NAME, words, &counts, y, [TRAINING, published.len()], sha256))
}

/// The rows of an ARFF file of one text and one class each: `'text',class`.
fn documents(file: &str) -> impl Iterator<Item = (String, u32)> {
    file.lines().skip_while(|line| !line.eq_ignore_ascii_case("@data")).skip(1).filter_map(|line| {
        let (text, class) = line.rsplit_once(',')?;
        let text = text.strip_prefix('\'')?.strip_suffix('\'')?;
        let plain = text.replace("\\n", " ").replace("&lt;", " ").replace("&amp;", " ").replace('\\', "");
        Some((plain, class.parse().ok()?))
    })
}

/// How often each word occurs: runs of two or more letters, in lower case.
fn count(text: &str) -> HashMap<String, u32> {
    let mut counts = HashMap::new();
    for word in text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1) {
        *counts.entry(word.to_ascii_lowercase()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_their_escapes() {
        let file = "@relation 'x'\n\n@attribute Text string\n@data\n\n'It\\'s \\\"corn\\\", &lt;CO>\\nand\\ncorn',1\n'no',0\n";
        let rows: Vec<_> = documents(file).collect();
        assert_eq!(rows, [("It's \"corn\",  CO> and corn".into(), 1), ("no".into(), 0)]);
        let words = count(&rows[0].0);
        assert_eq!((words["corn"], words["co"], words.len()), (2, 1, 4));
    }

    #[test]
    fn missing_and_changed_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(TEST), "@data").unwrap();
        let message = load(Some(folder.path())).unwrap_err().to_string();
        assert!(message.contains("ReutersCorn-train.arff missing") && message.contains(COMMAND), "{message}");
        std::fs::write(folder.path().join(TRAIN), "@data").unwrap();
        let message = load(Some(folder.path())).unwrap_err().to_string();
        assert!(message.contains("SHA-256: expected 1855af1b"), "{message}");
    }

    #[test]
    fn the_package_has_what_the_catalogue_says() {
        let documents = match load(None) {
            Ok(documents) => documents,
            Err(error) if error.is_missing_data() => return println!("skipped: {error}"),
            Err(error) => panic!("{error}"),
        };
        let count =
            |range: std::ops::Range<usize>| documents.y[range].iter().filter(|&&class| class == 1).count();
        assert_eq!(documents.split(), [1243, 311, 604]);
        assert_eq!(
            [documents.train.clone(), documents.validation.clone(), documents.test.clone()].map(count),
            [36, 9, 24]
        );
        assert_eq!(ENTRY.size, format!("2158 documents, {} words, 2 classes", documents.words.len()));
        assert!(documents.words.binary_search(&"corn".into()).is_ok());
    }
}
