//! `kind name = value`: generators that a tune chose, datasets in tables, problems by a pattern.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::schema;
use crate::syntax::ast::{Argument, Entry, EntryKind, Expr, ExprKind, Name};

use super::super::collect::{Collected, Raw};
use super::super::experiment::{Declaration, Origin};
use super::super::family::is_over;
use super::super::overrides::Settled;
use super::super::settings::{self, Written};
use super::super::typing::{Typing, not_yet};
use super::super::words;
use super::problem::instance;

/// `kind name = value`
pub(super) fn assigned<'a>(
    raw: &Raw<'a>,
    value: &'a Expr,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    let called = match &value.kind {
        ExprKind::Call { name, arguments } => Some((name, arguments.as_slice())),
        // A family is settled with its models.
        _ if raw.kind == "problem" && is_over(value) => return None,
        _ => None,
    };
    let later: &[(&str, &str)] = match raw.kind {
        "generator" => &[("trained", "a generator from a file")],
        _ => &[],
    };
    if let Some((name, arguments)) = called {
        if let Some((word, doc)) = later.iter().find(|(word, _)| *word == name.text) {
            findings.push(not_yet(word, doc, name.span));
            return None;
        }
        if raw.kind == "dataset" && DATASET_TABLES.contains(&name.text.as_str()) {
            return table(raw, value, collected, findings);
        }
        if raw.kind == "generator" && name.text == "best" {
            return best(raw, name, arguments, value, collected, findings);
        }
        if raw.kind == "problem"
            && let Some(pattern) = collected.named(&name.text).filter(|found| found.pattern)
            && collected.scopes[raw.file].kind(&name.text).is_some()
        {
            return instance(raw, pattern, arguments, collected, findings);
        }
    }
    let mut known: Vec<&str> = later.iter().map(|(word, _)| *word).collect();
    let mut example = format!("expected `{} {} {{ ... }}`", raw.kind, raw.name.text);
    match raw.kind {
        "generator" => {
            known.push("best");
            "expected `best(tune)` or a block in braces".clone_into(&mut example);
        }
        "dataset" => known.extend(DATASET_TABLES),
        "problem" => {
            known.extend(["petab", "petab_collection"]);
            known.extend(collected.scopes[raw.file].of(&["problem pattern"]));
        }
        _ => {}
    }
    let message = match (called, raw.kind) {
        (Some((name, _)), "problem") => format!("there is no problem pattern `{}`", name.text),
        (Some((name, _)), kind) => format!("no {kind} comes from `{}(...)`", name.text),
        (None, kind) => format!("this is no {kind}"),
    };
    let word = called.map_or("", |(name, _)| name.text.as_str());
    findings.push(
        Diagnostic::error("unexpected-value", message)
            .at(value.span, example)
            .maybe_help(words::near(word, known.iter().copied()))
            .maybe_help(words::listed("known", known)),
    );
    None
}

/// What a dataset can be read from.
const DATASET_TABLES: [&str; 2] = ["csv", "parquet"];

/// `dataset name = csv("...")`, with settings in braces.
fn table<'a>(
    raw: &Raw<'a>,
    value: &'a Expr,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    let key = Name { text: "from".to_owned(), span: value.span };
    let from = Entry { span: value.span, kind: EntryKind::Setting { key, value: value.clone() } };
    let entries: Vec<&Entry> = std::iter::once(&from).chain(raw.entries).collect();
    let written = Written { kind: raw.kind, name: &raw.name.text, span: raw.span, place: raw.name.span, entries };
    let schema = schema::dataset_table();
    let before = findings.len();
    let declaration = settings::declare(&written, &schema, &|_| false, &collected.scopes[raw.file], findings);
    let broken = findings[before..].iter().any(|finding| finding.severity == Severity::Error);
    Some((Settled { declaration, schema, broken }, Vec::new()))
}

/// `generator tuned = best(tune)`
fn best<'a>(
    raw: &Raw<'a>,
    name: &Name,
    arguments: &[Argument],
    value: &Expr,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    for entry in raw.entries {
        findings.push(
            Diagnostic::error("unexpected-entry", "a generator that a tune chose has no settings of its own")
                .at(entry.span, "has no place here"),
        );
    }
    let mut origins = BTreeMap::from([("kind".to_owned(), Origin::File(value.span))]);
    let scope = &collected.scopes[raw.file];
    let mut typing = Typing { scope, findings, origins: &mut origins, origin: Origin::File };
    let chosen = typing.arguments(&schema::best(), arguments, name.span, "kind")?;
    let declaration = Declaration {
        name: raw.name.text.clone(),
        kind: raw.kind.to_owned(),
        settings: BTreeMap::from([("kind".to_owned(), chosen)]),
        origins,
        span: raw.span,
        vary: Vec::new(),
    };
    let fields = vec![crate::schema::Field::required(
        "kind",
        crate::schema::Type::Choice(vec![schema::best()]),
        "what generates",
    )];
    let schema = crate::schema::Schema { kind: "generator best", doc: "", fields };
    Some((Settled { declaration, schema, broken: false }, Vec::new()))
}
