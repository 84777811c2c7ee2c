//! What data is here: what `ravine data` shows.

use std::path::Path;

use serde::Serialize;

use super::{DATASETS, Entry};
use crate::error::Kind;

/// One data set and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// Who made it, and where it was first published.
    pub origin: &'static str,
    /// Examples in all splits together.
    pub examples: usize,
    /// Numbers in an example.
    pub features: usize,
    /// Classes to tell apart.
    pub classes: usize,
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

/// Looks at every data set; those in files are read and verified, from `dir` or the default folder.
pub fn inventory(dir: Option<&Path>) -> Vec<Item> {
    let item = |entry: &Entry| Item {
        name: entry.name,
        title: entry.title,
        origin: entry.origin,
        examples: entry.examples,
        features: entry.features,
        classes: entry.classes,
        license: entry.license,
        folder: entry.files.as_ref().map(|files| (files.folder)(dir).display().to_string()),
        status: entry.files.as_ref().map_or(Status::Embedded, |files| match (files.check)(dir) {
            Ok(()) => Status::Verified,
            Err(error) => status(error.into_kind()),
        }),
        command: entry.files.as_ref().map(|files| files.command),
    };
    DATASETS.iter().map(item).collect()
}

fn status(kind: Kind) -> Status {
    match kind {
        Kind::MissingData { files, .. } => Status::Missing { files },
        Kind::DamagedData { path, what, expected, found } => {
            Status::Damaged { file: path.display().to_string(), what, expected, found }
        }
        other => Status::Unreadable { reason: other.to_string() },
    }
}
