//! What deletions and replacements leave of the copies, and by which names.

use std::collections::{BTreeMap, BTreeSet};

use super::super::findings::Findings;
use super::super::tree::{Node, Space};
use super::attribute;
use super::instances::{Address, Instances, Path};
use super::reference::{self, Target};
use crate::diagnostic::{Diagnostic, Span};

/// A conversion factor: the parameter `id` as the copy `instance` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Factor {
    pub instance: usize,
    pub id: String,
}

/// What an element is in the flat model when it stands for another one, or another one for it.
#[derive(Debug, Clone)]
pub(super) struct Stand {
    /// The element whose id is used.
    pub name: Address,
    /// What its values are multiplied with to be those of that element.
    pub factors: Vec<Factor>,
}

/// What becomes of the elements.
#[derive(Debug, Default)]
pub(super) struct Fates {
    removed: BTreeSet<Address>,
    stands: BTreeMap<Address, Stand>,
}

impl Fates {
    /// Is an element left out?
    pub fn is_removed(&self, instance: usize, path: &[u32]) -> bool {
        self.removed.contains(&Address { instance, path: path.to_vec() })
    }

    /// What an element is replaced by or replaces.
    pub fn stand(&self, instance: usize, path: &[u32]) -> Option<&Stand> {
        self.stands.get(&Address { instance, path: path.to_vec() })
    }
}

/// A replacement: what stands above names what stands below.
struct Replacement {
    below: Address,
    factor: Option<Factor>,
    /// The one below is kept and takes the name of the one above.
    keeps_below: bool,
    span: Span,
}

/// Follows all deletions and replacements.
pub(super) fn fates(instances: &Instances, findings: &mut Findings) -> Fates {
    let mut fates = Fates::default();
    for at in 0..instances.list.len() {
        deletions(instances, at, &mut fates, findings);
    }
    let mut replacements: BTreeMap<Address, Vec<Replacement>> = BTreeMap::new();
    for (at, instance) in instances.list.iter().enumerate() {
        if !fates.is_removed(at, &[]) {
            let mut collect = Collect { instances, at, fates: &fates, found: &mut replacements, findings };
            collect.node(&instance.model, &mut Path::new());
        }
    }
    follow(instances, &replacements, &mut fates, findings);
    fates
}

fn deletions(instances: &Instances, at: usize, fates: &mut Fates, findings: &mut Findings) {
    let Some(copy) = instances.list.get(at) else { return };
    for list in copy.model.children_named(Space::Comp, "listOfSubmodels") {
        for node in &list.children {
            let Some(submodel) = attribute(node, "id").and_then(|id| copy.submodels.get(id)) else { continue };
            for deletions in node.children_named(Space::Comp, "listOfDeletions") {
                for deletion in &deletions.children {
                    let target = reference::follow(instances, *submodel, deletion, findings);
                    target.iter().for_each(|target| remove(instances, target, fates));
                }
            }
        }
    }
}

/// Leaves out an element, and with a submodel everything that is in it.
fn remove(instances: &Instances, target: &Target, fates: &mut Fates) {
    let mut waiting: Vec<usize> = reference::submodel(instances, target).into_iter().collect();
    while let Some(at) = waiting.pop() {
        fates.removed.insert(Address { instance: at, path: Path::new() });
        waiting.extend(instances.list.get(at).iter().flat_map(|copy| copy.submodels.values().copied()));
    }
    if let Target::Element(address) = target {
        fates.removed.insert(address.clone());
    }
}

struct Collect<'a, 'f> {
    instances: &'a Instances,
    at: usize,
    fates: &'f Fates,
    found: &'f mut BTreeMap<Address, Vec<Replacement>>,
    findings: &'f mut Findings,
}

impl Collect<'_, '_> {
    /// Recursion is bounded by the nesting of elements.
    fn node(&mut self, node: &Node, path: &mut Path) {
        if self.fates.is_removed(self.at, path) {
            return;
        }
        for child in node.children.iter().filter(|child| child.space == Space::Comp) {
            if &*child.name == "replacedBy" {
                self.replacement(child, path, true);
            } else if &*child.name == "listOfReplacedElements" {
                child.children.iter().for_each(|child| self.replacement(child, path, false));
            }
        }
        for (at, child) in (0..).zip(&node.children) {
            if child.space != Space::Math {
                path.push(at);
                self.node(child, path);
                path.pop();
            }
        }
    }

    fn replacement(&mut self, node: &Node, above: &[u32], keeps_below: bool) {
        if attribute(node, "deletion").is_some() {
            // It replaces nothing that is there: a note to readers.
            return;
        }
        let copy = &self.instances.list[self.at];
        let name = attribute(node, "submodelRef").unwrap_or_default();
        let Some(submodel) = copy.submodels.get(name) else {
            let message = format!("there is no submodel `{name}`");
            self.findings.push(Diagnostic::error("unknown-reference", message).at(node.span, "named here"));
            return;
        };
        let Some(Target::Element(below)) = reference::follow(self.instances, *submodel, node, self.findings) else {
            return;
        };
        if self.fates.is_removed(below.instance, &below.path) || self.fates.is_removed(below.instance, &[]) {
            let message = "a replacement names an element that is deleted";
            self.findings.push(Diagnostic::error("unknown-reference", message).at(node.span, "named here"));
            return;
        }
        let factor = attribute(node, "conversionFactor").map(|id| Factor { instance: self.at, id: id.to_owned() });
        let above = Address { instance: self.at, path: above.to_vec() };
        let replacement = Replacement { below, factor, keeps_below, span: node.span };
        self.found.entry(above).or_default().push(replacement);
    }
}

/// Gives everything that is replaced, directly or not, the name of the uppermost element.
fn follow(
    instances: &Instances,
    replacements: &BTreeMap<Address, Vec<Replacement>>,
    fates: &mut Fates,
    findings: &mut Findings,
) {
    let replaced: BTreeSet<&Address> = replacements.values().flatten().map(|replacement| &replacement.below).collect();
    // A copy comes before those of its submodels, so that the uppermost comes first.
    for top in replacements.keys().filter(|address| !replaced.contains(address)) {
        let reached = reach(top, replacements);
        let mut stand = Stand { name: top.clone(), factors: Vec::new() };
        for one in reached.iter().filter(|one| one.address != top) {
            match fates.stands.get(one.address) {
                None => {}
                // Two elements one above the other that are replaced by the same one below are all the same.
                Some(known) if one.kept => stand = known.clone(),
                Some(_) => {
                    findings.push(
                        Diagnostic::error("replaced-twice", "an element is replaced twice")
                            .at(one.span.unwrap_or_else(|| span_of(instances, top)), "replaced here")
                            .at(span_of(instances, one.address), "this element"),
                    );
                    return;
                }
            }
        }
        for one in reached {
            if !one.kept || one.keeps_below {
                remove(instances, &Target::Element(one.address.clone()), fates);
            }
            let factors = stand.factors.iter().chain(&one.factors).cloned().collect();
            fates.stands.insert(one.address.clone(), Stand { name: stand.name.clone(), factors });
        }
    }
}

fn span_of(instances: &Instances, address: &Address) -> Span {
    instances.node(address).map_or(instances.list[address.instance].model.span, |node| node.span)
}

/// An element that another one is replaced by or replaces, at any distance.
struct Reached<'a> {
    address: &'a Address,
    /// From this element's values to those of the one that it was reached from.
    factors: Vec<Factor>,
    /// It stays, unless something below it does.
    kept: bool,
    keeps_below: bool,
    /// The replacement that led to it.
    span: Option<Span>,
}

fn reach<'a>(top: &'a Address, replacements: &'a BTreeMap<Address, Vec<Replacement>>) -> Vec<Reached<'a>> {
    let mut reached = Vec::new();
    let mut waiting = vec![Reached { address: top, factors: Vec::new(), kept: true, keeps_below: false, span: None }];
    while let Some(mut one) = waiting.pop() {
        for replacement in replacements.get(one.address).into_iter().flatten() {
            one.keeps_below |= replacement.keeps_below;
            waiting.push(Reached {
                address: &replacement.below,
                factors: one.factors.iter().chain(&replacement.factor).cloned().collect(),
                kept: one.kept && replacement.keeps_below,
                keeps_below: false,
                span: Some(replacement.span),
            });
        }
        reached.push(one);
    }
    reached
}
