//! Choices with their arguments, lists and sums of them.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::schema::{describe, filled};
use crate::schema::{Choice, Type, Value};
use crate::syntax::ast::{Argument, BinaryOperator, Expr, ExprKind, Name};

use super::super::experiment::Origin;
use super::super::words;
use super::{Typing, found, not_yet, numeric};

impl Typing<'_> {
    pub(super) fn choice(&mut self, expr: &Expr, choices: &[Choice], kind: &Type, path: &str) -> Option<Value> {
        match &expr.kind {
            ExprKind::Name(name) => self.alternative(name, expr.span, &[], choices, path),
            ExprKind::Call { name, arguments } => self.alternative(&name.text, name.span, arguments, choices, path),
            // A bare number means the first alternative with that number: `validate = 0.2`.
            _ if numeric(expr) && takes_number(choices) => {
                let first = choices.first()?;
                let argument = Argument { name: None, value: expr.clone() };
                self.alternative(first.name, expr.span, &[argument], choices, path)
            }
            // A list or a range means the alternative that holds numbers: `times = 0 .. 10 by 0.5`.
            ExprKind::List(_) | ExprKind::Range { .. } if holds_numbers(choices).is_some() => {
                let first = holds_numbers(choices)?;
                let argument = Argument { name: None, value: expr.clone() };
                self.alternative(first.name, expr.span, &[argument], choices, path)
            }
            _ => self.mismatch(expr, kind),
        }
    }

    fn alternative(
        &mut self,
        name: &str,
        span: Span,
        arguments: &[Argument],
        choices: &[Choice],
        path: &str,
    ) -> Option<Value> {
        let Some(choice) = choices.iter().find(|choice| choice.name == name) else {
            let names: Vec<_> = choices.iter().filter(|choice| !choice.not_yet).map(|choice| choice.name).collect();
            let finding = Diagnostic::error("unknown-choice", format!("`{name}` is no choice for `{path}`"))
                .at(span, format!("expected {}", describe(&Type::Choice(choices.to_vec()))));
            self.findings.push(finding.maybe_help(words::near(name, names)));
            return None;
        };
        if choice.not_yet {
            self.findings.push(not_yet(name, choice.doc, span));
            return None;
        }
        self.arguments(choice, arguments, span, path)
    }

    /// The settings of a chosen alternative from the arguments of a call.
    pub fn arguments(&mut self, choice: &Choice, arguments: &[Argument], span: Span, path: &str) -> Option<Value> {
        if choice.fields.iter().any(|field| field.kind == Type::Counts) {
            return self.conditions(choice, arguments, path);
        }
        let mut value = filled(choice);
        let Value::Choice(_, settings) = &mut value else { return None };
        let mut given: BTreeMap<&str, Span> = BTreeMap::new();
        let mut position = 0;
        let mut is_named = false;
        let mut sound = true;
        for argument in arguments {
            is_named |= argument.name.is_some();
            let field = if let Some(name) = &argument.name {
                choice.fields.iter().find(|field| field.name == name.text)
            } else if !is_named {
                position += 1;
                choice.fields.get(position - 1)
            } else {
                self.findings.push(
                    Diagnostic::error("argument-order", "an argument without a name follows one with a name")
                        .at(argument.value.span, "expected `name = value`"),
                );
                sound = false;
                continue;
            };
            let Some(field) = field else {
                self.findings.push(unexpected(choice, argument.name.as_ref(), argument.value.span));
                sound = false;
                continue;
            };
            let place = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
            if let Some(first) = given.insert(field.name, place) {
                self.findings.push(
                    Diagnostic::error("duplicate-argument", format!("`{}` is said twice", field.name))
                        .at(place, "said again")
                        .at(first, "first said here"),
                );
                sound = false;
                continue;
            }
            match self.value(&argument.value, &field.kind, &format!("{path}.{}", field.name)) {
                Some(found) => {
                    settings.insert(field.name.to_owned(), found);
                }
                None => sound = false,
            }
        }
        for field in &choice.fields {
            if given.contains_key(field.name) {
                continue;
            }
            self.origins.insert(format!("{path}.{}", field.name), Origin::Default);
            if field.default.is_none() {
                let finding =
                    Diagnostic::error("missing-argument", format!("`{}` needs `{}`", choice.name, field.name));
                self.findings
                    .push(finding.at(span, format!("`{}` is {}: {}", field.name, describe(&field.kind), field.doc)));
                sound = false;
            }
        }
        sound.then_some(value)
    }

    pub(super) fn list(&mut self, expr: &Expr, item: &Type, path: &str) -> Option<Value> {
        // One value stands for the list of it.
        let single = std::slice::from_ref(expr);
        let items = if let ExprKind::List(items) = &expr.kind { items.as_slice() } else { single };
        let mut values = Vec::with_capacity(items.len());
        let mut sound = true;
        if items.is_empty() {
            self.findings.push(
                Diagnostic::error("empty-list", "an empty list")
                    .at(expr.span, format!("expected at least one value: {}", describe(item))),
            );
            return None;
        }
        for (index, entry) in items.iter().enumerate() {
            let path = match (item, &entry.kind) {
                (Type::Choice(_) | Type::ChoiceOrReference(..), ExprKind::Name(name)) => format!("{path}.{name}"),
                (Type::Choice(_) | Type::ChoiceOrReference(..), ExprKind::Call { name, .. }) => {
                    format!("{path}.{}", name.text)
                }
                _ => format!("{path}.{index}"),
            };
            match self.value(entry, item, &path) {
                Some(value) if matches!(item, Type::Reference(_)) && values.contains(&value) => {
                    self.findings.push(
                        Diagnostic::error("duplicate-value", format!("{} is listed twice", found(entry)))
                            .at(entry.span, "listed again"),
                    );
                    sound = false;
                }
                Some(value) => values.push(value),
                None => sound = false,
            }
        }
        sound.then_some(Value::List(values))
    }

    pub(super) fn sum(&mut self, expr: &Expr, choices: &[Choice], kind: &Type, path: &str) -> Option<Value> {
        let mut terms = Vec::new();
        let mut rest = expr;
        while let ExprKind::Binary { operator: BinaryOperator::Add, left, right } = &rest.kind {
            terms.push(right.as_ref());
            rest = left;
        }
        terms.push(rest);
        let mut values: Vec<Value> = Vec::with_capacity(terms.len());
        let mut sound = true;
        for term in terms.into_iter().rev() {
            let (name, span, arguments) = match &term.kind {
                ExprKind::Name(name) => (name.as_str(), term.span, &[][..]),
                ExprKind::Call { name, arguments } => (name.text.as_str(), name.span, arguments.as_slice()),
                _ => return self.mismatch(term, kind),
            };
            if values.iter().any(|value| matches!(value, Value::Choice(known, _) if known == name)) {
                self.findings.push(
                    Diagnostic::error("duplicate-value", format!("`{name}` stands twice in the sum"))
                        .at(span, "said again"),
                );
                sound = false;
                continue;
            }
            match self.alternative(name, span, arguments, choices, &format!("{path}.{name}")) {
                Some(value) => values.push(value),
                None => sound = false,
            }
        }
        sound.then_some(Value::List(values))
    }
}

pub(super) fn unexpected(choice: &Choice, name: Option<&Name>, span: Span) -> Diagnostic {
    let names: Vec<_> = choice.fields.iter().map(|field| field.name).collect();
    match name {
        Some(name) => words::with_help(
            Diagnostic::error("unknown-setting", format!("`{}` has no setting `{}`", choice.name, name.text))
                .at(name.span, "unknown"),
            &name.text,
            "its settings",
            &names,
        ),
        None => Diagnostic::error("unexpected-argument", format!("too many arguments for `{}`", choice.name))
            .at(span, format!("expected at most {}", names.len()))
            .maybe_help(words::listed("its settings", names)),
    }
}

/// The alternative whose first setting holds numbers.
fn holds_numbers(choices: &[Choice]) -> Option<&Choice> {
    choices.iter().find(|choice| choice.fields.first().is_some_and(|field| field.kind == Type::Numbers))
}

fn takes_number(choices: &[Choice]) -> bool {
    let first = choices.first().and_then(|choice| choice.fields.first());
    first.is_some_and(|field| matches!(field.kind, Type::Number { .. } | Type::Integer { .. }))
}
