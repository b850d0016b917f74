//! Writes what is left of a copy with the ids, and in the units of time and extent, of the flat model.

use std::collections::BTreeMap;

use super::super::findings::Findings;
use super::super::math::mathml::csymbol_name;
use super::super::tree::{Attribute, Node, Space};
use super::attribute;
use super::instances::{Address, Instance, Instances, Path};
use super::replace::{Factor, Fates};
use crate::diagnostic::{Diagnostic, Span};

/// Attributes that name elements of the model.
const REFERENCES: &[&str] = &["compartment", "species", "variable", "symbol", "conversionFactor"];

/// The copy `at` without what is removed.
pub(super) fn rewritten(instances: &Instances, at: usize, fates: &Fates, findings: &mut Findings) -> Node {
    let instance = &instances.list[at];
    let mut names = Names { instances, fates, findings, formed: BTreeMap::new() };
    let (time, extent) = names.conversions(at);
    let mut rewrite =
        Rewrite { at, instance, conversion: names.of_species(at), time, extent, locals: BTreeMap::new(), names };
    let mut model = instance.model.clone();
    rewrite.children(&mut model, &mut Path::new());
    model
}

/// What a symbol is in the flat model.
#[derive(Debug, Clone)]
struct Name {
    id: String,
    /// Formulas that its values in the copy are multiplied with to be those of the flat model.
    factors: Vec<Node>,
}

struct Names<'a, 'f> {
    instances: &'a Instances,
    fates: &'a Fates,
    findings: &'f mut Findings,
    /// Names that were formed already.
    formed: BTreeMap<(usize, String), Name>,
}

impl Names<'_, '_> {
    /// The name of an id of a copy. Ids that nothing has keep the copy's prefix, so that they are reported.
    fn of(&mut self, at: usize, id: &str, span: Span) -> Name {
        if let Some(name) = self.formed.get(&(at, id.to_owned())) {
            return name.clone();
        }
        let instance = &self.instances.list[at];
        let prefixed = format!("{}{id}", instance.prefix);
        let path = instance.ids.get(id);
        let name = match path.and_then(|path| self.fates.stand(at, path)) {
            None => Name { id: prefixed, factors: Vec::new() },
            Some(stand) => {
                let factors = stand.factors.clone();
                let id = match self.instances.node(&stand.name).and_then(|node| attribute(node, "id")) {
                    Some(id) => format!("{}{id}", self.instances.list[stand.name.instance].prefix),
                    None => {
                        let message = format!("what replaces `{prefixed}` has no id");
                        self.findings.push(Diagnostic::error("unknown-reference", message).at(span, "used here"));
                        prefixed
                    }
                };
                Name { id, factors: self.formulas(&factors, span) }
            }
        };
        self.formed.insert((at, id.to_owned()), name.clone());
        name
    }

    /// Factors are named in copies above, so that this ends.
    fn formulas(&mut self, factors: &[Factor], span: Span) -> Vec<Node> {
        factors.iter().map(|factor| value(&self.of(factor.instance, &factor.id, span), span)).collect()
    }

    /// The factors of time and extent of a copy: those of its submodel and of all that this is nested in.
    fn conversions(&mut self, at: usize) -> (Vec<Node>, Vec<Node>) {
        let (mut time, mut extent) = (Vec::new(), Vec::new());
        let instances = self.instances;
        let mut next = instances.list[at].parent.as_ref();
        while let Some(address) = next {
            let Some(submodel) = instances.node(address) else { break };
            for (attribute_name, factors) in
                [("timeConversionFactor", &mut time), ("extentConversionFactor", &mut extent)]
            {
                if let Some(id) = attribute(submodel, attribute_name) {
                    let factor = Factor { instance: address.instance, id: id.to_owned() };
                    factors.extend(self.formulas(&[factor], submodel.span));
                }
            }
            next = instances.list[address.instance].parent.as_ref();
        }
        (time, extent)
    }

    /// The conversion factor of the species of a copy that have none of their own.
    fn of_species(&self, at: usize) -> Option<Attribute> {
        let model = &self.instances.list[at].model;
        model.find(Space::Core, "conversionFactor").cloned()
    }
}

struct Rewrite<'a, 'f> {
    at: usize,
    instance: &'a Instance,
    names: Names<'a, 'f>,
    conversion: Option<Attribute>,
    time: Vec<Node>,
    extent: Vec<Node>,
    /// The local parameters of the kinetic law that is rewritten; with a name where they are replaced.
    locals: BTreeMap<String, Option<Name>>,
}

impl Rewrite<'_, '_> {
    /// Recursion is bounded by the nesting of elements.
    fn children(&mut self, node: &mut Node, path: &mut Path) {
        let children = std::mem::take(&mut node.children);
        for (at, mut child) in (0..).zip(children) {
            path.push(at);
            let kept = child.space != Space::Comp && !self.names.fates.is_removed(self.at, path);
            if kept {
                self.element(&mut child, path);
                node.children.push(child);
            }
            path.pop();
        }
    }

    fn element(&mut self, node: &mut Node, path: &mut Path) {
        if node.space == Space::Math {
            return self.math(node);
        }
        let before = Before::of(node);
        let law = &*node.name == "kineticLaw";
        if law {
            self.locals = self.local_parameters(node, path);
        }
        if &*node.name == "species" && before.conversion_factor.is_none() {
            node.attributes.extend(self.conversion.clone());
        }
        self.children(node, path);
        self.attributes(node);
        match &*node.name {
            "kineticLaw" => {
                let factors = self.extent.clone();
                let divisors = self.time.clone();
                scale(node, &factors, &divisors);
                self.locals.clear();
            }
            "rateRule" => {
                let factors = self.factors_of(before.variable.as_deref(), node.span);
                let divisors = self.time.clone();
                scale(node, &factors, &divisors);
            }
            "assignmentRule" | "initialAssignment" | "eventAssignment" => {
                let factors = self.factors_of(before.variable.as_deref(), node.span);
                scale(node, &factors, &[]);
            }
            "delay" => {
                let factors = self.time.clone();
                scale(node, &factors, &[]);
            }
            "speciesReference" => {
                let factors = self.factors_of(before.species.as_deref(), node.span);
                if !factors.is_empty() {
                    let plain = stoichiometry(node);
                    node.children.push(plain.within(factors));
                }
            }
            _ => {}
        }
    }

    fn attributes(&mut self, node: &mut Node) {
        let is_local = &*node.name == "localParameter";
        for attribute in node.attributes.iter_mut().filter(|attribute| attribute.space == Space::Core) {
            let named = &*attribute.name == "id" && !is_local || REFERENCES.contains(&&*attribute.name);
            if named {
                attribute.value = self.names.of(self.at, attribute.value.trim(), attribute.span).id.into();
            }
        }
        node.attributes.retain(|attribute| &*attribute.name != "metaid");
    }

    fn factors_of(&mut self, id: Option<&str>, span: Span) -> Vec<Node> {
        id.map_or_else(Vec::new, |id| self.names.of(self.at, id, span).factors)
    }

    fn local_parameters(&mut self, law: &Node, path: &[u32]) -> BTreeMap<String, Option<Name>> {
        let mut locals = BTreeMap::new();
        for (at, list) in (0..).zip(&law.children).filter(|(_, list)| &*list.name == "listOfLocalParameters") {
            for (inner, node) in (0..).zip(&list.children) {
                let Some(id) = attribute(node, "id") else { continue };
                let place: Path = path.iter().copied().chain([at, inner]).collect();
                let stands = self.names.fates.stand(self.at, &place).is_some();
                if !stands && self.names.fates.is_removed(self.at, &place) {
                    // A deleted one no longer hides the model's.
                    continue;
                }
                let name = self.names.fates.stand(self.at, &place).cloned().and_then(|stand| {
                    let own = attribute(self.names.instances.node(&stand.name)?, "id")?.to_owned();
                    let mut name = self.names.of(stand.name.instance, &own, node.span);
                    name.factors = self.names.formulas(&stand.factors, node.span);
                    Some(name)
                });
                locals.insert(id.to_owned(), name);
            }
        }
        locals
    }

    /// A `math` element or what is in it.
    fn math(&mut self, node: &mut Node) {
        match &*node.name {
            "lambda" => {
                // Its symbols are its arguments; calls and times are the model's.
                let arguments = node.children.iter().filter(|child| &*child.name == "bvar");
                let arguments = arguments.filter_map(|bvar| bvar.children.first());
                self.locals = arguments.map(|argument| (argument.text().to_owned(), None)).collect();
                node.children.iter_mut().filter(|child| &*child.name != "bvar").for_each(|child| self.math(child));
                self.locals.clear();
            }
            "ci" => self.symbol(node),
            "csymbol" if csymbol_name(node) == "time" => {
                let time = std::mem::replace(node, cn("0", node.span));
                *node = quotient(time, &self.time);
            }
            "apply" => self.apply(node),
            _ => node.children.iter_mut().for_each(|child| self.math(child)),
        }
    }

    fn symbol(&mut self, node: &mut Node) {
        let id = node.text().to_owned();
        let name = match self.locals.get(&id) {
            Some(None) => return,
            Some(Some(name)) => name.clone(),
            None => self.names.of(self.at, &id, node.span),
        };
        let mut value = value(&Name { id: name.id, factors: Vec::new() }, node.span);
        if !self.locals.contains_key(&id)
            && let Some((time, extent)) = self.reaction(&id)
        {
            value = quotient(product(value, &time), &extent);
        }
        *node = quotient(value, &name.factors);
    }

    /// The factors of time and extent of a reaction's rate: those of the copy that the reaction is in. One that is
    /// replaced is in the copy of what replaces it.
    fn reaction(&mut self, id: &str) -> Option<(Vec<Node>, Vec<Node>)> {
        let address = Address { instance: self.at, path: self.instance.ids.get(id)?.clone() };
        if !self.names.instances.node(&address)?.is(Space::Core, "reaction") {
            return None;
        }
        let fates = self.names.fates;
        match fates.stand(self.at, &address.path) {
            Some(stand) if fates.is_removed(self.at, &address.path) => {
                Some(self.names.conversions(stand.name.instance))
            }
            _ => Some((self.time.clone(), self.extent.clone())),
        }
    }

    fn apply(&mut self, node: &mut Node) {
        let Some((head, rest)) = node.children.split_first_mut() else { return };
        match (&*head.name, csymbol_name(head)) {
            ("ci", _) => {
                let id = head.text().to_owned();
                let name = self.names.of(self.at, &id, head.span);
                head.texts = vec![name.id.into()];
                rest.iter_mut().for_each(|child| self.math(child));
            }
            ("csymbol", "delay") => {
                rest.iter_mut().for_each(|child| self.math(child));
                if let Some(delay) = rest.get_mut(1) {
                    let plain = std::mem::replace(delay, cn("0", delay.span));
                    *delay = product(plain, &self.time);
                }
            }
            ("csymbol", "rateOf") if rest.len() == 1 && !self.locals.contains_key(rest[0].text()) => {
                // The rate of a converted symbol is its converted rate, and a rate is per the copy's time.
                let name = self.names.of(self.at, rest[0].text(), rest[0].span);
                rest[0].texts = vec![name.id.as_str().into()];
                let rate = std::mem::replace(node, cn("0", node.span));
                *node = quotient(product(rate, &self.time), &name.factors);
            }
            _ => rest.iter_mut().for_each(|child| self.math(child)),
        }
    }
}

/// What attributes said before they were renamed.
struct Before {
    variable: Option<String>,
    species: Option<String>,
    conversion_factor: Option<String>,
}

impl Before {
    fn of(node: &Node) -> Self {
        let text = |name: &str| node.attribute(name).map(|text| text.trim().to_owned());
        Self {
            variable: text("variable").or_else(|| text("symbol")),
            species: text("species"),
            conversion_factor: text("conversionFactor"),
        }
    }
}

/// Multiplies and divides the formula of an element.
fn scale(node: &mut Node, factors: &[Node], divisors: &[Node]) {
    let math = node.children.iter_mut().find(|child| child.is(Space::Math, "math"));
    if let Some(content) = math.and_then(|math| math.children.first_mut()) {
        let plain = std::mem::replace(content, cn("0", content.span));
        *content = quotient(product(plain, factors), divisors);
    }
}

/// The stoichiometry of a participant as a formula.
struct Stoichiometry {
    value: Node,
    span: Span,
}

fn stoichiometry(node: &Node) -> Stoichiometry {
    let span = node.span;
    let value = match (node.attribute("id"), node.attribute("stoichiometry")) {
        (Some(id), _) => value(&Name { id: id.trim().to_owned(), factors: Vec::new() }, span),
        (None, number) => cn(number.unwrap_or("1"), span),
    };
    Stoichiometry { value, span }
}

impl Stoichiometry {
    /// As Level 2 writes it.
    fn within(self, factors: Vec<Node>) -> Node {
        let math = element(Space::Math, "math", vec![product(self.value, &factors)], self.span);
        element(Space::Core, "stoichiometryMath", vec![math], self.span)
    }
}

fn element(space: Space, name: &str, children: Vec<Node>, span: Span) -> Node {
    Node { space, name: name.into(), attributes: Vec::new(), children, texts: Vec::new(), span }
}

fn cn(text: &str, span: Span) -> Node {
    Node { texts: vec![text.into()], ..element(Space::Math, "cn", Vec::new(), span) }
}

/// A symbol's value in the copy: that of the flat model divided by its factors.
fn value(name: &Name, span: Span) -> Node {
    let symbol = Node { texts: vec![name.id.as_str().into()], ..element(Space::Math, "ci", Vec::new(), span) };
    quotient(symbol, &name.factors)
}

fn product(value: Node, factors: &[Node]) -> Node {
    if factors.is_empty() {
        return value;
    }
    let span = value.span;
    let mut children = vec![element(Space::Math, "times", Vec::new(), span), value];
    children.extend(factors.iter().cloned());
    element(Space::Math, "apply", children, span)
}

fn quotient(value: Node, divisors: &[Node]) -> Node {
    let Some((first, rest)) = divisors.split_first() else { return value };
    let span = value.span;
    let divisor = product(first.clone(), rest);
    let children = vec![element(Space::Math, "divide", Vec::new(), span), value, divisor];
    element(Space::Math, "apply", children, span)
}
