//! Settings of declarations, as stages need them.

use std::collections::BTreeMap;

use super::super::node::Starts;
use super::super::resolve::{Declaration, Origin as Source};
use super::HIT;
use crate::diagnostic::Diagnostic;
use crate::optimise::LocalSettings;
use crate::schema::Value;

/// How close to the best end the basin is that the blind test takes out; nothing where there is no such test.
pub(super) fn blind_within(declaration: &Declaration) -> Option<f64> {
    let is_blind = declaration.word("blind") == Some("best_basin");
    is_blind.then(|| number(declaration, "blind.within").unwrap_or(HIT))
}

pub(super) fn word<'a>(declaration: &'a Declaration, path: &str) -> &'a str {
    declaration.word(path).unwrap_or_default()
}

pub(super) fn number(declaration: &Declaration, path: &str) -> Option<f64> {
    match declaration.value(path)? {
        Value::Number(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        _ => None,
    }
}

pub(super) fn count(declaration: &Declaration, path: &str, otherwise: usize) -> usize {
    match declaration.value(path) {
        Some(Value::Integer(value)) => usize::try_from(*value).unwrap_or(otherwise),
        _ => otherwise,
    }
}

pub(super) fn numbers(declaration: &Declaration, path: &str) -> Vec<f64> {
    match declaration.value(path) {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Number(value) => Some(*value),
                Value::Integer(value) => Some(*value as f64),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

pub(super) fn baselines(declaration: &Declaration) -> Vec<Starts> {
    let Some(Value::List(items)) = declaration.value("baselines") else { return Vec::new() };
    items
        .iter()
        .filter_map(|item| match item {
            Value::Choice(name, fields) => Some(match (name.as_str(), fields.get("sd")) {
                ("best_jitter", Some(Value::Number(sd))) => Starts::BestJitter(*sd),
                ("best_jitter", Some(Value::Integer(sd))) => Starts::BestJitter(*sd as f64),
                ("random", _) => Starts::Random,
                _ => Starts::LatinHypercube,
            }),
            _ => None,
        })
        .collect()
}

/// The settings of a local descent such as `gradient(...)`, or nothing for `none`.
pub(super) fn descent(declaration: &Declaration, path: &str) -> Result<Option<LocalSettings>, Diagnostic> {
    match declaration.value(path) {
        Some(value @ Value::Choice(name, _)) if name != "none" => value.to().map(Some).map_err(defect(declaration)),
        _ => Ok(None),
    }
}

pub(super) fn sources(declaration: &Declaration, settings: &[(&str, &str)]) -> BTreeMap<String, Source> {
    settings.iter().map(|&(setting, path)| (setting.to_owned(), declaration.origin(path))).collect()
}

pub(super) fn defect<E: std::fmt::Display>(declaration: &Declaration) -> impl Fn(E) -> Diagnostic {
    let (span, name) = (declaration.span, declaration.name.clone());
    move |error| {
        Diagnostic::error("internal", format!("the settings of `{name}` do not fit their stage: {error}"))
            .at(span, "")
            .help("this is a defect of kexp: please report it with this file")
    }
}
