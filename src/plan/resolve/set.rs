//! `--set path=value`: read by the grammar of files, shown in a pseudo file named `--set`.

use crate::diagnostic::{Diagnostic, FileId, Sources, Span};
use crate::syntax::ast::{DeclarationKind, EntryKind, Expr, ExprKind, Name};

use super::kinetics::too_deep;

/// What makes a declaration of a setting. The text itself starts on a line of its own.
const BEFORE: &str = "profile set {\n";

/// Settings of all texts, in order.
pub(super) fn parse(texts: &[String], sources: &mut Sources, findings: &mut Vec<Diagnostic>) -> Vec<(Name, Expr)> {
    texts.iter().flat_map(|text| one(text, sources, findings)).collect()
}

fn one(text: &str, sources: &mut Sources, findings: &mut Vec<Diagnostic>) -> Vec<(Name, Expr)> {
    let id = sources.add("--set", text);
    let whole = Span { file: id, start: 0, end: text.len() };
    let (tree, wrong) = crate::syntax::parse(&format!("{BEFORE}{text}\n}}\n"), id);
    if !wrong.is_empty() {
        // What is said about the wrapping alone follows from what is wrong in the text.
        let inside = |finding: &Diagnostic| finding.labels.iter().any(|label| label.span.end > BEFORE.len());
        let any = wrong.iter().any(inside);
        findings.extend(wrong.into_iter().filter(|finding| !any || inside(finding)).map(|mut finding| {
            finding.labels.iter_mut().for_each(|label| label.span = shifted(label.span, text.len()));
            finding
        }));
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut sound = tree.declarations.len() == 1;
    for declaration in tree.declarations {
        let DeclarationKind::Named { entries, .. } = declaration.kind else {
            sound = false;
            continue;
        };
        sound &= !entries.is_empty();
        for entry in entries {
            match entry.kind {
                EntryKind::Setting { mut key, mut value } if !too_deep(&value) => {
                    key.span = shifted(key.span, text.len());
                    shift(&mut value, text.len());
                    found.push((key, value));
                }
                _ => sound = false,
            }
        }
    }
    if !sound {
        findings.push(
            Diagnostic::error("bad-set", "this is no setting")
                .at(whole, "expected `path=value`")
                .help("for example `--set cvae.train.epochs=50`"),
        );
        return Vec::new();
    }
    found
}

/// A place in the wrapped text as a place in the text itself.
fn shifted(span: Span, length: usize) -> Span {
    let start = span.start.saturating_sub(BEFORE.len()).min(length);
    let end = span.end.saturating_sub(BEFORE.len()).min(length);
    Span { file: FileId(span.file.0), start, end }
}

fn shift(expr: &mut Expr, length: usize) {
    expr.span = shifted(expr.span, length);
    match &mut expr.kind {
        ExprKind::Number { .. } | ExprKind::Text(_) | ExprKind::Name(_) => {}
        ExprKind::List(items) => items.iter_mut().for_each(|item| shift(item, length)),
        ExprKind::Call { name, arguments } => {
            name.span = shifted(name.span, length);
            for argument in arguments {
                if let Some(name) = &mut argument.name {
                    name.span = shifted(name.span, length);
                }
                shift(&mut argument.value, length);
            }
        }
        ExprKind::Unary { operand, .. } => shift(operand, length),
        ExprKind::Binary { left, right, .. } => {
            shift(left, length);
            shift(right, length);
        }
        ExprKind::Range { start, end, step, scale } => {
            shift(start, length);
            shift(end, length);
            if let Some(step) = step {
                shift(step, length);
            }
            if let Some(scale) = scale {
                scale.span = shifted(scale.span, length);
            }
        }
    }
}
