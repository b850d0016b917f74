//! The plan: typed nodes with keys, each a unit of work whose artifact the store keeps.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::key::{Key, KeyMaterial};
pub use super::stage_settings::{
    Append, Compare, DatasetRecipe, Descend, Distances, Filter, Generate, Judge, Labels, Latent, Map, Origin, Rounds,
    RoundsOf, Rung, Starts, TableRows, Train, Tune, Varied,
};
use super::trial::{Benchmark, Trial};
use super::uncertainty::{Posterior, ProfileLikelihood};
use crate::graph::{Graph, GraphNode};
use crate::learn::FeasibilitySettings;
use crate::model::problem::Problem;
use crate::schema::Value;

/// A resolved plan: the nodes in an order in which each comes after its inputs, and what is made of their artifacts.
/// It is written as RON beside the results and reads back equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The title of the experiment.
    pub title: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// The profile in force.
    pub profile: Option<String>,
    /// The units of work.
    pub nodes: Vec<Node>,
    /// The figures and tables of the draft.
    pub deliverables: Vec<Deliverable>,
}

/// One unit of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its address, `STAGE.DECLARATION.PART`; not part of the key.
    pub name: String,
    /// What is done, with all settings.
    pub stage: Stage,
    /// The nodes whose artifacts it reads, in the order that the stage expects.
    pub inputs: Vec<usize>,
    /// The hash of what it means.
    pub key: Key,
}

/// A figure or a table and the nodes that it shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deliverable {
    /// Its name in the file and in the draft.
    pub name: String,
    /// `figure` or `table`.
    pub kind: String,
    /// What is drawn, or `table`.
    pub draw: String,
    /// The caption.
    pub caption: String,
    /// Other settings, such as `bins`.
    pub settings: BTreeMap<String, Value>,
    /// The nodes whose artifacts it shows.
    pub from: Vec<usize>,
    /// What these nodes belong to, where several proposals stand beside each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// The proposals of one generator among those that a figure or a table shows. Both names are what people gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The `generate`.
    pub proposals: String,
    /// The generator; nothing where the node is of all generators of the `generate`.
    pub generator: String,
}

/// The kinds of work, with their settings. What each reads and writes is said in `run::stages`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// The resolved estimation problem, as an artifact that the other stages read.
    Problem(Box<Problem>),
    /// Local descents from many starts. Inputs: problem, then what the starts need.
    Descend(Descend),
    /// Rows from a table, in the shape of descents. Input: problem.
    Rows(TableRows),
    /// Rows for training. Inputs: problem, descents or rows from a table.
    Dataset(DatasetRecipe),
    /// The rows of a round after the first: those of the round before with its proposals. Inputs: problem, dataset of the
    /// round before, its solved proposals.
    Append(Append),
    /// The classifier of whether vectors solve. Input: dataset.
    Feasibility(FeasibilitySettings),
    /// One training. Inputs: dataset, and, when no settings are given, the tune whose choice is trained or the rung of
    /// which a survivor goes on.
    Train(Train),
    /// Which trials of a rung of successive halving go on to the next. Inputs: the trainings of the rung.
    Rung(Rung),
    /// The choice among trials. Inputs: the trainings, those of the first rung first.
    Tune(Tune),
    /// New vectors. Inputs: dataset, generator, and the classifier where they are filtered.
    Generate(Generate),
    /// Objective values of generated vectors. Inputs: problem, dataset, generated vectors.
    Solve,
    /// Feasible share and quantiles by condition. Inputs: solved vectors, dataset.
    Conditions,
    /// Rounds side by side. Inputs: for each generator the dataset of its first round, then the solved vectors of each.
    Rounds(Rounds),
    /// Two-dimensional map of the latents. Inputs: dataset, generator.
    Latent(Latent),
    /// Distances of proposals to training rows. Inputs: dataset, generated vectors.
    Distances(Distances),
    /// What proposals are worth beyond their fval. Inputs: dataset, solved vectors, and where other rows judge than those that the
    /// dataset holds out, their dataset.
    Judge(Judge),
    /// Two-dimensional map of proposals among training rows. Inputs: dataset, then the solved vectors of each generator.
    Map(Map),
    /// Descents from several origins side by side. Inputs: problem, then the descents.
    Compare(Compare),
    /// One method on one problem, once. Inputs: problem; for a method that learns its training descents and the dataset; for
    /// a generator its training, the classifier where proposals are filtered, and the solved proposals of rounds before.
    Trial(Trial),
    /// The verdict over trials. Inputs: the problems, then the trials.
    Benchmark(Benchmark),
    /// Draws from the posterior. Inputs: problem, and the descents at whose ends the chains start.
    Posterior(Posterior),
    /// Profiles of the likelihood. Inputs: problem, and the descents whose best end they start from.
    ProfileLikelihood(ProfileLikelihood),
}

impl Stage {
    /// The stage's word and the version of its code. The version grows whenever the same settings and inputs give
    /// another artifact than before.
    #[must_use]
    pub fn word(&self) -> (&'static str, u32) {
        match self {
            Stage::Problem(_) => ("problem", 3),
            Stage::Descend(_) => ("descend", 2),
            Stage::Rows(_) => ("rows", 2),
            Stage::Dataset(_) => ("dataset", 1),
            Stage::Append(_) => ("append", 1),
            Stage::Feasibility(_) => ("feasibility", 1),
            Stage::Train(_) => ("train", 1),
            Stage::Rung(_) => ("rung", 1),
            Stage::Tune(_) => ("tune", 1),
            // What was rejected is counted since version 3; the other laws count as they did.
            Stage::Generate(settings) if settings.outside == "reject" => ("generate", 3),
            Stage::Generate(_) => ("generate", 2),
            Stage::Solve => ("solve", 2),
            Stage::Conditions => ("conditions", 1),
            Stage::Rounds(_) => ("rounds", 1),
            Stage::Latent(_) => ("latent", 1),
            Stage::Distances(_) => ("distances", 1),
            Stage::Judge(_) => ("judge", 1),
            Stage::Map(_) => ("map", 1),
            Stage::Compare(_) => ("compare", 2),
            Stage::Trial(_) => ("trial", 1),
            Stage::Benchmark(_) => ("benchmark", 5),
            Stage::Posterior(_) => ("posterior", 1),
            Stage::ProfileLikelihood(_) => ("profile_likelihood", 1),
        }
    }

    /// The stage without names and titles that people gave, which never rerun anything. This is what is hashed, and what
    /// the artifact is made of.
    #[must_use]
    pub fn meaning(&self) -> Cow<'_, Stage> {
        let mut stage = self.clone();
        match &mut stage {
            Stage::Problem(problem) => {
                for name in [&mut problem.id, &mut problem.network.id, &mut problem.network.title] {
                    name.clear();
                }
            }
            Stage::Compare(compare) => compare.origins.iter_mut().for_each(|origin| origin.label.clear()),
            Stage::Benchmark(benchmark) => {
                benchmark.problems.iter_mut().chain(&mut benchmark.methods).for_each(String::clear);
                benchmark.petab_names.clear();
            }
            Stage::Rounds(rounds) => rounds.generators.iter_mut().for_each(|one| one.label.clear()),
            Stage::Rows(rows) => rows.path = PathBuf::new(),
            _ => return Cow::Borrowed(self),
        }
        Cow::Owned(stage)
    }

    /// The key that a problem has in a plan: the name under which its random streams are drawn.
    #[must_use]
    pub fn problem_key(problem: &Problem, seed: u64) -> Key {
        let stage = Stage::Problem(Box::new(problem.clone()));
        let seed = stage.is_random().then_some(seed);
        KeyMaterial { stage: stage.word(), settings: stage.meaning(), inputs: Vec::new(), seed }.key()
    }

    /// What the stage does, in a few words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Stage::Problem(_) => "compiles and keeps the estimation problem",
            Stage::Descend(_) => "local descents from many starts",
            Stage::Rows(_) => "rows of a table, evaluated where it has no fval",
            Stage::Dataset(_) => "training and validation rows from descents",
            Stage::Append(_) => "training rows with the proposals of the round before",
            Stage::Feasibility(_) => "the classifier of which vectors solve, and its calibration",
            Stage::Train(_) => "one training of a generator",
            Stage::Rung(_) => "the trials that go on to the next rung",
            Stage::Tune(_) => "the choice among the trials of a search",
            Stage::Generate(_) => "new parameter vectors at conditions",
            Stage::Solve => "fvals of new vectors",
            Stage::Conditions => "feasible share and quantiles by condition",
            Stage::Rounds(_) => "requested and achieved fvals by round",
            Stage::Latent(_) => "map of the latents of validation rows",
            Stage::Distances(_) => "distances of proposals to training rows",
            Stage::Judge(_) => "copying, coverage and calibration of proposals",
            Stage::Map(_) => "map of proposals among training rows",
            Stage::Compare(_) => "descents by origin: hits, minima, work",
            Stage::Trial(_) => "one method on one problem within its budget",
            Stage::Benchmark(_) => "hits and their cost by problem and method",
            Stage::Posterior(_) => "draws from the posterior, and how far its chains agree",
            Stage::ProfileLikelihood(_) => "profiles of the likelihood, and confidence intervals",
        }
    }

    /// Does the stage draw random numbers?
    #[must_use]
    pub fn is_random(&self) -> bool {
        if let Stage::Problem(problem) = self {
            return problem.synthetic.is_some();
        }
        !matches!(
            self,
            Stage::Rows(_)
                | Stage::Rung(_)
                | Stage::Tune(_)
                | Stage::Solve
                | Stage::Conditions
                | Stage::Rounds(_)
                | Stage::ProfileLikelihood(_)
        )
    }
}

impl Plan {
    /// What the key of a node is made of.
    #[must_use]
    pub fn material<'a>(&'a self, node: &'a Node) -> KeyMaterial<'a> {
        KeyMaterial {
            stage: node.stage.word(),
            settings: node.stage.meaning(),
            inputs: node.inputs.iter().map(|&input| &self.nodes[input].key).collect(),
            seed: node.stage.is_random().then_some(self.seed),
        }
    }

    /// The index of the node at an address, or of the only one whose key starts so.
    #[must_use]
    pub fn find(&self, address: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == address).or_else(|| {
            let mut found = (0..self.nodes.len()).filter(|&at| self.nodes[at].key.to_string().starts_with(address));
            found.next().filter(|_| found.next().is_none() && address.len() >= 6)
        })
    }

    /// The nodes that the given ones need, themselves included.
    #[must_use]
    pub fn needed(&self, wanted: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = wanted.into_iter().collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut needed[at], true) {
                open.extend(&self.nodes[at].inputs);
            }
        }
        needed
    }

    /// The graph of the plan, trials of one search drawn as one node.
    #[must_use]
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let mut drawn: Vec<usize> = Vec::with_capacity(self.nodes.len());
        let mut trials: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for node in &self.nodes {
            let (stage, _) = node.stage.word();
            let rest = node.name.strip_prefix(stage).map_or(node.name.as_str(), |rest| rest.trim_start_matches('.'));
            let family = [".trial_", ".repeat_", ".place_"]
                .iter()
                .find_map(|mark| rest.split_once(mark))
                .map(|(family, _)| family);
            if let Some((at, count)) = family.and_then(|family| trials.get_mut(family)) {
                *count += 1;
                graph.nodes[*at].detail = format!("{} ({count} trials)", family.unwrap_or_default());
                drawn.push(*at);
                continue;
            }
            let at = graph.nodes.len();
            if let Some(family) = family {
                trials.insert(family, (at, 1));
            }
            graph.nodes.push(GraphNode {
                label: stage.to_owned(),
                detail: family.unwrap_or(rest).to_owned(),
                group: stage.to_owned(),
            });
            drawn.push(at);
        }
        for (at, node) in self.nodes.iter().enumerate() {
            for &input in &node.inputs {
                let edge = (drawn[input], drawn[at]);
                if edge.0 != edge.1 && !graph.edges.contains(&edge) {
                    graph.edges.push(edge);
                }
            }
        }
        graph
    }
}
