//! Trials of a benchmark, and what is made of them.

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::node::Filter;
use crate::optimise::design::Criterion;
use crate::optimise::learners::Learner;
use crate::optimise::local::written;
use crate::optimise::{LocalSettings, global};
use crate::schema::Value;

/// One method on one problem, once: descents from what the method proposes, until the budget is spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What proposes the starts.
    pub method: Method,
    /// How each start is descended from.
    #[serde(with = "written")]
    pub then: LocalSettings,
    /// All work of the trial, its training set included, in units of one fval.
    pub budget: f64,
    /// What an evaluation with derivatives costs in these units.
    pub gradient_cost: f64,
    /// Which repeat it is, from 0: repeats differ by their random streams.
    pub repeat: usize,
    /// Of the plan's nodes, by key, those whose descents are charged besides the training set's: the ones that a search
    /// over hyperparameters on the same problem learnt from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charged: Vec<Key>,
    /// Of a generator: what happens to its proposals outside the bounds, `clip`, `reflect` or `reject`; where nothing is
    /// said they are mirrored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<String>,
    /// Of a generator: what its proposals must pass; the fifth input then is the classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Of a generator: the rounds before its last training, whose solved proposals are the last inputs.
    #[serde(default, skip_serializing_if = "is_none_before")]
    pub rounds_before: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none_before(rounds: &usize) -> bool {
    *rounds == 0
}

/// What proposes starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Method {
    /// Independent uniform points between the bounds.
    Random,
    /// Latin hypercubes, one after the other.
    LatinHypercube {
        /// What each is improved by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        criterion: Option<Criterion>,
    },
    /// Correlated multi-jittered points, beyond two dimensions those of orthogonal arrays.
    MultiJittered,
    /// One scrambled Sobol sequence.
    Sobol,
    /// The best of a larger Latin hypercube, whose fvals are paid for.
    Screened {
        /// Candidates.
        of: usize,
        /// How many of them are descended from.
        keep: usize,
    },
    /// A simple learner.
    Learner(Learner),
    /// A global optimiser; the descents start from the best that each of its searches found.
    Global(global::Method),
    /// A trained generator.
    Generator {
        /// The condition that it is asked for.
        condition: f64,
    },
}

impl Method {
    /// The method that a setting names; a generator's is made of its name by whoever knows the generators.
    ///
    /// # Errors
    /// When the value is none that the schema of benchmarks accepts.
    pub fn of(value: &Value) -> Result<Self, serde_json::Error> {
        let learner = value.to().map(Method::Learner);
        learner.or_else(|_| value.to().map(Method::Global)).or_else(|_| value.to())
    }

    /// Does it need a training set?
    #[must_use]
    pub fn learns(&self) -> bool {
        matches!(self, Method::Learner(_) | Method::Generator { .. })
    }
}

/// Settings of the verdict over all trials of a benchmark. Inputs: the problems, then the trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Benchmark {
    /// The names of the problems; no part of the key, the artifact numbers them.
    pub problems: Vec<String>,
    /// The names of the methods; no part of the key, the artifact numbers them.
    pub methods: Vec<String>,
    /// What each trial is, in the order of the inputs.
    pub trials: Vec<Place>,
    /// The budget of each.
    pub budget: f64,
    /// A converged end within this of the target is a hit.
    pub tolerance: f64,
    /// Bootstrap resamples.
    pub resamples: usize,
    /// How many of the problems, the last ones, are those that settings are tuned on. Tests and profiles keep them apart.
    #[serde(default, skip_serializing_if = "is_none")]
    pub development: usize,
    /// The names of the problems in the `PEtab` collection, nothing for one without; no part of the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub petab_names: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Benchmark {
    /// What a problem is: `headline`, or `development` where settings are tuned on it.
    #[must_use]
    pub fn role(&self, problem: usize) -> &'static str {
        if problem + self.development < self.problems.len() { "headline" } else { "development" }
    }
}

/// Where a trial stands in its benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The number of its problem.
    pub problem: usize,
    /// The number of its method.
    pub method: usize,
    /// Was the best basin taken out of its training set?
    pub blind: bool,
    /// Which repeat it is.
    pub repeat: usize,
}
