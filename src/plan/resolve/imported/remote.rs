//! Models and problems of public collections.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Span};

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
        let finding = Diagnostic::error("not-yet", format!("not yet: downloads of models such as `{id}`"));
        findings.push(finding.at(from, "known, but not yet there"));
        None
    }

    /// The YAML file of a problem of the `PEtab` benchmark collection; `None` after a finding.
    pub fn petab_collection(&self, name: &str, from: Span, findings: &mut Vec<Diagnostic>) -> Option<PathBuf> {
        let finding = Diagnostic::error("not-yet", format!("not yet: downloads of problems such as `{name}`"));
        findings.push(finding.at(from, "known, but not yet there"));
        None
    }
}
