//! Models and problems of public collections: pinned by the lock file beside the experiment, kept in the cache, and
//! downloaded only when they are not there.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Span};
use crate::fetch::{self, FetchError, Fetched, Lock};

/// Where downloads are pinned, and whether the network may be asked.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The lock file of the experiment.
    pub lock: Lock,
    /// Ask nobody: what is not in the cache is an error.
    pub offline: bool,
}

impl Remote {
    /// The file of a model of `BioModels`; `None` after a finding.
    pub fn biomodel(&self, id: &str, from: Option<Span>, findings: &mut Vec<Diagnostic>) -> Option<PathBuf> {
        let fetched = fetch::Options::from_environment(self.offline)
            .and_then(|options| fetch::biomodel(id, &self.lock, &options));
        opened(fetched, from, findings)
    }

    /// The YAML file of a problem of the `PEtab` benchmark collection; `None` after a finding.
    pub fn petab_collection(&self, name: &str, from: Option<Span>, findings: &mut Vec<Diagnostic>) -> Option<PathBuf> {
        let fetched = fetch::Options::from_environment(self.offline)
            .and_then(|options| fetch::petab_collection(name, &self.lock, &options));
        opened(fetched, from, findings)
    }
}

/// The path of the file to open, or a finding at the place in the experiment.
fn opened(fetched: Result<Fetched, FetchError>, from: Option<Span>, findings: &mut Vec<Diagnostic>) -> Option<PathBuf> {
    let at = |finding: Diagnostic, label: &str| match from {
        Some(span) => finding.at(span, label),
        None => finding,
    };
    match fetched {
        Ok(fetched) => {
            let notices = fetched.notices.iter().map(|notice| Diagnostic::warning("download", notice.as_str()));
            findings.extend(notices.map(|notice| at(notice, "fetched for this")));
            Some(fetched.path())
        }
        Err(error) => {
            findings.push(at(error.diagnostic(), "cannot be had"));
            None
        }
    }
}
