//! Proposals of several generators side by side.

use super::tables::stacked;
use crate::evaluate::correlation::spearman;
use crate::evaluate::groups::by_condition;
use crate::evaluate::quantiles::quantile;
use crate::plan::node::Part;
use crate::run::stages::DatasetSummary;
use crate::table::{Table, TableError};

/// Tables of proposals below each other, each with the names of what it belongs to where it has some.
pub(super) fn named(mut parts: Vec<(Option<&Part>, Table)>) -> Table {
    if let [(None, table)] = parts.as_mut_slice() {
        return std::mem::take(table);
    }
    let part =
        |part: Option<&Part>| part.map(|part| (part.proposals.clone(), part.generator.clone())).unwrap_or_default();
    let generators: Vec<String> = parts.iter().flat_map(|(of, table)| vec![part(*of).1; table.rows()]).collect();
    let tables: Vec<(String, Table)> = parts.iter().map(|(of, table)| (part(*of).0, table.clone())).collect();
    let all = stacked("proposals", &tables);
    let columns = all.names().filter_map(|name| Some((name, all.column(name)?)));
    columns.fold(Table::new(), |table, (name, column)| {
        let table = table.with(name, column.clone());
        // Descents from several origins belong to all generators.
        if name == "proposals" && !generators.iter().all(String::is_empty) {
            return table.text("generator", generators.clone());
        }
        table
    })
}

/// What was requested and what came, one row for each generator and condition: the condition and the fval requested, how many
/// solved, the share strictly better than the best training row, quantiles of the achieved condition, the median fval, and
/// the rank correlation over all conditions from 0 to 1. What is better than the best training row has condition 0; a
/// failed solve counts as worse than all.
pub(super) fn calibration(dataset: &DatasetSummary, parts: &[Part], solved: &[Table]) -> Result<Table, TableError> {
    let mut tables = Vec::new();
    for (part, solved) in parts.iter().zip(solved) {
        let (conditions, fvals) = (solved.numbers("condition")?, solved.numbers("fval")?);
        let achieved: Vec<f64> = fvals.iter().map(|&fval| dataset.scale.to_condition(fval).max(0.0)).collect();
        let ranked: Vec<usize> = (0..fvals.len()).filter(|&row| (0.0..=1.0).contains(&conditions[row])).collect();
        let of = |values: &[f64], rows: &[usize]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let correlation = spearman(&of(conditions, &ranked), &of(&achieved, &ranked)).unwrap_or(f64::NAN);
        let groups = by_condition(conditions);
        let column = |compute: &dyn Fn(f64, &[usize]) -> f64| {
            groups.iter().map(|(condition, rows)| compute(*condition, rows)).collect::<Vec<f64>>()
        };
        let level = |p: f64| column(&|_, rows| quantile(&of(&achieved, rows), p).unwrap_or(f64::NAN));
        let solved = |rows: &[usize]| rows.iter().filter(|&&row| fvals[row].is_finite()).count();
        let better = |rows: &[usize]| rows.iter().filter(|&&row| fvals[row] < dataset.best).count();
        let table = Table::new()
            .number("condition", column(&|condition, _| condition))
            .number("requested", column(&|condition, _| dataset.scale.to_fval(condition).unwrap_or(f64::NAN)))
            .integer("generated", groups.iter().map(|(_, rows)| rows.len() as i64).collect())
            .integer("solved", groups.iter().map(|(_, rows)| solved(rows) as i64).collect())
            .number("better", column(&|_, rows| better(rows) as f64 / rows.len() as f64))
            .number("low", level(0.05))
            .number("lower_quartile", level(0.25))
            .number("median", level(0.5))
            .number("upper_quartile", level(0.75))
            .number("high", level(0.95))
            .number("median_fval", column(&|_, rows| quantile(&of(fvals, rows), 0.5).unwrap_or(f64::NAN)))
            .number("rank_correlation", column(&|_, _| correlation));
        tables.push((part.generator.clone(), table));
    }
    Ok(stacked("generator", &tables))
}

/// A map of proposals with the names of generators for their numbers; training rows have none.
pub(super) fn mapped(map: &Table, parts: &[Part]) -> Result<Table, TableError> {
    let name = |&part: &i64| {
        usize::try_from(part)
            .ok()
            .and_then(|part| parts.get(part))
            .map_or_else(String::new, |part| part.generator.clone())
    };
    let names = map.integers("part")?.iter().map(name).collect();
    let table = Table::new().text("generator", names);
    Ok(table
        .number("u1", map.numbers("u1")?.to_vec())
        .number("u2", map.numbers("u2")?.to_vec())
        .number("fval", map.numbers("fval")?.to_vec())
        .number("condition", map.numbers("condition")?.to_vec()))
}
