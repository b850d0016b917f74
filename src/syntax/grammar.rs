//! pest's parser, and a thin layer between its pairs and the typed nodes.

use std::sync::{Mutex, PoisonError};

use pest::Parser;
use pest::error::Error;
use pest::iterators::{Pair, Pairs};
use pest_derive::Parser;

use super::ast::{Name, Text};
use crate::diagnostic::{FileId, Span};

/// The grammar.
#[derive(Parser)]
#[grammar = "../grammar/kexp.pest"]
struct Grammar;

/// Reads a text by a rule. Positions in an error are the furthest that any alternative reached.
pub(super) fn read(rule: Rule, text: &str) -> Result<Pairs<'_, Rule>, Box<Error<Rule>>> {
    // Detail makes reading several times slower, so only a text that failed is read with it, again. The setting holds
    // for the whole process: the lock keeps one thread from ending another one's detail.
    static DETAIL: Mutex<()> = Mutex::new(());
    if let Ok(pairs) = Grammar::parse(rule, text) {
        return Ok(pairs);
    }
    let _alone = DETAIL.lock().unwrap_or_else(PoisonError::into_inner);
    pest::set_error_detail(true);
    let result = Grammar::parse(rule, text).map_err(Box::new);
    pest::set_error_detail(false);
    result
}

/// A pair and where the text that it was read from lies in its file.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pair: Pair<'a, Rule>,
    file: FileId,
    base: usize,
}

impl<'a> Node<'a> {
    /// A pair of a text that begins at `base` in the file.
    pub fn new(pair: Pair<'a, Rule>, file: FileId, base: usize) -> Self {
        Self { pair, file, base }
    }

    /// The pair itself.
    pub fn pair(&self) -> Pair<'a, Rule> {
        self.pair.clone()
    }

    /// Another pair of the same text.
    pub fn sibling(&self, pair: Pair<'a, Rule>) -> Node<'a> {
        Node::new(pair, self.file, self.base)
    }

    /// The rule that it matches.
    pub fn rule(&self) -> Rule {
        self.pair.as_rule()
    }

    /// Its text, without blanks around it.
    pub fn text(&self) -> &'a str {
        self.pair.as_str().trim()
    }

    /// Its place. pest lets a rule that ends in something optional swallow the blanks after it: they do not count.
    pub fn span(&self) -> Span {
        let text = self.pair.as_str();
        let start = self.base + self.pair.as_span().start() + (text.len() - text.trim_start().len());
        Span { file: self.file, start, end: start + text.trim().len() }
    }

    /// Its parts, keywords and the end of the text left out.
    pub fn children(&self) -> Children<'a> {
        Children { pairs: self.pair.clone().into_inner(), file: self.file, base: self.base }
    }

    /// It as a name.
    pub fn name(&self) -> Name {
        Name { text: self.text().to_owned(), span: self.span() }
    }

    /// It as a string, escapes resolved.
    pub fn literal(&self) -> Text {
        let body = self.pair.as_str().trim().trim_start_matches('"');
        let body = body.strip_suffix('"').unwrap_or(body);
        Text { value: unescape(body), span: self.span() }
    }
}

/// The parts of a node in order.
#[derive(Debug, Clone)]
pub(super) struct Children<'a> {
    pairs: Pairs<'a, Rule>,
    file: FileId,
    base: usize,
}

impl<'a> Children<'a> {
    /// The nodes of a text that was read.
    pub fn new(pairs: Pairs<'a, Rule>, file: FileId, base: usize) -> Self {
        Self { pairs, file, base }
    }

    /// The next part, if it matches this rule.
    pub fn accept(&mut self, rule: Rule) -> Option<Node<'a>> {
        let next = self.clone().next().filter(|node| node.rule() == rule)?;
        self.next();
        Some(next)
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let pair = self.pairs.by_ref().find(|pair| !is_silent(pair.as_rule()))?;
        Some(Node::new(pair, self.file, self.base))
    }
}

/// Keywords and the end carry nothing.
fn is_silent(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::EOI
            | Rule::kw_experiment
            | Rule::kw_import
            | Rule::kw_from
            | Rule::kw_compartment
            | Rule::kw_parameter
            | Rule::kw_species
            | Rule::kw_let
            | Rule::kw_reaction
            | Rule::kw_rule
            | Rule::kw_event
            | Rule::kw_observable
            | Rule::kw_estimate
            | Rule::kw_prior
            | Rule::kw_vary
            | Rule::kw_in
            | Rule::kw_at
            | Rule::kw_by
            | Rule::kw_noise
            | Rule::range_sign
            | Rule::assign
    )
}

fn unescape(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut characters = body.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}
