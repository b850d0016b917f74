//! Writes figures and tables into the folder of the draft. A file appears whole or not at all, and one that already
//! holds the same bytes is left alone.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::figure::{self, Drawing, FigureError};
use super::results::Results;
use crate::table::Table;

/// Significant digits of the tables in Markdown; CSV has all.
const DIGITS: usize = 4;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {source}{}", path.display(), advice(source))]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// Why a figure could not be drawn or written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// It could not be drawn.
    #[error("figure `{name}`: {source}")]
    Figure {
        /// The figure.
        name: String,
        /// Why.
        source: FigureError,
    },
    /// It could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A folder that takes a run's figures and tables, and remembers their checksums for `results.ron`.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    files: BTreeMap<String, String>,
    sources: BTreeMap<String, String>,
    written: usize,
}

impl Output {
    /// Output into a folder, which is made when the first file is written.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), files: BTreeMap::new(), sources: BTreeMap::new(), written: 0 }
    }

    /// Writes `figures/NAME.svg` and `figures/NAME.png`, and returns the path of the SVG relative to the folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn figure(&mut self, name: &str, drawing: &Drawing) -> Result<String, FileError> {
        self.file(&format!("figures/{name}.png"), &drawing.png)?;
        let path = format!("figures/{name}.svg");
        self.file(&path, drawing.svg.as_bytes())?;
        Ok(path)
    }

    /// Like [`Output::figure`], but draws only where it must: not when the previous results were drawn from the same
    /// source, and their files stand there unchanged. `source` is all that the picture depends on: its table as CSV, and
    /// its settings.
    ///
    /// # Errors
    /// When the figure cannot be drawn or written.
    pub fn figure_from(
        &mut self,
        name: &str,
        source: &str,
        previous: Option<&Results>,
        draw: impl FnOnce() -> Result<Drawing, FigureError>,
    ) -> Result<String, OutputError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&figure::VERSION.to_le_bytes()).update(source.as_bytes());
        let source = hasher.finalize().to_hex().to_string();
        let paths = ["png", "svg"].map(|kind| format!("figures/{name}.{kind}"));
        let known = previous.filter(|previous| previous.sources.get(name) == Some(&source));
        let checksums = known.map(|known| paths.each_ref().map(|path| known.files.get(path).cloned()));
        self.sources.insert(name.to_owned(), source);
        if let Some([Some(png), Some(svg)]) = checksums {
            let stands = |path: &str, checksum: &str| {
                let bytes = std::fs::read(self.folder.join(path));
                bytes.is_ok_and(|bytes| blake3::hash(&bytes).to_hex().as_str() == checksum)
            };
            if stands(&paths[0], &png) && stands(&paths[1], &svg) {
                let [png_path, svg_path] = paths;
                self.files.insert(png_path, png);
                self.files.insert(svg_path.clone(), svg);
                return Ok(svg_path);
            }
        }
        let drawing = draw().map_err(|source| OutputError::Figure { name: name.to_owned(), source })?;
        Ok(self.figure(name, &drawing)?)
    }

    /// Writes `tables/NAME.csv` in full and `tables/NAME.md` with rounded numbers, and returns the path of the CSV
    /// relative to the folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn table(&mut self, name: &str, table: &Table) -> Result<String, FileError> {
        self.file(&format!("tables/{name}.md"), table.to_markdown(DIGITS).as_bytes())?;
        let path = format!("tables/{name}.csv");
        self.file(&path, table.to_csv().as_bytes())?;
        Ok(path)
    }

    /// Writes any other file; `path` is relative to the folder.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        if write(&self.folder.join(path), bytes)? {
            self.written += 1;
        }
        self.files.insert(path.to_owned(), blake3::hash(bytes).to_hex().to_string());
        Ok(())
    }

    /// The files of this output, relative to its folder, with their BLAKE3 checksums in hexadecimal.
    #[must_use]
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }

    /// What each figure of [`Output::figure_from`] was drawn from, as a checksum.
    #[must_use]
    pub fn sources(&self) -> &BTreeMap<String, String> {
        &self.sources
    }

    /// How many files did not hold their bytes yet.
    #[must_use]
    pub fn written(&self) -> usize {
        self.written
    }
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
