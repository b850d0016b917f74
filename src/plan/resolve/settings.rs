//! The settings of one declaration against its schema.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::schema;
use crate::schema::{Field, Schema, Type, Value};
use crate::syntax::ast::{Argument, Entry, EntryKind, ExprKind, Name};

use super::experiment::{Declaration, Origin};
use super::scope::Scope;
use super::typing::{Typing, not_yet};
use super::words;

/// Settings as written, and a place to point at when one is missing.
pub(super) struct Written<'a> {
    pub kind: &'a str,
    pub name: &'a str,
    /// The whole declaration.
    pub span: Span,
    /// The name in it.
    pub place: Span,
    pub entries: Vec<&'a Entry>,
}

/// The schema of a declaration; `None` after a finding.
pub(super) fn schema_of(written: &Written<'_>, findings: &mut Vec<Diagnostic>) -> Option<Schema> {
    let Some(variants) = schema::variants(written.kind) else {
        return schema::schema(written.kind);
    };
    let known: Vec<_> = variants.known.iter().map(|(name, _)| *name).collect();
    let chosen = written.entries.iter().rev().find_map(|entry| match &entry.kind {
        EntryKind::Setting { key, value } if key.text == variants.key => Some(value),
        _ => None,
    });
    let Some(value) = chosen else {
        findings.push(
            Diagnostic::error(
                "missing-setting",
                format!("{} `{}` says no `{}`", written.kind, written.name, variants.key),
            )
            .at(written.place, format!("expected `{} = {}`", variants.key, known.first().unwrap_or(&"...")))
            .maybe_help(words::listed("known", known)),
        );
        return None;
    };
    let (name, span) = match &value.kind {
        ExprKind::Name(name) => (name.as_str(), value.span),
        ExprKind::Call { name, .. } => (name.text.as_str(), name.span),
        _ => {
            findings.push(
                Diagnostic::error("wrong-type", format!("`{}` holds a word", variants.key))
                    .at(value.span, "expected a word")
                    .maybe_help(words::listed("known", known)),
            );
            return None;
        }
    };
    if let Some((_, doc)) = variants.not_yet.iter().find(|(later, _)| *later == name) {
        findings.push(not_yet(name, doc, span));
        return None;
    }
    let found = variants.known.into_iter().find(|(variant, _)| *variant == name);
    if found.is_none() {
        let finding = Diagnostic::error("unknown-choice", format!("`{name}` is no choice for `{}`", variants.key));
        findings.push(words::with_help(finding.at(span, "unknown"), name, "known", &known));
    }
    found.map(|(_, schema)| schema)
}

/// Checks the settings of a declaration and fills in defaults. `others` says which entries beside settings belong here.
pub(super) fn declare(
    written: &Written<'_>,
    schema: &Schema,
    others: &dyn Fn(&Entry) -> bool,
    scope: &Scope,
    findings: &mut Vec<Diagnostic>,
) -> Declaration {
    let mut declaration = Declaration {
        name: written.name.to_owned(),
        kind: written.kind.to_owned(),
        settings: BTreeMap::new(),
        origins: BTreeMap::new(),
        span: written.span,
        vary: Vec::new(),
    };
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for entry in &written.entries {
        if others(entry) {
            continue;
        }
        let (key, field) = match &entry.kind {
            EntryKind::Setting { key, .. } => (key, field_of(schema, key, written.kind, findings)),
            EntryKind::Group { word, name: None, .. } => (word, group_of(schema, word, written.kind, findings)),
            other => {
                findings.push(misplaced(other, entry.span, written.kind));
                continue;
            }
        };
        let Some(field) = field else { continue };
        if let Some(first) = first.get(field.name) {
            findings.push(
                Diagnostic::error("duplicate-setting", format!("`{}` is said twice", key.text))
                    .at(key.span, "said again")
                    .at(*first, "first said here"),
            );
            continue;
        }
        first.insert(field.name, key.span);
        let value = setting(entry, field, scope, &mut declaration.origins, findings);
        declaration.settings.insert(field.name.to_owned(), value.or(field.default.clone()).unwrap_or(Value::Absent));
    }
    for field in &schema.fields {
        if first.contains_key(field.name) {
            continue;
        }
        declaration.origins.insert(field.name.to_owned(), Origin::Default);
        if field.default.is_none() {
            findings.push(
                Diagnostic::error(
                    "missing-setting",
                    format!("{} `{}` says no `{}`", written.kind, written.name, field.name),
                )
                .at(written.place, format!("expected `{} = ...`, {}", field.name, schema::describe(&field.kind)))
                .help(format!("`{}`: {}", field.name, field.doc)),
            );
        }
        declaration.settings.insert(field.name.to_owned(), field.default.clone().unwrap_or(Value::Absent));
    }
    declaration
}

fn setting(
    entry: &Entry,
    field: &Field,
    scope: &Scope,
    origins: &mut BTreeMap<String, Origin>,
    findings: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let mut typing = Typing { scope, findings, origins, origin: Origin::File };
    match &entry.kind {
        EntryKind::Setting { value, .. } => typing.value(value, &field.kind, field.name),
        EntryKind::Group { word, entries, .. } => {
            let Type::Choice(choices) = &field.kind else { return None };
            let choice = choices.iter().find(|choice| choice.name == word.text)?;
            let mut arguments = Vec::with_capacity(entries.len());
            for inner in entries {
                match &inner.kind {
                    EntryKind::Setting { key, value } => {
                        arguments.push(Argument { name: Some(key.clone()), value: value.clone() });
                    }
                    other => typing.findings.push(misplaced(other, inner.span, &word.text)),
                }
            }
            typing.origins.insert(field.name.to_owned(), Origin::File(entry.span));
            typing.arguments(choice, &arguments, word.span, field.name)
        }
        _ => None,
    }
}

fn field_of<'a>(schema: &'a Schema, key: &Name, kind: &str, findings: &mut Vec<Diagnostic>) -> Option<&'a Field> {
    let found = schema.fields.iter().find(|field| field.name == key.text);
    if found.is_none() {
        let names: Vec<_> = schema.fields.iter().map(|field| field.name).collect();
        let finding = Diagnostic::error(
            "unknown-setting",
            format!("{} has no setting `{}`", schema::with_article(kind), key.text),
        );
        findings.push(words::with_help(finding.at(key.span, "unknown"), &key.text, "its settings", &names));
    }
    found
}

fn group_of<'a>(schema: &'a Schema, word: &Name, kind: &str, findings: &mut Vec<Diagnostic>) -> Option<&'a Field> {
    let grouped = |field: &&Field| match &field.kind {
        Type::Choice(choices) => choices.iter().any(|choice| choice.name == field.name),
        _ => false,
    };
    let found = schema.fields.iter().find(|field| field.name == word.text && grouped(field));
    if found.is_none() {
        let names: Vec<_> = schema.fields.iter().filter(grouped).map(|field| field.name).collect();
        let finding = Diagnostic::error(
            "unexpected-entry",
            format!("{} has no group `{}`", schema::with_article(kind), word.text),
        );
        findings.push(words::with_help(finding.at(word.span, "has no place here"), &word.text, "its groups", &names));
    }
    found
}

/// The refusal of an entry that belongs to another kind of block.
pub(super) fn misplaced(entry: &EntryKind, span: Span, kind: &str) -> Diagnostic {
    let (word, place, home) = match entry {
        EntryKind::Setting { key, .. } => (key.text.as_str(), key.span, "another block"),
        EntryKind::Group { word, .. } => (word.text.as_str(), word.span, "another block"),
        EntryKind::Vary { .. } => ("vary", span, "a tune"),
        EntryKind::Compartment { name, .. } => ("compartment", name.span, "a model"),
        EntryKind::Parameter { name, .. } => ("parameter", name.span, "a model or a problem"),
        EntryKind::Species { name, .. } => ("species", name.span, "a model"),
        EntryKind::Let { name, .. } => ("let", name.span, "a model"),
        EntryKind::Reaction { name, .. } => ("reaction", name.span, "a model"),
        EntryKind::Rule { variable, .. } => ("rule", variable.span, "a model"),
        EntryKind::Event { name, .. } => ("event", name.span, "a model"),
        EntryKind::Observable { name, .. } => ("observable", name.span, "a problem"),
        EntryKind::Estimate { .. } => ("estimate", span, "a problem"),
        EntryKind::Prior { name, .. } => ("prior", name.span, "a problem"),
    };
    Diagnostic::error("unexpected-entry", format!("`{word}` has no place in {}", schema::with_article(kind)))
        .at(place, format!("belongs in {home}"))
}
