//! What data is here: what `ravine data` shows.

use std::path::Path;

use serde::Serialize;

use super::{DATASETS, DOCUMENTS, Entry, RATINGS, TEXTS, speech};
use crate::error::Kind;

/// Data and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its name on the command line.
    pub name: &'static str,
    /// `examples`, `text`, `ratings`, `documents` or `speech`.
    pub kind: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// Who made it, and where it was first published.
    pub origin: &'static str,
    /// How much there is, in words.
    pub size: &'static str,
    /// Its licence.
    pub license: &'static str,
    /// The folder that is looked in; `None` for embedded data.
    pub folder: Option<String>,
    /// Whether it can be used.
    pub status: Status,
    /// The command that installs it; `None` for embedded data.
    pub command: Option<&'static str>,
}

/// Whether a data set can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Status {
    /// Part of this program.
    Embedded,
    /// Its files are there and their content is the published one.
    Verified,
    /// Files are not there.
    Missing {
        /// Their names.
        files: String,
    },
    /// A file is there but its content is not the published one.
    Damaged {
        /// Which file.
        file: String,
        /// What is wrong with it.
        what: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A file is there but cannot be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// Looks at all data; what is in files is read and verified, from `dir` or the default folder.
pub fn inventory(dir: Option<&Path>) -> Vec<Item> {
    let mut items = Vec::new();
    list(&mut items, "examples", DATASETS, dir);
    list(&mut items, "text", TEXTS, dir);
    list(&mut items, "ratings", RATINGS, dir);
    list(&mut items, "documents", DOCUMENTS, dir);
    list(&mut items, "speech", speech::SPEECH, dir);
    items
}

fn list<T>(items: &mut Vec<Item>, kind: &'static str, entries: &[Entry<T>], dir: Option<&Path>) {
    items.extend(entries.iter().map(|entry| Item {
        name: entry.name,
        kind,
        title: entry.title,
        origin: entry.origin,
        size: entry.size,
        license: entry.license,
        folder: entry.files.as_ref().map(|files| (files.folder)(dir).display().to_string()),
        status: entry.files.as_ref().map_or(Status::Embedded, |files| match (files.check)(dir) {
            Ok(()) => Status::Verified,
            Err(error) => status(error.into_kind()),
        }),
        command: entry.files.as_ref().map(|files| files.command),
    }));
}

fn status(kind: Kind) -> Status {
    match kind {
        Kind::MissingData { files, .. } => Status::Missing { files },
        Kind::MissingProgram { program, .. } => Status::Missing { files: program.into() },
        Kind::DamagedData { path, what, expected, found } => {
            Status::Damaged { file: path.display().to_string(), what, expected, found }
        }
        other => Status::Unreadable { reason: other.to_string() },
    }
}
