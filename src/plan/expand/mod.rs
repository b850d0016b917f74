//! From a resolved experiment to the nodes of its plan.

mod benchmark;
mod dataset;
mod figure;
mod generate;
mod read;
mod rounds;
mod train;
mod uncertainty;

use std::collections::{BTreeMap, BTreeSet};

use super::key::Key;
use super::node::{Node, Plan, Stage};
use super::resolve::{Experiment, Origin as Source};
use crate::diagnostic::Diagnostic;

/// A plan with the places that its settings came from: `sources[node][setting]`, for `kexp plan` and `kexp explain`.
#[derive(Debug, Clone)]
pub struct Expanded {
    /// The plan.
    pub plan: Plan,
    /// For each node, where each of its settings was written; a setting that is not listed has its default.
    pub sources: Vec<BTreeMap<String, Source>>,
}

/// Expands an experiment: every declaration that a figure, a table or a `generate` needs becomes nodes with keys.
///
/// # Errors
/// When settings that passed their schema do not fit the stage that uses them: a defect of kexp, reported as such.
pub fn expand(experiment: &Experiment) -> Result<Expanded, Diagnostic> {
    let mut builder = Builder {
        experiment,
        plan: Plan {
            title: experiment.title.clone(),
            seed: experiment.seed,
            profile: experiment.profile.clone(),
            nodes: Vec::new(),
            deliverables: Vec::new(),
        },
        sources: Vec::new(),
        proposals: BTreeMap::new(),
        rounds: BTreeMap::new(),
        benchmarks: BTreeMap::new(),
        uncertainties: BTreeMap::new(),
        problems: BTreeMap::new(),
        keys: BTreeMap::new(),
    };
    // The problems of a family become nodes where something uses them: there may be hundreds.
    let members: BTreeSet<&String> = experiment.families.values().flat_map(|family| &family.problems).collect();
    for name in experiment.problems.keys().filter(|name| !members.contains(name)) {
        builder.problem(name);
    }
    for declaration in experiment.tunes.values() {
        builder.tune(declaration)?;
    }
    for declaration in experiment.generates.values() {
        builder.generate(declaration)?;
    }
    for declaration in experiment.benchmarks.values() {
        let verdict = builder.benchmark(declaration)?;
        builder.benchmarks.insert(declaration.name.clone(), verdict);
    }
    for declaration in experiment.posteriors.values() {
        let posterior = builder.posterior(declaration)?;
        builder.uncertainties.insert(declaration.name.clone(), posterior);
    }
    for declaration in experiment.profile_likelihoods.values() {
        let profiles = builder.profile_likelihood(declaration)?;
        builder.uncertainties.insert(declaration.name.clone(), profiles);
    }
    for declaration in experiment.figures.values() {
        builder.figure(declaration)?;
    }
    for declaration in experiment.tables.values() {
        builder.table(declaration)?;
    }
    Ok(Expanded { plan: builder.plan, sources: builder.sources })
}

/// How close to the best end an end must be to lie in the best basin, and to the target to be a hit.
const HIT: f64 = 0.05;

struct Builder<'a> {
    experiment: &'a Experiment,
    plan: Plan,
    sources: Vec<BTreeMap<String, Source>>,
    /// What each `generate` made, by generator.
    proposals: BTreeMap<String, Vec<Proposals>>,
    /// The rounds of each `generate` that has more than one.
    rounds: BTreeMap<String, usize>,
    /// The verdict of each benchmark.
    benchmarks: BTreeMap<String, usize>,
    /// The node of each posterior and profile likelihood.
    uncertainties: BTreeMap<String, usize>,
    /// The node of each problem.
    problems: BTreeMap<String, usize>,
    /// The node of each key.
    keys: BTreeMap<Key, usize>,
}

/// The nodes that one `generate` makes for one generator.
#[derive(Clone)]
struct Proposals {
    generator: String,
    /// The rows that judge, where they are not those that the dataset holds out.
    held_out: Option<usize>,
    /// The rows of the first round, which conditions and what is better refer to.
    dataset: usize,
    /// The rows of the last training.
    learnt: usize,
    /// The classifier that filtered them.
    classifier: Option<usize>,
    solved: usize,
    conditions: usize,
    compare: Option<usize>,
}

impl Builder<'_> {
    /// Adds a node, or finds the one that means the same.
    fn node(&mut self, name: String, stage: Stage, inputs: Vec<usize>, sources: BTreeMap<String, Source>) -> usize {
        let mut node = Node { name, stage, inputs, key: Key::default() };
        node.key = self.plan.material(&node).key();
        if let Some(&at) = self.keys.get(&node.key) {
            return at;
        }
        self.keys.insert(node.key.clone(), self.plan.nodes.len());
        self.plan.nodes.push(node);
        self.sources.push(sources);
        self.plan.nodes.len() - 1
    }

    fn problem(&mut self, name: &str) -> usize {
        // The trials of a benchmark ask a thousand times, and a problem is long to hash.
        if let Some(&known) = self.problems.get(name) {
            return known;
        }
        let declared = &self.experiment.problems[name];
        let stage = Stage::Problem(Box::new(declared.problem.clone()));
        let node = self.node(format!("problem.{name}"), stage, Vec::new(), declared.sources.clone());
        self.problems.insert(name.to_owned(), node);
        node
    }
}
