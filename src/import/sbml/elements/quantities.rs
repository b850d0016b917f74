//! Compartments, species and parameters.

use super::super::declared::{Compartment, Parameter, Species, Start};
use super::super::symbols::Kind;
use super::super::tree::Node;
use super::{Elements, described};
use crate::diagnostic::Diagnostic;

impl Elements<'_> {
    pub(super) fn compartments(&mut self, model: &Node) -> Vec<Compartment> {
        let level = self.level.level;
        let mut compartments = Vec::new();
        for node in model.list("listOfCompartments") {
            let Some(id) = self.id(node) else { continue };
            let size = match level {
                1 => self.number(node, "volume").or(Some(1.0)),
                _ => self.number(node, "size"),
            };
            let dimensions = match level {
                1 => Some(3.0),
                2 => self.number(node, "spatialDimensions").or(Some(3.0)),
                _ => self.number(node, "spatialDimensions"),
            };
            let constant = self.flag(node, "constant", level > 1);
            compartments.push(Compartment { id, span: node.span, dimensions, size, constant });
        }
        compartments
    }

    pub(super) fn all_species(&mut self, model: &Node) -> Vec<Species> {
        let mut species = Vec::new();
        for node in model.list("listOfSpecies") {
            let Some(id) = self.id(node) else { continue };
            let compartment = self.reference(node, "compartment", Kind::Compartment);
            let (amount, concentration) =
                (self.number(node, "initialAmount"), self.number(node, "initialConcentration"));
            let start = match (amount, concentration) {
                (Some(_), Some(_)) => {
                    let message = format!(
                        "{} has both an initial amount and an initial concentration",
                        described(node, self.level)
                    );
                    self.findings
                        .push(Diagnostic::error("two-values", message).at(node.span, "one of them is too many"));
                    Start::Unset
                }
                (Some(amount), None) => Start::Amount(amount),
                (None, Some(concentration)) => Start::Concentration(concentration),
                (None, None) => Start::Unset,
            };
            let only_substance = self.flag(node, "hasOnlySubstanceUnits", false);
            let boundary = self.flag(node, "boundaryCondition", false);
            let constant = self.flag(node, "constant", false);
            let conversion_factor = self.conversion_factor(node);
            let Some(compartment) = compartment else { continue };
            species.push(Species {
                id,
                span: node.span,
                compartment,
                start,
                only_substance,
                boundary,
                constant,
                conversion_factor,
            });
        }
        species
    }

    pub(super) fn parameters(&mut self, model: &Node) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        for node in model.list("listOfParameters") {
            let Some(id) = self.id(node) else { continue };
            let value = self.number(node, "value");
            let constant = self.flag(node, "constant", self.level.level > 1);
            parameters.push(Parameter { id, span: node.span, value, constant, local: None });
        }
        parameters
    }
}
