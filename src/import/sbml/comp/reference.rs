//! Follows references to elements of submodels.

use super::super::findings::Findings;
use super::super::tree::{Node, Space};
use super::attribute;
use super::instances::{Address, Instances};
use crate::diagnostic::Diagnostic;

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// An element.
    Element(Address),
    /// A definition of a unit, which changes no number.
    Unit,
}

/// References by ports to ports are followed so many times.
const LONGEST: usize = 50;

/// The element that a reference names in a copy. A finding where there is none.
pub(super) fn follow(instances: &Instances, instance: usize, from: &Node, findings: &mut Findings) -> Option<Target> {
    step(instances, instance, from, 0, findings)
}

fn step(instances: &Instances, instance: usize, from: &Node, steps: usize, findings: &mut Findings) -> Option<Target> {
    let copy = instances.list.get(instance)?;
    let (kind, name, place) = if let Some(name) = attribute(from, "portRef") {
        ("port", name, copy.ports.get(name))
    } else if let Some(name) = attribute(from, "idRef") {
        ("element of id", name, copy.ids.get(name))
    } else if let Some(name) = attribute(from, "metaIdRef") {
        ("element of metaid", name, copy.metaids.get(name))
    } else if attribute(from, "unitRef").is_some() {
        return Some(Target::Unit);
    } else {
        let message = format!("<{}> refers to nothing", from.name);
        findings.push(
            Diagnostic::error("missing-attribute", message)
                .at(from.span, "expected `portRef`, `idRef`, `metaIdRef` or `unitRef`"),
        );
        return None;
    };
    let Some(place) = place.filter(|_| steps < LONGEST) else {
        let message = format!("the submodel has no {kind} `{name}`");
        findings.push(Diagnostic::error("unknown-reference", message).at(from.span, "named here"));
        return None;
    };
    let address = Address { instance, path: place.clone() };
    let target = match kind {
        "port" => step(instances, instance, instances.node(&address)?, steps + 1, findings)?,
        _ => Target::Element(address),
    };
    let Some(inner) = from.children_named(Space::Comp, "sBaseRef").next() else { return Some(target) };
    match submodel(instances, &target) {
        Some(submodel) => step(instances, submodel, inner, steps + 1, findings),
        None => {
            let message = format!("`{name}` is no submodel");
            findings.push(Diagnostic::error("unknown-reference", message).at(inner.span, "a reference into it"));
            None
        }
    }
}

/// The copy of a submodel that is referred to.
pub(super) fn submodel(instances: &Instances, target: &Target) -> Option<usize> {
    let Target::Element(address) = target else { return None };
    let node = instances.node(address)?;
    if !node.is(Space::Comp, "submodel") {
        return None;
    }
    instances.list.get(address.instance)?.submodels.get(attribute(node, "id")?).copied()
}
