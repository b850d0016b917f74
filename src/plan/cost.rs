//! What a node is expected to cost, before it is run: counts of work, which the settings fix or bound.

use super::node::{Node, Plan, Stage};
use crate::schema::Value;

/// Expected work in a stage's own unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// How much, at most.
    pub amount: f64,
    /// Of what, such as `gradients`.
    pub unit: &'static str,
    /// Seconds on one core of an ordinary machine, roughly: for ordering and for a first impression.
    pub seconds: f64,
}

/// The expected cost of a node.
#[must_use]
pub fn cost(plan: &Plan, at: usize) -> Cost {
    let node = &plan.nodes[at];
    let of = |amount: f64, unit, each: f64| Cost { amount, unit, seconds: amount * each };
    match &node.stage {
        Stage::Problem(_) => of(1.0, "compilation", 0.05),
        Stage::Descend(settings) => {
            let iterations = settings.descent.most_iterations().min(2000) as f64;
            let (unit, each) = if settings.descent.needs_gradients() {
                ("gradients at most", 5e-4)
            } else {
                ("simplex steps at most", 2e-4)
            };
            of(settings.count as f64 * iterations, unit, each)
        }
        Stage::Rows(_)
        | Stage::Dataset(_)
        | Stage::Append(_)
        | Stage::Rung(_)
        | Stage::Tune(_)
        | Stage::Conditions
        | Stage::Rounds(_) => of(1.0, "table", 0.02),
        Stage::Train(_) => {
            let (whole, paused) = epochs(plan, at);
            of(paused.min(whole).saturating_sub(epochs_before(plan, at)) as f64, "epochs at most", 0.05)
        }
        Stage::Feasibility(settings) => {
            let crate::learn::cvae::TrainSettings::Adam { epochs, .. } = settings.train;
            of(epochs as f64, "epochs at most", 0.02)
        }
        Stage::Generate(settings) => of((settings.conditions.len() * settings.replicates) as f64, "vectors", 1e-4),
        Stage::Solve => {
            let vectors = node.inputs.get(2).map_or(0, |&input| match &plan.nodes[input].stage {
                Stage::Generate(settings) => settings.conditions.len() * settings.replicates,
                _ => 0,
            });
            of(vectors as f64, "solves", 2e-4)
        }
        Stage::Latent(_) => of(1.0, "map", 2.0),
        Stage::Distances(_) => of(1.0, "table", 0.2),
        Stage::Judge(settings) => of(settings.resamples as f64, "resamples", 1e-3),
        Stage::Map(_) => of(1.0, "map", 4.0),
        Stage::Trial(settings) => of(settings.budget, "evaluations at most", 2e-4),
        Stage::Benchmark(settings) => of(settings.trials.len() as f64, "trials", 1e-2),
        Stage::Posterior(settings) => {
            let draws = (settings.chains * (settings.warmup + settings.draws)) as f64;
            of(draws * settings.method.evaluations(), "evaluations, roughly", 4e-4)
        }
        // Profiles take a dozen points to each side, and a descent of a few iterations at each.
        Stage::ProfileLikelihood(settings) => of(settings.parameters.len() as f64 * 24.0, "descents, roughly", 6e-3),
        Stage::Compare(settings) => of(settings.resamples as f64, "resamples", 1e-3),
    }
}

/// The epochs that a training has behind it where it goes on from a rung.
#[must_use]
pub fn epochs_before(plan: &Plan, at: usize) -> usize {
    match plan.nodes[at].inputs.get(1).map(|&input| &plan.nodes[input]) {
        Some(Node { stage: Stage::Rung(_), inputs, .. }) => inputs.first().map_or(0, |&one| epochs(plan, one).1),
        _ => 0,
    }
}

/// The most epochs of a whole training, and those after which it pauses.
fn epochs(plan: &Plan, at: usize) -> (usize, usize) {
    const OTHERWISE: usize = 300;
    let node = &plan.nodes[at];
    let Stage::Train(train) = &node.stage else { return (OTHERWISE, OTHERWISE) };
    let whole = match (&train.settings, node.inputs.get(1)) {
        (Some(settings), _) => match settings.get("train") {
            Some(Value::Choice(_, fields)) => match fields.get("epochs") {
                Some(Value::Integer(epochs)) => usize::try_from(*epochs).unwrap_or(OTHERWISE),
                _ => OTHERWISE,
            },
            _ => OTHERWISE,
        },
        // The settings are those of a trial of the tune, or of the rung.
        (None, Some(&chosen)) => plan.nodes[chosen].inputs.first().map_or(OTHERWISE, |&trial| epochs(plan, trial).0),
        (None, None) => OTHERWISE,
    };
    (whole, train.pause.unwrap_or(whole))
}
