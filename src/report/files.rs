//! Writes figures and tables into the folder of the draft. A file appears whole or not at all, and one that already
//! holds the same bytes is left alone.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {source}{}", path.display(), advice(source))]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// Writes a file beside and renames it into place; makes its folder where that is missing. Returns whether anything was
/// written: a file that holds the same bytes already is left alone.
///
/// # Errors
/// When the folder cannot be made or the file cannot be written; what stood there before then still does.
pub fn write(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    let failed = |source| FileError { path: path.to_owned(), source };
    if std::fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(false);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(BESIDE);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    loop {
        let mut beside = builder.tempfile_in(folder).map_err(failed)?;
        // The lock tells others that this file is still being written.
        beside.as_file().lock().map_err(failed)?;
        beside.write_all(bytes).map_err(failed)?;
        beside.as_file().sync_all().map_err(failed)?;
        match beside.persist(path) {
            Ok(_) => return Ok(true),
            // Another process cleared it away before it was locked.
            Err(error) if error.error.kind() == std::io::ErrorKind::NotFound && folder.is_dir() => {}
            Err(error) => return Err(failed(error.error)),
        }
    }
}

/// How files are called until they are whole.
const BESIDE: &str = ".kexp-";

/// Removes files that crashed processes left half-written in a folder; those that others are writing stay.
pub fn clear_half_written(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(BESIDE)
            && std::fs::File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            // What cannot be removed is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// What to do about the commonest causes.
fn advice(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room, or choose another place with --out",
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => "; choose another place with --out",
        _ => "",
    }
}
