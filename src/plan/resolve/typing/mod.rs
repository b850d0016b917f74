//! From syntax to typed values, as a schema asks for them.

mod choice;
mod conditions;
mod range;

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::schema::{describe, plain, with_article};
use crate::schema::{Type, Value};
use crate::syntax::ast::{Expr, ExprKind};

use super::experiment::Origin;
use super::kinetics::constant;
use super::scope::Scope;
use super::words;

pub(super) use range::ordered;

/// Turns syntax into values, noting where each came from.
pub(in crate::plan) struct Typing<'a> {
    /// The names that references may mean.
    pub scope: &'a Scope,
    /// What was wrong.
    pub findings: &'a mut Vec<Diagnostic>,
    /// Where values came from, by path.
    pub origins: &'a mut BTreeMap<String, Origin>,
    /// Makes an origin of a place.
    pub origin: fn(Span) -> Origin,
}

impl Typing<'_> {
    /// The value of an expression where a schema wants `kind`; `None` after a finding.
    pub fn value(&mut self, expr: &Expr, kind: &Type, path: &str) -> Option<Value> {
        self.origins.insert(path.to_owned(), (self.origin)(expr.span));
        match kind {
            Type::Number { least, most } => self.number(expr, *least, *most).map(Value::Number),
            Type::Integer { least, most } => self.integer(expr, *least, *most).map(Value::Integer),
            Type::Text => match &expr.kind {
                ExprKind::Text(text) => Some(Value::Text(text.clone())),
                _ => self.mismatch(expr, kind),
            },
            Type::Word => match &expr.kind {
                ExprKind::Name(name) => Some(Value::Text(name.clone())),
                _ => self.mismatch(expr, kind),
            },
            Type::Reference(kinds) => match &expr.kind {
                ExprKind::Name(name) => self.reference(name, expr.span, kinds).map(Value::Text),
                _ => self.mismatch(expr, kind),
            },
            Type::Choice(choices) => self.choice(expr, choices, kind, path),
            Type::ChoiceOrReference(choices, kinds) => match &expr.kind {
                ExprKind::Name(name) if self.scope.kind(name).is_some_and(|kind| kinds.contains(&kind)) => {
                    Some(Value::Text(name.clone()))
                }
                ExprKind::Name(name) if choices.iter().all(|choice| choice.name != name) => {
                    let names = choices.iter().filter(|choice| !choice.not_yet).map(|choice| choice.name);
                    let near = words::near(name, names.chain(self.scope.of(kinds)));
                    let other = self.scope.kind(name).map_or(String::new(), |kind| format!("{}, ", with_article(kind)));
                    let message = format!("`{name}` is {other}no choice for `{path}`");
                    let finding = Diagnostic::error("unknown-choice", message);
                    self.findings.push(finding.at(expr.span, format!("expected {}", describe(kind))).maybe_help(near));
                    None
                }
                _ => self.choice(expr, choices, kind, path),
            },
            Type::List(item) => self.list(expr, item, path),
            Type::Sum(choices) => self.sum(expr, choices, kind, path),
            Type::Interval => self.interval(expr),
            Type::Numbers => self.numbers(expr, kind),
            Type::Counts => self.counts(expr),
            Type::Flag => self.mismatch(expr, kind),
        }
    }

    fn mismatch<T>(&mut self, expr: &Expr, kind: &Type) -> Option<T> {
        let expected = describe(kind);
        self.findings.push(
            Diagnostic::error("wrong-type", format!("expected {expected}, found {}", found(expr)))
                .at(expr.span, format!("expected {expected}")),
        );
        None
    }

    fn number(&mut self, expr: &Expr, least: f64, most: f64) -> Option<f64> {
        if !numeric(expr) {
            return self.mismatch(expr, &Type::Number { least, most });
        }
        let value = constant(expr, self.findings)?;
        if value < least || value > most {
            self.findings.push(
                Diagnostic::error("out-of-bounds", format!("{} is out of bounds", plain(value)))
                    .at(expr.span, format!("expected {}", describe(&Type::Number { least, most }))),
            );
            return None;
        }
        Some(value)
    }

    fn integer(&mut self, expr: &Expr, least: i64, most: i64) -> Option<i64> {
        let kind = Type::Integer { least, most };
        if !numeric(expr) {
            return self.mismatch(expr, &kind);
        }
        let value = constant(expr, self.findings)?;
        let (code, message) = if value.fract() != 0.0 || !value.is_finite() {
            ("wrong-type", format!("{} is not a whole number", plain(value)))
        } else {
            #[allow(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
            let whole = value as i64;
            if (least..=most).contains(&whole) {
                return Some(whole);
            }
            ("out-of-bounds", format!("{} is out of bounds", plain(value)))
        };
        self.findings.push(Diagnostic::error(code, message).at(expr.span, format!("expected {}", describe(&kind))));
        None
    }

    fn reference(&mut self, name: &str, span: Span, kinds: &[&str]) -> Option<String> {
        let wanted = kinds.join(" or ");
        match self.scope.kind(name) {
            Some(kind) if kinds.contains(&kind) => Some(name.to_owned()),
            Some(kind) => {
                let finding = Diagnostic::error(
                    "wrong-kind",
                    format!("`{name}` is {}, not {}", with_article(kind), with_article(&wanted)),
                )
                .at(span, format!("expected the name of {}", with_article(&wanted)));
                let candidates = self.scope.of(kinds);
                self.findings.push(finding.maybe_help(words::listed(&format!("each {wanted} here"), candidates)));
                None
            }
            None if self.scope.may_be_member(name) => None,
            None => {
                let candidates = self.scope.of(kinds);
                let finding = Diagnostic::error("unknown-name", format!("there is no {wanted} `{name}`"))
                    .at(span, "not declared here and not imported");
                self.findings.push(words::with_help(finding, name, &format!("each {wanted} here"), &candidates));
                None
            }
        }
    }
}

/// The refusal of what a later stage brings.
pub(super) fn not_yet(name: &str, doc: &str, span: Span) -> Diagnostic {
    Diagnostic::error("not-yet", format!("not yet: `{name}`, {doc}")).at(span, "known, but not yet there")
}

/// Could this be a number: a literal, or an operation?
pub(super) fn numeric(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number { .. } | ExprKind::Unary { .. } | ExprKind::Binary { .. } => true,
        ExprKind::Call { name, .. } => super::kinetics::function(&name.text).is_some(),
        _ => false,
    }
}

/// What stands there, in words.
fn found(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number { text, .. } => format!("the number {text}"),
        ExprKind::Text(text) if text.chars().count() > 40 => "a long text".to_owned(),
        ExprKind::Text(text) => format!("the text \"{text}\""),
        ExprKind::Name(name) => format!("the name `{name}`"),
        ExprKind::List(_) => "a list".to_owned(),
        ExprKind::Call { name, .. } => format!("`{}(...)`", name.text),
        ExprKind::Unary { .. } | ExprKind::Binary { .. } => "an operation".to_owned(),
        ExprKind::Range { step: Some(_), .. } => "a range".to_owned(),
        ExprKind::Range { .. } => "an interval".to_owned(),
    }
}
