//! Rules of `posterior` and `profile_likelihood`, and of the figures that show them.

use crate::diagnostic::Diagnostic;
use crate::model::problem::{ObjectiveKind, Problem};
use crate::plan::resolve::{Declaration, Experiment, listed, near};

use super::place;

/// More parameters than this are no readable pairs.
const MOST_PAIRED: usize = 12;

pub(super) fn run(experiment: &Experiment, findings: &mut Vec<Diagnostic>) {
    let problem_of = |declaration: &Declaration| Some(&experiment.problems.get(declaration.word("problem")?)?.problem);
    for declaration in experiment.posteriors.values().chain(experiment.profile_likelihoods.values()) {
        let Some(problem) = problem_of(declaration) else { continue };
        if problem.objective != ObjectiveKind::Nllh {
            let name = declaration.word("problem").unwrap_or_default();
            findings.push(
                Diagnostic::error("no-likelihood", format!("the objective of `{name}` is no likelihood"))
                    .at(place(declaration, "problem"), "expected a problem whose objective is `nllh`")
                    .help(format!("a sum of squares has no scale of its own: let `{name}` say `objective = nllh`")),
            );
        }
        known(declaration, problem, findings);
    }
    for figure in experiment.figures.values() {
        let Some(from) = figure.word("from") else { continue };
        let Some(problem) = experiment.posteriors.get(from).and_then(problem_of) else { continue };
        known(figure, problem, findings);
        let shown = match figure.words("parameters").len() {
            0 => ids(problem).count(),
            some => some,
        };
        if figure.word("draw") == Some("pairs") && shown > MOST_PAIRED {
            let path = if figure.words("parameters").is_empty() { "draw" } else { "parameters" };
            findings.push(
                Diagnostic::error("too-many-parameters", format!("{shown} parameters are too many for pairs"))
                    .at(place(figure, path), format!("expected {MOST_PAIRED} at most"))
                    .help("name those that are to be shown: `parameters = [a, b]`"),
            );
        }
    }
}

/// The estimated parameters.
fn ids(problem: &Problem) -> impl Iterator<Item = &str> {
    problem.parameters.iter().filter(|parameter| parameter.estimate.is_some()).map(|parameter| parameter.id.as_str())
}

/// Are the listed parameters estimated, and each listed once?
fn known(declaration: &Declaration, problem: &Problem, findings: &mut Vec<Diagnostic>) {
    let wanted = declaration.words("parameters");
    for (index, id) in wanted.iter().enumerate() {
        let at = place(declaration, &format!("parameters.{index}"));
        if wanted[..index].contains(id) {
            let twice = Diagnostic::error("duplicate-value", format!("the parameter `{id}` is listed twice"));
            findings.push(twice.at(at, "expected each parameter once"));
        } else if !ids(problem).any(|known| known == *id) {
            let help = near(id, ids(problem)).or_else(|| listed("estimated", ids(problem)));
            let unknown = Diagnostic::error("unknown-name", format!("the problem estimates no parameter `{id}`"));
            findings.push(unknown.at(at, "unknown").maybe_help(help));
        }
    }
}
