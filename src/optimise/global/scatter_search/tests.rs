use super::*;
use crate::optimise::functions::{Function, TestFunction};
use crate::optimise::global::Method;
use crate::optimise::global::tests::{Failing, evaluations_to, minimise};
use crate::optimise::local::lbfgsb::LbfgsbSettings;
use crate::optimise::local::nelder_mead::NelderMeadSettings;
use crate::optimise::{DescentSettings, Limits, Objective, run};

#[test]
fn finds_the_minima() {
    for (function, target, most) in
        [(Function::Sphere, 1e-6, 10_000), (Function::Rosenbrock, 1e-2, 60_000), (Function::Rastrigin, 1e-6, 30_000)]
    {
        let scatter = Method::ScatterSearch(ScatterSearch::default());
        let evaluations = evaluations_to(target, scatter, function, 3, most);
        assert!(evaluations.is_some(), "{function:?}");
    }
}

/// The work until the budget of `most`, in which a gradient costs 4, or all of it when 1e-8 was not reached.
fn cost(local: Local, function: Function, most: f64) -> (f64, u64) {
    let problem = TestFunction::new(function, 6);
    let scatter = Method::ScatterSearch(ScatterSearch { local, ..ScatterSearch::default() });
    let mut optimiser = scatter.build(problem.bounds(), &Streams::new(1, "test"));
    let (limits, mut cost) = (Limits { budget: Some(most), gradient_cost: 4.0 }, most);
    let outcome = run(optimiser.as_mut(), &problem, limits, &mut |iterate| {
        if iterate.fval <= 1e-8 {
            cost = cost.min(iterate.work.cost(4.0));
        }
    });
    assert!(outcome.work.cost(4.0) <= most);
    (cost, outcome.work.gradients)
}

#[test]
fn local_searches_are_paid_for_and_find_minima_sooner() {
    let (without, gradients) = cost(Local::None, Function::Rosenbrock, 20_000.0);
    assert_eq!(gradients, 0);
    for local in [Local::Gradient(DescentSettings::default()), Local::Lbfgsb(LbfgsbSettings::default())] {
        let (with, gradients) = cost(local, Function::Rosenbrock, 20_000.0);
        assert!(gradients > 0 && with < 0.2 * without, "{local:?} {with} {without}");
    }
    let simplex = Local::NelderMead(NelderMeadSettings { fatol: 1e-10, xatol: 1e-8, ..Default::default() });
    let (with, gradients) = cost(simplex, Function::Rosenbrock, 20_000.0);
    assert!(gradients == 0 && with < 0.5 * without, "{with} {without}");
}

#[test]
fn failed_starts_and_fixed_parameters_stop_no_local_search() {
    // This objective has no gradient anywhere.
    let scatter = ScatterSearch { local: Local::Gradient(DescentSettings::default()), ..ScatterSearch::default() };
    let without = minimise(Method::ScatterSearch(scatter), &Failing::beyond(1.0, Function::Sphere, 3), 5_000.0);
    assert!(without.work.gradients > 3 && without.best.is_some_and(|(_, fval)| fval < 1e-3));
    let mut bounds = TestFunction::new(Function::Sphere, 3).bounds().clone();
    (bounds.lower[1], bounds.upper[1]) = (2.0, 2.0);
    let pinned = TestFunction::within(Function::Sphere, bounds);
    let found = minimise(Method::ScatterSearch(scatter), &pinned, 1_000.0);
    assert!(found.best.is_some_and(|(x, fval)| x[1] == 2.0 && (fval - 4.0).abs() < 1e-12));
}
