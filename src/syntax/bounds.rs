//! Limits that are checked before anything recurses over the text: a stack overflow cannot be caught.

use super::token::{Kind, Token};
use crate::diagnostic::{Diagnostic, FileId, Span};

/// Larger files are not read.
pub const MOST_BYTES: usize = 4 << 20;

/// Brackets nest at most this deep.
const MOST_NESTED: usize = 64;

/// A syntax tree of an expression is at most this deep. Sums lean to the left, so a sum of n terms is n deep.
const MOST_OPERATORS: usize = 1000;

/// Refuses a file that is too large to read.
pub(super) fn size(bytes: usize, file: FileId) -> Option<Diagnostic> {
    (bytes > MOST_BYTES).then(|| {
        let megabytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
        Diagnostic::error(
            "file-too-large",
            format!("the file has {:.1} MB; a file has at most {:.0} MB", megabytes(bytes), megabytes(MOST_BYTES)),
        )
        .at(Span { file, start: 0, end: 0 }, "not read")
        .help("keep data in CSV files; split declarations over several files with `import`")
    })
}

/// Refuses brackets that nest too deep, at the first one that does.
pub(super) fn nesting(source: &str, file: FileId, tokens: &[Token]) -> Option<Diagnostic> {
    let mut depth = 0_usize;
    for token in tokens.iter().filter(|token| token.kind == Kind::Symbol) {
        match token.text(source) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST_NESTED {
            let span = Span { file, start: token.start(), end: token.end() };
            return Some(
                Diagnostic::error("too-deep", format!("brackets nest deeper than {MOST_NESTED} levels"))
                    .at(span, format!("level {depth}"))
                    .help("name the inner parts with `let`"),
            );
        }
    }
    None
}

/// The operands of one level of brackets.
#[derive(Default)]
struct Level {
    /// Operators since the last comma or line.
    operators: usize,
    /// The deepest operand since then.
    operand: usize,
    /// The deepest element before.
    element: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.element.max(self.operand + self.operators)
    }

    fn next_element(&mut self) {
        *self = Level { element: self.depth(), ..Level::default() };
    }
}

/// Refuses expressions whose trees would be too deep, at the operator that is too many; at most one per line.
pub(super) fn operators(source: &str, file: FileId, tokens: &[Token], separates: &[bool]) -> Option<Diagnostic> {
    let mut levels = vec![Level::default()];
    for (token, separates) in tokens.iter().zip(separates) {
        let last = levels.len() - 1;
        if *separates {
            levels[last] = Level::default();
            continue;
        }
        let text = token.text(source);
        let operator = match token.kind {
            Kind::Symbol => match text {
                "(" | "[" | "{" => {
                    levels.push(Level::default());
                    false
                }
                ")" | "]" | "}" => {
                    if let Some(level) = levels.pop() {
                        let depth = if text == "}" { 0 } else { level.depth() + 1 };
                        match levels.last_mut() {
                            Some(outer) => outer.operand = outer.operand.max(depth),
                            None => levels.push(Level::default()),
                        }
                    }
                    false
                }
                "," => {
                    levels[last].next_element();
                    false
                }
                _ => true,
            },
            Kind::Word => matches!(text, "and" | "or" | "not" | "over"),
            _ => false,
        };
        if operator {
            levels[last].operators += 1;
            if levels[last].depth() > MOST_OPERATORS {
                let span = Span { file, start: token.start(), end: token.end() };
                return Some(
                    Diagnostic::error("too-long", format!("an expression has more than {MOST_OPERATORS} operators"))
                        .at(span, "too many from here on")
                        .help("name parts of it with `let`"),
                );
            }
        }
    }
    None
}
