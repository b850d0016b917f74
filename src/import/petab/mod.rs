//! `PEtab` problems, version 1: a YAML file with its SBML model and tables.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Sources};
use crate::model::problem::Problem;

/// What came of a problem's files.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// The problem; nothing when a finding is an error.
    pub problem: Option<Problem>,
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the problem whose YAML file is at `path`. Every text that is read goes into `sources`.
#[must_use]
pub fn read(path: &Path, sources: &mut Sources) -> Imported {
    let _ = sources;
    let finding = Diagnostic::error("not-yet", format!("{}: PEtab is not read yet", path.display()));
    Imported { problem: None, diagnostics: vec![finding] }
}
