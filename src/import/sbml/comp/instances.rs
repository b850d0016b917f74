//! One copy of a model definition for each submodel.

use std::collections::BTreeMap;

use super::super::findings::Findings;
use super::super::tree::{Node, Space};
use super::attribute;
use super::documents::{Definition, Documents};
use crate::diagnostic::{Diagnostic, Span};

/// The most elements of all copies together.
const MOST_ELEMENTS: usize = 4_000_000;

/// The most copies.
const MOST_INSTANCES: usize = 100_000;

/// The deepest nesting of submodels.
const DEEPEST: usize = 50;

/// Where an element is in a copy: the places of children from the model on.
pub(super) type Path = Vec<u32>;

/// An element of a copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    pub instance: usize,
    pub path: Path,
}

/// A copy of a model definition.
#[derive(Debug)]
pub(super) struct Instance {
    pub model: Node,
    /// What is put before its ids: `A__B__` for submodel `B` of submodel `A`.
    pub prefix: String,
    /// The copy that it is a submodel of, and where its `submodel` element is there.
    pub parent: Option<Address>,
    /// Its submodels by id.
    pub submodels: BTreeMap<String, usize>,
    /// Its elements by id, without units, local parameters and ports.
    pub ids: BTreeMap<String, Path>,
    /// Its elements by `metaid`.
    pub metaids: BTreeMap<String, Path>,
    /// Its ports by id.
    pub ports: BTreeMap<String, Path>,
}

/// All copies; the first is the model itself, and each comes after the one that it is a submodel of.
#[derive(Debug)]
pub(super) struct Instances {
    pub list: Vec<Instance>,
}

impl Instances {
    /// The element at an address.
    pub fn node(&self, address: &Address) -> Option<&Node> {
        let mut node = &self.list.get(address.instance)?.model;
        for at in &address.path {
            node = node.children.get(usize::try_from(*at).ok()?)?;
        }
        Some(node)
    }
}

/// A submodel that is to be copied.
struct Wanted {
    definition: Definition,
    /// The definitions that it is nested in.
    within: Vec<Definition>,
    parent: Option<(Address, String)>,
    span: Span,
}

/// Copies the main model and, again and again, the submodels of what was copied.
pub(super) fn all(documents: &mut Documents, findings: &mut Findings) -> Option<Instances> {
    let main = documents.main();
    let span = documents.node(main)?.span;
    let mut waiting = vec![Wanted { definition: main, within: Vec::new(), parent: None, span }];
    let (mut list, mut elements): (Vec<Instance>, usize) = (Vec::new(), 0);
    let mut whole = true;
    while let Some(wanted) = waiting.pop() {
        if wanted.within.contains(&wanted.definition) {
            let message = "a model definition is a submodel of itself";
            findings.push(Diagnostic::error("circular-models", message).at(wanted.span, "this submodel"));
            whole = false;
            continue;
        }
        let Some(model) = documents.node(wanted.definition).cloned() else { continue };
        elements += count(&model);
        if elements > MOST_ELEMENTS || list.len() >= MOST_INSTANCES || wanted.within.len() > DEEPEST {
            let message = "the submodels are too many, too large or nested too deep";
            findings.push(Diagnostic::error("too-large", message).at(wanted.span, "this one is one too many"));
            return None;
        }
        let mut instance = Instance {
            model: Node { children: Vec::new(), ..model.clone() },
            prefix: String::new(),
            parent: None,
            submodels: BTreeMap::new(),
            ids: BTreeMap::new(),
            metaids: BTreeMap::new(),
            ports: BTreeMap::new(),
        };
        let place = list.len();
        if let Some((address, id)) = wanted.parent {
            if let Some(parent) = list.get_mut(address.instance) {
                instance.prefix = format!("{}{id}__", parent.prefix);
                parent.submodels.insert(id, place);
            }
            instance.parent = Some(address);
        }
        let mut within = wanted.within;
        within.push(wanted.definition);
        let mut found = Vec::new();
        instance.index(&model, &mut Path::new());
        submodels(&model, &mut found);
        for (path, node) in found {
            let span = node.span;
            let (Some(id), Some(name)) = (attribute(node, "id"), attribute(node, "modelRef")) else {
                let message = "a submodel needs an `id` and a `modelRef`";
                findings.push(Diagnostic::error("missing-attribute", message).at(span, "this submodel"));
                whole = false;
                continue;
            };
            let (within, parent) = (within.clone(), Some((Address { instance: place, path }, id.to_owned())));
            match documents.find(wanted.definition.document, name, span, findings) {
                Some(definition) => waiting.push(Wanted { definition, within, parent, span }),
                None => whole = false,
            }
        }
        instance.model = model;
        list.push(instance);
    }
    whole.then_some(Instances { list })
}

fn count(node: &Node) -> usize {
    1 + node.children.iter().map(count).sum::<usize>()
}

fn submodels<'a>(model: &'a Node, found: &mut Vec<(Path, &'a Node)>) {
    for (at, list) in model.children.iter().enumerate().filter(|(_, list)| list.is(Space::Comp, "listOfSubmodels")) {
        for (inner, node) in list.children.iter().enumerate() {
            let path = [at, inner].iter().filter_map(|at| u32::try_from(*at).ok()).collect();
            found.push((path, node));
        }
    }
    // The last one found is copied first.
    found.reverse();
}

impl Instance {
    /// Finds its elements. Recursion is bounded by the nesting of elements.
    fn index(&mut self, node: &Node, path: &mut Path) {
        if let Some(metaid) = node.attribute("metaid").filter(|_| !path.is_empty()) {
            self.metaids.insert(metaid.trim().to_owned(), path.clone());
        }
        let own_names = path.is_empty() || matches!(&*node.name, "unitDefinition" | "localParameter" | "deletion");
        if let Some(id) = attribute(node, "id").filter(|_| !own_names) {
            let is_port = node.is(Space::Comp, "port");
            let names = if is_port { &mut self.ports } else { &mut self.ids };
            names.insert(id.to_owned(), path.clone());
        }
        for (at, child) in (0..).zip(&node.children) {
            if child.space != Space::Math {
                path.push(at);
                self.index(child, path);
                path.pop();
            }
        }
    }
}
