//! Documents and the model definitions in them.

use std::collections::BTreeMap;

use super::super::findings::Findings;
use super::super::level::{self, Level};
use super::super::tree::{self, Node, Parsed, Space};
use super::super::{External, Resolve};
use super::attribute;
use crate::diagnostic::{Diagnostic, Span};

/// The most other documents that one takes models from.
const MOST_DOCUMENTS: usize = 200;

/// A definition: the document that it is in, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Definition {
    pub document: usize,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Main,
    Listed(usize),
}

struct Document {
    root: Node,
    /// The ids of definitions.
    definitions: BTreeMap<String, Place>,
}

/// The document that is read and those that it needs.
pub(super) struct Documents<'a, 'r> {
    list: Vec<Document>,
    level: Level,
    resolve: &'a mut Resolve<'r>,
    /// The documents that are known by who names them and how.
    known: BTreeMap<(usize, String), Option<usize>>,
}

impl<'a, 'r> Documents<'a, 'r> {
    /// One document.
    pub fn new(parsed: Parsed, level: Level, resolve: &'a mut Resolve<'r>) -> Self {
        Self { list: vec![Document::new(parsed.root)], level, resolve, known: BTreeMap::new() }
    }

    /// The model that is to be flattened.
    pub fn main(&self) -> Definition {
        Definition { document: 0, place: Place::Main }
    }

    /// The element of a definition.
    pub fn node(&self, definition: Definition) -> Option<&Node> {
        let root = &self.list.get(definition.document)?.root;
        match definition.place {
            Place::Main => root.child("model"),
            Place::Listed(at) => listed(root).nth(at),
        }
    }

    /// The definition that a submodel of a document names. External definitions are followed to the model itself.
    pub fn find(&mut self, from: usize, name: &str, span: Span, findings: &mut Findings) -> Option<Definition> {
        let (mut document, mut name, mut span) = (from, name.to_owned(), span);
        for _ in 0..MOST_DOCUMENTS {
            let Some(place) = self.list.get(document)?.definitions.get(&name).copied() else {
                let message = format!("there is no model definition `{name}`");
                findings.push(Diagnostic::error("unknown-model", message).at(span, "named here"));
                return None;
            };
            let definition = Definition { document, place };
            let node = self.node(definition)?;
            if !node.is(Space::Comp, "externalModelDefinition") {
                return Some(definition);
            }
            let source = attribute(node, "source").unwrap_or_default().to_owned();
            let model = attribute(node, "modelRef").map(str::to_owned);
            span = node.span;
            document = self.open(document, &source, span, findings)?;
            match model {
                Some(model) => name = model,
                None => {
                    let main = Definition { document, place: Place::Main };
                    if self.node(main).is_none() {
                        let message = format!("`{source}` has no model");
                        findings.push(Diagnostic::error("unknown-model", message).at(span, "named here"));
                        return None;
                    }
                    return Some(main);
                }
            }
        }
        let message = format!("the external model definition `{name}` leads to others without end");
        findings.push(Diagnostic::error("circular-models", message).at(span, "here"));
        None
    }

    fn open(&mut self, from: usize, source: &str, span: Span, findings: &mut Findings) -> Option<usize> {
        if let Some(known) = self.known.get(&(from, source.to_owned())) {
            return *known;
        }
        let opened = self.load(source, span, findings);
        self.known.insert((from, source.to_owned()), opened);
        opened
    }

    fn load(&mut self, source: &str, span: Span, findings: &mut Findings) -> Option<usize> {
        let refuse = |words: &str| {
            let message = format!("the external model definition's source `{source}` is not read: {words}");
            Diagnostic::error("external-model", message).at(span, "named here")
        };
        if self.list.len() > MOST_DOCUMENTS {
            findings.push(refuse("too many documents are needed"));
            return None;
        }
        let external = relative(source).and_then(|path| (self.resolve)(span.file, &path));
        let External { file, text } = match external {
            Ok(external) => external,
            Err(words) => {
                findings.push(refuse(&words));
                return None;
            }
        };
        let parsed = match tree::parse(file, &text) {
            Ok(parsed) => parsed,
            Err(finding) => {
                findings.push(finding.at(span, "needed here"));
                return None;
            }
        };
        let level = level::of(&parsed, findings)?;
        if level.level != self.level.level {
            findings.push(refuse("it is not SBML Level 3"));
            return None;
        }
        self.list.push(Document::new(parsed.root));
        Some(self.list.len() - 1)
    }
}

impl Document {
    fn new(root: Node) -> Self {
        let mut definitions = BTreeMap::new();
        if let Some(id) = root.child("model").and_then(|model| model.attribute("id")) {
            definitions.insert(id.trim().to_owned(), Place::Main);
        }
        for (at, node) in listed(&root).enumerate() {
            if let Some(id) = attribute(node, "id") {
                definitions.insert(id.to_owned(), Place::Listed(at));
            }
        }
        Self { root, definitions }
    }
}

fn listed(root: &Node) -> impl Iterator<Item = &Node> {
    let lists = root.children.iter().filter(|list| {
        list.is(Space::Comp, "listOfModelDefinitions") || list.is(Space::Comp, "listOfExternalModelDefinitions")
    });
    lists.flat_map(|list| &list.children)
}

/// The path of a source that lies beside or below the document which names it.
fn relative(source: &str) -> Result<String, String> {
    let path = source.trim();
    let path = path.strip_prefix("file:").unwrap_or(path).trim_start_matches("./");
    let unsafe_letter = |letter: char| letter.is_control() || matches!(letter, '\\' | ':' | '%' | '?' | '#');
    if path.is_empty() {
        return Err("it names no file".to_owned());
    }
    if path.contains("//") || path.contains(unsafe_letter) {
        return Err("only files beside the document or below are read, by relative paths".to_owned());
    }
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return Err("only files beside the document or below are read".to_owned());
    }
    Ok(path.to_owned())
}
