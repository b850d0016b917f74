//! A document as a tree of elements that can be changed, each with its place in its file.
//!
//! Notes, annotations, and elements of packages that are not read are left out.

use std::rc::Rc;

use super::bounds;
use crate::diagnostic::{Diagnostic, FileId, Span};

/// The most nodes that a document may have, texts included.
const MOST_NODES: u32 = 8_000_000;

/// Whose vocabulary a name is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// SBML itself; attributes without a prefix.
    Core,
    /// `MathML`.
    Math,
    /// The package `comp`.
    Comp,
    /// The package `fbc`.
    Fbc,
    /// Another package.
    Other,
}

/// One attribute.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub space: Space,
    pub name: Rc<str>,
    pub value: Box<str>,
    pub span: Span,
}

/// One element.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub space: Space,
    pub name: Rc<str>,
    pub attributes: Vec<Attribute>,
    pub children: Vec<Node>,
    /// Texts before, between and after the children, without blank ones.
    pub texts: Vec<Box<str>>,
    /// Its start tag.
    pub span: Span,
}

impl Node {
    /// The value of an attribute without prefix.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.find(Space::Core, name).map(|attribute| &*attribute.value)
    }

    /// An attribute of a package.
    pub fn find(&self, space: Space, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.space == space && &*attribute.name == name)
    }

    /// The first child of SBML itself with a name.
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.is(Space::Core, name))
    }

    /// The children with a name.
    pub fn children_named<'a>(&'a self, space: Space, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |child| child.is(space, name))
    }

    /// The elements of a list, which is a child of this element; several lists of one name are read as one.
    pub fn list<'a>(&'a self, list: &'a str) -> impl Iterator<Item = &'a Node> {
        let lists = self.children_named(Space::Core, list);
        lists.flat_map(|list| list.children.iter().filter(|child| child.space == Space::Core))
    }

    /// Does it have this name?
    pub fn is(&self, space: Space, name: &str) -> bool {
        self.space == space && &*self.name == name
    }

    /// Its text, where it has no children.
    pub fn text(&self) -> &str {
        self.texts.first().map_or("", |text| text.trim())
    }

    /// The place of an attribute, or of the whole start tag.
    pub fn span_of(&self, attribute: &str) -> Span {
        self.find(Space::Core, attribute).map_or(self.span, |attribute| attribute.span)
    }
}

/// What an element of the document's root is, besides the tree below it.
#[derive(Debug)]
pub(super) struct Parsed {
    pub root: Node,
    /// The namespace of the root.
    pub namespace: String,
    /// The packages that the root declares: prefix, namespace, and what `required` says.
    pub packages: Vec<Package>,
}

/// A declared package of Level 3.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub prefix: String,
    pub namespace: String,
    pub required: bool,
    pub span: Span,
}

/// Parses a text.
///
/// # Errors
/// A diagnostic when the text is no XML, or more than is read.
pub(super) fn parse(file: FileId, text: &str) -> Result<Parsed, Diagnostic> {
    if let Some(refusal) = bounds::refuse(file, text) {
        return Err(refusal);
    }
    let options = roxmltree::ParsingOptions { nodes_limit: MOST_NODES, ..roxmltree::ParsingOptions::default() };
    let document =
        roxmltree::Document::parse_with_options(text, options).map_err(|error| not_xml(file, text, &error))?;
    let root = document.root_element();
    let namespace = root.tag_name().namespace().unwrap_or_default().to_owned();
    let mut build = Build { file, text, core: &namespace, names: std::collections::BTreeMap::new() };
    let tree = build.node(root);
    let packages = packages(file, root);
    Ok(Parsed { root: tree, namespace, packages })
}

fn packages(file: FileId, root: roxmltree::Node) -> Vec<Package> {
    let mut packages = Vec::new();
    for attribute in root.attributes().filter(|attribute| attribute.name() == "required") {
        let Some(namespace) = attribute.namespace() else { continue };
        let prefix = root.lookup_prefix(namespace).unwrap_or_default().to_owned();
        let range = attribute.range();
        let required = matches!(attribute.value().trim(), "true" | "1");
        let span = Span { file, start: range.start, end: range.end };
        packages.push(Package { prefix, namespace: namespace.to_owned(), required, span });
    }
    packages
}

fn not_xml(file: FileId, text: &str, error: &roxmltree::Error) -> Diagnostic {
    let position = error.pos();
    let row = usize::try_from(position.row).unwrap_or(1);
    let line_start: usize = text.split_inclusive('\n').take(row.saturating_sub(1)).map(str::len).sum();
    let line = &text[line_start..];
    let column = usize::try_from(position.col).unwrap_or(1).saturating_sub(1);
    let start = line_start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let end = text.ceil_char_boundary((start + 1).min(text.len()));
    let (start, end) = match start < text.len() {
        true => (start, end),
        // What is missing at the end is shown at the last letter.
        false => (text.trim_end().len().saturating_sub(1), text.trim_end().len()),
    };
    let span = Span { file, start: text.floor_char_boundary(start), end };
    let words = error.to_string();
    let message = words.split(" at ").next().unwrap_or(&words).trim_end_matches(|letter: char| letter == '.');
    Diagnostic::error("not-xml", format!("the document is not well-formed XML: {message}")).at(span, "here")
}

struct Build<'a> {
    file: FileId,
    text: &'a str,
    core: &'a str,
    names: std::collections::BTreeMap<&'a str, Rc<str>>,
}

impl<'a> Build<'a> {
    /// Recursion is as deep as [`bounds::DEEPEST`] allows.
    fn node(&mut self, from: roxmltree::Node<'a, 'a>) -> Node {
        let range = from.range();
        let end = tag_end(&self.text.as_bytes()[range.clone()]) + range.start;
        let mut node = Node {
            space: self.space(from.tag_name().namespace()),
            name: self.name(from.tag_name().name()),
            attributes: Vec::new(),
            children: Vec::new(),
            texts: Vec::new(),
            span: Span { file: self.file, start: range.start, end },
        };
        node.attributes.extend(from.attributes().map(|attribute| Attribute {
            space: attribute.namespace().map_or(Space::Core, |namespace| self.space(Some(namespace))),
            name: self.name(attribute.name()),
            value: attribute.value().into(),
            span: Span { file: self.file, start: attribute.range().start, end: attribute.range().end },
        }));
        for child in from.children() {
            if child.is_text() {
                let text = child.text().unwrap_or_default();
                if !text.trim().is_empty() {
                    node.texts.push(text.into());
                }
            } else if child.is_element() && self.is_read(child) {
                let child = self.node(child);
                node.children.push(child);
            }
        }
        node
    }

    fn is_read(&self, node: roxmltree::Node) -> bool {
        let space = self.space(node.tag_name().namespace());
        match node.tag_name().name() {
            "notes" | "annotation" | "message" if space == Space::Core => false,
            "annotation-xml" | "annotation" if space == Space::Math => false,
            // In a wrong namespace it would be missed without a word.
            "math" => true,
            _ => space != Space::Other,
        }
    }

    fn space(&self, namespace: Option<&str>) -> Space {
        match namespace.unwrap_or_default() {
            namespace if namespace == self.core => Space::Core,
            "http://www.w3.org/1998/Math/MathML" => Space::Math,
            "http://www.sbml.org/sbml/level3/version1/comp/version1" => Space::Comp,
            namespace if namespace.starts_with("http://www.sbml.org/sbml/level3/version1/fbc/") => Space::Fbc,
            _ => Space::Other,
        }
    }

    fn name(&mut self, name: &'a str) -> Rc<str> {
        Rc::clone(self.names.entry(name).or_insert_with(|| name.into()))
    }
}

/// The length of the start tag with which an element begins.
fn tag_end(element: &[u8]) -> usize {
    let mut quote = None;
    for (at, byte) in element.iter().enumerate() {
        match (quote, byte) {
            (Some(open), close) if open == *close => quote = None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'>') => return at + 1,
            _ => {}
        }
    }
    element.len()
}
