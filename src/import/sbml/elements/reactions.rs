//! Reactions, with the parameters of their kinetic laws.

use super::super::declared::{Declared, Parameter, Participant, Reaction};
use super::super::findings::Findings;
use super::super::symbols::Kind;
use super::super::tree::Node;
use super::{Elements, Locals, described};
use crate::diagnostic::Diagnostic;

impl Elements<'_> {
    pub(super) fn reactions(&mut self, model: &Node, declared: &mut Declared) {
        for node in model.list("listOfReactions") {
            let Some(id) = self.id(node) else { continue };
            let mut participants = Vec::new();
            for (list, is_product) in [("listOfReactants", false), ("listOfProducts", true)] {
                for participant in node.list(list) {
                    participants.extend(self.participant(participant, is_product, &id));
                }
            }
            for modifier in node.list("listOfModifiers") {
                self.reference(modifier, "species", Kind::Species);
            }
            let reversible = self.flag(node, "reversible", true);
            let fast = self.flag(node, "fast", false).then(|| node.span_of("fast"));
            let rate = node.child("kineticLaw").and_then(|law| self.kinetic_law(law, &id, declared));
            if rate.is_none() {
                let message = format!("reaction `{id}` has no kinetic law: its rate is taken as 0");
                self.findings.push(Diagnostic::warning("no-kinetic-law", message).at(node.span, "this reaction"));
            }
            declared.reactions.push(Reaction { id, span: node.span, reversible, fast, participants, rate });
        }
    }

    fn kinetic_law(
        &mut self,
        law: &Node,
        reaction: &str,
        declared: &mut Declared,
    ) -> Option<crate::model::expression::Expression> {
        let mut locals = Locals::new();
        for node in law.list("listOfParameters").chain(law.list("listOfLocalParameters")) {
            let Some(id) = self.id(node) else { continue };
            if locals.contains_key(&id) {
                let message = format!("the kinetic law of `{reaction}` has two parameters `{id}`");
                self.findings.push(Diagnostic::error("duplicate-id", message).at(node.span, "the second one"));
                continue;
            }
            let renamed = self.symbols.unused(&format!("{reaction}_{id}"));
            self.symbols.declare(&renamed, Kind::Parameter, node.span, &mut Findings::default());
            let value = self.number(node, "value");
            let local = Some((id.clone(), reaction.to_owned()));
            declared.parameters.push(Parameter { id: renamed.clone(), span: node.span, value, constant: true, local });
            locals.insert(id, renamed);
        }
        self.formula(law, &format!("the kinetic law of reaction `{reaction}`"), &locals)
    }

    fn participant(&mut self, node: &Node, is_product: bool, reaction: &str) -> Option<Participant> {
        let attribute = if node.attribute("specie").is_some() { "specie" } else { "species" };
        let species = self.reference(node, attribute, Kind::Species)?;
        let level = self.level.level;
        let mut stoichiometry = self.number(node, "stoichiometry");
        if level < 3 && node.attribute("stoichiometry").is_none() {
            stoichiometry = Some(1.0);
        }
        if level == 1 {
            let denominator = self.number(node, "denominator").unwrap_or(1.0);
            stoichiometry = stoichiometry.map(|numerator| numerator / denominator);
        }
        let place = format!("the stoichiometry of `{species}` in reaction `{reaction}`");
        let math = node.child("stoichiometryMath").and_then(|math| self.formula(math, &place, &Locals::new()));
        let id = (level > 1).then(|| node.attribute("id").map(|id| id.trim().to_owned())).flatten();
        if stoichiometry.is_some_and(|value| !value.is_finite()) {
            let message = format!("{place} is not finite");
            self.findings.push(Diagnostic::error("not-a-number", message).at(node.span, described(node, self.level)));
        }
        // Before Level 3 nothing but Level 2's formula could change it.
        let constant = self.flag(node, "constant", level > 2);
        Some(Participant { id, span: node.span, species, is_product, stoichiometry, math, constant })
    }
}
