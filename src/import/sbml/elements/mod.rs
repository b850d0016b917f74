//! The elements of a model, one file a kind.

mod events;
mod quantities;
mod reactions;
mod rules;

use std::collections::BTreeMap;

use super::declared::Declared;
use super::findings::Findings;
use super::functions::Functions;
use super::level::Level;
use super::math::number::{boolean, double};
use super::math::{Names, Reader};
use super::symbols::{Kind, Symbols};
use super::tree::{Node, Space};
use crate::diagnostic::Diagnostic;
use crate::model::expression::Expression;

/// The new names of local parameters, by their ids.
pub(super) type Locals = BTreeMap<String, String>;

/// Reads the elements of a model.
pub(super) struct Elements<'a> {
    pub level: Level,
    pub symbols: &'a mut Symbols,
    pub functions: &'a Functions,
    pub findings: &'a mut Findings,
}

impl Elements<'_> {
    /// Everything that a `model` element declares.
    pub fn read(&mut self, model: &Node) -> Declared {
        let id = model.attribute(self.level.id()).unwrap_or_default().trim().to_owned();
        let mut declared = Declared {
            level: self.level,
            name: model.attribute("name").unwrap_or(&id).trim().to_owned(),
            id,
            span: model.span,
            compartments: self.compartments(model),
            species: self.all_species(model),
            parameters: self.parameters(model),
            initial: self.initial_assignments(model),
            rules: Vec::new(),
            algebraic: Vec::new(),
            reactions: Vec::new(),
            events: self.events(model),
            conversion_factor: self.conversion_factor(model),
        };
        self.rules(model, &mut declared);
        self.reactions(model, &mut declared);
        declared
    }

    /// The id of an element; a finding where it has none.
    fn id(&mut self, node: &Node) -> Option<String> {
        let id = node.attribute(self.level.id()).map(str::trim).filter(|id| !id.is_empty());
        if id.is_none() {
            let message = format!("<{}> has no `{}`", node.name, self.level.id());
            self.findings.push(Diagnostic::error("missing-attribute", message).at(node.span, "this element"));
        }
        id.map(str::to_owned)
    }

    /// A number that may be left out.
    fn number(&mut self, node: &Node, attribute: &str) -> Option<f64> {
        let text = node.attribute(attribute)?;
        let value = double(text);
        if value.is_none() {
            let message = format!("`{attribute}` of {} is no number: `{text}`", described(node, self.level));
            let span = node.span_of(attribute);
            self.findings.push(Diagnostic::error("not-a-number", message).at(span, "expected a number"));
        }
        // Level 3 has no number for "unset" but leaving it out; tools write NaN for it.
        value.filter(|value| !value.is_nan())
    }

    fn flag(&mut self, node: &Node, attribute: &str, default: bool) -> bool {
        let Some(text) = node.attribute(attribute) else { return default };
        boolean(text).unwrap_or_else(|| {
            let message = format!("`{attribute}` of {} is `{text}`", described(node, self.level));
            let span = node.span_of(attribute);
            self.findings.push(Diagnostic::error("not-a-truth-value", message).at(span, "expected true or false"));
            default
        })
    }

    /// The id of something of a kind that an attribute names.
    fn reference(&mut self, node: &Node, attribute: &str, kind: Kind) -> Option<String> {
        let described = described(node, self.level);
        let Some(id) = node.attribute(attribute).map(str::trim) else {
            let message = format!("{described} has no `{attribute}`");
            self.findings.push(Diagnostic::error("missing-attribute", message).at(node.span, "this element"));
            return None;
        };
        let span = node.span_of(attribute);
        match self.symbols.kind(id) {
            Some(found) if found == kind => Some(id.to_owned()),
            Some(found) => {
                let message = format!("`{attribute}` of {described} is `{id}`, which is {}", found.word());
                let label = format!("expected {}", kind.word());
                self.findings.push(Diagnostic::error("wrong-reference", message).at(span, label));
                None
            }
            None => {
                let fits: fn(Kind) -> bool = match kind {
                    Kind::Compartment => |kind| kind == Kind::Compartment,
                    Kind::Species => |kind| kind == Kind::Species,
                    _ => |kind| kind == Kind::Parameter,
                };
                let help = self.symbols.suggestion(id, fits, self.findings);
                let message = format!("`{attribute}` of {described} is `{id}`, which is not defined");
                let finding = Diagnostic::error("unknown-symbol", message).at(span, "nothing has this id");
                self.findings.push(finding.maybe_help(help));
                None
            }
        }
    }

    fn conversion_factor(&mut self, node: &Node) -> Option<String> {
        node.attribute("conversionFactor")?;
        self.reference(node, "conversionFactor", Kind::Parameter)
    }

    /// The formula of an element: a `math` child, or Level 1's attribute `formula`. Nothing where there is none.
    fn formula(&mut self, node: &Node, place: &str, locals: &Locals) -> Option<Expression> {
        let mut reader = Reader {
            names: Names::Model(self.symbols, locals),
            functions: self.functions,
            place,
            findings: self.findings,
            copied: 0,
        };
        let formula = if self.level.level == 1 {
            reader.infix(node.attribute("formula")?, node.span_of("formula"))
        } else {
            let math = node.children.iter().find(|child| &*child.name == "math")?;
            match math.space {
                Space::Math => reader.math(math),
                _ => reader.no_mathml(math.span),
            }
        };
        formula.map(|formula| formula.expression)
    }
}

/// An element in words: "species `S1`".
pub(super) fn described(node: &Node, level: Level) -> String {
    match node.attribute(level.id()).or_else(|| node.attribute("variable")).or_else(|| node.attribute("symbol")) {
        Some(id) => format!("{} `{}`", node.name, id.trim()),
        None => format!("<{}>", node.name),
    }
}
