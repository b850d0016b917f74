//! Random search over settings (Bergstra and Bengio 2012): which values a trial takes, and how they enter the settings.

use std::collections::BTreeMap;

use rand::RngExt;

use super::error::LearnError;
use super::kinds::Settings;
use crate::random::Streams;
use crate::schema::{Choice, Field, Schema, Type, Value};

/// The field of a schema that a dotted path leads to: `latent`; `train.lr`, through the choice `adam`;
/// `loss.kl.weight`, through the term `kl` of a sum.
///
/// # Errors
/// When there is none.
pub fn field<'a>(schema: &'a Schema, path: &str) -> Result<&'a Field, LearnError> {
    let unknown = |segment: &str| LearnError::UnknownSetting { path: path.to_owned(), segment: segment.to_owned() };
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let found = schema.fields.iter().find(|field| field.name == first).ok_or_else(|| unknown(first))?;
    rest.map_or(Ok(found), |rest| descend(&found.kind, rest).map_err(unknown))
}

/// The field below a type, or the segment of the path that is not there.
fn descend<'a, 'p>(kind: &'a Type, path: &'p str) -> Result<&'a Field, &'p str> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (choices, direct): (&[Choice], bool) = match kind {
        Type::Choice(choices) => (choices, true),
        Type::Sum(choices) => (choices, false),
        _ => return Err(first),
    };
    if direct {
        let mut fields = choices.iter().flat_map(|choice| &choice.fields);
        if let Some(found) = fields.find(|field| field.name == first) {
            return rest.map_or(Ok(found), |rest| descend(&found.kind, rest));
        }
    }
    let choice = choices.iter().find(|choice| choice.name == first).ok_or(first)?;
    let rest = rest.ok_or(first)?;
    let (next, deeper) = rest.split_once('.').map_or((rest, None), |(next, deeper)| (next, Some(deeper)));
    let found = choice.fields.iter().find(|field| field.name == next).ok_or(next)?;
    deeper.map_or(Ok(found), |deeper| descend(&found.kind, deeper))
}

/// The values that trial `trial` takes: one of a list; uniform in an interval, on its scale, over whole numbers where
/// the field holds such. Each path and trial has a stream of its own: more trials, or more varied fields, leave the
/// draws of the others as they are.
///
/// # Errors
/// When a path leads to no setting, a list is empty, or an interval is upside down or not positive on a log scale.
pub fn sample_trial(
    schema: &Schema,
    vary: &[(String, Value)],
    streams: &Streams,
    trial: u64,
) -> Result<Vec<(String, Value)>, LearnError> {
    let draw = |(path, among): &(String, Value)| {
        let whole = matches!(field(schema, path)?.kind, Type::Integer { .. });
        let mut stream = streams.part(path).stream(trial);
        let value = match among {
            Value::List(items) if items.is_empty() => {
                return Err(LearnError::Settings(format!("`vary {path}` lists no value")));
            }
            Value::List(items) => items[stream.random_range(0..items.len())].clone(),
            Value::Interval { lower, upper, scale } => within(*lower, *upper, scale, whole, stream.random())
                .ok_or_else(|| {
                    LearnError::Settings(format!("`vary {path}` has no interval {lower} .. {upper} {scale}"))
                })?,
            single => single.clone(),
        };
        Ok((path.clone(), value))
    };
    vary.iter().map(draw).collect()
}

/// The value at share `u` (0..1) of an interval.
fn within(lower: f64, upper: f64, scale: &str, whole: bool, u: f64) -> Option<Value> {
    let logarithmic = scale != "linear";
    if !(lower.is_finite() && upper.is_finite() && lower <= upper) || (logarithmic && lower <= 0.0) {
        return None;
    }
    // Whole numbers get a unit of the interval each, the ends too.
    let (low, high) = if whole { (lower.ceil() - 0.5, upper.floor() + 0.5) } else { (lower, upper) };
    let value = if logarithmic { low * (high / low).powf(u) } else { low + u * (high - low) };
    if !whole {
        return Some(Value::Number(value.clamp(lower, upper)));
    }
    let (first, last) = (lower.ceil() as i64, upper.floor() as i64);
    (first <= last).then(|| Value::Integer((value.round() as i64).clamp(first, last)))
}

/// Puts a value at a dotted path of resolved settings; paths as for [`field`], through the choices that the settings
/// hold. Whole and real numbers keep the type that stands there.
///
/// # Errors
/// When the path leads to nothing.
pub fn apply(settings: &mut Settings, path: &str, value: Value) -> Result<(), LearnError> {
    let unknown = |segment: &str| LearnError::UnknownSetting { path: path.to_owned(), segment: segment.to_owned() };
    let target = find(settings, path).map_err(unknown)?;
    *target = match (&*target, value) {
        (Value::Integer(_), Value::Number(number)) if number.fract() == 0.0 => Value::Integer(number as i64),
        (Value::Number(_), Value::Integer(number)) => Value::Number(number as f64),
        (_, value) => value,
    };
    Ok(())
}

fn find<'a, 'p>(fields: &'a mut BTreeMap<String, Value>, path: &'p str) -> Result<&'a mut Value, &'p str> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let value = fields.get_mut(first).ok_or(first)?;
    let Some(rest) = rest else { return Ok(value) };
    let (next, deeper) = rest.split_once('.').map_or((rest, None), |(next, deeper)| (next, Some(deeper)));
    match value {
        Value::Choice(name, fields) => match deeper {
            Some(deeper) if name == next && !fields.contains_key(next) => find(fields, deeper),
            _ => find(fields, rest),
        },
        Value::List(items) => {
            let term = items.iter_mut().find_map(|item| match item {
                Value::Choice(name, fields) if name == next => Some(fields),
                _ => None,
            });
            find(term.ok_or(next)?, deeper.ok_or(next)?)
        }
        _ => Err(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::cvae::schema;

    fn interval(lower: f64, upper: f64, scale: &str) -> Value {
        Value::Interval { lower, upper, scale: scale.into() }
    }

    fn defaults() -> Settings {
        let mut settings: Settings = schema()
            .fields
            .into_iter()
            .filter_map(|field| field.default.map(|default| (field.name.to_owned(), default)))
            .collect();
        settings.insert("kind".into(), Value::choice("cvae", []));
        settings
    }

    #[test]
    fn paths_lead_through_choices_and_sums() {
        let schema = schema();
        let mut settings = defaults();
        for (path, value) in [
            ("latent", Value::Integer(4)),
            ("encoder.depth", Value::Integer(3)),
            ("decoder.mlp.width", Value::Integer(64)),
            ("train.lr", Value::Number(0.01)),
            ("loss.kl.weight", Value::Number(0.5)),
            ("loss.kl.anneal", Value::choice("cyclical", [("cycles", Value::Integer(4))])),
            ("loss.kl.anneal.cycles", Value::Integer(2)),
        ] {
            field(&schema, path).expect("a field");
            apply(&mut settings, path, value.clone()).expect("a setting");
            assert_eq!(find(&mut settings, path), Ok(&mut value.clone()));
        }
        apply(&mut settings, "train.epochs", Value::Number(7.0)).expect("a setting");
        assert_eq!(find(&mut settings, "train.epochs"), Ok(&mut Value::Integer(7)));
        let cvae = super::super::kind_of(&settings).expect("a kind");
        cvae.check(&settings).expect("good settings");
        let linear = Value::choice("linear", [("epochs", Value::Integer(9))]);
        apply(&mut settings, "loss.kl.anneal", linear).expect("a setting");
        cvae.check(&settings).expect("good settings");
        for path in ["train.rate", "loss.kl", "loss.weight", "latent.x", "nothing", "encoder.lstm.width"] {
            assert!(field(&schema, path).is_err(), "{path}");
            assert!(apply(&mut settings, path, Value::Integer(1)).is_err(), "{path}");
        }
    }

    #[test]
    fn trials_stay_within_their_ranges_and_do_not_depend_on_each_other() {
        let schema = schema();
        let vary = vec![
            ("encoder.depth".to_owned(), interval(1.0, 4.0, "linear")),
            ("latent".to_owned(), Value::List([2, 4, 8].map(Value::Integer).to_vec())),
            ("train.lr".to_owned(), interval(1e-5, 1e-2, "log10")),
        ];
        let streams = Streams::new(3, "search");
        let mut counts = BTreeMap::new();
        let mut below = 0;
        for trial in 0..400 {
            let values = sample_trial(&schema, &vary, &streams, trial).expect("values");
            assert_eq!(values[2..], sample_trial(&schema, &vary[2..], &streams, trial).expect("values"));
            let (Value::Integer(depth), Value::Number(rate)) = (&values[0].1, &values[2].1) else {
                panic!("other types: {values:?}");
            };
            *counts.entry(*depth).or_insert(0) += 1;
            assert!((1e-5..=1e-2).contains(rate));
            below += usize::from(*rate < 10_f64.powf(-3.5));
        }
        assert_eq!(counts.keys().copied().collect::<Vec<i64>>(), vec![1, 2, 3, 4]);
        assert!(counts.values().all(|&count| (70..130).contains(&count)), "{counts:?}");
        assert!((160..240).contains(&below), "{below} of 400 below the middle of the decades");
        for wrong in [interval(2.0, 1.0, "linear"), interval(0.0, 1.0, "log10"), Value::List(vec![])] {
            assert!(sample_trial(&schema, &[("train.lr".into(), wrong)], &streams, 0).is_err());
        }
    }
}
