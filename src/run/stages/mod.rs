//! The stages: one file each, from the artifacts of a node's inputs to its own artifact.

mod append;
mod benchmark;
mod compare;
mod conditions;
mod dataset;
mod descend;
mod distances;
mod ends;
mod feasibility;
mod generate;
mod handover;
mod judge;
mod latent;
mod map;
mod objective;
mod posterior;
mod problem;
mod profile_likelihood;
mod proposals;
mod rounds;
mod rows;
mod rung;
mod solve;
mod table_rows;
mod train;
mod trial;
mod tune;

pub use benchmark::BenchmarkTarget;
pub use compare::Target as CompareTarget;
pub use dataset::DatasetSummary;
pub use descend::DescentsSummary;
pub use ends::measured_ranges;
pub use feasibility::FeasibilitySummary;
pub use handover::{Handover, HandoverError};
pub use objective::SolverObjective;
pub use posterior::PosteriorSummary;
pub use profile_likelihood::ProfileSummary;
pub use train::TrainingSummary;
pub use trial::{DrawsSummary, TrialSummary};
pub use tune::Choice as TuneChoice;

use super::context::Context;
use super::error::StageError;
use crate::plan::node::Stage;

/// Computes the artifact of a node into its draft and returns what the user should know.
///
/// # Errors
/// When the node's input cannot be used, a stop is requested or the store cannot be written.
pub fn run(context: &Context) -> Result<Vec<String>, StageError> {
    match context.node.stage.meaning().as_ref() {
        Stage::Problem(problem) => problem::run(context, problem),
        Stage::Descend(settings) => descend::run(context, settings),
        Stage::Rows(_) => table_rows::run(context),
        Stage::Dataset(recipe) => dataset::run(context, recipe),
        Stage::Append(settings) => append::run(context, settings),
        Stage::Feasibility(settings) => feasibility::run(context, *settings),
        Stage::Train(settings) => train::run(context, settings),
        Stage::Rung(settings) => rung::run(context, settings),
        Stage::Tune(settings) => tune::run(context, settings),
        Stage::Generate(settings) => generate::run(context, settings),
        Stage::Solve => solve::run(context),
        Stage::Conditions => conditions::run(context),
        Stage::Rounds(settings) => rounds::run(context, settings),
        Stage::Latent(settings) => latent::run(context, settings),
        Stage::Distances(settings) => distances::run(context, settings),
        Stage::Judge(settings) => judge::run(context, settings),
        Stage::Map(settings) => map::run(context, settings),
        Stage::Compare(settings) => compare::run(context, settings),
        Stage::Trial(settings) => trial::run(context, settings),
        Stage::Benchmark(settings) => benchmark::run(context, settings),
        Stage::Posterior(settings) => posterior::run(context, settings),
        Stage::ProfileLikelihood(settings) => profile_likelihood::run(context, settings),
    }
}
