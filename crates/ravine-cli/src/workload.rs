//! Which workload a command is about: one of the catalogue, or the user's own data.

use crate::failure::{Failure, Result, say};
use crate::progress::Progress;
use ravine_lab::workload::Workload;
use ravine_lab::workloads;
use std::path::{Path, PathBuf};

/// Lines of notes on data that are printed; more are counted.
const NOTES: usize = 12;

/// The user's own data.
#[derive(clap::Args)]
pub(crate) struct Own {
    /// Your own pictures: a folder with a folder of png and jpg files for each class, or of idx files.
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// Your own table: comma-separated values with a header.
    #[arg(long, value_name = "FILE", requires = "target")]
    csv: Option<PathBuf>,
    /// The column of the table to tell from the others.
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    target: Option<String>,
    /// Your own text, for the workloads text-gpt (as a rule) and text-lstm.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["images", "csv"])]
    text: Option<PathBuf>,
}

impl Own {
    /// The spec of a workload on this data: `given` with its place filled in, or the usual workload for such data. `None`
    /// if neither is given.
    pub(crate) fn spec(&self, given: Option<&str>) -> Result<Option<String>> {
        let path = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| {
                Failure::Usage(format!("the path {} is not UTF-8, so no spec can hold it", path.display()))
            })
        };
        let mut pairs: Vec<(&str, String)> = Vec::new();
        let mut usual = "";
        if let Some(dir) = &self.images {
            (usual, pairs) = ("images", vec![("dir", path(dir)?)]);
        }
        if let (Some(file), Some(target)) = (&self.csv, &self.target) {
            if !pairs.is_empty() {
                return Err(Failure::Usage("give either --images or --csv, not both".into()));
            }
            (usual, pairs) = ("table", vec![("file", path(file)?), ("target", target.clone())]);
        }
        if let Some(file) = &self.text {
            (usual, pairs) = ("text-gpt", vec![("text", path(file)?)]);
        }
        if pairs.is_empty() {
            return Ok(given.map(str::to_owned));
        }
        let mut spec = given.unwrap_or(usual).to_owned();
        for (key, value) in pairs {
            spec = workloads::with(&spec, key, &value).ok_or_else(|| {
                Failure::Usage(format!("the workload '{spec}' takes no {key}; leave it out for {usual}"))
            })?;
        }
        Ok(Some(spec))
    }
}

/// The one workload of a command.
#[derive(clap::Args)]
pub(crate) struct Chosen {
    /// Workload, such as `digits-mlp` or `digits-mlp:depth=20,activation=tanh`. `ravine workloads` lists them.
    #[arg(value_name = "WORKLOAD", required_unless_present_any = ["images", "csv", "text"])]
    workload: Option<String>,
    #[command(flatten)]
    own: Own,
    /// Folder to look for data files in.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Chosen {
    /// Its spec, as given.
    pub(crate) fn spec(&self) -> Result<String> {
        let spec = self.own.spec(self.workload.as_deref())?;
        spec.ok_or_else(|| Failure::Usage("name a workload; `ravine workloads` lists them".into()))
    }

    /// The folder to look for data in.
    pub(crate) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Loads it, and says what was done to its data.
    pub(crate) fn load(&self) -> Result<Box<dyn Workload>> {
        load(&self.spec()?, self.data())
    }
}

/// Loads a workload, and says what was done to its data.
pub(crate) fn load(spec: &str, data: Option<&Path>) -> Result<Box<dyn Workload>> {
    // Speech may have to be spoken, and long texts be cut into tokens.
    let waiting = Progress::waiting(&format!("getting {spec} ready"));
    let loaded = workloads::load(spec, data);
    waiting.end();
    let workload = loaded?;
    notes(&*workload);
    Ok(workload)
}

/// Says what was done to the data of a workload.
pub(crate) fn notes(workload: &dyn Workload) {
    let notes = workload.notes();
    notes.iter().take(NOTES).for_each(|note| say(&format!("note: {note}")));
    if notes.len() > NOTES {
        say(&format!("note: and {} more such notes", notes.len() - NOTES));
    }
}
