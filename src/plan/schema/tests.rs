//! The registry is consistent with itself.

use super::*;

fn accepts(kind: &Type, value: &Value) -> bool {
    match (kind, value) {
        (Type::Number { least, most }, Value::Number(number)) => (*least..=*most).contains(number),
        (Type::Integer { least, most }, Value::Integer(number)) => (*least..=*most).contains(number),
        (Type::Text | Type::Word | Type::Reference(_) | Type::ChoiceOrReference(..), Value::Text(_))
        | (Type::Interval, Value::Interval { .. }) => true,
        (Type::Choice(choices), Value::Choice(name, settings)) => choices.iter().any(|choice| {
            choice.name == name
                && !choice.not_yet
                && choice.fields.len() == settings.len()
                && choice.fields.iter().all(|field| settings.get(field.name).is_some_and(|value| fits(field, value)))
        }),
        (Type::ChoiceOrReference(choices, _), value) => accepts(&Type::Choice(choices.clone()), value),
        (Type::List(item), Value::List(items)) => items.iter().all(|value| accepts(item, value)),
        (Type::Sum(choices), Value::List(items)) => {
            items.iter().all(|value| accepts(&Type::Choice(choices.clone()), value))
        }
        (Type::Numbers, Value::List(items)) => items.iter().all(|value| matches!(value, Value::Number(_))),
        _ => false,
    }
}

fn fits(field: &Field, value: &Value) -> bool {
    (*value == Value::Absent && field.default == Some(Value::Absent)) || accepts(&field.kind, value)
}

fn walk(path: &str, fields: &[Field]) {
    let mut seen = std::collections::BTreeSet::new();
    for field in fields {
        assert!(seen.insert(field.name), "{path}.{} is registered twice", field.name);
        assert!(!field.doc.is_empty(), "{path}.{} has no doc", field.name);
        if let Some(default) = &field.default {
            assert!(fits(field, default), "{path}.{}: the default {default:?} does not fit", field.name);
        }
        let choices: &[Choice] = match &field.kind {
            Type::Choice(choices) | Type::Sum(choices) => choices,
            Type::List(item) => match item.as_ref() {
                Type::Choice(choices) | Type::ChoiceOrReference(choices, _) => choices,
                _ => &[],
            },
            _ => &[],
        };
        for choice in choices {
            assert!(!choice.doc.is_empty(), "{path}.{}: {} has no doc", field.name, choice.name);
            walk(&format!("{path}.{}.{}", field.name, choice.name), &choice.fields);
        }
    }
}

#[test]
fn defaults_pass_their_own_type() {
    for schema in schemas() {
        assert!(!schema.doc.is_empty());
        walk(schema.kind, &schema.fields);
    }
}

#[test]
fn the_reference_page_names_every_kind() {
    let page = reference();
    for schema in schemas() {
        assert!(page.contains(&format!("\n## {}\n", schema.kind)));
    }
    assert!(page.contains("| `train.lr` |"));
    assert!(page.contains("| `loss.kl.weight` |"));
}
