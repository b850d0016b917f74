//! What is checked of a text before an XML parser sees it: its size, that it has no document type, and how deep its
//! elements are nested, since a parser's stack cannot grow without end.

use crate::diagnostic::{Diagnostic, FileId, Span};

/// The longest text that is read, in bytes.
pub(super) const MOST_BYTES: usize = 128 << 20;

/// The deepest nesting of elements that is read. Models from the public collections stay below 50.
pub(super) const DEEPEST: usize = 256;

/// The most attributes of one element; a parser compares each with all others.
const MOST_ATTRIBUTES: usize = 64;

/// The most names of namespaces in scope, summed over the elements that declare some: what a parser copies for them.
const MOST_NAMESPACES: usize = 4_000_000;

/// Says why a text is not handed to the parser.
pub(super) fn refuse(file: FileId, text: &str) -> Option<Diagnostic> {
    let whole = Span { file, start: 0, end: text.len().min(1) };
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        let finding = Diagnostic::error("empty-document", "the document is empty").at(whole, "nothing here");
        return Some(finding.help("an SBML document begins with <sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">"));
    }
    if text.len() > MOST_BYTES {
        let message = format!("the document has {} bytes; at most {MOST_BYTES} are read", text.len());
        return Some(Diagnostic::error("too-large", message).at(whole, ""));
    }
    let mut scan = Scan { file, text, depth: 0, at: 0, namespaces: Vec::new(), copied: 0 };
    scan.run()
}

struct Scan<'a> {
    file: FileId,
    text: &'a str,
    depth: usize,
    at: usize,
    /// How many namespaces are in scope at each open element.
    namespaces: Vec<usize>,
    copied: usize,
}

impl Scan<'_> {
    fn run(&mut self) -> Option<Diagnostic> {
        while let Some(found) = self.text.as_bytes()[self.at..].iter().position(|byte| *byte == b'<') {
            self.at += found;
            let rest = &self.text.as_bytes()[self.at..];
            if rest.starts_with(b"<!--") {
                self.skip("-->");
            } else if rest.starts_with(b"<![CDATA[") {
                self.skip("]]>");
            } else if rest.starts_with(b"<?") {
                self.skip("?>");
            } else if rest.starts_with(b"<!") {
                return Some(self.document_type());
            } else if rest.starts_with(b"</") {
                self.depth = self.depth.saturating_sub(1);
                self.namespaces.truncate(self.depth);
                self.skip(">");
            } else if let Some(finding) = self.open() {
                return Some(finding);
            }
        }
        None
    }

    fn skip(&mut self, end: &str) {
        self.at = self.text[self.at..].find(end).map_or(self.text.len(), |found| self.at + found + end.len());
    }

    /// A start tag, or an element without content.
    fn open(&mut self) -> Option<Diagnostic> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let (mut quote, mut attributes, mut declared) = (None, 0, 0);
        let mut end = bytes.len();
        for (at, byte) in bytes.iter().enumerate().skip(start + 1) {
            match (quote, byte) {
                (Some(open), close) if open == *close => quote = None,
                (None, b'"' | b'\'') => quote = Some(*byte),
                (None, b'=') => attributes += 1,
                (None, b'x') if self.text.as_bytes()[at..].starts_with(b"xmlns") => declared += 1,
                (None, b'>') => {
                    end = at + 1;
                    break;
                }
                _ => {}
            }
        }
        self.at = end;
        let span = Span { file: self.file, start, end: end.min(start + 80) };
        let span = Span { end: self.text.floor_char_boundary(span.end), ..span };
        if attributes > MOST_ATTRIBUTES {
            let message = format!("an element has {attributes} attributes; at most {MOST_ATTRIBUTES} are read");
            return Some(Diagnostic::error("too-many-attributes", message).at(span, "this element"));
        }
        let scope = self.namespaces.last().copied().unwrap_or_default() + declared;
        if declared > 0 {
            self.copied += scope;
        }
        if self.copied > MOST_NAMESPACES {
            return Some(Diagnostic::error("too-many-namespaces", "too many namespaces are declared").at(span, "here"));
        }
        if bytes[start..end].ends_with(b"/>") {
            return None;
        }
        self.depth += 1;
        self.namespaces.push(scope);
        if self.depth > DEEPEST {
            let message = format!("elements are nested deeper than {DEEPEST}");
            return Some(Diagnostic::error("too-deep", message).at(span, "this is one too many"));
        }
        None
    }

    fn document_type(&self) -> Diagnostic {
        let rest = &self.text[self.at..];
        let end = rest.find(['>', '[', '\n']).unwrap_or(rest.len()).min(200);
        let span = Span { file: self.file, start: self.at, end: self.at + rest.floor_char_boundary(end) };
        let html = rest.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("<!DOCTYPE html"));
        if html {
            return not_sbml_but_html(span);
        }
        Diagnostic::error("document-type", "documents with a document type declaration are not read")
            .at(span, "its entities could grow without end")
            .help("SBML needs no document type: remove this declaration and write its entities out")
    }
}

/// The error page of a server, saved as a model.
pub(super) fn not_sbml_but_html(span: Span) -> Diagnostic {
    Diagnostic::error("not-sbml", "this is an HTML page, not an SBML document")
        .at(span, "HTML begins here")
        .help("a download may have saved a server's error page: fetch the file again")
}
