//! The tokens of a file, every byte accounted for: what is between two tokens is blank.
//!
//! The grammar itself is pest's. The tokens serve what pest cannot do: find the pieces to parse one by one, say what a
//! stray character should have been, and keep comments for the formatter.

use super::MOST_DIAGNOSTICS;
use crate::diagnostic::{Diagnostic, FileId, Span};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A line end.
    Newline,
    /// `// ...`, without the line end.
    Comment,
    /// A name, path, keyword or wildcard.
    Word,
    /// A number.
    Number,
    /// A string with its quotes.
    Text,
    /// An operator, bracket or separator.
    Symbol,
    /// Something that no file may contain; a diagnostic has said so.
    Bad,
}

/// A token and its place in the file. Offsets fit 32 bits since larger files are refused before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    start: u32,
    end: u32,
}

impl Token {
    fn new(kind: Kind, start: usize, end: usize) -> Self {
        Self { kind, start: start as u32, end: end as u32 }
    }

    /// Offset of its first byte.
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// Offset past its last byte.
    pub fn end(self) -> usize {
        self.end as usize
    }

    /// The token as written.
    pub fn text(self, source: &str) -> &str {
        &source[self.start()..self.end()]
    }

    /// Is it this symbol?
    pub fn is(self, source: &str, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text(source) == symbol
    }

    /// Is it this word?
    pub fn is_word(self, source: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.text(source) == word
    }

    /// Is it neither a line end nor a comment?
    pub fn is_solid(self) -> bool {
        !matches!(self.kind, Kind::Newline | Kind::Comment)
    }
}

/// Longest first, so that `<->` is not `<`, `->`.
const SYMBOLS: [&str; 27] = [
    "<->", "..", ":=", "==", "!=", "<=", ">=", "->", "{", "}", "(", ")", "[", "]", ",", ";", ":", "=", "<", ">", "+",
    "-", "*", "/", "^", "~", "'",
];

/// Characters that look like one of ours, or that other languages use, and what to write here.
const LOOKALIKES: [(&str, &str); 34] = [
    ("\u{2212}", "-"),
    ("\u{2013}", "-"),
    ("\u{2014}", "-"),
    ("\u{2010}", "-"),
    ("\u{2011}", "-"),
    ("\u{201c}", "\""),
    ("\u{201d}", "\""),
    ("\u{201e}", "\""),
    ("\u{ab}", "\""),
    ("\u{bb}", "\""),
    ("\u{2018}", "\""),
    ("\u{2019}", "'"),
    ("\u{d7}", "*"),
    ("\u{b7}", "*"),
    ("\u{22c5}", "*"),
    ("\u{f7}", "/"),
    ("\u{2264}", "<="),
    ("\u{2265}", ">="),
    ("\u{2260}", "!="),
    ("\u{2192}", "->"),
    ("\u{21cc}", "<->"),
    ("\u{21c4}", "<->"),
    ("\u{2194}", "<->"),
    ("\u{2026}", ".."),
    ("\u{a0}", "a plain space"),
    ("\u{200b}", "nothing: it is invisible"),
    ("\u{feff}", "nothing: it is invisible"),
    ("**", "^"),
    ("&&", "and"),
    ("||", "or"),
    ("=>", "->"),
    ("!", "not"),
    ("&", "and"),
    ("|", "or"),
];

/// The tokens of a text, and what is wrong with single tokens.
pub(super) fn tokens(source: &str, file: FileId) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer =
        Lexer { source, file, at: 0, tokens: Vec::new(), diagnostics: Vec::new(), pattern: false, brackets: 0 };
    if source.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    while lexer.at < source.len() {
        lexer.next();
    }
    (lexer.tokens, lexer.diagnostics)
}

struct Lexer<'a> {
    source: &'a str,
    file: FileId,
    at: usize,
    tokens: Vec<Token>,
    diagnostics: Vec<Diagnostic>,
    /// Between `estimate`, `prior` or `vary` and the word that ends their names: asterisks belong to names.
    pattern: bool,
    /// Open ( and [.
    brackets: usize,
}

impl Lexer<'_> {
    fn next(&mut self) {
        let bytes = self.source.as_bytes();
        let start = self.at;
        match bytes[start] {
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'\n' => self.push(Kind::Newline, start + 1),
            b'/' if bytes.get(start + 1) == Some(&b'/') => {
                let end = self.source[start..].find('\n').map_or(self.source.len(), |length| start + length);
                let end = if bytes[end - 1] == b'\r' { end - 1 } else { end };
                self.push(Kind::Comment, end);
            }
            b'"' => self.text(),
            b'0'..=b'9' => self.number(),
            b'.' if bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => self.number_without_start(),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => self.word(start),
            b'*' if self.pattern || self.begins_wildcard() => self.word(start),
            _ => self.symbol(),
        }
    }

    fn push(&mut self, kind: Kind, end: usize) {
        self.tokens.push(Token::new(kind, self.at, end));
        self.at = end;
    }

    /// Adds a bad token and says what is wrong with it.
    fn refuse(&mut self, end: usize, diagnostic: impl FnOnce(Span) -> Diagnostic) {
        let span = Span { file: self.file, start: self.at, end };
        if self.diagnostics.len() < MOST_DIAGNOSTICS {
            self.diagnostics.push(diagnostic(span));
        }
        self.push(Kind::Bad, end);
    }

    /// Does the next token begin a setting or declaration?
    fn begins_entry(&self) -> bool {
        self.tokens.last().is_none_or(|last| {
            last.kind == Kind::Newline || ["{", "}", ","].iter().any(|symbol| last.is(self.source, symbol))
        })
    }

    /// Is this asterisk the beginning of a path, as in `*.train.epochs = 20`?
    fn begins_wildcard(&self) -> bool {
        let next = self.source.as_bytes().get(self.at + 1);
        self.brackets == 0
            && self.begins_entry()
            && next.is_some_and(|next| matches!(next, b'.' | b'_') || next.is_ascii_alphanumeric())
    }

    fn word(&mut self, start: usize) {
        let bytes = self.source.as_bytes();
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let begins_entry = self.begins_entry();
        let free = self.pattern || byte(start) == b'*';
        let mut end = start;
        loop {
            let here = byte(end);
            let asterisk = here == b'*'
                && byte(end + 1) != b'*'
                && (free
                    || (end > start
                        && matches!(byte(end - 1), b'_' | b'.')
                        && !is_name(byte(end + 1))
                        && byte(end + 1) != b'('));
            let dot = here == b'.'
                && end > start
                && (byte(end + 1).is_ascii_alphabetic() || matches!(byte(end + 1), b'_' | b'*'));
            if !(is_name(here) || asterisk || dot) {
                break;
            }
            end += 1;
        }
        let end = end.max(start + 1);
        match &self.source[start..end] {
            "estimate" | "prior" | "vary" if begins_entry => self.pattern = true,
            "in" => self.pattern = false,
            _ => {}
        }
        self.push(Kind::Word, end);
    }

    fn number(&mut self) {
        let bytes = self.source.as_bytes();
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let digits = |mut at: usize| {
            while byte(at).is_ascii_digit() {
                at += 1;
            }
            at
        };
        let start = self.at;
        let mut end = digits(start);
        if byte(end) == b'.' && byte(end + 1) != b'.' {
            if !byte(end + 1).is_ascii_digit() {
                let text = &self.source[start..end];
                let help = format!("write `{text}.0`, or `{text}`");
                return self.refuse(end + 1, |span| {
                    Diagnostic::error("number", "a number needs digits on both sides of its point")
                        .at(span, "no digit after the point")
                        .help(help)
                });
            }
            end = digits(end + 1);
        }
        if matches!(byte(end), b'e' | b'E') {
            let sign = usize::from(matches!(byte(end + 1), b'+' | b'-'));
            if byte(end + 1 + sign).is_ascii_digit() {
                end = digits(end + 1 + sign);
            } else if !(byte(end + 1).is_ascii_alphanumeric() || byte(end + 1) == b'_') {
                return self.refuse(end + 1 + sign, |span| {
                    Diagnostic::error("number", "the exponent of this number has no digits")
                        .at(span, "expected digits after `e`, as in `1e-3`")
                });
            }
        }
        if byte(end) == b'.' && byte(end + 1).is_ascii_digit() {
            let mut stop = end;
            while byte(stop).is_ascii_digit() || byte(stop) == b'.' {
                stop += 1;
            }
            return self.refuse(stop, |span| {
                Diagnostic::error("number", "a number has at most one point").at(span, "more than one point")
            });
        }
        if byte(end).is_ascii_alphabetic() || byte(end) == b'_' {
            let mut stop = end;
            while byte(stop).is_ascii_alphanumeric() || byte(stop) == b'_' {
                stop += 1;
            }
            let (number, name) = (&self.source[start..end], &self.source[end..stop]);
            let digits = name.trim_start_matches('_');
            let help = if name.starts_with('_') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                format!("write `{number}{digits}`: numbers have no separators between digits")
            } else {
                format!(
                    "write `{number} {name}` in a reaction, `{number}*{name}` for a product; names begin with a letter"
                )
            };
            return self.refuse(stop, |span| {
                Diagnostic::error("number", "a number runs into a name")
                    .at(span, "a blank or `*` is missing")
                    .help(help)
            });
        }
        self.push(Kind::Number, end);
    }

    fn number_without_start(&mut self) {
        let rest = &self.source[self.at + 1..];
        let length = rest.bytes().position(|byte| !byte.is_ascii_digit() && !matches!(byte, b'e' | b'E'));
        let end = self.at + 1 + length.unwrap_or(rest.len());
        let help = format!("write `0{}`", &self.source[self.at..end]);
        self.refuse(end, |span| {
            Diagnostic::error("number", "a number needs digits on both sides of its point")
                .at(span, "no digit before the point")
                .help(help)
        });
    }

    fn text(&mut self) {
        let bytes = self.source.as_bytes();
        let mut end = self.at + 1;
        let mut kind = Kind::Text;
        loop {
            match bytes.get(end) {
                None | Some(b'\n') => {
                    // A brace at the end of the line most likely opens a block.
                    let line = self.source[self.at..end].trim_end();
                    let end = self.at + line.strip_suffix('{').map_or(line, str::trim_end).len();
                    return self.refuse(end, |span| {
                        Diagnostic::error("unterminated-string", "this string has no closing quote")
                            .at(span, "expected `\"` before the end of the line")
                            .help("a string stays on one line; write `\\n` for a line break in it")
                    });
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    if !matches!(bytes.get(end + 1), Some(b'"' | b'\\' | b'n' | b't' | b'\r' | b'\n') | None) {
                        kind = Kind::Bad;
                        self.diagnostics.push(
                            Diagnostic::error("unknown-escape", "this escape is not known")
                                .at(self.character_after(end), "expected `\\\"`, `\\\\`, `\\n` or `\\t`")
                                .help("write `\\\\` for a backslash"),
                        );
                    }
                    end += if bytes.get(end + 1).is_none_or(|byte| matches!(byte, b'\n' | b'\r')) { 1 } else { 2 };
                }
                Some(_) => end += 1,
            }
        }
        self.push(kind, end + 1);
    }

    /// The span of a backslash and the character after it.
    fn character_after(&self, backslash: usize) -> Span {
        let length = self.source[backslash + 1..].chars().next().map_or(0, char::len_utf8);
        Span { file: self.file, start: backslash, end: backslash + 1 + length }
    }

    fn symbol(&mut self) {
        let rest = &self.source[self.at..];
        if rest.starts_with("/*") {
            return self.block_comment();
        }
        // `!=` is ours, `!` alone is not; `**` and `=>` would read as two symbols.
        let lookalike = LOOKALIKES.iter().find(|(wrong, _)| rest.starts_with(wrong) && !rest.starts_with("!="));
        if let Some((wrong, right)) = lookalike {
            return self.lookalike(wrong, right);
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            match *symbol {
                "(" | "[" => self.brackets += 1,
                ")" | "]" => self.brackets = self.brackets.saturating_sub(1),
                "~" => self.pattern = false,
                "{" | "}" => (self.pattern, self.brackets) = (false, 0),
                _ => {}
            }
            return self.push(Kind::Symbol, self.at + symbol.len());
        }
        self.unknown_character();
    }

    fn lookalike(&mut self, wrong: &'static str, right: &'static str) {
        if matches!(wrong, "\u{2018}" | "\u{201c}" | "\u{201d}" | "\u{201e}" | "\u{ab}" | "\u{bb}") {
            return self.curly_string();
        }
        let help = if right.contains(' ') { format!("write {right}") } else { format!("write `{right}`") };
        let message = if wrong.is_ascii() {
            format!("`{wrong}` is not an operator of kexp")
        } else if wrong
            .chars()
            .all(|character| character.is_whitespace() || matches!(character, '\u{200b}' | '\u{feff}'))
        {
            format!("the character U+{:04X} looks like a blank, but is none", wrong.chars().next().map_or(0, u32::from))
        } else {
            format!("`{wrong}` is a typographic character that kexp does not read")
        };
        self.refuse(self.at + wrong.len(), |span| {
            Diagnostic::error("unexpected-character", message).at(span, "not read").help(help)
        });
    }

    /// A string in typographic quotes, up to its closing quote on the same line.
    fn curly_string(&mut self) {
        let closing = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{ab}', '\u{bb}', '\u{2018}', '\u{2019}', '"'];
        let rest = &self.source[self.at..];
        let stop = rest.char_indices().skip(1).find(|(_, letter)| *letter == '\n' || closing.contains(letter));
        let end = match stop {
            Some((at, '\n')) => rest[..at].trim_end().len(),
            Some((at, letter)) => at + letter.len_utf8(),
            None => rest.trim_end().len(),
        };
        self.refuse(self.at + end, |span| {
            Diagnostic::error("typographic-quotes", "typographic quotes do not delimit a string")
                .at(span, "written with typographic quotes")
                .help("write straight quotes: `\"...\"`")
        });
    }

    fn block_comment(&mut self) {
        let end = self.source[self.at..].find("*/").map_or(self.source.len(), |length| self.at + length + 2);
        self.refuse(end, |span| {
            Diagnostic::error("block-comment", "there are no block comments")
                .at(span, "not read")
                .help("begin each line of a comment with `//`")
        });
    }

    fn unknown_character(&mut self) {
        let character = self.source[self.at..].chars().next().unwrap_or(' ');
        let end = self.at + character.len_utf8();
        if character == '#' || character == '%' {
            let stop = self.source[self.at..].find('\n').map_or(self.source.len(), |length| self.at + length);
            return self.refuse(stop, |span| {
                Diagnostic::error("unexpected-character", format!("`{character}` does not begin a comment"))
                    .at(Span { end, ..span }, "not read")
                    .help("comments begin with `//`")
            });
        }
        if character.is_alphabetic() {
            let word = |character: char| character.is_alphanumeric() || character == '_';
            let rest = &self.source[self.at..];
            let stop = self.at + rest.find(|character| !word(character)).unwrap_or(rest.len());
            return self.refuse(stop, |span| {
                Diagnostic::error("unexpected-character", format!("`{character}` cannot stand in a name"))
                    .at(Span { end, ..span }, "not an ASCII letter")
                    .help("names are made of the letters a-z and A-Z, digits and `_`")
            });
        }
        let (message, label) = match character {
            '.' => ("a point stands alone".to_owned(), "expected a name or a digit beside it, or `..` for a range"),
            '\'' => ("strings are written in double quotes".to_owned(), "not read"),
            _ if character.is_control() => {
                (format!("the character U+{:04X} is not text", u32::from(character)), "not read")
            }
            _ => (format!("`{character}` has no meaning in kexp"), "not read"),
        };
        self.refuse(end, |span| Diagnostic::error("unexpected-character", message).at(span, label));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        let (tokens, diagnostics) = tokens(source, FileId(0));
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        tokens.iter().map(|token| token.text(source).to_owned()).collect()
    }

    #[test]
    fn asterisks_belong_to_products_or_to_wildcards() {
        assert_eq!(words("kon*A*B"), ["kon", "*", "A", "*", "B"]);
        assert_eq!(words("estimate k_*, *_b in a*b"), ["estimate", "k_*", ",", "*_b", "in", "a", "*", "b"]);
        assert_eq!(words("generator.*.train = sd_*"), ["generator.*.train", "=", "sd_*"]);
        assert_eq!(words("k_*x"), ["k_", "*", "x"]);
    }

    #[test]
    fn points_belong_to_numbers_paths_or_ranges() {
        assert_eq!(words("1..2 .. 3.5e-2"), ["1", "..", "2", "..", "3.5e-2"]);
        assert_eq!(words("a.b..c"), ["a.b", "..", "c"]);
    }
}
