//! Conditions on counts: `biomodels(curated, species <= 60, parameters = 3 .. 150)`.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::schema::filled;
use crate::schema::{Choice, Type, Value};
use crate::syntax::ast::{Argument, BinaryOperator, Expr, ExprKind};

use super::super::words;
use super::choice::unexpected;
use super::{Typing, found};

/// More of anything is in no model.
const MOST: i64 = 1_000_000_000;

/// What is said about one count, and where.
#[derive(Default)]
struct Said {
    least: Option<(i64, Span)>,
    most: Option<(i64, Span)>,
    /// Once more than can be meant.
    twice: bool,
}

impl Typing<'_> {
    /// The settings of an alternative that is described by conditions: words that are said alone, comparisons, ranges,
    /// and ordinary named settings.
    pub(super) fn conditions(&mut self, choice: &Choice, arguments: &[Argument], path: &str) -> Option<Value> {
        let mut value = filled(choice);
        let Value::Choice(_, settings) = &mut value else { return None };
        let mut bounds: BTreeMap<&'static str, Said> = BTreeMap::new();
        let mut first: BTreeMap<&'static str, Span> = BTreeMap::new();
        let mut sound = true;
        for argument in arguments {
            let Some(name) = &argument.name else {
                sound &= match &argument.value.kind {
                    ExprKind::Name(word) => self.flag(choice, word, argument.value.span, settings, &mut first),
                    _ => self.comparison(choice, &argument.value, &mut bounds),
                };
                continue;
            };
            let Some(field) = choice.fields.iter().find(|field| field.name == name.text) else {
                self.findings.push(unexpected(choice, Some(name), name.span));
                sound = false;
                continue;
            };
            let found = self.value(&argument.value, &field.kind, &format!("{path}.{}", field.name));
            match (&field.kind, found) {
                (Type::Counts, Some(Value::Interval { lower, upper, .. })) => {
                    let said = bounds.entry(field.name).or_default();
                    #[allow(clippy::cast_possible_truncation, reason = "whole numbers up to MOST")]
                    let (least, most) = (lower as i64, upper as i64);
                    sound &= self.bounds(field.name, said, (Some(least), Some(most)), argument.value.span);
                }
                (_, Some(found)) => match first.insert(field.name, name.span) {
                    None => {
                        settings.insert(field.name.to_owned(), found);
                    }
                    Some(before) => {
                        self.findings.push(said_twice(field.name, name.span, before));
                        sound = false;
                    }
                },
                (_, None) => sound = false,
            }
        }
        for (name, said) in &bounds {
            if let Some((_, span)) = said.most.or(said.least) {
                self.origins.insert(format!("{path}.{name}"), (self.origin)(span));
            }
            let (least, most) = (said.least.map_or(0, |(least, _)| least), said.most.map(|(most, _)| most));
            if let (Some((least, first)), Some((most, second))) = (said.least, said.most)
                && least > most
                && !said.twice
            {
                let message = format!("no number of {name} is at least {least} and at most {most}");
                self.findings.push(
                    Diagnostic::error("bad-range", message)
                        .at(first, "at least this")
                        .at(second, "at most this")
                        .help(format!("write `{name} = {most} .. {least}`")),
                );
                sound = false;
            }
            #[allow(clippy::cast_precision_loss, reason = "whole numbers up to MOST")]
            let upper = most.map_or(f64::INFINITY, |most| most as f64);
            #[allow(clippy::cast_precision_loss, reason = "whole numbers up to MOST")]
            let lower = least as f64;
            settings.insert((*name).to_owned(), Value::Interval { lower, upper, scale: "linear".to_owned() });
        }
        sound.then_some(value)
    }

    /// A word that is said alone.
    fn flag(
        &mut self,
        choice: &Choice,
        word: &str,
        span: Span,
        settings: &mut BTreeMap<String, Value>,
        first: &mut BTreeMap<&'static str, Span>,
    ) -> bool {
        let Some(field) = choice.fields.iter().find(|field| field.name == word) else {
            let flags = choice.fields.iter().filter(|field| field.kind == Type::Flag).map(|field| field.name);
            let finding = Diagnostic::error("unknown-choice", format!("`{}` knows no word `{word}`", choice.name));
            let finding = finding.at(span, "unknown").maybe_help(words::near(word, flags.clone()));
            self.findings.push(finding.maybe_help(words::listed("words that are said alone", flags)));
            return false;
        };
        if field.kind != Type::Flag {
            let example = if field.kind == Type::Counts { " <= 60" } else { " = ..." };
            self.findings.push(
                Diagnostic::error("missing-bound", format!("what about `{word}`?"))
                    .at(span, format!("expected a condition, such as `{word}{example}`")),
            );
            return false;
        }
        if let Some(before) = first.insert(field.name, span) {
            self.findings.push(said_twice(field.name, span, before));
            return false;
        }
        settings.insert(word.to_owned(), Value::Text(word.to_owned()));
        true
    }

    /// `species <= 60`, `60 >= species`, and several of them with `and` between.
    fn comparison(&mut self, choice: &Choice, expr: &Expr, bounds: &mut BTreeMap<&'static str, Said>) -> bool {
        use BinaryOperator::{And, Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        if let ExprKind::Binary { operator: And, left, right } = &expr.kind {
            let left = self.comparison(choice, left, bounds);
            return self.comparison(choice, right, bounds) && left;
        }
        let compared = match &expr.kind {
            ExprKind::Binary {
                operator: operator @ (Equal | Greater | GreaterOrEqual | Less | LessOrEqual),
                left,
                right,
            } => {
                let turned = match operator {
                    Greater => Less,
                    GreaterOrEqual => LessOrEqual,
                    Less => Greater,
                    LessOrEqual => GreaterOrEqual,
                    _ => Equal,
                };
                match (&left.kind, &right.kind) {
                    (ExprKind::Name(name), _) => Some((name, left.span, *operator, right)),
                    (_, ExprKind::Name(name)) => Some((name, right.span, turned, left)),
                    _ => None,
                }
            }
            _ => None,
        };
        let Some((name, place, operator, number)) = compared else {
            let message = format!("`{}` takes conditions; this is {}", choice.name, found(expr));
            let flags = choice.fields.iter().filter(|field| field.kind == Type::Flag).map(|field| field.name);
            self.findings.push(
                Diagnostic::error("unexpected-argument", message)
                    .at(expr.span, "expected a condition, such as `species <= 60` or `species = 1 .. 60`")
                    .maybe_help(words::listed("words that are said alone", flags)),
            );
            return false;
        };
        let counted = choice.fields.iter().filter(|field| field.kind == Type::Counts);
        let Some(field) = counted.clone().find(|field| field.name == name) else {
            let names: Vec<&str> = counted.map(|field| field.name).collect();
            let finding = Diagnostic::error("unknown-setting", format!("`{}` does not count `{name}`", choice.name));
            self.findings.push(words::with_help(finding.at(place, "unknown"), name, "what is counted", &names));
            return false;
        };
        let Some(value) = self.integer(number, i64::from(operator == Less), MOST) else { return false };
        let (least, most) = match operator {
            Greater => (Some(value + 1), None),
            GreaterOrEqual => (Some(value), None),
            Less => (None, Some(value - 1)),
            LessOrEqual => (None, Some(value)),
            _ => (Some(value), Some(value)),
        };
        self.bounds(field.name, bounds.entry(field.name).or_default(), (least, most), expr.span)
    }

    /// Notes bounds, unless there are some on the same side already.
    fn bounds(&mut self, name: &str, said: &mut Said, (least, most): (Option<i64>, Option<i64>), span: Span) -> bool {
        let before = said.least.filter(|_| least.is_some()).or(said.most.filter(|_| most.is_some()));
        if let Some((_, before)) = before {
            said.twice = true;
            self.findings.push(said_twice(name, span, before));
            return false;
        }
        said.least = said.least.or(least.map(|least| (least, span)));
        said.most = said.most.or(most.map(|most| (most, span)));
        true
    }

    /// `1 .. 60` or `3`, where a count is bounded.
    pub(super) fn counts(&mut self, expr: &Expr) -> Option<Value> {
        let (least, most) = match &expr.kind {
            ExprKind::Range { start, end, step, scale } => {
                let too_much = step.as_ref().map(|step| step.span).or(scale.as_ref().map(|scale| scale.span));
                if let Some(span) = too_much {
                    let finding = Diagnostic::error("wrong-type", "a range of counts has neither a step nor a scale");
                    self.findings.push(finding.at(span, "remove this"));
                    return None;
                }
                let (least, most) = (self.integer(start, 0, MOST), self.integer(end, 0, MOST));
                (least?, most?)
            }
            _ => {
                let count = self.integer(expr, 0, MOST)?;
                (count, count)
            }
        };
        if least > most {
            self.findings.push(
                Diagnostic::error("bad-range", format!("the range is upside down: {least} is not below {most}"))
                    .at(expr.span, "expected least .. most")
                    .help(format!("write `{most} .. {least}`")),
            );
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "whole numbers up to MOST")]
        let (lower, upper) = (least as f64, most as f64);
        Some(Value::Interval { lower, upper, scale: "linear".to_owned() })
    }
}

fn said_twice(name: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error("duplicate-argument", format!("`{name}` is said twice"))
        .at(again, "said again")
        .at(first, "first said here")
}
