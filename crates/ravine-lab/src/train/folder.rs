//! A run's folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint;
use super::log::{Entry, Log};
use super::settings::Identity;
use crate::data::hex;
use crate::error::{Kind, Result};
use crate::whole;
use sha2::{Digest, Sha256};

/// The longest name of a folder that is taken from a spec.
const LONGEST: usize = 80;

/// How a folder is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// For a new run, where there is none.
    New,
    /// For a new run; one that is there is deleted.
    Overwrite,
    /// To go on with the run that is there.
    Resume,
}

/// A run's folder, taken for this process.
///
/// It holds `run.json`, what the run is; `log.jsonl`, what was seen of it; `checkpoint.safetensors` and
/// `optimizer-<number>.safetensors`, to go on from; and at the end `weights.safetensors` and `loss.svg`.
pub struct Folder {
    path: PathBuf,
    pub(super) run: Identity,
    pub(super) log: Log,
    pub(super) resume: bool,
}

/// What `run.json` holds.
#[derive(Serialize, Deserialize)]
struct Description {
    version: String,
    command: String,
    #[serde(flatten)]
    run: Identity,
}

impl Folder {
    /// Takes a folder for a run; `command` is the one that makes it again.
    ///
    /// # Errors
    /// There is a run, or none, other than `begin` says; the run there is another, with what differs; another process has
    /// it; it cannot be written.
    pub fn open(path: &Path, begin: Begin, run: Identity, command: &str) -> Result<Self> {
        let file = |name: &str| path.join(name);
        let io = |action, path: &Path| {
            let path = path.to_path_buf();
            move |source| Kind::Io { action, path, source }
        };
        let description = file("run.json");
        match begin {
            Begin::Resume if !description.is_file() => return Err(Kind::NoRun { path: path.into() }.into()),
            // Weights alone may be somebody's too.
            Begin::New if description.exists() || file("weights.safetensors").exists() => {
                return Err(Kind::RunExists { path: path.into() }.into());
            }
            _ => std::fs::create_dir_all(path).map_err(io("make the folder", path))?,
        }
        let mut log = Log::open(file("log.jsonl"), path)?;
        if begin == Begin::Resume {
            let text = std::fs::read_to_string(&description).map_err(io("read", &description))?;
            let there: Description = serde_json::from_str(&text).map_err(|error| Kind::BadFile {
                path: description.clone(),
                what: format!("not what this version writes: {error}"),
            })?;
            if let Some(differences) = run.differences(&there.run) {
                return Err(Kind::OtherRun { path: path.into(), differences }.into());
            }
        } else {
            let mut ours: Vec<PathBuf> =
                ["checkpoint.safetensors", "weights.safetensors", "loss.svg", "control"].map(file).into();
            ours.extend(checkpoint::optimizers(path)?);
            for path in ours.iter().filter(|path| path.exists()) {
                std::fs::remove_file(path).map_err(io("delete", path))?;
            }
            log.cut(0)?;
            let version = env!("CARGO_PKG_VERSION").into();
            let text = Description { version, command: command.into(), run: run.clone() };
            let text = serde_json::to_string_pretty(&text).expect("plain data has a JSON form");
            whole::write(&description, text + "\n")?;
        }
        Ok(Self { path: path.into(), run, log, resume: begin == Begin::Resume })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The weights that the run gives.
    pub fn weights(&self) -> PathBuf {
        self.file("weights.safetensors")
    }

    /// The picture of the losses.
    pub fn picture(&self) -> PathBuf {
        self.file("loss.svg")
    }

    /// What was noted of the run so far.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn entries(&mut self) -> Result<Vec<Entry>> {
        let length = self.log.sync()?;
        self.log.cut(length)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// A workload's spec as the name of a folder.
pub fn safe_name(spec: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._=".contains(c);
    let name: String = spec.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    let name = name.trim_start_matches('.');
    if name.len() <= LONGEST {
        return name.into();
    }
    format!("{}-{}", &name[..LONGEST], hex(&Sha256::digest(spec)[..4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders() {
        assert_eq!(safe_name("digits-mlp:depth=20,activation=relu"), "digits-mlp-depth=20-activation=relu");
        assert_eq!(safe_name("text:file=/a/é b"), "text-file=-a---b");
        let long = |c: &str| safe_name(&c.repeat(200));
        assert!(long("a").len() < 100 && long("a") != long("a/") && long("a").starts_with("aaa"));
    }
}
