//! Snapshots: the numbers of a run as they were recorded, and which of them differ now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::results::{Cells, ResultTable, Results, Value};
use crate::table::rounded;

/// Recorded numbers, with the tolerance of each column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// By the name of a column or value, how far a number may be off, relative to the larger of the recorded number and
    /// 1e-12; `*` is for all others. Edit these by hand: an update keeps them.
    pub tolerances: BTreeMap<String, f64>,
    /// The single values.
    pub values: BTreeMap<String, Value>,
    /// The tables.
    pub tables: BTreeMap<String, ResultTable>,
}

/// The tolerance of a column that has none of its own.
const TOLERANCE: f64 = 1e-6;

impl Snapshot {
    /// The numbers of a run, with the tolerances of an earlier record.
    #[must_use]
    pub fn of(results: &Results, tolerances: Option<BTreeMap<String, f64>>) -> Self {
        let tolerances = tolerances.unwrap_or_else(|| BTreeMap::from([("*".to_owned(), TOLERANCE)]));
        Self { tolerances, values: results.values.clone(), tables: results.tables.clone() }
    }

    fn tolerance(&self, name: &str) -> f64 {
        // The last part of a value's name is its column: `tuned.validation.loss` is governed by `loss` too.
        let part = name.rsplit('.').next().unwrap_or(name);
        let own = self.tolerances.get(name).or_else(|| self.tolerances.get(part));
        own.or_else(|| self.tolerances.get("*")).copied().unwrap_or(TOLERANCE)
    }
}

/// One line for each number, word, table or value that is not as it was recorded.
#[must_use]
pub fn differences(recorded: &Snapshot, results: &Results) -> Vec<String> {
    let mut found = Vec::new();
    let names = recorded.values.keys().chain(results.values.keys().filter(|name| !recorded.values.contains_key(*name)));
    for name in names {
        let tolerance = recorded.tolerance(name);
        match (recorded.values.get(name), results.values.get(name)) {
            (Some(old), Some(new)) if !same(old, new, tolerance) => {
                found.push(format!("{name}: {} -> {}", words(old), words(new)));
            }
            (Some(old), None) => found.push(format!("{name}: {} -> gone", words(old))),
            (None, Some(new)) => found.push(format!("{name}: new, {}", words(new))),
            _ => {}
        }
    }
    for (name, old) in &recorded.tables {
        match results.tables.get(name) {
            None => found.push(format!("table {name}: gone")),
            Some(new) => compare(name, old, new, recorded, &mut found),
        }
    }
    found.extend(
        results
            .tables
            .keys()
            .filter(|name| !recorded.tables.contains_key(*name))
            .map(|name| format!("table {name}: new")),
    );
    found
}

fn compare(table: &str, old: &ResultTable, new: &ResultTable, recorded: &Snapshot, found: &mut Vec<String>) {
    let names = |table: &ResultTable| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    if names(old) != names(new) {
        found.push(format!(
            "table {table}: its columns were {} and are {}",
            names(old).join(", "),
            names(new).join(", ")
        ));
        return;
    }
    for (before, after) in old.columns.iter().zip(&new.columns) {
        let (before_cells, after_cells) = (cells(&before.cells), cells(&after.cells));
        if before_cells.len() != after_cells.len() {
            found.push(format!("table {table}: it had {} rows and has {}", before_cells.len(), after_cells.len()));
            return;
        }
        let tolerance = recorded.tolerance(&before.name);
        for (row, (was, is)) in before_cells.iter().zip(&after_cells).enumerate() {
            if !same(was, is, tolerance) {
                let place = format!("{table}.{}[row {row}]", before.name);
                found.push(format!("{place}: {} -> {}", words(was), words(is)));
            }
        }
    }
}

fn cells(cells: &Cells) -> Vec<Value> {
    match cells {
        Cells::Number(values) => values.iter().map(|value| Value::Number(*value)).collect(),
        Cells::Integer(values) => values.iter().map(|value| Value::Integer(*value)).collect(),
        Cells::Text(values) => values.iter().map(|value| Value::Text(value.clone())).collect(),
    }
}

fn same(old: &Value, new: &Value, tolerance: f64) -> bool {
    let number = |value: &Value| match value {
        Value::Number(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        Value::Text(_) => None,
    };
    match (number(old), number(new)) {
        (Some(old), Some(new)) if old.is_finite() && new.is_finite() => {
            (old - new).abs() <= tolerance * old.abs().max(1e-12)
        }
        (Some(old), Some(new)) => old == new || (old.is_nan() && new.is_nan()),
        _ => old == new,
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Number(value) => rounded(*value, 8),
        Value::Integer(value) => value.to_string(),
        Value::Text(text) => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn results(fval: f64, word: &str) -> Results {
        let table =
            Table::new().number("fval", vec![fval, f64::INFINITY]).text("origin", vec![word.into(), "b".into()]);
        let mut results = Results::default();
        results.tables.insert("ends".into(), ResultTable::from(&table));
        results.values.insert("dataset.rows".into(), Value::Integer(12));
        results
    }

    #[test]
    fn numbers_within_their_tolerance_are_the_same() {
        let mut recorded = Snapshot::of(&results(138.0, "a"), None);
        assert!(differences(&recorded, &results(138.000_000_1, "a")).is_empty());
        assert_eq!(differences(&recorded, &results(138.1, "a")), ["ends.fval[row 0]: 138 -> 138.1"]);
        recorded.tolerances.insert("fval".into(), 0.01);
        assert!(differences(&recorded, &results(138.1, "a")).is_empty());
        assert_eq!(differences(&recorded, &results(138.0, "x")), ["ends.origin[row 0]: `a` -> `x`"]);
    }

    #[test]
    fn tables_and_values_that_come_and_go_are_named() {
        let recorded = Snapshot::of(&results(1.0, "a"), None);
        let found = differences(&recorded, &Results::default());
        assert_eq!(found, ["dataset.rows: 12 -> gone", "table ends: gone"]);
    }
}
