//! Models and problems of public collections.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Span};
use crate::fetch::{self, FetchError, Fetched, LOCK_FILE, Lock};

/// Where downloads are pinned, and whether the network may be asked.
#[derive(Debug, Clone, Default)]
pub struct Remote {
    /// The folder of the lock file: that of the experiment.
    pub folder: PathBuf,
    /// Ask nobody: what is neither pinned nor in the cache is an error.
    pub offline: bool,
}

impl Remote {
    /// The file of a model of `BioModels`; `None` after a finding.
    pub fn biomodel(&self, id: &str, from: Span, findings: &mut Vec<Diagnostic>) -> Option<PathBuf> {
        self.fetched(from, findings, |lock, options| fetch::biomodel(id, lock, options))
    }

    /// The YAML file of a problem of the `PEtab` benchmark collection; `None` after a finding.
    pub fn petab_collection(&self, name: &str, from: Span, findings: &mut Vec<Diagnostic>) -> Option<PathBuf> {
        self.fetched(from, findings, |lock, options| fetch::petab_collection(name, lock, options))
    }

    fn fetched(
        &self,
        from: Span,
        findings: &mut Vec<Diagnostic>,
        fetch: impl FnOnce(&Lock, &fetch::Options) -> Result<Fetched, FetchError>,
    ) -> Option<PathBuf> {
        let lock = Lock::at(self.folder.join(LOCK_FILE));
        let fetched = fetch::Options::from_environment(self.offline).and_then(|options| fetch(&lock, &options));
        match fetched {
            Ok(fetched) => {
                let notices = fetched.notices.iter();
                findings.extend(notices.map(|notice| Diagnostic::warning("download-cache", notice).at(from, "")));
                Some(fetched.path())
            }
            Err(error) => {
                findings.push(error.diagnostic().at(from, "wanted here"));
                None
            }
        }
    }
}
