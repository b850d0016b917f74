//! Generators in use: rounds of generating, solving, appending and retraining, and the filter of proposals.

use std::collections::BTreeMap;

use super::super::node::{Append, Filter, Generate, Rounds, RoundsOf, Stage, Train};
use super::super::resolve::{Declaration, Origin as Source};
use super::Builder;
use super::dataset::{Feed, held_out};
use super::read::{count, number, numbers, sources, word};
use super::train::trained_settings;
use crate::diagnostic::Diagnostic;
use crate::learn::FeasibilitySettings;
use crate::schema::{Value, typed};

/// How a generator is used.
#[derive(Debug, Clone)]
pub(super) struct Procedure {
    /// Trainings.
    pub(super) rounds: usize,
    /// The `k` of the weights of rows.
    weight: Option<f64>,
    /// What rounds ask for, where nobody else says it.
    pub(super) conditions: Vec<f64>,
    /// Proposals at each of them.
    pub(super) replicates: usize,
    /// What proposals must pass, and how its classifier is trained.
    pub(super) filter: Option<(Filter, FeasibilitySettings)>,
    /// Where the settings were written.
    places: BTreeMap<String, Source>,
}

/// What is asked of a generator in each round.
pub(super) struct Asked<'a> {
    /// Whose proposals they are, for names.
    pub(super) owner: &'a str,
    pub(super) feed: Feed<'a>,
    pub(super) conditions: Vec<f64>,
    pub(super) replicates: usize,
    pub(super) outside: String,
    /// Where these were written.
    pub(super) places: BTreeMap<String, Source>,
}

/// The nodes of a generator after its last training.
pub(super) struct InRounds {
    /// The rows of the first round, to which conditions refer.
    pub(super) first: usize,
    /// The rows of the last training.
    pub(super) rows: usize,
    pub(super) trained: usize,
    /// The classifier that was trained on the same rows.
    pub(super) classifier: Option<usize>,
    /// The solved proposals of the rounds before.
    pub(super) before: Vec<usize>,
}

impl Builder<'_> {
    /// How a generator is used: what `user` says comes before what the generator says.
    pub(super) fn procedure(&self, user: Option<&Declaration>, generator: &str) -> Result<Procedure, Diagnostic> {
        let mut own = &self.experiment.generators[generator];
        if let Some(tune) = own.word("kind.tune").and_then(|tune| self.experiment.tunes.get(tune)) {
            own = &self.experiment.generators[word(tune, "generator")];
        }
        let says = |key: &str| {
            let is_said = |one: &&Declaration| one.word(key).is_some();
            user.into_iter().find(is_said).or_else(|| Some(own).filter(is_said))
        };
        let mut procedure = Procedure {
            rounds: 1,
            weight: None,
            conditions: (0..6).map(|index| f64::from(index) * 0.25 - 0.25).collect(),
            replicates: 50,
            filter: None,
            places: BTreeMap::new(),
        };
        if let Some(one) = says("rounds") {
            procedure.rounds = count(one, "rounds.count", 1);
            procedure.weight =
                (one.word("rounds.weight") == Some("rank")).then(|| number(one, "rounds.weight.k")).flatten();
            if let Some(Value::List(_)) = one.value("rounds.conditions") {
                procedure.conditions = numbers(one, "rounds.conditions");
            }
            procedure.replicates = count(one, "rounds.replicates", procedure.replicates);
            procedure.places = sources(one, &[("round", "rounds"), ("weight", "rounds")]);
        }
        if let Some(one) = says("filter")
            && let Some(Value::Choice(name, fields)) = one.value("filter")
            && name == "feasibility"
        {
            let classifier: FeasibilitySettings = typed(fields).map_err(super::read::defect(one))?;
            let filter = Filter {
                at_least: number(one, "filter.at_least").unwrap_or(0.5),
                draws: count(one, "filter.draws", 100),
            };
            procedure.filter = Some((filter, classifier));
            procedure.places.extend(sources(one, &[("filter", "filter"), ("train", "filter.train")]));
        }
        Ok(procedure)
    }

    /// The nodes of a generator up to its last training.
    pub(super) fn in_rounds(
        &mut self,
        generator: &str,
        asked: &Asked<'_>,
        procedure: &Procedure,
    ) -> Result<InRounds, Diagnostic> {
        let Feed { dataset, problem, .. } = asked.feed;
        let (first_training, first) = self.generator(generator, asked.feed)?;
        let problem_node = self.problem(problem);
        let suffix = asked.feed.suffix();
        let validate = held_out(&self.experiment.datasets[dataset]);
        let (mut trained, mut rows, mut before) = (first_training, first, Vec::new());
        for round in 1..procedure.rounds {
            let classifier = self.classifier(procedure, generator, asked, rows, round);
            let solved = self.round(generator, asked, procedure, round, (first, rows, trained, classifier)).1;
            before.push(solved);
            let next = round + 1;
            rows = self.node(
                format!("append.{}.{generator}.round_{next}{suffix}", asked.owner),
                Stage::Append(Append { round: next, validate, weight: procedure.weight }),
                vec![problem_node, rows, solved],
                procedure.places.clone(),
            );
            trained = self.retrained(generator, asked, (rows, first_training), next)?;
        }
        let classifier = self.classifier(procedure, generator, asked, rows, procedure.rounds);
        Ok(InRounds { first, rows, trained, classifier, before })
    }

    /// The training of a later round, with the settings of the first.
    fn retrained(
        &mut self,
        generator: &str,
        asked: &Asked<'_>,
        (rows, first): (usize, usize),
        round: usize,
    ) -> Result<usize, Diagnostic> {
        let declaration = &self.experiment.generators[generator];
        let name = format!("train.{}.{generator}.round_{round}{}", asked.owner, asked.feed.suffix());
        if declaration.word("kind") == Some("best") {
            // The first training has the settings that the tune chose beside it.
            return Ok(self.node(name, Stage::Train(Train::default()), vec![rows, first], BTreeMap::new()));
        }
        let stage = Stage::Train(Train { settings: Some(trained_settings(declaration)?), ..Train::default() });
        Ok(self.node(name, stage, vec![rows], declaration.origins.clone()))
    }

    /// The classifier on these rows, where proposals are filtered.
    fn classifier(
        &mut self,
        procedure: &Procedure,
        generator: &str,
        asked: &Asked<'_>,
        rows: usize,
        round: usize,
    ) -> Option<usize> {
        let (_, settings) = procedure.filter.as_ref()?;
        let round = if round > 1 { format!(".round_{round}") } else { String::new() };
        let name = format!("feasibility.{}.{generator}{round}{}", asked.owner, asked.feed.suffix());
        Some(self.node(name, Stage::Feasibility(*settings), vec![rows], procedure.places.clone()))
    }

    /// The proposals of a round and their solves, judged by the rows of the first round.
    pub(super) fn round(
        &mut self,
        generator: &str,
        asked: &Asked<'_>,
        procedure: &Procedure,
        round: usize,
        (first, rows, trained, classifier): (usize, usize, usize, Option<usize>),
    ) -> (usize, usize) {
        let suffix = asked.feed.suffix();
        let round = if procedure.rounds > 1 { format!(".round_{round}") } else { String::new() };
        let name = format!("{}.{generator}{round}{suffix}", asked.owner);
        let vectors = self.proposed(format!("generate.{name}"), asked, procedure, (rows, trained, classifier));
        let problem = self.problem(asked.feed.problem);
        let solved = self.node(format!("solve.{name}"), Stage::Solve, vec![problem, first, vectors], BTreeMap::new());
        (vectors, solved)
    }

    /// New vectors.
    pub(super) fn proposed(
        &mut self,
        name: String,
        asked: &Asked<'_>,
        procedure: &Procedure,
        (rows, trained, classifier): (usize, usize, Option<usize>),
    ) -> usize {
        let filter = procedure.filter.as_ref().map(|(filter, _)| filter.clone());
        let stage = Stage::Generate(Generate {
            conditions: asked.conditions.clone(),
            replicates: asked.replicates,
            outside: asked.outside.clone(),
            filter,
        });
        let mut places = asked.places.clone();
        places.extend(procedure.places.clone());
        let inputs = [Some(rows), Some(trained), classifier].into_iter().flatten().collect();
        self.node(name, stage, inputs, places)
    }

    /// The rounds of all generators of a `generate` side by side: for each its first dataset and its solved proposals.
    pub(super) fn side_by_side(&mut self, name: &str, all: Vec<(String, usize, Vec<usize>)>) -> usize {
        let mut inputs = Vec::new();
        let mut generators = Vec::new();
        for (label, first, solved) in all {
            generators.push(RoundsOf { label, rounds: solved.len() });
            inputs.push(first);
            inputs.extend(solved);
        }
        self.node(format!("rounds.{name}"), Stage::Rounds(Rounds { generators }), inputs, BTreeMap::new())
    }
}
