//! Flux balance models (package `fbc`): they say what a steady state maximises, not what happens over time.

use super::findings::Findings;
use super::tree::{Node, Space};
use crate::diagnostic::Diagnostic;

/// Refuses a model with objectives or bounds of fluxes, some of whose reactions have no kinetic law. Where all have one,
/// fluxes follow from them, and what the package adds changes no trajectory.
pub(super) fn refuse(model: &Node, findings: &mut Findings) {
    let objectives = model.children_named(Space::Fbc, "listOfObjectives");
    let bounds = model.children_named(Space::Fbc, "listOfFluxBounds");
    let reactions = || model.list("listOfReactions");
    let of_reactions = reactions().filter(|reaction| reaction.attributes.iter().any(|one| one.space == Space::Fbc));
    let Some(place) = objectives.chain(bounds).chain(of_reactions).next() else { return };
    let Some(reaction) = reactions().find(|reaction| reaction.child("kineticLaw").is_none()) else { return };
    let id = reaction.attribute("id").unwrap_or_default();
    findings.push(
        Diagnostic::error("flux-balance", "this is a flux balance model (package `fbc`), which has no trajectory")
            .at(place.span, "bounds or objectives of fluxes")
            .at(reaction.span, format!("`{id}` has no kinetic law"))
            .help("kexp simulates kinetic models: each reaction needs a kinetic law"),
    );
}
