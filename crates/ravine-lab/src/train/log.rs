//! What is noted of a run: `log.jsonl`, one JSON object a line, written as it happens.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::End;
use crate::comparison::Point;
use crate::error::{Kind, Result};
use crate::workload::Evaluation;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Entry {
    /// An evaluation.
    Evaluation(Record),
    /// An evaluation asked for by hand: it does not count for patience, plateau or the best.
    Look {
        /// Optimizer steps made.
        step: u64,
        /// What it gave on the validation split.
        #[serde(flatten)]
        validation: Evaluation,
    },
    /// The learning rate was changed otherwise than by the schedule.
    Rate {
        /// The step that is the first with it.
        step: u64,
        /// What changed it.
        by: By,
        /// The learning rate of that step.
        lr: f64,
    },
    /// A step was left out because something was not finite.
    Skipped {
        /// Which step.
        step: u64,
        /// What was not finite.
        what: String,
    },
    /// The end of the run.
    End {
        /// Steps made.
        step: u64,
        /// How it ended.
        end: End,
        /// The one evaluation on the test split.
        test: Option<Evaluation>,
    },
}

/// What changes the learning rate besides the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Someone who watches.
    Hand,
    /// The plateau.
    Plateau,
}

/// An evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Passes over the training data.
    pub epoch: f64,
    /// Whether its metric is the best so far.
    pub best: bool,
    /// What was seen.
    #[serde(flatten)]
    pub point: Point,
}

/// The log's file, which is also what holds the run for one process alone.
pub(super) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens it, or makes it, and takes it for this process.
    pub(super) fn open(path: PathBuf, run: &Path) -> Result<Self> {
        let error = |source| Kind::Io { action: "open", path: path.clone(), source };
        let file = File::options().create(true).append(true).read(true).open(&path).map_err(error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Kind::RunInUse { path: run.into() }.into()),
            Err(std::fs::TryLockError::Error(source)) => Err(error(source).into()),
        }
    }

    /// Writes a line.
    pub(super) fn write(&mut self, entry: &Entry) -> Result<()> {
        let line = serde_json::to_string(entry).expect("plain data has a JSON form") + "\n";
        self.file.write_all(line.as_bytes()).map_err(|source| self.error("write", source))
    }

    /// Its length once all is on the disk.
    pub(super) fn sync(&self) -> Result<u64> {
        let length = self.file.sync_all().and_then(|()| self.file.metadata());
        Ok(length.map_err(|source| self.error("write", source))?.len())
    }

    /// Cuts it back to what was there at a checkpoint, and gives that.
    pub(super) fn cut(&mut self, length: u64) -> Result<Vec<Entry>> {
        let damaged = |what: String| Kind::BadFile { path: self.path.clone(), what };
        let bytes = std::fs::read(&self.path).map_err(|source| self.error("read", source))?;
        let Some(kept) = usize::try_from(length).ok().and_then(|length| bytes.get(..length)) else {
            return Err(
                damaged(format!("it has {} bytes, and had {length} at its checkpoint", bytes.len())).into()
            );
        };
        let mut entries = Vec::new();
        for (number, line) in
            kept.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty())
        {
            let entry = serde_json::from_slice(line);
            entries.push(entry.map_err(|error| damaged(format!("line {}: {error}", number + 1)))?);
        }
        self.file.set_len(length).map_err(|source| self.error("write", source))?;
        Ok(entries)
    }

    fn error(&self, action: &'static str, source: std::io::Error) -> crate::Error {
        Kind::Io { action, path: self.path.clone(), source }.into()
    }
}
