//! From syntax to typed values, as a schema asks for them.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::schema::{describe, filled, plain, with_article};
use crate::schema::{Choice, Type, Value};
use crate::syntax::ast::{Argument, BinaryOperator, Expr, ExprKind, Name};

use super::experiment::Origin;
use super::kinetics::constant;
use super::scope::Scope;
use super::words;

/// Values that one range may stand for.
const MOST_VALUES: f64 = 100_000.0;

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
            Type::List(item) => self.list(expr, item, path),
            Type::Sum(choices) => self.sum(expr, choices, kind, path),
            Type::Interval => self.interval(expr),
            Type::Numbers => self.numbers(expr, kind),
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
            None => {
                let candidates = self.scope.of(kinds);
                let finding = Diagnostic::error("unknown-name", format!("there is no {wanted} `{name}`"))
                    .at(span, "not declared here and not imported");
                self.findings.push(words::with_help(finding, name, &format!("each {wanted} here"), &candidates));
                None
            }
        }
    }

    fn choice(&mut self, expr: &Expr, choices: &[Choice], kind: &Type, path: &str) -> Option<Value> {
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
        let mut value = filled(choice);
        let Value::Choice(_, settings) = &mut value else { return None };
        let mut given: BTreeMap<&str, Span> = BTreeMap::new();
        let mut position = 0;
        let mut sound = true;
        for argument in arguments {
            let field = if let Some(name) = &argument.name {
                choice.fields.iter().find(|field| field.name == name.text)
            } else {
                position += 1;
                choice.fields.get(position - 1)
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

    fn list(&mut self, expr: &Expr, item: &Type, path: &str) -> Option<Value> {
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
                (Type::Choice(_), ExprKind::Name(name)) => format!("{path}.{name}"),
                (Type::Choice(_), ExprKind::Call { name, .. }) => format!("{path}.{}", name.text),
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

    fn sum(&mut self, expr: &Expr, choices: &[Choice], kind: &Type, path: &str) -> Option<Value> {
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

    /// Both ends and the scale of a range; the ends in order, positive on a logarithmic scale.
    pub fn interval(&mut self, expr: &Expr) -> Option<Value> {
        let ExprKind::Range { start, end, step, scale } = &expr.kind else {
            return self.mismatch(expr, &Type::Interval);
        };
        if let Some(step) = step {
            self.findings.push(
                Diagnostic::error("wrong-type", "an interval has no step")
                    .at(step.span, "remove `by` and what follows"),
            );
            return None;
        }
        let scale = self.scale(scale.as_ref());
        let lower = constant(start, self.findings);
        let upper = constant(end, self.findings);
        let (lower, upper, scale) = (lower?, upper?, scale?);
        ordered(lower, upper, scale, start.span, end.span, self.findings).then(|| Value::Interval {
            lower,
            upper,
            scale: scale.to_owned(),
        })
    }

    /// The scale word at the end of an interval.
    pub fn scale(&mut self, scale: Option<&Name>) -> Option<&'static str> {
        let Some(scale) = scale else { return Some("linear") };
        match scale.text.as_str() {
            "lin" | "linear" => Some("linear"),
            "log" | "ln" => Some("log"),
            "log10" => Some("log10"),
            other => {
                let finding = Diagnostic::error("unknown-choice", format!("there is no scale `{other}`"))
                    .at(scale.span, "expected log10, log or lin");
                self.findings.push(finding.maybe_help(words::near(other, ["log10", "log", "lin"])));
                None
            }
        }
    }

    fn numbers(&mut self, expr: &Expr, kind: &Type) -> Option<Value> {
        match &expr.kind {
            ExprKind::List(items) if !items.is_empty() => {
                let mut values = Vec::with_capacity(items.len());
                let mut sound = true;
                for item in items {
                    match self.number(item, f64::NEG_INFINITY, f64::INFINITY) {
                        Some(value) if value.is_finite() => values.push(Value::Number(value)),
                        Some(_) => {
                            self.findings.push(
                                Diagnostic::error("out-of-bounds", "expected a finite number")
                                    .at(item.span, "is infinite"),
                            );
                            sound = false;
                        }
                        None => sound = false,
                    }
                }
                sound.then_some(Value::List(values))
            }
            ExprKind::Range { start, end, step: Some(step), scale } => {
                if let Some(scale) = scale {
                    self.findings.push(
                        Diagnostic::error("wrong-type", "a range with steps has no scale")
                            .at(scale.span, "remove this word"),
                    );
                    return None;
                }
                let steps = self.steps(start, end, step)?;
                Some(Value::List(steps.into_iter().map(Value::Number).collect()))
            }
            ExprKind::Range { step: None, .. } => {
                self.findings.push(
                    Diagnostic::error("missing-step", "this range has no step")
                        .at(expr.span, "expected a step at the end")
                        .help("say the step: `0 .. 1 by 0.25`"),
                );
                None
            }
            _ if numeric(expr) => Some(Value::List(vec![Value::Number(self.number(expr, f64::MIN, f64::MAX)?)])),
            _ => self.mismatch(expr, kind),
        }
    }

    /// The values of `start .. end by step`, the end included when a step meets it.
    pub fn steps(&mut self, start: &Expr, end: &Expr, step: &Expr) -> Option<Vec<f64>> {
        let first = constant(start, self.findings);
        let last = constant(end, self.findings);
        let by = constant(step, self.findings);
        let (first, last, by) = (first?, last?, by?);
        let wrong = if by <= 0.0 || !by.is_finite() {
            Some(("the step must be positive", step.span))
        } else if last < first {
            Some(("the range ends before it starts", start.span.to(end.span)))
        } else if !((last - first) / by < MOST_VALUES) {
            Some(("the range has too many values", start.span.to(step.span)))
        } else {
            None
        };
        if let Some((message, span)) = wrong {
            self.findings
                .push(Diagnostic::error("bad-range", message).at(span, "expected a range such as 0 .. 1 by 0.25"));
            return None;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and MOST_VALUES")]
        let count = ((last - first) / by + 1e-9).floor() as u32;
        // Without the rounding, 0.1 steps would print as 0.30000000000000004.
        Some((0..=count).map(|index| rounded(first + f64::from(index) * by)).collect())
    }
}

/// To twelve significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// Are the ends in order, and positive where the scale needs that? A finding otherwise.
pub(super) fn ordered(
    lower: f64,
    upper: f64,
    scale: &str,
    start: Span,
    end: Span,
    findings: &mut Vec<Diagnostic>,
) -> bool {
    let (code, message, span, label, help) = if !lower.is_finite() || !upper.is_finite() {
        ("out-of-bounds", "both bounds must be finite".to_owned(), start.to(end), "is infinite", None)
    } else if lower >= upper {
        let message = format!("the bounds are upside down: {} is not below {}", plain(lower), plain(upper));
        let help = (lower > upper).then(|| match scale {
            "linear" => format!("write `{} .. {}`", plain(upper), plain(lower)),
            scale => format!("write `{} .. {} {scale}`", plain(upper), plain(lower)),
        });
        ("bounds-order", message, start.to(end), "expected lower .. upper", help)
    } else if scale != "linear" && lower <= 0.0 {
        let message = format!("a {scale} scale has no place for {}", plain(lower));
        ("log-bound", message, start, "must be above 0", Some("raise the lower bound, or use `lin`".to_owned()))
    } else {
        return true;
    };
    findings.push(Diagnostic::error(code, message).at(span, label).maybe_help(help));
    false
}

/// The refusal of what a later stage brings.
pub(super) fn not_yet(name: &str, doc: &str, span: Span) -> Diagnostic {
    Diagnostic::error("not-yet", format!("not yet: `{name}`, {doc}")).at(span, "known, but not yet there")
}

fn unexpected(choice: &Choice, name: Option<&Name>, span: Span) -> Diagnostic {
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
