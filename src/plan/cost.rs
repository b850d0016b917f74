//! What a node is expected to cost, before it is run: counts of work, which the settings fix or bound.

use super::node::{Plan, Stage};
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
        Stage::Rows(_) | Stage::Dataset(_) | Stage::Tune(_) | Stage::Conditions => of(1.0, "table", 0.02),
        Stage::Train(settings) => {
            let epochs = settings.settings.as_ref().and_then(|settings| epochs(settings.get("train")?)).unwrap_or(300);
            of(epochs as f64, "epochs at most", 0.05)
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

fn epochs(train: &Value) -> Option<i64> {
    match train {
        Value::Choice(_, fields) => match fields.get("epochs")? {
            Value::Integer(epochs) => Some(*epochs),
            _ => None,
        },
        _ => None,
    }
}
