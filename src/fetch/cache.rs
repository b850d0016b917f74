//! The cache of downloads: outside of every project, shared by all of them, checked on every read.
//!
//! ```text
//! CACHE/COLLECTION/ID/CHECKSUM/   the files of one version of an entry, and `entry.ron` with their checksums
//! CACHE/features/                 features of models, see `select`
//! ```

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{Cause, FetchError};
use super::names::{ENTRY, is_plain};
use super::obtain::Wanted;
use super::source::{Contents, Source};

/// A folder of downloads.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// An entry that is whole.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub source: Source,
    pub folder: PathBuf,
    pub contents: Contents,
}

/// How folders and files are called until they are whole.
const DRAFT: &str = ".draft-";

/// A draft this old belongs to a process that crashed.
const ABANDONED: Duration = Duration::from_hours(24);

impl Cache {
    /// The cache in this folder, which is made when something is put there.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// `KEXP_CACHE`, else `kexp/models` in `XDG_CACHE_HOME`, else in `~/.cache`.
    ///
    /// # Errors
    /// When none of the variables is set.
    pub fn from_environment() -> Result<Self, FetchError> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("KEXP_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("kexp/models")))
            .or_else(|| set("HOME").map(|home| home.join(".cache/kexp/models")));
        Ok(Self::new(folder.ok_or(Cause::NoCache)?))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The entry that is pinned, or else the newest one that is whole. What is damaged is removed and noted.
    pub(super) fn find(&self, wanted: Wanted, pinned: Option<&Source>, notices: &mut Vec<String>) -> Option<Held> {
        let place = self.folder.join(wanted.collection).join(wanted.id);
        if let Some(pinned) = pinned {
            let folder = place.join(key(pinned));
            return folder.is_dir().then(|| read_or_remove(&folder, Some(pinned), notices)).flatten();
        }
        let entries = fs::read_dir(&place).ok()?;
        let mut folders: Vec<(u64, PathBuf)> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_dir() && path.file_name().is_some_and(|name| is_plain(&name.to_string_lossy())))
            .map(|path| (version_of(&path), path))
            .filter(|(version, _)| wanted.version.is_none() || wanted.version == version.as_deref())
            // What says no version, and what is damaged, comes last.
            .map(|(version, path)| (version.and_then(|version| version.parse().ok()).unwrap_or(0), path))
            .collect();
        folders.sort();
        folders.into_iter().rev().find_map(|(_, folder)| read_or_remove(&folder, None, notices))
    }

    /// Puts an entry in place, whole or not at all, and returns its folder.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(super) fn put(&self, source: &Source, contents: &Contents) -> Result<PathBuf, FetchError> {
        let place = self.folder.join(&source.collection).join(&source.id);
        fs::create_dir_all(&place).map_err(Cause::file("making", &place))?;
        clear_abandoned(&place);
        let draft =
            tempfile::Builder::new().prefix(DRAFT).tempdir_in(&place).map_err(Cause::file("writing in", &place))?;
        for (name, content) in contents {
            write_through(&draft.path().join(name), content)?;
        }
        let entry = ron::ser::to_string_pretty(source, ron::ser::PrettyConfig::default()).map_err(|error| {
            Cause::File { action: "writing", path: place.join(ENTRY), source: std::io::Error::other(error) }
        })?;
        write_through(&draft.path().join(ENTRY), entry.as_bytes())?;
        let target = place.join(key(source));
        let moved = fs::rename(draft.path(), &target).or_else(|error| match read(&target, Some(source)) {
            // Another process was faster: what it put there has the same checksums.
            Ok(_) => Ok(()),
            Err(_) if target.is_dir() => {
                remove(&target);
                fs::rename(draft.path(), &target)
            }
            Err(_) => Err(error),
        });
        moved.map_err(Cause::file("writing", &target))?;
        Ok(target)
    }

    /// Writes a small file of notes into the cache, whole or not at all.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(super) fn put_file(&self, name: &Path, content: &[u8]) -> Result<(), FetchError> {
        let path = self.folder.join(name);
        write_whole(&path, content).map_err(Cause::file("writing", &path))
    }
}

/// The folder of a source is named by its content.
fn key(source: &Source) -> String {
    source.checksum()[..32].to_owned()
}

/// The version that a folder says that it holds.
fn version_of(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join(ENTRY)).ok()?;
    Some(ron::from_str::<Source>(&text).ok()?.version)
}

fn read_or_remove(folder: &Path, pinned: Option<&Source>, notices: &mut Vec<String>) -> Option<Held> {
    match read(folder, pinned) {
        Ok(held) => Some(held),
        Err(reason) => {
            notices.push(format!("the download in `{}` is damaged: {reason}; it is fetched again", folder.display()));
            remove(folder);
            None
        }
    }
}

/// Removes an entry: renamed first, so that nobody finds half of it. What cannot be removed is found damaged again.
fn remove(folder: &Path) {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let doomed = folder.with_file_name(format!("{DRAFT}{}-{name}", std::process::id()));
    if fs::rename(folder, &doomed).is_ok() {
        let _ = fs::remove_dir_all(&doomed);
    }
}

/// Reads an entry and checks every file.
fn read(folder: &Path, pinned: Option<&Source>) -> Result<Held, String> {
    let text = fs::read_to_string(folder.join(ENTRY)).map_err(|error| format!("{ENTRY}: {error}"))?;
    let source: Source = ron::from_str(&text).map_err(|error| format!("{ENTRY}: {error}"))?;
    source.validate()?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if key(&source) != name || pinned.is_some_and(|pinned| pinned.difference(&source).is_some()) {
        return Err(format!("{ENTRY} lists other files"));
    }
    let mut contents = Contents::new();
    for file in &source.files {
        let path = folder.join(&file.name);
        let length = fs::metadata(&path).map_err(|error| format!("{}: {error}", file.name))?.len();
        if length != file.size {
            return Err(format!("{} has {length} bytes, not {}", file.name, file.size));
        }
        let content = fs::read(&path).map_err(|error| format!("{}: {error}", file.name))?;
        if !file.holds(&content) {
            return Err(format!("{} does not have its checksum", file.name));
        }
        contents.insert(file.name.clone(), content);
    }
    Ok(Held { source, folder: folder.to_owned(), contents })
}

fn write_through(path: &Path, content: &[u8]) -> Result<(), FetchError> {
    let written = fs::File::create_new(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(Cause::file("writing", path))
}

/// Writes a file beside and renames it into place; makes its folder where that is missing.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(DRAFT);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut beside = builder.tempfile_in(folder)?;
    beside.write_all(content)?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Removes what crashed processes left.
fn clear_abandoned(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.filter_map(Result::ok) {
        let draft = entry.file_name().to_string_lossy().starts_with(DRAFT);
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if draft && age.is_some_and(|age| age > ABANDONED) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
