//! What came of the problems of a family. One model that gives no problem is left out with a warning; when none gives
//! one, it is the pattern that is wrong.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Severity};

use super::super::experiment::{Declaration, ProblemDeclaration, ProblemFamily};
use super::super::overrides::Settled;
use super::Family;

/// Models that are named in one message.
const MOST_NAMED: usize = 4;

/// What was found for one member, by the name of its problem.
pub(in super::super) type Found = BTreeMap<String, Vec<Diagnostic>>;

/// Tells what is wrong with the members of a family; `found` is what building their problems found.
pub(in super::super) fn judge(
    family: &Family<'_>,
    built: &BTreeMap<String, ProblemDeclaration>,
    mut found: Found,
    findings: &mut Vec<Diagnostic>,
) -> ProblemFamily {
    let name = &family.raw.name.text;
    let mut problems = Vec::new();
    let mut left_out = Vec::new();
    let mut warned = Vec::new();
    let mut first: Vec<Diagnostic> = Vec::new();
    for member in &family.members {
        let mut own = member.findings.clone();
        own.extend(found.remove(&member.problem).unwrap_or_default());
        let id = member.problem.strip_prefix(&format!("{name}.")).unwrap_or(&member.problem).to_owned();
        if built.contains_key(&member.problem) {
            problems.push(member.problem.clone());
            warned.extend(own.into_iter().next().map(|finding| (id, finding.message)));
            continue;
        }
        let wrong = own.iter().find(|finding| finding.severity == Severity::Error);
        let reason = wrong.map_or_else(|| "its model cannot be read".to_owned(), |finding| finding.message.clone());
        left_out.push((id, reason));
        if first.is_empty() {
            first = own;
        }
    }
    let of = family.members.len();
    if problems.is_empty() {
        findings.append(&mut first);
        let none =
            if of == 1 { "its model gives none".to_owned() } else { format!("none of its {of} models gives one") };
        let message = format!("`{name}` has no problem: {none}");
        let finding = Diagnostic::error("empty-family", message).at(family.over, "over these models");
        findings.push(finding.help(some_of(&left_out)));
    } else if !left_out.is_empty() {
        let (give, are) = if left_out.len() == 1 { ("gives", "is") } else { ("give", "are") };
        let message =
            format!("{} of the {of} models of `{name}` {give} no problem, and {are} left out", left_out.len());
        let finding = Diagnostic::warning("left-out", message).at(family.over, "over the others of these models");
        findings.push(finding.help(some_of(&left_out)));
    }
    if !warned.is_empty() && !problems.is_empty() {
        let has = if warned.len() == 1 { "has" } else { "have" };
        let message = format!("{} of the {of} models of `{name}` {has} warnings", warned.len());
        let finding = Diagnostic::warning("warned-models", message).at(family.over, "among these models");
        findings.push(finding.help(some_of(&warned)));
    }
    let left_out = left_out.into_iter().map(|(id, reason)| (format!("{name}.{id}"), reason)).collect();
    ProblemFamily { problems, left_out, span: family.raw.span }
}

/// Problems that other declarations use and that could not be made.
pub(in super::super) fn refuse_left_out(
    families: &BTreeMap<String, ProblemFamily>,
    settled: &[Settled],
    findings: &mut Vec<Diagnostic>,
) {
    let place = |declaration: &Declaration, path: &str| declaration.origin(path).span().unwrap_or(declaration.span);
    for Settled { declaration, .. } in settled {
        let named = declaration.word("problem").map(|name| (name, place(declaration, "problem")));
        let listed = ["problems", "development"].into_iter().flat_map(|list| {
            let names = declaration.words(list).into_iter().enumerate();
            names.map(move |(index, name)| (name, place(declaration, &format!("{list}.{index}"))))
        });
        for (name, place) in named.into_iter().chain(listed) {
            // A family without any problem is an error already.
            let mut whole = families.values().filter(|family| !family.problems.is_empty());
            if let Some(reason) = whole.find_map(|family| family.left_out.get(name)) {
                findings.push(
                    Diagnostic::error("left-out", format!("`{name}` is left out: {reason}"))
                        .at(place, "there is no such problem"),
                );
            }
        }
    }
}

/// Some of many with their reasons, in one line.
pub(super) fn some_of(all: &[(String, String)]) -> String {
    let named: Vec<String> = all.iter().take(MOST_NAMED).map(|(id, reason)| format!("{id}: {reason}")).collect();
    match all.len().saturating_sub(MOST_NAMED) {
        0 => named.join("; "),
        more => format!("{}; and {more} more", named.join("; ")),
    }
}
