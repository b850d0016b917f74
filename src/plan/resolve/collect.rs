//! The declarations of all files, and the names that each file sees.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{DeclarationKind, Entry, Expr, Name, Text};

use super::imports::Files;
use super::scope::Scope;
use super::{family, words};

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
                let kind = match kind.text.as_str() {
                    "problem" if *pattern => "problem pattern",
                    "problem" if value.as_ref().is_some_and(family::is_over) => family::KIND,
                    other => other,
                };
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
    const ALL: [&str; 11] = [
        "model",
        "problem",
        "problem pattern",
        family::KIND,
        "dataset",
        "generator",
        "tune",
        "generate",
        "benchmark",
        "posterior",
        "profile_likelihood",
    ];
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
