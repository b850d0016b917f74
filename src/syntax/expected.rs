//! What would have been right, in words: from pest's furthest position and the tokens that would fit there.

use pest::error::Error;

use super::grammar::Rule;
use super::token::Token;
use crate::diagnostic::{Diagnostic, FileId, Span};

/// A span of a file.
pub(super) fn span(file: FileId, start: usize, end: usize) -> Span {
    Span { file, start, end }
}

/// The diagnostic for a text that a rule does not match.
pub(super) fn diagnostic(
    source: &str,
    file: FileId,
    tokens: &[Token],
    base: usize,
    rule: Rule,
    error: &Error<Rule>,
) -> Diagnostic {
    let _ = (source, tokens, rule);
    let attempts = error.parse_attempts();
    let at = base + attempts.as_ref().map_or(0, |attempts| attempts.max_position);
    let words = format!("{:?} {:?}", attempts.as_ref().map(|a| a.expected_tokens()), attempts.map(|a| a.call_stacks()));
    Diagnostic::error("syntax", "not understood").at(span(file, at, at + 1), words)
}
