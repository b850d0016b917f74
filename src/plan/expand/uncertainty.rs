//! Posteriors and profiles of likelihoods: one node each.

use super::super::node::Stage;
use super::super::resolve::Declaration;
use super::super::uncertainty::{Posterior, ProfileLikelihood, Start};
use super::Builder;
use super::read::{count, defect, descent, number, sources, word};
use crate::diagnostic::Diagnostic;
use crate::schema::Value;

impl Builder<'_> {
    /// The node of a posterior.
    pub(super) fn posterior(&mut self, declaration: &Declaration) -> Result<usize, Diagnostic> {
        let (inputs, start) = self.started(declaration)?;
        let stage = Stage::Posterior(Posterior {
            method: declaration.settings["method"].to().map_err(defect(declaration))?,
            start,
            chains: count(declaration, "chains", 4),
            warmup: count(declaration, "warmup", 1000),
            draws: count(declaration, "draws", 1000),
        });
        let places = ["method", "start", "chains", "warmup", "draws"].map(|name| (name, name));
        Ok(self.node(format!("posterior.{}", declaration.name), stage, inputs, sources(declaration, &places)))
    }

    /// The node of profiles.
    pub(super) fn profile_likelihood(&mut self, declaration: &Declaration) -> Result<usize, Diagnostic> {
        let (inputs, start) = self.started(declaration)?;
        let problem = &self.experiment.problems[word(declaration, "problem")].problem;
        let wanted = declaration.words("parameters");
        let estimated = problem.parameters.iter().filter(|parameter| parameter.estimate.is_some());
        let stage = Stage::ProfileLikelihood(ProfileLikelihood {
            start,
            parameters: estimated
                .map(|parameter| parameter.id.clone())
                .filter(|id| wanted.is_empty() || wanted.contains(&id.as_str()))
                .collect(),
            level: number(declaration, "level").unwrap_or(0.95),
            points: count(declaration, "points", 200),
            descent: descent(declaration, "descend")?.unwrap_or_default(),
        });
        let places = [
            ("start", "start"),
            ("parameters", "parameters"),
            ("level", "level"),
            ("points", "points"),
            ("descent", "descend"),
        ];
        Ok(self.node(format!("profile_likelihood.{}", declaration.name), stage, inputs, sources(declaration, &places)))
    }

    /// The inputs of something that starts somewhere, and where.
    fn started(&mut self, declaration: &Declaration) -> Result<(Vec<usize>, Start), Diagnostic> {
        let name = word(declaration, "problem");
        let problem = self.problem(name);
        match declaration.value("start") {
            Some(Value::Text(dataset)) => {
                let experiment = self.experiment;
                let descents = self.rows_of(&experiment.datasets[dataset], problem, name, 0)?;
                Ok((vec![problem, descents], Start::Descents))
            }
            Some(Value::Choice(word, _)) if word == "random" => Ok((vec![problem], Start::Random)),
            _ => Ok((vec![problem], Start::Nominal)),
        }
    }
}
