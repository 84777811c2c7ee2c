//! The weights that a run gives.

use std::collections::HashMap;
use std::path::Path;

use super::settings::Identity;
use super::tensors::{self, Tensors, Values};
use crate::error::Result;
use crate::workload::{Evaluation, Info, Session};

/// The layout of the file's metadata.
const FORMAT: &str = "1";

/// A file of weights: a tensor for each parameter by its name, and one for each part of what is learnt besides.
///
/// The metadata says, as texts: `ravine` (the layout, 1), `version`, `workload`, `seed`, `step`, `data_sha256`, and of the
/// validation split `loss` and the metric under its name.
pub struct Weights {
    tensors: Tensors,
}

impl Weights {
    /// Reads a file. One that another program wrote has no metadata.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or holds tensors that are not f32.
    pub fn read(path: &Path) -> Result<Self> {
        let tensors = Tensors::read(path)?;
        match tensors.words.get("ravine") {
            Some(format) if format != FORMAT => {
                // A checkpoint says there what it is of, at length.
                let found: String = format.chars().take(24).collect();
                let expected = format!("{FORMAT}: weights.safetensors of a run, no checkpoint");
                Err(tensors.bad(format!("layout of the weights: expected {expected}, found {found}")))
            }
            _ => Ok(Self { tensors }),
        }
    }

    /// The spec of the workload they were trained on, where the file says so.
    pub fn workload(&self) -> Option<&str> {
        self.word("workload")
    }

    /// The seed of the run they come from, where the file says so.
    pub fn seed(&self) -> Option<u64> {
        self.word("seed")?.parse().ok()
    }

    /// SHA-256 of the data they were trained on, where the file says so.
    pub fn data_sha256(&self) -> Option<&str> {
        self.word("data_sha256")
    }

    fn word(&self, key: &str) -> Option<&str> {
        self.tensors.words.get(key).map(String::as_str)
    }

    /// Puts them into a session.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or one too many, by its name. Then nothing has changed.
    pub fn load(mut self, session: &mut dyn Session) -> Result<()> {
        let values = self.tensors.take("", session)?;
        self.tensors.end()?;
        values.restore(session);
        Ok(())
    }
}

/// Writes what a run gives.
pub(super) fn write(
    path: &Path,
    session: &dyn Session,
    values: &Values,
    info: &Info,
    run: &Identity,
    step: u64,
    validation: Option<Evaluation>,
) -> Result<()> {
    let mut words: HashMap<String, String> = [
        ("ravine", FORMAT.into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("workload", run.workload.clone()),
        ("seed", run.settings.seed.to_string()),
        ("step", step.to_string()),
        ("data_sha256", run.data_sha256.clone()),
    ]
    .map(|(key, word)| (key.into(), word))
    .into();
    if let Some(Evaluation { loss, metric }) = validation {
        words.extend([("loss".into(), loss.to_string()), (info.metric.into(), metric.to_string())]);
    }
    tensors::write(path, &values.tensors("", session.params()), words)
}
