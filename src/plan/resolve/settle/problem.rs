//! Problems that take their settings from elsewhere: from files of another format, or from a pattern.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::schema;
use crate::syntax::ast::{Argument, Entry, EntryKind};

use super::super::collect::{Collected, Raw};
use super::super::overrides::Settled;
use super::super::problem;
use super::super::settings::{self, Written};

/// `problem name = petab(...) { ... }`: the settings that its block may change.
pub(super) fn adopted<'a>(
    raw: &Raw<'a>,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    let before = findings.len();
    let mut entries = Vec::new();
    let mut lines = Vec::new();
    for entry in raw.entries {
        match &entry.kind {
            EntryKind::Estimate { .. } => lines.push(entry),
            EntryKind::Setting { .. } | EntryKind::Group { name: None, .. } => entries.push(entry),
            _ => findings.push(
                Diagnostic::error("unexpected-entry", "an imported problem brings its own parameters and observables")
                    .at(entry.span, "has no place here")
                    .help("expected `solver { ... }`, `objective = ...` or `estimate` lines with other bounds"),
            ),
        }
    }
    let schema = schema::imported_problem();
    let written = Written { kind: raw.kind, name: &raw.name.text, span: raw.span, place: raw.name.span, entries };
    let declaration = settings::declare(&written, &schema, &|_| false, &collected.scopes[raw.file], findings);
    let broken = findings[before..].iter().any(|finding| finding.severity == Severity::Error);
    Some((Settled { declaration, schema, broken }, lines))
}

/// `problem name = pattern(model = m)`: the pattern's lines, with the settings that the call gives.
pub(super) fn instance<'a>(
    raw: &Raw<'a>,
    pattern: &Raw<'a>,
    arguments: &'a [Argument],
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    let mut given = Vec::new();
    let mut names = BTreeSet::new();
    for argument in arguments {
        let Some(name) = &argument.name else {
            findings.push(
                Diagnostic::error("unexpected-argument", "a pattern takes named arguments")
                    .at(argument.value.span, "expected `name = value`, such as `model = m`"),
            );
            return None;
        };
        names.insert(name.text.as_str());
        let span = name.span.to(argument.value.span);
        given.push(Entry { span, kind: EntryKind::Setting { key: name.clone(), value: argument.value.clone() } });
    }
    let kept = |entry: &&Entry| match &entry.kind {
        EntryKind::Setting { key, .. } => !names.contains(key.text.as_str()),
        _ => true,
    };
    let inherited: Vec<&'a Entry> = pattern.entries.iter().filter(kept).collect();
    let own: Vec<&'a Entry> = raw.entries.iter().collect();
    let mut entries: Vec<&Entry> = given.iter().collect();
    entries.extend(&own);
    entries.extend(&inherited);
    let written = Written { kind: "problem", name: &raw.name.text, span: raw.span, place: raw.name.span, entries };
    let schema = settings::schema_of(&written, findings)?;
    let before = findings.len();
    let declaration = settings::declare(&written, &schema, &problem::belongs, &collected.scopes[raw.file], findings);
    let broken = findings[before..].iter().any(|finding| finding.severity == Severity::Error);
    let lines = own.into_iter().chain(inherited).filter(|entry| problem::belongs(entry)).collect();
    Some((Settled { declaration, schema, broken }, lines))
}
