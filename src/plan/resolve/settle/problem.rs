//! Problems that take their settings from elsewhere: from files of another format, or from a pattern.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::schema;
use crate::schema::{Schema, Value};
use crate::syntax::ast::{Argument, Entry, EntryKind};

use super::super::collect::{Collected, Raw};
use super::super::experiment::Origin;
use super::super::family::{Family, Member};
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
    filled(raw, pattern, arguments, &schema::schema(raw.kind)?, collected, findings)
}

/// `problem name = pattern over ...`: the settings of each of its problems, in the order of its members, and the lines
/// that they share. The model comes from the family.
pub(in super::super) fn family<'a>(
    family: &Family<'a>,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Vec<Settled>, Vec<&'a Entry>)> {
    let Family { raw, pattern, arguments, over, members } = family;
    let said = arguments.iter().filter_map(|argument| argument.name.as_ref());
    let own = raw.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Setting { key, .. } => Some(key),
        _ => None,
    });
    if let Some(name) = said.chain(own).find(|name| name.text == "model") {
        findings.push(
            Diagnostic::error("unexpected-argument", "the models of a family stand after `over`")
                .at(name.span, "has no place here")
                .at(*over, "these are its models"),
        );
        return None;
    }
    let mut schema = schema::schema(raw.kind)?;
    schema.fields.retain(|field| field.name != "model");
    let (template, lines) = filled(raw, pattern, arguments, &schema, collected, findings)?;
    let of = |member: &Member| {
        let mut one = template.clone();
        one.declaration.name.clone_from(&member.problem);
        one.declaration.settings.insert("model".to_owned(), Value::Text(member.model.clone()));
        one.declaration.origins.insert("model".to_owned(), Origin::File(*over));
        one
    };
    Some((members.iter().map(of).collect(), lines))
}

/// The lines of a pattern, with the settings of a call and of a block in place of its own.
fn filled<'a>(
    raw: &Raw<'a>,
    pattern: &Raw<'a>,
    arguments: &'a [Argument],
    schema: &Schema,
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
    // What the schema leaves out is given by the family.
    let has_model = schema.fields.iter().any(|field| field.name == "model");
    let kept = |entry: &&Entry| match &entry.kind {
        EntryKind::Setting { key, .. } => !names.contains(key.text.as_str()) && (has_model || key.text != "model"),
        _ => true,
    };
    let inherited: Vec<&'a Entry> = pattern.entries.iter().filter(kept).collect();
    let own: Vec<&'a Entry> = raw.entries.iter().collect();
    let mut entries: Vec<&Entry> = given.iter().collect();
    entries.extend(&own);
    entries.extend(&inherited);
    let written = Written { kind: "problem", name: &raw.name.text, span: raw.span, place: raw.name.span, entries };
    let before = findings.len();
    let declaration = settings::declare(&written, schema, &problem::belongs, &collected.scopes[raw.file], findings);
    let broken = findings[before..].iter().any(|finding| finding.severity == Severity::Error);
    let lines = own.into_iter().chain(inherited).filter(|entry| problem::belongs(entry)).collect();
    Some((Settled { declaration, schema: schema.clone(), broken }, lines))
}
