//! `problem many = pattern over biomodels(curated, species <= 60)`: one problem for each of many models.
//!
//! The models are chosen here, before settings are typed, since each problem of a family has a name of its own that
//! other declarations may use. [`judge`] tells what came of them.

mod judge;
mod models;

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::syntax::ast::{Argument, BinaryOperator, Expr, ExprKind};

use super::collect::{Collected, Raw};
use super::imported::Importer;
use super::network::Model;
use super::words;

pub(super) use judge::{Found, judge, refuse_left_out};

/// What a family is called in messages.
pub(super) const KIND: &str = "problem family";

/// A pattern over models.
pub(super) struct Family<'a> {
    /// Its declaration.
    pub raw: Raw<'a>,
    /// The pattern.
    pub pattern: Raw<'a>,
    /// The settings that stand after the pattern's name.
    pub arguments: &'a [Argument],
    /// Where its models are named.
    pub over: Span,
    /// One for each model.
    pub members: Vec<Member>,
}

/// A model of a family.
pub(super) struct Member {
    /// The name of its problem, such as `many.BIOMD0000000010`.
    pub problem: String,
    /// The name of the model among all models; nothing is there when it could not be read.
    pub model: String,
    /// What was found while it was read.
    pub findings: Vec<Diagnostic>,
}

/// Is something applied over models?
pub(super) fn is_over(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Binary { operator: BinaryOperator::Over, .. })
}

/// The families of all files. Their models join the others, the names of their problems the scopes.
pub(super) fn families<'a>(
    collected: &mut Collected<'a>,
    importer: &mut Importer<'_>,
    known: &mut BTreeMap<String, Model>,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Family<'a>> {
    let mut families = Vec::new();
    for raw in collected.declarations.clone() {
        let (Some(value), "problem") = (raw.value, raw.kind) else { continue };
        let ExprKind::Binary { operator: BinaryOperator::Over, left, right } = &value.kind else { continue };
        let name = raw.name.text.as_str();
        if raw.pattern {
            let finding = Diagnostic::error("unexpected-pattern", "a pattern over models is a family, and no pattern");
            findings.push(finding.at(raw.name.span, format!("expected `problem {name} = ...`")));
            continue;
        }
        let pattern = pattern(&raw, left, collected, findings);
        let written = models::written(right, &collected.scopes[raw.file], findings);
        // Nobody waits for models that nothing is made of.
        let members = written
            .filter(|_| pattern.is_some())
            .and_then(|written| models::members(name, &written, right.span, importer, known, sources, findings));
        for scope in collected.scopes.iter_mut().filter(|scope| scope.kind(name) == Some(KIND)) {
            for member in members.iter().flatten() {
                scope.insert(&member.problem, "problem", raw.name.span);
            }
            if members.is_none() {
                scope.leave_open(name);
            }
        }
        if let (Some((pattern, arguments)), Some(members)) = (pattern, members) {
            families.push(Family { raw, pattern, arguments, over: right.span, members });
        }
    }
    families
}

/// The pattern in front of `over`, with the settings that it is given.
fn pattern<'a>(
    raw: &Raw<'a>,
    left: &'a Expr,
    collected: &Collected<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Raw<'a>, &'a [Argument])> {
    let scope = &collected.scopes[raw.file];
    let patterns = scope.of(&["problem pattern"]);
    let (name, span, arguments) = match &left.kind {
        ExprKind::Name(name) => (name.as_str(), left.span, &[][..]),
        ExprKind::Call { name, arguments } => (name.text.as_str(), name.span, arguments.as_slice()),
        _ => {
            findings.push(
                Diagnostic::error("wrong-type", "only a problem pattern stands over models")
                    .at(left.span, "expected the name of a problem pattern")
                    .maybe_help(words::listed("patterns here", patterns)),
            );
            return None;
        }
    };
    match scope.kind(name) {
        Some("problem pattern") => Some((*collected.named(name)?, arguments)),
        Some("problem") => {
            findings.push(
                Diagnostic::error("wrong-kind", format!("`{name}` is a problem with a model of its own"))
                    .at(span, "expected a problem pattern")
                    .help(format!("write `problem pattern {name} {{ ... }}` to use its lines for many models")),
            );
            None
        }
        _ => {
            let finding = Diagnostic::error("unknown-name", format!("there is no problem pattern `{name}`"))
                .at(span, "not declared here and not imported");
            findings.push(words::with_help(finding, name, "patterns here", &patterns));
            None
        }
    }
}
