//! How the best fval falls with what was spent.

use super::BenchmarkTarget;
use super::verdict::Line;
use crate::evaluate::quantiles::quantile;
use crate::plan::trial::Benchmark;
use crate::table::{Table, TableError};

/// Costs at which courses are compared, evenly spread on a logarithmic scale up to the budget.
const POINTS: usize = 80;

/// The best fval of one trial, wherever it fell: costs rising.
pub(super) struct Course(Vec<(f64, f64)>);

impl Course {
    /// From the ends and the evaluations of a trial. Of the training set only the ends are known.
    pub(super) fn of(ends: &Table, fvals: &Table) -> Result<Self, TableError> {
        let (phases, costs, values) = (ends.texts("phase")?, ends.numbers("cost")?, ends.numbers("fval_end")?);
        let training = (0..ends.rows()).filter(|&row| phases[row] == "training").map(|row| (costs[row], values[row]));
        let own = fvals.numbers("cost")?.iter().copied().zip(fvals.numbers("fval")?.iter().copied());
        let mut falls: Vec<(f64, f64)> = Vec::new();
        for (cost, fval) in training.chain(own) {
            if fval.is_finite() && falls.last().is_none_or(|(_, best)| fval < *best) {
                falls.push((cost, fval));
            }
        }
        Ok(Self(falls))
    }

    /// What was spent when an fval this low was first reached.
    pub(super) fn cost_of(&self, fval: f64) -> Option<f64> {
        let above = self.0.partition_point(|(_, best)| *best > fval);
        self.0.get(above).map(|(cost, _)| *cost)
    }

    /// The best fval for at most this cost; infinite before the first.
    fn at(&self, cost: f64) -> f64 {
        let before = self.0.partition_point(|(spent, _)| *spent <= cost);
        before.checked_sub(1).map_or(f64::INFINITY, |last| self.0[last].1)
    }
}

/// Median and quartiles over repeats of the gap between the best fval and the target: the columns `problem`, `method`,
/// `blind`, `cost`, `lower_quartile`, `median`, `upper_quartile`; infinite where as many repeats have no finite fval yet.
pub(super) fn convergence(settings: &Benchmark, lines: &[Line], targets: &[BenchmarkTarget]) -> Table {
    let last = settings.budget.ln();
    let costs: Vec<f64> = (1..=POINTS).map(|point| (last * point as f64 / POINTS as f64).exp()).collect();
    let each = || lines.iter().flat_map(|line| costs.iter().map(move |&cost| (line, cost)));
    let column = |share: f64| -> Vec<f64> {
        each()
            .map(|(line, cost)| {
                let target = targets[line.problem].fval;
                let gaps: Vec<f64> = line.trials.iter().map(|trial| trial.course.at(cost) - target).collect();
                let finite = gaps.iter().filter(|gap| gap.is_finite()).count();
                // Quantiles leave out what is infinite, which here counts as worst.
                let share = share * (gaps.len().saturating_sub(1)) as f64 / (finite.saturating_sub(1)).max(1) as f64;
                if share > 1.0 || finite == 0 { f64::INFINITY } else { quantile(&gaps, share).unwrap_or(f64::INFINITY) }
            })
            .collect()
    };
    Table::new()
        .text("problem", each().map(|(line, _)| line.problem.to_string()).collect())
        .text("method", each().map(|(line, _)| line.method.to_string()).collect())
        .text("blind", each().map(|(line, _)| if line.blind { "yes" } else { "no" }.to_owned()).collect())
        .number("cost", each().map(|(_, cost)| cost).collect())
        .number("lower_quartile", column(0.25))
        .number("median", column(0.5))
        .number("upper_quartile", column(0.75))
}
