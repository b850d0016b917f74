//! What the draws of all chains say of each parameter, and how far they can be trusted.

use super::super::super::error::StageError;
use super::super::rows::vectors;
use crate::evaluate::chains::{Judged, judge};
use crate::evaluate::quantiles::quantile_of_sorted;
use crate::model::problem::Problem;
use crate::plan::uncertainty::estimated;
use crate::table::Table;

pub(super) struct Judgement {
    /// One row for each parameter and one for the fval.
    pub table: Table,
    /// The largest of all rows.
    pub rhat: f64,
    /// The smallest of all rows.
    pub ess_bulk: f64,
    /// The smallest of all rows.
    pub ess_tail: f64,
}

struct Row {
    name: String,
    scale: &'static str,
    mean: f64,
    sd: f64,
    quantiles: [f64; 5],
    judged: Judged,
}

/// Both ends of the 95 % and the 50 % interval, and the median between them.
const SHARES: [(&str, f64); 5] =
    [("lower_95", 0.025), ("lower_50", 0.25), ("median", 0.5), ("upper_50", 0.75), ("upper_95", 0.975)];

impl Judgement {
    pub(super) fn of(draws: &Table, problem: &Problem, names: &[String]) -> Result<Self, StageError> {
        let chains = draws.integers("chain")?;
        let by_chain = |values: &[f64]| -> Vec<Vec<f64>> {
            let mut rest = values;
            let lengths = chains.chunk_by(|one, other| one == other).map(<[i64]>::len);
            let cut = |length: usize| {
                let (chain, others) = rest.split_at(length);
                rest = others;
                chain.to_vec()
            };
            lengths.map(cut).collect()
        };
        let vectors = vectors(draws, names)?;
        let mut rows = Vec::with_capacity(names.len() + 1);
        let scales = estimated(problem);
        for (at, name) in names.iter().enumerate() {
            let scale = scales.iter().find(|one| one.id == *name).map_or("", |one| one.scale);
            let values: Vec<f64> = vectors.iter().map(|x| x[at]).collect();
            rows.push(Row::of(name, scale, &values, judge(&by_chain(&values))));
        }
        let fvals = draws.numbers("fval")?;
        rows.push(Row::of("fval", "", fvals, judge(&by_chain(fvals))));
        // A parameter whose draws cannot be judged is not trusted.
        let worst = |of: fn(&Judged) -> f64, better: fn(f64, f64) -> bool| {
            rows.iter()
                .map(|row| of(&row.judged))
                .fold(f64::NAN, |worst, value| if worst.is_nan() || better(worst, value) { value } else { worst })
        };
        Ok(Self {
            rhat: worst(|judged| judged.rhat, |worst, value| value > worst),
            ess_bulk: worst(|judged| judged.ess_bulk, |worst, value| value < worst),
            ess_tail: worst(|judged| judged.ess_tail, |worst, value| value < worst),
            table: table(&rows),
        })
    }
}

impl Row {
    fn of(name: &str, scale: &'static str, values: &[f64], judged: Judged) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let sd = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
        let quantiles = SHARES.map(|(_, share)| quantile_of_sorted(&sorted, share).unwrap_or(f64::NAN));
        Self { name: name.to_owned(), scale, mean, sd, quantiles, judged }
    }
}

fn table(rows: &[Row]) -> Table {
    let number = |of: &dyn Fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    let table = Table::new()
        .text("parameter", rows.iter().map(|row| row.name.clone()).collect())
        .text("scale", rows.iter().map(|row| row.scale.to_owned()).collect())
        .number("mean", number(&|row| row.mean))
        .number("standard_error", number(&|row| row.sd / row.judged.ess_mean.sqrt()))
        .number("sd", number(&|row| row.sd));
    let table = SHARES
        .iter()
        .enumerate()
        .fold(table, |table, (at, (name, _))| table.number(name, number(&|row| row.quantiles[at])));
    table
        .number("rhat", number(&|row| row.judged.rhat))
        .number("ess_bulk", number(&|row| row.judged.ess_bulk))
        .number("ess_tail", number(&|row| row.judged.ess_tail))
}
