//! The settings of `experiment "title" { ... }`.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::plan::schema;
use crate::syntax::ast::DeclarationKind;

use super::super::collect::Collected;
use super::super::experiment::Declaration;
use super::super::imports::Files;
use super::super::overrides::Settled;
use super::super::settings::{self, Written};

/// The settings of the `experiment` declaration of the first file, or the defaults.
pub(in super::super) fn experiment(
    files: &Files,
    collected: &Collected<'_>,
    findings: &mut Vec<Diagnostic>,
) -> Settled {
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
pub(in super::super) fn unnamed() -> Declaration {
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
