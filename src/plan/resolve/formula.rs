//! What the command line says about a model: formulas over its ids, and new values.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, FileId, Span, suggest};
use crate::model::expression::Expression;
use crate::model::network::Network;
use crate::syntax::ast::{DeclarationKind, EntryKind};

use super::imported::overridden;
use super::kinetics::{convert, too_deep};

/// The expression of a formula in the language's own syntax over these ids and `time`.
///
/// # Errors
/// When it cannot be read or uses another name; in words.
pub fn formula(text: &str, ids: &BTreeSet<&str>) -> Result<Expression, String> {
    let (tree, wrong) = crate::syntax::parse(&format!("model formula {{\n  let value = {text}\n}}\n"), FileId(0));
    let words = |finding: Option<&Diagnostic>| match finding {
        Some(Diagnostic { message, help: Some(help), .. }) => format!("{message}; {help}"),
        Some(finding) => finding.message.clone(),
        None => "this is no formula".to_owned(),
    };
    let only = match tree.declarations.as_slice() {
        [declaration] => match &declaration.kind {
            DeclarationKind::Named { entries, .. } => match entries.as_slice() {
                [entry] => match &entry.kind {
                    EntryKind::Let { value, .. } => Some(value),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    let Some(value) = only.filter(|value| wrong.is_empty() && !too_deep(value)) else {
        return Err(words(wrong.first()));
    };
    let mut lookup = |name: &str, span: Span| {
        if ids.contains(name) {
            return Ok(Expression::Symbol(name.to_owned()));
        }
        if name == "time" {
            return Ok(Expression::Time);
        }
        let near = suggest(name, ids.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        Err(Diagnostic::error("unknown-symbol", format!("the model has no `{name}`"))
            .at(span, "unknown")
            .maybe_help(near))
    };
    let mut findings = Vec::new();
    convert(value, &mut lookup, &mut findings).ok_or_else(|| words(findings.first()))
}

/// Gives a parameter, a compartment or the start of a species another value.
///
/// # Errors
/// When there is no such thing, a rule gives its value at all times, or the value makes no sense; in words.
pub fn put(network: &mut Network, id: &str, value: f64) -> Result<(), String> {
    overridden(network, id, value)
}
