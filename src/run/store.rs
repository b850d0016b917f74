//! The store: artifacts by key, each a folder of files with their checksums, put in place in one rename.
//!
//! ```text
//! DIR/artifacts/KEY/   the files of one artifact and `manifest.ron` with their lengths and checksums
//! DIR/work/KEY/        journal or checkpoint of a node that is not finished, and the lock that one process holds
//! DIR/seconds/KEY      wall-clock seconds, kept apart so that artifacts are identical from run to run
//! DIR/plans/           the last plan of each file and profile, and that of a run that has not finished
//! DIR/lock             held together by all that use the store, and alone by what removes artifacts
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::RunError;
use crate::plan::key::Key;
use crate::table::{Table, TableError};

/// A folder of artifacts. Any number of processes may use one at the same time.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    /// The lock of the store, given up with the last copy of this value.
    _lock: Option<Arc<File>>,
}

/// What an artifact holds, as written beside its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The stage that made it.
    pub stage: String,
    /// File name to length in bytes and BLAKE3 checksum.
    pub files: BTreeMap<String, (u64, String)>,
}

/// Whether the artifact of a key can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// All files have their checksums.
    Whole,
    /// There is none.
    Missing,
    /// Something is wrong with it, in words.
    Damaged(String),
}

/// One artifact of the store.
#[derive(Debug, Clone)]
pub struct Artifact {
    folder: PathBuf,
}

/// An artifact being written; it appears in the store when [`Store::publish`] is called, and not before.
#[derive(Debug)]
pub struct Draft {
    folder: tempfile::TempDir,
}

/// Held while a node is being computed, so that two processes do not compute it at the same time.
#[derive(Debug)]
pub struct NodeLock {
    _file: File,
    /// The folder for journals and checkpoints of the node.
    pub folder: PathBuf,
}

const MANIFEST: &str = "manifest.ron";

/// The folders of a store.
const PARTS: [&str; 4] = ["artifacts", "work", "seconds", "plans"];

impl Store {
    /// Opens a store, making its folders where they are missing. Any number of processes may have it open; the first
    /// of them clears away the half-written files of crashed ones.
    ///
    /// # Errors
    /// When the folder cannot be made or written, as on a read-only disk.
    pub fn open(folder: &Path) -> Result<Store, RunError> {
        let (store, lock) = Store::with_lock(folder)?;
        if lock.try_lock().is_ok() {
            store.clear_drafts()?;
        }
        lock.lock_shared().map_err(RunError::file("locking", folder.join("lock")))?;
        let probe = tempfile::NamedTempFile::new_in(folder.join("work"));
        probe.map_err(RunError::file("writing to the store", folder))?;
        Ok(Store { _lock: Some(Arc::new(lock)), ..store })
    }

    /// Opens a store that no other process uses, to remove what is not needed. Others that open it meanwhile wait.
    ///
    /// # Errors
    /// When another process uses the store, or its folder cannot be made or written.
    pub fn open_alone(folder: &Path) -> Result<Store, RunError> {
        let (store, lock) = Store::with_lock(folder)?;
        match lock.try_lock() {
            Ok(()) => Ok(Store { _lock: Some(Arc::new(lock)), ..store }),
            Err(TryLockError::WouldBlock) => Err(RunError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(RunError::file("locking", folder.join("lock"))(error)),
        }
    }

    fn with_lock(folder: &Path) -> Result<(Store, File), RunError> {
        for part in PARTS {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(RunError::file("making the store's folder", path))?;
        }
        let path = folder.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(RunError::file("writing to the store", path))?;
        Ok((Store::peek(folder), lock))
    }

    /// A store for reading only: nothing is made, and a missing folder is a store without artifacts.
    #[must_use]
    pub fn peek(folder: &Path) -> Store {
        Store { folder: folder.to_owned(), _lock: None }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn artifact_folder(&self, key: &Key) -> PathBuf {
        self.folder.join("artifacts").join(key.to_string())
    }

    /// Is there an artifact, by its manifest alone? Cheap; see [`Store::verify`].
    #[must_use]
    pub fn has(&self, key: &Key) -> bool {
        self.artifact_folder(key).join(MANIFEST).is_file()
    }

    /// Reads every file of an artifact and compares checksums.
    #[must_use]
    pub fn verify(&self, key: &Key) -> Presence {
        let folder = self.artifact_folder(key);
        if !folder.exists() {
            return Presence::Missing;
        }
        let manifest = match read_manifest(&folder) {
            Ok(manifest) => manifest,
            Err(reason) => return Presence::Damaged(reason),
        };
        for (name, (length, checksum)) in &manifest.files {
            match fs::read(folder.join(name)) {
                Ok(bytes) if bytes.len() as u64 != *length => {
                    return Presence::Damaged(format!("`{name}` has {} bytes instead of {length}", bytes.len()));
                }
                Ok(bytes) if blake3::hash(&bytes).to_hex().as_str() != checksum => {
                    return Presence::Damaged(format!("the checksum of `{name}` is wrong"));
                }
                Ok(_) => {}
                Err(error) => return Presence::Damaged(format!("`{name}` cannot be read: {error}")),
            }
        }
        Presence::Whole
    }

    /// The artifact of a key that is known to be present.
    #[must_use]
    pub fn artifact(&self, key: &Key) -> Artifact {
        Artifact { folder: self.artifact_folder(key) }
    }

    /// All keys with an artifact, in order.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn keys(&self) -> Result<Vec<Key>, RunError> {
        let names = self.list("artifacts")?;
        Ok(names.iter().filter_map(|path| Key::parse(&path.file_name()?.to_string_lossy())).collect())
    }

    /// The last plans of all files and profiles that this store has seen, and those of runs that have not finished.
    ///
    /// # Errors
    /// When one cannot be read: nobody can say then what it needs.
    pub fn plans<T: for<'a> Deserialize<'a>>(&self) -> Result<Vec<T>, RunError> {
        let read = |path: &PathBuf| {
            let text = fs::read_to_string(path).map_err(RunError::file("reading", path))?;
            ron::from_str(&text).map_err(|error| RunError::Plan { path: path.clone(), reason: error.to_string() })
        };
        let paths = self.list("plans")?;
        paths.iter().filter(|path| path.extension().is_some_and(|kind| kind == "ron")).map(read).collect()
    }

    /// Removes the journals, checkpoints and noted seconds of all nodes but the needed ones, and the half-written files
    /// of crashed runs. Only for a store that was opened with [`Store::open_alone`].
    ///
    /// # Errors
    /// When files cannot be removed.
    pub fn clear_work(&self, needed: &BTreeSet<Key>) -> Result<(), RunError> {
        self.clear_drafts()?;
        for path in self.list("work")?.into_iter().chain(self.list("seconds")?) {
            let key = path.file_name().and_then(|name| Key::parse(&name.to_string_lossy()));
            if key.is_none_or(|key| !needed.contains(&key)) {
                remove_any(&path)?;
            }
        }
        Ok(())
    }

    /// Removes what crashed processes were writing, and the folders of nodes whose artifact was put in place just before
    /// the crash: nobody else may use the store meanwhile.
    fn clear_drafts(&self) -> Result<(), RunError> {
        for part in PARTS {
            for path in self.list(part)? {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let is_half_written = [DRAFT, REMOVED, ".tmp"].iter().any(|start| name.starts_with(start));
                let is_finished = part == "work" && Key::parse(&name).is_some_and(|key| self.has(&key));
                if is_half_written || is_finished {
                    remove_any(&path)?;
                }
            }
        }
        Ok(())
    }

    fn list(&self, part: &str) -> Result<Vec<PathBuf>, RunError> {
        let folder = self.folder.join(part);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(RunError::file("listing", &folder))?,
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        Ok(paths)
    }

    /// Removes the artifact of a key, if there is one.
    ///
    /// # Errors
    /// When files cannot be removed.
    pub fn remove(&self, key: &Key) -> Result<(), RunError> {
        let folder = self.artifact_folder(key);
        // Renamed first, so that a half-removed artifact is never found under its key.
        let doomed = self.folder.join("work").join(format!("{REMOVED}{}-{}", std::process::id(), key));
        match fs::rename(&folder, &doomed) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(RunError::File { action: "removing", path: folder, source: error }),
            Ok(()) => fs::remove_dir_all(&doomed).map_err(RunError::file("removing", doomed)),
        }
    }

    /// Starts a new artifact.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn draft(&self) -> Result<Draft, RunError> {
        let work = self.folder.join("work");
        let folder = tempfile::Builder::new()
            .prefix(DRAFT)
            .tempdir_in(&work)
            .map_err(RunError::file("writing to the store", work))?;
        Ok(Draft { folder })
    }

    /// Puts a finished artifact in its place. When another process was faster, its artifact stays.
    ///
    /// # Errors
    /// When files cannot be read back, flushed or renamed.
    pub fn publish(&self, key: &Key, stage: &str, draft: Draft) -> Result<(), RunError> {
        let folder = draft.folder.path().to_owned();
        let mut manifest = Manifest { stage: stage.to_owned(), files: BTreeMap::new() };
        let entries = fs::read_dir(&folder).map_err(RunError::file("listing", &folder))?;
        for entry in entries {
            let path = entry.map_err(RunError::file("listing", &folder))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let bytes = fs::read(&path).map_err(RunError::file("reading back", &path))?;
            File::open(&path).and_then(|file| file.sync_all()).map_err(RunError::file("flushing", &path))?;
            manifest.files.insert(name, (bytes.len() as u64, blake3::hash(&bytes).to_hex().to_string()));
        }
        let text = pretty_ron(&manifest);
        write_atomically(&folder.join(MANIFEST), text.as_bytes())?;
        let target = self.artifact_folder(key);
        let source = draft.folder.keep();
        match fs::rename(&source, &target) {
            Ok(()) => Ok(()),
            Err(_) if self.has(key) => fs::remove_dir_all(&source).map_err(RunError::file("removing", source)),
            Err(error) => {
                // The artifact is made again by the next run; what is left of this one is in nobody's way.
                let _ = fs::remove_dir_all(&source);
                Err(RunError::File { action: "putting in place", path: target, source: error })
            }
        }
    }

    /// Holds a node, so that no other process computes it; `None` while another one does. It never waits: a thread that
    /// waits may hold other nodes for which that process waits in turn.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn lock(&self, key: &Key) -> Result<Option<NodeLock>, RunError> {
        loop {
            let folder = self.folder.join("work").join(key.to_string());
            fs::create_dir_all(&folder).map_err(RunError::file("making the node's folder", &folder))?;
            let path = folder.join("lock");
            let file = match File::create(&path) {
                // The process that held the lock finished and removed the folder between the two calls above.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(RunError::file("locking", &path))?,
            };
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(RunError::file("locking", path)(error)),
                Ok(()) => {}
            }
            // The last holder may have removed the folder before the lock was taken: then the lock guards nothing.
            if is_same_file(&file, &path) {
                return Ok(Some(NodeLock { _file: file, folder }));
            }
        }
    }

    /// Removes the journal and checkpoints of a finished node and gives up its lock.
    pub fn finish(&self, lock: NodeLock) {
        // What cannot be removed now is removed by `kexp store gc`; the artifact itself is in place.
        let _ = fs::remove_dir_all(&lock.folder);
    }

    /// Notes how long a node took.
    pub fn note_seconds(&self, key: &Key, seconds: f64) {
        // A sidecar for people; a run does not fail over it.
        let _ =
            write_atomically(&self.folder.join("seconds").join(key.to_string()), format!("{seconds:.3}\n").as_bytes());
    }

    /// How long the node of this key took, when it was computed in this store.
    #[must_use]
    pub fn seconds(&self, key: &Key) -> Option<f64> {
        fs::read_to_string(self.folder.join("seconds").join(key.to_string())).ok()?.trim().parse().ok()
    }

    /// Where the last plan of a file and profile is kept.
    #[must_use]
    pub fn plan_path(&self, file: &Path, profile: Option<&str>) -> PathBuf {
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let name = format!("{}\n{}", file.display(), profile.unwrap_or(""));
        self.folder.join("plans").join(format!("{}.ron", &blake3::hash(name.as_bytes()).to_hex()[..16]))
    }
}

/// Where the plan of a run that has not finished is kept, beside the last plan.
#[must_use]
pub fn started_path(plan: &Path) -> PathBuf {
    plan.with_extension("started.ron")
}

/// How the folders of artifacts that are being written or removed are called.
const DRAFT: &str = "draft-";
const REMOVED: &str = "removed-";

fn remove_any(path: &Path) -> Result<(), RunError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(RunError::file("removing", path))
}

fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => open.ino() == named.ino() && open.dev() == named.dev(),
        _ => false,
    }
}

fn read_manifest(folder: &Path) -> Result<Manifest, String> {
    let text = fs::read_to_string(folder.join(MANIFEST)).map_err(|error| format!("no manifest: {error}"))?;
    ron::from_str(&text).map_err(|error| format!("its manifest cannot be read: {error}"))
}

impl Artifact {
    /// The path of one of its files.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A table of the artifact, `NAME.parquet`.
    ///
    /// # Errors
    /// When the file is missing or no table.
    pub fn table(&self, name: &str) -> Result<Table, RunError> {
        let path = self.path(&format!("{name}.parquet"));
        Table::read_parquet(&path).map_err(|error| self.unusable(&path, &error))
    }

    /// A value of the artifact, `NAME.ron`.
    ///
    /// # Errors
    /// When the file is missing or holds something else.
    pub fn value<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Result<T, RunError> {
        let path = self.path(&format!("{name}.ron"));
        let text = fs::read_to_string(&path).map_err(RunError::file("reading", &path))?;
        ron::from_str(&text).map_err(|error| self.unusable(&path, &error))
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// When the file is missing.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, RunError> {
        let path = self.path(name);
        fs::read(&path).map_err(RunError::file("reading", path))
    }

    fn unusable(&self, path: &Path, error: &dyn std::fmt::Display) -> RunError {
        let key = self.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        RunError::Artifact { node: key, reason: format!("{file}: {error}") }
    }
}

impl Draft {
    /// Where to write a file of the artifact.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a table as `NAME.parquet`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn table(&self, name: &str, table: &Table) -> Result<(), RunError> {
        let path = self.path(&format!("{name}.parquet"));
        table.write_parquet(&path).map_err(|error| {
            let source = match error {
                TableError::File(error) => error,
                other => io::Error::other(other.to_string()),
            };
            RunError::File { action: "writing", path, source }
        })
    }

    /// Adds a value as `NAME.ron`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn value<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunError> {
        self.bytes(&format!("{name}.ron"), pretty_ron(value).as_bytes())
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn bytes(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let path = self.path(name);
        fs::write(&path, bytes).map_err(RunError::file("writing", path))
    }
}

/// A value as indented RON.
///
/// # Panics
/// Never for the plain data types that kexp stores: their serialisation cannot fail.
#[must_use]
pub fn pretty_ron<T: Serialize>(value: &T) -> String {
    let config = ron::ser::PrettyConfig::new().indentor("  ").struct_names(false).depth_limit(8);
    ron::ser::to_string_pretty(value, config).expect("plain data without custom serialisers is always valid RON")
}

/// Writes a file beside its place, flushes it and renames it into place.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(RunError::file("writing", path))
}
