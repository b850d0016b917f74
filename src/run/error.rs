//! What can go wrong while a plan is carried out.

use std::path::PathBuf;

use crate::table::TableError;

/// Why a run ended early. Everything that was finished before is in the store.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The user asked to stop.
    #[error("stopped; the same command goes on from here")]
    Interrupted,
    /// A file of the store could not be read or written.
    #[error("{action} `{}`: {source}{}", path.display(), advice(source))]
    File {
        /// What was tried, such as `writing`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Something else uses the store that must be alone in it.
    #[error("the store `{}` is in use by another kexp; try again when that has finished", _0.display())]
    InUse(PathBuf),
    /// A kept plan cannot be read, so that nobody knows what it needs.
    #[error("the plan `{}` cannot be read, so what it needs is unknown: {reason}; run its experiment again, or remove the file", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An artifact lacks a file, or holds one that cannot be read, although its checksum is right.
    #[error("the artifact of `{node}` cannot be used: {reason}")]
    Artifact {
        /// The node.
        node: String,
        /// What is wrong.
        reason: String,
    },
    /// A stage refused its input.
    #[error("{node}: {reason}")]
    Stage {
        /// The node.
        node: String,
        /// What is wrong, and what would help.
        reason: String,
    },
}

impl RunError {
    /// For `map_err` on file operations.
    pub fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> RunError {
        let path = path.into();
        move |source| RunError::File { action, path, source }
    }

    /// Is the disk full or not writable? Then no other node can succeed either.
    #[must_use]
    pub fn is_storage(&self) -> bool {
        matches!(self, RunError::File { .. })
    }
}

/// What to do about the commonest causes.
fn advice(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; make room, and the same command goes on from here, or choose another place with --store"
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied | ErrorKind::NotADirectory => {
            "; choose another place with --store"
        }
        _ => "",
    }
}

/// A reason that a stage gives; the executor adds the node's name.
#[derive(Debug)]
pub enum StageError {
    /// The user asked to stop.
    Interrupted,
    /// A file operation failed.
    Run(RunError),
    /// The stage refused its input.
    Refused(String),
}

impl StageError {
    /// With the node's name.
    #[must_use]
    pub fn of(self, node: &str) -> RunError {
        match self {
            StageError::Interrupted => RunError::Interrupted,
            StageError::Run(error) => error,
            StageError::Refused(reason) => RunError::Stage { node: node.to_owned(), reason },
        }
    }

    /// A refusal with its reason.
    pub fn refused(reason: impl std::fmt::Display) -> Self {
        StageError::Refused(reason.to_string())
    }
}

impl From<RunError> for StageError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Interrupted => StageError::Interrupted,
            other => StageError::Run(other),
        }
    }
}

impl From<TableError> for StageError {
    fn from(error: TableError) -> Self {
        StageError::Refused(error.to_string())
    }
}
