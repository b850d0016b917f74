//! Reads the pieces of a file one by one: a declaration as a whole, and where that fails, its head and its entries by
//! themselves, so that each error of a block is reported and everything else is kept.

use super::ast::{Declaration, DeclarationKind, Entry, EntryKind};
use super::expected::Failure;
use super::expression::{Built, disagreement};
use super::grammar::{Children, Node, Rule, read};
use super::layout::Piece;
use super::token::{Kind, Token};
use super::{MOST_DIAGNOSTICS, build};
use crate::diagnostic::{Diagnostic, FileId, Span};

/// The declarations that could be read, and what is wrong with the others.
pub(super) fn declarations(
    source: &str,
    file: FileId,
    tokens: &[Token],
    separates: &[bool],
    pieces: &[Piece],
) -> (Vec<Declaration>, Vec<Diagnostic>) {
    let masked = mask(source, tokens, separates);
    let mut reader = Reader { source, masked: &masked, file, tokens, diagnostics: Vec::new() };
    let declarations = pieces.iter().filter_map(|piece| reader.declaration(piece)).collect();
    (declarations, reader.diagnostics)
}

/// The text as the grammar sees it: comments and newlines that end nothing are blanks, byte for byte.
fn mask(source: &str, tokens: &[Token], separates: &[bool]) -> String {
    let mut masked = String::with_capacity(source.len());
    let mut copied = 0;
    if source.starts_with('\u{feff}') {
        copied = '\u{feff}'.len_utf8();
        masked.extend(std::iter::repeat_n(' ', copied));
    }
    for (token, separates) in tokens.iter().zip(separates) {
        if token.kind == Kind::Comment || (token.kind == Kind::Newline && !separates) {
            masked.push_str(&source[copied..token.start()]);
            masked.extend(std::iter::repeat_n(' ', token.end() - token.start()));
            copied = token.end();
        }
    }
    masked.push_str(&source[copied..]);
    masked
}

struct Reader<'a> {
    source: &'a str,
    masked: &'a str,
    file: FileId,
    tokens: &'a [Token],
    diagnostics: Vec<Diagnostic>,
}

/// What a piece is read as.
#[derive(Clone, Copy)]
struct Rules {
    whole: Rule,
    head: Rule,
}

const DECLARATION: Rules = Rules { whole: Rule::one_declaration, head: Rule::one_declaration_head };
const ENTRY: Rules = Rules { whole: Rule::one_entry, head: Rule::one_entry_head };

impl Reader<'_> {
    fn declaration(&mut self, piece: &Piece) -> Option<Declaration> {
        if self.is_full() {
            return None;
        }
        if !piece.tainted {
            match self.node(piece.tokens.clone(), DECLARATION.whole, build::declaration) {
                Ok(declaration) => return Some(declaration),
                Err(diagnostic) if piece.block.is_none() => return self.report(*diagnostic),
                Err(diagnostic) => return self.recover_declaration(piece, Some(*diagnostic)),
            }
        }
        self.recover_declaration(piece, None)
    }

    fn recover_declaration(&mut self, piece: &Piece, whole: Option<Diagnostic>) -> Option<Declaration> {
        let before = self.diagnostics.len();
        let head = self.head(piece, DECLARATION, build::declaration);
        let inner = self.entries(piece);
        self.report_if_silent(before, whole);
        let mut declaration = head?;
        if let DeclarationKind::Experiment { entries, .. } | DeclarationKind::Named { entries, .. } =
            &mut declaration.kind
        {
            *entries = inner;
        }
        declaration.span.end = self.end(piece);
        Some(declaration)
    }

    fn entry(&mut self, piece: &Piece) -> Option<Entry> {
        if self.is_full() || (piece.block.is_none() && piece.refused) {
            return None;
        }
        if piece.block.is_none() {
            return match self.node(piece.tokens.clone(), ENTRY.whole, build::entry) {
                Ok(entry) => Some(entry),
                Err(diagnostic) => self.report(*diagnostic),
            };
        }
        let head = self.head(piece, ENTRY, build::entry);
        let inner = self.entries(piece);
        let mut entry = head?;
        if let EntryKind::Group { entries, .. } | EntryKind::Event { entries, .. } = &mut entry.kind {
            *entries = inner;
        }
        entry.span.end = self.end(piece);
        Some(entry)
    }

    fn entries(&mut self, piece: &Piece) -> Vec<Entry> {
        piece.block.iter().flatten().filter_map(|piece| self.entry(piece)).collect()
    }

    /// The head of a piece with a block.
    fn head<T>(&mut self, piece: &Piece, rules: Rules, build: fn(&Node) -> Built<T>) -> Option<T> {
        if piece.refused || piece.head.is_empty() {
            return None;
        }
        match self.node(piece.head.clone(), rules.head, build) {
            Ok(node) => Some(node),
            Err(diagnostic) => self.report(*diagnostic),
        }
    }

    /// Reads some tokens by a rule.
    fn node<T>(&self, tokens: std::ops::Range<usize>, rule: Rule, build: fn(&Node) -> Built<T>) -> Built<T> {
        let range = &self.tokens[tokens.clone()];
        let solid = || range.iter().filter(|token| token.is_solid());
        let start = solid().next().map_or(0, |token| token.start());
        let end = solid().next_back().map_or(start, |token| token.end());
        match read(rule, &self.masked[start..end]) {
            Ok(pairs) => {
                let node = Children::new(pairs, self.file, start).next();
                node.map_or_else(
                    || Err(disagreement(Span { file: self.file, start, end }, "a declaration")),
                    |node| build(&node),
                )
            }
            Err(error) => {
                let place = (self.source, self.masked, self.file);
                Err(Box::new(Failure::new(place, (self.tokens, range), rule, &error).diagnostic()))
            }
        }
    }

    fn end(&self, piece: &Piece) -> usize {
        self.tokens[piece.tokens.end - 1].end()
    }

    /// Enough is wrong: the rest is not read.
    fn is_full(&self) -> bool {
        self.diagnostics.len() >= MOST_DIAGNOSTICS
    }

    fn report<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        if !self.is_full() {
            self.diagnostics.push(diagnostic);
        }
        None
    }

    /// The pieces alone were all right: then the error of the whole stands.
    fn report_if_silent(&mut self, before: usize, whole: Option<Diagnostic>) {
        if let (Some(whole), true) = (whole, self.diagnostics.len() == before) {
            self.report::<()>(whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{layout::layout, token::tokens};

    fn taint(pieces: &mut [Piece]) {
        for piece in pieces {
            piece.tainted = piece.block.is_some();
            taint(piece.block.as_deref_mut().unwrap_or_default());
        }
    }

    #[test]
    fn piece_by_piece_a_valid_file_has_the_same_tree() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/syntax/valid");
        let mut read = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "kexp") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let file = FileId(0);
            let (tokens, _) = tokens(&text, file);
            let mut layout = layout(&text, file, &tokens);
            let whole = declarations(&text, file, &tokens, &layout.separates, &layout.pieces);
            taint(&mut layout.pieces);
            let pieces = declarations(&text, file, &tokens, &layout.separates, &layout.pieces);
            assert!(whole.1.is_empty() && pieces.1.is_empty(), "{:?} {:?}", whole.1, pieces.1);
            assert_eq!(whole.0, pieces.0, "{}", path.display());
            read += 1;
        }
        assert!(read > 0);
    }
}
