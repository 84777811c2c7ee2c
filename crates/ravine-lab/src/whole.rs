//! Files that are written whole or not at all.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::error::{Kind, Result};

/// Writes a file under a temporary name, and gives it its own once all is on the disk. Folders on the way are made. What
/// is there and is no file, such as `/dev/stdout`, is written to.
///
/// # Errors
/// The file cannot be written; then what was there is still there.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    let error = |source: std::io::Error| Kind::Io { action: "write", path: path.into(), source };
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Ok(std::fs::write(path, contents).map_err(error)?);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(error)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(error)?;
    file.write_all(contents.as_ref()).map_err(error)?;
    // A temporary file is private; a result is to be read by whom the folder lets in.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(error)?;
    }
    file.as_file().sync_all().map_err(error)?;
    file.persist(path).map_err(|failed| error(failed.error))?;
    // The new name lasts once the folder is written too; not every system lets one ask for that.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
    Ok(())
}
