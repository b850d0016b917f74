//! `problem p = petab("p.yaml") { ... }`: a problem of another format, with what the experiment changes in it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::{Diagnostic, FileId, Severity, Sources, Span};
use crate::import::petab;
use crate::model::problem::{ObjectiveKind, Problem, ProblemParameter};
use crate::model::test_function::TestFunction;
use crate::plan::schema;
use crate::schema::Value;
use crate::syntax::ast::{Entry, EntryKind, ExprKind};

use super::super::collect::Raw;
use super::super::estimate::{Candidate, Estimated, estimates};
use super::super::experiment::{Declaration, Origin, ProblemDeclaration};
use super::super::imports::{bytes_of, tidy};
use super::{Remote, only_text, placed, places, source, start_of};

/// Everything that an imported problem is built from.
pub(in super::super) struct Parts<'a> {
    pub raw: &'a Raw<'a>,
    /// The settings of its block: solver and objective.
    pub declaration: &'a Declaration,
    /// Its `estimate` lines.
    pub entries: &'a [&'a Entry],
    /// Paths are relative to it.
    pub folder: &'a Path,
    pub remote: &'a Remote,
}

/// Does a declaration of a problem name one that was written elsewhere?
pub(in super::super) fn is_imported(raw: &Raw<'_>) -> bool {
    let called = |name: &str| schema::problem_sources().iter().any(|source| source.name == name);
    raw.kind == "problem"
        && raw.value.is_some_and(|value| matches!(&value.kind, ExprKind::Call { name, .. } if called(&name.text)))
}

/// Reads the problem; `None` when something in it is wrong.
pub(in super::super) fn build(
    parts: &Parts<'_>,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> Option<ProblemDeclaration> {
    let value = parts.raw.value?;
    let (word, arguments) = source("problem", value, schema::problem_sources(), findings)?;
    if word == "test_function" {
        return test_function(parts, value.span, &arguments, findings);
    }
    let argument = only_text(arguments)?;
    let path = match word.as_str() {
        "petab_collection" => parts.remote.petab_collection(&argument, Some(value.span), findings)?,
        _ => tidy(&parts.folder.join(argument)),
    };
    if !path.is_file() {
        // The importer knows no place in the experiment to show this at.
        findings.extend(bytes_of(&path, Some(value.span)).err());
        return None;
    }
    let first = sources.len();
    let imported = petab::read(&path, sources);
    let before = findings.len();
    findings.extend(imported.diagnostics.into_iter().map(|finding| placed(finding, Some(value.span))));
    let mut problem = imported.problem?;
    problem.id.clone_from(&parts.raw.name.text);

    let mut origins = parts.declaration.origins.clone();
    for (id, place) in places_of(sources, first) {
        origins.entry(id).or_insert(Origin::File(place));
    }
    origins.insert("model".to_owned(), Origin::File(value.span));
    // What has no id of its own comes from the file as a whole.
    let is_model = |file: &FileId| sources.text(*file).trim_start_matches('\u{feff}').trim_start().starts_with('<');
    let model = (first..sources.len()).map(FileId).find(is_model);
    for (part, file) in [("network", model), ("measurements", imported.measurements.first().copied())] {
        origins.insert(part.to_owned(), Origin::File(file.map_or(value.span, start_of)));
    }
    let mut declared = changed(problem, parts, origins, findings);
    declared.petab_name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    findings[before..].iter().all(|finding| finding.severity != Severity::Error).then_some(declared)
}

/// A problem that no file holds.
fn test_function(
    parts: &Parts<'_>,
    place: Span,
    arguments: &BTreeMap<String, Value>,
    findings: &mut Vec<Diagnostic>,
) -> Option<ProblemDeclaration> {
    let function: TestFunction = arguments.get("name")?.to().ok()?;
    let Some(Value::Integer(dimensions)) = arguments.get("dimensions") else { return None };
    let mut problem = function.problem(usize::try_from(*dimensions).ok()?);
    for name in [&mut problem.id, &mut problem.network.id, &mut problem.network.title] {
        name.clone_from(&parts.raw.name.text);
    }
    let mut origins = parts.declaration.origins.clone();
    for part in ["model", "network", "measurements"] {
        origins.insert(part.to_owned(), Origin::File(place));
    }
    let before = findings.len();
    let declared = changed(problem, parts, origins, findings);
    findings[before..].iter().all(|finding| finding.severity != Severity::Error).then_some(declared)
}

/// The problem with what the declaration's block says.
fn changed(
    mut problem: Problem,
    parts: &Parts<'_>,
    mut origins: BTreeMap<String, Origin>,
    findings: &mut Vec<Diagnostic>,
) -> ProblemDeclaration {
    settings(&mut problem, parts.declaration);
    bounds(&mut problem, parts, &mut origins, findings);
    let outside = parts.declaration.word("outside").map(str::to_owned);
    ProblemDeclaration { problem, petab_name: None, outside, span: parts.declaration.span, sources: origins }
}

/// Where the ids of all files that were read from `first` on are declared.
fn places_of(sources: &Sources, first: usize) -> BTreeMap<String, Span> {
    let mut all = BTreeMap::new();
    for file in (first..sources.len()).map(FileId) {
        for (id, place) in places::of(sources.text(file), file) {
            all.entry(id).or_insert(place);
        }
    }
    all
}

/// What the block, the profile or `--set` says about solver and objective.
fn settings(problem: &mut Problem, declaration: &Declaration) {
    let said = |path: &str| match declaration.origin(path) {
        Origin::Default => None,
        _ => declaration.value(path),
    };
    if let Some(Value::Number(rtol)) = said("solver.rtol") {
        problem.solver.rtol = *rtol;
    }
    if let Some(Value::Number(atol)) = said("solver.atol") {
        problem.solver.atol = *atol;
    }
    if let Some(Value::Integer(steps)) = said("solver.steps") {
        problem.solver.most_steps = usize::try_from(*steps).unwrap_or(usize::MAX);
    }
    match said("objective") {
        Some(Value::Choice(word, _)) if word == "sse" => problem.objective = ObjectiveKind::Sse,
        Some(Value::Choice(word, _)) if word == "chi2" => problem.objective = ObjectiveKind::Chi2,
        Some(Value::Choice(word, _)) if word == "nllh" => problem.objective = ObjectiveKind::Nllh,
        _ => {}
    }
}

/// New bounds from `estimate` lines. A parameter that the problem holds fixed is estimated from then on.
fn bounds(
    problem: &mut Problem,
    parts: &Parts<'_>,
    origins: &mut BTreeMap<String, Origin>,
    findings: &mut Vec<Diagnostic>,
) {
    let lines: Vec<_> = parts
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Estimate { names, bounds } => Some((names.as_slice(), bounds)),
            _ => None,
        })
        .collect();
    if lines.is_empty() {
        return;
    }
    let place = |id: &str| origins.get(id).and_then(|origin| origin.span());
    let candidates: Vec<Candidate<'_>> = problem
        .parameters
        .iter()
        .map(|one| Candidate { id: &one.id, nominal: one.nominal, place: place(&one.id), kinetic: false })
        .collect();
    let changed = estimates(&lines, &candidates, findings);
    for Estimated { id, estimate, span, .. } in changed {
        origins.insert(id.clone(), Origin::File(span));
        let Some(parameter) = problem.parameters.iter_mut().find(|one| one.id == id) else { continue };
        let prior = parameter.estimate.as_ref().and_then(|known| Some((known.scale, known.prior?)));
        if let Some((scale, _)) = &prior
            && *scale != estimate.scale
        {
            findings.push(
                Diagnostic::error("prior-scale", format!("`{id}` has a prior on another scale"))
                    .at(span, "expected the scale of the imported problem"),
            );
            continue;
        }
        let prior = prior.map(|(_, prior)| prior);
        parameter.estimate = Some(crate::model::problem::Estimate { prior, ..estimate });
    }
    // Estimated parameters come first.
    let (mut all, fixed): (Vec<ProblemParameter>, Vec<_>) =
        std::mem::take(&mut problem.parameters).into_iter().partition(|one| one.estimate.is_some());
    all.extend(fixed);
    problem.parameters = all;
}
