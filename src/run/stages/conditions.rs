//! What became of the vectors asked for at each condition: how many solve, how low they are.

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use crate::evaluate::{feasibility, groups, quantiles};
use crate::table::Table;

/// Writes `conditions.parquet`, one row for each condition: `generated`, `outside` (vectors drawn outside the bounds),
/// `solved`, `feasible` with Wilson's interval `lower` .. `upper`, `better` (the share strictly better than the best
/// training row), quantiles of the finite fvals, the fval that was `requested` (none below 0), a column `failed: CAUSE` for
/// each cause that occurs, and where draws were rejected or filtered how many: `redrawn`, `refused` and `forced`.
pub(super) fn run(context: &Context) -> Result<Vec<String>, StageError> {
    let solved = context.input(0).table("solved")?;
    let dataset: DatasetSummary = context.input(1).value("summary")?;
    let (conditions, fvals) = (solved.numbers("condition")?, solved.numbers("fval")?);
    let (outside, causes) = (solved.integers("outside")?, solved.texts("cause")?);
    let groups = groups::by_condition(conditions);
    let kinds: Vec<String> = feasibility::causes(causes).into_keys().collect();

    let of = |rows: &[usize]| rows.iter().map(|&row| fvals[row]).collect::<Vec<f64>>();
    let column = |compute: &dyn Fn(&[usize]) -> f64| groups.iter().map(|(_, rows)| compute(rows)).collect::<Vec<f64>>();
    let count = |compute: &dyn Fn(usize) -> bool| -> Vec<i64> {
        groups.iter().map(|(_, rows)| rows.iter().filter(|&&row| compute(row)).count() as i64).collect()
    };
    let share = |end: fn(&feasibility::Share) -> f64| {
        column(&|rows| feasibility::solved(&of(rows)).as_ref().map_or(f64::NAN, end))
    };
    let quantile = |p: f64| column(&|rows| quantiles::quantile(&of(rows), p).unwrap_or(f64::NAN));
    let mut table = Table::new()
        .number("condition", groups.iter().map(|(condition, _)| *condition).collect())
        .integer("generated", groups.iter().map(|(_, rows)| rows.len() as i64).collect())
        .integer("outside", count(&|row| outside[row] > 0))
        .integer("solved", count(&|row| fvals[row].is_finite()))
        .number("feasible", share(|share| share.share))
        .number("lower", share(|share| share.lower))
        .number("upper", share(|share| share.upper))
        .number(
            "better",
            column(&|rows| feasibility::better_than(&of(rows), dataset.best).map_or(f64::NAN, |share| share.share)),
        )
        .number(
            "requested",
            groups.iter().map(|(condition, _)| dataset.scale.to_fval(*condition).unwrap_or(f64::NAN)).collect(),
        )
        .number("lowest", quantile(0.0))
        .number("lower_quartile", quantile(0.25))
        .number("median", quantile(0.5))
        .number("upper_quartile", quantile(0.75))
        .number("highest", quantile(1.0));
    for kind in &kinds {
        table = table.integer(&format!("failed: {kind}"), count(&|row| causes[row] == *kind));
    }
    for name in ["redrawn", "refused", "forced"] {
        if let Ok(draws) = solved.integers(name) {
            let total = |rows: &Vec<usize>| rows.iter().map(|&row| draws[row]).sum();
            table = table.integer(name, groups.iter().map(|(_, rows)| total(rows)).collect());
        }
    }
    context.draft.table("conditions", &table)?;
    Ok(Vec::new())
}
