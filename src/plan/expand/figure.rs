//! Figures and tables: what they are drawn from.

use std::collections::BTreeMap;

use super::super::node::{Deliverable, Distances, Judge, Latent, Map, Part, Stage};
use super::super::resolve::Declaration;
use super::read::{count, number, sources, word};
use super::{Builder, Proposals};
use crate::diagnostic::Diagnostic;
use crate::evaluate::coverage::NEIGHBOURS;
use crate::evaluate::matching::CALIPER;
use crate::learn::FeasibilitySettings;
use crate::plan::schema::{JUDGEMENT_COLUMNS, NAME_COLUMNS};
use crate::schema::Value;

impl Builder<'_> {
    pub(super) fn figure(&mut self, declaration: &Declaration) -> Result<(), Diagnostic> {
        let draw = word(declaration, "draw").to_owned();
        let from = declaration.word("from").unwrap_or_default().to_owned();
        let name = &declaration.name;
        let mut parts = Vec::new();
        let nodes = match draw.as_str() {
            "parallel_coordinates" => vec![self.tune(&self.experiment.tunes[&from])?],
            "workflow" | "training_curves" | "latent_umap" => {
                let generator = match from.as_str() {
                    "" => self.experiment.generators.keys().next().cloned().unwrap_or_default(),
                    _ => from,
                };
                match self.trained_for(&generator)? {
                    None => Vec::new(),
                    Some((trained, rows)) if draw == "latent_umap" => {
                        let stage = Stage::Latent(Latent { neighbours: 15 });
                        vec![self.node(format!("latent.{name}"), stage, vec![rows, trained], BTreeMap::new())]
                    }
                    Some((trained, _)) => vec![trained],
                }
            }
            "distances" => {
                let proposals = self.proposals.get(&from).cloned().unwrap_or_default();
                let settings = Distances {
                    condition: number(declaration, "condition").unwrap_or(0.0),
                    quantile: number(declaration, "quantile").unwrap_or(0.25),
                    shown: 2000,
                };
                let places = sources(declaration, &[("condition", "condition"), ("quantile", "quantile")]);
                proposals
                    .iter()
                    .take(1)
                    .map(|made| {
                        let stage = Stage::Distances(settings.clone());
                        self.node(format!("distances.{name}"), stage, vec![made.learnt, made.solved], places.clone())
                    })
                    .collect()
            }
            "calibration" => {
                let made = self.proposals.get(&from).cloned().unwrap_or_default();
                parts = made.iter().map(|made| part(&from, made)).collect();
                made.iter().take(1).map(|made| made.dataset).chain(made.iter().map(|made| made.solved)).collect()
            }
            "umap" => {
                let made = self.proposals.get(&from).cloned().unwrap_or_default();
                parts = made.iter().map(|made| part(&from, made)).collect();
                let inputs = made.iter().take(1).map(|made| made.dataset).chain(made.iter().map(|made| made.solved));
                let shown = count(declaration, "shown", 1000);
                let places = sources(declaration, &[("shown", "shown")]);
                let stage = Stage::Map(Map { neighbours: 15, shown });
                vec![self.node(format!("map.{name}"), stage, inputs.collect(), places)]
            }
            "rounds" => self.rounds.get(&from).copied().into_iter().collect(),
            "reliability" => {
                let made = self.proposals.get(&from).and_then(|made| made.first()).cloned();
                made.map(|made| {
                    made.classifier.unwrap_or_else(|| {
                        let stage = Stage::Feasibility(FeasibilitySettings::default());
                        self.node(format!("feasibility.{name}"), stage, vec![made.learnt], BTreeMap::new())
                    })
                })
                .into_iter()
                .collect()
            }
            "descents" => {
                self.proposals.get(&from).into_iter().flatten().filter_map(|made| made.compare).take(1).collect()
            }
            "box" => {
                self.proposals.get(&from).into_iter().flatten().flat_map(|made| [made.solved, made.dataset]).collect()
            }
            "success" | "waterfall" | "convergence" | "performance_profile" | "minima" | "parameters" => {
                self.benchmarks.get(&from).copied().into_iter().collect()
            }
            "traces" | "marginals" | "pairs" | "profiles" => {
                self.uncertainties.get(&from).copied().into_iter().collect()
            }
            _ => self.proposals.get(&from).into_iter().flatten().map(|made| made.conditions).collect(),
        };
        self.deliver(declaration, "figure", draw, (nodes, parts));
        Ok(())
    }

    pub(super) fn table(&mut self, declaration: &Declaration) -> Result<(), Diagnostic> {
        let names: Vec<String> = declaration.words("from").into_iter().map(str::to_owned).collect();
        let from = names.first().map(String::as_str).unwrap_or_default();
        let judged = self.benchmarks.get(from).or_else(|| self.uncertainties.get(from));
        let shown = match (self.experiment.tunes.get(from), judged) {
            (Some(tune), _) => (vec![self.tune(tune)?], Vec::new()),
            (None, Some(judged)) => (vec![*judged], Vec::new()),
            (None, None) => self.of_proposals(declaration, &names),
        };
        self.deliver(declaration, "table", "table".to_owned(), shown);
        Ok(())
    }

    /// What a table of proposals is cut from: rows by condition and by origin, or, where it asks for what only they have,
    /// rows by generator.
    fn of_proposals(&mut self, declaration: &Declaration, names: &[String]) -> (Vec<usize>, Vec<Part>) {
        let made: Vec<(&String, Proposals)> = names
            .iter()
            .flat_map(|name| self.proposals.get(name).into_iter().flatten().map(move |made| (name, made.clone())))
            .collect();
        let columns = declaration.words("columns");
        // All columns of proposals in rounds are those by round.
        if let ([name], true) = (names, columns.is_empty() || columns.contains(&"round"))
            && let Some(&rounds) = self.rounds.get(name)
        {
            return (vec![rounds], Vec::new());
        }
        if columns.iter().any(|column| JUDGEMENT_COLUMNS.contains(column)) {
            return made.iter().map(|(name, made)| (self.judged(name, made), part(name, made))).unzip();
        }
        let mut shown: Vec<(usize, Part)> = Vec::new();
        for (name, made) in &made {
            shown.push((made.conditions, part(name, made)));
            if let Some(compare) = made.compare.filter(|compare| !shown.iter().any(|(node, _)| node == compare)) {
                shown.push((compare, Part { proposals: (*name).clone(), generator: String::new() }));
            }
        }
        let is_named = columns.iter().any(|column| NAME_COLUMNS.contains(column));
        let (nodes, parts) = shown.into_iter().unzip();
        // The proposals of one generator need no name.
        (nodes, if made.len() > 1 || is_named { parts } else { Vec::new() })
    }

    fn judged(&mut self, name: &str, made: &Proposals) -> usize {
        let stage = Stage::Judge(Judge { caliper: CALIPER, neighbours: NEIGHBOURS, resamples: 2000 });
        let inputs = [made.dataset, made.solved].into_iter().chain(made.held_out).collect();
        self.node(format!("judge.{name}.{}", made.generator), stage, inputs, BTreeMap::new())
    }

    fn deliver(&mut self, declaration: &Declaration, kind: &str, draw: String, (from, parts): (Vec<usize>, Vec<Part>)) {
        let mut settings = declaration.settings.clone();
        if let Some(Value::List(items)) = settings.get("from")
            && let [one] = items.as_slice()
        {
            let one = one.clone();
            settings.insert("from".to_owned(), one);
        }
        // What is not said of roles and names draws what was drawn before there were any.
        settings.retain(|name, value| match name.as_str() {
            "role" => *value != Value::Absent,
            "problem_names" => *value != Value::choice("declared", []),
            _ => true,
        });
        self.plan.deliverables.push(Deliverable {
            name: declaration.name.clone(),
            kind: kind.to_owned(),
            draw,
            caption: declaration.word("caption").unwrap_or_default().to_owned(),
            settings,
            from,
            parts,
        });
    }
}

fn part(proposals: &str, made: &Proposals) -> Part {
    Part { proposals: proposals.to_owned(), generator: made.generator.clone() }
}
