//! Rounds side by side: what was asked for in each, and what came of it.

use super::super::context::Context;
use super::super::error::StageError;
use super::dataset::DatasetSummary;
use crate::evaluate::correlation::spearman;
use crate::evaluate::{feasibility, groups, quantiles};
use crate::plan::node::Rounds;
use crate::table::Table;

/// The quantiles of the achieved fvals.
const QUANTILES: [(&str, f64); 7] = [
    ("lowest", 0.0),
    ("low_5", 0.05),
    ("lower_quartile", 0.25),
    ("median", 0.5),
    ("upper_quartile", 0.75),
    ("high_95", 0.95),
    ("highest", 1.0),
];

/// One generator in one round.
struct Line {
    generator: String,
    round: i64,
    dataset: DatasetSummary,
    solved: Table,
}

/// Writes `rounds.parquet`, one row for each generator, round and condition: how many vectors were `generated`, `outside`
/// the bounds, `redrawn` for that and `refused` by a filter (draws), `solved`, the `feasible` share (`lower`, `upper`), the
/// share strictly `better` than the best training row of the first round (`better_lower`, `better_upper`, Wilson's), the
/// `requested` fval (none below 0), quantiles of the achieved ones; and `summary.parquet`, one row for each generator and
/// round, with `spearman`, the rank correlation of requested and achieved fvals over all that solved at conditions in 0..1.
pub(super) fn run(context: &Context, settings: &Rounds) -> Result<Vec<String>, StageError> {
    let mut lines = Vec::new();
    let mut at = 0;
    for (number, one) in settings.generators.iter().enumerate() {
        let dataset: DatasetSummary = context.input(at).value("summary")?;
        for round in 1..=one.rounds {
            let solved = context.input(at + round).table("solved")?;
            lines.push(Line { generator: number.to_string(), round: round as i64, dataset: dataset.clone(), solved });
        }
        at += 1 + one.rounds;
    }
    context.draft.table("rounds", &by_condition(&lines)?)?;
    context.draft.table("summary", &summary(&lines)?)?;
    Ok(Vec::new())
}

fn by_condition(lines: &[Line]) -> Result<Table, StageError> {
    let mut table = Rows::default();
    for line in lines {
        let (conditions, fvals) = (line.solved.numbers("condition")?, line.solved.numbers("fval")?);
        let draws = |name: &str, rows: &[usize]| -> f64 {
            line.solved.integers(name).map_or(0.0, |draws| rows.iter().map(|&row| draws[row] as f64).sum())
        };
        let outside = line.solved.integers("outside")?;
        for (condition, rows) in groups::by_condition(conditions) {
            let found: Vec<f64> = rows.iter().map(|&row| fvals[row]).collect();
            let solved = feasibility::solved(&found);
            let better = feasibility::better_than(&found, line.dataset.best);
            let of = |share: &Option<feasibility::Share>, end: fn(&feasibility::Share) -> f64| {
                share.as_ref().map_or(f64::NAN, end)
            };
            let mut cells = vec![
                ("condition", condition),
                ("generated", rows.len() as f64),
                ("outside", rows.iter().filter(|&&row| outside[row] > 0).count() as f64),
                ("redrawn", draws("redrawn", &rows)),
                ("refused", draws("refused", &rows)),
                ("solved", of(&solved, |share| share.successes as f64)),
                ("feasible", of(&solved, |share| share.share)),
                ("lower", of(&solved, |share| share.lower)),
                ("upper", of(&solved, |share| share.upper)),
                ("better", of(&better, |share| share.share)),
                ("better_lower", of(&better, |share| share.lower)),
                ("better_upper", of(&better, |share| share.upper)),
                ("requested", line.dataset.scale.to_fval(condition).unwrap_or(f64::NAN)),
                ("best", line.dataset.best),
            ];
            cells.extend(QUANTILES.map(|(name, p)| (name, quantiles::quantile(&found, p).unwrap_or(f64::NAN))));
            table.add(line, &cells);
        }
    }
    Ok(table.table())
}

fn summary(lines: &[Line]) -> Result<Table, StageError> {
    let mut table = Rows::default();
    for line in lines {
        let (conditions, fvals) = (line.solved.numbers("condition")?, line.solved.numbers("fval")?);
        let all = feasibility::solved(fvals);
        let at_best: Vec<f64> = (0..fvals.len()).filter(|&row| conditions[row] == 0.0).map(|row| fvals[row]).collect();
        let below: Vec<f64> = (0..fvals.len()).filter(|&row| conditions[row] < 0.0).map(|row| fvals[row]).collect();
        let share = |share: Option<feasibility::Share>| share.map_or(f64::NAN, |share| share.share);
        table.add(
            line,
            &[
                ("generated", fvals.len() as f64),
                ("solved", all.map_or(0.0, |share| share.successes as f64)),
                ("feasible", share(all)),
                ("feasible_at_0", share(feasibility::solved(&at_best))),
                ("median_at_0", quantiles::median(&at_best).unwrap_or(f64::NAN)),
                ("better_below_0", share(feasibility::better_than(&below, line.dataset.best))),
                ("spearman", obeyed(line, conditions, fvals).unwrap_or(f64::NAN)),
            ],
        );
    }
    Ok(table.table())
}

/// The rank correlation of requested and achieved fvals where conditions lie within the training rows.
fn obeyed(line: &Line, conditions: &[f64], fvals: &[f64]) -> Option<f64> {
    let within = |&row: &usize| (0.0..=1.0).contains(&conditions[row]) && fvals[row].is_finite();
    let rows: Vec<usize> = (0..fvals.len()).filter(within).collect();
    let requested: Option<Vec<f64>> = rows.iter().map(|&row| line.dataset.scale.to_fval(conditions[row])).collect();
    spearman(&requested?, &rows.iter().map(|&row| fvals[row]).collect::<Vec<f64>>())
}

/// Cells that come row by row.
#[derive(Default)]
struct Rows {
    generators: Vec<String>,
    rounds: Vec<i64>,
    columns: Vec<(&'static str, Vec<f64>)>,
}

/// Columns that count.
const COUNTS: [&str; 5] = ["generated", "outside", "redrawn", "refused", "solved"];

impl Rows {
    fn add(&mut self, line: &Line, cells: &[(&'static str, f64)]) {
        if self.columns.is_empty() {
            self.columns = cells.iter().map(|(name, _)| (*name, Vec::new())).collect();
        }
        self.generators.push(line.generator.clone());
        self.rounds.push(line.round);
        for ((_, column), (_, value)) in self.columns.iter_mut().zip(cells) {
            column.push(*value);
        }
    }

    fn table(self) -> Table {
        let start = Table::new().text("generator", self.generators).integer("round", self.rounds);
        self.columns.into_iter().fold(start, |table, (name, values)| {
            if COUNTS.contains(&name) {
                return table.integer(name, values.into_iter().map(|value| value as i64).collect());
            }
            table.number(name, values)
        })
    }
}
