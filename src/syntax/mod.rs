//! From text to a syntax tree and back.
//!
//! [`parse`] reads a file in these steps: limits (`bounds`), tokens (`token`), where declarations and entries end
//! (`layout`), each declaration by the grammar `grammar/kexp.pest` (`grammar`), typed nodes from pest's pairs (`build`,
//! `expression`); where a declaration is broken, its entries one by one (`recover`), with what was expected in words
//! (`expected`, `traps`). [`print`] is the formatter.

pub mod ast;
mod bounds;
mod build;
mod decode;
mod expected;
mod expression;
mod grammar;
mod layout;
mod print;
mod recover;
mod spans;
mod token;
mod traps;

pub use bounds::MOST_BYTES;
pub use decode::decode;
pub use layout::KINDS;
pub use print::print;
pub use spans::strip_spans;

use crate::diagnostic::{Diagnostic, FileId};

/// So many diagnostics of one file are kept; who made more errors than that will mend these first.
const MOST_DIAGNOSTICS: usize = 200;

/// Reads a file: all declarations and entries that could be read, and everything that is wrong, sorted by place.
///
/// It never fails: a file with errors gives the part of its tree that has none.
#[must_use]
pub fn parse(text: &str, file: FileId) -> (ast::File, Vec<Diagnostic>) {
    if let Some(diagnostic) = bounds::size(text.len(), file) {
        return (ast::File::default(), vec![diagnostic]);
    }
    let (tokens, mut diagnostics) = token::tokens(text, file);
    if let Some(diagnostic) = bounds::nesting(text, file, &tokens) {
        return (ast::File::default(), vec![diagnostic]);
    }
    let layout = layout::layout(text, file, &tokens);
    if let Some(diagnostic) = bounds::operators(text, file, &tokens, &layout.separates) {
        return (ast::File::default(), vec![diagnostic]);
    }
    diagnostics.extend(layout.diagnostics);
    let (declarations, errors) = recover::declarations(text, file, &tokens, &layout.separates, &layout.pieces);
    diagnostics.extend(errors);
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| (label.span.start, label.span.end)));
    diagnostics.truncate(MOST_DIAGNOSTICS);
    (ast::File { declarations }, diagnostics)
}
