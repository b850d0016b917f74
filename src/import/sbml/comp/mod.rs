//! The package `comp` (Version 1): models made of submodels, flattened to one model.
//!
//! In reading order: [`documents`] finds definitions, in other files too; [`instances`] copies one for each submodel;
//! [`reference`] follows references into them; [`replace`] says what deletions and replacements leave; [`rename`] writes
//! what is left with the ids and units of the whole. The element `x` of submodel `A` is `A__x` in the flat model, as
//! libSBML names it.

mod documents;
mod instances;
mod reference;
mod rename;
mod replace;

use super::Resolve;
use super::findings::Findings;
use super::level::Level;
use super::tree::{Node, Parsed, Space};

/// The lists of a model that the flat model has, in SBML's order.
const LISTS: &[&str] = &[
    "listOfFunctionDefinitions",
    "listOfCompartments",
    "listOfSpecies",
    "listOfParameters",
    "listOfInitialAssignments",
    "listOfRules",
    "listOfReactions",
    "listOfEvents",
];

/// Does a model have submodels?
pub(super) fn has_submodels(model: &Node) -> bool {
    model.children_named(Space::Comp, "listOfSubmodels").any(|list| !list.children.is_empty())
}

/// The model of a document with its submodels in it; nothing, with findings, when they do not fit.
pub(super) fn flatten(parsed: Parsed, level: Level, resolve: &mut Resolve, findings: &mut Findings) -> Option<Node> {
    let before = findings.errors();
    let mut documents = documents::Documents::new(parsed, level, resolve);
    let instances = instances::all(&mut documents, findings)?;
    let fate = replace::fates(&instances, findings);
    if findings.errors() > before {
        return None;
    }
    let top = instances.list.first()?;
    let mut flat = Node {
        space: Space::Core,
        name: "model".into(),
        attributes: top.model.attributes.clone(),
        children: LISTS.iter().map(|list| empty(list, &top.model)).collect(),
        texts: Vec::new(),
        span: top.model.span,
    };
    flat.attributes.retain(|attribute| &*attribute.name != "conversionFactor");
    for at in 0..instances.list.len() {
        if fate.is_removed(at, &[]) {
            continue;
        }
        let model = rename::rewritten(&instances, at, &fate, findings);
        for list in model.children {
            if let Some(place) = flat.children.iter_mut().find(|place| list.is(Space::Core, &place.name)) {
                place.children.extend(list.children);
            }
        }
    }
    Some(flat)
}

fn empty(list: &str, model: &Node) -> Node {
    Node {
        space: Space::Core,
        name: list.into(),
        attributes: Vec::new(),
        children: Vec::new(),
        texts: Vec::new(),
        span: model.span,
    }
}

/// An attribute of the package, with or without its prefix.
fn attribute<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.find(Space::Comp, name).or_else(|| node.find(Space::Core, name)).map(|attribute| attribute.value.trim())
}
