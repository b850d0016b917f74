//! The models of a family: those that a selection of a collection finds, or a list of models of the experiment.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::fetch::{Selected, Selection, Selections};
use crate::plan::schema;
use crate::schema::{Type, Value};
use crate::syntax::ast::{Expr, ExprKind};

use super::super::experiment::Origin;
use super::super::imported::Importer;
use super::super::network::Model;
use super::super::scope::Scope;
use super::super::typing::Typing;
use super::super::words;
use super::Member;
use super::judge::some_of;

/// Models that came near and are shown.
const MOST_NEAR: usize = 3;

/// What stands after `over`.
pub(super) enum Written {
    /// Models of the experiment, by name.
    Listed(Vec<String>),
    /// A selection of `BioModels`, and the identifiers that are not wanted.
    Selected(Selection, Vec<String>),
}

/// Reads what stands after `over`; `None` after a finding.
pub(super) fn written(right: &Expr, scope: &Scope, findings: &mut Vec<Diagnostic>) -> Option<Written> {
    let mut origins = BTreeMap::new();
    let mut typing = Typing { scope, findings, origins: &mut origins, origin: Origin::File };
    match &right.kind {
        ExprKind::List(_) => {
            let models = typing.value(right, &Type::List(Box::new(Type::Reference(&["model"]))), "over")?;
            Some(Written::Listed(texts(Some(&models))))
        }
        ExprKind::Call { .. } => match typing.value(right, &Type::Choice(schema::model_families()), "over")? {
            Value::Choice(_, settings) => Some(Written::Selected(selection(&settings), texts(settings.get("except")))),
            _ => None,
        },
        _ => {
            findings.push(
                Diagnostic::error("wrong-type", "`over` is followed by models")
                    .at(right.span, "expected `biomodels(...)`, or a list of models `[a, b]`"),
            );
            None
        }
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let Some(Value::List(items)) = value else { return Vec::new() };
    items
        .iter()
        .filter_map(|item| match item {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
        .collect()
}

/// The members of a family; models of a selection join those that are known. `None` after a finding.
pub(super) fn members(
    family: &str,
    written: &Written,
    place: Span,
    importer: &mut Importer<'_>,
    known: &mut BTreeMap<String, Model>,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> Option<Vec<Member>> {
    let (selection, unwanted) = match written {
        Written::Selected(selection, unwanted) => (selection, unwanted),
        Written::Listed(models) => {
            let member = |model: &String| Member {
                problem: format!("{family}.{model}"),
                model: model.clone(),
                findings: Vec::new(),
            };
            return Some(models.iter().map(member).collect());
        }
    };
    let Selections { mut models, refused, missed } = importer.remote.biomodels(selection, place, findings)?;
    if models.is_empty() {
        findings.push(empty(selection, &missed, &refused, place));
        return None;
    }
    if !refused.is_empty() {
        let message = format!("{} of BioModels cannot be simulated, and are not among these", count(refused.len()));
        let finding = Diagnostic::warning("unreadable-models", message).at(place, "chosen from the others");
        findings.push(finding.help(some_of(&refused)));
    }
    except(unwanted, &mut models, place, findings);
    let mut members = Vec::with_capacity(models.len());
    for Selected { id, title, path, .. } in models {
        let problem = format!("{family}.{id}");
        let mut found = Vec::new();
        if let Some(model) = importer.member(&id, &title, &path, place, sources, &mut found) {
            known.insert(problem.clone(), model);
        }
        members.push(Member { model: problem.clone(), problem, findings: found });
    }
    Some(members)
}

/// The selection that the settings of `biomodels(...)` say.
fn selection(settings: &BTreeMap<String, Value>) -> Selection {
    let mut selection =
        Selection { curated: matches!(settings.get("curated"), Some(Value::Text(_))), ..Selection::default() };
    for (name, value) in settings {
        if let (Some(between), Value::Interval { lower, upper, .. }) = (selection.bounds_of(name), value) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers from 0 on")]
            let (least, most) = (*lower as u64, *upper as u64);
            between.least = least;
            between.most = if upper.is_finite() { most } else { u64::MAX };
        }
    }
    selection
}

/// Takes out the models that are not wanted.
fn except(unwanted: &[String], models: &mut Vec<Selected>, place: Span, findings: &mut Vec<Diagnostic>) {
    for id in unwanted {
        if let Some(at) = models.iter().position(|model| model.id == *id) {
            models.remove(at);
            continue;
        }
        let finding = Diagnostic::warning("nothing-new", format!("`{id}` is not among the models anyway"));
        let near = words::near(id, models.iter().map(|model| model.id.as_str()));
        findings.push(finding.at(place, "leaves out what is not there").maybe_help(near));
    }
}

/// No model at all: how near others come.
fn empty(selection: &Selection, missed: &[Selected], refused: &[(String, String)], place: Span) -> Diagnostic {
    let finding = Diagnostic::error("empty-selection", format!("no model of BioModels meets `{}`", selection.words()))
        .at(place, "selects nothing");
    let mut near: Vec<_> = missed
        .iter()
        .map(|model| {
            let misses = selection.misses(&model.features, model.year);
            let distance = misses.iter().fold(0_u64, |sum, miss| sum.saturating_add(miss.distance));
            (misses.len(), distance, model, misses)
        })
        .collect();
    near.sort_by(|a, b| (a.0, a.1, &a.2.id).cmp(&(b.0, b.1, &b.2.id)));
    if near.is_empty() {
        return match refused {
            [] => finding.help("the list of models is empty: is this the right server, and the lock file whole?"),
            _ => finding.help(format!("none could be judged: {}", some_of(refused))),
        };
    }
    let mut help = "the nearest are ".to_owned();
    for (index, (_, _, model, misses)) in near.iter().take(MOST_NEAR).enumerate() {
        let counts: Vec<String> = misses
            .iter()
            .map(|miss| match miss.count {
                Some(count) if miss.feature == "year" => format!("of the year {count}"),
                Some(count) => format!("{} = {count}", miss.feature),
                None => "without a year".to_owned(),
            })
            .collect();
        let comma = if index > 0 { ", " } else { "" };
        let _ = write!(help, "{comma}{} ({})", model.id, counts.join(", "));
    }
    finding.help(help)
}

/// So many models, in words.
fn count(models: usize) -> String {
    if models == 1 { "1 model".to_owned() } else { format!("{models} models") }
}
