//! Models and problems of public collections: pinned by the lock file beside the experiment, kept in the cache, and
//! downloaded only when they are not there.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Span};
use crate::fetch::{self, Counter, FetchError, Fetched, Lock, Progress, Selection, Selections};

use super::features;

/// Where downloads are pinned, and whether the network may be asked.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The lock file of the experiment.
    pub lock: Lock,
    /// Ask nobody: what is not in the cache is an error.
    pub offline: bool,
    /// Is told how far a selection of models is, which takes minutes when none of them is in the cache.
    pub progress: Option<fn(Progress<'_>)>,
}

impl Remote {
    /// The file of a model of `BioModels`; `None` after a finding.
    pub fn biomodel(&self, id: &str, from: Option<Span>, findings: &mut Vec<Diagnostic>) -> Option<PathBuf> {
        let fetched = fetch::Options::from_environment(self.offline)
            .and_then(|options| fetch::biomodel(id, &self.lock, &options));
        opened(fetched, from, findings)
    }

    /// The models of `BioModels` with some features; `None` after a finding.
    pub fn biomodels(&self, selection: &Selection, from: Span, findings: &mut Vec<Diagnostic>) -> Option<Selections> {
        let mut counter = Counter { version: features::VERSION, count: &mut features::count };
        let mut progress = |done: Progress<'_>| {
            if let Some(tell) = self.progress {
                tell(done);
            }
        };
        let found = fetch::Options::from_environment(self.offline)
            .and_then(|options| fetch::biomodels(selection, &self.lock, &options, &mut counter, &mut progress));
        found.map_err(|error| findings.push(error.diagnostic().at(from, "cannot be had"))).ok()
    }

    /// The YAML file of a problem of the `PEtab` benchmark collection; `None` after a finding. Where `KEXP_DATA` names a
    /// folder that holds the problem below `petab`, it is taken from there, and neither downloaded nor pinned: keys are
    /// over what the files say.
    pub fn petab_collection(&self, name: &str, from: Option<Span>, findings: &mut Vec<Diagnostic>) -> Option<PathBuf> {
        if let Some(path) = in_data(name) {
            return Some(path);
        }
        let fetched = fetch::Options::from_environment(self.offline)
            .and_then(|options| fetch::petab_collection(name, &self.lock, &options));
        opened(fetched, from, findings)
    }
}

/// The file of a problem in the folder of data that the user keeps.
fn in_data(name: &str) -> Option<PathBuf> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let folder = PathBuf::from(std::env::var_os("KEXP_DATA")?);
    let path = folder.join("petab").join(name).join(format!("{name}.yaml"));
    (name.chars().all(is_plain) && path.is_file()).then_some(path)
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
