//! Profiles and `--set`: paths that lead to settings, and what is put there.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::plan::schema;
use crate::schema::{Choice, Field, Schema, Type, Value};
use crate::syntax::ast::{Expr, Name};

use super::experiment::{Declaration, Origin};
use super::scope::Scope;
use super::typing::Typing;
use super::words;

/// A declaration with its schema: what an override may change.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub declaration: Declaration,
    pub schema: Schema,
    /// It already has findings: what is missing in it is no news.
    pub broken: bool,
}

/// Why a path leads nowhere: the index of the segment, and the names that it could be.
struct Lost {
    segment: usize,
    candidates: Vec<String>,
}

/// Puts `value` at `path` in every declaration that the path names.
pub(super) fn apply(
    path: &Name,
    value: &Expr,
    origin: fn(crate::diagnostic::Span) -> Origin,
    all: &mut [Settled],
    scope: &Scope,
    findings: &mut Vec<Diagnostic>,
) {
    let segments: Vec<&str> = path.text.split('.').collect();
    let (targets, rest) = match targets(&segments, all) {
        Ok(found) => found,
        Err(_) if scope.may_be_member(path.text.strip_prefix("problem.").unwrap_or(&path.text)) => return,
        Err(lost) => return findings.push(unknown(path, &segments, &lost)),
    };
    let wild = segments[..segments.len() - rest.len()].iter().any(|segment| segment.contains('*'));
    let mut lost: Option<Lost> = None;
    let mut reached = false;
    let mut seen: Vec<Diagnostic> = Vec::new();
    for index in targets {
        let Settled { declaration, schema, broken } = &mut all[index];
        let Declaration { settings, origins, .. } = declaration;
        match locate(&schema.fields, settings, &rest) {
            Ok((kind, slot)) => {
                reached = true;
                let place = rest.join(".");
                let mut new_origins = BTreeMap::new();
                let mut found = Vec::new();
                let mut typing = Typing { scope, findings: &mut found, origins: &mut new_origins, origin };
                let kind = kind.clone();
                if let Some(value) = typing.value(value, &kind, &place) {
                    *slot = value;
                    let below = format!("{place}.");
                    origins.retain(|key, _| *key != place && !key.starts_with(&below));
                    origins.extend(new_origins);
                }
                // The same value is wrong in the same way for every declaration that a wildcard names.
                found.retain(|finding| !seen.contains(finding));
                seen.extend(found.iter().cloned());
                findings.extend(found);
            }
            Err(_) if *broken => reached = true,
            Err(at) => {
                let at = Lost { segment: at.segment + segments.len() - rest.len(), ..at };
                if lost.as_ref().is_none_or(|earlier| at.segment > earlier.segment) {
                    lost = Some(at);
                }
            }
        }
    }
    if let Some(lost) = lost
        && !(wild && reached)
    {
        findings.push(unknown(path, &segments, &lost));
    }
}

/// The declarations that a path names, and the segments that are left for their settings.
fn targets<'a>(segments: &[&'a str], all: &[Settled]) -> Result<(Vec<usize>, Vec<&'a str>), Lost> {
    let first = segments.first().copied().unwrap_or_default();
    let is = |index: &usize, kind: &str| all[*index].declaration.kind == kind;
    if first == "experiment" {
        return Ok(((0..all.len()).filter(|index| is(index, first)).collect(), segments[1..].to_vec()));
    }
    if words::KINDS.contains(&first) && segments.len() > 1 {
        let known: Vec<usize> = (0..all.len()).filter(|index| is(index, first)).collect();
        return named(&segments[1..], &known, all).map_or_else(
            || {
                let names = known.iter().map(|index| all[*index].declaration.name.clone());
                Err(Lost { segment: 1, candidates: names.collect() })
            },
            |(found, taken)| Ok((found, segments[1 + taken..].to_vec())),
        );
    }
    // Without a kind in front, figures and tables answer only to names that nothing else has.
    let drawn = |one: &Settled| matches!(one.declaration.kind.as_str(), "figure" | "table");
    for output in [false, true] {
        let known: Vec<usize> =
            (0..all.len()).filter(|index| !is(index, "experiment") && drawn(&all[*index]) == output).collect();
        if let Some((found, taken)) = named(segments, &known, all) {
            return Ok((found, segments[taken..].to_vec()));
        }
    }
    if segments.len() == 1
        && let Some(index) = (0..all.len()).find(|index| is(index, "experiment"))
        && all[index].schema.fields.iter().any(|field| field.name == first)
    {
        return Ok((vec![index], segments.to_vec()));
    }
    let candidates = all.iter().map(|one| one.declaration.name.clone()).filter(|name| !name.is_empty()).collect();
    Err(Lost { segment: 0, candidates })
}

/// Of the known declarations, those that the first segments name, and how many segments that takes: a name, the name of
/// a member of a family, `many.BIOMD0000000010`, or that of the family, which means all of its members.
fn named(segments: &[&str], known: &[usize], all: &[Settled]) -> Option<(Vec<usize>, usize)> {
    let first = segments.first()?;
    let matching = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        known.iter().copied().filter(|index| fits(&all[*index].declaration.name)).collect()
    };
    let found = matching(&|name| glob(first, name));
    if !found.is_empty() {
        return Some((found, 1));
    }
    if let Some(second) = segments.get(1) {
        let both = format!("{first}.{second}");
        let found = matching(&|name| glob(&both, name));
        if !found.is_empty() {
            return Some((found, 2));
        }
    }
    let found = matching(&|name| name.split_once('.').is_some_and(|(family, _)| glob(first, family)));
    (!found.is_empty()).then_some((found, 1))
}

/// Follows the segments of a path into the settings.
fn locate<'a>(
    fields: &'a [Field],
    settings: &'a mut BTreeMap<String, Value>,
    path: &[&str],
) -> Result<(&'a Type, &'a mut Value), Lost> {
    let Some((first, rest)) = path.split_first() else {
        return Err(Lost { segment: 0, candidates: fields.iter().map(|field| field.name.to_owned()).collect() });
    };
    let found = fields.iter().find(|field| field.name == *first);
    let Some((field, value)) = found.and_then(|field| Some((field, settings.get_mut(field.name)?))) else {
        return Err(Lost { segment: 0, candidates: fields.iter().map(|field| field.name.to_owned()).collect() });
    };
    let deeper = |lost: Lost, by: usize| Lost { segment: lost.segment + by, ..lost };
    if rest.is_empty() {
        return Ok((&field.kind, value));
    }
    match (&field.kind, value) {
        (Type::Choice(choices), Value::Choice(name, inner)) => {
            locate(chosen(choices, name), inner, rest).map_err(|lost| deeper(lost, 1))
        }
        (Type::Sum(choices), Value::List(items)) => item(choices, items, rest),
        (Type::List(kind), Value::List(items)) => match kind.as_ref() {
            Type::Choice(choices) | Type::ChoiceOrReference(choices, _) => item(choices, items, rest),
            _ => Err(Lost { segment: 1, candidates: Vec::new() }),
        },
        _ => Err(Lost { segment: 1, candidates: Vec::new() }),
    }
}

/// Follows a path into an item of a sum or list, which is named by its word.
fn item<'a>(choices: &'a [Choice], items: &'a mut [Value], rest: &[&str]) -> Result<(&'a Type, &'a mut Value), Lost> {
    let candidates = items
        .iter()
        .filter_map(|item| match item {
            Value::Choice(name, _) => Some(name.clone()),
            _ => None,
        })
        .collect();
    for item in items {
        if let Value::Choice(name, inner) = item
            && rest.first() == Some(&name.as_str())
        {
            return locate(chosen(choices, name), inner, &rest[1..])
                .map_err(|lost| Lost { segment: lost.segment + 2, ..lost });
        }
    }
    Err(Lost { segment: 1, candidates })
}

fn chosen<'a>(choices: &'a [Choice], name: &str) -> &'a [Field] {
    choices.iter().find(|choice| choice.name == name).map_or(&[], |choice| &choice.fields)
}

/// The type of the setting at a path of a resolved declaration; the error holds the part of the path that leads
/// somewhere, and what could follow it.
pub(in crate::plan) fn located(
    schema: &Schema,
    settings: &mut BTreeMap<String, Value>,
    path: &str,
) -> Result<Type, (String, Vec<String>)> {
    let segments: Vec<_> = path.split('.').collect();
    match locate(&schema.fields, settings, &segments) {
        Ok((kind, _)) => Ok(kind.clone()),
        Err(lost) => Err((segments[..lost.segment.min(segments.len())].join("."), lost.candidates)),
    }
}

fn unknown(path: &Name, segments: &[&str], lost: &Lost) -> Diagnostic {
    let segment = segments.get(lost.segment).copied().unwrap_or_default();
    let before = segments[..lost.segment.min(segments.len())].join(".");
    let kind = lost.segment == 1 && segments.first().is_some_and(|first| words::KINDS.contains(first));
    let message = match (before.is_empty(), segment.is_empty()) {
        _ if kind && segment == "*" => format!("there is no {before} at all"),
        _ if kind => format!("there is no {before} `{segment}`"),
        (true, _) => format!("nothing here is called `{segment}`"),
        (false, true) => format!("`{before}` is not a setting: the path goes on"),
        (false, false) if lost.candidates.is_empty() => {
            format!("`{before}` has no settings of its own, and so no `{segment}`")
        }
        (false, false) => format!("`{before}` has no `{segment}`"),
    };
    let candidates: Vec<_> = lost.candidates.iter().map(String::as_str).collect();
    let whole = |name: &str| {
        let mut all: Vec<_> = segments.to_vec();
        match all.get_mut(lost.segment) {
            Some(slot) => *slot = name,
            None => all.push(name),
        }
        all.join(".")
    };
    let kinds = if lost.segment == 0 { words::KINDS } else { &[] };
    let near = crate::diagnostic::suggest(segment, candidates.iter().chain(kinds).copied())
        .map(|found| format!("did you mean `{}`?", whole(&found)));
    Diagnostic::error("unknown-path", message)
        .at(path.span, "leads to no setting")
        .maybe_help(near)
        .maybe_help(words::listed("known there", candidates))
}

/// Does a name fit a pattern in which `*` stands for any characters?
pub(super) fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// The schema of a resolved declaration.
pub(in crate::plan) fn schema_of(declaration: &Declaration) -> Option<Schema> {
    match schema::variants(&declaration.kind) {
        Some(variants) => {
            let word = declaration.word(variants.key)?;
            variants.known.into_iter().find(|(name, _)| *name == word).map(|(_, schema)| schema)
        }
        None => schema::schema(&declaration.kind),
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn asterisks_stand_for_any_characters() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*", "abc", true),
            ("a*c", "abbc", true),
            ("a*c", "ab", false),
            ("sd_*", "sd_y", true),
            ("*_rel", "sd_rel", true),
            ("a*b*c", "a1b2b3c", true),
            ("ab*ba", "aba", false),
            ("ab", "ab", true),
            ("ab", "abc", false),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
    }
}
