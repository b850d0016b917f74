//! Where declarations and entries begin and end: the layout of a file, from its tokens alone.
//!
//! A newline ends an entry except inside ( ) and [ ], after an operator, before an opening brace and before `noise`.
//! A comma ends an entry except inside brackets and in the names of `estimate` and `import`. The pieces found here are
//! parsed one by one, so that a broken one does not hide the others' errors; unbalanced brackets are reported here,
//! where the opening one is known.

use std::ops::Range;

use super::MOST_DIAGNOSTICS;
use super::token::{Kind, Token};
use crate::diagnostic::{Diagnostic, FileId, Span};

/// Words that begin a declaration; `import` comes first, as it is shaped otherwise than all others.
pub(super) const DECLARATIONS: [&str; 14] = [
    "import",
    "experiment",
    "model",
    "problem",
    "dataset",
    "generator",
    "tune",
    "generate",
    "benchmark",
    "posterior",
    "profile_likelihood",
    "figure",
    "table",
    "profile",
];

/// The kinds of what is declared, and so the first words of overrides.
pub const KINDS: &[&str] = DECLARATIONS.split_at(1).1;

/// Words that begin an entry of a block and are followed by a name.
pub(super) const ENTRIES: [&str; 11] = [
    "compartment",
    "parameter",
    "species",
    "let",
    "reaction",
    "rule",
    "event",
    "observable",
    "estimate",
    "prior",
    "vary",
];

/// Words that stand between operands.
pub(super) const OPERATOR_WORDS: [&str; 6] = ["and", "or", "not", "over", "by", "in"];

/// Symbols after which an entry goes on in the next line.
const OPEN_ENDED: [&str; 21] =
    ["=", ":=", "->", "<->", ";", ":", "~", "..", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "^", "(", "["];

/// A declaration or an entry of a block, by its tokens.
#[derive(Debug)]
pub(super) struct Piece {
    /// All its tokens, from the first to the last that is neither newline nor comment.
    pub tokens: Range<usize>,
    /// The tokens before its block; all of them where there is none.
    pub head: Range<usize>,
    /// The pieces in its braces.
    pub block: Option<Vec<Piece>>,
    /// A diagnostic about this very piece has been given: there is no use in parsing it.
    pub refused: bool,
    /// It or a piece in its block was refused.
    pub tainted: bool,
}

/// The layout of a file.
#[derive(Debug)]
pub(super) struct Layout {
    /// The declarations.
    pub pieces: Vec<Piece>,
    /// For each token: a newline or comma that ends an entry or declaration.
    pub separates: Vec<bool>,
    /// Unbalanced brackets and stray separators.
    pub diagnostics: Vec<Diagnostic>,
}

/// Finds the pieces of a file.
pub(super) fn layout(source: &str, file: FileId, tokens: &[Token]) -> Layout {
    let mut builder = Builder {
        source,
        file,
        tokens,
        separates: vec![false; tokens.len()],
        diagnostics: Vec::new(),
        frames: vec![Frame::default()],
        brackets: Vec::new(),
        suspect: None,
        next_solid: next_solid(tokens),
    };
    for at in 0..tokens.len() {
        builder.token(at);
    }
    builder.end();
    let pieces = builder.frames.pop().map(|frame| frame.pieces).unwrap_or_default();
    Layout { pieces, separates: builder.separates, diagnostics: builder.diagnostics }
}

/// One block that is open, or the file.
#[derive(Debug, Default)]
struct Frame {
    /// The `{`; none for the file.
    open: Option<usize>,
    /// What is complete.
    pieces: Vec<Piece>,
    /// What is not.
    current: Option<Piece>,
    /// The last token was a comma that separates, or nothing has come yet: another comma ends nothing.
    after_comma: bool,
    /// The current piece is an `estimate` whose names, or a `reaction` whose species have not ended: a comma ends nothing.
    lists_names: bool,
}

struct Builder<'a> {
    source: &'a str,
    file: FileId,
    tokens: &'a [Token],
    separates: Vec<bool>,
    diagnostics: Vec<Diagnostic>,
    frames: Vec<Frame>,
    /// The open ( and [ of the current piece.
    brackets: Vec<usize>,
    /// An opening brace and the brace that closed it at a smaller indentation: where a missing brace belongs.
    suspect: Option<(usize, usize)>,
    /// For each token, the first one from it on that is neither newline nor comment; else the number of tokens.
    next_solid: Vec<u32>,
}

fn next_solid(tokens: &[Token]) -> Vec<u32> {
    let mut table = vec![0; tokens.len()];
    let mut next = tokens.len();
    for at in (0..tokens.len()).rev() {
        if tokens[at].is_solid() {
            next = at;
        }
        table[at] = next as u32;
    }
    table
}

impl Builder<'_> {
    fn token(&mut self, at: usize) {
        let token = self.tokens[at];
        match token.kind {
            Kind::Comment => {}
            Kind::Newline => self.newline(at),
            Kind::Symbol => match token.text(self.source) {
                "," => self.comma(at),
                "(" | "[" => {
                    self.extend(at);
                    self.brackets.push(at);
                }
                ")" | "]" => self.close_bracket(at),
                "{" => self.open_brace(at),
                "}" => self.close_brace(at),
                _ => self.extend(at),
            },
            Kind::Bad => {
                self.extend(at);
                self.refuse();
            }
            Kind::Word | Kind::Number | Kind::Text => {
                if self.frames.len() > 1 && self.begins_line(at) && self.begins_declaration(at) {
                    self.missing_brace(Some(at));
                }
                self.extend(at);
            }
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MOST_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Adds a token to the current piece.
    fn extend(&mut self, at: usize) {
        let token = self.tokens[at];
        let begins_names =
            ["estimate", "reaction"].iter().any(|word| token.is_word(self.source, word)) && !self.is_assignment(at + 1);
        let ends_names = token.is_word(self.source, "in") || token.is(self.source, ";");
        let frame = self.frame();
        frame.after_comma = false;
        frame.lists_names = if frame.current.is_none() { begins_names } else { frame.lists_names && !ends_names };
        let piece = frame.current.get_or_insert(Piece {
            tokens: at..at,
            head: at..at,
            block: None,
            refused: false,
            tainted: false,
        });
        piece.tokens.end = at + 1;
        if piece.block.is_none() {
            piece.head.end = at + 1;
        }
    }

    /// Marks the current piece: it has its diagnostic.
    fn refuse(&mut self) {
        if let Some(piece) = &mut self.frame().current {
            piece.refused = true;
            piece.tainted = true;
        }
    }

    fn finish(&mut self) {
        self.brackets.clear();
        let frame = self.frame();
        if let Some(piece) = frame.current.take() {
            frame.pieces.push(piece);
        }
    }

    fn newline(&mut self, at: usize) {
        let Some(piece) = &self.frame().current else { return };
        let (last, first, has_block) = (piece.tokens.end - 1, piece.tokens.start, piece.block.is_some());
        if !self.brackets.is_empty() {
            let comma = self.tokens[last].is(self.source, ",");
            if comma || self.is_open_ended(last) || !self.begins_entry(at + 1) {
                return;
            }
            self.unclosed_bracket();
        } else if !has_block && self.goes_on(first, last, at) {
            return;
        }
        self.separates[at] = true;
        self.finish();
    }

    /// Does the entry that began at `first` and stands at `last` go on after the newline at `newline`?
    fn goes_on(&self, first: usize, last: usize, newline: usize) -> bool {
        let next = self.solid(newline + 1);
        let next_is = |symbol| next.is_some_and(|next| self.tokens[next].is(self.source, symbol));
        if next_is("{") {
            return true;
        }
        if self.is_open_ended(last) {
            return !next_is("}") && !self.begins_entry(newline + 1);
        }
        if self.tokens[last].is(self.source, ",") {
            // Only in the names of `estimate` and `import`: other commas have ended the entry.
            return !next_is("}") && !self.begins_entry(newline + 1);
        }
        let Some(next) = next else { return false };
        let begins = |word| self.tokens[first].is_word(self.source, word);
        (self.tokens[next].is_word(self.source, "noise") && begins("observable") && !self.is_assignment(next + 1))
            || (self.tokens[next].is_word(self.source, "from") && begins("import"))
    }

    fn comma(&mut self, at: usize) {
        if !self.brackets.is_empty() || self.frames.len() == 1 || self.frame().lists_names {
            return self.extend(at);
        }
        if self.frame().after_comma && self.frame().current.is_none() {
            self.report(
                Diagnostic::error("stray-comma", "this comma separates nothing")
                    .at(self.span(at), "expected a setting before it")
                    .help("remove the comma"),
            );
        }
        self.separates[at] = true;
        self.finish();
        self.frame().after_comma = true;
    }

    fn close_bracket(&mut self, at: usize) {
        self.extend(at);
        let closing = self.tokens[at].text(self.source);
        let wanted = if closing == ")" { "(" } else { "[" };
        match self.brackets.pop() {
            Some(open) if self.tokens[open].is(self.source, wanted) => {}
            Some(open) => {
                let opening = self.tokens[open].text(self.source);
                let right = if opening == "(" { ")" } else { "]" };
                self.report(
                    Diagnostic::error("mismatched-bracket", format!("`{opening}` is closed by `{closing}`"))
                        .at(self.span(at), format!("expected `{right}`"))
                        .at(self.span(open), "opened here"),
                );
                self.refuse();
            }
            None => {
                self.report(
                    Diagnostic::error("stray-bracket", format!("`{closing}` closes nothing"))
                        .at(self.span(at), format!("no `{wanted}` is open here")),
                );
                self.refuse();
            }
        }
    }

    fn unclosed_bracket(&mut self) {
        if let Some(open) = self.brackets.first().copied() {
            let opening = self.tokens[open].text(self.source);
            let right = if opening == "(" { ")" } else { "]" };
            let end = self.frame().current.as_ref().map_or(open, |piece| piece.tokens.end - 1);
            let mut diagnostic = Diagnostic::error("unclosed-bracket", format!("this `{opening}` is never closed"))
                .at(self.span(open), "opened here");
            if end > open {
                let span = self.span(end);
                diagnostic =
                    diagnostic.at(Span { start: span.end, ..span }, format!("expected `{right}` here or before"));
            }
            self.report(diagnostic);
            self.refuse();
        }
        self.brackets.clear();
    }

    fn open_brace(&mut self, at: usize) {
        if !self.brackets.is_empty() {
            self.unclosed_bracket();
        }
        let has_head = self.frame().current.is_some();
        let head_end = self.frame().current.as_ref().map(|piece| piece.head.end);
        let second = self.frame().current.as_ref().is_some_and(|piece| piece.block.is_some());
        self.extend(at);
        if let Some(piece) = &mut self.frame().current {
            piece.head.end = head_end.unwrap_or(at);
            piece.block.get_or_insert_default();
        }
        if second {
            self.report(
                Diagnostic::error("second-block", "a second block follows the first one")
                    .at(self.span(at), "expected a new line"),
            );
            self.refuse();
        } else if !has_head {
            self.report(
                Diagnostic::error("nameless-block", "this block belongs to nothing")
                    .at(self.span(at), "expected a word before it, such as `solver` or `model name`"),
            );
            self.refuse();
        }
        self.frames.push(Frame { open: Some(at), after_comma: true, ..Frame::default() });
    }

    fn close_brace(&mut self, at: usize) {
        if !self.brackets.is_empty() {
            self.unclosed_bracket();
        }
        if self.frames.len() == 1 {
            let mut diagnostic = Diagnostic::error("stray-brace", "this `}` closes nothing")
                .at(self.span(at), "every block before it is closed");
            if let Some(close) = self.previous_brace(at) {
                diagnostic = diagnostic.at(self.span(close), "the last block ended here");
            }
            self.report(diagnostic);
            if self.frame().current.is_some() {
                self.extend(at);
                self.refuse();
            }
            return;
        }
        self.finish();
        if let Some(frame) = self.frames.pop() {
            if let Some(open) = frame.open
                && self.suspect.is_none()
                && self.begins_line(at)
                && self.indentation(at) < self.indentation(open)
            {
                self.suspect = Some((open, at));
            }
            self.attach(frame, at);
        }
        if self.frames.len() == 1 {
            self.suspect = None;
        }
    }

    /// Gives the pieces of a closed block to the piece that it belongs to.
    fn attach(&mut self, block: Frame, close: usize) {
        let tainted = block.pieces.iter().any(|piece| piece.tainted);
        self.extend(close);
        if let Some(piece) = &mut self.frame().current {
            piece.tainted |= tainted;
            piece.block.get_or_insert_default().extend(block.pieces);
        }
    }

    /// Closes every block: a declaration begins at `next`, or the file ends.
    fn missing_brace(&mut self, next: Option<usize>) {
        if !self.brackets.is_empty() {
            self.unclosed_bracket();
        }
        self.finish();
        let innermost = self.frames.last().and_then(|frame| frame.open);
        if let Some(open) = self.suspect.map(|(open, _)| open).or(innermost) {
            let mut diagnostic = Diagnostic::error("unclosed-brace", "this `{` is never closed")
                .at(self.span(open), "opened here, expected a `}` for it");
            if let Some((_, close)) = self.suspect {
                diagnostic =
                    diagnostic.at(self.span(close), "this `}` closes it, but its indentation belongs to another");
            } else if let Some(next) = next {
                diagnostic = diagnostic.at(self.span(next), "a declaration begins here");
            }
            self.report(diagnostic);
        }
        self.suspect = None;
        while self.frames.len() > 1 {
            self.finish();
            let Some(frame) = self.frames.pop() else { break };
            let last = frame.pieces.last().map(|piece| piece.tokens.end - 1);
            let close = last.or(frame.open).unwrap_or_default();
            self.attach(frame, close);
            if let Some(piece) = &mut self.frame().current {
                piece.tainted = true;
            }
        }
        self.finish();
    }

    fn end(&mut self) {
        if self.frames.len() > 1 {
            self.missing_brace(None);
        }
        if !self.brackets.is_empty() {
            self.unclosed_bracket();
        }
        self.finish();
    }

    // ---- Questions about tokens

    fn span(&self, at: usize) -> Span {
        Span { file: self.file, start: self.tokens[at].start(), end: self.tokens[at].end() }
    }

    /// The first token from `at` on that is neither newline nor comment.
    fn solid(&self, at: usize) -> Option<usize> {
        self.next_solid.get(at).map(|at| *at as usize).filter(|at| *at < self.tokens.len())
    }

    fn begins_line(&self, at: usize) -> bool {
        at == 0 || self.tokens[at - 1].kind == Kind::Newline
    }

    fn is_assignment(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(self.source, "="))
    }

    fn is_open_ended(&self, at: usize) -> bool {
        let text = self.tokens[at].text(self.source);
        match self.tokens[at].kind {
            Kind::Symbol => OPEN_ENDED.contains(&text),
            Kind::Word => OPERATOR_WORDS.contains(&text),
            _ => false,
        }
    }

    /// Does the line at `at` begin an entry or declaration beyond doubt?
    fn begins_entry(&self, at: usize) -> bool {
        let Some(at) = self.solid(at) else { return false };
        if self.tokens[at].kind != Kind::Word {
            return false;
        }
        let word = self.tokens[at].text(self.source);
        let next = self.tokens.get(at + 1);
        self.is_assignment(at + 1)
            || self.begins_declaration(at)
            || (ENTRIES.contains(&word) && next.is_some_and(|next| next.kind == Kind::Word))
    }

    fn begins_declaration(&self, at: usize) -> bool {
        let next = self.tokens.get(at + 1).map(|next| next.kind);
        match self.tokens[at].text(self.source) {
            "experiment" => {
                next == Some(Kind::Text) || self.tokens.get(at + 1).is_some_and(|next| next.is(self.source, "{"))
            }
            word => next == Some(Kind::Word) && DECLARATIONS.contains(&word),
        }
    }

    /// Blanks before the first token of the line of a token.
    fn indentation(&self, at: usize) -> usize {
        let start = self.tokens[at].start();
        let line = self.source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        self.source[line..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    fn previous_brace(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|at| self.tokens[*at].is_solid()).filter(|at| self.tokens[*at].is(self.source, "}"))
    }
}
