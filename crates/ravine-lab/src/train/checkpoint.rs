//! Where a run stands, on the disk.
//!
//! `checkpoint.safetensors` holds the model's values (`now/...`), the best ones so far (`best/...`), and as JSON in its
//! metadata the rest, with the name of the file that the optimizer wrote. That file is written before and under a new
//! name, so that the two always belong together, whenever the process ends.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::settings::Identity;
use super::tensors::{self, Tensors, Values};
use super::trainer::{Standing, Trainer};
use crate::error::{Kind, Result};

/// The layout that this version writes and reads.
const FORMAT: u32 = 1;
const METADATA: &str = "ravine";
const NOW: &str = "now/";
const BEST: &str = "best/";
const OPTIMIZER: &str = "optimizer-";

/// What stands in the metadata.
#[derive(Serialize, Deserialize)]
struct Meta {
    format: u32,
    version: String,
    /// Number of the optimizer's file.
    optimizer: u64,
    /// Length of the log.
    log: u64,
    /// Whether the best values are kept.
    best: bool,
    run: Identity,
    standing: Standing,
}

/// The files that optimizers wrote into a folder.
pub(super) fn optimizers(folder: &Path) -> Result<Vec<PathBuf>> {
    let error = |source| Kind::Io { action: "read", path: folder.into(), source };
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix(OPTIMIZER)
            .and_then(|rest| rest.strip_suffix(".safetensors"))
            .is_some_and(|number| number.parse::<u64>().is_ok())
    };
    let paths = std::fs::read_dir(folder).map_err(error)?.map(|entry| Ok(entry.map_err(error)?.path()));
    Ok(paths.collect::<Result<Vec<_>>>()?.into_iter().filter(ours).collect())
}

fn optimizer(folder: &Folder, number: u64) -> PathBuf {
    folder.file(&format!("{OPTIMIZER}{number}.safetensors"))
}

/// Writes where the run stands.
pub(super) fn save(trainer: &mut Trainer<'_>, folder: &Folder) -> Result<()> {
    let log = folder.log.sync()?;
    let number = trainer.checkpoint + 1;
    let beside = optimizer(folder, number);
    trainer.optimizer.save(&beside)?;
    let meta = Meta {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        optimizer: number,
        log,
        best: trainer.best.is_some(),
        run: folder.run.clone(),
        standing: trainer.standing.clone(),
    };
    let meta = serde_json::to_string(&meta).expect("plain data has a JSON form");
    let now = Values::of(&mut *trainer.session);
    let mut tensors = now.tensors(NOW, trainer.session.params());
    if let Some(best) = &trainer.best {
        tensors.extend(best.tensors(BEST, trainer.session.params()));
    }
    tensors::write(&file(folder), &tensors, HashMap::from([(METADATA.into(), meta)]))?;
    trainer.checkpoint = number;
    // Those before; where one cannot be deleted it does no harm.
    for path in optimizers(folder.path())?.iter().filter(|path| **path != beside) {
        std::fs::remove_file(path).ok();
    }
    Ok(())
}

/// Takes up where the run stood, and gives the log's length then. False if there is no checkpoint yet.
///
/// # Errors
/// A checkpoint that is damaged, of another version or of another run. Nothing has changed then but the trainer.
pub(super) fn load(trainer: &mut Trainer<'_>, folder: &Folder) -> Result<u64> {
    let path = file(folder);
    if !path.is_file() {
        return Ok(0);
    }
    let mut tensors = Tensors::read(&path)?;
    let text = tensors.words.get(METADATA);
    let text = text.ok_or_else(|| tensors.bad(format!("not a checkpoint: no metadata '{METADATA}'")))?;
    let damaged = |error: serde_json::Error| tensors.bad(format!("metadata '{METADATA}': {error}"));
    let value: serde_json::Value = serde_json::from_str(text).map_err(damaged)?;
    let format = &value["format"];
    if *format != FORMAT {
        let version = value["version"].as_str().unwrap_or("unknown");
        return Err(tensors.bad(format!(
            "layout of the checkpoint: expected {FORMAT}, found {format}, as version {version} wrote it"
        )));
    }
    let meta: Meta = serde_json::from_value(value).map_err(damaged)?;
    if let Some(differences) = folder.run.differences(&meta.run) {
        return Err(Kind::OtherRun { path, differences }.into());
    }
    let now = tensors.take(NOW, &mut *trainer.session)?;
    let best = meta.best.then(|| tensors.take(BEST, &mut *trainer.session)).transpose()?;
    tensors.end()?;
    trainer.optimizer.load(optimizer(folder, meta.optimizer))?;
    now.restore(&mut *trainer.session);
    (trainer.best, trainer.standing, trainer.checkpoint) = (best, meta.standing, meta.optimizer);
    Ok(meta.log)
}

fn file(folder: &Folder) -> PathBuf {
    folder.file("checkpoint.safetensors")
}
