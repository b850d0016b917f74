//! The way of every download: lock file, cache, network, and back.

use std::path::PathBuf;

use super::cache::{Cache, Held};
use super::client::{Client, Limits};
use super::error::{Cause, FetchError};
use super::lock::Lock;
use super::source::{Contents, Source, SourceFile};

/// Where and how to fetch.
#[derive(Debug, Clone)]
pub struct Options {
    /// Downloads, with their limits.
    pub client: Client,
    /// Where downloads are kept.
    pub cache: Cache,
    /// Use only what is in the cache.
    pub offline: bool,
    /// The address of `BioModels`' REST interface, without a slash at its end.
    pub biomodels_url: String,
    /// The address below which the `PEtab` collection has its commits, without a slash at its end.
    pub petab_url: String,
    /// The commit of the `PEtab` collection to use for what is not pinned yet.
    pub petab_commit: String,
}

impl Options {
    /// The public servers, or those of `KEXP_BIOMODELS_URL` and `KEXP_PETAB_URL`; the cache of the environment.
    ///
    /// # Errors
    /// When there is no folder for the cache.
    pub fn from_environment(offline: bool) -> Result<Self, FetchError> {
        let cache = Cache::from_environment()?;
        Ok(Self {
            biomodels_url: address("KEXP_BIOMODELS_URL", super::biomodels::SERVER),
            petab_url: address("KEXP_PETAB_URL", super::petab::SERVER),
            petab_commit: address("KEXP_PETAB_COMMIT", super::petab::COMMIT),
            offline,
            ..Self::new(Client::new(Limits::from_environment()), cache)
        })
    }

    /// The public servers with this client and cache.
    #[must_use]
    pub fn new(client: Client, cache: Cache) -> Self {
        Self {
            client,
            cache,
            offline: false,
            biomodels_url: super::biomodels::SERVER.to_owned(),
            petab_url: super::petab::SERVER.to_owned(),
            petab_commit: super::petab::COMMIT.to_owned(),
        }
    }
}

fn address(variable: &str, default: &str) -> String {
    let set = std::env::var(variable).ok().map(|value| value.trim().trim_end_matches('/').to_owned());
    set.filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
}

/// An entry of a collection that lies in the cache, whole and verified.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// What it is and where it came from.
    pub source: Source,
    /// The folder in the cache with all its files.
    pub folder: PathBuf,
    /// All its files, as verified.
    pub contents: Contents,
    /// Was it downloaded just now?
    pub downloaded: bool,
    /// What the user should know, such as that a damaged file was replaced.
    pub notices: Vec<String>,
}

impl Fetched {
    /// The path of the file to open.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.source.main)
    }

    /// The content of the file to open.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.contents.get(&self.source.main).map_or(&[], Vec::as_slice)
    }

    /// The content of the file to open as text, which must be UTF-8 as SBML and YAML are.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str, FetchError> {
        std::str::from_utf8(self.bytes()).map_err(|error| {
            let url = self.source.main_file().map_or_else(String::new, |file| file.url.clone());
            Cause::Content { url, expected: "text in UTF-8", reason: error.to_string() }.into()
        })
    }

    /// What people call it, or its identifier.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.source.title.is_empty() {
            true => &self.source.id,
            false => &self.source.title,
        }
    }

    /// The BLAKE3 checksum of the file to open.
    #[must_use]
    pub fn checksum(&self) -> &str {
        self.source.main_file().map_or("", |file: &SourceFile| &file.blake3)
    }
}

/// What is wanted: an entry of a collection, in one version if that matters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub collection: &'a str,
    pub id: &'a str,
    pub version: Option<&'a str>,
}

/// How a collection is asked.
pub(super) struct Ways<V, D> {
    /// Asks for the newest version of an entry, empty where the collection does not say.
    pub newest: V,
    /// Downloads an entry; is told what is pinned.
    pub download: D,
}

/// From the cache if it is there, else by a download. The result is pinned. What is pinned for the first time is the
/// newest version, also where the cache holds an older one.
pub(super) fn obtain(
    wanted: Wanted,
    lock: &Lock,
    options: &Options,
    ways: Ways<
        impl FnOnce() -> Result<String, FetchError>,
        impl FnOnce(Option<&Source>) -> Result<(Source, Contents), FetchError>,
    >,
) -> Result<Fetched, FetchError> {
    let pinned = lock.find(wanted.collection, wanted.id)?;
    let mut notices = Vec::new();
    let held = options.cache.find(wanted, pinned.as_ref(), &mut notices);
    let asks = pinned.is_none() && lock.pins() && wanted.version.is_none() && !options.offline;
    if let Some(Held { source, folder, contents }) = held
        && !(asks && is_outdated(&source, ways.newest, &mut notices))
    {
        if pinned.is_none() {
            lock.pin(&source, &options.cache)?;
        }
        return Ok(Fetched { source, folder, contents, downloaded: false, notices });
    }
    if options.offline {
        let cache = options.cache.folder().to_owned();
        let damaged = notices.pop();
        return Err(Cause::Offline { id: wanted.id.to_owned(), damaged, cache }.into());
    }
    let (source, contents) = (ways.download)(pinned.as_ref())?;
    if let Some(pinned) = &pinned {
        lock.compare(pinned, &source)?;
    }
    lock.pin(&source, &options.cache)?;
    let folder = options.cache.put(&source, &contents)?;
    Ok(Fetched { source, folder, contents, downloaded: true, notices })
}

/// Has the collection another version than this one? Where it does not answer, what is here is good enough.
fn is_outdated(held: &Source, newest: impl FnOnce() -> Result<String, FetchError>, notices: &mut Vec<String>) -> bool {
    match newest() {
        Ok(version) => !version.is_empty() && version != held.version,
        Err(error) => {
            let id = &held.id;
            notices.push(format!("{id} comes from the cache; whether there is a newer version is not known: {error}"));
            false
        }
    }
}
