//! SBML Level 1, Level 2 Versions 1-5 and Level 3 Versions 1-2, with the package `comp`.
//!
//! In reading order: [`bounds`] refuses what no parser should see; [`tree`] holds a document as elements with their
//! places; [`level`] says which SBML it is; [`comp`] puts submodels in their places; [`declare`] collects the ids; [`functions`] and [`math`] read formulas, with
//! function definitions written out; [`elements`] reads what a model declares; [`changes`] finds what changes each
//! variable; [`assemble`] makes the network, [`sequence`] puts its assignments in order and [`units`] labels its axes.

mod assemble;
mod bounds;
mod changes;
mod comp;
mod declare;
mod declared;
mod elements;
mod findings;
mod fluxes;
mod functions;
mod level;
mod math;
mod order;
mod sequence;
mod symbols;
mod tree;
mod units;
mod uses;

use crate::diagnostic::{Diagnostic, FileId};
use crate::model::network::Network;
use findings::Findings;
use functions::Functions;
use level::Level;
use tree::Node;

/// What came of a document.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The model; nothing when a finding is an error.
    pub network: Option<Network>,
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Another document that a model takes submodels from.
#[derive(Debug, Clone)]
pub struct External {
    /// Its id among the sources, for diagnostics.
    pub file: FileId,
    /// Its text.
    pub text: String,
}

/// Finds the document that a document names. It is given the document that names it and the path that stands there: a
/// relative path without `..`, whose parts are separated by `/`. It adds the text to the sources, or says why there is
/// none.
pub type Resolve<'a> = dyn FnMut(FileId, &str) -> Result<External, String> + 'a;

/// A [`Resolve`] for documents that stand alone.
///
/// # Errors
/// Always.
pub fn alone(_: FileId, _: &str) -> Result<External, String> {
    Err("other files are not read here".to_owned())
}

/// Reads the text of a document.
#[must_use]
pub fn read(file: FileId, text: &str, external: &mut Resolve) -> Document {
    let mut findings = Findings::default();
    let network = network(file, text, external, &mut findings);
    let network = network.filter(|_| !findings.has_errors());
    Document { network, diagnostics: findings.into_list() }
}

fn network(file: FileId, text: &str, external: &mut Resolve, findings: &mut Findings) -> Option<Network> {
    let parsed = match tree::parse(file, text) {
        Ok(parsed) => parsed,
        Err(finding) => {
            findings.push(finding);
            return None;
        }
    };
    let level = level::of(&parsed, findings)?;
    let Some(model) = parsed.root.child("model") else {
        let finding = Diagnostic::error("no-model", "the document has no model");
        findings.push(finding.at(parsed.root.span, "expected a <model> in it"));
        return None;
    };
    fluxes::refuse(model, findings);
    if !comp::has_submodels(model) {
        return of_model(model, level, findings);
    }
    let flat = comp::flatten(parsed, level, external, findings)?;
    of_model(&flat, level, findings)
}

/// The network of a `model` element without submodels.
fn of_model(model: &Node, level: Level, findings: &mut Findings) -> Option<Network> {
    declare::unknown_lists(model, findings);
    let mut symbols = declare::declare(model, level, findings);
    let functions = Functions::read(model, findings);
    let mut elements = elements::Elements { level, symbols: &mut symbols, functions: &functions, findings };
    let declared = elements.read(model);
    let variables = changes::find(&declared, findings);
    let mut network = assemble::network(&declared, &variables, findings);
    network.units = units::labels(model, level, findings);
    sequence::sort(&mut network, &declared, &variables, findings);
    Some(network)
}
