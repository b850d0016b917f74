//! All problems of an experiment: imported ones, those that are written out, and the members of families.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Sources};
use crate::syntax::ast::Entry;

use super::collect::Raw;
use super::experiment::{ProblemDeclaration, ProblemFamily};
use super::family::{self, Family};
use super::imports::Files;
use super::network::Model;
use super::overrides::Settled;
use super::{Remote, imported, problem};

/// The declaration of each problem with its lines beside the settings, by the problem's name.
pub(super) type Lines<'a> = BTreeMap<String, (Raw<'a>, Vec<&'a Entry>)>;

/// Everything that problems are built from.
pub(super) struct Parts<'a> {
    pub settled: &'a [Settled],
    pub lines: &'a Lines<'a>,
    pub models: &'a BTreeMap<String, Model>,
    pub families: &'a [Family<'a>],
    pub files: &'a Files,
    pub remote: &'a Remote,
}

/// The problems by name, without those in which something is wrong, and what came of the families.
pub(super) fn build(
    parts: &Parts<'_>,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> (BTreeMap<String, ProblemDeclaration>, BTreeMap<String, ProblemFamily>) {
    let members: BTreeMap<&str, &Family<'_>> = parts
        .families
        .iter()
        .flat_map(|family| family.members.iter().map(move |member| (member.problem.as_str(), family)))
        .collect();
    let mut built = BTreeMap::new();
    // Of members, by the name of the family and that of the problem.
    let mut found: BTreeMap<&str, family::Found> = BTreeMap::new();
    for one in parts.settled.iter().filter(|one| one.declaration.kind == "problem" && !one.broken) {
        let name = one.declaration.name.as_str();
        let Some((raw, entries)) = parts.lines.get(name) else { continue };
        let mut own = Vec::new();
        if let Some(problem) = build_one(parts, one, raw, entries, sources, &mut own) {
            built.insert(name.to_owned(), problem);
        }
        match members.get(name) {
            Some(family) => {
                found.entry(&family.raw.name.text).or_default().insert(name.to_owned(), own);
            }
            None => findings.append(&mut own),
        }
    }
    let mut families = BTreeMap::new();
    for family in parts.families {
        // What is wrong in the settings that its problems share has been told.
        let Some(found) = found.remove(family.raw.name.text.as_str()) else { continue };
        families.insert(family.raw.name.text.clone(), family::judge(family, &built, found, findings));
    }
    family::refuse_left_out(&families, parts.settled, findings);
    (built, families)
}

fn build_one(
    parts: &Parts<'_>,
    one: &Settled,
    raw: &Raw<'_>,
    entries: &[&Entry],
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> Option<ProblemDeclaration> {
    let (declaration, folder) = (&one.declaration, parts.files.files[raw.file].folder.as_path());
    if imported::is_imported(raw) {
        let parts = imported::Parts { raw, declaration, entries, folder, remote: parts.remote };
        return imported::problem(&parts, sources, findings);
    }
    let model = declaration.word("model").and_then(|model| parts.models.get(model))?;
    problem::build(&problem::Parts { declaration, place: raw.name.span, entries, model, folder }, sources, findings)
}
