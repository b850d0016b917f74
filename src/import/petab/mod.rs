//! `PEtab` problems, version 1: a YAML file with its SBML model and tables.
//!
//! In reading order: [`files`] finds and reads the files; [`table`] gives cells that know where they stand; one file
//! for each table ([`parameters`], [`conditions`], [`observables`], [`measurements`]) with [`math`] for its formulas;
//! [`assemble`] makes a problem of them and of the model; [`write`] puts estimates and simulations back into tables.

mod assemble;
mod conditions;
mod files;
mod findings;
mod math;
mod measurements;
mod observables;
mod parameters;
mod symbols;
mod table;
mod values;
mod write;

use std::path::Path;

use crate::diagnostic::{Diagnostic, FileId, Sources};
use crate::model::problem::Problem;

pub use values::read_values;
pub use write::{parameter_table, simulation_table};

/// What came of a problem's files.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// The problem; nothing when a finding is an error.
    pub problem: Option<Problem>,
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The tables of parameters, whose columns [`parameter_table`] keeps.
    pub parameters: Vec<FileId>,
    /// The tables of measurements, whose columns [`simulation_table`] keeps.
    pub measurements: Vec<FileId>,
}

/// Reads the problem whose YAML file is at `path`. Every text that is read goes into `sources`.
#[must_use]
pub fn read(path: &Path, sources: &mut Sources) -> Imported {
    let mut findings = findings::Findings::default();
    let files = files::open(path, sources, &mut findings);
    let id = path.file_stem().map_or_else(|| "problem".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let problem = match findings.has_errors() {
        true => None,
        false => assemble::network(&files, sources, &mut findings)
            .and_then(|network| assemble::problem(&id, &files, network, sources, &mut findings)),
    };
    Imported {
        problem: problem.filter(|_| !findings.has_errors()),
        diagnostics: findings.finish(sources),
        parameters: files.parameters,
        measurements: files.measurements,
    }
}
