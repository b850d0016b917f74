//! Why a node must be computed: which field changed, from what to what, and where it is written.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::expand::Expanded;
use super::node::{Node, Plan, Stage};
use super::resolve::Origin;
use crate::diagnostic::Sources;
use crate::table::rounded;

/// One reason for a miss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The last plan of this file and profile had no such node, or there was no last plan.
    New,
    /// A field has another value.
    Field {
        /// Its dotted path in the settings.
        path: String,
        /// Its value in the last plan.
        old: String,
        /// Its value now.
        new: String,
        /// `file:line` where it is written now, unless it is a default.
        place: Option<String>,
    },
    /// An input has another key.
    Input(String),
    /// The stage's code has another version, or the seed changed.
    Code,
    /// Nothing changed, but the store has no such artifact.
    Gone,
}

/// The reasons why `at` is not in the store, against the last plan.
#[must_use]
pub fn reasons(expanded: &Expanded, at: usize, last: Option<&Plan>, sources: &Sources) -> Vec<Reason> {
    let plan = &expanded.plan;
    let node = &plan.nodes[at];
    let Some((last, old)) =
        last.and_then(|last| Some((last, last.nodes.iter().find(|known| known.name == node.name)?)))
    else {
        return vec![Reason::New];
    };
    if old.key == node.key {
        return vec![Reason::Gone];
    }
    let mut reasons = changed_fields(old, node, &expanded.sources[at], sources);
    for (index, &input) in node.inputs.iter().enumerate() {
        let before = old.inputs.get(index).map(|&input| &last.nodes[input].key);
        if before != Some(&plan.nodes[input].key) {
            reasons.push(Reason::Input(plan.nodes[input].name.clone()));
        }
    }
    if let (Stage::Compare(before), Stage::Compare(now)) = (&old.stage, &node.stage) {
        let known: Vec<_> = before.origins.iter().flat_map(|origin| &origin.charged).collect();
        let charged: Vec<_> = now.origins.iter().flat_map(|origin| &origin.charged).collect();
        let new = |one: &&Node| charged.contains(&&one.key) && !known.contains(&&one.key);
        reasons.extend(plan.nodes.iter().filter(new).map(|one| Reason::Input(one.name.clone())));
    }
    if last.seed != plan.seed && node.stage.is_random() {
        reasons.push(Reason::Field {
            path: "seed".to_owned(),
            old: last.seed.to_string(),
            new: plan.seed.to_string(),
            place: None,
        });
    }
    if reasons.is_empty() {
        reasons.push(Reason::Code);
    }
    reasons
}

fn changed_fields(old: &Node, new: &Node, origins: &BTreeMap<String, Origin>, sources: &Sources) -> Vec<Reason> {
    let (before, after) = (fields(&old.stage.meaning()), fields(&new.stage.meaning()));
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    let none = || "none".to_owned();
    paths
        .into_iter()
        // Charged work is told by the names of its nodes.
        .filter(|path| before.get(*path) != after.get(*path) && !path.ends_with(".charged"))
        .map(|path| Reason::Field {
            path: path.clone(),
            old: before.get(path).cloned().unwrap_or_else(none),
            new: after.get(path).cloned().unwrap_or_else(none),
            place: place(path, origins, sources),
        })
        .collect()
}

/// `file:line` of a field that was written.
fn place(path: &str, origins: &BTreeMap<String, Origin>, sources: &Sources) -> Option<String> {
    let span = origin(path, origins)?.span()?;
    let (line, _) = sources.position(span.file, span.start);
    Some(format!("{}:{line}", sources.name(span.file)))
}

/// Where a field of a stage was written: the origin of the longest path that it starts with; in models and problems
/// that of the named part that it belongs to.
#[must_use]
pub fn origin(path: &str, origins: &BTreeMap<String, Origin>) -> Option<Origin> {
    let path = path.strip_prefix("settings.").unwrap_or(path);
    // Of a model, what has an id was written where that is declared, the rest somewhere in its file.
    let named = |path: &str| path.split('.').find_map(|part| origins.get(part)).copied();
    if let Some(part) = path.strip_prefix("network.")
        && let Some(found) = named(part)
    {
        return Some(found);
    }
    let mut prefix = path;
    loop {
        if let Some(origin) = origins.get(prefix) {
            return Some(*origin);
        }
        match prefix.rfind('.') {
            Some(dot) => prefix = &prefix[..dot],
            None => break,
        }
    }
    named(path)
}

/// The settings of a stage as dotted paths and short texts, in the words of the language.
#[must_use]
pub fn fields(stage: &Stage) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    if let Ok(Json::Object(tagged)) = serde_json::to_value(stage) {
        for settings in tagged.values() {
            flatten("", settings, &mut fields);
        }
    }
    fields
}

fn flatten(path: &str, value: &Json, fields: &mut BTreeMap<String, String>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Json::Object(map) => {
            if let Some((tag, inner)) = map.iter().next().filter(|_| map.len() == 1) {
                match (tag.as_str(), inner) {
                    // The resolved values of settings are shown as the language writes them.
                    ("Number" | "Integer" | "Text" | "List" | "Interval", inner) => {
                        return flatten(path, inner, fields);
                    }
                    ("Choice", Json::Array(choice)) if choice.len() == 2 => {
                        flatten(path, &choice[0], fields);
                        return flatten(path, &choice[1], fields);
                    }
                    _ => {}
                }
            }
            for (key, value) in map {
                flatten(&join(key), value, fields);
            }
        }
        Json::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                // Named items, such as parameters and observables, are known by their name.
                let name = item.get("id").and_then(Json::as_str).map_or_else(|| index.to_string(), str::to_owned);
                flatten(&join(&name), item, fields);
            }
        }
        other => {
            fields.insert(path.to_owned(), short(other));
        }
    }
}

fn short(value: &Json) -> String {
    match value {
        Json::Null => "none".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| rounded(number, 12)),
        Json::String(text) if text == "Absent" => "none".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let shown: Vec<String> = items.iter().take(8).map(short).collect();
            let more = if items.len() > 8 { ", …" } else { "" };
            format!("[{}{more}]", shown.join(", "))
        }
        Json::Object(_) => String::new(),
    }
}
