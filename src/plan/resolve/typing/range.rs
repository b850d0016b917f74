//! Intervals, and numbers written as a list or a range.

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::schema::plain;
use crate::schema::{Type, Value};
use crate::syntax::ast::{Expr, ExprKind, Name};

use super::super::kinetics::constant;
use super::super::words;
use super::{Typing, numeric};

/// Values that one range may stand for.
const MOST_VALUES: f64 = 100_000.0;

impl Typing<'_> {
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

    pub(super) fn numbers(&mut self, expr: &Expr, kind: &Type) -> Option<Value> {
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
pub(in super::super) fn ordered(
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
