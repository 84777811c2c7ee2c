//! The right to run a comparison.

use crate::error::{Kind, Result};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The right to run a comparison: a locked file beside the store. The lock ends with its process, however that ends.
pub struct Claim {
    path: PathBuf,
    _file: File,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Where it cannot be removed it stays, and does no harm.
        std::fs::remove_file(&self.path).ok();
    }
}

impl Claim {
    pub(super) fn new(store: &Path, comparison: i64) -> Result<Self> {
        let path = path(store, comparison);
        let error = |source| Kind::Io { action: "lock", path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _file: file }),
            Err(TryLockError::WouldBlock) => Err(Kind::InUse { path: store.into(), comparison }.into()),
            Err(TryLockError::Error(source)) => Err(error(source).into()),
        }
    }
}

/// The file that is locked.
pub(super) fn path(store: &Path, comparison: i64) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(format!("-{comparison}.lock"));
    path.into()
}
