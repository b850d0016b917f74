//! What would have been right, in words: from pest's furthest position and the tokens that would fit there.

use std::collections::BTreeSet;

use pest::error::Error;

use super::grammar::{Rule, read};
use super::token::{Kind, Token};
use super::traps;
use crate::diagnostic::{Diagnostic, FileId, Span};

/// A text that a rule does not match.
pub(super) struct Failure<'a> {
    /// The whole file.
    pub source: &'a str,
    /// The file's id.
    pub file: FileId,
    /// The tokens of the file.
    pub all: &'a [Token],
    /// The tokens of the text, newlines and comments left out.
    pub tokens: Vec<Token>,
    /// Which of them is the first that does not fit; the number of tokens when something is missing at the end.
    pub at: usize,
    /// The rule.
    pub rule: Rule,
    /// What would fit there.
    pub expected: Expected,
}

/// What would fit.
#[derive(Debug, Default)]
pub(super) struct Expected(BTreeSet<String>);

impl<'a> Failure<'a> {
    /// Finds the token that does not fit and what would.
    pub fn new(
        (source, masked, file): (&'a str, &'a str, FileId),
        (all, tokens): (&'a [Token], &[Token]),
        rule: Rule,
        error: &Error<Rule>,
    ) -> Self {
        let tokens: Vec<Token> = tokens.iter().copied().filter(|token| token.is_solid()).collect();
        let base = tokens.first().map_or(0, |token| token.start());
        let attempts = error.parse_attempts().unwrap_or_default();
        let furthest = base + attempts.max_position;
        let at = tokens.iter().position(|token| token.end() > furthest).unwrap_or(tokens.len());
        let here = tokens.get(at).map(|token| token.start());
        let touches = at.checked_sub(1).is_some_and(|last| tokens[last].end() == furthest);
        let mut expected = if here == Some(furthest) && !touches {
            Expected::new(&words(error))
        } else {
            // Inside a word, right after one that could go on, or at the end: ask what may follow the tokens before,
            // with a character after them that never fits.
            let end = at.checked_sub(1).map_or(base, |last| tokens[last].end());
            let before = format!("{} \u{1}", &masked[base..end]);
            read(rule, &before).map_or_else(|error| Expected::new(&words(&error)), |_| Expected::default())
        };
        if matches!(rule, Rule::one_declaration_head | Rule::one_entry_head) && expected.0.remove(END) {
            expected.0.insert("`{`".to_owned());
        }
        Self { source, file, all, tokens, at, rule, expected }
    }

    /// What to tell the author.
    pub fn diagnostic(&self) -> Diagnostic {
        if let Some(diagnostic) = traps::diagnostic(self) {
            return diagnostic;
        }
        let found = self.tokens.get(self.at).map(|token| self.describe(*token));
        let (message, label) = match (self.expected.words(), found) {
            (Some(expected), Some(found)) => {
                (format!("expected {expected}, found {found}"), format!("expected {expected}"))
            }
            (Some(expected), None) => (format!("expected {expected}"), "something is missing here".to_owned()),
            (None, Some(found)) => (format!("{found} does not belong here"), "not understood".to_owned()),
            (None, None) => ("the end comes too early".to_owned(), "something is missing here".to_owned()),
        };
        Diagnostic::error("syntax", message).at(self.here(), label).maybe_help(traps::form(self))
    }

    /// The place of the token that does not fit, or the end.
    pub fn here(&self) -> Span {
        match self.tokens.get(self.at) {
            Some(token) => self.span(*token),
            None => {
                let end = self.tokens.last().map_or(0, |token| token.end());
                Span { file: self.file, start: end, end }
            }
        }
    }

    /// The place of a token.
    pub fn span(&self, token: Token) -> Span {
        Span { file: self.file, start: token.start(), end: token.end() }
    }

    /// A token of the text, as written; nothing past its ends.
    pub fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.source))
    }

    /// A token as an error names it, cut where it is long.
    pub fn describe(&self, token: Token) -> String {
        let text = token.text(self.source);
        let short: String = text.chars().take(40).collect();
        let dots = if short.len() < text.len() { "..." } else { "" };
        match token.kind {
            Kind::Text => format!("the string {short}{dots}"),
            _ => format!("`{short}{dots}`"),
        }
    }
}

/// The tokens that would fit at the furthest position, as pest writes them: literals, ranges such as `a..z`, built-in rules.
fn words(error: &Error<Rule>) -> Vec<String> {
    let tokens = error.parse_attempts().map(|attempts| attempts.expected_tokens()).unwrap_or_default();
    tokens.iter().map(ToString::to_string).collect()
}

/// The name of the end of an entry in an expectation.
const END: &str = "a new line";

const INFIX: [&str; 14] = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "^", "over", "or", "and"];

impl Expected {
    fn new(tokens: &[String]) -> Self {
        let mut literals = BTreeSet::new();
        let (mut letter, mut digit) = (false, false);
        for token in tokens {
            match token.as_str() {
                "0..9" => digit = true,
                "a..z" | "A..Z" => letter = true,
                "BUILTIN_RULE" => {
                    literals.insert("\n");
                }
                literal => {
                    literals.insert(literal);
                }
            }
        }
        let mut words = BTreeSet::new();
        let has = |literal: &str| literals.contains(literal);
        let value = has("\"") && has("[");
        let operator = has("*") && has("^");
        if value {
            words.insert("a value".to_owned());
        } else if letter {
            words.insert("a name".to_owned());
        } else if digit {
            words.insert("a number".to_owned());
        } else if has("\"") {
            words.insert("a string in quotes".to_owned());
        }
        if operator {
            words.insert("an operator".to_owned());
        }
        for literal in &literals {
            match *literal {
                " " | "\t" | "\r" | "\"" | "_" => {}
                "\n" => {
                    words.insert(END.to_owned());
                }
                "[" | "(" | "-" | "not" if value => {}
                "(" if operator => {}
                "*" if letter && !operator => {}
                literal if operator && INFIX.contains(&literal) => {}
                literal => {
                    words.insert(format!("`{literal}`"));
                }
            }
        }
        Self(words)
    }

    /// Would this symbol or word fit?
    pub fn has(&self, literal: &str) -> bool {
        self.0.contains(&format!("`{literal}`"))
    }

    /// Would a value fit?
    pub fn has_value(&self) -> bool {
        self.0.contains("a value")
    }

    /// Would a name fit, and no other value?
    pub fn has_name(&self) -> bool {
        self.0.contains("a name")
    }

    /// Could the entry end here?
    pub fn has_end(&self) -> bool {
        self.0.contains(END)
    }

    /// Could an expression go on here?
    pub fn has_operator(&self) -> bool {
        self.0.contains("an operator")
    }

    /// In words: "`,` or `]`". Where something closes or ends the expression, that it could also go on is no news.
    pub fn words(&self) -> Option<String> {
        let mut words: Vec<&str> = self.0.iter().map(String::as_str).collect();
        let goes_on = ["an operator", "`..`", "`by`", "`lin`", "`log`", "`log10`"];
        if words.iter().any(|word| !goes_on.contains(word)) {
            words.retain(|word| !goes_on.contains(word));
        }
        // Options that few mean are left out where the usual ones are there.
        let has = |word: &str| self.0.contains(word);
        words.retain(|word| match *word {
            "`=`" => !(has("`,`") && has("`)`")),
            "`pattern`" => !has("a name"),
            "a string in quotes" => !has("`{`"),
            _ => true,
        });
        // Names and values first, the end last.
        words.sort_by_key(|word| (*word == END, word.starts_with('`')));
        match words.as_slice() {
            [] => None,
            [word] => Some((*word).to_owned()),
            [words @ .., last] => Some(format!("{} or {last}", words.join(", "))),
        }
    }
}
