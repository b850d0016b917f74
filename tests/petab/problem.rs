//! What becomes of a sound problem.

use std::path::Path;

use kexp::model::expression::Expression;
use kexp::model::problem::{NoiseDistribution, Preequilibration, Prior, Scale};
use kexp::solve::ProblemSolver;

use super::sound;

fn base() -> kexp::model::problem::Problem {
    sound(Path::new("tests/petab/base.yaml"))
}

#[test]
fn tables_become_the_problem() {
    let problem = base();
    assert_eq!(problem.id, "base");
    let ids: Vec<_> = problem.parameters.iter().map(|parameter| parameter.id.as_str()).collect();
    assert_eq!(ids, ["k1", "k2", "sd_a", "scale_a"]);
    assert!(problem.parameters[3].estimate.is_none());
    assert_eq!(problem.parameters[2].estimate.as_ref().unwrap().scale, Scale::Log);
    let treatments: Vec<_> = problem.treatments.iter().map(|treatment| treatment.id.as_str()).collect();
    assert_eq!(treatments, ["c0", "c1"]);
    assert!(problem.treatments[0].overrides.is_empty());
    assert_eq!(problem.treatments[1].overrides, [("k2".to_owned(), Expression::Number(1.2))]);
    let first = &problem.measurements[0];
    assert_eq!(first.observable_overrides, [Expression::Symbol("scale_a".to_owned())]);
    assert_eq!(first.noise_override, Some(Expression::Symbol("sd_a".to_owned())));
    assert_eq!((problem.measurements[2].treatment, problem.measurements[2].noise_override.clone()), (1, None));
}

/// The conversion in both directions has a solution in closed form.
#[test]
fn the_objective_is_that_of_the_closed_form() {
    let problem = base();
    let solver = ProblemSolver::new(&problem).unwrap();
    let evaluation = solver.evaluate(solver.nominal());
    let a = |k2: f64, time: f64| {
        let (sum, start) = (0.8 + k2, 1.0);
        k2 / sum * start + (start - k2 / sum * start) * (-sum * time).exp()
    };
    let part = |measured: f64, simulated: f64, sd: f64| {
        0.5 * (2.0 * std::f64::consts::PI * sd * sd).ln() + 0.5 * ((measured - simulated) / sd).powi(2)
    };
    let expected = part(1.9, 2.0, 0.5) + part(0.9, 2.0 * a(0.6, 10.0), 0.5) + part(0.4, 1.0 - a(1.2, 10.0), 0.1);
    assert!((evaluation.nllh - expected).abs() < 1e-6, "{} instead of {expected}", evaluation.nllh);
    assert_eq!(evaluation.prior, 0.0);
}

/// Several files of a kind, commas, priors of all families, noise of all families, treatments after others.
#[test]
fn all_columns_are_understood() {
    let problem = sound(Path::new("tests/petab/rich.yaml"));
    let priors: Vec<_> =
        problem.parameters.iter().filter_map(|parameter| parameter.estimate.as_ref()).map(|one| one.prior).collect();
    assert_eq!(
        priors,
        [
            Some(Prior::LinearUniform { lower: 0.1, upper: 5.0 }),
            Some(Prior::LinearNormal { mean: 1.0, sd: 2.0 }),
            Some(Prior::LinearLaplace { location: 1.0, scale: 2.0 }),
            Some(Prior::LogNormal { mean: 0.0, sd: 1.0 }),
            Some(Prior::LogLaplace { location: 0.0, scale: 1.0 }),
            Some(Prior::Uniform { lower: -2.0, upper: 2.0 }),
            Some(Prior::Normal { mean: 0.0, sd: 1.0 }),
            Some(Prior::Laplace { location: 0.0, scale: 1.0 }),
            None,
            None,
        ]
    );
    let noise: Vec<_> =
        problem.observables.iter().map(|one| (one.noise.distribution, one.noise.transformation)).collect();
    assert_eq!(
        noise,
        [
            (NoiseDistribution::Laplace, Scale::Log10),
            (NoiseDistribution::Normal, Scale::Log),
            (NoiseDistribution::Normal, Scale::Linear),
        ]
    );
    let before = |index: usize| problem.treatments[index].before.clone();
    let ids: Vec<_> = problem.treatments.iter().map(|treatment| treatment.id.as_str()).collect();
    assert_eq!(ids, ["c1 after c0", "c1", "c2 after c1", "c0"]);
    assert_eq!(before(0), Some(Preequilibration { treatment: "c0".to_owned() }));
    assert_eq!(before(2), Some(Preequilibration { treatment: "c1".to_owned() }));
    assert_eq!((before(1), before(3)), (None, None));
    assert_eq!(problem.measurements[2].time, f64::INFINITY);
    // A fixed parameter of the model takes its value there, and no initial assignment of it is left.
    assert_eq!(problem.network.parameters.iter().find(|known| known.id == "a0").unwrap().value, 3.0);
    assert!(problem.parameters.iter().all(|parameter| parameter.id != "a0"));
    // A parameter that only conditions and formulas have.
    assert!(problem.parameters.iter().any(|parameter| parameter.id == "offset" && parameter.estimate.is_none()));
}
