//! The typed settings of declarations, one file for each shape of a declaration.

mod assigned;
mod experiment;
mod problem;

use crate::diagnostic::{Diagnostic, Severity};
use crate::syntax::ast::{Entry, EntryKind};

use super::collect::{Collected, Raw};
use super::overrides::Settled;
use super::settings::{self, Written};
use super::{imported, problem as problems};

pub(super) use experiment::{experiment, unnamed};
pub(super) use problem::family;

/// The typed settings of a declaration, and the entries of it that are no settings. `None` for what has none, and for
/// what is refused.
pub(super) fn settle<'a>(
    raw: &Raw<'a>,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Settled, Vec<&'a Entry>)> {
    if imported::is_imported(raw) {
        return problem::adopted(raw, collected, findings);
    }
    if let (Some(value), true) = (raw.value, raw.kind != "model") {
        return assigned::assigned(raw, value, collected, findings);
    }
    match raw.kind {
        "profile" => None,
        "model" if !raw.pattern => None,
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
        "problem" => problems::belongs(entry),
        "tune" => matches!(entry.kind, EntryKind::Vary { .. }),
        _ => false,
    };
    let before = findings.len();
    let declaration = settings::declare(&written, &schema, &others, &collected.scopes[raw.file], findings);
    let broken = findings[before..].iter().any(|finding| finding.severity == Severity::Error);
    let entries = written.entries.into_iter().filter(|entry| problems::belongs(entry)).collect();
    Some((Settled { declaration, schema, broken }, entries))
}
