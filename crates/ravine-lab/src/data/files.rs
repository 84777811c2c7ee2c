//! How data in files is found.

use std::path::{Path, PathBuf};

use crate::error::{Kind, Result};

/// The environment variable that names the folder of data files.
pub const FOLDER_VARIABLE: &str = "RAVINE_DATA";

/// How a data set in files is found.
pub struct Files {
    /// The command that installs it.
    pub command: &'static str,
    /// The place that is looked in when this folder is given (`None`: the default place).
    pub folder: fn(Option<&Path>) -> PathBuf,
    /// Reads and verifies all files.
    pub check: fn(Option<&Path>) -> Result<()>,
}

/// The folder the user names: `dir`, else that of [`FOLDER_VARIABLE`].
pub(super) fn named(dir: Option<&Path>) -> Option<PathBuf> {
    let variable = || std::env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    dir.map(PathBuf::from).or_else(variable)
}

/// The folder that is looked in: the one named, else `default`. The files may lie in it or in its subfolder `name`.
pub(super) fn folder(dir: Option<&Path>, name: &str, default: &str) -> PathBuf {
    let folder = named(dir).unwrap_or_else(|| default.into());
    let below = folder.join(name);
    if below.is_dir() { below } else { folder }
}

/// Refuses a folder in which any of these files is not, naming all that are missing.
pub(super) fn present(
    name: &'static str,
    folder: &Path,
    files: &[&str],
    command: &'static str,
) -> Result<()> {
    let missing: Vec<&str> = files.iter().copied().filter(|file| !folder.join(file).exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Kind::MissingData { name, path: folder.into(), files: missing.join(", "), command }.into())
}

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    Ok(std::fs::read(path).map_err(|source| Kind::Io { action: "read", path: path.into(), source })?)
}
