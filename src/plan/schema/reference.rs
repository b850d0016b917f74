//! The reference page of the language's settings, made from the registry.

use std::fmt::Write;

use crate::schema::{Choice, Field, Type, Value};

/// All kinds and their settings as one Markdown page.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Settings\n\nMade from the registered schemas: type, unit, default and bounds of every setting.\n",
    );
    for schema in super::schemas() {
        let _ = write!(page, "\n## {}\n\n{}\n\n", schema.kind, schema.doc);
        page.push_str("| setting | type | unit | default | meaning |\n|---|---|---|---|---|\n");
        rows(&mut page, "", &schema.fields);
        if let Some(variants) = not_yet_of(schema.kind) {
            let _ = writeln!(page, "\nNot yet: {variants}.");
        }
    }
    page
}

/// Variants that later stages bring, after the last known variant of their kind.
fn not_yet_of(kind: &str) -> Option<String> {
    let (kind, variant) = kind.split_once(' ')?;
    let variants = super::variants(kind)?;
    (variants.known.last()?.0 == variant)
        .then(|| variants.not_yet.iter().map(|(name, doc)| format!("`{name}` ({doc})")).collect::<Vec<_>>().join(", "))
}

fn rows(page: &mut String, prefix: &str, fields: &[Field]) {
    for field in fields {
        let path = format!("{prefix}{}", field.name);
        let default = match &field.default {
            None => "required".to_owned(),
            Some(Value::Absent) => "none".to_owned(),
            Some(value) => format!("`{}`", show(value)),
        };
        let _ = writeln!(
            page,
            "| `{path}` | {} | {} | {} | {} |",
            describe(&field.kind).replace('|', "\\|"),
            field.unit.unwrap_or(""),
            default.replace('|', "\\|"),
            field.doc.replace('|', "\\|"),
        );
        for choice in choices(&field.kind) {
            let yet = if choice.not_yet { " (not yet)" } else { "" };
            if !(choice.fields.is_empty() && choice.name == field.name) {
                let _ = writeln!(page, "| | `{}`{yet} | | | {} |", choice.name, choice.doc.replace('|', "\\|"));
            }
            rows(page, &format!("{path}.{}", inner(&field.kind, choice)), &choice.fields);
        }
    }
}

/// Settings of an item of a list are addressed through the item's word.
fn inner(kind: &Type, choice: &Choice) -> String {
    match kind {
        Type::Choice(_) => String::new(),
        _ => format!("{}.", choice.name),
    }
}

fn choices(kind: &Type) -> &[Choice] {
    match kind {
        Type::Choice(choices) | Type::Sum(choices) | Type::ChoiceOrReference(choices, _) => choices,
        Type::List(item) => choices(item),
        _ => &[],
    }
}

/// What a type accepts, in words.
#[must_use]
pub fn describe(kind: &Type) -> String {
    match kind {
        Type::Number { least, most } if least.is_infinite() && most.is_infinite() => "a number".to_owned(),
        Type::Number { least, most } => format!("a number from {} to {}", plain(*least), plain(*most)),
        Type::Integer { least, most: i64::MAX } => format!("a whole number from {least}"),
        Type::Integer { least, most } => format!("a whole number from {least} to {most}"),
        Type::Text => "a text in quotes".to_owned(),
        Type::Reference(kinds) => format!("the name of {}", with_article(&kinds.join(" or "))),
        Type::Word => "a word".to_owned(),
        Type::Choice(choices) => match names(choices).as_slice() {
            [only] => only.clone(),
            many => format!("one of {}", many.join(", ")),
        },
        Type::ChoiceOrReference(choices, kinds) => {
            format!("one of {}, or the name of {}", names(choices).join(", "), with_article(&kinds.join(" or ")))
        }
        Type::List(item) if matches!(**item, Type::Reference(_)) => format!("a list [...], each {}", describe(item)),
        Type::List(item) => format!("a list [...] of {}", describe(item)),
        Type::Sum(choices) => format!("a sum of {}", names(choices).join(", ")),
        Type::Interval => "an interval such as 1e-5 .. 1e5 log10".to_owned(),
        Type::Numbers => "numbers: a list [0, 1] or a range 0 .. 1 by 0.25".to_owned(),
        Type::Counts => "a whole number, a range such as 1 .. 60, or instead of `=` one of <=, <, >=, >, ==".to_owned(),
        Type::Flag => "this word alone".to_owned(),
    }
}

fn names(choices: &[Choice]) -> Vec<String> {
    let shown = |choice: &Choice| match choice.fields.iter().any(|field| field.default.is_none()) {
        true => format!("`{}(...)`", choice.name),
        false => format!("`{}`", choice.name),
    };
    choices.iter().filter(|choice| !choice.not_yet).map(shown).collect()
}

/// A kind with its article.
#[must_use]
pub fn with_article(kind: &str) -> String {
    format!("{} {kind}", if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })
}

/// A number as the language writes it.
#[must_use]
pub fn plain(value: f64) -> String {
    let size = value.abs();
    if value != 0.0 && !(1e-3..1e7).contains(&size) { format!("{value:e}") } else { format!("{value}") }
}

/// A value as the language writes it.
#[must_use]
pub fn show(value: &Value) -> String {
    match value {
        Value::Number(value) => plain(*value),
        Value::Integer(value) => value.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Choice(name, fields) if fields.is_empty() => name.clone(),
        Value::Choice(name, fields) => {
            let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key} = {}", show(value))).collect();
            format!("{name}({})", fields.join(", "))
        }
        Value::Interval { lower, upper, scale } if scale == "linear" => {
            format!("{} .. {}", plain(*lower), plain(*upper))
        }
        Value::Interval { lower, upper, scale } => format!("{} .. {} {scale}", plain(*lower), plain(*upper)),
        Value::Absent => "none".to_owned(),
    }
}
