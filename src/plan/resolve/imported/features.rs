//! What can be counted in a model of a collection: the counts of the network that its file becomes.

use crate::diagnostic::{FileId, Severity};
use crate::fetch::Features;
use crate::import::sbml;

use super::text;

/// Changes whenever the importer reads more models or counts otherwise, so that kept counts are made anew.
pub(super) const VERSION: &str = "1";

/// The features of the model in an SBML file, or why it cannot be simulated.
pub(super) fn count(bytes: &[u8]) -> Result<Features, String> {
    let text = text::decode(bytes.to_vec()).map_err(|line| format!("line {line} is not UTF-8 text"))?;
    let document = sbml::read(FileId(0), &text, &mut sbml::alone);
    let Some(network) = document.network else {
        let wrong = document.diagnostics.into_iter().find(|finding| finding.severity == Severity::Error);
        return Err(wrong.map_or_else(|| "it has no model".to_owned(), |finding| finding.message));
    };
    let count = |length: usize| length as u64;
    Ok(Features {
        species: count(network.species.len()),
        parameters: count(network.parameters.len()),
        reactions: count(network.reactions.len()),
        compartments: count(network.compartments.len()),
        rules: count(network.assignments.len() + network.rates.len() + network.algebraic.len()),
        events: count(network.events.len()),
    })
}
