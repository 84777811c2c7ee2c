//! Genesis and Exodus of the King James Version: a small text inside the library.

use std::io::Read;
use std::sync::{Arc, LazyLock};

use flate2::read::GzDecoder;

use super::{Corpus, Entry};

/// What the catalogue says of it.
pub const ENTRY: Entry<Corpus> = Entry {
    name: "genesis-exodus",
    title: "the first two books of the King James Version, a verse a line",
    size: "366194 characters, 62 distinct",
    license: "public domain",
    origin: "The Holy Bible, King James Version, 1611, as Debian's bible-kjv-text has it",
    files: None,
    load: |_| Ok(CORPUS.clone()),
};

static CORPUS: LazyLock<Arc<Corpus>> = LazyLock::new(|| {
    let mut text = String::new();
    let gzip = &include_bytes!("../../assets/genesis_exodus.txt.gz")[..];
    GzDecoder::new(gzip).read_to_string(&mut text).expect("the embedded file is gzipped text");
    Arc::new(Corpus::new(ENTRY.name, text).expect("the embedded text is long enough"))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_catalogue_says() {
        let corpus = (ENTRY.load)(None).unwrap();
        assert_eq!(corpus.sha256(), "3faae4bdcd163d415b11d75992ab625db87570a8fc93632209a0cae3244b7f2a");
        let count = corpus.text().chars().count();
        assert_eq!(ENTRY.size, format!("{count} characters, {} distinct", corpus.alphabet().len()));
        assert!(corpus.text().starts_with("In the beginning God created the heaven and the earth.\n"));
        let lengths = [corpus.characters().split().iter().sum(), corpus.text().len()];
        assert_eq!(lengths, [count, count]);
    }
}
