//! The lock file `kexp.lock`: what was downloaded for the experiments of a folder, pinned by checksum.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cache::{Cache, write_whole};
use super::error::{Cause, FetchError};
use super::source::Source;

/// The name of the lock file, which stands beside the `.kexp` file and is committed with it.
pub const LOCK_FILE: &str = "kexp.lock";

/// The lock file of a folder. It is read anew for each question, so that several processes can share it.
#[derive(Debug, Clone)]
pub struct Lock {
    path: Option<PathBuf>,
    /// What was pinned when the file was read for many questions; nothing is pinned by these.
    held: Option<Arc<BTreeMap<(String, String), Source>>>,
}

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Locked {
    format: u32,
    sources: Vec<Source>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    selections: Vec<PinnedSelection>,
}

/// What a selection by features gave.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PinnedSelection {
    /// The selection in words.
    biomodels: String,
    /// The identifiers of its models.
    models: Vec<String>,
}

const FORMAT: u32 = 1;

const COMMENT: &str = "\
// What kexp downloaded for the experiments in this folder, pinned by BLAKE3 checksums. Commit this file.
// An entry is written at its first use; later runs accept nothing else. To take a newer version of a source or to
// select anew, remove the entry and run again.
";

impl Lock {
    /// The lock file at this path. It need not exist.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), held: None }
    }

    /// The lock file beside a `.kexp` file.
    #[must_use]
    pub fn beside(experiment: &Path) -> Self {
        Self::at(experiment.with_file_name(LOCK_FILE))
    }

    /// Pins nothing, for commands that have no experiment.
    #[must_use]
    pub fn none() -> Self {
        Self { path: None, held: None }
    }

    /// Where the file is, if there is to be one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The file as it is now, for many questions: later changes do not show, and nothing is pinned through it.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub(super) fn held(&self) -> Result<Self, FetchError> {
        let sources = self.sources()?.into_iter();
        let held = sources.map(|source| ((source.collection.clone(), source.id.clone()), source)).collect();
        Ok(Self { path: self.path.clone(), held: Some(Arc::new(held)) })
    }

    /// Does it pin what was not pinned before?
    pub(super) fn pins(&self) -> bool {
        self.path.is_some() && self.held.is_none()
    }

    /// What is pinned for an entry of a collection.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn find(&self, collection: &str, id: &str) -> Result<Option<Source>, FetchError> {
        if let Some(held) = &self.held {
            return Ok(held.get(&(collection.to_owned(), id.to_owned())).cloned());
        }
        let sources = self.sources()?;
        Ok(sources.into_iter().find(|source| source.collection == collection && source.id == id))
    }

    /// Everything that is pinned, by collection and identifier.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn sources(&self) -> Result<Vec<Source>, FetchError> {
        Ok(self.read()?.sources)
    }

    /// The models that are pinned for a selection by features.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub(super) fn selection(&self, words: &str) -> Result<Option<Vec<String>>, FetchError> {
        let selections = self.read()?.selections;
        Ok(selections.into_iter().find(|pinned| pinned.biomodels == words).map(|pinned| pinned.models))
    }

    /// Pins a source; one that is pinned already must have the same content.
    ///
    /// # Errors
    /// When other content is pinned, or the file cannot be read or written.
    pub(super) fn pin(&self, source: &Source, cache: &Cache) -> Result<(), FetchError> {
        self.change(cache, |locked| self.add(locked, source))
    }

    /// Pins the models of a selection by features together with the selection; one that another process pinned meanwhile
    /// stays. What is pinned already must have the same content.
    ///
    /// # Errors
    /// When other content is pinned, or the file cannot be read or written.
    pub(super) fn pin_selection(&self, words: &str, models: &[Source], cache: &Cache) -> Result<(), FetchError> {
        self.change(cache, |locked| {
            let mut new = false;
            for source in models {
                new |= self.add(locked, source)?;
            }
            if locked.selections.iter().any(|pinned| pinned.biomodels == words) {
                return Ok(new);
            }
            let models = models.iter().map(|source| source.id.clone()).collect();
            locked.selections.push(PinnedSelection { biomodels: words.to_owned(), models });
            locked.selections.sort_by(|a, b| a.biomodels.cmp(&b.biomodels));
            Ok(true)
        })
    }

    /// Adds a source to those that are sorted by collection and identifier, unless it is there.
    fn add(&self, locked: &mut Locked, source: &Source) -> Result<bool, FetchError> {
        let key = (&source.collection, &source.id);
        match locked.sources.binary_search_by(|known| (&known.collection, &known.id).cmp(&key)) {
            Ok(at) => self.compare(&locked.sources[at], source).map(|()| false),
            Err(at) => {
                locked.sources.insert(at, source.clone());
                Ok(true)
            }
        }
    }

    fn read(&self) -> Result<Locked, FetchError> {
        let Some(path) = &self.path else { return Ok(Locked::default()) };
        let wrong = |reason: String| FetchError::from(Cause::Lock { path: path.clone(), reason });
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Locked::default()),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let locked: Locked = ron::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if locked.format != FORMAT {
            return Err(wrong(format!("it has format {}, and this kexp reads format {FORMAT}", locked.format)));
        }
        for source in &locked.sources {
            source.validate().map_err(wrong)?;
        }
        Ok(locked)
    }

    /// Reads, changes and writes the file, one process at a time, so that no entry gets lost between reading and
    /// writing. `change` says whether there is anything to write.
    fn change(
        &self,
        cache: &Cache,
        change: impl FnOnce(&mut Locked) -> Result<bool, FetchError>,
    ) -> Result<(), FetchError> {
        let Some(path) = self.path.as_ref().filter(|_| self.pins()) else { return Ok(()) };
        let _guard = guard(cache)?;
        let mut locked = self.read()?;
        locked.format = FORMAT;
        // Somebody may have edited it.
        locked.sources.sort_by(|a, b| (&a.collection, &a.id).cmp(&(&b.collection, &b.id)));
        if !change(&mut locked)? {
            return Ok(());
        }
        let pretty = ron::ser::PrettyConfig::default().new_line("\n");
        let text = ron::ser::to_string_pretty(&locked, pretty)
            .map_err(|error| Cause::Lock { path: path.clone(), reason: error.to_string() })?;
        write_whole(path, format!("{COMMENT}{text}\n").as_bytes()).map_err(Cause::file("writing", path))
    }

    /// Is this the content that is pinned?
    ///
    /// # Errors
    /// When it is not; the error shows both checksums.
    pub(super) fn compare(&self, pinned: &Source, found: &Source) -> Result<(), FetchError> {
        let Some((file, pinned, here)) = pinned.difference(found) else { return Ok(()) };
        let lock = self.path.clone().unwrap_or_default();
        Err(Cause::Checksum { id: found.id.clone(), file, lock, pinned, found: here }.into())
    }
}

/// Held by the one process that changes a lock file.
fn guard(cache: &Cache) -> Result<fs::File, FetchError> {
    fs::create_dir_all(cache.folder()).map_err(Cause::file("making", cache.folder()))?;
    let path = cache.folder().join("lock");
    let file = fs::File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(Cause::file("writing", &path))?;
    file.lock().map_err(Cause::file("locking", &path))?;
    Ok(file)
}
