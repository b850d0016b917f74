//! The declarations of all files, and the names that each file sees.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, FileId, Severity, Span};
use crate::plan::schema;
use crate::syntax::ast::{Argument, DeclarationKind, Entry, EntryKind, Expr, ExprKind, Name, Text};

use super::experiment::{Declaration, Origin};
use super::imports::Files;
use super::overrides::Settled;
use super::scope::Scope;
use super::settings::{self, Written};
use super::typing::{Typing, not_yet};
use super::{imported, problem, words};

/// One named declaration as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    /// Index of its file.
    pub file: usize,
    pub kind: &'a str,
    pub pattern: bool,
    pub name: &'a Name,
    pub title: Option<&'a Text>,
    pub value: Option<&'a Expr>,
    pub entries: &'a [Entry],
    pub span: Span,
}

/// All declarations in the order of files and text.
#[derive(Debug)]
pub(super) struct Collected<'a> {
    pub declarations: Vec<Raw<'a>>,
    /// What each file sees.
    pub scopes: Vec<Scope>,
}

impl<'a> Collected<'a> {
    /// Declarations of a kind that have a block of their own, patterns left out.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Raw<'a>> {
        self.declarations.iter().filter(move |raw| raw.kind == kind && !raw.pattern && raw.value.is_none())
    }

    /// Models, whether written inline or elsewhere.
    pub fn models(&self) -> impl Iterator<Item = &Raw<'a>> {
        self.declarations.iter().filter(|raw| raw.kind == "model" && !raw.pattern)
    }

    /// The declaration of a name that is neither figure, table nor profile.
    pub fn named(&self, name: &str) -> Option<&Raw<'a>> {
        self.declarations.iter().find(|raw| raw.name.text == name && !apart(raw.kind))
    }
}

/// Figures, tables and profiles have name spaces of their own: nothing refers to them.
fn apart(kind: &str) -> bool {
    matches!(kind, "figure" | "table" | "profile")
}

/// Collects declarations and scopes; names that clash, are reserved or are not there to be imported are findings.
pub(super) fn collect<'a>(files: &'a Files, findings: &mut Vec<Diagnostic>) -> Collected<'a> {
    let mut declarations: Vec<Raw<'a>> = Vec::new();
    let mut scopes = vec![Scope::default(); files.files.len()];
    let mut everywhere: BTreeMap<(&str, &str), (usize, Span)> = BTreeMap::new();
    // Imported files first: a name that clashes is wrong in the file that imports.
    for (file, source) in files.files.iter().enumerate().rev() {
        for declaration in &source.tree.declarations {
            let DeclarationKind::Named { kind, pattern, name, title, value, entries } = &declaration.kind else {
                continue;
            };
            if !words::KINDS.contains(&kind.text.as_str()) {
                let finding =
                    Diagnostic::error("unknown-kind", format!("there is no kind of declaration `{}`", kind.text));
                findings.push(words::with_help(finding.at(kind.span, "unknown"), &kind.text, "kinds", words::KINDS));
                continue;
            }
            // Of imported files, only what others can use counts.
            if file > 0 && apart(&kind.text) {
                continue;
            }
            let space = if apart(&kind.text) { kind.text.as_str() } else { "" };
            if !apart(&kind.text) && words::reserved(&name.text) {
                findings.push(
                    Diagnostic::error("reserved-name", format!("`{}` is built in", name.text))
                        .at(name.span, format!("cannot be the name of a {}", kind.text))
                        .help(format!("choose another name, such as `{}_1`", name.text)),
                );
            }
            if let Some((_, first)) = everywhere.get(&(space, name.text.as_str())) {
                findings.push(
                    Diagnostic::error("duplicate-name", format!("`{}` is declared twice", name.text))
                        .at(name.span, "declared again")
                        .at(*first, "first declared here"),
                );
                continue;
            }
            everywhere.insert((space, &name.text), (file, name.span));
            if !apart(&kind.text) {
                let kind = if *pattern && kind.text == "problem" { "problem pattern" } else { kind.text.as_str() };
                scopes[file].insert(&name.text, kind, name.span);
            }
            let (kind, title, value) = (kind.text.as_str(), title.as_ref(), value.as_ref());
            declarations.push(Raw {
                file,
                kind,
                pattern: *pattern,
                name,
                title,
                value,
                entries,
                span: declaration.span,
            });
        }
    }
    import(files, &mut scopes, findings);
    Collected { declarations, scopes }
}

fn import(files: &Files, scopes: &mut [Scope], findings: &mut Vec<Diagnostic>) {
    const ALL: [&str; 8] =
        ["model", "problem", "problem pattern", "dataset", "generator", "tune", "generate", "benchmark"];
    let declared = scopes.to_vec();
    for (file, source) in files.files.iter().enumerate() {
        for (name, from) in &source.imports {
            let Some(from) = from else { continue };
            let Some(kind) = declared[*from].kind(&name.text) else {
                let known = declared[*from].of(&ALL);
                let finding = Diagnostic::error("unknown-import", format!("that file declares no `{}`", name.text));
                findings.push(words::with_help(finding.at(name.span, "not there"), &name.text, "it declares", &known));
                continue;
            };
            if let Some(first) = scopes[file].insert(&name.text, kind, name.span) {
                findings.push(
                    Diagnostic::error("duplicate-name", format!("`{}` is declared twice", name.text))
                        .at(name.span, "imported here")
                        .at(first, "first declared here"),
                );
            }
        }
    }
}

/// The settings of the `experiment` declaration of the first file, or the defaults.
pub(super) fn experiment(files: &Files, collected: &Collected<'_>, findings: &mut Vec<Diagnostic>) -> Settled {
    let mut found: Option<Settled> = None;
    let declarations = files.files.first().map_or(&[][..], |file| &file.tree.declarations);
    for declaration in declarations {
        let DeclarationKind::Experiment { title, entries } = &declaration.kind else { continue };
        if let Some(first) = &found {
            findings.push(
                Diagnostic::error("duplicate-name", "one file makes one experiment")
                    .at(title.span, "the second one")
                    .at(first.declaration.span, "the first one"),
            );
            continue;
        }
        let before = findings.len();
        let entries = entries.iter().collect();
        let written =
            Written { kind: "experiment", name: &title.value, span: declaration.span, place: title.span, entries };
        if let Some(schema) = settings::schema_of(&written, findings) {
            let declaration = settings::declare(&written, &schema, &|_| false, &collected.scopes[0], findings);
            found = Some(Settled { declaration, schema, broken: findings.len() > before });
        }
    }
    found.unwrap_or_else(|| {
        let schema = schema::schema("experiment").unwrap_or(crate::schema::Schema {
            kind: "experiment",
            doc: "",
            fields: Vec::new(),
        });
        Settled { declaration: unnamed(), schema, broken: false }
    })
}

/// The settings of a file that declares no experiment.
pub(super) fn unnamed() -> Declaration {
    let fields = schema::schema("experiment").map(|schema| schema.fields).unwrap_or_default();
    Declaration {
        name: String::new(),
        kind: "experiment".to_owned(),
        settings: fields
            .into_iter()
            .map(|field| (field.name.to_owned(), field.default.unwrap_or(crate::schema::Value::Absent)))
            .collect(),
        origins: BTreeMap::new(),
        span: Span { file: FileId(0), start: 0, end: 0 },
        vary: Vec::new(),
    }
}

/// The typed settings of a declaration, and the entries of it that are no settings. `None` for what has none, and for
/// what is refused.
pub(super) fn settle<'a>(
    raw: &Raw<'a>,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    if imported::is_imported(raw) {
        return adopted(raw, collected, findings);
    }
    if let (Some(value), true) = (raw.value, raw.kind != "model") {
        return assigned(raw, value, collected, findings);
    }
    match raw.kind {
        "profile" => None,
        "model" if !raw.pattern => None,
        "benchmark" => {
            findings.push(not_yet("benchmark", "comparisons of methods at an equal budget", raw.name.span));
            None
        }
        _ if raw.pattern && raw.kind != "problem" => {
            findings.push(
                Diagnostic::error("unexpected-pattern", format!("there are no patterns of a {}", raw.kind))
                    .at(raw.name.span, "only problems have patterns"),
            );
            None
        }
        // A pattern is checked where it is used, with the model that it lacks.
        _ if raw.pattern => None,
        _ => declare(raw, raw.entries.iter().collect(), collected, findings),
    }
}

fn declare<'a>(
    raw: &Raw<'a>,
    entries: Vec<&'a Entry>,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    let written = Written { kind: raw.kind, name: &raw.name.text, span: raw.span, place: raw.name.span, entries };
    let schema = settings::schema_of(&written, findings)?;
    let others = |entry: &Entry| match raw.kind {
        "problem" => problem::belongs(entry),
        "tune" => matches!(entry.kind, EntryKind::Vary { .. }),
        _ => false,
    };
    let before = findings.len();
    let declaration = settings::declare(&written, &schema, &others, &collected.scopes[raw.file], findings);
    let broken = findings[before..].iter().any(|finding| finding.severity == Severity::Error);
    let entries = written.entries.into_iter().filter(|entry| problem::belongs(entry)).collect();
    Some((Settled { declaration, schema, broken }, entries))
}

/// `problem name = petab(...) { ... }`: the settings that its block may change.
fn adopted<'a>(
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

/// `kind name = value`
fn assigned<'a>(
    raw: &Raw<'a>,
    value: &'a Expr,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    let called = match &value.kind {
        ExprKind::Call { name, arguments } => Some((name, arguments.as_slice())),
        ExprKind::Binary { .. } if raw.kind == "problem" => {
            findings.push(not_yet("over", "a problem pattern over many models", value.span));
            return None;
        }
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

/// `problem name = pattern(model = m)`: the pattern's lines, with the settings that the call gives.
fn instance<'a>(
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
