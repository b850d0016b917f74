//! Datasets whose rows are in a table: the files are read once here, so that what is wrong in them shows before anything
//! runs, and so that their content is part of what a node means.

use std::path::PathBuf;

use super::collect::Collected;
use super::imports::{Files, bytes_of, tidy};
use super::{Declaration, Experiment};
use crate::diagnostic::{Diagnostic, Sources};
use crate::plan::rows::{self, Format, RowFile};
use crate::schema::Value;

/// Fills [`Experiment::row_files`], and reads each table for every problem that it is used with.
pub(super) fn fill(
    experiment: &mut Experiment,
    collected: &Collected<'_>,
    files: &Files,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) {
    for declaration in experiment.datasets.values() {
        let Some((path, format)) = table_of(declaration, collected, files) else { continue };
        let from = declaration.origin("from").span().unwrap_or(declaration.span);
        let bytes = match bytes_of(&path, Some(from)) {
            Ok(bytes) => bytes,
            Err(wrong) => {
                findings.push(wrong);
                continue;
            }
        };
        let file = RowFile { path, format, checksum: rows::checksum(&bytes) };
        let uses = experiment.tunes.values().chain(experiment.generates.values());
        let started = experiment.posteriors.values().chain(experiment.profile_likelihoods.values());
        let mut problems: Vec<&str> = uses
            .filter(|user| ["dataset", "held_out"].map(|place| user.word(place)).contains(&Some(&declaration.name)))
            .chain(started.filter(|user| user.value("start") == Some(&Value::Text(declaration.name.clone()))))
            .filter_map(|user| user.word("problem"))
            .collect();
        problems.sort_unstable();
        problems.dedup();
        for name in problems {
            if let Some(declared) = experiment.problems.get(name) {
                let _ = rows::read(&file, bytes.clone(), &declared.problem, from, sources, findings);
            }
        }
        experiment.row_files.insert(declaration.name.clone(), file);
    }
}

fn table_of(declaration: &Declaration, collected: &Collected<'_>, files: &Files) -> Option<(PathBuf, Format)> {
    let (word, written) = (declaration.word("from")?, declaration.word("from.path")?);
    let folder = &files.files[collected.named(&declaration.name)?.file].folder;
    let format = if word == "parquet" { Format::Parquet } else { Format::Csv };
    Some((tidy(&folder.join(written)), format))
}
