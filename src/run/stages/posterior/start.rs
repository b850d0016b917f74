//! Where chains start.

use rand::RngExt;

use super::super::super::context::Context;
use super::super::super::error::StageError;
use super::super::rows::vectors;
use super::density::SolverDensity;
use crate::evaluate::normal::chi_square_quantile_of;
use crate::plan::uncertainty::Start;
use crate::random::Streams;
use crate::uncertainty::Density as _;

/// So many random points are tried for each chain.
const TRIES: usize = 1000;
/// Descents that ended in this region of the best one's likelihood are starts.
const REGION: f64 = 0.95;

/// The starts of all chains.
pub(super) enum Starts {
    /// A random point for each.
    Random,
    /// These in turn.
    Listed(Vec<Vec<f64>>),
}

impl Starts {
    pub(super) fn new(context: &Context, start: Start, density: &SolverDensity) -> Result<Self, StageError> {
        let bounds = density.bounds();
        Ok(match start {
            Start::Random => Starts::Random,
            Start::Nominal => Starts::Listed(vec![bounds.clip(density.solver.nominal())]),
            Start::Descents => {
                let ends = context.input(1).table("ends")?;
                let fvals = ends.numbers("fval_end")?;
                let mut order: Vec<usize> = (0..ends.rows()).filter(|&row| fvals[row].is_finite()).collect();
                order.sort_by(|&one, &other| fvals[one].total_cmp(&fvals[other]));
                let Some(&best) = order.first() else {
                    return Err(StageError::refused("no descent has an end at which a chain could start"));
                };
                let within = fvals[best] + 0.5 * chi_square_quantile_of(bounds.len(), REGION);
                order.retain(|&row| fvals[row] <= within);
                let rows = vectors(&ends.select(&order), density.solver.names())?;
                Starts::Listed(rows.iter().map(|row| bounds.clip(row)).collect())
            }
        })
    }

    /// Where a chain starts.
    pub(super) fn of(&self, chain: usize, density: &SolverDensity, streams: &Streams) -> Result<Vec<f64>, StageError> {
        match self {
            Starts::Listed(starts) => Ok(starts[chain % starts.len()].clone()),
            Starts::Random => {
                let mut stream = streams.part("random start").stream(0);
                let mut draw = || {
                    let unit: Vec<f64> = density.bounds().pairs().map(|_| stream.random::<f64>()).collect();
                    density.bounds().from_unit(&unit)
                };
                let mut last = draw();
                for _ in 1..TRIES {
                    if density.value(&last).is_finite() {
                        return Ok(last);
                    }
                    last = draw();
                }
                Err(StageError::Refused(format!(
                    "none of {TRIES} random starts could be solved ({}); start at the ends of a dataset's descents, \
                     `start = NAME`",
                    density.solver.evaluate(&last).cause()
                )))
            }
        }
    }
}

/// Why a chain cannot start at this vector.
pub(super) fn refused(density: &SolverDensity, start: &[f64]) -> StageError {
    let cause = density.solver.evaluate(start).cause();
    let why = if cause.is_empty() { "its gradient cannot be computed" } else { cause };
    StageError::Refused(format!(
        "the problem cannot be solved where a chain starts ({why}); start elsewhere, or look at bounds and solver"
    ))
}
