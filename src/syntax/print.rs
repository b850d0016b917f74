//! The formatter: the same file in one spelling.
//!
//! Two blanks of indentation, one entry a line, the `=` of consecutive settings aligned, at most one blank line in a
//! row. Line breaks inside an entry and blocks written on one line stay as the author wrote them, numbers too, and no
//! comment is lost. It works on the tokens, so that everything the tree does not hold is kept.

use std::ops::Range;

use super::layout::{OPERATOR_WORDS, Piece, layout};
use super::token::{Kind, Token, tokens};
use crate::diagnostic::{Diagnostic, FileId};

/// The file in its one spelling. Its tree is the same up to places, and printing it again changes nothing.
///
/// # Errors
/// What [`parse`](super::parse) finds wrong with the text: a file with errors is not printed.
pub fn print(text: &str, file: FileId) -> Result<String, Vec<Diagnostic>> {
    let (_, diagnostics) = super::parse(text, file);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let (tokens, _) = tokens(text, file);
    let pieces = layout(text, file, &tokens).pieces;
    let mut printer = Printer { source: text, tokens: &tokens, lines: Vec::new() };
    printer.items(0..tokens.len(), &pieces, 0, false);
    Ok(assemble(&printer.lines))
}

/// Blanks for each level.
const INDENT: usize = 2;

/// Blanks before a comment that follows something.
const BEFORE_COMMENT: usize = 2;

/// Comments of consecutive lines stand in one column, unless a line is longer than this.
const WIDEST_ALIGNED: usize = 100;

/// One line of the result.
#[derive(Debug, Default)]
struct Line {
    indent: usize,
    text: String,
    /// The comment after it; the only thing in a line of comment.
    comment: Option<String>,
}

impl Line {
    fn width(&self) -> usize {
        self.indent + self.text.chars().count()
    }
}

struct Printer<'a> {
    source: &'a str,
    tokens: &'a [Token],
    lines: Vec<Line>,
}

/// How to widen one token of an entry, for alignment.
#[derive(Clone, Copy)]
struct Pad {
    /// Index of the token in its entry.
    token: usize,
    /// Width to reach.
    width: usize,
}

/// What came last while the pieces of a block are printed.
struct Gap {
    /// Line ends since then.
    newlines: usize,
    /// Nothing has come yet.
    empty: bool,
    /// A comment now would stand on the line of something else.
    attaches: bool,
}

impl Printer<'_> {
    /// The pieces of a block or file and the comments between them. `after_brace`: the last line ends in `{`.
    fn items(&mut self, range: Range<usize>, pieces: &[Piece], indent: usize, after_brace: bool) {
        let pads = self.pads(pieces, indent == 0);
        let mut gap = Gap { newlines: 0, empty: true, attaches: after_brace };
        let mut at = range.start;
        for (piece, pad) in pieces.iter().zip(pads) {
            self.gap(at..piece.tokens.start, indent, &mut gap);
            self.blank_line(&gap);
            self.piece(piece, indent, pad);
            gap = Gap { newlines: 0, empty: false, attaches: true };
            at = piece.tokens.end;
        }
        self.gap(at..range.end, indent, &mut gap);
    }

    /// Comments between pieces.
    fn gap(&mut self, range: Range<usize>, indent: usize, gap: &mut Gap) {
        for at in range {
            match self.tokens[at].kind {
                Kind::Newline => gap.newlines += 1,
                Kind::Comment => {
                    if !(gap.attaches && gap.newlines == 0 && self.attach(at)) {
                        self.blank_line(gap);
                        self.comment_line(at, indent);
                    }
                    *gap = Gap { newlines: 0, empty: false, attaches: false };
                }
                _ => {}
            }
        }
    }

    fn blank_line(&mut self, gap: &Gap) {
        if gap.newlines > 1 && !gap.empty {
            self.lines.push(Line::default());
        }
    }

    fn comment(&self, at: usize) -> String {
        self.tokens[at].text(self.source).trim_end().to_owned()
    }

    fn comment_line(&mut self, at: usize, indent: usize) {
        let comment = Some(self.comment(at));
        self.lines.push(Line { indent, text: String::new(), comment });
    }

    /// Puts a comment behind the last line, if that has none yet.
    fn attach(&mut self, at: usize) -> bool {
        let comment = self.comment(at);
        match self.lines.last_mut() {
            Some(line) if line.comment.is_none() && !line.text.is_empty() => {
                line.comment = Some(comment);
                true
            }
            _ => false,
        }
    }

    /// One declaration or entry.
    fn piece(&mut self, piece: &Piece, indent: usize, pad: Option<Pad>) {
        self.flow(piece.head.clone(), indent, pad);
        let (Some(block), Some(open)) = (&piece.block, self.open_brace(piece)) else { return };
        let close = piece.tokens.end - 1;
        let inner = open + 1..close;
        let one_line = self.has_inline_block(piece);
        let text = if one_line { self.inline_block(block) } else { " {".to_owned() };
        if let Some(line) = self.lines.last_mut() {
            // A comment between head and brace goes behind the brace.
            line.text.push_str(&text);
        }
        for at in piece.head.end..open {
            if self.tokens[at].kind == Kind::Comment && !self.attach(at) {
                self.comment_line(at, if one_line { indent } else { indent + INDENT });
            }
        }
        if !one_line {
            self.items(inner, block, indent + INDENT, true);
            self.lines.push(Line { indent, text: "}".to_owned(), comment: None });
        }
    }

    /// Does the block of a piece stay on one line? Also true without a block.
    fn has_inline_block(&self, piece: &Piece) -> bool {
        let (Some(block), Some(open)) = (&piece.block, self.open_brace(piece)) else { return true };
        let has = |kind: Kind| self.tokens[open..piece.tokens.end].iter().any(|token| token.kind == kind);
        !has(Kind::Newline) || (block.is_empty() && !has(Kind::Comment))
    }

    fn open_brace(&self, piece: &Piece) -> Option<usize> {
        (piece.head.end..piece.tokens.end).find(|at| self.tokens[*at].is(self.source, "{"))
    }

    /// ` { a = 1, b = 2 }`
    fn inline_block(&self, block: &[Piece]) -> String {
        if block.is_empty() {
            return " {}".to_owned();
        }
        let entries: Vec<String> = block
            .iter()
            .map(|piece| {
                let mut text = String::new();
                for at in piece.head.clone().filter(|at| self.tokens[*at].is_solid()) {
                    self.push_token(&mut text, piece.head.start, at, None);
                }
                if let Some(inner) = &piece.block {
                    text.push_str(&self.inline_block(inner));
                }
                text
            })
            .collect();
        format!(" {{ {} }}", entries.join(", "))
    }

    /// The tokens of an entry, with the line breaks of its author.
    fn flow(&mut self, range: Range<usize>, indent: usize, pad: Option<Pad>) {
        // For each open bracket, the indentation of the line that opened it.
        let mut brackets: Vec<usize> = Vec::new();
        let mut line = Line { indent, ..Line::default() };
        let mut breaks = false;
        for at in range.clone() {
            let token = self.tokens[at];
            let continued = brackets.last().copied().unwrap_or(indent) + INDENT;
            match token.kind {
                Kind::Newline => breaks = true,
                Kind::Comment if !breaks => {
                    line.comment = Some(self.comment(at));
                    breaks = true;
                }
                Kind::Comment => {
                    self.flush(&mut line);
                    self.comment_line(at, continued);
                }
                _ => {
                    let closes = matches!(token.text(self.source), ")" | "]") && token.kind == Kind::Symbol;
                    if breaks {
                        self.flush(&mut line);
                        let outer = brackets.last().copied().unwrap_or(indent);
                        line.indent = if closes { outer } else { continued };
                        breaks = false;
                    }
                    if closes {
                        brackets.pop();
                    }
                    self.push_token(&mut line.text, range.start, at, pad);
                    if token.is(self.source, "(") || token.is(self.source, "[") {
                        brackets.push(line.indent);
                    }
                }
            }
        }
        self.flush(&mut line);
    }

    fn flush(&mut self, line: &mut Line) {
        let line = std::mem::take(line);
        if !line.text.is_empty() {
            self.lines.push(line);
        }
    }

    /// Adds a token with the blank before it, where one belongs.
    fn push_token(&self, text: &mut String, first: usize, at: usize, pad: Option<Pad>) {
        let before = (first..at).rev().find(|before| self.tokens[*before].is_solid());
        if !text.is_empty() && before.is_some_and(|before| self.is_apart(first, before, at)) {
            text.push(' ');
        }
        let token = self.tokens[at].text(self.source);
        text.push_str(token);
        if let Some(pad) = pad.filter(|pad| pad.token == at - first) {
            text.extend(std::iter::repeat_n(' ', pad.width.saturating_sub(token.chars().count())));
        }
    }

    /// Does a blank belong between two neighbouring tokens?
    fn is_apart(&self, first: usize, before: usize, at: usize) -> bool {
        let (left, right) = (self.tokens[before], self.tokens[at]);
        let (left_text, right_text) = (left.text(self.source), right.text(self.source));
        match (left_text, right_text) {
            ("(" | "[", _) | (_, ")" | "]" | "," | ":" | "'") => false,
            (_, ";") => matches!(left_text, "->" | "<->"),
            // After an asterisk a blank keeps the wildcard from reading as a product.
            (_, "(") if left.kind == Kind::Word && !is_operator_word(left_text) => left_text.ends_with('*'),
            ("^", _) | (_, "^") => false,
            ("-", _) if self.is_sign(first, before) => false,
            ("*" | "/", _) => self.is_spaced(before),
            (_, "*" | "/") => self.is_spaced(at),
            _ => true,
        }
    }

    /// Is this `-` a sign, not a difference?
    fn is_sign(&self, first: usize, at: usize) -> bool {
        let before = (first..at).rev().find(|before| self.tokens[*before].is_solid());
        before.is_none_or(|before| {
            let (token, text) = (self.tokens[before], self.tokens[before].text(self.source));
            match token.kind {
                Kind::Symbol => !matches!(text, ")" | "]"),
                Kind::Word => is_operator_word(text),
                _ => false,
            }
        })
    }

    /// Did the author leave blanks around this operator?
    fn is_spaced(&self, at: usize) -> bool {
        let blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
        let bytes = self.source.as_bytes();
        let token = self.tokens[at];
        blank(token.start().checked_sub(1).and_then(|before| bytes.get(before)))
            || blank(bytes.get(token.end()))
            || bytes[token.end()..].starts_with(b"//")
    }

    // ---- Alignment

    /// What to widen in each piece: keys of consecutive settings, names of consecutive declarations of one kind.
    fn pads(&self, pieces: &[Piece], top: bool) -> Vec<Option<Pad>> {
        let token = usize::from(top);
        let mut pads = vec![None; pieces.len()];
        let mut run = 0;
        for at in 0..=pieces.len() {
            let goes_on = at > run
                && at < pieces.len()
                && self.follows(&pieces[at - 1], &pieces[at])
                && self.aligned(&pieces[at], top).is_some()
                && self.aligned(&pieces[at], top).map(|(group, _)| group)
                    == self.aligned(&pieces[at - 1], top).map(|(group, _)| group);
            if at == run || goes_on {
                continue;
            }
            let widths = pieces[run..at].iter().filter_map(|piece| self.aligned(piece, top).map(|(_, width)| width));
            if let Some(width) = widths.max() {
                pads[run..at].fill(Some(Pad { token, width }));
            }
            run = at;
        }
        pads
    }

    /// The group in which a piece is aligned, and the width of what is widened.
    fn aligned(&self, piece: &Piece, top: bool) -> Option<(&str, usize)> {
        let text = |at: usize| self.tokens.get(piece.tokens.start + at).map_or("", |token| token.text(self.source));
        let kind = |at: usize| self.tokens.get(piece.tokens.start + at).map(|token| token.kind);
        if !top {
            let plain = kind(0) == Some(Kind::Word) && text(1) == "=" && !text(0).contains(['.', '*']);
            return plain.then(|| ("", text(0).len()));
        }
        let head = &self.tokens[piece.head.clone()];
        let one_line = head.iter().all(|token| token.is_solid()) && self.has_inline_block(piece);
        let third = if head.len() == 2 { piece.block.is_some() } else { text(2) == "=" };
        let named = kind(0) == Some(Kind::Word) && kind(1) == Some(Kind::Word) && third;
        (one_line && named).then(|| (text(0), text(1).len()))
    }

    /// Does a piece stand on the line after another one, or on the same?
    fn follows(&self, before: &Piece, piece: &Piece) -> bool {
        let gap = &self.tokens[before.tokens.end..piece.tokens.start];
        let newlines = gap.iter().filter(|token| token.kind == Kind::Newline).count();
        let first_newline = gap.iter().position(|token| token.kind == Kind::Newline).unwrap_or(gap.len());
        newlines <= 1 && gap[first_newline..].iter().all(|token| token.kind != Kind::Comment)
    }
}

/// Words after which an operand stands.
fn is_operator_word(word: &str) -> bool {
    OPERATOR_WORDS.contains(&word) || matches!(word, "at" | "noise")
}

/// The lines as text, the comments of consecutive lines in one column.
fn assemble(lines: &[Line]) -> String {
    let mut text = String::new();
    let follows = |line: &Line| line.comment.is_some() && !line.text.is_empty() && line.width() <= WIDEST_ALIGNED;
    let mut column = 0;
    for (at, line) in lines.iter().enumerate() {
        if !line.text.is_empty() {
            text.extend(std::iter::repeat_n(' ', line.indent));
            text.push_str(line.text.trim_end());
        }
        if let Some(comment) = &line.comment {
            if line.text.is_empty() {
                text.extend(std::iter::repeat_n(' ', line.indent));
            } else {
                if at == 0 || !follows(&lines[at - 1]) {
                    let run = lines[at..].iter().take_while(|line| follows(line));
                    column = run.map(Line::width).max().unwrap_or_default();
                }
                let blanks = column.saturating_sub(line.width()) * usize::from(follows(line));
                text.extend(std::iter::repeat_n(' ', blanks + BEFORE_COMMENT));
            }
            text.push_str(comment);
        }
        text.push('\n');
    }
    text
}
