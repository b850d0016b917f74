//! Draws from the posterior of a problem, each chain a part of the node's journal.

mod density;
mod start;
mod summary;

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::rows::with_vectors;
use crate::model::problem::Problem;
use crate::optimise::Work;
use crate::plan::uncertainty::Posterior;
use crate::table::Table;
use crate::uncertainty::{Chain, SampleError};

use density::SolverDensity;
use start::Starts;
use summary::Judgement;

/// What a posterior came to, beside its tables `draws` and `summary`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PosteriorSummary {
    /// How many chains.
    pub chains: usize,
    /// The draws of each.
    pub draws: usize,
    /// Draws whose trajectory ended where its energy was not kept or a solve failed.
    pub divergent: usize,
    /// Evaluations whose solve failed, those of the warm-up too; each was a rejection.
    pub failed: u64,
    /// All evaluations of the chains, those of the warm-up too.
    pub work: Work,
    /// The lowest fval of a draw.
    pub lowest: f64,
    /// The largest potential scale reduction of a parameter or the fval.
    pub rhat: f64,
    /// The smallest effective sample size of their bulks.
    pub ess_bulk: f64,
    /// The smallest effective sample size of their tails.
    pub ess_tail: f64,
    /// The step size of each chain; NaN for methods without one.
    pub step_sizes: Vec<f64>,
    /// The share of each chain's draws that differ from the one before.
    pub moved: Vec<f64>,
}

/// Chains that disagree by more than this are not trusted (Vehtari et al. 2021).
const MOST_RHAT: f64 = 1.01;
/// With fewer effective draws for each chain their judgement is not trusted itself (Vehtari et al. 2021).
const LEAST_ESS: f64 = 100.0;

/// Writes `draws.parquet` (`chain`, `draw`, `fval`, `divergent`, `depth`, vector on the estimation scale),
/// `summary.parquet` (one row a parameter and one for the fval) and `summary.ron`.
pub(super) fn run(context: &Context, settings: &Posterior) -> Result<Vec<String>, StageError> {
    let problem: Problem = context.input(0).value("problem")?;
    let density = SolverDensity::new(&problem, settings.method)?;
    let starts = Starts::new(context, settings.start, &density)?;
    let streams = context.streams();
    let counts = (settings.warmup, settings.draws);
    let chains: Vec<Chain> = context.try_parts("chains", settings.chains, |index| {
        let streams = streams.part(&format!("chain {index}"));
        let start = starts.of(index, &density, &streams)?;
        let stop = || context.stop.requested();
        settings.method.sample(&density, &start, counts, &streams, &stop).map_err(|error| match error {
            SampleError::Stopped => StageError::Interrupted,
            SampleError::Start => start::refused(&density, &start),
            other => StageError::Refused(format!("chain {}: {other}", index + 1)),
        })
    })?;

    let draws = table(&chains, &density);
    let judgement = Judgement::of(&draws, &problem, density.solver.names())?;
    context.draft.table("draws", &draws)?;
    context.draft.table("summary", &judgement.table)?;
    let each = || chains.iter().flat_map(|chain| &chain.draws);
    let summary = PosteriorSummary {
        chains: settings.chains,
        draws: settings.draws,
        divergent: each().filter(|draw| draw.divergent).count(),
        failed: chains.iter().map(|chain| chain.failed).sum(),
        work: chains.iter().map(|chain| chain.work).sum(),
        lowest: draws.numbers("fval")?.iter().copied().fold(f64::INFINITY, f64::min),
        rhat: judgement.rhat,
        ess_bulk: judgement.ess_bulk,
        ess_tail: judgement.ess_tail,
        step_sizes: chains.iter().map(|chain| chain.step_size).collect(),
        moved: chains.iter().map(|chain| chain.moved).collect(),
    };
    context.draft.value("summary", &summary)?;
    Ok(warnings(&summary))
}

fn table(chains: &[Chain], density: &SolverDensity) -> Table {
    let each = || {
        chains
            .iter()
            .enumerate()
            .flat_map(|(chain, of)| of.draws.iter().enumerate().map(move |(number, draw)| (chain, number, draw)))
    };
    let table = Table::new()
        .integer("chain", each().map(|(chain, ..)| chain as i64 + 1).collect())
        .integer("draw", each().map(|(_, number, _)| number as i64 + 1).collect())
        .number("fval", each().map(|(.., draw)| density.fval(&draw.x, draw.value)).collect())
        .integer("divergent", each().map(|(.., draw)| i64::from(draw.divergent)).collect())
        .integer("depth", each().map(|(.., draw)| draw.depth as i64).collect());
    let rows: Vec<Vec<f64>> = each().map(|(.., draw)| draw.x.clone()).collect();
    with_vectors(table, density.solver.names(), &rows)
}

fn warnings(summary: &PosteriorSummary) -> Vec<String> {
    let mut told = Vec::new();
    let all = summary.chains * summary.draws;
    if summary.rhat > MOST_RHAT {
        told.push(format!(
            "the chains disagree: the largest R-hat is {:.3}, above {MOST_RHAT}; take more draws, or start them elsewhere",
            summary.rhat
        ));
    }
    let least = LEAST_ESS * summary.chains as f64;
    if summary.ess_bulk.min(summary.ess_tail) < least {
        told.push(format!(
            "few effective draws: {:.0} in the bulk and {:.0} in the tails, below {least}; take more draws",
            summary.ess_bulk, summary.ess_tail
        ));
    }
    if summary.divergent > 0 {
        told.push(format!(
            "{} of {all} draws are divergent: the sampler misses narrow places; a higher `accept` makes its steps shorter",
            summary.divergent
        ));
    }
    told
}
