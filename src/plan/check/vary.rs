//! The varied settings of a tune: each names a setting of the generator, and values of its type.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::resolve::{Declaration, Experiment, Origin, Scope, Typing, Vary, listed, located, schema_of};
use crate::plan::schema::{describe, plain};
use crate::schema::{Schema, Type, Value};
use crate::syntax::ast::{Entry, EntryKind, Expr, ExprKind, Name};

/// Whole numbers that a range without a scale lists one by one.
const MOST_LISTED: i64 = 64;

/// Types the `vary` lines of a tune and puts them into its declaration.
pub(in crate::plan) fn fill(
    experiment: &mut Experiment,
    tune: &str,
    entries: &[Entry],
    scope: &Scope,
    findings: &mut Vec<Diagnostic>,
) {
    let Some(generator) = experiment.tunes.get(tune).and_then(|tune| tune.word("generator")) else { return };
    let Some(generator) = experiment.generators.get(generator) else { return };
    let Some(schema) = schema_of(generator) else { return };
    let mut found: Vec<Vary> = Vec::new();
    let mut places: Vec<Span> = Vec::new();
    for entry in entries {
        let EntryKind::Vary { path, values } = &entry.kind else { continue };
        let Some(kind) = setting(generator, &schema, path, findings) else { continue };
        if let Some(at) = found.iter().position(|other| overlap(&other.path, &path.text)) {
            findings.push(
                Diagnostic::error(
                    "duplicate-setting",
                    format!("`{}` and `{}` are varied both", path.text, found[at].path),
                )
                .at(path.span, "varied again")
                .at(places[at], "first varied here"),
            );
            continue;
        }
        let mut origins = BTreeMap::new();
        let mut typing = Typing { scope, findings, origins: &mut origins, origin: Origin::File };
        if let Some(values) = typed(&mut typing, values, &kind, &path.text) {
            found.push(Vary { path: path.text.clone(), values, span: entry.span });
            places.push(path.span);
        }
    }
    if let Some(tune) = experiment.tunes.get_mut(tune) {
        tune.vary = found;
    }
}

/// The type of the setting that a path names.
fn setting(generator: &Declaration, schema: &Schema, path: &Name, findings: &mut Vec<Diagnostic>) -> Option<Type> {
    if path.text == "kind" {
        findings.push(
            Diagnostic::error("unknown-path", "`kind` cannot be varied")
                .at(path.span, "expected a setting of the generator"),
        );
        return None;
    }
    if path.text.contains('*') {
        findings.push(
            Diagnostic::error("unknown-path", "a varied setting is named in full")
                .at(path.span, "has an asterisk in it"),
        );
        return None;
    }
    match located(schema, &mut generator.settings.clone(), &path.text) {
        Ok(kind) => Some(kind),
        Err((before, candidates)) => {
            let prefix = if before.is_empty() { String::new() } else { format!("{before}.") };
            let last = path.text[prefix.len().min(path.text.len())..].split('.').next().unwrap_or_default();
            let message = format!("generator `{}` has no setting `{}`", generator.name, path.text);
            let near = crate::diagnostic::suggest(last, candidates.iter().map(String::as_str))
                .map(|found| format!("did you mean `{}`?", path.text.replacen(last, &found, 1)));
            findings.push(
                Diagnostic::error("unknown-path", message)
                    .at(path.span, "leads to no setting")
                    .maybe_help(near)
                    .maybe_help(listed("known there", candidates.iter().map(String::as_str))),
            );
            None
        }
    }
}

fn overlap(a: &str, b: &str) -> bool {
    let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    below(a, b) || below(b, a)
}

/// A list of values of the setting's type, or an interval to draw from.
fn typed(typing: &mut Typing<'_>, values: &Expr, kind: &Type, path: &str) -> Option<Value> {
    match &values.kind {
        ExprKind::List(items) if !items.is_empty() => {
            let mut found: Vec<Value> = Vec::with_capacity(items.len());
            let mut sound = true;
            for item in items {
                match typing.value(item, kind, path) {
                    Some(value) if found.contains(&value) => {
                        typing.findings.push(
                            Diagnostic::error("duplicate-value", "this value is listed twice")
                                .at(item.span, "listed again"),
                        );
                        sound = false;
                    }
                    Some(value) => found.push(value),
                    None => sound = false,
                }
            }
            sound.then_some(Value::List(found))
        }
        ExprKind::Range { start, end, step: Some(step), scale: None } if numbers(kind) => {
            let steps = typing.steps(start, end, step)?;
            let outside = steps.iter().copied().find(|value| !accepts(kind, *value));
            if let Some(outside) = outside {
                return refuse(typing, values.span, outside, kind);
            }
            Some(Value::List(steps.into_iter().map(|value| number(kind, value)).collect()))
        }
        ExprKind::Range { start, end, step: None, scale } if numbers(kind) => {
            let Value::Interval { lower, upper, scale: word } = typing.interval(values)? else { return None };
            for (end, value) in [(start, lower), (end, upper)] {
                if !accepts(kind, value) {
                    return refuse(typing, end.span, value, kind);
                }
            }
            #[allow(clippy::cast_possible_truncation, reason = "whole numbers within the bounds of the type")]
            let (first, last) = (lower as i64, upper as i64);
            if matches!(kind, Type::Integer { .. }) && scale.is_none() && last - first < MOST_LISTED {
                return Some(Value::List((first..=last).map(Value::Integer).collect()));
            }
            Some(Value::Interval { lower, upper, scale: word })
        }
        _ => {
            let expected = if numbers(kind) { "a list [a, b], a range or an interval" } else { "a list [a, b]" };
            typing.findings.push(
                Diagnostic::error("wrong-type", format!("expected {expected} of values for `{path}`"))
                    .at(values.span, format!("expected {expected}, each {}", describe(kind))),
            );
            None
        }
    }
}

fn numbers(kind: &Type) -> bool {
    matches!(kind, Type::Number { .. } | Type::Integer { .. })
}

fn accepts(kind: &Type, value: f64) -> bool {
    match kind {
        Type::Number { least, most } => (*least..=*most).contains(&value),
        #[allow(clippy::cast_precision_loss, reason = "bounds of settings are small")]
        Type::Integer { least, most } => value.fract() == 0.0 && (*least as f64..=*most as f64).contains(&value),
        _ => false,
    }
}

fn number(kind: &Type, value: f64) -> Value {
    match kind {
        #[allow(clippy::cast_possible_truncation, reason = "accepted as a whole number within bounds")]
        Type::Integer { .. } => Value::Integer(value as i64),
        _ => Value::Number(value),
    }
}

fn refuse(typing: &mut Typing<'_>, span: Span, value: f64, kind: &Type) -> Option<Value> {
    let finding = Diagnostic::error("out-of-bounds", format!("{} is out of bounds", plain(value)));
    typing.findings.push(finding.at(span, format!("expected {}", describe(kind))));
    None
}
