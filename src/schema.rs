//! Schemas of settings: each kind of declaration registers its settings once, and checks, `--set`, `vary`, keys,
//! completion and the reference page are derived from that one description.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A resolved value of a setting. What a schema has accepted becomes one of these, and [`Value::to`] turns it into the
/// typed settings of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A real number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// Words: a string or the name of a declaration.
    Text(String),
    /// Several values.
    List(Vec<Value>),
    /// A named choice with its settings: `adam(lr = 1e-3)`, or a plain word such as `soft`.
    Choice(String, BTreeMap<String, Value>),
    /// `1e-5 .. 1e5 log10`
    Interval {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
        /// `linear`, `log` or `log10`.
        scale: String,
    },
    /// Nothing was said and there is no default.
    Absent,
}

/// What a setting may hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// A real number between two bounds, inclusive.
    Number {
        /// Lowest accepted value.
        least: f64,
        /// Highest accepted value.
        most: f64,
    },
    /// A whole number between two bounds, inclusive.
    Integer {
        /// Lowest accepted value.
        least: i64,
        /// Highest accepted value.
        most: i64,
    },
    /// A string in quotes.
    Text,
    /// The name of a declaration of one of these kinds.
    Reference(&'static [&'static str]),
    /// A name that another stage gives meaning, such as a column or `validation.loss`.
    Word,
    /// One of these choices.
    Choice(Vec<Choice>),
    /// One of these choices, or the name of a declaration of one of these kinds; names come first.
    ChoiceOrReference(Vec<Choice>, &'static [&'static str]),
    /// A list of values of one type.
    List(Box<Type>),
    /// A sum of choices, `gaussian + kl(weight = 1)`, held as a list.
    Sum(Vec<Choice>),
    /// An interval.
    Interval,
    /// Numbers: a list `[a, b]` or a range `0 .. 1 by 0.25`, held as a list.
    Numbers,
    /// Bounds of a whole number from 0 on: `species = 1 .. 60`, `species = 3`, or by itself `species <= 60`. Held as an
    /// interval, whose upper end is infinite where nothing bounds it.
    Counts,
    /// A word that is said alone or not at all; held as that word.
    Flag,
}

/// A named alternative with settings of its own. Positional arguments fill `fields` in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The word.
    pub name: &'static str,
    /// What it means, with its source where it is a method.
    pub doc: &'static str,
    /// Its settings.
    pub fields: Vec<Field>,
    /// A later stage brings it: the language knows it, and refuses it with "not yet".
    pub not_yet: bool,
}

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Type,
    /// Its unit, where it has one.
    pub unit: Option<&'static str>,
    /// Its value where nothing is said; `None` makes it required, `Some(Value::Absent)` optional.
    pub default: Option<Value>,
    /// What it means.
    pub doc: &'static str,
    /// Did it come after others of its schema? At its default, which means what was done before it came, it is left out
    /// of keys; see [`keyed`].
    pub added: bool,
}

/// The settings of one kind of declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The kind, such as `dataset`, or a kind and a choice, such as `generator cvae`.
    pub kind: &'static str,
    /// What such a declaration means.
    pub doc: &'static str,
    /// Its settings.
    pub fields: Vec<Field>,
}

impl Field {
    /// A required setting.
    #[must_use]
    pub fn required(name: &'static str, kind: Type, doc: &'static str) -> Self {
        Self { name, kind, unit: None, default: None, doc, added: false }
    }

    /// An optional setting without a default.
    #[must_use]
    pub fn optional(name: &'static str, kind: Type, doc: &'static str) -> Self {
        Self { name, kind, unit: None, default: Some(Value::Absent), doc, added: false }
    }

    /// A setting with a default.
    #[must_use]
    pub fn new(name: &'static str, kind: Type, default: Value, doc: &'static str) -> Self {
        Self { name, kind, unit: None, default: Some(default), doc, added: false }
    }

    /// Gives the setting a unit.
    #[must_use]
    pub fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Marks the setting as one that came after others of its schema.
    #[must_use]
    pub fn added(mut self) -> Self {
        self.added = true;
        self
    }
}

impl Choice {
    /// An alternative with settings.
    #[must_use]
    pub fn new(name: &'static str, doc: &'static str, fields: Vec<Field>) -> Self {
        Self { name, doc, fields, not_yet: false }
    }

    /// An alternative that a later stage brings.
    #[must_use]
    pub fn not_yet(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, fields: Vec::new(), not_yet: true }
    }
}

impl Value {
    /// A choice with the defaults of its settings filled in by name.
    #[must_use]
    pub fn choice<const N: usize>(name: &str, settings: [(&str, Value); N]) -> Value {
        Value::Choice(name.to_owned(), settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The value as JSON in serde's conventions: a choice is an externally tagged enum in snake case, a choice without
    /// settings a unit variant, an absent value null.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        use serde_json::{Value as Json, json};
        match self {
            Value::Number(value) => json!(value),
            Value::Integer(value) => json!(value),
            Value::Text(text) => json!(text),
            Value::List(items) => Json::Array(items.iter().map(Value::json).collect()),
            Value::Choice(name, fields) if fields.is_empty() => json!(name),
            Value::Choice(name, fields) => {
                let fields = fields.iter().map(|(key, value)| (key.clone(), value.json())).collect();
                json!({ name: Json::Object(fields) })
            }
            Value::Interval { lower, upper, scale } => json!({ "lower": lower, "upper": upper, "scale": scale }),
            Value::Absent => Json::Null,
        }
    }

    /// The typed settings that a stage works with.
    ///
    /// # Errors
    /// When the type does not fit the schema that accepted the value, which a test of each schema excludes.
    pub fn to<T: for<'a> Deserialize<'a>>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.json())
    }
}

/// The typed form of the settings of one declaration; see [`Value::to`].
///
/// # Errors
/// When the type does not fit the schema that accepted the values.
pub fn typed<T: for<'a> Deserialize<'a>>(settings: &BTreeMap<String, Value>) -> Result<T, serde_json::Error> {
    let object = settings.iter().map(|(key, value)| (key.clone(), value.json())).collect();
    serde_json::from_value(serde_json::Value::Object(object))
}

/// The settings of a declaration as keys know them: without those that were [`Field::added`] and hold their default, so
/// that a new setting leaves the keys of all that came before it.
#[must_use]
pub fn keyed(schema: &Schema, settings: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    keyed_fields(&schema.fields, settings)
}

fn keyed_fields(fields: &[Field], settings: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let field = |key: &str| fields.iter().find(|field| field.name == key);
    let kept = settings
        .iter()
        .filter(|(key, value)| !field(key).is_some_and(|field| field.added && field.default.as_ref() == Some(*value)));
    kept.map(|(key, value)| {
        let value = field(key).map_or_else(|| value.clone(), |field| keyed_value(&field.kind, value));
        (key.clone(), value)
    })
    .collect()
}

fn keyed_value(kind: &Type, value: &Value) -> Value {
    match (kind, value) {
        (
            Type::Choice(choices) | Type::Sum(choices) | Type::ChoiceOrReference(choices, _),
            Value::Choice(name, settings),
        ) => {
            let choice = choices.iter().find(|choice| choice.name == name);
            let settings = choice.map_or_else(|| settings.clone(), |choice| keyed_fields(&choice.fields, settings));
            Value::Choice(name.clone(), settings)
        }
        (Type::List(item), Value::List(items)) => {
            Value::List(items.iter().map(|value| keyed_value(item, value)).collect())
        }
        (Type::Sum(_), Value::List(items)) => Value::List(items.iter().map(|value| keyed_value(kind, value)).collect()),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_know_added_settings_at_their_default() {
        let whole =
            |name, default| Field::new(name, Type::Integer { least: 0, most: 9 }, Value::Integer(default), "A number.");
        let inner = vec![whole("old", 1), whole("new", 2).added()];
        let term = Choice::new("term", "A term.", inner);
        let schema = Schema {
            kind: "test",
            doc: "A test.",
            fields: vec![
                whole("first", 3),
                whole("later", 4).added(),
                Field::new("sum", Type::Sum(vec![term]), Value::List(vec![]), "A sum."),
            ],
        };
        let settings = |later, new| {
            let term = Value::choice("term", [("old", Value::Integer(1)), ("new", Value::Integer(new))]);
            let all =
                [("first", Value::Integer(3)), ("later", Value::Integer(later)), ("sum", Value::List(vec![term]))];
            all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>()
        };
        let bare = keyed(&schema, &settings(4, 2));
        let term = Value::choice("term", [("old", Value::Integer(1))]);
        assert_eq!(bare.keys().collect::<Vec<_>>(), ["first", "sum"]);
        assert_eq!(bare["sum"], Value::List(vec![term]));
        assert_eq!(keyed(&schema, &settings(5, 6)), settings(5, 6));
    }
}
