//! Figures and tables: what they are drawn from.

use std::collections::BTreeMap;

use super::super::node::{Deliverable, Distances, Latent, Stage};
use super::super::resolve::Declaration;
use super::Builder;
use super::read::{number, sources, word};
use crate::diagnostic::Diagnostic;

impl Builder<'_> {
    pub(super) fn figure(&mut self, declaration: &Declaration) -> Result<(), Diagnostic> {
        let draw = word(declaration, "draw").to_owned();
        let from = declaration.word("from").unwrap_or_default().to_owned();
        let name = &declaration.name;
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
                        self.node(format!("distances.{name}"), stage, vec![made.dataset, made.solved], places.clone())
                    })
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
        self.deliver(declaration, "figure", draw, nodes);
        Ok(())
    }

    pub(super) fn table(&mut self, declaration: &Declaration) -> Result<(), Diagnostic> {
        let from = word(declaration, "from");
        let judged = self.benchmarks.get(from).or_else(|| self.uncertainties.get(from));
        let nodes = match (self.experiment.tunes.get(from), judged) {
            (Some(tune), _) => vec![self.tune(tune)?],
            (None, Some(judged)) => vec![*judged],
            (None, None) => {
                let made = self.proposals.get(from).cloned().unwrap_or_default();
                made.iter().flat_map(|made| [Some(made.conditions), made.compare]).flatten().collect()
            }
        };
        self.deliver(declaration, "table", "table".to_owned(), nodes);
        Ok(())
    }

    fn deliver(&mut self, declaration: &Declaration, kind: &str, draw: String, from: Vec<usize>) {
        self.plan.deliverables.push(Deliverable {
            name: declaration.name.clone(),
            kind: kind.to_owned(),
            draw,
            caption: declaration.word("caption").unwrap_or_default().to_owned(),
            settings: declaration.settings.clone(),
            from,
        });
    }
}
