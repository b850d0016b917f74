//! What can go wrong between a name in a collection and the bytes of its files.

use std::path::PathBuf;

use crate::diagnostic::Diagnostic;

/// Why something could not be fetched: what happened, then what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{cause}{}; {}", tried(*.attempts), cause.advice())]
pub struct FetchError {
    /// What happened.
    pub cause: Cause,
    /// How often it was tried.
    pub attempts: u32,
}

fn tried(attempts: u32) -> String {
    match attempts {
        0 | 1 => String::new(),
        more => format!(" (tried {more} times)"),
    }
}

impl FetchError {
    /// The same as a diagnostic without a place; whoever knows the line of the `.kexp` file adds it.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let message = format!("{}{}", self.cause, tried(self.attempts));
        Diagnostic::error(self.cause.code(), message).help(self.cause.advice())
    }
}

impl From<Cause> for FetchError {
    fn from(cause: Cause) -> Self {
        Self { cause, attempts: 1 }
    }
}

/// What happened.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The name cannot be one of the collection. Nothing was asked for.
    #[error("`{id}` is not {expected}")]
    Id {
        /// As given.
        id: String,
        /// What a name of this collection looks like.
        expected: &'static str,
    },
    /// The address cannot be used at all.
    #[error("{url}: this address cannot be used: {reason}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server answered with an error.
    #[error("{url}: the server answered {status}{}", status_words(*.status))]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// No answer, or not the whole of it, in time.
    #[error("{url}: no whole answer within {seconds} s")]
    Timeout {
        /// What was asked for.
        url: String,
        /// The limit that was reached, in seconds.
        seconds: f64,
    },
    /// The server cannot be reached, or the connection broke.
    #[error("{url}: no connection: {reason}")]
    Connection {
        /// What was asked for.
        url: String,
        /// The system's reason.
        reason: String,
    },
    /// The server sends from address to address.
    #[error("{url}: more than {most} redirects, so they probably go round in a circle")]
    Redirects {
        /// What was asked for.
        url: String,
        /// The limit.
        most: u32,
    },
    /// The answer is larger than a model or a table can be.
    #[error("{url}: the answer has {}, more than the limit of {}", size_words(*.claimed), bytes(*.most))]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The size that the server announced, if it did.
        claimed: Option<u64>,
        /// The limit in bytes.
        most: u64,
    },
    /// The answer ended early.
    #[error("{url}: the answer ended after {received} bytes, {}", expected_words(*.expected))]
    Truncated {
        /// What was asked for.
        url: String,
        /// Bytes that came.
        received: u64,
        /// Bytes that were announced, if they were.
        expected: Option<u64>,
    },
    /// The size is not the one of the collection's own list.
    #[error("{url}: {received} bytes came, but the list of files says {listed}")]
    Size {
        /// What was asked for.
        url: String,
        /// Bytes that came.
        received: u64,
        /// Bytes in the list.
        listed: u64,
    },
    /// A web page came where a file was asked for.
    #[error("{url}: the server sent a web page (HTML) instead of {expected}{}", title_words(.title.as_deref()))]
    Page {
        /// What was asked for.
        url: String,
        /// What should have come.
        expected: &'static str,
        /// The title of the page.
        title: Option<String>,
    },
    /// Something else came than what was asked for.
    #[error("{url}: this is not {expected}: {reason}")]
    Content {
        /// What was asked for.
        url: String,
        /// What should have come.
        expected: &'static str,
        /// What came.
        reason: String,
    },
    /// The collection has the entry, but nothing in it that can be read.
    #[error("{id} has no SBML model: {reason}")]
    NoModel {
        /// The entry.
        id: String,
        /// What it has.
        reason: String,
    },
    /// An archive that cannot be opened, or must not be.
    #[error("{archive}: {reason}")]
    Archive {
        /// Its name.
        archive: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that comes from outside and must not become a path.
    #[error("{from} names the file `{name}`, which is not a plain file name")]
    Name {
        /// Who names it.
        from: String,
        /// The name.
        name: String,
    },
    /// Not in the cache, and the network must not be used.
    #[error("{id} is not in the cache `{}`{}, and this run is offline", cache.display(), damage(.damaged.as_deref()))]
    Offline {
        /// What is missing.
        id: String,
        /// What was there but could not be used.
        damaged: Option<String>,
        /// The cache.
        cache: PathBuf,
    },
    /// The lock file pins other content than what came.
    #[error(
        "{id}: `{file}` is not the file that `{}` pins: there BLAKE3 {pinned}, here BLAKE3 {found}",
        lock.display()
    )]
    Checksum {
        /// The entry.
        id: String,
        /// The file that differs.
        file: String,
        /// The lock file.
        lock: PathBuf,
        /// The checksum in the lock file, or `none`.
        pinned: String,
        /// The checksum of what came, or `none`.
        found: String,
    },
    /// The lock file cannot be understood.
    #[error("`{}`: {reason}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the cache or the lock file could not be read or written.
    #[error("{action} `{}`: {source}", path.display())]
    File {
        /// What was tried, such as `writing`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// There is no place for the cache.
    #[error("there is no folder for downloads: neither KEXP_CACHE, XDG_CACHE_HOME nor HOME is set")]
    NoCache,
}

impl Cause {
    /// For `map_err` on file operations.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> FetchError {
        let path = path.into();
        move |source| Cause::File { action, path, source }.into()
    }

    /// May the same request succeed a moment later? Errors of the server and of the line may; refusals may not.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Cause::Status { status, .. } => *status >= 500 || *status == 429,
            Cause::Timeout { .. } | Cause::Connection { .. } | Cause::Truncated { .. } => true,
            _ => false,
        }
    }

    /// A stable code for diagnostics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Cause::Id { .. } => "unknown-source",
            Cause::Offline { .. } => "offline",
            Cause::Checksum { .. } => "checksum-mismatch",
            Cause::Lock { .. } => "lock-file",
            Cause::File { .. } | Cause::NoCache => "download-cache",
            _ => "download",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Cause::Id { .. } => "look the entry up on the collection's pages and check the spelling".to_owned(),
            Cause::Url { .. } => "check KEXP_BIOMODELS_URL and KEXP_PETAB_URL".to_owned(),
            Cause::Status { status: 404 | 410, .. } => "check that the entry exists in the collection".to_owned(),
            Cause::Status { status: 400..=499, .. } => {
                "the server refuses this request; check the name, and the address if another server is set".to_owned()
            }
            Cause::Status { .. } | Cause::Truncated { .. } | Cause::Size { .. } | Cause::Page { .. } => {
                "the fault is the server's; try again later".to_owned()
            }
            Cause::Timeout { .. } => {
                "try again later, or allow more time with KEXP_FETCH_TIMEOUT (seconds without an answer)".to_owned()
            }
            Cause::Connection { .. } => "check the network, or use what is in the cache with --offline".to_owned(),
            Cause::Redirects { .. } => "check the address of the server; if it is right, try again later".to_owned(),
            Cause::TooLarge { .. } => "download the file by hand and name it with sbml(...) or petab(...)".to_owned(),
            Cause::Content { .. } => "open the address in a browser to see what the server has to say".to_owned(),
            Cause::NoModel { .. } => "choose an entry in SBML, or export it to SBML and use sbml(...)".to_owned(),
            Cause::Archive { .. } => "unpack the archive by hand and name the model with sbml(...)".to_owned(),
            Cause::Name { .. } => "kexp does not follow such names; report this to the collection".to_owned(),
            Cause::Offline { .. } => "run once without --offline, so that it is downloaded and pinned".to_owned(),
            Cause::Checksum { id, lock, .. } => format!(
                "if the new content is wanted, remove the entry of {id} from `{}` and run again; \
                 otherwise restore the old file from a backup of the cache",
                lock.display()
            ),
            Cause::Lock { .. } => "restore it from version control, or remove it to pin everything anew".to_owned(),
            Cause::File { .. } => "choose another folder for downloads with KEXP_CACHE, or make room".to_owned(),
            Cause::NoCache => "set KEXP_CACHE to a folder outside the project".to_owned(),
        }
    }
}

fn status_words(status: u16) -> &'static str {
    match status {
        400 => " (bad request)",
        401 | 403 => " (access denied)",
        404 => " (not found)",
        410 => " (gone)",
        429 => " (too many requests)",
        500 => " (internal error)",
        502..=504 => " (not available)",
        _ => "",
    }
}

fn size_words(claimed: Option<u64>) -> String {
    claimed.map_or_else(|| "no end".to_owned(), bytes)
}

fn expected_words(expected: Option<u64>) -> String {
    expected.map_or_else(|| "before its end".to_owned(), |expected| format!("not {expected} as announced"))
}

fn title_words(title: Option<&str>) -> String {
    title.map_or_else(String::new, |title| format!(": \"{title}\""))
}

fn damage(damaged: Option<&str>) -> String {
    damaged.map_or_else(String::new, |reason| format!(" ({reason})"))
}

/// A size for people.
fn bytes(count: u64) -> String {
    match count {
        0..=99_999 => format!("{count} bytes"),
        100_000..=99_999_999 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}
