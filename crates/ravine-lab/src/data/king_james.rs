//! The whole King James Version, as the program `bible` of Debian prints it: each verse a line that begins with its place.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Corpus, Entry, Files, files, hex};
use crate::error::{Kind, Result};

const NAME: &str = "king-james";
const PROGRAM: &str = "bible";
const ARGUMENTS: [&str; 2] = ["-f", "gen1:1-rev22:21"];
const COMMAND: &str = "apt-get install bible-kjv bible-kjv-text";
/// The file that may take the program's place.
const FILE: &str = "king-james.txt";
const BYTES: usize = 4_404_412;
const SHA256: &str = "cd45f0c9cedab8e4439bd6486c8952c77cc8b0ecc5d1f6ae3513f2039f47229d";

/// What the catalogue says of it.
pub const ENTRY: Entry<Corpus> = Entry {
    name: NAME,
    title: "the King James Version, a verse a line",
    size: "4404412 characters, 73 distinct",
    license: "public domain (the program: GPL-2+)",
    origin: "The Holy Bible, King James Version, 1611, as Debian's bible-kjv-text has it",
    files: Some(Files { command: COMMAND, folder: place, check: |dir| read(dir).map(drop) }),
    load: |dir| Ok(Arc::new(Corpus::new(NAME, read(dir)?)?)),
};

/// Where it is looked for: the file `king-james.txt`, with what `bible -f gen1:1-rev22:21` prints, in the folder the user
/// names, else the program.
fn place(dir: Option<&Path>) -> PathBuf {
    let file = files::named(dir).map(|folder| folder.join(FILE)).filter(|file| file.exists());
    file.unwrap_or_else(|| Path::new("/usr/bin").join(PROGRAM))
}

fn read(dir: Option<&Path>) -> Result<String> {
    let place = place(dir);
    let bytes = if place.ends_with(FILE) { files::read(&place)? } else { run(&place)? };
    verify(&place, bytes)
}

/// What the program prints.
fn run(place: &Path) -> Result<Vec<u8>> {
    match Command::new(PROGRAM).args(ARGUMENTS).stdin(Stdio::null()).output() {
        // Without the package of its text it has nothing to print.
        Ok(output) if output.stdout.is_empty() => Err(missing(place, "its text")),
        Ok(output) => Ok(output.stdout),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing(place, PROGRAM)),
        Err(source) => Err(Kind::Io { action: "run", path: place.into(), source }.into()),
    }
}

fn missing(place: &Path, what: &str) -> crate::Error {
    Kind::MissingData { name: NAME, path: place.into(), files: what.into(), command: COMMAND }.into()
}

fn verify(place: &Path, bytes: Vec<u8>) -> Result<String> {
    let damaged = |what: &str, expected: String, found: String| Kind::DamagedData {
        path: place.into(),
        what: what.into(),
        expected,
        found,
    };
    if bytes.len() != BYTES {
        return Err(damaged("text", format!("{BYTES} bytes"), format!("{} bytes", bytes.len())).into());
    }
    let found = hex(&Sha256::digest(&bytes));
    if found != SHA256 {
        return Err(damaged("SHA-256 of the text", SHA256.into(), found).into());
    }
    Ok(String::from_utf8(bytes).expect("a text of this SHA-256 is UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_another_length_or_content_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let check = |bytes: &[u8]| {
            std::fs::write(folder.path().join(FILE), bytes).unwrap();
            read(Some(folder.path())).unwrap_err().to_string()
        };
        let message = check(b"In the beginning");
        assert!(
            message.contains("king-james.txt: text: expected 4404412 bytes, found 16 bytes"),
            "{message}"
        );
        let message = check(&vec![b'a'; BYTES]);
        assert!(message.contains("SHA-256 of the text: expected cd45f0c9"), "{message}");
    }

    #[test]
    fn the_programs_text_is_what_the_catalogue_says() {
        let corpus = match (ENTRY.load)(None) {
            Ok(corpus) => corpus,
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains(COMMAND), "{message}");
                return println!("skipped: {message}");
            }
        };
        let count = corpus.text().chars().count();
        assert_eq!(ENTRY.size, format!("{count} characters, {} distinct", corpus.alphabet().len()));
        assert!(corpus.text().starts_with("Ge1:1 In the beginning God created"));
        let pairs = corpus.pairs(1000);
        assert_eq!(pairs.vocabulary(), 1073);
        let split = super::super::Split::Validation;
        assert!(
            (2.5..4.5).contains(&pairs.characters_per_token(split)),
            "{}",
            pairs.characters_per_token(split)
        );
    }
}
